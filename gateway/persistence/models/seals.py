"""The seals that authorities sign with, and what was done to them."""

from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, Float, ForeignKey, Integer, LargeBinary, String, false
from sqlalchemy.orm import Mapped, mapped_column

from gateway.persistence.base import Base


class Seal(Base):
    """One seal: owner, picture, certificate, the name of its key in the key store, and how it stands."""

    __tablename__ = "seals"

    key_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    """First 8 bytes of SM3 over the public key, hexadecimal; the kid of the licence QR codes."""
    authority_code: Mapped[str] = mapped_column(ForeignKey("issuing_authorities.code"), index=True)
    name: Mapped[str] = mapped_column(String(300))
    filing_number: Mapped[str | None] = mapped_column(String(64), index=True)
    """None for one that is not filed."""
    key_name: Mapped[str] = mapped_column(String(100), unique=True)
    certificate: Mapped[bytes] = mapped_column(LargeBinary)
    picture_png: Mapped[bytes] = mapped_column(LargeBinary)
    width_mm: Mapped[float] = mapped_column(Float)
    height_mm: Mapped[float] = mapped_column(Float)
    created_at: Mapped[datetime]
    valid_from: Mapped[datetime]
    valid_until: Mapped[datetime]
    status: Mapped[str] = mapped_column(String(20), default="in_use", server_default="in_use")
    """A ``SealStatus``; that it has expired follows from the calendar."""
    is_sample: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    """Signs samples only."""


class SealEvent(Base):
    """Something that was done to a seal. Insert-only."""

    __tablename__ = "seal_events"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    key_id: Mapped[str] = mapped_column(ForeignKey("seals.key_id"), index=True)
    act: Mapped[str] = mapped_column(String(20))
    """A ``SealAct``."""
    occurred_at: Mapped[datetime]
    reason: Mapped[str] = mapped_column(String(500))
    actor: Mapped[dict[str, Any]]
