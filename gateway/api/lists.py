"""Lists a page at a time, and answers with only the fields that were asked for."""

from collections.abc import Mapping, Sequence

from flask import Response

from gateway.api.replies import reply
from gateway.errors import FieldError, ValidationFailedError

MOST_DIGITS = 9
"""Of the numbers that rows have."""


def list_reply(
    items: Sequence[tuple[int | str, Mapping[str, object]]], limit: int, fields: str | None = None
) -> Response:
    """``items`` are cursors with their entries; a full page names the cursor of the next one."""
    more = str(items[-1][0]) if len(items) == limit else None
    return reply({"items": [chosen(entry, fields) for _, entry in items], "next_cursor": more})


def chosen(entry: Mapping[str, object], fields: str | None) -> Mapping[str, object]:
    """The fields that were asked for, all when none were. ValidationFailedError names one that there is not."""
    if fields is None:
        return entry
    wanted = [name.strip() for name in fields.split(",")]
    unknown = [name for name in wanted if name not in entry]
    if unknown:
        message = f"没有字段“{unknown[0][:40]}”。There is no such field."
        raise ValidationFailedError([FieldError("fields", "FIELD_UNKNOWN", message)])
    return {name: entry[name] for name in wanted}


def number_cursor(cursor: str | None) -> int:
    """The number in a cursor, 0 without one. ValidationFailedError when it is none of ours."""
    if cursor is None:
        return 0
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) <= MOST_DIGITS):
        raise ValidationFailedError(
            [FieldError("cursor", "CURSOR_INVALID", "不是本接口给出的游标。Not a cursor of ours.")]
        )
    return int(cursor)
