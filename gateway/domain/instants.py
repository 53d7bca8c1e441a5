"""The one form of instants that leave the gateway, and what is read of others."""

from datetime import UTC, datetime


def instant(value: datetime | None) -> str | None:
    """RFC 3339 in UTC with seconds; None stays None."""
    return None if value is None else value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def read_instant(value: object) -> datetime:
    """An instant of ISO 8601 that names its zone. ValueError for all else."""
    found = datetime.fromisoformat(value) if isinstance(value, str) else None
    if found is None or found.tzinfo is None:
        raise ValueError("not an instant with its zone")
    return found
