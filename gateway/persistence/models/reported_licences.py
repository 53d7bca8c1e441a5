"""Licences that departments issued the old way and reported (双轨并行). They are never merged into the register."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Boolean, Date, ForeignKey, Index, Integer, String, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column

from gateway.persistence.base import Base


class ReportedLicence(Base):
    """One report, as it came. Insert-only: a corrected report is another row, and the last one counts."""

    __tablename__ = "reported_licences"
    __table_args__ = (
        UniqueConstraint(
            "local_type_code",
            "authority_code",
            "licence_number",
            "is_sample",
            "revision",
            name="uq_reported_licences_revision",
        ),
        Index("ix_reported_licences_blank", "authority_code", "blank_serial_number"),
        Index("ix_reported_licences_newest", "authority_code", "is_sample", "reported_at"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    """Random, so that links cannot be guessed."""
    local_type_code: Mapped[str] = mapped_column(ForeignKey("licence_types.local_type_code"))
    authority_code: Mapped[str] = mapped_column(ForeignKey("issuing_authorities.code"))
    licence_number: Mapped[str] = mapped_column(String(128))
    holder_code: Mapped[str] = mapped_column(String(18), index=True)
    holder_name: Mapped[str] = mapped_column(String(300))
    face_items: Mapped[dict[str, Any]]
    """By label; a sensitive one is sealed (``gateway.persistence.sealing``)."""
    issued_on: Mapped[date] = mapped_column(Date)
    valid_from: Mapped[date] = mapped_column(Date)
    valid_until: Mapped[date | None] = mapped_column(Date)
    revision: Mapped[int] = mapped_column(Integer, default=1, server_default="1")
    """1 for the first report of a licence, one more for each correction; two corrections at once cannot both count."""
    blank_form: Mapped[str] = mapped_column(String(50), default="", server_default=text("''"))
    """Which kind of blank, where the report says so."""
    blank_serial_number: Mapped[str] = mapped_column(String(64), default="")
    """Serial number of the blank form, as reported."""
    origin: Mapped[str] = mapped_column(String(200))
    """The system or register that it comes from."""
    content_sm3: Mapped[str] = mapped_column(String(64))
    is_sample: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    reported_at: Mapped[datetime]
    actor: Mapped[dict[str, Any]]
