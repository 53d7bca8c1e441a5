"""The chain of bindings of a licence to certificates of electronic business licences.

Issuing binds a licence to one; each later certificate is bound by a statement of the issuing authority: a CBOR Web Token
(RFC 8392) that names its predecessor, documented in electronic-business-licences.md. The signature is ``signing.cose``'s affair.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from gateway.domain.answers import Genuine
from gateway.domain.identifiers import CodeError, LicenceIdentifier
from gateway.domain.instants import instant
from signing.cbor import dumps, loads
from signing.errors import MalformedDataError

TOKEN_TYPE = "application/licence-rebinding+cwt"  # noqa: S105 - a media type
"""What the protected header calls the token (``typ``, RFC 9596)."""

_ISSUER, _SUBJECT, _ISSUED_AT = 1, 2, 6
"""iss, sub and iat of RFC 8392: the authority's credit code, the licence identifier, when it was signed."""

_REBINDING = -65603
"""Private claim (RFC 8392, 9.1: below -65536), a map."""
_FIELDS = frozenset({"number", "licence", "previous", "from", "to", "holder", "name", "reason"})
_DIGEST_BYTES = 32


class RebindingError(ValueError):
    """A payload is no statement of a rebinding."""


class RebindingReason(StrEnum):
    """Why a licence is bound to another certificate."""

    FIRST_BINDING = "first_binding"
    """It was converted from paper and bound to none."""
    RENEWAL = "renewal"
    NAME_CHANGE = "name_change"
    EARLIER_CERTIFICATE = "earlier_certificate"
    """The later certificate serves no more, as when it was revoked; an earlier one is still valid."""


_REASON_WORDS = {
    RebindingReason.FIRST_BINDING: ("首次绑定", "bound for the first time"),
    RebindingReason.RENEWAL: ("证书更新后改绑", "bound anew after the certificate was renewed"),
    RebindingReason.NAME_CHANGE: ("企业名称变更后改绑", "bound anew after the enterprise changed its name"),
    RebindingReason.EARLIER_CERTIFICATE: (
        "原绑定证书失效，改绑仍有效的旧证书",
        "bound to an earlier certificate that is still valid, since the later one serves no more",
    ),
}
_PROOF_WORDS = {
    Genuine.YES: ("声明的签名有效", "the statement's signature is valid"),
    Genuine.NO: ("声明与登记或签名不符", "the statement does not fit its signature or the register"),
    Genuine.UNKNOWN: ("声明的签名未能核验", "the statement's signature could not be checked"),
}


@dataclass(frozen=True)
class RebindingStatement:
    """What a statement says; nothing in it is proven until its signature is."""

    authority_code: str
    licence_identifier: str
    stated_at: datetime
    number: int
    """1 for the first statement on a licence, and one more each."""
    licence_sm3: bytes
    """Of the registered electronic licence."""
    previous_sm3: bytes | None
    """Of the statement before this one; None for the first."""
    certificate_before: bytes | None
    """SM3 of the certificate that the licence was bound to; None when it was bound to none."""
    certificate: bytes
    """SM3 of the certificate that it is bound to from now on."""
    holder_code: str
    holder_name: str
    """The enterprise's name at that time."""
    reason: RebindingReason

    def encode(self) -> bytes:
        """Deterministic CBOR."""
        return dumps(
            {
                _ISSUER: self.authority_code,
                _SUBJECT: self.licence_identifier,
                _ISSUED_AT: int(self.stated_at.timestamp()),
                _REBINDING: {
                    "number": self.number,
                    "licence": self.licence_sm3,
                    "previous": self.previous_sm3,
                    "from": self.certificate_before,
                    "to": self.certificate,
                    "holder": self.holder_code,
                    "name": self.holder_name,
                    "reason": self.reason.value,
                },
            }
        )

    @classmethod
    def decode(cls, payload: bytes) -> "RebindingStatement":
        """RebindingError for anything but exactly these claims."""
        try:
            claims: Any = loads(payload)
            if not isinstance(claims, dict) or claims.keys() != {_ISSUER, _SUBJECT, _ISSUED_AT, _REBINDING}:
                raise RebindingError("the claims are not those of a rebinding")
            stated = claims[_REBINDING]
            if not isinstance(stated, dict) or stated.keys() != _FIELDS:
                raise RebindingError("the statement has not exactly its fields")
            return cls(
                authority_code=_text(claims[_ISSUER]),
                licence_identifier=str(LicenceIdentifier.parse(_text(claims[_SUBJECT]))),
                stated_at=datetime.fromtimestamp(_whole(claims[_ISSUED_AT]), UTC),
                number=_whole(stated["number"]),
                licence_sm3=_digest(stated["licence"]),
                previous_sm3=None if stated["previous"] is None else _digest(stated["previous"]),
                certificate_before=None if stated["from"] is None else _digest(stated["from"]),
                certificate=_digest(stated["to"]),
                holder_code=_text(stated["holder"]),
                holder_name=_text(stated["name"]),
                reason=RebindingReason(_text(stated["reason"])),
            )
        except (MalformedDataError, CodeError, ValueError, OverflowError, OSError) as error:
            raise RebindingError("the payload is no statement of a rebinding") from error


@dataclass(frozen=True)
class BindingStep:
    """One binding in the chain."""

    number: int
    """0 is that of the issue."""
    certificate_sm3: str | None
    """None when the licence was bound to none."""
    bound_at: datetime
    reason: RebindingReason | None
    """None for the issue."""
    genuine: Genuine | None
    """What checking the statement gave; None for the issue, whose binding the signature of the licence covers."""
    statement_sm3: str | None = None

    def sentence(self) -> tuple[str, str]:
        """In Chinese and English."""
        day, to = self.bound_at.strftime("%Y-%m-%d"), (self.certificate_sm3 or "")[:16]
        if self.reason is None:
            if self.certificate_sm3 is None:
                return (
                    f"{day} 签发时未绑定电子营业执照",
                    f"{day}: not bound to an electronic business licence when issued",
                )
            return f"{day} 签发时绑定证书 {to}", f"{day}: bound to certificate {to} when issued"
        (zh, en), proof = _REASON_WORDS[self.reason], _PROOF_WORDS[self.genuine or Genuine.UNKNOWN]
        return f"{day} {zh}至证书 {to}（{proof[0]}）", f"{day}: {en}, to certificate {to} ({proof[1]})"

    def to_json(self) -> dict[str, Any]:
        """The form in reports and API answers."""
        zh, en = self.sentence()
        return {
            "number": self.number,
            "certificate_sm3": self.certificate_sm3,
            "bound_at": instant(self.bound_at),
            "reason": self.reason,
            "genuine": self.genuine,
            "statement_sm3": self.statement_sm3,
            "message": {"zh": zh, "en": en},
        }


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise RebindingError("a field is no text")
    return value


def _whole(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise RebindingError("a field is no whole number")
    return value


def _digest(value: object) -> bytes:
    if not isinstance(value, bytes) or len(value) != _DIGEST_BYTES:
        raise RebindingError("an SM3 digest has 32 bytes")
    return value
