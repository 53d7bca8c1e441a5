"""Paper counterparts, and the stock of blank forms that they are printed on."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Boolean, ForeignKey, Index, Integer, String, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column, relationship

from gateway.persistence.base import Base

if TYPE_CHECKING:
    from gateway.persistence.models.licences import LicenceVersion, StoredFile


class PaperCounterpart(Base):
    """One print-ready paper form of a version (正本 or 副本), made in the same transaction as the electronic one."""

    __tablename__ = "paper_counterparts"
    __table_args__ = (UniqueConstraint("licence_identifier", "copy_number"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    licence_identifier: Mapped[str] = mapped_column(ForeignKey("licence_versions.licence_identifier"))
    kind: Mapped[str] = mapped_column(String(20))
    """``original`` (正本) or ``duplicate`` (副本)."""
    copy_number: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    """0 for the original, then 1, 2, ..."""
    paper_sm3: Mapped[str] = mapped_column(ForeignKey("stored_files.sm3"), unique=True)
    current_blank_id: Mapped[int | None] = mapped_column(ForeignKey("blank_forms.id"), unique=True)
    """The form that it is printed on; no form bears two papers."""

    version: Mapped["LicenceVersion"] = relationship(back_populates="paper")
    file: Mapped["StoredFile"] = relationship(lazy="joined", innerjoin=True)
    current_blank: Mapped["BlankForm | None"] = relationship()
    events: Mapped[list["PaperEvent"]] = relationship(back_populates="paper", order_by="PaperEvent.id")


class PaperEvent(Base):
    """What happened to a paper: printed, reprinted, collected, voided, returned, lost. Insert-only."""

    __tablename__ = "paper_events"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    paper_id: Mapped[int] = mapped_column(ForeignKey("paper_counterparts.id"), index=True)
    action: Mapped[str] = mapped_column(String(20))
    """printed | reprinted | collected | voided | returned | lost"""
    occurred_at: Mapped[datetime]
    blank_id: Mapped[int | None] = mapped_column(ForeignKey("blank_forms.id"))
    """The blank form that it was printed on."""
    reason: Mapped[str] = mapped_column(String(500), default="")
    collected_by: Mapped[str] = mapped_column(String(1000), default="")
    """Who took it away; sealed."""
    actor: Mapped[dict[str, Any]]

    paper: Mapped[PaperCounterpart] = relationship(back_populates="events")
    blank: Mapped["BlankForm | None"] = relationship()


class BlankForm(Base):
    """One numbered blank form (空白证照) that an authority received. Its state is that of its last movement."""

    __tablename__ = "blank_forms"
    __table_args__ = (
        UniqueConstraint("authority_code", "form", "serial_number", "is_sample", name="uq_blank_forms_serial"),
        # Reports name a serial number, but not always the kind of form.
        Index("ix_blank_forms_serial", "authority_code", "serial_number"),
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    authority_code: Mapped[str] = mapped_column(ForeignKey("issuing_authorities.code"))
    form: Mapped[str] = mapped_column(String(50))
    """Which kind of blank: one of the authority's own names for its forms."""
    serial_number: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(20))
    """in_stock | issued | spoiled | returned"""
    is_sample: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    """Of the sandbox's stock: only samples are printed on it, and no count of real forms meets it."""

    movements: Mapped[list["BlankMovement"]] = relationship(order_by="BlankMovement.id")


class BlankMovement(Base):
    """One change of a blank form's state. Insert-only."""

    __tablename__ = "blank_movements"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    blank_id: Mapped[int] = mapped_column(ForeignKey("blank_forms.id"), index=True)
    state: Mapped[str] = mapped_column(String(20))
    occurred_at: Mapped[datetime]
    reason: Mapped[str] = mapped_column(String(500), default="")
    paper_id: Mapped[int | None] = mapped_column(ForeignKey("paper_counterparts.id"))
    actor: Mapped[dict[str, Any]]
