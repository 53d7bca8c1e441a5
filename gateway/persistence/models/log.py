"""What was done and what was answered. Insert-only."""

import secrets
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Integer, LargeBinary, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column, validates

from gateway.domain.masking import mask_text
from gateway.persistence.base import Base

_SALT_BYTES = 16
_OWN_WORDS = frozenset({"reason", "note", "legal_ground", "change_reason", "remark"})


class AuditEvent(Base):
    """One act that changed the registry, written in its transaction. Triggers queue it for the transparency log, and
    refuse that it is changed or removed.
    """

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
    salt: Mapped[str] = mapped_column(
        String(32), server_default=text("''"), default=lambda: secrets.token_hex(_SALT_BYTES)
    )
    """Chance that keeps the log's digest of the event from being guessed, hexadecimal."""

    @validates("detail")
    def _without_personal_numbers(self, _: str, detail: dict[str, Any]) -> dict[str, Any]:
        """The log is public and for ever: what someone wrote in their own words enters it masked."""
        return {
            name: mask_text(value) if name in _OWN_WORDS and isinstance(value, str) else value
            for name, value in detail.items()
        }


class QueuedEvent(Base):
    """An event that is not in the log yet. A trigger puts it here in the event's own transaction, so that an event
    that commits late is met as surely as any other; the sequencer takes it out as it gives it a leaf.
    """

    __tablename__ = "log_queue"

    event_id: Mapped[int] = mapped_column(ForeignKey(AuditEvent.id), primary_key=True, autoincrement=False)


class LogLeaf(Base):
    """A leaf of the transparency log. Insert-only; the indexes have no gaps."""

    __tablename__ = "log_leaves"

    leaf_index: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    event_id: Mapped[int] = mapped_column(ForeignKey(AuditEvent.id), unique=True)
    leaf_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    """SM3 of a zero byte and the entry (RFC 9162, 2.1.1)."""


class LogCheckpoint(Base):
    """A signed state of the log. Insert-only."""

    __tablename__ = "log_checkpoints"

    size: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    """Leaves."""
    peaks: Mapped[bytes] = mapped_column(LargeBinary)
    """Hashes of the complete subtrees, the largest first, 32 bytes each: where the next batch goes on."""
    note: Mapped[str] = mapped_column(Text)
    signed_at: Mapped[datetime]


class VerificationRecord(Base):
    """The answer that was given on a presented file; the file itself is not kept."""

    __tablename__ = "verification_records"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    verified_at: Mapped[datetime] = mapped_column(index=True)
    document_sm3: Mapped[str] = mapped_column(String(64), index=True)
    genuine: Mapped[str] = mapped_column(String(10))
    in_force: Mapped[str] = mapped_column(String(20))
    report_number: Mapped[str | None] = mapped_column(String(64), index=True, unique=True)
    """None for one that an early release kept."""
    report: Mapped[dict[str, Any]]
