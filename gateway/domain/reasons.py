"""Reason codes and their plain sentences, in Chinese and English: data, and the one place for them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Reason:
    """Why an answer is what it is, and what the reader can do next."""

    code: str
    """Stable, upper case."""
    message_zh: str
    message_en: str
    next_step_zh: str
    next_step_en: str

    def to_json(self) -> dict[str, object]:
        """The form of contract.md's ``reasons``."""
        return {
            "code": self.code,
            "message": {"zh": self.message_zh, "en": self.message_en},
            "next_step": {"zh": self.next_step_zh, "en": self.next_step_en},
        }
