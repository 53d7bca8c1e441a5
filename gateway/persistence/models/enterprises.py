"""Enterprises and their electronic business licences."""

from datetime import date, datetime

from sqlalchemy import Date, ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from gateway.persistence.base import Base


class Enterprise(Base):
    """A holder of licences under its unified social credit code."""

    __tablename__ = "enterprises"

    unified_social_credit_code: Mapped[str] = mapped_column(String(18), primary_key=True)
    name: Mapped[str] = mapped_column(String(300))
    enterprise_type: Mapped[str] = mapped_column(String(100))
    area_code: Mapped[str] = mapped_column(String(6))
    address: Mapped[str] = mapped_column(String(500))
    established_on: Mapped[date | None] = mapped_column(Date)
    registration_status: Mapped[str] = mapped_column(String(20), default="registered")


class ElectronicBusinessLicence(Base):
    """A certificate of an enterprise's electronic business licence, as it was registered. Insert-only."""

    __tablename__ = "electronic_business_licences"

    certificate_sm3: Mapped[str] = mapped_column(String(64), primary_key=True)
    unified_social_credit_code: Mapped[str] = mapped_column(
        ForeignKey("enterprises.unified_social_credit_code"), index=True
    )
    certificate: Mapped[bytes] = mapped_column(LargeBinary)
    not_before: Mapped[datetime]
    not_after: Mapped[datetime]
    registered_at: Mapped[datetime]
