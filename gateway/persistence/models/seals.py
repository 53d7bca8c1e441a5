"""The seals that authorities sign with."""

from datetime import datetime

from sqlalchemy import Boolean, Float, ForeignKey, LargeBinary, String, false
from sqlalchemy.orm import Mapped, mapped_column

from gateway.persistence.base import Base


class Seal(Base):
    """One seal: picture, certificate and the name of its key in the key store."""

    __tablename__ = "seals"

    key_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    """First 8 bytes of SM3 over the public key, hexadecimal; the kid of the licence QR codes."""
    authority_code: Mapped[str] = mapped_column(ForeignKey("issuing_authorities.code"), index=True)
    key_name: Mapped[str] = mapped_column(String(100), unique=True)
    certificate: Mapped[bytes] = mapped_column(LargeBinary)
    picture_png: Mapped[bytes] = mapped_column(LargeBinary)
    width_mm: Mapped[float] = mapped_column(Float)
    height_mm: Mapped[float] = mapped_column(Float)
    created_at: Mapped[datetime]
    is_sample: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    """Signs samples only."""
