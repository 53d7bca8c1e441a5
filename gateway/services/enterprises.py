"""Enterprises and the electronic business licences that licences are bound to."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import bindparam, select

from gateway.domain.answers import EnterpriseView
from gateway.domain.code_systems import NamedEnterprise
from gateway.domain.holder_certificates import HolderCertificateReason
from gateway.domain.identifiers import check_unified_social_credit_code
from gateway.errors import BindingRefusedError
from gateway.persistence.models import ElectronicBusinessLicence, Enterprise
from gateway.persistence.session import Question
from gateway.services.dependencies import Dependencies
from gateway.services.drafts import HolderBinding
from gateway.services.holder_certificates import HolderCertificates


class Enterprises:
    """Who holds licences, and with which certificate it is bound to them."""

    def __init__(self, deps: Dependencies, holder_certificates: HolderCertificates) -> None:
        self._deps = deps
        self._holder_certificates = holder_certificates

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

    def binding(self, code: str, name: str | None) -> HolderBinding:
        """The holder's newest electronic business licence that serves now, for a holder of this name (None: whatever it is now).

        Where the newest was revoked or is out of its validity, an earlier one that is still valid serves. BindingRefusedError
        says why the newest does not, when none does.
        """
        asked = binding_question(code)
        certificates = self._deps.quick_reads.rows(asked.statement, asked.parameters)
        held = next(iter(certificates), None)
        if held is None:
            raise BindingRefusedError(f"持证主体 {code} 未登记。No enterprise is registered under {code}.")
        if name is not None and held.name != name:
            raise BindingRefusedError(
                f"持证主体名称与登记不符：{name} ≠ {held.name}。The holder's name differs from the register."
            )
        if held.certificate is None:
            raise BindingRefusedError(f"{code} 没有电子营业执照。{code} has no electronic business licence here.")
        return HolderBinding(certificate_sm3=self._serving(certificates, code), unified_social_credit_code=code)

    def _serving(self, certificates: Sequence[Any], code: str) -> str:
        """SM3 of the newest certificate that serves. BindingRefusedError with the reason of the newest."""
        refusal = ""
        for each in certificates:
            check = self._holder_certificates.check_registered(
                each.certificate, code, self._deps.clock(), each.registration_status
            )
            if check.is_accepted:
                found: str = each.certificate_sm3
                return found
            refusal = refusal or check.sentence()
            if check.reason not in _OVER:
                # What could not be checked may hold, and then the earlier one is not the one that counts.
                break
        raise BindingRefusedError(refusal)


_MOST_CERTIFICATES = 10
_OVER = frozenset(
    {
        HolderCertificateReason.CERTIFICATE_REVOKED,
        HolderCertificateReason.CERTIFICATE_EXPIRED,
        HolderCertificateReason.CERTIFICATE_NOT_YET_VALID,
        HolderCertificateReason.CERTIFICATE_UNTRUSTED,
    }
)
"""What is proven against one certificate, and says nothing against an earlier one."""
_NEWEST_CERTIFICATES = (
    select(
        Enterprise.name,
        Enterprise.registration_status,
        ElectronicBusinessLicence.certificate,
        ElectronicBusinessLicence.certificate_sm3,
    )
    .outerjoin(
        ElectronicBusinessLicence,
        ElectronicBusinessLicence.unified_social_credit_code == Enterprise.unified_social_credit_code,
    )
    .where(Enterprise.unified_social_credit_code == bindparam("code"))
    .order_by(ElectronicBusinessLicence.not_before.desc(), ElectronicBusinessLicence.registered_at.desc())
    .limit(_MOST_CERTIFICATES)
)


def binding_question(code: str) -> Question:
    """What ``Enterprises.binding`` asks the register."""
    return Question(_NEWEST_CERTIFICATES, {"code": code})


def enterprise_view(enterprise: Enterprise) -> EnterpriseView:
    """The public facts of an enterprise."""
    return EnterpriseView(
        unified_social_credit_code=enterprise.unified_social_credit_code,
        name=enterprise.name,
        enterprise_type=enterprise.enterprise_type,
        address=enterprise.address,
        registration_status=enterprise.registration_status,
        established_on=enterprise.established_on,
        registration_source=enterprise.registration_source,
        registration_as_of=enterprise.registration_as_of,
    )


def named_enterprise(named: NamedEnterprise, known: EnterpriseView | None) -> EnterpriseView:
    """As the system that read a code names it; what it does not say is taken from the record here."""
    return EnterpriseView(
        unified_social_credit_code=named.unified_social_credit_code,
        name=named.name,
        enterprise_type="" if known is None else known.enterprise_type,
        address="" if known is None else known.address,
        registration_status=named.registration_status,
        established_on=None if known is None else known.established_on,
        registration_source=named.source,
        registration_as_of=named.registration_as_of,
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
        legal_representative=record.get("legal_representative") or None,
    )
