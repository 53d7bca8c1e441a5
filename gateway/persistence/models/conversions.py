"""Bulk conversions of paper licences: the jobs, their rows, and the saved column mappings."""

from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from gateway.persistence.base import Base


class ConversionJob(Base):
    """One run over one source."""

    __tablename__ = "conversion_jobs"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    file_name: Mapped[str] = mapped_column(String(300))
    source_sm3: Mapped[str] = mapped_column(String(64))
    """Of the source's bytes and its column mapping."""
    open_key: Mapped[str | None] = mapped_column(String(80), unique=True)
    """The source while its job is unfinished: the same file again goes on with that job; None afterwards."""
    state: Mapped[str] = mapped_column(String(20), index=True)
    """staging | running | paused | cancelled | finished"""
    stager: Mapped[str] = mapped_column(String(32))
    """Which reading of the source may add rows: a later one takes over from one that was killed."""
    is_dry_run: Mapped[bool] = mapped_column(Boolean)
    registers_holders: Mapped[bool] = mapped_column(Boolean)
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    headings: Mapped[list[str]]
    """Of the source, in its order: the error file has the same."""
    trouble: Mapped[str | None] = mapped_column(String(500))
    """Why the gateway itself paused the job; None when nothing is wrong, or a person paused it."""
    actor: Mapped[dict[str, Any]]


class ConversionRow(Base):
    """One row of a source, and what became of it. Its status changes with the licence, in one transaction."""

    __tablename__ = "conversion_rows"
    __table_args__ = (Index("ix_conversion_rows_status", "job_id", "status", "position"),)

    job_id: Mapped[str] = mapped_column(ForeignKey("conversion_jobs.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True)
    """0-based, through all sheets."""
    sheet: Mapped[str] = mapped_column(String(100))
    row: Mapped[int] = mapped_column(Integer)
    status: Mapped[str] = mapped_column(String(20))
    reason_code: Mapped[str | None] = mapped_column(String(40))
    licence_number: Mapped[str] = mapped_column(String(128))
    licence_identifier: Mapped[str | None] = mapped_column(String(128))
    content: Mapped[str] = mapped_column(Text)
    """Sealed JSON: the cells as they came, what cleaning made of them, and the finding; it may be personal."""
    done_at: Mapped[datetime | None]


class ConversionChunk(Base):
    """Rows that are settled together, and how they stand: progress is told from these, without a look at the rows."""

    __tablename__ = "conversion_chunks"
    __table_args__ = (Index("ix_conversion_chunks_pending", "job_id", "pending", "first"),)

    job_id: Mapped[str] = mapped_column(ForeignKey("conversion_jobs.id", ondelete="CASCADE"), primary_key=True)
    first: Mapped[int] = mapped_column(Integer, primary_key=True)
    """Position of its first row."""
    pending: Mapped[int] = mapped_column(Integer)
    """Rows that are not settled yet. Whoever settles them holds this row, so that each is settled once."""
    settled: Mapped[int] = mapped_column(Integer)
    """Rows that were pending once."""
    counts: Mapped[dict[str, Any]]
    """Of the rows that are not pending: number by status and reason (empty where there is none)."""
    settled_at: Mapped[datetime | None]


class ConversionProfile(Base):
    """A named column mapping, and the query that it is for."""

    __tablename__ = "conversion_profiles"

    name: Mapped[str] = mapped_column(String(100), primary_key=True)
    meanings: Mapped[dict[str, Any]]
    """Meaning by heading."""
    source: Mapped[str | None] = mapped_column(String(100))
    """Name of the database that is asked (GATEWAY_CONVERSION_SOURCES); None for files."""
    query: Mapped[str | None] = mapped_column(Text)
    """What it is asked; None: what the source itself says."""
    saved_at: Mapped[datetime]
