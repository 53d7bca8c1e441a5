"""Joins a signature validation with the registry's word into one answer. Pure rules.

``genuine`` is ``no`` only on proof of forgery or change and ``unknown`` when something could not be checked; an
outage never turns one into the other (contract.md).
"""

from datetime import datetime

from gateway.domain.answers import Genuine, InForce
from gateway.domain.parties import Parties
from gateway.domain.reason_catalogue import reason
from gateway.domain.reasons import Reason
from gateway.domain.status import SAMPLE
from gateway.domain.verification import Answer, DocumentKind, RegistryFinding, RegistryStatus
from signing.validation.report import Changes, Indication, SignatureReport, SubIndication

_FORGERY = frozenset({SubIndication.HASH_FAILURE, SubIndication.SIG_CRYPTO_FAILURE, SubIndication.FORMAT_FAILURE})
_REVOKED = frozenset({SubIndication.REVOKED, SubIndication.REVOKED_NO_POE, SubIndication.REVOKED_CA_NO_POE})
_OUT_OF_VALIDITY = frozenset(
    {SubIndication.EXPIRED, SubIndication.OUT_OF_BOUNDS_NO_POE, SubIndication.OUT_OF_BOUNDS_NOT_REVOKED}
)
_CERTIFICATE = (
    _REVOKED
    | _OUT_OF_VALIDITY
    | {
        SubIndication.TRY_LATER,
        SubIndication.NO_CERTIFICATE_CHAIN_FOUND,
        SubIndication.CERTIFICATE_CHAIN_GENERAL_FAILURE,
        SubIndication.CHAIN_CONSTRAINTS_FAILURE,
    }
)

STATUS_REASONS = {
    "valid": "IN_FORCE",
    "expired": "LICENCE_EXPIRED",
    "not_yet_valid": "LICENCE_NOT_YET_VALID",
    "suspended": "LICENCE_SUSPENDED",
    "revoked": "LICENCE_REVOKED",
    "withdrawn": "LICENCE_WITHDRAWN",
    "cancelled": "LICENCE_CANCELLED",
    "superseded": "LICENCE_SUPERSEDED",
    "sample": "SAMPLE",
}


def certificate_reason(sub_indication: SubIndication | None) -> Reason:
    """Why a certificate could not be relied on."""
    if sub_indication in _REVOKED:
        return reason("CERTIFICATE_REVOKED")
    if sub_indication in _OUT_OF_VALIDITY or sub_indication is SubIndication.NOT_YET_VALID:
        return reason("CERTIFICATE_EXPIRED")
    if sub_indication is SubIndication.TRY_LATER:
        return reason("REVOCATION_NOT_CHECKED")
    return reason("SIGNER_NOT_TRUSTED")


def signature_reason(report: SignatureReport) -> Reason | None:
    """Why this signature is not TOTAL-PASSED, in one plain sentence; None when it is."""
    if report.changes_after_signing is Changes.FORBIDDEN or report.sub_indication is SubIndication.HASH_FAILURE:
        return reason("CHANGED_AFTER_SIGNING")
    if report.indication is Indication.TOTAL_PASSED:
        return None
    if report.sub_indication in _FORGERY:
        return reason("SIGNATURE_INVALID")
    if report.indication is Indication.TOTAL_FAILED:
        return reason("SIGNATURE_INVALID")
    if report.sub_indication in _CERTIFICATE:
        return certificate_reason(report.sub_indication)
    unsupported = report.sub_indication is SubIndication.CUSTOM
    return reason("SIGNATURE_UNSUPPORTED" if unsupported else "SIGNATURE_NOT_CHECKED")


def is_unsigned(signatures: tuple[SignatureReport, ...]) -> bool:
    """Whether nobody signed: there is nothing, or sound time-stamps only.

    A time-stamp says when a file was there; nobody vouches for what is in it. One that fails still proves a change.
    """
    return not any(s.kind != "document_timestamp" or _has_failed(s) for s in signatures)


def _has_failed(report: SignatureReport) -> bool:
    return report.indication is Indication.TOTAL_FAILED or report.changes_after_signing is Changes.FORBIDDEN


def judge_signatures(signatures: tuple[SignatureReport, ...]) -> tuple[Genuine, tuple[Reason, ...]]:
    """Whether the document is what its signers made; every signature counts."""
    if is_unsigned(signatures):
        return Genuine.UNKNOWN, (reason("NO_SIGNATURE"),)
    reasons = tuple(dict.fromkeys(r for r in map(signature_reason, signatures) if r is not None))
    if not reasons:
        return Genuine.YES, (reason("GENUINE"),)
    return (Genuine.NO if any(map(_has_failed, signatures)) else Genuine.UNKNOWN), reasons


def _judge_parties(
    genuine: Genuine, reasons: tuple[Reason, ...], parties: Parties | None
) -> tuple[Genuine, tuple[Reason, ...]]:
    """Sound signatures make a licence only when an authority's is among them, and say so when the holder accepted it."""
    if parties is None or genuine is not Genuine.YES:
        return genuine, reasons
    if parties.issued_by is None:
        return Genuine.UNKNOWN, (reason("NOT_SIGNED_BY_AUTHORITY"),)
    if parties.has_stranger:
        return Genuine.UNKNOWN, (reason("SIGNED_BY_ANOTHER_ENTERPRISE"),)
    accepted = (reason("ACCEPTED_BY_STATEMENT" if parties.is_stated else "ACCEPTED_BY_HOLDER"),)
    return genuine, (*reasons, *(accepted if parties.accepted_by else ()))


def judge_status(status: str) -> tuple[InForce, Reason]:
    """Whether a registered licence with this status is in force."""
    in_force = InForce.NOT_APPLICABLE if status == SAMPLE else InForce.YES if status == "valid" else InForce.NO
    return in_force, reason(STATUS_REASONS[status])


def conclude(
    signatures: tuple[SignatureReport, ...],
    registry: RegistryFinding,
    checked_at: datetime,
    kind: DocumentKind = DocumentKind.DOCUMENT,
    *,
    is_expired_copy: bool = False,
    parties: Parties | None = None,
) -> Answer:
    """The first lines of the answer on one document.

    A purpose copy is in force when its original is and its own last day is not over. ``parties`` are those of a licence,
    None for any other file.
    """
    genuine, reasons = _judge_parties(*judge_signatures(signatures), parties)
    in_force = InForce.UNKNOWN
    if is_unsigned(signatures) or genuine is Genuine.NO:
        # What is unsigned or altered is no licence; the registry block still tells of the one that it claims to be.
        in_force = InForce.NOT_APPLICABLE
    elif kind is DocumentKind.VERIFICATION_REPORT:
        # A report on another file is in no register and is never in force.
        in_force = InForce.NOT_APPLICABLE
        reasons += (reason("IS_VERIFICATION_REPORT"),)
    elif kind is DocumentKind.SIGNED_LIST:
        # Nor is a list; until when it may stand for the present, the statement in it says.
        in_force = InForce.NOT_APPLICABLE
        reasons += (reason("IS_SIGNED_LIST"),)
    elif registry.status is RegistryStatus.NOT_CHECKED:
        reasons += (reason("REGISTRY_NOT_CHECKED"),)
    elif registry.licence_status is None:
        reasons += (reason("NOT_IN_REGISTRY"),)
    else:
        in_force, status_reason = judge_status(registry.licence_status)
        # That a file is a sample is the first thing to say of it; nothing else matters then.
        reasons = (status_reason, *reasons) if registry.licence_status == SAMPLE else (*reasons, status_reason)
    if kind is DocumentKind.PURPOSE_COPY and in_force is not InForce.NOT_APPLICABLE:
        reasons += (reason("IS_PURPOSE_COPY"),)
        if is_expired_copy:
            in_force = InForce.NO
            reasons += (reason("PURPOSE_COPY_EXPIRED"),)
    if registry.differences:
        reasons += (reason("FACE_DIFFERS"),)
        # Two sources of the authority contradict each other; neither is proof against the other.
        genuine = Genuine.UNKNOWN if genuine is Genuine.YES else genuine
    return Answer(genuine=genuine, in_force=in_force, checked_at=checked_at, reasons=reasons)
