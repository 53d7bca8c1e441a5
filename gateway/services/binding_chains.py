"""The chain of bindings of a licence version, each statement checked as it stands."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from certs.credit_code import extract_credit_code
from certs.errors import CertsError
from gateway.domain.answers import Genuine
from gateway.domain.rebindings import TOKEN_TYPE, BindingStep, RebindingError, RebindingReason, RebindingStatement
from gateway.persistence.models import LicenceVersion, Rebinding
from gateway.services.dependencies import Dependencies
from signing.cose import Sign1, parse_sign1, verify_sign1
from signing.errors import InvalidSignatureError, SigningError
from signing.sm2 import load_public, sm3
from signing.validation.process import validate_certificate
from signing.validation.report import Conclusion
from signing.x509_fields import public_key_info


def rebindings_of(session: Session, licence_identifier: str) -> Sequence[Rebinding]:
    """The statements on a version, the oldest first."""
    query = select(Rebinding).where(Rebinding.licence_identifier == licence_identifier).order_by(Rebinding.number)
    return session.scalars(query).all()


def binding_chain(
    deps: Dependencies, session: Session, version: LicenceVersion, at: datetime
) -> tuple[BindingStep, ...]:
    """The binding of the issue and every later one."""
    steps = [BindingStep(0, version.holder_certificate_sm3, version.signed_at, None, None)]
    previous: str | None = None
    for row in rebindings_of(session, version.licence_identifier):
        statement_sm3 = sm3(row.statement).hex()
        genuine = _check(deps, row, version, (steps[-1].certificate_sm3, previous), at)
        reason = RebindingReason(row.reason)
        steps.append(BindingStep(row.number, row.certificate_sm3, row.stated_at, reason, genuine, statement_sm3))
        previous = statement_sm3
    return tuple(steps)


def _check(
    deps: Dependencies, row: Rebinding, version: LicenceVersion, before: tuple[str | None, str | None], at: datetime
) -> Genuine:
    """Yes when the statement says what the register says and a seal of the authority signed it; unknown where no one can tell."""
    try:
        message = parse_sign1(row.statement)
        stated = RebindingStatement.decode(message.payload)
    except (SigningError, RebindingError):
        return Genuine.NO
    if message.media_type != TOKEN_TYPE or stated != _expected(row, version, before, stated.holder_name):
        return Genuine.NO
    return _check_signer(deps, message, version.licence.authority_code, at)


def _check_signer(deps: Dependencies, message: Sign1, authority_code: str, at: datetime) -> Genuine:
    certificate = deps.trust_store.certificate_by_key_id(message.key_id)
    if certificate is None:
        return Genuine.UNKNOWN
    try:
        verify_sign1(message, load_public(public_key_info(certificate)))
        is_of_authority = extract_credit_code(certificate, deps.credit_code_rules) == authority_code
    except InvalidSignatureError:
        return Genuine.NO
    except (SigningError, CertsError):
        return Genuine.UNKNOWN
    if not is_of_authority:
        return Genuine.NO
    validation = validate_certificate(certificate, deps.policy(), at=at, use="signature")
    return Genuine.YES if validation.conclusion is Conclusion.PASSED else Genuine.UNKNOWN


def _expected(
    row: Rebinding, version: LicenceVersion, before: tuple[str | None, str | None], holder_name: str
) -> RebindingStatement:
    """What the register says that the statement should say; the name of the time stands in it alone."""
    certificate_before, previous = before
    return RebindingStatement(
        authority_code=version.licence.authority_code,
        licence_identifier=version.licence_identifier,
        stated_at=row.stated_at,
        number=row.number,
        licence_sm3=bytes.fromhex(version.electronic_sm3),
        previous_sm3=None if previous is None else bytes.fromhex(previous),
        certificate_before=None if certificate_before is None else bytes.fromhex(certificate_before),
        certificate=bytes.fromhex(row.certificate_sm3),
        holder_code=version.licence.holder_code,
        holder_name=holder_name,
        reason=RebindingReason(row.reason),
    )
