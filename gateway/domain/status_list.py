"""Status lists for verifiers without a network: the shape of the IETF Token Status List, as CBOR Web Tokens.

Two bits a licence version, at the place that stands in its code. Documented in status-lists.md.
"""

import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from typing import Any

from gateway.domain.status import LicenceStatus
from signing.cbor import dumps, loads
from signing.errors import MalformedDataError

MEDIA_TYPE = TOKEN_TYPE = "application/statuslist+cwt"  # noqa: S105 - a media type
"""draft-ietf-oauth-status-list, 5.2 and 14: of the file, and ``typ`` of its protected header."""

BITS = 2
PLACES = 1 << 16
"""Places of one list: 16 KiB before it is compressed."""

_SUBJECT, _EXPIRES_AT, _ISSUED_AT = 2, 4, 6
_STATUS_LIST, _TTL = 65_533, 65_534
_A_BYTE = 8 // BITS
_LIST_BYTES = PLACES // _A_BYTE
_ADDRESS = re.compile(r".+/trust/status/(?P<authority>[0-9A-Z]{18})/(?P<number>0|[1-9]\d{0,5})")


class ListedStatus(IntEnum):
    """What the two bits say (draft-ietf-oauth-status-list, 7.1)."""

    VALID = 0
    """Neither ended nor suspended; its days are for the reader to compare. Places that nobody has say so too."""
    INVALID = 1
    """Ended: revoked, withdrawn or cancelled."""
    SUSPENDED = 2
    SUPERSEDED = 3
    """APPLICATION_SPECIFIC: another version took its place."""


LISTED_AS = {
    LicenceStatus.VALID: ListedStatus.VALID,
    LicenceStatus.SUSPENDED: ListedStatus.SUSPENDED,
    LicenceStatus.REVOKED: ListedStatus.INVALID,
    LicenceStatus.WITHDRAWN: ListedStatus.INVALID,
    LicenceStatus.CANCELLED: ListedStatus.INVALID,
    LicenceStatus.SUPERSEDED: ListedStatus.SUPERSEDED,
}
"""How each stored status stands in a list."""


class StatusListError(ValueError):
    """A payload is no status list."""


@dataclass(frozen=True)
class StatusList:
    """The statuses of one list at one instant; nothing in it is proven until its signature is."""

    authority_code: str
    number: int
    statuses: bytes
    """Two bits a place, the first place in the lowest bits of the first octet."""
    signed_at: datetime
    expires_at: datetime
    """Past it, the list says nothing any more."""
    ttl: timedelta
    """How long a copy may serve before a newer one is to be fetched."""

    def status_of(self, place: int) -> ListedStatus:
        """What the list says of a place. IndexError for one that it does not hold."""
        if place // PLACES != self.number:
            raise IndexError(f"place {place} is not in list {self.number}")
        offset = place % PLACES
        return ListedStatus(self.statuses[offset // _A_BYTE] >> BITS * (offset % _A_BYTE) & (1 << BITS) - 1)

    def encode(self, base_url: str) -> bytes:
        """Deterministic CBOR."""
        return dumps(
            {
                _SUBJECT: status_list_address(base_url, self.authority_code, self.number),
                _EXPIRES_AT: int(self.expires_at.timestamp()),
                _ISSUED_AT: int(self.signed_at.timestamp()),
                _STATUS_LIST: {"bits": BITS, "lst": zlib.compress(self.statuses, 9)},
                _TTL: int(self.ttl.total_seconds()),
            }
        )

    @classmethod
    def decode(cls, payload: bytes) -> "StatusList":
        """StatusListError for anything but a list of this size, however it is packed."""
        try:
            claims: Any = loads(payload)
            if not isinstance(claims, dict) or claims.keys() != {
                *(_SUBJECT, _EXPIRES_AT, _ISSUED_AT, _STATUS_LIST, _TTL)
            }:
                raise StatusListError("the claims are not those of a status list")
            packed = claims[_STATUS_LIST]
            named = _ADDRESS.fullmatch(claims[_SUBJECT])
            if packed.keys() != {"bits", "lst"} or packed["bits"] != BITS or named is None:
                raise StatusListError("not a list of ours")
            return cls(
                authority_code=named["authority"],
                number=int(named["number"]),
                statuses=_unpacked(packed["lst"]),
                signed_at=datetime.fromtimestamp(claims[_ISSUED_AT], UTC),
                expires_at=datetime.fromtimestamp(claims[_EXPIRES_AT], UTC),
                ttl=timedelta(seconds=claims[_TTL]),
            )
        except (MalformedDataError, ValueError, TypeError, AttributeError, OverflowError, OSError) as error:
            raise StatusListError("the payload is no status list") from error


def status_list_address(base_url: str, authority_code: str, number: int) -> str:
    """Where a list is published; this is its name too."""
    return f"{base_url.rstrip('/')}/trust/status/{authority_code}/{number}"


def pack(statuses: Mapping[int, ListedStatus]) -> bytes:
    """The statuses of one list by place (of all lists, or within it); places that are not named are VALID."""
    packed = bytearray(_LIST_BYTES)
    for place, status in statuses.items():
        offset = place % PLACES
        packed[offset // _A_BYTE] |= status << BITS * (offset % _A_BYTE)
    return bytes(packed)


def _unpacked(compressed: bytes) -> bytes:
    """Exactly one list; what unfolds to more is not unfolded."""
    inflating = zlib.decompressobj()
    try:
        statuses = inflating.decompress(compressed, _LIST_BYTES + 1)
    except zlib.error as error:
        raise StatusListError("the list is not compressed as it should be") from error
    if len(statuses) != _LIST_BYTES or not inflating.eof or inflating.unused_data:
        raise StatusListError(f"the list does not have {PLACES} places")
    return statuses
