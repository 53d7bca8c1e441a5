"""The answer in front of a validation: who vouches for a file, and what is only unknown."""

from dataclasses import replace

from gateway.domain.answers import Genuine, InForce
from gateway.domain.conclusion import conclude, judge_signatures
from gateway.domain.verification import RegistryFinding, RegistryStatus
from signing.augmentation import add_document_timestamp
from signing.pades import sign_prepared
from signing.validation.process import validate_pdf
from signing.validation.report import Changes
from tests.pki import NOW, make_pki, make_stranger
from tests.unit.signing.pki import plain_pdf, prepared_pdf


def judged(document):
    return validate_pdf(document, make_pki().policy(), at=NOW).signatures


def codes(signatures):
    genuine, reasons = judge_signatures(signatures)
    return genuine, [reason.code for reason in reasons]


def test_a_time_stamp_alone_vouches_for_nothing():
    """Anyone may have any file stamped, a forged one too."""
    pki = make_pki()
    stamped = judged(add_document_timestamp(plain_pdf(), pki.unit()))
    assert [s.indication for s in stamped] == ["TOTAL-PASSED"]
    assert codes(stamped) == (Genuine.UNKNOWN, ["NO_SIGNATURE"])
    both = judged(add_document_timestamp(sign_prepared(prepared_pdf(), pki.leaf()), pki.unit()))
    assert codes(both) == (Genuine.YES, ["GENUINE"])


def test_a_time_stamp_alone_is_no_signature_whether_it_can_be_checked_or_not():
    """Contract: 3 is the exit status of a file without a signature; a stamp of a stranger makes it no more signed."""
    stamped = judged(add_document_timestamp(plain_pdf(), make_stranger().unit()))
    assert [s.indication for s in stamped] == ["INDETERMINATE"]
    assert codes(stamped) == (Genuine.UNKNOWN, ["NO_SIGNATURE"])
    answer = conclude(stamped, RegistryFinding(RegistryStatus.NOT_CHECKED), NOW)
    assert (answer.in_force, len(answer.reasons)) == (InForce.NOT_APPLICABLE, 1)


def test_a_stamped_file_that_was_changed_is_not_genuine():
    [stamp] = judged(add_document_timestamp(plain_pdf(), make_pki().unit()))
    changed = replace(stamp, changes_after_signing=Changes.FORBIDDEN)
    assert codes((changed,)) == (Genuine.NO, ["CHANGED_AFTER_SIGNING"])


def test_no_signature_at_all():
    assert codes(()) == (Genuine.UNKNOWN, ["NO_SIGNATURE"])
