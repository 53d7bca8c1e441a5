"""Statements that bind licences to later certificates of electronic business licences."""

from datetime import datetime

from sqlalchemy import ForeignKey, Integer, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from gateway.persistence.base import Base


class Rebinding(Base):
    """One statement, as it was signed. Insert-only."""

    __tablename__ = "rebindings"
    __table_args__ = (UniqueConstraint("licence_identifier", "number"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    licence_identifier: Mapped[str] = mapped_column(ForeignKey("licence_versions.licence_identifier"))
    number: Mapped[int] = mapped_column(Integer)
    """1 for the first on a licence version."""
    certificate_sm3: Mapped[str] = mapped_column(ForeignKey("electronic_business_licences.certificate_sm3"))
    reason: Mapped[str] = mapped_column(String(20))
    statement: Mapped[bytes] = mapped_column(LargeBinary)
    """COSE_Sign1."""
    stated_at: Mapped[datetime]
