"""JSON in its canonical form (RFC 8785): one text for one value, so that a signature over it means the value."""

import json
import math
from typing import Any

from signing.errors import MalformedDataError

MAX_DEPTH = 64
MAX_SAFE_INTEGER = 2**53 - 1
"""Beyond this an integer may be another number for another reader (RFC 7493, 2.2)."""
_SHORT = {0x08: "\\b", 0x09: "\\t", 0x0A: "\\n", 0x0C: "\\f", 0x0D: "\\r", 0x22: '\\"', 0x5C: "\\\\"}
_ESCAPES = {code: f"\\u{code:04x}" for code in range(0x20)} | _SHORT
_PLAIN_EXPONENTS = range(-6, 21)
"""Numbers in this range stand without an exponent (ECMA-262, Number::toString)."""


def canonical(text: bytes) -> bytes:
    """The canonical form of a JSON text in UTF-8.

    MalformedDataError when it is none, or not I-JSON (RFC 7493): a name twice, half a surrogate, an integer whose
    digits no IEEE 754 double has; and when it nests deeper than ``MAX_DEPTH``.
    """
    try:
        value = json.loads(text.decode("utf-8"), object_pairs_hook=_object, parse_constant=_no_number)
        return "".join(_value(value, 0)).encode("utf-8")
    except RecursionError as error:
        raise MalformedDataError("the JSON nests too deeply") from error
    except ValueError as error:
        raise MalformedDataError(f"not JSON that has a canonical form: {error}") from error


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name occurs twice in an object")
    return found


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _value(value: Any, depth: int) -> list[str]:
    if depth > MAX_DEPTH:
        raise MalformedDataError("the JSON nests too deeply")
    match value:
        case None:
            return ["null"]
        case bool():
            return ["true" if value else "false"]
        case str():
            return [_string(value)]
        case int() | float():
            return [_number(value)]
        case list():
            parts = [part for item in value for part in (",", *_value(item, depth + 1))]
            return ["[", *parts[1:], "]"]
    # Names in the order of their UTF-16 code units (3.2.3).
    names = sorted(value, key=lambda name: name.encode("utf-16-be", "surrogatepass"))
    parts = [part for name in names for part in (",", _string(name), ":", *_value(value[name], depth + 1))]
    return ["{", *parts[1:], "}"]


def _string(text: str) -> str:
    text.encode("utf-8")  # half a surrogate has no UTF-8 and raises
    return f'"{text.translate(_ESCAPES)}"'


def _number(value: float) -> str:
    """As ECMA-262 writes a double (3.2.2.3); its shortest digits are those of Python's ``repr``."""
    try:
        number = float(value)
    except OverflowError as error:
        raise ValueError("a number is too large") from error
    if not math.isfinite(number):
        raise ValueError("a number is too large")
    text = _double(number)
    if isinstance(value, int) and abs(value) > MAX_SAFE_INTEGER and text != str(value):
        raise ValueError("an integer is not the same number for every reader")
    return text


def _double(number: float) -> str:
    if number == 0:
        return "0"
    sign = "-" if number < 0 else ""
    mantissa, _, exponent = repr(abs(number)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    point = len(whole) + int(exponent or 0) - (len(whole + fraction) - len(digits))
    return sign + _placed(digits.rstrip("0") or "0", point)


def _placed(digits: str, point: int) -> str:
    """Digits with the decimal point behind the first ``point`` of them: 0.digits times ten to that power."""
    if point - 1 not in _PLAIN_EXPONENTS:
        head = digits[0] + ("." + digits[1:] if len(digits) > 1 else "")
        return f"{head}e{point - 1:+d}"
    if point <= 0:
        return "0." + "0" * -point + digits
    if point >= len(digits):
        return digits + "0" * (point - len(digits))
    return f"{digits[:point]}.{digits[point:]}"
