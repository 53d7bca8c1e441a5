"""What the gateway found out about its files and keeps, and the lists of statuses that it signs."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, Integer, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from gateway.persistence.base import Base


class SignatureCheck(Base):
    """The last check of a registered file's signatures that was decided: yes or no, never what could not be checked."""

    __tablename__ = "signature_checks"
    __table_args__ = (Index("ix_signature_checks_oldest", "checked_at"),)

    electronic_sm3: Mapped[str] = mapped_column(ForeignKey("stored_files.sm3"), primary_key=True)
    trust_sm3: Mapped[str] = mapped_column(String(64))
    """Digest of the trust material and the rules that it was checked by; under others it says nothing."""
    file_stamp: Mapped[str] = mapped_column(String(80))
    """What the file system said of the file that was read; another stamp means that it has to be read again."""
    checked_at: Mapped[datetime]
    genuine: Mapped[str] = mapped_column(String(10))
    reasons: Mapped[list[str]]
    """Codes of reasons."""


class StatusPlace(Base):
    """Where a licence version stands in the status list of its issuing authority. Insert-only."""

    __tablename__ = "status_places"
    __table_args__ = (UniqueConstraint("authority_code", "place"),)

    licence_identifier: Mapped[str] = mapped_column(ForeignKey("licence_versions.licence_identifier"), primary_key=True)
    authority_code: Mapped[str] = mapped_column(ForeignKey("issuing_authorities.code"))
    place: Mapped[int] = mapped_column(Integer)
    """Drawn by lot; the list that holds it is ``place`` divided by the size of a list."""


class StatusListToken(Base):
    """A status list as it was signed last, so that every process hands out the same one."""

    __tablename__ = "status_list_tokens"

    authority_code: Mapped[str] = mapped_column(ForeignKey("issuing_authorities.code"), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    content_sm3: Mapped[str] = mapped_column(String(64))
    """Of the statuses; where they are the same, the token serves on until it is half over."""
    token: Mapped[bytes] = mapped_column(LargeBinary)
    signed_at: Mapped[datetime]
