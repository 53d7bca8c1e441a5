"""The validation report: frozen answers of the process of ETSI EN 319 102-1.

``TOTAL-PASSED / INDETERMINATE / TOTAL-FAILED`` describe a whole signature, ``PASSED / INDETERMINATE / FAILED``
one building block (clause 5.1.3). All instants are aware UTC.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

_MAIN_INDICATION = "urn:etsi:019102:mainindication:"
_SUB_INDICATION = "urn:etsi:019102:subindication:"
_NOT_APPLIED = "urn:etsi:019102:constraintStatus:disabled"


class Indication(StrEnum):
    """Main status indication of a whole signature, EN 319 102-1 table 5."""

    TOTAL_PASSED = "TOTAL-PASSED"
    INDETERMINATE = "INDETERMINATE"
    TOTAL_FAILED = "TOTAL-FAILED"

    @property
    def urn(self) -> str:
        """The identifier in a validation report (TS 119 102-2, 4.3.4.2)."""
        return _MAIN_INDICATION + self.value.lower()


class Conclusion(StrEnum):
    """Status of one building block or check."""

    PASSED = "PASSED"
    INDETERMINATE = "INDETERMINATE"
    FAILED = "FAILED"
    NOT_APPLICABLE = "NOT_APPLICABLE"

    @property
    def urn(self) -> str:
        """The identifier in a validation report: a main indication, or the status of a constraint not applied."""
        return _NOT_APPLIED if self is Conclusion.NOT_APPLICABLE else _MAIN_INDICATION + self.value.lower()


class SubIndication(StrEnum):
    """Sub-indications of EN 319 102-1 table 6."""

    FORMAT_FAILURE = "FORMAT_FAILURE"
    HASH_FAILURE = "HASH_FAILURE"
    SIG_CRYPTO_FAILURE = "SIG_CRYPTO_FAILURE"
    REVOKED = "REVOKED"
    EXPIRED = "EXPIRED"
    NOT_YET_VALID = "NOT_YET_VALID"
    SIG_CONSTRAINTS_FAILURE = "SIG_CONSTRAINTS_FAILURE"
    CHAIN_CONSTRAINTS_FAILURE = "CHAIN_CONSTRAINTS_FAILURE"
    CERTIFICATE_CHAIN_GENERAL_FAILURE = "CERTIFICATE_CHAIN_GENERAL_FAILURE"
    CRYPTO_CONSTRAINTS_FAILURE = "CRYPTO_CONSTRAINTS_FAILURE"
    CRYPTO_CONSTRAINTS_FAILURE_NO_POE = "CRYPTO_CONSTRAINTS_FAILURE_NO_POE"
    POLICY_PROCESSING_ERROR = "POLICY_PROCESSING_ERROR"
    SIGNATURE_POLICY_NOT_AVAILABLE = "SIGNATURE_POLICY_NOT_AVAILABLE"
    TIMESTAMP_ORDER_FAILURE = "TIMESTAMP_ORDER_FAILURE"
    NO_SIGNING_CERTIFICATE_FOUND = "NO_SIGNING_CERTIFICATE_FOUND"
    NO_CERTIFICATE_CHAIN_FOUND = "NO_CERTIFICATE_CHAIN_FOUND"
    REVOKED_NO_POE = "REVOKED_NO_POE"
    REVOKED_CA_NO_POE = "REVOKED_CA_NO_POE"
    OUT_OF_BOUNDS_NO_POE = "OUT_OF_BOUNDS_NO_POE"
    OUT_OF_BOUNDS_NOT_REVOKED = "OUT_OF_BOUNDS_NOT_REVOKED"
    REVOCATION_OUT_OF_BOUNDS_NO_POE = "REVOCATION_OUT_OF_BOUNDS_NO_POE"
    NO_POE = "NO_POE"
    TRY_LATER = "TRY_LATER"
    SIGNED_DATA_NOT_FOUND = "SIGNED_DATA_NOT_FOUND"
    CUSTOM = "CUSTOM"

    @property
    def urn(self) -> str:
        """The identifier in a validation report (TS 119 102-2, 4.3.4.3)."""
        return _SUB_INDICATION + self.value

    @property
    def indication(self) -> Indication:
        """The one main indication that this sub-indication explains."""
        return INDICATION_OF[self]


_TOTAL_FAILURES = frozenset(
    {
        SubIndication.FORMAT_FAILURE,
        SubIndication.HASH_FAILURE,
        SubIndication.SIG_CRYPTO_FAILURE,
        SubIndication.REVOKED,
        SubIndication.EXPIRED,
        SubIndication.NOT_YET_VALID,
    }
)
INDICATION_OF = {
    sub: Indication.TOTAL_FAILED if sub in _TOTAL_FAILURES else Indication.INDETERMINATE for sub in SubIndication
}
"""EN 319 102-1, table 6: what is proven to be wrong fails, whatever else is wrong leaves the question open."""


class Trust(StrEnum):
    """How far the signer's certificate is trusted."""

    NONE = "none"
    TRUSTED = "trusted"
    EGOV_QUALIFIED = "egov_qualified"


class Coverage(StrEnum):
    """What the ByteRange of a signature covers."""

    ENTIRE_FILE = "ENTIRE_FILE"
    ENTIRE_REVISION = "ENTIRE_REVISION"
    PARTIAL = "PARTIAL"


class Changes(StrEnum):
    """What happened to the document after a signature."""

    NONE = "none"
    PERMITTED = "permitted"
    FORBIDDEN = "forbidden"


@dataclass(frozen=True)
class Check:
    """One named check of one building block."""

    name: str
    """Stable name such as ``cryptographic_verification.message_digest``."""
    conclusion: Conclusion
    detail: str = ""
    """One English sentence for experts; empty when the name says it all."""
    sub_indication: SubIndication | None = None
    """Given when the conclusion is not PASSED."""


@dataclass(frozen=True)
class ChangedObject:
    """One PDF object that differs between the revision that was signed and the last one."""

    reference: str
    """Object and generation number, such as ``12 0``."""
    kind: str
    """added | replaced | removed"""
    what: str
    """What the object is: page, page content, font, annotation, form field, catalog, ..."""
    pages: tuple[int, ...] = ()
    """Pages that show it, from 1."""


@dataclass(frozen=True)
class SignerIdentity:
    """Who signed, as the signing certificate says."""

    common_name: str = ""
    organisation: str = ""
    unified_social_credit_code: str | None = None


@dataclass(frozen=True)
class TimestampReport:
    """One time-stamp token of a signature, or the document time-stamp itself."""

    token: bytes
    """DER of the TimeStampToken (RFC 3161, 2.4.2)."""
    generated_at: datetime | None
    """What the token says; None where it cannot be read."""
    is_proof: bool
    """Whether the token is valid itself, so that the time is proven (EN 319 102-1, 5.4)."""
    sub_indication: SubIndication | None = None
    """Why it proves nothing."""
    chain: tuple[bytes, ...] = ()
    """DER, the time-stamping unit's certificate first, the anchor last where a path was found."""


@dataclass(frozen=True)
class SignatureReport:
    """The answer on one signature or document time-stamp."""

    name: str
    """Field name in the PDF."""
    kind: str
    """approval | certification | seal | enterprise | document_timestamp"""
    format: str
    """PAdES | CMS | SES | OFD"""
    sub_filter: str
    level: str
    """PAdES-B-B, PAdES-B-T, ... or the empty string where no PAdES level is reached."""
    algorithm: str
    """SM2-with-SM3, ECDSA-with-SHA256, ..."""
    indication: Indication
    sub_indication: SubIndication | None
    signer: SignerIdentity
    signer_certificate: bytes | None
    """DER, None where none was found."""
    trust: Trust
    claimed_signing_time: datetime | None
    best_signature_time: datetime | None
    """Earliest proven time of existence (time-stamp), else the validation time."""
    coverage: Coverage
    changes_after_signing: Changes
    checks: tuple[Check, ...] = field(default=())
    changed_objects: tuple[ChangedObject, ...] = field(default=())
    """Every object that was changed after this signature without permission."""
    signed_end: int = 0
    """Offset after the last byte that it covers; the file up to there is what was signed. 0 when unknown."""
    signature_value: bytes = b""
    """The value of the signer info; empty where the signature could not be parsed."""
    chain: tuple[bytes, ...] = field(default=())
    """DER, the signing certificate first, the anchor last where a path was found."""
    timestamps: tuple[TimestampReport, ...] = field(default=())
    """In the order of the signature's attributes."""


@dataclass(frozen=True)
class DocumentValidation:
    """The answer on one PDF: every signature in it, in the order of signing."""

    signatures: tuple[SignatureReport, ...]
    validated_at: datetime
    page_count: int | None
