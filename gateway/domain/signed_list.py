"""The list of an enterprise's licences as a signed statement: a CBOR Web Token (RFC 8392), documented in signed-list.md.

The signature is ``signing.cose``'s affair. One list has one form: deterministic CBOR, no field more or less.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from gateway.domain.answers import (
    AuthorityAnswer,
    AuthorityState,
    Genuine,
    ListedLicence,
    ReportedLine,
    Resolution,
)
from gateway.domain.identifiers import CodeError, LicenceIdentifier, check_unified_social_credit_code
from gateway.domain.instants import instant
from gateway.domain.status import WORDS
from signing.cbor import Value, dumps, loads
from signing.errors import MalformedDataError

MEDIA_TYPE = "application/cose"
"""RFC 9052, 11.3.1."""

ATTACHMENT = "list.cbor"
"""Name of the statement in a list's PDF; a PDF with it says that it is a list."""

TOKEN_TYPE = "application/licence-list+cwt"  # noqa: S105 - a media type
"""What the protected header calls the token (``typ``, RFC 9596)."""

_ISSUER, _SUBJECT, _EXPIRES_AT, _ISSUED_AT = 1, 2, 4, 6
"""iss, sub, exp and iat of RFC 8392: who signed, the credit code, until when it may stand for now, the as-of instant."""

_LIST = -65602
"""Private claim (RFC 8392, 9.1: below -65536), a map."""

_DIGEST_BYTES = 32
_STATES = frozenset(state.value for state in AuthorityState)
_GENUINE = frozenset(value.value for value in Genuine)


class SignedListError(ValueError):
    """A payload is no list."""


@dataclass(frozen=True)
class StatedLicence:
    """A line of a signed list."""

    licence_identifier: str
    licence_type: str
    licence_number: str
    authority_code: str
    holder_name: str
    issued_on: date
    valid_from: date
    valid_until: date | None
    """None means 长期, without limit."""
    status: str
    genuine: Genuine
    """What checking the registered file's signature gave when the list was made."""
    sm3: bytes
    """Digest of the registered electronic licence: whoever has the PDF can see that it is the one."""


@dataclass(frozen=True)
class StatedReport:
    """A licence that its authority only reported."""

    licence_type: str
    licence_number: str
    authority_code: str
    valid_until: date | None
    status: str


@dataclass(frozen=True)
class StatedAuthority:
    """How fresh an authority's part of the list was."""

    code: str
    name: str
    state: AuthorityState
    last_report_at: datetime | None
    stale_after: timedelta


@dataclass(frozen=True)
class SignedList:
    """What a signed list says; nothing in it is proven until its signature is."""

    issuer: str
    """Address of the gateway that made it."""
    holder_code: str
    as_of: datetime
    expires_at: datetime
    """Older, it still says what was so at ``as_of``, and nothing about now."""
    enterprise_name: str | None
    """None when the register does not know the enterprise; then ``enterprise_status`` is None too."""
    enterprise_status: str | None
    licences: tuple[StatedLicence, ...]
    reported: tuple[StatedReport, ...]
    authorities: tuple[StatedAuthority, ...]
    checkpoint: str | None
    """The newest signed checkpoint of the transparency log; None before the first."""

    @property
    def is_complete(self) -> bool:
        """Whether every authority had given its part."""
        return all(each.state is AuthorityState.ANSWERED for each in self.authorities)

    @classmethod
    def of(cls, resolution: Resolution, *, issuer: str, valid_for: timedelta, checkpoint: str | None) -> "SignedList":
        """The statement on a list. ValueError for a resolution that is no list of one enterprise."""
        code, enterprise = resolution.unified_social_credit_code, resolution.enterprise
        if code is None:
            raise ValueError("the answer is no list")
        return cls(
            issuer=issuer,
            holder_code=code,
            as_of=resolution.as_of,
            expires_at=resolution.as_of + valid_for,
            enterprise_name=None if enterprise is None else enterprise.name,
            enterprise_status=None if enterprise is None else enterprise.registration_status,
            licences=tuple(_stated(licence) for licence in resolution.licences),
            reported=tuple(
                _stated_report(authority, line) for authority in resolution.authorities for line in authority.reported
            ),
            authorities=tuple(_stated_authority(authority) for authority in resolution.authorities),
            checkpoint=checkpoint,
        )

    def encode(self) -> bytes:
        """Deterministic CBOR."""
        known = self.enterprise_name is not None
        return dumps(
            {
                _ISSUER: self.issuer,
                _SUBJECT: self.holder_code,
                _EXPIRES_AT: int(self.expires_at.timestamp()),
                _ISSUED_AT: int(self.as_of.timestamp()),
                _LIST: {
                    "enterprise": {"name": self.enterprise_name, "status": self.enterprise_status} if known else None,
                    "count": len(self.licences),
                    "licences": [_licence_value(each) for each in self.licences],
                    "reported": [_report_value(each) for each in self.reported],
                    "authorities": [_authority_value(each) for each in self.authorities],
                    "checkpoint": self.checkpoint,
                },
            }
        )

    @classmethod
    def decode(cls, payload: bytes) -> "SignedList":
        """SignedListError for anything but exactly these claims, and for a count that is not that of its licences."""
        try:
            claims = _map(loads(payload), {_ISSUER, _SUBJECT, _EXPIRES_AT, _ISSUED_AT, _LIST})
            stated = _map(claims[_LIST], {"enterprise", "count", "licences", "reported", "authorities", "checkpoint"})
            enterprise = stated["enterprise"]
            named = {} if enterprise is None else _map(enterprise, {"name", "status"})
            licences = tuple(_licence(each) for each in _list(stated["licences"]))
            if _whole(stated["count"]) != len(licences):
                raise SignedListError("the count is not that of the licences")
            return cls(
                issuer=_text(claims[_ISSUER]),
                holder_code=check_unified_social_credit_code(_text(claims[_SUBJECT])).code,
                as_of=_instant(claims[_ISSUED_AT]),
                expires_at=_instant(claims[_EXPIRES_AT]),
                enterprise_name=_text(named["name"]) if named else None,
                enterprise_status=_text(named["status"]) if named else None,
                licences=licences,
                reported=tuple(_report(each) for each in _list(stated["reported"])),
                authorities=tuple(_authority(each) for each in _list(stated["authorities"])),
                checkpoint=None if stated["checkpoint"] is None else _text(stated["checkpoint"]),
            )
        except (MalformedDataError, CodeError, ValueError, TypeError, OverflowError, OSError) as error:
            raise SignedListError("the payload is no list of licences") from error

    def to_json(self) -> dict[str, Any]:
        """As the API and the command line give it."""
        return {
            "issuer": self.issuer,
            "unified_social_credit_code": self.holder_code,
            "as_of": instant(self.as_of),
            "expires_at": instant(self.expires_at),
            "enterprise": None
            if self.enterprise_name is None
            else {"name": self.enterprise_name, "registration_status": self.enterprise_status},
            "count": len(self.licences),
            "complete": self.is_complete,
            "licences": [
                {
                    "licence_identifier": each.licence_identifier,
                    "licence_type": each.licence_type,
                    "licence_number": each.licence_number,
                    "issuing_authority_code": each.authority_code,
                    "holder_name": each.holder_name,
                    "issued_on": each.issued_on.isoformat(),
                    "valid_from": each.valid_from.isoformat(),
                    "valid_until": _day_value(each.valid_until),
                    "status": each.status,
                    "genuine": each.genuine,
                    "sm3": each.sm3.hex(),
                }
                for each in self.licences
            ],
            "reported": [
                {
                    "licence_type": each.licence_type,
                    "licence_number": each.licence_number,
                    "issuing_authority_code": each.authority_code,
                    "valid_until": _day_value(each.valid_until),
                    "status": each.status,
                }
                for each in self.reported
            ],
            "authorities": [
                {
                    "code": each.code,
                    "name": each.name,
                    "state": each.state,
                    "last_report_at": instant(each.last_report_at),
                    "stale_after_seconds": int(each.stale_after.total_seconds()),
                }
                for each in self.authorities
            ],
            "checkpoint": self.checkpoint,
        }


def _stated(licence: ListedLicence) -> StatedLicence:
    return StatedLicence(
        licence_identifier=licence.licence_identifier,
        licence_type=licence.licence_type_name,
        licence_number=licence.licence_number,
        authority_code=licence.authority_code,
        holder_name=licence.holder_name,
        issued_on=licence.issued_on,
        valid_from=licence.valid_from,
        valid_until=licence.valid_until,
        status=str(licence.status),
        genuine=licence.genuine,
        sm3=bytes.fromhex(licence.electronic_sm3),
    )


def _stated_report(authority: AuthorityAnswer, line: ReportedLine) -> StatedReport:
    code = authority.freshness.authority_code
    return StatedReport(line.licence_type_name, line.licence_number, code, line.valid_until, str(line.status))


def _stated_authority(authority: AuthorityAnswer) -> StatedAuthority:
    fresh = authority.freshness
    return StatedAuthority(
        fresh.authority_code, fresh.authority_name, fresh.state, fresh.last_report_at, fresh.stale_after
    )


def _licence_value(licence: StatedLicence) -> Value:
    return {
        "authority": licence.authority_code,
        "genuine": licence.genuine.value,
        "holder": licence.holder_name,
        "identifier": licence.licence_identifier,
        "issued_on": licence.issued_on.isoformat(),
        "number": licence.licence_number,
        "sm3": licence.sm3,
        "status": licence.status,
        "type": licence.licence_type,
        "valid_from": licence.valid_from.isoformat(),
        "valid_until": _day_value(licence.valid_until),
    }


def _licence(value: object) -> StatedLicence:
    fields = _map(
        value,
        {"authority", "genuine", "holder", "identifier", "issued_on", "number", "sm3", "status", "type"}
        | {"valid_from", "valid_until"},
    )
    digest = fields["sm3"]
    if not isinstance(digest, bytes) or len(digest) != _DIGEST_BYTES:
        raise SignedListError("an SM3 digest has 32 bytes")
    return StatedLicence(
        licence_identifier=str(LicenceIdentifier.parse(_text(fields["identifier"]))),
        licence_type=_text(fields["type"]),
        licence_number=_text(fields["number"]),
        authority_code=_text(fields["authority"]),
        holder_name=_text(fields["holder"]),
        issued_on=_day(fields["issued_on"]),
        valid_from=_day(fields["valid_from"]),
        valid_until=_until(fields["valid_until"]),
        status=_word(fields["status"], WORDS.keys()),
        genuine=Genuine(_word(fields["genuine"], _GENUINE)),
        sm3=digest,
    )


def _report_value(report: StatedReport) -> Value:
    return {
        "authority": report.authority_code,
        "number": report.licence_number,
        "status": report.status,
        "type": report.licence_type,
        "valid_until": _day_value(report.valid_until),
    }


def _report(value: object) -> StatedReport:
    fields = _map(value, {"authority", "number", "status", "type", "valid_until"})
    return StatedReport(
        licence_type=_text(fields["type"]),
        licence_number=_text(fields["number"]),
        authority_code=_text(fields["authority"]),
        valid_until=_until(fields["valid_until"]),
        status=_word(fields["status"], WORDS.keys()),
    )


def _authority_value(authority: StatedAuthority) -> Value:
    last = authority.last_report_at
    return {
        "code": authority.code,
        "last_report_at": None if last is None else int(last.timestamp()),
        "name": authority.name,
        "stale_after": int(authority.stale_after.total_seconds()),
        "state": authority.state.value,
    }


def _authority(value: object) -> StatedAuthority:
    fields = _map(value, {"code", "last_report_at", "name", "stale_after", "state"})
    last = fields["last_report_at"]
    return StatedAuthority(
        code=_text(fields["code"]),
        name=_text(fields["name"]),
        state=AuthorityState(_word(fields["state"], _STATES)),
        last_report_at=None if last is None else _instant(last),
        stale_after=timedelta(seconds=_whole(fields["stale_after"])),
    )


def _map(value: object, names: set[Any]) -> Mapping[Any, Any]:
    if not isinstance(value, dict) or value.keys() != names:
        raise SignedListError("a map has not exactly its fields")
    return value


def _list(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise SignedListError("a field is no list")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise SignedListError("a field is no text")
    return value


def _word(value: object, words: Any) -> str:
    if value not in words:
        raise SignedListError("a field is none of its words")
    return _text(value)


def _whole(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise SignedListError("a field is no whole number")
    return value


def _instant(value: object) -> datetime:
    return datetime.fromtimestamp(_whole(value), UTC)


def _day(value: object) -> date:
    text = _text(value)
    day = date.fromisoformat(text)
    if day.isoformat() != text:
        raise SignedListError("a day is not written as 2026-01-31")
    return day


def _until(value: object) -> date | None:
    return None if value is None else _day(value)


def _day_value(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
