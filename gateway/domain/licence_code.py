"""The licence's own QR code: a CBOR Web Token (RFC 8392) in an upper-case URL. The signature is ``signing.cose``'s affair."""

import base64
import binascii
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from gateway.domain.identifiers import ROOT_OID, CodeError, LicenceIdentifier
from gateway.domain.status import LicenceStatus
from gateway.errors import ConfigurationError
from signing.cbor import dumps, loads
from signing.errors import MalformedDataError

MAX_URL_CHARACTERS = 600
"""Alphanumeric capacity of QR version 15 at level M."""

MAX_BASE_URL_CHARACTERS = 48
"""Longest public address: with it the longest claims still fit a version 15 symbol."""

MAX_TEXT_BYTES = 123
"""Room for the names of type and holder together; a holder name that does not fit is cut, the register has it whole."""

CUT = "…"
_EPOCH = date(1970, 1, 1)
_ALPHANUMERIC = re.compile(r"[0-9A-Z$%*+\-./:]+")
"""The alphanumeric set of ISO/IEC 18004, without the space, which no address has."""

_PAYLOAD = re.compile(r"[A-Z2-7]+")
_SUBJECT, _ISSUED_AT = 2, 6
"""sub and iat of RFC 8392; the holder's code is the subject."""

_LICENCE = -65601
"""Private claim (RFC 8392, 9.1: below -65536), an array: identifier without its root, type name, holder name, day of
issue, first day, last day or null for 长期, status code, and in codes since issue 5 the licence's place in the status list
of its issuing authority. Days count from 1970-01-01."""
_PLACES = 1 << 32


class LicenceCodeError(ValueError):
    """A payload is no licence code, or a code cannot be made."""


@dataclass(frozen=True)
class LicenceClaims:
    """What a licence QR code says."""

    licence_identifier: str
    licence_type_name: str
    holder_code: str
    holder_name: str
    """Cut with … when it was too long for the code."""
    issued_on: date
    valid_from: date
    valid_until: date | None
    status_at_issue: LicenceStatus
    issued_at: datetime
    status_index: int | None = None
    """Place in the status list of the issuing authority (``gateway.domain.status_list``); older codes have none."""

    def encode(self) -> bytes:
        """Deterministic CBOR; the root of the identifier is left out."""
        until, place = self.valid_until, self.status_index
        return dumps(
            {
                _SUBJECT: self.holder_code,
                _ISSUED_AT: int(self.issued_at.timestamp()),
                _LICENCE: [
                    self.licence_identifier.removeprefix(f"{ROOT_OID}."),
                    self.licence_type_name,
                    cut_name(self.holder_name, self.licence_type_name),
                    (self.issued_on - _EPOCH).days,
                    (self.valid_from - _EPOCH).days,
                    None if until is None else (until - _EPOCH).days,
                    self.status_at_issue.value,
                    *(() if place is None else (place,)),
                ],
            }
        )

    @classmethod
    def decode(cls, payload: bytes) -> "LicenceClaims":
        """LicenceCodeError for anything but exactly these claims."""
        try:
            claims: Any = loads(payload)
            if not isinstance(claims, dict) or set(claims) != {_SUBJECT, _ISSUED_AT, _LICENCE}:
                raise LicenceCodeError("the claims are not those of a licence code")
            identifier, type_name, holder_name, issued_on, valid_from, valid_until, status, *rest = claims[_LICENCE]
            return cls(
                licence_identifier=str(LicenceIdentifier.parse(f"{ROOT_OID}.{identifier}")),
                licence_type_name=_text(type_name),
                holder_code=_text(claims[_SUBJECT]),
                holder_name=_text(holder_name),
                issued_on=_day(issued_on),
                valid_from=_day(valid_from),
                valid_until=None if valid_until is None else _day(valid_until),
                status_at_issue=LicenceStatus(status),
                issued_at=datetime.fromtimestamp(_whole(claims[_ISSUED_AT]), UTC),
                status_index=_place(*rest) if rest else None,
            )
        except (MalformedDataError, CodeError, ValueError, TypeError, OverflowError, OSError) as error:
            raise LicenceCodeError("the payload is no licence code") from error

    def names_holder(self, name: str) -> bool:
        """Whether the registered ``name`` is the one in the code, as far as the code has it."""
        if self.holder_name.endswith(CUT):
            return name.startswith(self.holder_name.removesuffix(CUT))
        return self.holder_name == name


def cut_name(name: str, type_name: str) -> str:
    """``name`` as it stands in a code beside the name of the type."""
    room = MAX_TEXT_BYTES - len(type_name.encode())
    if len(name.encode()) <= room:
        return name
    return name.encode()[: max(0, room - len(CUT.encode()))].decode(errors="ignore") + CUT


def licence_code_url(base_url: str, token: bytes) -> str:
    """The text of the QR code: upper-case address, ``/Q/``, base32.

    ConfigurationError when the address does not suit a QR code, LicenceCodeError when the token is too long for one.
    """
    base = base_url.rstrip("/").upper()
    if not _ALPHANUMERIC.fullmatch(base) or len(base) > MAX_BASE_URL_CHARACTERS:
        raise ConfigurationError(
            f"The public address {base_url} cannot stand in a licence's QR code.",
            hint=f"Use at most {MAX_BASE_URL_CHARACTERS} of the letters A-Z, digits and $%*+-./: in the public address.",
        )
    text = f"{base}/Q/{base64.b32encode(token).decode().rstrip('=')}"
    if len(text) > MAX_URL_CHARACTERS:
        raise LicenceCodeError(f"the code has {len(text)} characters, more than {MAX_URL_CHARACTERS}")
    return text


def decode_payload(payload: str) -> bytes:
    """The token in the base32 payload, case aside. LicenceCodeError when it is not in canonical base32."""
    upper = payload.upper()
    if not _PAYLOAD.fullmatch(upper) or len(upper) > MAX_URL_CHARACTERS:
        raise LicenceCodeError("the payload is not base32")
    try:
        token = base64.b32decode(upper + "=" * (-len(upper) % 8))
    except binascii.Error as error:
        raise LicenceCodeError("the payload is not base32") from error
    if base64.b32encode(token).decode().rstrip("=") != upper:
        raise LicenceCodeError("the payload is not in canonical base32")
    return token


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise LicenceCodeError("a claim is not text")
    return value


def _whole(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise LicenceCodeError("a claim is not a whole number")
    return value


def _place(value: object, *more: object) -> int:
    place = _whole(value)
    if more or not 0 <= place < _PLACES:
        raise LicenceCodeError("the place in the status list is none")
    return place


def _day(value: object) -> date:
    return _EPOCH + timedelta(days=_whole(value))
