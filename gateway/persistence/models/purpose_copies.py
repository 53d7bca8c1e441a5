"""Purpose copies (加注件) of licences."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Date, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from gateway.persistence.base import Base


class PurposeCopy(Base):
    """One signed, watermarked copy for one purpose, one user and a limited time. Insert-only."""

    __tablename__ = "purpose_copies"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    """Random, so that links cannot be guessed."""
    licence_identifier: Mapped[str] = mapped_column(ForeignKey("licence_versions.licence_identifier"), index=True)
    purpose: Mapped[str] = mapped_column(String(200))
    user_name: Mapped[str] = mapped_column(String(200))
    """Who may use it."""
    expires_on: Mapped[date] = mapped_column(Date)
    """The last day on which it may be used."""
    copy_sm3: Mapped[str] = mapped_column(ForeignKey("stored_files.sm3"), unique=True)
    made_at: Mapped[datetime]
    actor: Mapped[dict[str, Any]]
    """Who asked for it."""
