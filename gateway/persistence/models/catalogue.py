"""Licence types and issuing authorities as they were seeded; the definition is data."""

from typing import Any

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from gateway.persistence.base import Base


class LicenceTypeRow(Base):
    """One licence type of the catalogue."""

    __tablename__ = "licence_types"

    local_type_code: Mapped[str] = mapped_column(String(21), primary_key=True)
    name: Mapped[str] = mapped_column(String(200), unique=True)
    definition: Mapped[dict[str, Any]]


class IssuingAuthorityRow(Base):
    """One authority with the types that it may issue."""

    __tablename__ = "issuing_authorities"

    code: Mapped[str] = mapped_column(String(18), primary_key=True)
    name: Mapped[str] = mapped_column(String(200), unique=True)
    definition: Mapped[dict[str, Any]]
