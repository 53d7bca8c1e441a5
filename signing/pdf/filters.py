"""Decoding of streams, bounded in size (ISO 32000-2, 7.4). Only what files are structured with: Flate and its predictors."""

import zlib
from typing import Any

from signing.errors import ResourceLimitError
from signing.pdf.objects import NotUnderstoodError, Stream

_PNG = 10
"""From here on predictors are those of PNG (7.4.4.4)."""
_MOST_COLUMNS = 65_536


def decoded(stream: Stream, most: int) -> bytes:
    """The stream's bytes. ResourceLimitError when they are more than ``most``, NotUnderstoodError for other filters."""
    name, parameters = _only(stream.entries.get("Filter")), _only(stream.entries.get("DecodeParms"))
    if name is None:
        return _bounded(stream.raw, most)
    if name != "FlateDecode":
        raise NotUnderstoodError(f"filter {name}")
    plain = _inflated(stream.raw, most)
    if not isinstance(parameters, dict) or parameters.get("Predictor", 1) == 1:
        return plain
    return _predicted(plain, parameters)


def _only(value: Any) -> Any:
    """A value, or the only element of an array; chains of filters are nothing that structure needs."""
    if not isinstance(value, list):
        return value
    if len(value) > 1:
        raise NotUnderstoodError("a chain of filters")
    return value[0] if value else None


def _bounded(plain: bytes, most: int) -> bytes:
    if len(plain) > most:
        raise ResourceLimitError("a stream of the PDF is too large")
    return plain


def _inflated(raw: bytes, most: int) -> bytes:
    inflater = zlib.decompressobj()
    try:
        plain = _bounded(inflater.decompress(raw, most + 1), most)
    except zlib.error as error:
        raise NotUnderstoodError("a stream cannot be inflated") from error
    if not inflater.eof:
        raise NotUnderstoodError("a stream breaks off")
    return plain


def _predicted(plain: bytes, parameters: dict[str, Any]) -> bytes:
    """Undo the PNG predictors on samples of one octet, as cross-reference streams use them."""
    columns = parameters.get("Columns", 1)
    shape = (parameters.get("Colors", 1), parameters.get("BitsPerComponent", 8))
    if shape != (1, 8) or not isinstance(columns, int) or not 0 < columns <= _MOST_COLUMNS:
        raise NotUnderstoodError("an unusual predictor")
    if not isinstance(parameters["Predictor"], int) or parameters["Predictor"] < _PNG or len(plain) % (columns + 1):
        raise NotUnderstoodError("an unusual predictor")
    previous, rows = bytearray(columns), []
    for start in range(0, len(plain), columns + 1):
        previous = _row(plain[start], plain[start + 1 : start + 1 + columns], previous)
        rows.append(bytes(previous))
    return b"".join(rows)


def _row(kind: int, row: bytes, above: bytearray) -> bytearray:
    """One row by its predictor: none, left, up; the two others do not occur in structure."""
    if kind == 0:
        return bytearray(row)
    if kind == 2:  # noqa: PLR2004 - Up
        return bytearray([(a + b) & 0xFF for a, b in zip(row, above, strict=True)])
    if kind == 1:
        found, left = bytearray(), 0
        for value in row:
            left = (left + value) & 0xFF
            found.append(left)
        return found
    raise NotUnderstoodError("an unusual predictor")
