"""Enterprises and the electronic business licences that licences are bound to."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from cryptography import x509
from sqlalchemy import select
from sqlalchemy.orm import Session

from certs.credit_code import extract_credit_code
from certs.errors import CreditCodeError
from gateway.domain.actors import OPERATOR
from gateway.domain.answers import EnterpriseView
from gateway.domain.identifiers import check_unified_social_credit_code
from gateway.errors import BindingRefusedError
from gateway.persistence.models import AuditEvent, ElectronicBusinessLicence, Enterprise
from gateway.services.dependencies import Dependencies
from gateway.services.drafts import HolderBinding
from signing.sm2 import sm3
from signing.validation.process import validate_certificate
from signing.validation.report import Conclusion, SubIndication


class Enterprises:
    """Who holds licences, and with which certificate it is bound to them."""

    def __init__(self, deps: Dependencies) -> None:
        self._deps = deps

    def register(self, records: Iterable[Mapping[str, Any]]) -> int:
        """Register enterprises (keys of ``enterprises.jsonl``); those already known are left alone. Gives the number added."""
        added = 0
        with self._deps.sessions.begin() as session:
            for record in records:
                code = check_unified_social_credit_code(str(record["unified_social_credit_code"])).code
                if session.get(Enterprise, code) is None:
                    session.add(_enterprise(code, record))
                    added += 1
        return added

    def register_certificate(self, certificate: bytes) -> None:
        """Register an electronic business licence (DER). BindingRefusedError when it is not that of a known enterprise."""
        try:
            code = extract_credit_code(certificate, self._deps.credit_code_rules)
        except CreditCodeError as error:
            raise BindingRefusedError(str(error)) from error
        parsed = x509.load_der_x509_certificate(certificate)
        digest = sm3(certificate).hex()
        with self._deps.sessions.begin() as session:
            if session.get(Enterprise, code) is None:
                raise BindingRefusedError(f"No enterprise is registered under {code}.")
            if session.get(ElectronicBusinessLicence, digest) is None:
                session.add(
                    ElectronicBusinessLicence(
                        certificate_sm3=digest,
                        unified_social_credit_code=code,
                        certificate=certificate,
                        not_before=parsed.not_valid_before_utc,
                        not_after=parsed.not_valid_after_utc,
                        registered_at=self._deps.clock(),
                    )
                )
                session.add(
                    AuditEvent(
                        occurred_at=self._deps.clock(),
                        action="business_licence_registered",
                        subject=code,
                        detail={"certificate_sm3": digest},
                        actor=OPERATOR.audit(),
                    )
                )

    def certified_codes(self) -> frozenset[str]:
        """Codes of the enterprises that have an electronic business licence here."""
        with self._deps.sessions.begin() as session:
            return frozenset(session.scalars(select(ElectronicBusinessLicence.unified_social_credit_code)))

    def binding(self, session: Session, code: str, name: str) -> HolderBinding:
        """The holder's newest electronic business licence, checked now. BindingRefusedError says why it does not serve."""
        enterprise = session.get(Enterprise, code)
        if enterprise is None:
            raise BindingRefusedError(f"持证主体 {code} 未登记。No enterprise is registered under {code}.")
        if enterprise.name != name:
            raise BindingRefusedError(
                f"持证主体名称与登记不符：{name} ≠ {enterprise.name}。The holder's name differs from the register."
            )
        held = session.scalars(
            select(ElectronicBusinessLicence)
            .where(ElectronicBusinessLicence.unified_social_credit_code == code)
            .order_by(ElectronicBusinessLicence.not_before.desc(), ElectronicBusinessLicence.registered_at.desc())
        ).first()
        if held is None:
            raise BindingRefusedError(f"{code} 没有电子营业执照。{code} has no electronic business licence here.")
        self._require_serviceable(held.certificate, code)
        return HolderBinding(certificate_sm3=held.certificate_sm3, unified_social_credit_code=code)

    def _require_serviceable(self, certificate: bytes, code: str) -> None:
        try:
            found = extract_credit_code(certificate, self._deps.credit_code_rules)
        except CreditCodeError as error:
            raise BindingRefusedError(f"电子营业执照证书中的信用代码无法确定。{error}") from error
        if found != code:
            raise BindingRefusedError(
                f"电子营业执照属于 {found}，不属于 {code}。The electronic business licence belongs to {found}."
            )
        validation = validate_certificate(certificate, self._deps.policy(), at=self._deps.clock(), use="enterprise")
        if validation.conclusion is not Conclusion.PASSED:
            raise BindingRefusedError(_BINDING_SENTENCES.get(validation.sub_indication, _NOT_TRUSTED))


_NOT_TRUSTED = "电子营业执照证书不受信任。The certificate of the electronic business licence is not trusted."
_EXPIRED = (
    "电子营业执照证书不在有效期内。The certificate of the electronic business licence is not within its validity."
)
_REVOKED = "电子营业执照证书已被吊销。The certificate of the electronic business licence is revoked."
_BINDING_SENTENCES: dict[SubIndication | None, str] = {
    SubIndication.EXPIRED: _EXPIRED,
    SubIndication.OUT_OF_BOUNDS_NO_POE: _EXPIRED,
    SubIndication.OUT_OF_BOUNDS_NOT_REVOKED: _EXPIRED,
    SubIndication.NOT_YET_VALID: _EXPIRED,
    SubIndication.REVOKED: _REVOKED,
    SubIndication.REVOKED_NO_POE: _REVOKED,
    SubIndication.REVOKED_CA_NO_POE: _REVOKED,
    SubIndication.TRY_LATER: "电子营业执照证书的吊销状态无法核实，请稍后再试。"
    "Whether the certificate is revoked could not be checked; try again later.",
}


def enterprise_view(enterprise: Enterprise) -> EnterpriseView:
    """The public facts of an enterprise."""
    return EnterpriseView(
        unified_social_credit_code=enterprise.unified_social_credit_code,
        name=enterprise.name,
        enterprise_type=enterprise.enterprise_type,
        address=enterprise.address,
        registration_status=enterprise.registration_status,
        established_on=enterprise.established_on,
    )


def _enterprise(code: str, record: Mapping[str, Any]) -> Enterprise:
    established = record.get("established_on")
    return Enterprise(
        unified_social_credit_code=code,
        name=str(record["name"]),
        enterprise_type=str(record.get("type", "")),
        area_code=str(record.get("area_code", "")),
        address=str(record.get("address", "")),
        established_on=date.fromisoformat(established) if established else None,
        registration_status="registered",
    )
