"""The XML report against facts of the published schema, written down by hand, and against pyHanko's classes of it."""

from base64 import b64decode
from hashlib import sha256
from xml.etree import ElementTree as ET

import pytest
from pyhanko.generated.etsi.ts_11910202 import ValidationReport
from xsdata.formats.dataclass.parsers import XmlParser
from xsdata.formats.dataclass.parsers.config import ParserConfig
from xsdata.formats.dataclass.serializers import XmlSerializer

from gateway.documents.etsi_report import etsi_report
from tests.pki import make_pki
from tests.unit.documents import reports

VR, DS = "{http://uri.etsi.org/19102/v1.4.1#}", "{http://www.w3.org/2000/09/xmldsig#}"
SPACES = {
    "v": VR[1:-1],
    "ds": DS[1:-1],
    "x": "http://uri.etsi.org/01903/v1.3.2#",
    "tsl": "http://uri.etsi.org/02231/v2#",
}

# TS 119 102-2, annex with the schema: children of each type in their order; a star marks those that must be there.
ORDER = {
    "ValidationReport": "SignatureValidationReport* SignatureValidationObjects SignatureValidator Signature",
    "SignatureValidationReport": (
        "SignatureIdentifier ValidationConstraintsEvaluationReport ValidationTimeInfo SignersDocument SignatureAttributes "
        "SignerInformation SignatureQuality SignatureValidationProcess SignatureValidationStatus*"
    ),
    "SignatureIdentifier": "DigestAlgAndValue SignatureValue HashOnly* DocHashOnly* DAIdentifier",
    "DigestAlgAndValue": "DigestMethod* DigestValue*",
    "ValidationConstraintsEvaluationReport": "SignatureValidationPolicy ValidationConstraint",
    "SignatureValidationPolicy": "SignaturePolicyIdentifier* PolicyName FormalPolicyURI ReadablePolicyURI FormalPolicyObject",
    "ValidationConstraint": (
        "ValidationConstraintIdentifier* ValidationConstraintParameter ConstraintStatus* ValidationStatus Indications"
    ),
    "ConstraintStatus": "Status* OverriddenBy",
    "ValidationStatus": "MainIndication* SubIndication AssociatedValidationReportData",
    "SignatureValidationStatus": "MainIndication* SubIndication AssociatedValidationReportData",
    "ValidationTimeInfo": "ValidationTime* BestSignatureTime*",
    "BestSignatureTime": "POETime* TypeOfProof* POEObject",
    "POE": "POETime* TypeOfProof* POEObject",
    "POEProvisioning": "POETime* ValidationObject SignatureReference",
    "SignersDocument": "DigestAlgAndValue* SignersDocumentRepresentation",
    "SignerInformation": "SignerCertificate* Signer",
    "SignatureValidationProcess": "SignatureValidationProcessID",
    "AssociatedValidationReportData": (
        "TrustAnchor CertificateChain RelatedValidationObject RevocationStatusInformation CryptoInformation "
        "AdditionalValidationReportData"
    ),
    "CertificateChain": "SigningCertificate* IntermediateCertificate TrustAnchor",
    "AdditionalValidationReportData": "ReportData*",
    "ReportData": "Type* Value*",
    "SignatureValidationObjects": "ValidationObject*",
    "ValidationObject": "ObjectType* ValidationObjectRepresentation* POE POEProvisioning ValidationReport",
}


def parsed(name):
    return ET.fromstring(etsi_report(reports.ALL[name](), make_pki().leaf().certificate))


def local(element):
    return element.tag.rpartition("}")[2]


@pytest.mark.parametrize("name", reports.ALL)
def test_every_element_stands_where_the_schema_has_it(name):
    judged = set()
    for parent in parsed(name).iter():
        kind = local(parent)
        inner = kind == "ValidationReport" and parent.find("v:SignatureValidationStatus", SPACES) is not None
        order = ORDER.get("SignatureValidationReport" if inner else kind)
        if order is None or len(parent) == 0:
            continue
        names = [word.rstrip("*") for word in order.split()]
        children = [local(child) for child in parent]
        assert [names.index(child) for child in children] == sorted(names.index(child) for child in children)
        assert {word[:-1] for word in order.split() if word.endswith("*")} <= set(children), kind
        judged.add(kind)
    assert {"ValidationReport", "SignatureValidationReport", "ValidationTimeInfo", "ValidationObject"} <= judged


@pytest.mark.parametrize("name", reports.ALL)
def test_a_reader_that_others_wrote_takes_it_and_writes_the_same_elements_in_the_same_order(name):
    """pyHanko's classes are made from the schema of V1.2.1, whose types V1.4.1 kept; only the name space differs."""
    text = etsi_report(reports.ALL[name](), make_pki().leaf().certificate).decode().replace("v1.4.1#", "v1.2.1#")
    config = ParserConfig(fail_on_unknown_properties=True, fail_on_unknown_attributes=True)
    foreign = XmlParser(config=config).from_string(text, ValidationReport)
    again = ET.fromstring(XmlSerializer().render(foreign))
    assert [element.tag for element in again.iter()] == [element.tag for element in ET.fromstring(text).iter()]


@pytest.mark.parametrize("name", reports.ALL)
def test_ids_are_unique_and_every_reference_leads_somewhere(name):
    root = parsed(name)
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(ids) == len(set(ids)) > 0
    objects = {element.get("id") for element in root.iterfind(".//v:ValidationObject", SPACES)}
    references = {word for element in root.iter() for word in (element.get("VOReference") or "").split()}
    assert references and references <= objects


def test_the_same_report_gives_the_same_bytes():
    assert etsi_report(reports.genuine()) == etsi_report(reports.genuine())


def test_indications_times_and_objects_are_those_of_the_report():
    report, root = reports.genuine(), parsed("genuine")
    one = root.find("v:SignatureValidationReport", SPACES)
    signature = report.signatures[0]
    assert one.findtext("v:SignatureValidationStatus/v:MainIndication", None, SPACES) == (
        "urn:etsi:019102:mainindication:total-passed"
    )
    assert one.find("v:SignatureValidationStatus/v:SubIndication", SPACES) is None
    assert b64decode(one.findtext("v:SignatureIdentifier/ds:SignatureValue", None, SPACES)) == signature.signature_value
    assert b64decode(one.findtext("v:SignersDocument/v:DigestAlgAndValue/ds:DigestValue", None, SPACES)).hex() == (
        report.document.sha256
    )
    best = one.find("v:ValidationTimeInfo/v:BestSignatureTime", SPACES)
    token = root.find(f".//v:ValidationObject[@id='{best.find('v:POEObject', SPACES).get('VOReference')}']", SPACES)
    assert token.findtext("v:ObjectType", None, SPACES) == "urn:etsi:019102:validationObject:timestamp"
    assert b64decode(token.findtext(".//v:base64", None, SPACES)) == signature.timestamps[0].token
    assert best.findtext("v:POETime", None, SPACES) == f"{signature.best_signature_time:%Y-%m-%dT%H:%M:%SZ}"
    chain = one.find(".//v:CertificateChain", SPACES)
    named = [root.find(f".//v:ValidationObject[@id='{step.get('VOReference')}']", SPACES) for step in chain]
    assert [b64decode(found.findtext(".//v:base64", None, SPACES)) for found in named] == list(signature.chain)
    kinds = [element.text.rpartition(":")[2] for element in root.iterfind(".//v:ObjectType", SPACES)]
    assert {kind: kinds.count(kind) for kind in set(kinds)} == {
        "certificate": 4,
        "timestamp": 1,
        "CRL": 2,
        "signedData": 1,
    }
    for certificate in signature.chain:
        assert (
            root.find(f".//v:ValidationObject[@id='C-{sha256(certificate).hexdigest().upper()}']", SPACES) is not None
        )


def test_what_failed_is_said_with_its_urn_and_its_constraint():
    root = parsed("changed")
    status = root.find("v:SignatureValidationReport/v:SignatureValidationStatus", SPACES)
    assert [status.findtext(f"v:{name}", None, SPACES) for name in ("MainIndication", "SubIndication")] == [
        "urn:etsi:019102:mainindication:total-failed",
        "urn:etsi:019102:subindication:HASH_FAILURE",
    ]
    failed = [
        constraint.findtext("v:ValidationConstraintIdentifier", None, SPACES)
        for constraint in root.iterfind(".//v:ValidationConstraint", SPACES)
        if constraint.findtext("v:ValidationStatus/v:MainIndication", "", SPACES).endswith(":failed")
    ]
    assert failed == ["urn:licence-gateway:check:format_checking.changes_after_signing"]
    types = [entry.findtext("v:Type", None, SPACES) for entry in status.iterfind(".//v:ReportData", SPACES)]
    assert types.count("urn:licence-gateway:report-data:changed_object") == 12


def test_nine_equal_signatures_have_nine_names():
    root = parsed("many")
    names = [element.get("id") for element in root.iterfind(".//v:SignatureIdentifier", SPACES)]
    assert len(set(names)) == 9


def test_hostile_text_stays_text():
    text = etsi_report(reports.hostile()).decode()
    assert "<script" not in text
    assert not any(ord(c) < 32 and c not in "\n\t" for c in text) and "\u202e" not in text and "\ufffe" not in text
    assert max(len(element.text or "") for element in ET.fromstring(text).iter() if local(element) != "base64") < 1000


def test_a_file_without_signatures_still_has_a_report():
    root = parsed("unsigned")
    assert root.findtext(".//v:SubIndication", None, SPACES) == "urn:licence-gateway:subindication:NO_SIGNATURE"
    assert root.find(".//v:SignatureIdentifier", SPACES) is None
