"""Whether a certificate of an electronic business licence speaks for an enterprise, and why it does not."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from gateway.domain.instants import instant
from signing.certificate_facts import certificate_facts
from signing.sm2 import sm3
from signing.validation.process import CertificateValidation
from signing.validation.relevance import RevocationData
from signing.validation.report import Conclusion, SubIndication

ENDED_REGISTRATIONS = frozenset({"cancelled", "revoked"})
"""Registration statuses (注销, 吊销) with which an enterprise acts no more."""


CERTIFICATE_SUFFIX = ".cer"
REVOCATION_SUFFIXES = {"CRL": ".crl", "OCSPResponse": ".ors"}
"""By kind (RFC 5280, 4.2.1.13; RFC 6960, C.1.2)."""
EVIDENCE_MEDIA_TYPES = {
    CERTIFICATE_SUFFIX: "application/pkix-cert",
    ".crl": "application/pkix-crl",
    ".ors": "application/ocsp-response",
}


class HolderCertificateReason(StrEnum):
    """Why a certificate is not accepted."""

    NO_CREDIT_CODE = "NO_CREDIT_CODE"
    CREDIT_CODES_DIFFER = "CREDIT_CODES_DIFFER"
    """Two or more codes in one certificate: nobody knows whose it is."""
    WRONG_ENTERPRISE = "WRONG_ENTERPRISE"
    ENTERPRISE_CANCELLED = "ENTERPRISE_CANCELLED"
    CERTIFICATE_UNTRUSTED = "CERTIFICATE_UNTRUSTED"
    CERTIFICATE_REVOKED = "CERTIFICATE_REVOKED"
    CERTIFICATE_NOT_YET_VALID = "CERTIFICATE_NOT_YET_VALID"
    CERTIFICATE_EXPIRED = "CERTIFICATE_EXPIRED"
    REVOCATION_UNKNOWN = "REVOCATION_UNKNOWN"
    """It could not be checked, which says nothing against the certificate."""


HOLDER_CERTIFICATE_WORDS: Mapping[HolderCertificateReason, tuple[str, str]] = {
    HolderCertificateReason.NO_CREDIT_CODE: (
        "证书中没有可确定的统一社会信用代码。",
        "The certificate holds no unified social credit code.",
    ),
    HolderCertificateReason.CREDIT_CODES_DIFFER: (
        "证书中的统一社会信用代码不一致。",
        "The certificate holds credit codes that differ.",
    ),
    HolderCertificateReason.WRONG_ENTERPRISE: (
        "电子营业执照不属于该企业。",
        "The electronic business licence is not that of the enterprise.",
    ),
    HolderCertificateReason.ENTERPRISE_CANCELLED: (
        "该企业已注销或被吊销营业执照。",
        "The registration of the enterprise has ended.",
    ),
    HolderCertificateReason.CERTIFICATE_UNTRUSTED: (
        "电子营业执照证书不受信任。",
        "The certificate of the electronic business licence is not trusted.",
    ),
    HolderCertificateReason.CERTIFICATE_REVOKED: (
        "电子营业执照证书已被吊销。",
        "The certificate of the electronic business licence is revoked.",
    ),
    HolderCertificateReason.CERTIFICATE_NOT_YET_VALID: (
        "电子营业执照证书尚未生效，不在有效期内。",
        "The certificate of the electronic business licence is not yet valid.",
    ),
    HolderCertificateReason.CERTIFICATE_EXPIRED: (
        "电子营业执照证书已过期，不在有效期内。",
        "The certificate of the electronic business licence has expired.",
    ),
    HolderCertificateReason.REVOCATION_UNKNOWN: (
        "电子营业执照证书的吊销状态无法核实，请稍后再试。",
        "Whether the certificate is revoked could not be checked; try again later.",
    ),
}


class CertificateState(StrEnum):
    """How a certificate that is in order stands; one that is not stands by its ``HolderCertificateReason``."""

    ACCEPTED = "ACCEPTED"
    ENDS_SOON = "ENDS_SOON"


CERTIFICATE_STATE_WORDS: Mapping[str, tuple[str, str]] = {
    CertificateState.ACCEPTED: ("正常。", "In order."),
    CertificateState.ENDS_SOON: (
        "即将到期，请提醒企业更新。",
        "Its validity ends soon; the enterprise should renew it.",
    ),
    **{reason.value: words for reason, words in HOLDER_CERTIFICATE_WORDS.items()},
}
_BY_SUB_INDICATION = {
    SubIndication.REVOKED: HolderCertificateReason.CERTIFICATE_REVOKED,
    SubIndication.REVOKED_NO_POE: HolderCertificateReason.CERTIFICATE_REVOKED,
    SubIndication.REVOKED_CA_NO_POE: HolderCertificateReason.CERTIFICATE_REVOKED,
    SubIndication.TRY_LATER: HolderCertificateReason.REVOCATION_UNKNOWN,
}


@dataclass(frozen=True)
class HolderCertificateCheck:
    """The answer on one certificate, for one enterprise, at one instant."""

    certificate_sm3: str
    """SM3 over the DER, lower-case hexadecimal."""
    unified_social_credit_code: str
    """Of the enterprise that was asked about."""
    found_code: str | None
    """The one in the certificate; None when there is none or several differ."""
    checked_for: datetime
    """The instant that the answer is about."""
    reason: HolderCertificateReason | None = None
    """None: accepted."""
    detail: str = ""
    """One English sentence for experts."""
    revocation_data: tuple[RevocationData, ...] = ()
    """By what it was judged whether it is revoked, where that was asked for."""
    chain: tuple[bytes, ...] = ()
    """DER from the certificate to its anchor, where that was asked for and there is one."""

    @property
    def is_accepted(self) -> bool:
        """Whether it speaks for the enterprise at that instant."""
        return self.reason is None

    @property
    def could_be_checked(self) -> bool:
        """False says nothing of the certificate: the same question may be answered later."""
        return self.reason is not HolderCertificateReason.REVOCATION_UNKNOWN

    def sentence(self) -> str:
        """Why it is not accepted, in Chinese and English; empty when it is."""
        said = "" if self.reason is None else "".join(HOLDER_CERTIFICATE_WORDS[self.reason])
        return f"{said} ({self.detail})" if self.detail else said

    def evidence_json(self) -> dict[str, Any]:
        """The answer with what it rests on, each by the digests under which it is kept."""
        data = [
            {"kind": each.kind, "issuer": each.issuer, "issued_at": instant(each.issued_at), **_digests(each.der)}
            for each in self.revocation_data
        ]
        chain = [{"subject": certificate_facts(each).subject, **_digests(each)} for each in self.chain]
        return self.to_json() | {"certificates": chain, "revocation_data": data}

    def evidence_files(self) -> list[tuple[bytes, str]]:
        """(content, suffix) of what ``evidence_json`` names."""
        files = [(each, CERTIFICATE_SUFFIX) for each in self.chain]
        return files + [(each.der, REVOCATION_SUFFIXES[each.kind]) for each in self.revocation_data]

    def to_json(self) -> dict[str, Any]:
        """The form in API answers."""
        zh, en = ("", "") if self.reason is None else HOLDER_CERTIFICATE_WORDS[self.reason]
        return {
            "certificate_sm3": self.certificate_sm3,
            "unified_social_credit_code": self.unified_social_credit_code,
            "found_code": self.found_code,
            "checked_for": instant(self.checked_for),
            "is_accepted": self.is_accepted,
            "reason": None if self.reason is None else {"code": self.reason, "message": {"zh": zh, "en": en}},
        }


def _digests(data: bytes) -> dict[str, str]:
    return {"sha256": hashlib.sha256(data).hexdigest(), "sm3": sm3(data).hex()}


@dataclass(frozen=True)
class HeldCertificate:
    """A registered certificate and how it stood when it was looked at last."""

    certificate_sm3: str
    unified_social_credit_code: str
    enterprise_name: str
    not_before: datetime
    not_after: datetime
    registered_at: datetime
    state: str | None
    """A ``CertificateState`` or ``HolderCertificateReason``; None before the first look."""
    since: datetime | None = None
    checked_at: datetime | None = None
    is_current: bool = False
    """Whether the last look decided; else the state is that of an earlier one."""

    def to_json(self) -> dict[str, Any]:
        """The form in API answers."""
        zh, en = ("", "") if self.state is None else CERTIFICATE_STATE_WORDS[self.state]
        return {
            "certificate_sm3": self.certificate_sm3,
            "unified_social_credit_code": self.unified_social_credit_code,
            "enterprise_name": self.enterprise_name,
            "not_before": instant(self.not_before),
            "not_after": instant(self.not_after),
            "registered_at": instant(self.registered_at),
            "state": None if self.state is None else {"code": self.state, "message": {"zh": zh, "en": en}},
            "since": instant(self.since),
            "checked_at": instant(self.checked_at),
            "is_current": self.is_current,
        }


def state_of(check: HolderCertificateCheck, not_after: datetime, warning: timedelta) -> str:
    """The state that a check gives, with a warning that long before the end."""
    if check.reason is not None:
        return check.reason
    ends_soon = not_after - check.checked_for <= warning
    return CertificateState.ENDS_SOON if ends_soon else CertificateState.ACCEPTED


def reason_of(
    validation: CertificateValidation, at: datetime, not_before: datetime, not_after: datetime
) -> HolderCertificateReason | None:
    """What a validation at ``at`` says of a certificate with this validity; None when it passed."""
    if validation.conclusion is Conclusion.PASSED:
        return None
    if validation.sub_indication is SubIndication.OUT_OF_BOUNDS_NO_POE:
        # Its own validity or that of a CA above it; only its own is said to be over.
        if at < not_before:
            return HolderCertificateReason.CERTIFICATE_NOT_YET_VALID
        if at > not_after:
            return HolderCertificateReason.CERTIFICATE_EXPIRED
    sub = validation.sub_indication
    untrusted = HolderCertificateReason.CERTIFICATE_UNTRUSTED
    return untrusted if sub is None else _BY_SUB_INDICATION.get(sub, untrusted)
