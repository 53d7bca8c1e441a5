"""Enterprises, how their registration changed, and their electronic business licences."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Boolean, Date, ForeignKey, Integer, LargeBinary, String
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
    """As ``EnterpriseView`` has it, with its source and the instant at which the source said so."""
    registration_source: Mapped[str] = mapped_column(
        String(20), default="enterprise_record", server_default="enterprise_record"
    )
    registration_as_of: Mapped[datetime | None]
    legal_representative: Mapped[str | None] = mapped_column(String(100))
    """As the public register has it; None: not known here."""


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


class HolderCertificateWatch(Base):
    """How a registered certificate stood when it was looked at last."""

    __tablename__ = "holder_certificate_watches"

    certificate_sm3: Mapped[str] = mapped_column(
        ForeignKey("electronic_business_licences.certificate_sm3"), primary_key=True
    )
    state: Mapped[str] = mapped_column(String(40), index=True)
    """A name of ``CertificateState``; what was decided last, where it could not be checked since."""
    since: Mapped[datetime]
    """When the state was found first."""
    checked_at: Mapped[datetime] = mapped_column(index=True)
    is_current: Mapped[bool] = mapped_column(Boolean)
    """Whether the last look decided; False leaves the state as it was."""


class RegistrationChange(Base):
    """A change of an enterprise's name or registration status. Insert-only."""

    __tablename__ = "registration_changes"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    unified_social_credit_code: Mapped[str] = mapped_column(
        ForeignKey("enterprises.unified_social_credit_code"), index=True
    )
    name_before: Mapped[str] = mapped_column(String(300))
    name: Mapped[str] = mapped_column(String(300))
    status_before: Mapped[str] = mapped_column(String(20))
    status: Mapped[str] = mapped_column(String(20))
    source: Mapped[str] = mapped_column(String(20))
    as_of: Mapped[datetime]
    """When the source said so."""
    recorded_at: Mapped[datetime]
    actor: Mapped[dict[str, Any]]
