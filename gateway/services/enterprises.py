"""Enterprises and the electronic business licences that licences are bound to."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from sqlalchemy import bindparam, select

from gateway.domain.answers import EnterpriseView
from gateway.domain.code_systems import NamedEnterprise
from gateway.domain.identifiers import check_unified_social_credit_code
from gateway.errors import BindingRefusedError
from gateway.persistence.models import ElectronicBusinessLicence, Enterprise
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
        """The holder's newest electronic business licence, checked now, for a holder of this name (None: whatever it is now).

        BindingRefusedError says why it does not serve.
        """
        held = next(iter(self._deps.quick_reads.rows(_NEWEST_CERTIFICATE, {"code": code})), None)
        if held is None:
            raise BindingRefusedError(f"持证主体 {code} 未登记。No enterprise is registered under {code}.")
        if name is not None and held.name != name:
            raise BindingRefusedError(
                f"持证主体名称与登记不符：{name} ≠ {held.name}。The holder's name differs from the register."
            )
        if held.certificate is None:
            raise BindingRefusedError(f"{code} 没有电子营业执照。{code} has no electronic business licence here.")
        check = self._holder_certificates.check_registered(
            held.certificate, code, self._deps.clock(), held.registration_status
        )
        if not check.is_accepted:
            raise BindingRefusedError(check.sentence())
        return HolderBinding(certificate_sm3=held.certificate_sm3, unified_social_credit_code=code)


_NEWEST_CERTIFICATE = (
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
    .limit(1)
)


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
    )
