"""What issuing authorities say about their own data."""

from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, ForeignKey, Index, Integer, false
from sqlalchemy.orm import Mapped, mapped_column

from gateway.persistence.base import Base


class AuthorityReport(Base):
    """One declaration that an authority's data here are complete as of an instant. Insert-only."""

    __tablename__ = "authority_reports"
    __table_args__ = (Index("ix_authority_reports_newest", "authority_code", "is_sample", "complete_as_of"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    authority_code: Mapped[str] = mapped_column(ForeignKey("issuing_authorities.code"))
    complete_as_of: Mapped[datetime]
    is_sample: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    """Made in the sandbox; says nothing about the authority."""
    reported_at: Mapped[datetime]
    actor: Mapped[dict[str, Any]]
