"""What the public says is wrong in the register."""

from datetime import datetime

from sqlalchemy import Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from gateway.persistence.base import Base


class WrongEntry(Base):
    """One report of a wrong entry. Who sent it is not asked and not kept."""

    __tablename__ = "wrong_entries"
    __table_args__ = (Index("ix_wrong_entries_waiting", "handled_at", "reported_at"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    about: Mapped[str] = mapped_column(String(128))
    """Credit code, licence identifier or number, as it was written."""
    text: Mapped[str] = mapped_column(Text)
    reported_at: Mapped[datetime]
    handled_at: Mapped[datetime | None]
    handled_by: Mapped[str | None] = mapped_column(String(128))
    """Id of the member of staff."""
    outcome: Mapped[str | None] = mapped_column(String(20))
    """A ``WrongEntryOutcome``; None of what waits, and of what a release that did not ask for it settled."""
    note: Mapped[str | None] = mapped_column(Text)
    """What was found and done, in that person's words."""
