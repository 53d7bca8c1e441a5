"""What may come of a report of a wrong entry."""

from enum import StrEnum


class WrongEntryOutcome(StrEnum):
    """What whoever settled a report found."""

    CORRECTED = "corrected"
    """The entry was wrong, and is right now."""
    FOUND_RIGHT = "found_right"
    NOT_OURS = "not_ours"
    """Another register's or authority's entry; the note says where it was passed on to."""
    UNCLEAR = "unclear"
    """What it says cannot be checked."""
