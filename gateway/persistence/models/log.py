"""What was done and what was answered. Insert-only."""

from datetime import datetime
from typing import Any

from sqlalchemy import Integer, String, text
from sqlalchemy.orm import Mapped, mapped_column, validates

from gateway.domain.masking import mask_text
from gateway.persistence.base import Base

_OWN_WORDS = frozenset({"reason", "note", "legal_ground", "change_reason", "remark"})


class AuditEvent(Base):
    """One act that changed the registry, written in its transaction."""

    __tablename__ = "audit_events"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    occurred_at: Mapped[datetime]
    action: Mapped[str] = mapped_column(String(50))
    """Noun and past participle, such as ``licence_issued``."""
    subject: Mapped[str] = mapped_column(String(128), index=True)
    """Identifier of what it happened to."""
    detail: Mapped[dict[str, Any]]
    actor: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    """Who did it: kind, id, name."""

    @validates("detail")
    def _without_personal_numbers(self, _: str, detail: dict[str, Any]) -> dict[str, Any]:
        """The log is public and for ever: what someone wrote in their own words enters it masked."""
        return {
            name: mask_text(value) if name in _OWN_WORDS and isinstance(value, str) else value
            for name, value in detail.items()
        }


class VerificationRecord(Base):
    """The answer that was given on a presented file; the file itself is not kept."""

    __tablename__ = "verification_records"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    verified_at: Mapped[datetime]
    document_sm3: Mapped[str] = mapped_column(String(64), index=True)
    genuine: Mapped[str] = mapped_column(String(10))
    in_force: Mapped[str] = mapped_column(String(20))
    report: Mapped[dict[str, Any]]
