"""The one form of instants that leave the gateway."""

from datetime import UTC, datetime


def instant(value: datetime | None) -> str | None:
    """RFC 3339 in UTC with seconds; None stays None."""
    return None if value is None else value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
