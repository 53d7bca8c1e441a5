"""The validation policy is data: whom to trust, what to accept, how much work to spend (EN 319 102-1, 5.1.4).

Rules come from a JSON file (``policy_files``), trust material from the caller; ``dataclasses.replace`` joins the two.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from signing.validation.algorithm_constraints import AlgorithmConstraints
from signing.validation.report import Trust


class Use(StrEnum):
    """What a trust anchor may vouch for."""

    SIGNATURE = "signature"
    TIMESTAMP = "timestamp"
    ENTERPRISE = "enterprise"


class Revocation(StrEnum):
    """What happens when no fresh revocation data is at hand."""

    REQUIRED = "required"
    """The signature is INDETERMINATE / TRY_LATER."""
    IF_AVAILABLE = "if_available"
    """It is noted, and the signature may pass."""


class PermittedChange(StrEnum):
    """Kinds of changes after signing that a policy may permit; every other change is forbidden."""

    VALIDATION_DATA = "validation_data"
    """The document security store and the extension that announces it (ISO 32000-2, 12.8.4.3)."""
    DOCUMENT_TIMESTAMPS = "document_timestamps"
    """Invisible document time-stamps (ISO 32000-2, 12.8.5)."""
    SIGNATURES_IN_EXISTING_FIELDS = "signatures_in_existing_fields"
    """An approval signature and its appearance in a field that stood empty in the signed revision."""
    SIGNATURES_IN_CERTIFIED_FIELDS = "signatures_in_certified_fields"
    """The same, only where a certification of level 2 or 3 says that the empty fields may be signed."""
    FORM_FILLING = "form_filling"
    """Values and appearances of existing form fields that are no signatures."""
    ANNOTATIONS = "annotations"
    """Annotations that are no form fields."""


@dataclass(frozen=True)
class TrustAnchor:
    """A certificate that is trusted for itself."""

    certificate: bytes
    """DER."""
    egov_qualified: bool = False
    """Whether the CA is qualified for e-government (Regulation on commercial cryptography, article 30)."""
    uses: frozenset[Use] = frozenset({Use.SIGNATURE, Use.TIMESTAMP})


DEFAULT_PERMITTED_CHANGES = frozenset({PermittedChange.VALIDATION_DATA, PermittedChange.DOCUMENT_TIMESTAMPS})
"""Pure updates of validation data and document time-stamps: what every signature must bear to live long."""


@dataclass(frozen=True)
class Limits:
    """Bounds on one document, so that a hostile file costs little."""

    document_bytes: int = 64 * 1024 * 1024
    signatures: int = 64
    objects: int = 200_000
    inflated_bytes: int = 64 * 1024 * 1024
    """All streams that hold structure (object streams, cross-references, validation data, attachments), inflated."""
    path_length: int = 8
    paths_tried: int = 64


def _default_algorithms() -> AlgorithmConstraints:
    # Imported here, since the reader of policy files builds the classes of this module.
    from signing.validation.policy_files import read_policy  # noqa: PLC0415

    return read_policy("default").algorithms


@dataclass(frozen=True)
class ValidationPolicy:
    """One policy; everything that a verdict depends on besides the document and the time."""

    trust_anchors: tuple[TrustAnchor, ...]
    certificates: tuple[bytes, ...] = ()
    """DER of further certificates for path building."""
    crls: tuple[bytes, ...] = ()
    """DER of CRLs at hand."""
    ocsp_responses: tuple[bytes, ...] = ()
    """DER of OCSP responses at hand."""
    revocation: Revocation = Revocation.REQUIRED
    revocation_maximum_age: timedelta | None = None
    """How old revocation data may be; None takes the time from its issue to its next update (5.2.5.4)."""
    algorithms: AlgorithmConstraints = field(default_factory=_default_algorithms)
    permitted_changes: frozenset[PermittedChange] = DEFAULT_PERMITTED_CHANGES | {
        PermittedChange.SIGNATURES_IN_EXISTING_FIELDS
    }
    """What may follow a signature; a certification (DocMDP) or field lock (FieldMDP) in the file narrows it further.

    A second signature in a field that the first signer left empty for it (SM2 first, ECDSA last) is judged like every other.
    """
    required_trust: Trust = Trust.TRUSTED
    """Least trust in the signer's CA; NONE accepts a mathematically valid signature of an unknown signer."""
    required_extended_key_usages: frozenset[str] = frozenset()
    """OIDs, one of which the signer's certificate must name; empty asks for none."""
    requires_certificate_reference: bool = False
    """Whether adbe.pkcs7.detached must bind its certificate by a signed attribute; PAdES always must."""
    limits: Limits = field(default_factory=Limits)
    read_credit_code: Callable[[bytes], str | None] | None = None
    """Takes the unified social credit code out of a certificate, for the report."""
    name: str = "default"
