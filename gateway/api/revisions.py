"""ETag and If-Match (RFC 9110, 8.8.3 and 13.1.1), cursors and chosen fields."""

import base64
import binascii
import re
from typing import Any

from flask import Response, request

from gateway.errors import BadRequestError, FieldError, ValidationFailedError

_ETAG = re.compile(r'"r([0-9]{1,10})"')
_MOST_LISTED = 200


def with_revision(response: Response, revision: int) -> Response:
    """The response with the licence's revision as its ETag."""
    response.headers["ETag"] = f'"r{revision}"'
    return response


def expected_revision() -> int | None:
    """The revision that If-Match names, None without the header. BadRequestError when it is no ETag of ours."""
    header = request.headers.get("If-Match")
    if header is None:
        return None
    found = _ETAG.fullmatch(header.strip())
    if found is None:
        raise BadRequestError('If-Match 应为先前得到的 ETag，如 "r3"。If-Match must be an ETag that was given before.')
    return int(found[1])


def cursor() -> str:
    """The decoded cursor of this request, empty on the first page. ValidationFailedError when it is none of ours."""
    text = request.args.get("cursor", "")
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
    except (ValueError, binascii.Error):
        message = "游标无效。Not a cursor that was given before."
        raise ValidationFailedError([FieldError("cursor", "NOT_A_CURSOR", message)]) from None


def encoded_cursor(text: str) -> str:
    """An opaque cursor."""
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def limit(default: int = 50) -> int:
    """How many the caller wants on a page. ValidationFailedError outside 1 to 200."""
    text = request.args.get("limit", str(default))
    if not text.isdecimal() or not 0 < int(text[:6]) <= _MOST_LISTED:
        message = f"应为 1 至 {_MOST_LISTED}。From 1 to {_MOST_LISTED}."
        raise ValidationFailedError([FieldError("limit", "OUT_OF_RANGE", message)])
    return int(text)


def chosen(value: dict[str, Any]) -> dict[str, Any]:
    """Only the fields that ``fields=`` names, all without it. ValidationFailedError names an unknown one."""
    names = [name for name in request.args.get("fields", "").split(",") if name]
    unknown = [name for name in names if name not in value]
    if unknown:
        message = f"没有字段 {unknown[0]}。There is no field {unknown[0]}."
        raise ValidationFailedError([FieldError("fields", "FIELD_UNKNOWN", message)])
    return {name: value[name] for name in names} if names else value
