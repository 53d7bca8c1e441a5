"""The validation report of ETSI TS 119 102-2 V1.4.1 in XML. docs/reports.md has the table of what goes where.

Clauses of TS 119 102-2 stand above what they govern. Equal input gives equal bytes.
"""

import hashlib
import json
from base64 import b64encode
from datetime import datetime
from xml.etree import ElementTree as ET

from gateway.documents.etsi_objects import DS, SHA256_URI, TSL, VR, XADES, ValidationObjects, add, add_digest
from gateway.domain.verification import VerificationReport, instant
from gateway.domain.visible_text import visible
from signing.certificate_facts import certificate_facts
from signing.errors import MalformedDataError
from signing.validation.report import Check, Conclusion, SignatureReport, TimestampReport

_OURS = "urn:licence-gateway"
_POE_VALIDATION = "urn:etsi:019102:poetype:validation"
_APPLIED = "urn:etsi:019102:constraintStatus:applied"
_INDETERMINATE = "urn:etsi:019102:mainindication:indeterminate"
_BASIC, _WITH_TIME = "urn:etsi:019102:validationprocess:Basic", "urn:etsi:019102:validationprocess:LTVM"


def etsi_report(report: VerificationReport, validator: bytes | None = None) -> bytes:
    """The XML report, UTF-8. ``validator`` is the certificate (DER) of the gateway that made it, None off line."""
    for prefix, space in (("", VR), ("ds", DS), ("xades", XADES), ("tsl", TSL)):
        ET.register_namespace(prefix, space)
    root = ET.Element(f"{{{VR}}}ValidationReport")
    objects = ValidationObjects(report.answer.checked_at)
    document = objects.add_digest_only("signedData", report.document.sha256)
    for signature in report.signatures:
        if signature.kind == "document_timestamp" and len(report.signatures) > 1:
            continue
        _signature_report(add(root, "SignatureValidationReport"), report, signature, objects, document)
    if len(root) == 0:
        _without_signature(add(root, "SignatureValidationReport"), report, document)
    for signature in report.signatures:
        if signature.kind == "document_timestamp":
            _stamp_reports(signature, objects)
    for data in report.revocation_data:
        objects.add_digest_only("CRL" if data.kind == "CRL" else "OCSPResponse", data.sha256)
    root.append(objects.element)
    if validator is not None:
        # 4.5: who validated, by its certificate.
        identity = add(add(root, "SignatureValidator"), "DigitalId")
        add(identity, "X509Certificate", b64encode(validator).decode(), space=TSL)
    ET.indent(root)
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode").encode() + b"\n"


def _signature_report(
    parent: ET.Element,
    report: VerificationReport,
    signature: SignatureReport,
    objects: ValidationObjects,
    document: str,
) -> None:
    """4.3: one signature; the elements stand in the order of the schema."""
    chain = [objects.add_bytes("certificate", der) for der in signature.chain]
    stamps = _stamp_reports(signature, objects)
    _identifier(add(parent, "SignatureIdentifier"), signature, objects)
    _constraints(add(parent, "ValidationConstraintsEvaluationReport"), report.policy_name, signature.checks)
    _times(add(parent, "ValidationTimeInfo"), report.answer.checked_at, signature, stamps)
    _signers_document(add(parent, "SignersDocument"), report, document)
    _attributes(add(parent, "SignatureAttributes"), signature, stamps)
    if chain:
        _signer(add(parent, "SignerInformation"), signature, chain[0])
    process = _WITH_TIME if any(stamp.is_proof for stamp in signature.timestamps) else _BASIC
    add(add(parent, "SignatureValidationProcess"), "SignatureValidationProcessID", process)
    status = add(parent, "SignatureValidationStatus")
    add(status, "MainIndication", signature.indication.urn)
    if signature.sub_indication is not None:
        add(status, "SubIndication", signature.sub_indication.urn)
    _associated_data(add(status, "AssociatedValidationReportData"), report, signature, chain, stamps)


def _identifier(parent: ET.Element, signature: SignatureReport, objects: ValidationObjects) -> None:
    """4.3.3: the digest of the signature value names the signature."""
    digest = hashlib.sha256(signature.signature_value or signature.name.encode()).hexdigest()
    parent.set("id", objects.new_id(f"S-{digest.upper()}"))
    if signature.signature_value:
        add_digest(add(parent, "DigestAlgAndValue"), digest)
        add(parent, "SignatureValue", b64encode(signature.signature_value).decode(), space=DS)
    add(parent, "HashOnly", "false")
    add(parent, "DocHashOnly", "false")
    add(parent, "DAIdentifier", visible(signature.name))


def _constraints(parent: ET.Element, policy_name: str, checks: tuple[Check, ...]) -> None:
    """4.3.5: the policy, and every named check as a constraint."""
    policy = add(parent, "SignatureValidationPolicy")
    add(add(policy, "SignaturePolicyIdentifier"), "SignaturePolicyImplied", space=XADES)
    add(policy, "PolicyName", visible(policy_name))
    for check in checks:
        constraint = add(parent, "ValidationConstraint")
        add(constraint, "ValidationConstraintIdentifier", f"{_OURS}:check:{check.name}")
        applied = check.conclusion is not Conclusion.NOT_APPLICABLE
        add(add(constraint, "ConstraintStatus"), "Status", _APPLIED if applied else check.conclusion.urn)
        if not applied:
            continue
        status = add(constraint, "ValidationStatus")
        add(status, "MainIndication", check.conclusion.urn)
        if check.sub_indication is not None:
            add(status, "SubIndication", check.sub_indication.urn)
        if check.detail:
            _data(add(status, "AssociatedValidationReportData"), [("detail", visible(check.detail, 400))])


def _times(
    parent: ET.Element, checked_at: datetime, signature: SignatureReport, stamps: list[tuple[TimestampReport, str]]
) -> None:
    """4.3.6: when it was validated, and since when the signature is proven to exist."""
    add(parent, "ValidationTime", instant(checked_at))
    best = signature.best_signature_time or checked_at
    _proof(add(parent, "BestSignatureTime"), best, [i for s, i in stamps if s.is_proof and s.generated_at == best])


def _proof(parent: ET.Element, at: datetime, by: list[str]) -> None:
    """4.4.6: a proof of existence."""
    add(parent, "POETime", instant(at))
    add(parent, "TypeOfProof", _POE_VALIDATION)
    if by:
        add(parent, "POEObject").set("VOReference", " ".join(by))


def _signers_document(parent: ET.Element, report: VerificationReport, document: str) -> None:
    """4.3.7: the file as it was presented."""
    add_digest(add(parent, "DigestAlgAndValue"), report.document.sha256)
    add(parent, "SignersDocumentRepresentation").set("VOReference", document)


def _attributes(parent: ET.Element, signature: SignatureReport, stamps: list[tuple[TimestampReport, str]]) -> None:
    """4.3.8: what the signature says of itself."""
    if signature.claimed_signing_time is not None:
        claimed = add(parent, "SigningTime")
        claimed.set("Signed", "true")
        add(claimed, "Time", instant(signature.claimed_signing_time))
    if signature.chain:
        listed = add(parent, "SigningCertificate")
        listed.set("Signed", "true")
        identifier = add(listed, "CertID")
        add(identifier, "DigestMethod", space=DS).set("Algorithm", SHA256_URI)
        add(identifier, "DigestValue", b64encode(hashlib.sha256(signature.chain[0]).digest()).decode(), space=DS)
    for stamp, reference in stamps:
        if stamp.generated_at is not None:
            name = "DocTimeStamp" if signature.kind == "document_timestamp" else "SignatureTimeStamp"
            attribute = add(parent, name)
            attribute.set("Signed", "false")
            add(attribute, "AttributeObject").set("VOReference", reference)
            add(attribute, "TimeStampValue", instant(stamp.generated_at))
    if signature.sub_filter:
        add(add(parent, "SubFilter"), "SubFilterElement", visible(signature.sub_filter))


def _signer(parent: ET.Element, signature: SignatureReport, certificate: str) -> None:
    """4.3.9: who signed."""
    parent.set("Pseudonym", "false")
    add(parent, "SignerCertificate").set("VOReference", certificate)
    add(parent, "Signer", visible(signature.signer.common_name or signature.signer.organisation or "?"))


def _associated_data(
    parent: ET.Element,
    report: VerificationReport,
    signature: SignatureReport,
    chain: list[str],
    stamps: list[tuple[TimestampReport, str]],
) -> None:
    """4.3.12: the chain, what else was used, and what the standard has no element for."""
    found_path = len(chain) > 1 or signature.trust != "none"
    if chain and found_path:
        add(parent, "TrustAnchor").set("VOReference", chain[-1])
    if chain:
        listed = add(parent, "CertificateChain")
        add(listed, "SigningCertificate").set("VOReference", chain[0])
        for reference in chain[1:-1]:
            add(listed, "IntermediateCertificate").set("VOReference", reference)
        if found_path:
            add(listed, "TrustAnchor").set("VOReference", chain[-1])
    for _, reference in stamps:
        add(parent, "RelatedValidationObject").set("VOReference", reference)
    values = [
        ("genuine", report.answer.genuine),
        ("in_force", report.answer.in_force),
        ("document_sm3", report.document.sm3),
        ("file_name", visible(report.document.file_name)),
        ("report_number", report.report_number or ""),
        ("software", report.software),
        ("level", signature.level),
        ("algorithm", visible(signature.algorithm)),
        ("trust", signature.trust),
        ("coverage", signature.coverage),
        ("changes_after_signing", signature.changes_after_signing),
        ("log_proof", _log_proof(report)),
    ]
    changes = [
        ("changed_object", visible(f"{c.reference} {c.kind} {c.what} {','.join(map(str, c.pages))}".strip()))
        for c in signature.changed_objects
    ]
    _data(parent, [(name, str(value)) for name, value in values if value] + changes)


def _log_proof(report: VerificationReport) -> str:
    """That the licence's issue is in the transparency log: one line of JSON in ASCII, in the words of the JSON report."""
    log = report.registry.log
    return "" if log is None else json.dumps(log.to_json(), separators=(",", ":"))


def _data(parent: ET.Element, values: list[tuple[str, str]]) -> None:
    """4.3.12.8: typed data under our own names."""
    additional = add(parent, "AdditionalValidationReportData")
    for name, value in values:
        entry = add(additional, "ReportData")
        add(entry, "Type", f"{_OURS}:report-data:{name}")
        add(entry, "Value", value)


def _stamp_reports(signature: SignatureReport, objects: ValidationObjects) -> list[tuple[TimestampReport, str]]:
    """4.4: each token is a validation object with a report of its own and, when valid, the proof that it gives."""
    found = []
    for stamp in signature.timestamps:
        chain = [objects.add_bytes("certificate", der) for der in stamp.chain]
        reference, element = objects.add_token(stamp.token)
        if element is not None:
            if stamp.is_proof:
                provided = add(element, "POEProvisioning")
                add(provided, "POETime", instant(stamp.generated_at))
                add(add(provided, "SignatureReference"), "PAdESFieldName", visible(signature.name))
            inner = add(element, "ValidationReport")
            if chain:
                signer = add(inner, "SignerInformation")
                add(signer, "SignerCertificate").set("VOReference", chain[0])
                add(signer, "Signer", _subject(stamp.chain[0]))
            status = add(inner, "SignatureValidationStatus")
            passed = "urn:etsi:019102:mainindication:passed"
            add(status, "MainIndication", passed if stamp.is_proof else _INDETERMINATE)
            if stamp.sub_indication is not None:
                add(status, "SubIndication", stamp.sub_indication.urn)
        found.append((stamp, reference))
    return found


def _subject(der: bytes) -> str:
    try:
        return visible(certificate_facts(der).subject_name)
    except MalformedDataError:
        return "?"


def _without_signature(parent: ET.Element, report: VerificationReport, document: str) -> None:
    """A file without signatures: the schema wants one report, the standard has no indication for it."""
    times = add(parent, "ValidationTimeInfo")
    add(times, "ValidationTime", instant(report.answer.checked_at))
    _proof(add(times, "BestSignatureTime"), report.answer.checked_at, [])
    _signers_document(add(parent, "SignersDocument"), report, document)
    status = add(parent, "SignatureValidationStatus")
    add(status, "MainIndication", _INDETERMINATE)
    add(status, "SubIndication", f"{_OURS}:subindication:NO_SIGNATURE")
