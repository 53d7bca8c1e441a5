"""The process as a whole: pure, the same for everyone, every signature judged, certification by the rules."""

import builtins
import os
import socket
import time
from dataclasses import replace
from datetime import timedelta

import pytest

from signing.augmentation import Level, Sources, sign_document
from signing.evidence_gathering import EvidenceAtHand
from signing.pades import sign_prepared
from signing.pdf.reading import read_structure
from signing.signature_spec import DocMdp, SignatureSpec
from signing.validation.format_checking import check_certification
from signing.validation.policy import PermittedChange
from signing.validation.process import validate_pdf, validate_structure
from signing.validation.report import Conclusion, Indication
from tests.pki import DAY, NOW, make_pki
from tests.unit.signing.pki import plain_pdf, prepared_pdf

SPEC = SignatureSpec(claimed_at=NOW, certify=DocMdp.NO_CHANGES)


def archived(pki):
    evidence = EvidenceAtHand((pki.root.certificate, pki.issuing.certificate), pki.crls())
    return sign_document(plain_pdf(), pki.leaf(), SPEC, Level.B_LTA, Sources(pki.unit(), evidence))


def test_no_step_asks_the_world(monkeypatch):
    """No file, clock, environment or network: a counterparty with the document and the anchors sees what the service sees."""
    pki = make_pki()
    document, policy = archived(pki), pki.policy()
    counterparty = replace(policy, certificates=(), crls=())
    service = validate_pdf(document, policy, at=NOW)

    def refused(*_arguments, **_options):
        raise AssertionError("the validation asked the world")

    monkeypatch.setattr(builtins, "open", refused)
    monkeypatch.setattr(socket, "socket", refused)
    monkeypatch.setattr(os, "urandom", refused)
    monkeypatch.setattr(time, "time", refused)
    theirs = validate_pdf(document, counterparty, at=NOW)

    def told(validation):
        return [
            (s.indication, s.sub_indication, s.level, s.trust, s.best_signature_time) for s in validation.signatures
        ]

    assert told(theirs) == told(service)
    assert theirs.signatures[0].level == "PAdES-B-LTA"


def test_the_same_input_gives_the_same_report():
    pki = make_pki()
    document, policy = archived(pki), pki.policy()
    assert validate_pdf(document, policy, at=NOW) == validate_pdf(document, policy, at=NOW)


def test_a_structure_that_was_read_elsewhere_gives_the_same_report():
    pki = make_pki()
    document, policy = archived(pki), pki.policy()
    structure = read_structure(document, policy.limits, policy.permitted_changes)
    assert validate_structure(document, structure, policy, at=NOW) == validate_pdf(document, policy, at=NOW)


def test_checks_are_consistent_with_the_indication():
    """Every failed check carries a sub-indication of that indication, and names are stable words."""
    pki = make_pki()
    documents = [archived(pki), sign_prepared(prepared_pdf(), pki.leaf(until=-DAY), timestamps=pki.unit(NOW - 3 * DAY))]
    documents.append(documents[0].replace(b"/MediaBox", b"/MediaBoy"))
    for document in documents:
        for report in validate_pdf(document, pki.policy(), at=NOW).signatures:
            for check in report.checks:
                assert check.name.replace("_", "").replace(".", "").isalnum()
                if check.conclusion is Conclusion.FAILED:
                    assert check.sub_indication.indication is Indication.TOTAL_FAILED
                if check.conclusion is Conclusion.INDETERMINATE:
                    assert check.sub_indication.indication is Indication.INDETERMINATE
                if check.conclusion is Conclusion.PASSED:
                    assert check.sub_indication is None


def test_the_process_knows_the_past_from_now():
    """One document at four instants: good, lists stale, signer expired, and before it was made."""
    pki = make_pki()
    document = sign_prepared(prepared_pdf(), pki.leaf(until=20 * DAY), timestamps=pki.unit())
    instants = {
        NOW: (Indication.TOTAL_PASSED, None),
        NOW + 25 * DAY: (Indication.TOTAL_PASSED, None),
        NOW + 31 * DAY: (Indication.INDETERMINATE, "OUT_OF_BOUNDS_NO_POE"),
        NOW - timedelta(days=40): (Indication.INDETERMINATE, "OUT_OF_BOUNDS_NO_POE"),
    }
    for at, expected in instants.items():
        report = validate_pdf(document, pki.policy(), at=at).signatures[0]
        assert (report.indication, report.sub_indication) == expected, at


def test_a_second_signature_in_a_field_left_for_it_is_a_permitted_change_by_policy():
    pki = make_pki()
    first = sign_document(
        plain_pdf(), pki.leaf(), replace(SPEC, certify=DocMdp.SIGN_AND_FILL_FORMS), Level.B_B, Sources()
    )
    second = sign_document(first, pki.leaf(), SignatureSpec(claimed_at=NOW, field_name="Second"), Level.B_B, Sources())
    # A field of its own was not left open by the first signer.
    reports = validate_pdf(second, pki.policy(), at=NOW).signatures
    assert [r.changes_after_signing for r in reports] == ["forbidden", "none"]
    assert PermittedChange.SIGNATURES_IN_EXISTING_FIELDS in pki.policy().permitted_changes


@pytest.mark.parametrize(
    ("certifying", "expected"),
    [
        ((True, False), [Conclusion.PASSED]),
        ((False, True), [Conclusion.INDETERMINATE]),
        ((True, True), [Conclusion.INDETERMINATE, Conclusion.INDETERMINATE]),
        ((False, False), []),
    ],
)
def test_certification_comes_once_and_first(certifying, expected):
    [field] = read_structure(sign_prepared(prepared_pdf(), make_pki().leaf()), make_pki().policy().limits).fields
    fields = tuple(
        replace(field, certifies=certifies, byte_range=(0, 1, 2, number), name=str(number))
        for number, certifies in enumerate(certifying)
    )
    assert [c.conclusion for f in fields for c in check_certification(fields, f)] == expected


def test_one_signature_shown_twice_is_one_certification():
    [field] = read_structure(sign_prepared(prepared_pdf(), make_pki().leaf()), make_pki().policy().limits).fields
    twice = (field, replace(field, name="again"))
    assert [c.conclusion for f in twice for c in check_certification(twice, f)] == [Conclusion.PASSED] * 2
