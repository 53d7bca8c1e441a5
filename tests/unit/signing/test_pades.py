"""PDF signatures, judged by stock pyHanko."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from pyhanko.sign.validation.status import SignatureCoverageLevel

from signing.algorithms import SHA256_OID, SM3_OID, digest
from signing.errors import MalformedDataError, SigningError, TimestampUnavailableError
from signing.keys import PreparedPdf
from signing.pades import CONTENTS_HEX_DIGITS, document_digest, embed, sign_prepared
from signing.pyhanko_adapter import sign_with_pyhanko, validate_with_pyhanko
from signing.sm2 import sm3
from tests.unit.signing.pki import NOW, ecdsa_key, pki, plain_pdf, prepared_pdf


def judged(document):
    (status,) = validate_with_pyhanko(document, trust_anchors=[pki().root.certificate], crls=pki().crls())
    return status


def test_pyhanko_finds_a_b_b_signature_sound():
    status = judged(sign_prepared(prepared_pdf(), pki().seal))
    assert status.bottom_line
    assert status.coverage is SignatureCoverageLevel.ENTIRE_FILE
    assert status.md_algorithm == "sm3"
    assert status.timestamp_validity is None
    assert status.signer_reported_dt == NOW


def test_pyhanko_finds_a_b_t_signature_and_its_time_stamp_sound():
    status = judged(sign_prepared(prepared_pdf(), pki().seal, timestamps=pki().unit))
    assert status.bottom_line
    assert status.timestamp_validity.valid
    assert status.timestamp_validity.trusted
    assert status.timestamp_validity.timestamp == NOW


def test_pyhanko_finds_an_ecdsa_signature_sound():
    signed = sign_prepared(prepared_pdf(), ecdsa_key())
    (status,) = validate_with_pyhanko(signed, trust_anchors=[ecdsa_key().certificate])
    assert status.bottom_line


def test_a_changed_byte_breaks_the_signature():
    signed = sign_prepared(prepared_pdf(), pki().seal)
    status = judged(signed.replace(b"/MediaBox[0 0 200 200]", b"/MediaBox[0 0 200 201]"))
    assert not status.intact
    assert not status.bottom_line


def test_an_unknown_root_is_not_trusted():
    signed = sign_prepared(prepared_pdf(), pki().seal)
    (status,) = validate_with_pyhanko(signed, trust_anchors=[ecdsa_key().certificate])
    assert status.valid
    assert not status.trusted


def test_a_time_stamp_over_something_else_does_not_count():
    class Careless:
        def stamp(self, imprint, digest_oid):
            return pki().unit.stamp(sm3(imprint))

    status = judged(sign_prepared(prepared_pdf(), pki().seal, timestamps=Careless()))
    assert not status.timestamp_validity.intact
    assert not status.bottom_line


@pytest.mark.parametrize("timestamps", [None, pki().unit], ids=["B-B", "B-T"])
def test_stock_pyhanko_signs_with_our_keys_and_time_stamps(timestamps):
    status = judged(sign_with_pyhanko(plain_pdf(), pki().seal, timestamps=timestamps))
    assert status.bottom_line
    assert (status.timestamp_validity is not None) == (timestamps is not None)


@pytest.mark.parametrize("oid", [SM3_OID, SHA256_OID])
def test_the_digest_leaves_out_exactly_the_gap(oid):
    prepared = PreparedPdf(b"before<0000>after", 6, 12)
    assert document_digest(prepared, oid) == digest(oid, b"beforeafter")


def test_nothing_outside_the_gap_changes_and_the_rest_of_it_is_zeros():
    prepared = prepared_pdf()
    signed = sign_prepared(prepared, pki().seal)
    gap = slice(prepared.gap_start, prepared.gap_end)
    assert len(signed) == len(prepared.data)
    assert signed[: gap.start] + signed[gap.stop :] == prepared.data[: gap.start] + prepared.data[gap.stop :]
    assert re.fullmatch(rb"<[0-9a-f]+0{8000,}>", signed[gap])


def test_a_signature_that_does_not_fit_is_refused():
    with pytest.raises(SigningError, match="leaves 1000"):
        sign_prepared(prepared_pdf(1000), pki().seal)


def test_a_signature_that_just_fits_is_taken():
    assert embed(PreparedPdf(b"a<000000>b", 1, 9), b"\x01\x02\x03") == b"a<010203>b"


def test_a_signed_document_is_never_signed_over():
    prepared = prepared_pdf()
    signed = sign_prepared(prepared, pki().seal)
    with pytest.raises(MalformedDataError):
        sign_prepared(replace(prepared, data=signed), pki().seal)


@pytest.mark.parametrize(("start", "end"), [(1, 8), (0, 9), (2, 9), (9, 1)])
def test_a_gap_that_is_no_placeholder_is_refused(start, end):
    with pytest.raises(MalformedDataError):
        embed(PreparedPdf(b"a<000000>b", start, end), b"\x01")


def test_no_time_stamp_no_signature():
    expired = pki().unit
    expired._clock = lambda: NOW + timedelta(days=36_500)
    with pytest.raises(TimestampUnavailableError):
        sign_prepared(prepared_pdf(), pki().seal, timestamps=expired)


def test_the_reserved_room_is_twice_what_a_b_t_signature_needs():
    prepared = prepared_pdf()
    signed = sign_prepared(prepared, pki().seal, timestamps=pki().unit)
    used = signed[prepared.gap_start + 1 : prepared.gap_end - 1].rstrip(b"0")
    assert 2 * len(used) < CONTENTS_HEX_DIGITS
