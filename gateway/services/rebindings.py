"""Binds licences to later certificates of their holders' electronic business licences, by statements of their authorities."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from gateway.domain.actors import OPERATOR, Actor, Scope
from gateway.domain.holder_certificates import HolderCertificateCheck
from gateway.domain.rebindings import TOKEN_TYPE, BindingStep, RebindingReason, RebindingStatement
from gateway.domain.status import ENDED
from gateway.errors import ConflictError, GatewayError, NotFoundError, TransitionRefusedError
from gateway.persistence.models import (
    AuditEvent,
    ElectronicBusinessLicence,
    Enterprise,
    Licence,
    LicenceVersion,
    Rebinding,
    RegistrationChange,
)
from gateway.persistence.retrying import retried
from gateway.persistence.session import reading
from gateway.services.binding_chains import binding_chain, rebindings_of
from gateway.services.catalogue import Catalogues
from gateway.services.dependencies import Dependencies
from gateway.services.drafts import SealInUse
from gateway.services.enterprises import Enterprises
from gateway.services.held_licences import find_version
from gateway.services.holder_certificates import HolderCertificates
from gateway.services.listing import WHOLE, current_status
from gateway.services.seals import Seals, key_at_work
from signing.cose import sign1
from signing.sm2 import sm3


@dataclass(frozen=True)
class RebindingRun:
    """What became of an enterprise's licences."""

    bound: tuple[str, ...]
    """Identifiers of those that were bound anew."""
    refused: tuple[tuple[str, GatewayError], ...]
    """Those that were not, and why; ``rebind_enterprise`` again tries them again."""

    def to_json(self) -> dict[str, Any]:
        """The form in API answers."""
        return {
            "bound": list(self.bound),
            "refused": [
                {"licence_identifier": identifier, "code": error.code, "message": error.message}
                for identifier, error in self.refused
            ],
        }


@dataclass(frozen=True)
class _Bound:
    """A licence version and what it is bound to."""

    version: LicenceVersion
    chain: tuple[BindingStep, ...]
    enterprise_name: str


class Rebindings:
    """Keeps licences bound to the newest certificate of their holder that serves."""

    def __init__(
        self,
        deps: Dependencies,
        catalogue: Catalogues,
        enterprises: Enterprises,
        holder_certificates: HolderCertificates,
        seals: Seals,
    ) -> None:
        self._deps = deps
        self._catalogue = catalogue
        self._enterprises = enterprises
        self._holder_certificates = holder_certificates
        self._seals = seals

    def register(self, certificate: bytes, *, actor: Actor = OPERATOR) -> tuple[HolderCertificateCheck, RebindingRun]:
        """Register a certificate and bind its enterprise's licences to it; what cannot be bound now is told.

        Errors of ``HolderCertificates.register``.
        """
        check = self._holder_certificates.register(certificate, actor=actor)
        if actor.is_sandbox:
            return check, RebindingRun((), ())
        return check, self.rebind_enterprise(check.unified_social_credit_code, actor=actor)

    def rebind_enterprise(self, code: str, *, actor: Actor = OPERATOR) -> RebindingRun:
        """Bind every licence of an enterprise that is not over to its newest certificate; those that are stay as they are."""
        bound, refused = [], []
        for identifier in self._standing(code):
            try:
                if self._rebind(identifier, actor):
                    bound.append(identifier)
            except GatewayError as error:
                refused.append((identifier, error))
        return RebindingRun(tuple(bound), tuple(refused))

    def rebind(self, licence_identifier: str, *, actor: Actor = OPERATOR) -> bool:
        """Bind one licence version to its holder's newest certificate; False when it is already.

        NotFoundError, ForbiddenError; TransitionRefusedError for one that is over, BindingRefusedError when the certificate
        does not serve, SealRefusedError or KeyUnavailableError when the authority cannot sign.
        """
        with reading(self._deps.sessions) as session:
            find_version(session, licence_identifier, actor, Scope.LICENCES_CHANGE)
        return self._rebind(licence_identifier, actor)

    def chain(self, licence_identifier: str) -> tuple[BindingStep, ...]:
        """The chain of bindings of a licence version, every statement checked now; a sample has none to tell. NotFoundError."""
        with reading(self._deps.sessions) as session:
            version = _version(session, licence_identifier)
            if version.licence.is_sample:
                return ()
            return binding_chain(self._deps, session, version, self._deps.clock())

    def of_enterprise(self, code: str) -> list[tuple[str, tuple[BindingStep, ...]]]:
        """Number and chain of each licence of an enterprise that was bound anew, some at most; one quick read where none was."""
        rebound = self._deps.quick_reads.rows(_REBOUND, {"code": code})
        if not rebound:
            return []
        now = self._deps.clock()
        with reading(self._deps.sessions) as session:
            versions = [_version(session, row.licence_identifier) for row in rebound]
            return [(v.licence.licence_number, binding_chain(self._deps, session, v, now)) for v in versions]

    def statement(self, licence_identifier: str, number: int) -> bytes:
        """One statement, COSE_Sign1. NotFoundError."""
        with reading(self._deps.sessions) as session:
            version = _version(session, licence_identifier)
            for row in rebindings_of(session, licence_identifier):
                if row.number == number and not version.licence.is_sample:
                    return row.statement
        raise _unknown(f"{licence_identifier} ({number})")

    def _standing(self, code: str) -> list[str]:
        """Identifiers of an enterprise's newest versions."""
        query = (
            select(LicenceVersion)
            .join(LicenceVersion.licence)
            .where(Licence.holder_code == code, Licence.is_sample.is_(False))
            .order_by(LicenceVersion.licence_identifier)
            .options(*WHOLE)
        )
        now = self._deps.clock()
        with reading(self._deps.sessions) as session:
            versions = session.scalars(query).unique().all()
            return [
                v.licence_identifier for v in versions if v.successor is None and current_status(v, now) not in ENDED
            ]

    def _rebind(self, licence_identifier: str, actor: Actor) -> bool:
        """Sign outside of any transaction; the statement stands only where nobody bound it meanwhile."""
        now = self._deps.clock()
        with reading(self._deps.sessions) as session:
            found = self._read(session, licence_identifier, now)
            licence = found.version.licence
            authority_code, is_sample = licence.authority_code, licence.is_sample
            binding = self._enterprises.binding(licence.holder_code, None)
            if found.chain[-1].certificate_sm3 == binding.certificate_sm3:
                return False
            stated = self._stated(session, found, binding.certificate_sm3, now)
        authority = self._catalogue.load().authorities_by_code.get(authority_code)
        if authority is None:
            raise NotFoundError(f"发证机关 {authority_code} 不在目录中。The authority is not in the catalogue.")
        seal = self._seals.in_use(authority, is_sample=is_sample)
        with key_at_work(seal.key_id):
            token = sign1(stated.encode(), seal.key, key_id=bytes.fromhex(seal.key_id), media_type=TOKEN_TYPE)
        self._record(stated, token, seal, actor)
        return True

    def _read(self, session: Session, licence_identifier: str, now: datetime) -> _Bound:
        version = _version(session, licence_identifier)
        if version.successor is not None or current_status(version, now) in ENDED:
            raise TransitionRefusedError("证照已终止或被替换，不再改绑。The licence is over; it is not bound anew.")
        enterprise = session.get_one(Enterprise, version.licence.holder_code)
        return _Bound(version, binding_chain(self._deps, session, version, now), enterprise.name)

    def _stated(self, session: Session, found: _Bound, certificate_sm3: str, now: datetime) -> RebindingStatement:
        version, last = found.version, found.chain[-1]
        return RebindingStatement(
            authority_code=version.licence.authority_code,
            licence_identifier=version.licence_identifier,
            stated_at=now,
            number=last.number + 1,
            licence_sm3=bytes.fromhex(version.electronic_sm3),
            previous_sm3=None if last.statement_sm3 is None else bytes.fromhex(last.statement_sm3),
            certificate_before=None if last.certificate_sm3 is None else bytes.fromhex(last.certificate_sm3),
            certificate=bytes.fromhex(certificate_sm3),
            holder_code=version.licence.holder_code,
            holder_name=found.enterprise_name,
            reason=_reason(session, version.licence.holder_code, last, certificate_sm3),
        )

    @retried
    def _record(self, stated: RebindingStatement, token: bytes, seal: SealInUse, actor: Actor) -> None:
        """Keep a statement. ConflictError when another one was kept since it was prepared."""
        identifier, certificate_sm3 = stated.licence_identifier, stated.certificate.hex()
        before = None if stated.certificate_before is None else stated.certificate_before.hex()
        with self._deps.sessions.begin() as session:
            version = _version(session, identifier)
            session.scalar(select(Licence.id).where(Licence.id == version.licence_id).with_for_update())
            if len(rebindings_of(session, identifier)) != stated.number - 1:
                raise ConflictError("该证照刚刚已改绑。The licence was bound anew meanwhile.", hint="Try again.")
            row = Rebinding(
                licence_identifier=identifier,
                number=stated.number,
                certificate_sm3=certificate_sm3,
                reason=stated.reason,
                statement=token,
                stated_at=stated.stated_at,
            )
            event = AuditEvent(
                occurred_at=stated.stated_at,
                action="licence_rebound",
                subject=identifier,
                detail={
                    "number": stated.number,
                    "statement_sm3": sm3(token).hex(),
                    "holder_certificate_sm3": certificate_sm3,
                    "holder_certificate_sm3_before": before,
                    "reason": stated.reason,
                    "seal_key_id": seal.key_id,
                },
                actor=actor.audit(),
            )
            session.add_all((row, event))


_MOST_SHOWN = 20
_REBOUND = (
    select(Rebinding.licence_identifier)
    .join(LicenceVersion, LicenceVersion.licence_identifier == Rebinding.licence_identifier)
    .join(Licence, Licence.id == LicenceVersion.licence_id)
    .where(Licence.holder_code == bindparam("code"), Licence.is_sample.is_(False))
    .group_by(Rebinding.licence_identifier)
    .order_by(Rebinding.licence_identifier)
    .limit(_MOST_SHOWN)
)


def _version(session: Session, licence_identifier: str) -> LicenceVersion:
    query = select(LicenceVersion).where(LicenceVersion.licence_identifier == licence_identifier).options(*WHOLE)
    version = session.scalar(query)
    if version is None:
        raise _unknown(licence_identifier)
    return version


def _unknown(licence_identifier: str) -> NotFoundError:
    return NotFoundError(f"没有登记 {licence_identifier}。No licence is registered under {licence_identifier}.")


def _reason(session: Session, code: str, last: BindingStep, certificate_sm3: str) -> RebindingReason:
    """Why: the first one, back to an earlier one, a new name since the last certificate was registered, or else a renewal."""
    if last.certificate_sm3 is None:
        return RebindingReason.FIRST_BINDING
    before = session.get_one(ElectronicBusinessLicence, last.certificate_sm3)
    if session.get_one(ElectronicBusinessLicence, certificate_sm3).not_before < before.not_before:
        return RebindingReason.EARLIER_CERTIFICATE
    registered_at = before.registered_at
    renamed = select(RegistrationChange.id).where(
        RegistrationChange.unified_social_credit_code == code,
        RegistrationChange.name != RegistrationChange.name_before,
        RegistrationChange.recorded_at >= registered_at,
    )
    return RebindingReason.RENEWAL if session.scalar(renamed.limit(1)) is None else RebindingReason.NAME_CHANGE
