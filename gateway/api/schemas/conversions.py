"""Requests for conversions of paper licences."""

from typing import Literal

from gateway.api.replies import Body
from gateway.domain.conversions import JobState


class ConversionQuery(Body):
    """How a register is taken in."""

    profile: str | None = None
    """Name of a saved column mapping."""
    dry_run: bool = False
    known_holders_only: bool = False


class ConversionState(Body):
    """What is to become of a job."""

    state: Literal[JobState.RUNNING, JobState.PAUSED, JobState.CANCELLED]


class ConversionFileQuery(Body):
    """The form of a file."""

    format: Literal["csv", "xlsx", "ndjson"] = "csv"
