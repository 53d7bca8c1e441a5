"""The second signature on a file of our own: what is appended, and what is refused."""

import re
from datetime import timedelta, timezone
from functools import cache
from io import BytesIO

import pikepdf
import pytest

from gateway.documents.pdf_writer import ACCEPTANCE_FIELD, SECOND_FIELD, SIGNATURE_FIELD
from signing.appending import prepare_second
from signing.errors import MalformedDataError, SigningNotPermittedError
from signing.keys import SignatureAlgorithm
from signing.pades import sign_prepared
from signing.pyhanko_adapter import sign_with_pyhanko
from signing.pyhanko_writing import prepare_signature
from signing.signature_spec import SignatureSpec
from signing.validation.policy import TrustAnchor, ValidationPolicy
from signing.validation.process import validate_pdf
from signing.validation.report import Changes, Coverage, Indication
from tests.unit.documents.faces import AT, electronic
from tests.unit.signing.pki import NOW, pki, plain_pdf
from tests.unit.signing.western_pki import western_pki

NAME = "阳江市江城区市场监督管理局"


@cache
def once():
    """(licence with its first signature, number of the empty field)."""
    prepared = electronic(has_second_signature=True)
    return sign_prepared(prepared, pki().seal, timestamps=pki().unit), prepared.empty_field


def second(**changes):
    signed, field = once()
    return prepare_second(signed, field, **{"claimed_at": AT, "signer_name": NAME} | changes)


@cache
def dual(algorithm=SignatureAlgorithm.ECDSA_WITH_SHA256):
    house = western_pki(algorithm)
    return sign_prepared(second(), house.seal, timestamps=house.unit)


def judged(document, algorithm=SignatureAlgorithm.ECDSA_WITH_SHA256):
    house = western_pki(algorithm)
    anchors = (TrustAnchor(pki().root.certificate), TrustAnchor(house.root))
    return validate_pdf(document, ValidationPolicy(anchors, crls=(*pki().crls(), house.crl)), at=NOW).signatures


@pytest.mark.parametrize("algorithm", [SignatureAlgorithm.ECDSA_WITH_SHA256, SignatureAlgorithm.RSA_WITH_SHA256])
def test_our_own_validation_passes_both_and_permits_the_second(algorithm):
    first, last = judged(dual(algorithm), algorithm)
    assert (first.name, first.indication, first.changes_after_signing, first.changed_objects) == (
        SIGNATURE_FIELD,
        Indication.TOTAL_PASSED,
        Changes.PERMITTED,
        (),
    )
    assert (last.name, last.indication, last.coverage) == (
        SECOND_FIELD,
        Indication.TOTAL_PASSED,
        Coverage.ENTIRE_FILE,
    )
    assert (first.kind, last.kind) == ("certification", "approval")


def test_the_first_revision_stays_and_the_appendix_is_small():
    signed, _ = once()
    assert dual().startswith(signed)
    assert len(dual()) - len(signed) < 18_000


def test_the_file_says_what_was_asked_for():
    local = AT.astimezone(timezone(timedelta(hours=8)))
    prepared = second(claimed_at=local)
    with pikepdf.open(BytesIO(sign_prepared(prepared, western_pki().seal))) as pdf:
        _, field, _ = pdf.Root.AcroForm.Fields
        assert str(field.V.Name) == NAME
        assert str(field.V.M) == f"D:{AT:%Y%m%d%H%M%SZ}"
        [reference] = field.V.Reference
        assert (reference.TransformMethod, reference.TransformParams.P) == ("/FieldMDP", 2)
        assert (reference.TransformParams.Action, *reference.TransformParams.Fields) == ("/Exclude", ACCEPTANCE_FIELD)
        assert [int(number) for number in field.V.ByteRange] == [
            0,
            prepared.gap_start,
            prepared.gap_end,
            len(prepared.data) - prepared.gap_end,
        ]
        assert pdf.trailer.ID[0] != pdf.trailer.ID[1]


def test_the_second_signature_locks_the_document():
    with pytest.raises(SigningNotPermittedError):
        prepare_signature(dual(), SignatureSpec(claimed_at=NOW, field_name="Third"))


def test_an_empty_field_that_was_never_signed_is_sound_too():
    [only] = judged(once()[0])
    assert only.indication is Indication.TOTAL_PASSED
    assert only.changes_after_signing is Changes.NONE


def test_another_content_in_place_of_the_second_signature_is_found():
    """The first signature permits a signature in the empty field, and nothing else."""
    signed, _ = once()
    page = re.search(rb"\n(\d+) 0 obj\n(<</Type/Page/.*?)\nendobj", signed, re.DOTALL)
    changed = page[2].replace(b"/MediaBox[0 0 841", b"/MediaBox[0 0 840")
    assert changed != page[2]
    body = b"%b 0 obj\n%b\nendobj\n" % (page[1], changed)
    start, table = len(signed) + len(body), re.search(rb"startxref\n(\d+)", signed)[1]
    end = re.search(rb"trailer\n<<(/Size \d+/Root \d+ 0 R)", signed)[1]
    appended = signed + body + b"xref\n%b 1\n%010d 00000 n \n" % (page[1], len(signed))
    appended += b"trailer\n<<%b/Prev %b>>\nstartxref\n%d\n%%%%EOF\n" % (end, table, start)
    [first] = judged(appended)
    assert first.indication is Indication.TOTAL_FAILED
    assert first.changes_after_signing is Changes.FORBIDDEN


@pytest.mark.parametrize("field", [0, 1, 2, 4, 9999])
def test_another_object_than_an_empty_signature_field_is_refused(field):
    signed, _ = once()
    with pytest.raises(MalformedDataError):
        prepare_second(signed, field, claimed_at=AT, signer_name=NAME)


def test_a_field_is_filled_once():
    with pytest.raises(MalformedDataError):
        prepare_second(dual(), once()[1], claimed_at=AT, signer_name=NAME)


@pytest.mark.parametrize("document", [b"", plain_pdf(), sign_with_pyhanko(plain_pdf(), pki().seal)], ids=range(3))
def test_a_file_of_another_maker_is_refused(document):
    with pytest.raises(MalformedDataError, match="our own"):
        prepare_second(document, 3, claimed_at=AT, signer_name=NAME)
