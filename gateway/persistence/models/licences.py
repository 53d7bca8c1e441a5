"""Licences, their versions with the electronic and the paper form, and what happened to them."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Date, ForeignKey, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from gateway.persistence.base import Base


class Licence(Base):
    """One licence of one holder. The unique number per authority and type is what makes issuing exactly-once."""

    __tablename__ = "licences"
    __table_args__ = (UniqueConstraint("local_type_code", "authority_code", "licence_number"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    local_type_code: Mapped[str] = mapped_column(ForeignKey("licence_types.local_type_code"))
    authority_code: Mapped[str] = mapped_column(ForeignKey("issuing_authorities.code"))
    licence_number: Mapped[str] = mapped_column(String(128))
    holder_code: Mapped[str] = mapped_column(ForeignKey("enterprises.unified_social_credit_code"), index=True)
    recorded_at: Mapped[datetime]

    versions: Mapped[list["LicenceVersion"]] = relationship(back_populates="licence", order_by="LicenceVersion.version")
    status_changes: Mapped[list["StatusChange"]] = relationship(back_populates="licence", order_by="StatusChange.id")


class LicenceVersion(Base):
    """What was issued: face, QR code, seal, binding and both files. Insert-only."""

    __tablename__ = "licence_versions"

    licence_identifier: Mapped[str] = mapped_column(String(128), primary_key=True)
    licence_id: Mapped[int] = mapped_column(ForeignKey("licences.id"), index=True)
    version: Mapped[str] = mapped_column(String(3))
    holder_name: Mapped[str] = mapped_column(String(300))
    face_items: Mapped[dict[str, Any]]
    issued_on: Mapped[date] = mapped_column(Date)
    valid_from: Mapped[date] = mapped_column(Date)
    valid_until: Mapped[date | None] = mapped_column(Date)
    application_sm3: Mapped[str] = mapped_column(String(64))
    qr_text: Mapped[str] = mapped_column(Text)
    seal_key_id: Mapped[str] = mapped_column(ForeignKey("seals.key_id"))
    holder_certificate_sm3: Mapped[str] = mapped_column(ForeignKey("electronic_business_licences.certificate_sm3"))
    electronic_sm3: Mapped[str] = mapped_column(ForeignKey("stored_files.sm3"), unique=True)
    signed_at: Mapped[datetime]

    licence: Mapped[Licence] = relationship(back_populates="versions")
    paper: Mapped[list["PaperCounterpart"]] = relationship(back_populates="version")


class PaperCounterpart(Base):
    """The print-ready paper form of a version (正本), made in the same transaction as the electronic one."""

    __tablename__ = "paper_counterparts"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    licence_identifier: Mapped[str] = mapped_column(ForeignKey("licence_versions.licence_identifier"), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    """``original`` (正本)."""
    paper_sm3: Mapped[str] = mapped_column(ForeignKey("stored_files.sm3"), unique=True)
    blank_serial_number: Mapped[str | None] = mapped_column(String(64))
    """Serial number of the blank form, written down when it is printed."""

    version: Mapped[LicenceVersion] = relationship(back_populates="paper")


class StatusChange(Base):
    """One transition of a licence's status. Insert-only."""

    __tablename__ = "status_changes"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    licence_id: Mapped[int] = mapped_column(ForeignKey("licences.id"), index=True)
    status: Mapped[str] = mapped_column(String(20))
    effective_at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    legal_ground: Mapped[str] = mapped_column(String(300))
    reason: Mapped[str] = mapped_column(String(500))

    licence: Mapped[Licence] = relationship(back_populates="status_changes")


class StoredFile(Base):
    """A file in the store, by its SM3 digest. Insert-only."""

    __tablename__ = "stored_files"

    sm3: Mapped[str] = mapped_column(String(64), primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64))
    size: Mapped[int] = mapped_column(Integer)
    suffix: Mapped[str] = mapped_column(String(10))
