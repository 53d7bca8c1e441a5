"""Whether who signs for an enterprise is who may: by the register, by an authorisation, or only by the word of the app."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select

from gateway.domain.authorisations import (
    MOST_TOKEN_BYTES,
    TOKEN_TYPE,
    AuthorisationError,
    RoleBasis,
    SigningAuthorisation,
)
from gateway.domain.holder_certificates import HolderCertificateCheck
from gateway.domain.instants import instant
from gateway.domain.signing_answers import OfferedSigner
from gateway.domain.signing_reasons import SigningReason
from gateway.domain.signing_requests import SignerRole
from gateway.errors import RevocationUnknownError
from gateway.persistence.models import Enterprise, SigningRequest
from gateway.services.dependencies import Dependencies
from gateway.services.holder_certificates import HolderCertificates
from signing import sm2
from signing.cose import key_id_of, parse_sign1, verify_sign1
from signing.errors import SigningError
from signing.sm2 import sm3
from signing.x509_fields import public_key_info

_REPRESENTATIVE = select(Enterprise.legal_representative).where(
    Enterprise.unified_social_credit_code == bindparam("code")
)


class RoleRefusedError(Exception):
    """The signer is not who may sign; ``field`` of the offer says what is wrong, ``code`` why."""

    def __init__(self, code: str, field: str = "authorisation") -> None:
        super().__init__(code)
        self.code, self.field = code, field


@dataclass(frozen=True)
class RoleProof:
    """What the role of a signer rests on, found at an instant."""

    signer: OfferedSigner
    basis: RoleBasis
    authorisation: dict[str, Any] | None = None
    """How it was found to hold; names nobody, which the statement itself does."""
    checks: tuple[HolderCertificateCheck, ...] = ()
    """Of the certificates that authorisations were signed with."""

    def evidence_json(self) -> dict[str, Any]:
        """For the evidence of the request."""
        return {"role_basis": self.basis, "authorisation": self.authorisation}


@dataclass(frozen=True)
class _Link:
    """One statement of a chain whose signature verified."""

    token: bytes
    stated: SigningAuthorisation


class SignerRoles:
    """Judges who signs."""

    def __init__(self, deps: Dependencies, certificates: HolderCertificates) -> None:
        self._deps = deps
        self._certificates = certificates

    def prove(self, row: SigningRequest, signer: OfferedSigner, at: datetime) -> RoleProof:
        """What the role that the request asks for rests on at an instant.

        RoleRefusedError; RevocationUnknownError when the certificate of an authorisation cannot be checked now.
        """
        representative = self._representative(row.enterprise_code)
        if signer.authorisation is not None:
            return self._judge(row, signer, representative, at)
        if row.signer_role == SignerRole.LEGAL_REPRESENTATIVE and representative is not None:
            if signer.name.strip() != representative:
                raise RoleRefusedError(SigningReason.WRONG_SIGNER, "signer_name")
            return RoleProof(signer, RoleBasis.REGISTRY)
        if row.requires_authorisation:
            raise RoleRefusedError(SigningReason.AUTHORISATION_MISSING)
        return RoleProof(signer, RoleBasis.CLAIMED)

    def _representative(self, code: str) -> str | None:
        rows = self._deps.quick_reads.rows(_REPRESENTATIVE, {"code": code})
        found: str | None = rows[0].legal_representative if rows else None
        return found

    def _judge(self, row: SigningRequest, signer: OfferedSigner, representative: str | None, at: datetime) -> RoleProof:
        """How an authorisation holds for a request; the first thing that does not is refused."""
        assert signer.authorisation is not None
        chain = _chain(signer.authorisation)
        checks = tuple(self._check(row, link, at) for link in chain)
        named, given = chain[0].stated, chain[-1].stated
        if named.role != row.signer_role:
            raise RoleRefusedError(SigningReason.WRONG_ROLE)
        if named.person.strip() != signer.name.strip():
            raise RoleRefusedError(SigningReason.WRONG_SIGNER, "signer_name")
        if representative is not None and given.giver.strip() != representative:
            raise RoleRefusedError(SigningReason.AUTHORISATION_INVALID)
        # Each statement of the chain has to hold by itself, so that nobody gives more than he has.
        if not all(link.stated.is_valid_at(at) for link in chain):
            raise RoleRefusedError(SigningReason.AUTHORISATION_EXPIRED)
        if not all(link.stated.covers(row.purpose, row.department_code) for link in chain):
            raise RoleRefusedError(SigningReason.AUTHORISATION_OTHER_PURPOSE)
        found = {
            "valid_until": instant(named.valid_until),
            "representative_basis": RoleBasis.CLAIMED if representative is None else RoleBasis.REGISTRY,
            "chain": [_link_json(*each) for each in zip(chain, checks, strict=True)],
        }
        return RoleProof(signer, RoleBasis.AUTHORISATION, found, checks)

    def _check(self, row: SigningRequest, link: _Link, at: datetime) -> HolderCertificateCheck:
        """That the certificate speaks for the enterprise now, as that of a signature has to."""
        check = self._certificates.check(link.stated.certificate, row.enterprise_code, at, as_evidence=True)
        if not check.could_be_checked:
            raise RevocationUnknownError(check.sentence(), hint="Try again later.")
        if check.reason is not None:
            raise RoleRefusedError(check.reason)
        if link.stated.unified_social_credit_code != row.enterprise_code:
            raise RoleRefusedError(SigningReason.AUTHORISATION_INVALID)
        return check


def _link_json(link: _Link, check: HolderCertificateCheck) -> dict[str, Any]:
    return {
        "sm3": sm3(link.token).hex(),
        "role": link.stated.role,
        "given_by_role": link.stated.giver_role,
        "valid_from": instant(link.stated.valid_from),
        "valid_until": instant(link.stated.valid_until),
        "certificate": check.evidence_json(),
    }


def read_authorisation(token: bytes) -> SigningAuthorisation:
    """A statement whose signature verifies under the certificate in it, whoever that is. AuthorisationError."""
    if len(token) > MOST_TOKEN_BYTES:
        raise AuthorisationError("it is too long")
    try:
        message = parse_sign1(token)
        stated = SigningAuthorisation.decode(message.payload)
        spki = public_key_info(stated.certificate)
        verify_sign1(message, sm2.load_public(spki))
    except SigningError as error:
        raise AuthorisationError("the signature does not hold") from error
    if message.media_type != TOKEN_TYPE or message.key_id != key_id_of(spki):
        raise AuthorisationError("a token of another kind, or for another key")
    return stated


def _chain(token: bytes) -> list[_Link]:
    """The statement and the one that it rests on. RoleRefusedError where one does not verify or they do not fit."""
    try:
        lower = read_authorisation(token)
        if lower.under is None:
            return [_Link(token, lower)]
        upper = read_authorisation(lower.under)
    except AuthorisationError as error:
        raise RoleRefusedError(SigningReason.AUTHORISATION_INVALID) from error
    # Who is an administrator was named by the legal representative (``decode``), so that two statements are the most.
    is_longer = lower.valid_until > upper.valid_until
    if is_longer or (lower.giver, lower.giver_role) != (upper.person, upper.role):
        raise RoleRefusedError(SigningReason.AUTHORISATION_INVALID)
    return [_Link(token, lower), _Link(lower.under, upper)]
