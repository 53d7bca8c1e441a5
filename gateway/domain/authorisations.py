"""Limited authorisations: who may sign for an enterprise, as what, for which purposes, from when until when, and who says so.

A statement is canonical JSON (RFC 8785) in a COSE_Sign1 by the enterprise's electronic business licence, documented in
docs/enterprise-signing.md. The signature is ``signing.cose``'s affair.
"""

import json
from base64 import b64decode, b64encode
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from gateway.domain.instants import instant, read_instant
from gateway.domain.signing_requests import SignerRole
from signing.canonical_json import canonical
from signing.errors import MalformedDataError

TOKEN_TYPE = "application/signing-authorisation+json"  # noqa: S105 - a media type
"""What the protected header calls the token (``typ``, RFC 9596)."""
STATEMENT_TYPE = "signing-authorisation"
MOST_TOKEN_BYTES = 16_384
"""Of a statement with the one that it rests on."""
_MOST_TEXT, _MOST_LISTED = 200, 100
_MAY_NAME = {
    SignerRole.LEGAL_REPRESENTATIVE: frozenset({SignerRole.LICENCE_ADMINISTRATOR, SignerRole.HANDLING_PERSON}),
    SignerRole.LICENCE_ADMINISTRATOR: frozenset({SignerRole.HANDLING_PERSON}),
    SignerRole.HANDLING_PERSON: frozenset[SignerRole](),
}


class RoleBasis(StrEnum):
    """What the role of a signer rests on."""

    CLAIMED = "claimed"
    """The word of the app, and nothing else."""
    REGISTRY = "registry"
    """The register names this person as the legal representative."""
    AUTHORISATION = "authorisation"
    """A statement of the enterprise that was verified."""


BASIS_WORDS: dict[RoleBasis, tuple[str, str]] = {
    RoleBasis.CLAIMED: ("仅凭 app 所述，未经证明", "by word of the app, not proven"),
    RoleBasis.REGISTRY: ("与登记的法定代表人一致", "by the register"),
    RoleBasis.AUTHORISATION: ("凭企业的授权书", "by an authorisation"),
}


class AuthorisationError(ValueError):
    """A payload is no authorisation, or one that nobody may give."""


@dataclass(frozen=True)
class SigningAuthorisation:
    """What a statement says; nothing in it is proven until its signature is."""

    unified_social_credit_code: str
    person: str
    role: SignerRole
    giver: str
    giver_role: SignerRole
    valid_from: datetime
    """Aware UTC, whole seconds."""
    valid_until: datetime
    certificate: bytes
    """DER of the electronic business licence that signs it."""
    purposes: tuple[str, ...] | None = None
    """The requests' purposes, word for word; None: any."""
    departments: tuple[str, ...] | None = None
    """Credit codes of the authorities that may ask; None: anybody."""
    under: bytes | None = None
    """The giver's own authorisation; None where the legal representative gives it."""

    def encode(self) -> bytes:
        """Canonical JSON."""
        stated = {
            "type": STATEMENT_TYPE,
            "unified_social_credit_code": self.unified_social_credit_code,
            "person": self.person,
            "role": self.role,
            "given_by": {"name": self.giver, "role": self.giver_role},
            "valid_from": instant(self.valid_from),
            "valid_until": instant(self.valid_until),
            "purposes": self.purposes,
            "departments": self.departments,
            "certificate": b64encode(self.certificate).decode(),
            "under": None if self.under is None else b64encode(self.under).decode(),
        }
        return canonical(json.dumps(stated).encode())

    @classmethod
    def decode(cls, payload: bytes) -> "SigningAuthorisation":
        """AuthorisationError for anything but exactly these fields in canonical form, by somebody who may give it."""
        try:
            found = cls._read(json.loads(payload))
            is_canonical = found.encode() == payload
        except (MalformedDataError, LookupError, TypeError, ValueError, OverflowError, RecursionError) as error:
            raise AuthorisationError("the payload is no authorisation") from error
        if not is_canonical:
            raise AuthorisationError("the payload has another form, or other fields")
        if found.role not in _MAY_NAME[found.giver_role]:
            raise AuthorisationError(f"a {found.giver_role} names no {found.role}")
        if (found.under is None) is not (found.giver_role is SignerRole.LEGAL_REPRESENTATIVE):
            raise AuthorisationError("who is no legal representative needs an authorisation to give one")
        return found

    @classmethod
    def _read(cls, stated: dict[str, Any]) -> "SigningAuthorisation":
        under = stated["under"]
        return cls(
            unified_social_credit_code=_text(stated["unified_social_credit_code"]),
            person=_text(stated["person"]),
            role=SignerRole(stated["role"]),
            giver=_text(stated["given_by"]["name"]),
            giver_role=SignerRole(stated["given_by"]["role"]),
            valid_from=read_instant(stated["valid_from"]),
            valid_until=read_instant(stated["valid_until"]),
            purposes=_texts(stated["purposes"]),
            departments=_texts(stated["departments"]),
            certificate=_octets(stated["certificate"]),
            under=None if under is None else _octets(under),
        )

    def is_valid_at(self, at: datetime) -> bool:
        """Whether it holds at an instant, by its own words."""
        return self.valid_from <= at < self.valid_until

    def covers(self, purpose: str, department_code: str | None) -> bool:
        """Whether a request of this purpose by this authority (None: the enterprise's own system) is within its limits."""
        is_named = self.departments is None or department_code in self.departments
        return is_named and (self.purposes is None or purpose in self.purposes)

    def to_json(self) -> dict[str, Any]:
        """What it says, without the signatures that say so."""
        return {
            "person": self.person,
            "role": self.role,
            "given_by": {"name": self.giver, "role": self.giver_role},
            "valid_from": instant(self.valid_from),
            "valid_until": instant(self.valid_until),
            "purposes": None if self.purposes is None else list(self.purposes),
            "departments": None if self.departments is None else list(self.departments),
        }


def _text(value: object) -> str:
    if not isinstance(value, str) or not 0 < len(value.strip()) <= len(value) <= _MOST_TEXT or not value.isprintable():
        raise ValueError("not a short text")
    return value


def _octets(value: str) -> bytes:
    return b64decode(value, validate=True)


def _texts(value: object) -> tuple[str, ...] | None:
    if value is None:
        return None
    if not isinstance(value, list) or not 0 < len(value) <= _MOST_LISTED:
        raise ValueError("not a short list")
    return tuple(map(_text, value))
