"""Requests by which holders accept their licences."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Integer, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from gateway.persistence.base import Base


class LicenceAcceptance(Base):
    """One signing request over the file of a version; whether it was accepted, the request says. Insert-only.

    The accepted file is the result of the request's one document; the issued one stays where it is.
    """

    __tablename__ = "licence_acceptances"
    __table_args__ = (UniqueConstraint("licence_identifier", "attempt"),)

    request_id: Mapped[str] = mapped_column(ForeignKey("signing_requests.id"), primary_key=True)
    licence_identifier: Mapped[str] = mapped_column(ForeignKey("licence_versions.licence_identifier"))
    attempt: Mapped[int] = mapped_column(Integer)
    """From 1; the next one comes when the one before came to nothing."""
    issued_sm3: Mapped[str] = mapped_column(ForeignKey("stored_files.sm3"))
    """Of the file that was to be accepted."""
    asked_at: Mapped[datetime]
    actor: Mapped[dict[str, Any]]
