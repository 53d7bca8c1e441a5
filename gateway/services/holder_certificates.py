"""Certificates of electronic business licences: registered once checked, and asked whether they speak for an enterprise."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Row, Select, bindparam, select

from certs.credit_code import extract_credit_code
from certs.errors import CreditCodeError, CreditCodesDifferError
from gateway.domain.actors import OPERATOR, Actor, Scope
from gateway.domain.holder_certificates import (
    ENDED_REGISTRATIONS,
    CertificateState,
    HeldCertificate,
    HolderCertificateCheck,
    HolderCertificateReason,
    reason_of,
)
from gateway.errors import BindingRefusedError, NotFoundError
from gateway.persistence.models import AuditEvent, ElectronicBusinessLicence, Enterprise, HolderCertificateWatch
from gateway.persistence.retrying import retried
from gateway.persistence.session import reading
from gateway.services.dependencies import Dependencies
from signing.errors import MalformedDataError
from signing.sm2 import sm3
from signing.validation.checks import decisive
from signing.validation.policy import Use
from signing.validation.process import validate_certificate
from signing.validation.relevance import relevant_revocation_data
from signing.validation.x509 import load_certificate


class HolderCertificates:
    """Which certificate speaks for which enterprise."""

    def __init__(self, deps: Dependencies) -> None:
        self._deps = deps

    def check(
        self, certificate_der: bytes, credit_code: str, at: datetime, *, as_evidence: bool = False
    ) -> HolderCertificateCheck:
        """Whether a certificate, registered or not, speaks for a registered enterprise at an instant.

        ``as_evidence`` gives the path and the revocation data that it was judged by, too. NotFoundError when no enterprise is
        registered under ``credit_code``, TrustStoreError without trust material; everything that is wrong with the
        certificate is an answer.
        """
        registration = next(iter(self._deps.quick_reads.rows(_REGISTRATION, {"code": credit_code})), None)
        if registration is None:
            raise NotFoundError(f"企业 {credit_code} 未登记。No enterprise is registered under {credit_code}.")
        status = registration.registration_status
        return self.check_registered(certificate_der, credit_code, at, status, as_evidence=as_evidence)

    def check_registered(
        self,
        certificate_der: bytes,
        credit_code: str,
        at: datetime,
        registration_status: str,
        *,
        as_evidence: bool = False,
    ) -> HolderCertificateCheck:
        """``check`` for an enterprise whose registration was read already."""
        check = self._check_certificate(certificate_der, credit_code, at, as_evidence=as_evidence)
        if check.reason in _SAYS_WHOSE or registration_status not in ENDED_REGISTRATIONS:
            return check
        detail = f"the registration is {registration_status}"
        return replace(check, reason=HolderCertificateReason.ENTERPRISE_CANCELLED, detail=detail)

    def _check_certificate(
        self, certificate: bytes, credit_code: str, at: datetime, *, as_evidence: bool = False
    ) -> HolderCertificateCheck:
        """The certificate by itself: whose it is, then whether it is in force."""
        check = HolderCertificateCheck(sm3(certificate).hex(), credit_code, None, at)
        try:
            found = extract_credit_code(certificate, self._deps.credit_code_rules)
        except CreditCodesDifferError as error:
            return replace(check, reason=HolderCertificateReason.CREDIT_CODES_DIFFER, detail=str(error))
        except CreditCodeError as error:
            return replace(check, reason=HolderCertificateReason.NO_CREDIT_CODE, detail=str(error))
        if found != credit_code:
            reason, detail = HolderCertificateReason.WRONG_ENTERPRISE, f"it belongs to {found}"
            return replace(check, found_code=found, reason=reason, detail=detail)
        check = replace(check, found_code=found)
        try:
            parsed = load_certificate(certificate)
        except MalformedDataError as error:
            return replace(check, reason=HolderCertificateReason.CERTIFICATE_UNTRUSTED, detail=str(error))
        policy = self._deps.policy()
        validation = validate_certificate(certificate, policy, at=at, use=Use.ENTERPRISE)
        fault = decisive(validation.checks)
        data = (validation.chain,), policy.crls, policy.ocsp_responses
        return replace(
            check,
            reason=reason_of(validation, at, parsed.not_before, parsed.not_after),
            detail="" if fault is None else fault.detail,
            revocation_data=relevant_revocation_data(*data) if as_evidence else (),
            chain=validation.chain if as_evidence else (),
        )

    @retried
    def register(self, certificate: bytes, *, actor: Actor = OPERATOR) -> HolderCertificateCheck:
        """Register a certificate (DER) of an electronic business licence for the enterprise that it names; again is no change.

        BindingRefusedError with its reason when it is not in force, not trusted, or of no known enterprise; ForbiddenError.
        """
        if Scope.ADMINISTER not in actor.scopes:
            actor.require(Scope.LICENCES_ISSUE)
        now = self._deps.clock()
        check = self._check_named(certificate, now)
        if not check.is_accepted:
            raise BindingRefusedError(check.sentence())
        if actor.is_sandbox:
            # Certificates are real, and a sandbox makes samples only.
            return check
        parsed = load_certificate(certificate)
        with self._deps.sessions.begin() as session:
            # Two that register the same one at once meet at its enterprise.
            session.get(Enterprise, check.unified_social_credit_code, with_for_update=True)
            if session.get(ElectronicBusinessLicence, check.certificate_sm3) is not None:
                return check
            licence = ElectronicBusinessLicence(
                certificate_sm3=check.certificate_sm3,
                unified_social_credit_code=check.unified_social_credit_code,
                certificate=certificate,
                not_before=parsed.not_before,
                not_after=parsed.not_after,
                registered_at=now,
            )
            event = AuditEvent(
                occurred_at=now,
                action="business_licence_registered",
                subject=check.unified_social_credit_code,
                detail={"certificate_sm3": check.certificate_sm3},
                actor=actor.audit(),
            )
            session.add_all((licence, event))
        return check

    def _check_named(self, certificate: bytes, at: datetime) -> HolderCertificateCheck:
        """``check`` for the enterprise that the certificate itself names."""
        try:
            code = extract_credit_code(certificate, self._deps.credit_code_rules)
        except CreditCodeError:
            return self._check_certificate(certificate, "", at)
        try:
            return self.check(certificate, code, at)
        except NotFoundError as error:
            raise BindingRefusedError(error.message) from error

    def of_enterprise(self, code: str) -> list[HeldCertificate]:
        """Every certificate of an enterprise, the newest first. NotFoundError for an enterprise that is not registered."""
        with reading(self._deps.sessions) as session:
            if session.get(Enterprise, code) is None:
                raise NotFoundError(f"企业 {code} 未登记。No enterprise is registered under {code}.")
            query = _held().where(ElectronicBusinessLicence.unified_social_credit_code == code)
            return [_view(row) for row in session.execute(query)]

    def troubled(self) -> list[HeldCertificate]:
        """Certificates that end soon or are not in order, as they were looked at last; what changed last comes first."""
        with reading(self._deps.sessions) as session:
            query = _held().where(HolderCertificateWatch.state != CertificateState.ACCEPTED)
            newest = query.order_by(None).order_by(HolderCertificateWatch.since.desc()).limit(_MOST_LISTED)
            return [_view(row) for row in session.execute(newest)]

    def certified_codes(self) -> frozenset[str]:
        """Codes of the enterprises that have an electronic business licence here."""
        with self._deps.sessions.begin() as session:
            return frozenset(session.scalars(select(ElectronicBusinessLicence.unified_social_credit_code)))


_SAYS_WHOSE = frozenset(
    {
        HolderCertificateReason.NO_CREDIT_CODE,
        HolderCertificateReason.CREDIT_CODES_DIFFER,
        HolderCertificateReason.WRONG_ENTERPRISE,
    }
)
"""It is not even the enterprise's: what became of the enterprise does not matter then."""
_MOST_LISTED = 200
_REGISTRATION = select(Enterprise.registration_status).where(Enterprise.unified_social_credit_code == bindparam("code"))


def _held() -> Select[ElectronicBusinessLicence, str, HolderCertificateWatch | None]:
    return (
        select(ElectronicBusinessLicence, Enterprise.name, HolderCertificateWatch)
        .join(
            Enterprise,
            Enterprise.unified_social_credit_code == ElectronicBusinessLicence.unified_social_credit_code,
        )
        .outerjoin(
            HolderCertificateWatch,
            HolderCertificateWatch.certificate_sm3 == ElectronicBusinessLicence.certificate_sm3,
        )
        .order_by(ElectronicBusinessLicence.not_before.desc(), ElectronicBusinessLicence.registered_at.desc())
    )


def _view(row: Row[ElectronicBusinessLicence, str, HolderCertificateWatch | None]) -> HeldCertificate:
    licence, name, watch = row
    view = HeldCertificate(
        certificate_sm3=licence.certificate_sm3,
        unified_social_credit_code=licence.unified_social_credit_code,
        enterprise_name=name,
        not_before=licence.not_before,
        not_after=licence.not_after,
        registered_at=licence.registered_at,
        state=None,
    )
    if watch is None:
        return view
    return replace(view, state=watch.state, since=watch.since, checked_at=watch.checked_at, is_current=watch.is_current)
