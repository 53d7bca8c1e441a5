"""Puzzles: what a caller may be asked to work out, or to wait for, while many ask (docs/visits.md).

A puzzle is a text with its own message authentication code, so that nothing is kept of those that were given out. It is
solved by a decimal number that, after the code and a full stop, gives a SHA-256 with enough leading zero bits, as in Hashcash;
who cannot work that out waits until the instant that the puzzle names.
"""

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import UTC, datetime

from gateway.domain.instants import instant

MOST_BITS = 24
_SHA256_BITS = 256
_CODE_OCTETS = 16
_TEXT = re.compile(r"(\d{1,2})-(\d{10,11})-(\d{10,11})-[0-9a-f]{16}-([0-9a-f]{32})")
_ANSWER = re.compile(r"\d{0,20}")


@dataclass(frozen=True)
class Puzzle:
    """One puzzle, for one address and one visit."""

    text: str
    bits: int
    """Leading zero bits that its answer needs."""
    opens_at: datetime
    """From then on it lets in without an answer, aware."""
    ends_at: datetime
    """From then on it is worth nothing, aware."""

    def to_json(self) -> dict[str, str | int | None]:
        """As problem documents have it."""
        return {
            "puzzle": self.text,
            "algorithm": "SHA-256",
            "bits": self.bits,
            "opens_at": instant(self.opens_at),
            "ends_at": instant(self.ends_at),
        }

    def is_solved_by(self, answer: str) -> bool:
        """Whether an answer has the bits that were asked for."""
        worked = hashlib.sha256(f"{self.text.rpartition('-')[2]}.{answer}".encode()).digest()
        return answer != "" and int.from_bytes(worked) >> (_SHA256_BITS - self.bits) == 0


def make_puzzle(secret: bytes, address: str, *, bits: int, opens: int, ends: int, chance: bytes) -> Puzzle:
    """A puzzle for an address; ``opens`` and ``ends`` in seconds since 1970, ``chance`` eight octets."""
    stated = f"{bits}-{opens}-{ends}-{chance.hex()}"
    return _puzzle(f"{stated}-{_code(secret, address, stated)}", bits, opens, ends)


def read_proof(secret: bytes, address: str, proof: str) -> tuple[Puzzle, str] | None:
    """The puzzle and the answer in ``puzzle.answer``, which may be empty; None when it is no puzzle for this address."""
    text, _, answer = proof.partition(".")
    found = _TEXT.fullmatch(text)
    if found is None or not found.string.isascii() or _ANSWER.fullmatch(answer) is None or not f"{answer}0".isascii():
        return None
    if not hmac.compare_digest(found[4], _code(secret, address, text[: found.start(4) - 1])):
        return None
    return _puzzle(text, *(int(found[number]) for number in (1, 2, 3))), answer


def _puzzle(text: str, bits: int, opens: int, ends: int) -> Puzzle:
    return Puzzle(text, bits, datetime.fromtimestamp(opens, UTC), datetime.fromtimestamp(ends, UTC))


def _code(secret: bytes, address: str, stated: str) -> str:
    """HMAC-SM3 (GM/T 0042) over all that is stated and the address that it is for."""
    return hmac.digest(secret, f"{stated} {address}".encode(), "sm3")[:_CODE_OCTETS].hex()
