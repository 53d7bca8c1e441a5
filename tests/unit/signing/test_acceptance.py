"""The holder's countersignature on a licence: the last change that its certification permits."""

from datetime import timedelta
from functools import cache
from io import BytesIO

import pikepdf
import pytest

from certs.authority import CertificateAuthority, Subject, self_signed_root
from certs.profiles import ELECTRONIC_BUSINESS_LICENCE, ROOT
from gateway.documents.pdf_writer import ACCEPTANCE_FIELD, SECOND_FIELD, SIGNATURE_FIELD
from signing import sm2
from signing.appending import prepare_second
from signing.errors import SigningNotPermittedError
from signing.keys_sm2 import Sm2SigningKey
from signing.pades import sign_prepared
from signing.pyhanko_writing import prepare_signature
from signing.signature_spec import SignatureSpec
from signing.validation.policy import TrustAnchor, Use, ValidationPolicy
from signing.validation.process import validate_pdf
from signing.validation.report import Changes, Coverage, Indication
from tests.unit.documents.faces import AT, electronic
from tests.unit.documents.pdfa_rules import violations
from tests.unit.signing.pki import NOW, pki
from tests.unit.signing.western_pki import western_pki

SPEC = SignatureSpec(claimed_at=NOW, field_name=ACCEPTANCE_FIELD, signer_name="企业", reason="签收")


@cache
def holders():
    """(key of an enterprise, root that is trusted for enterprises alone)."""
    root = self_signed_root(ROOT, Subject("企业证书根", "企业证书机构"), sm2.generate(), now=NOW)
    private = sm2.generate()
    subject = Subject("某企业", "某企业", "91441702MA9Y03WY4L")
    certificate = CertificateAuthority(root).issue(ELECTRONIC_BUSINESS_LICENCE, subject, private.public_key, now=NOW)
    return Sm2SigningKey(private, certificate), root


def holders_list():
    times = {"this_update": NOW - timedelta(minutes=1), "next_update": NOW + timedelta(days=1)}
    return CertificateAuthority(holders()[1]).crl(number=1, **times)


@cache
def issued(*, dual=False):
    """A licence with the authority's signatures."""
    prepared = electronic(has_second_signature=dual)
    signed = sign_prepared(prepared, pki().seal, timestamps=pki().unit)
    if not dual:
        return signed
    house = western_pki()
    following = prepare_second(signed, prepared.empty_field, claimed_at=AT, signer_name="局")
    return sign_prepared(following, house.seal, timestamps=house.unit)


@cache
def accepted(*, dual=False):
    return sign_prepared(prepare_signature(issued(dual=dual), SPEC), holders()[0], timestamps=pki().unit)


def judged(document):
    anchors = (
        TrustAnchor(pki().root.certificate),
        TrustAnchor(western_pki().root),
        TrustAnchor(holders()[1].certificate, uses=frozenset({Use.ENTERPRISE})),
    )
    crls = (*pki().crls(), holders_list(), western_pki().crl)
    return validate_pdf(document, ValidationPolicy(anchors, crls=crls), at=NOW).signatures


@pytest.mark.parametrize("dual", [False, True])
def test_every_signature_passes_and_the_holders_is_the_last(dual):
    *ours, last = judged(accepted(dual=dual))
    assert [s.name for s in ours] == ([SIGNATURE_FIELD, SECOND_FIELD] if dual else [SIGNATURE_FIELD])
    assert {(s.indication, s.changes_after_signing) for s in ours} == {(Indication.TOTAL_PASSED, Changes.PERMITTED)}
    assert (last.name, last.kind, last.indication) == (ACCEPTANCE_FIELD, "enterprise", Indication.TOTAL_PASSED)
    assert (last.coverage, last.changes_after_signing) == (Coverage.ENTIRE_FILE, Changes.NONE)
    assert ours[0].kind == "certification"


@pytest.mark.parametrize("dual", [False, True])
def test_the_issued_file_stays_whole_within_and_verifies_by_itself(dual):
    assert accepted(dual=dual).startswith(issued(dual=dual))
    assert {s.changes_after_signing for s in judged(issued(dual=dual))} <= {Changes.NONE, Changes.PERMITTED}
    assert {s.indication for s in judged(issued(dual=dual))} == {Indication.TOTAL_PASSED}


@pytest.mark.parametrize("dual", [False, True])
def test_the_accepted_file_conforms_to_pdf_a(dual):
    assert violations(accepted(dual=dual)) == []


def test_nobody_signs_after_the_holder():
    for name in (ACCEPTANCE_FIELD, "Another"):
        with pytest.raises(SigningNotPermittedError):
            prepare_signature(accepted(), SignatureSpec(claimed_at=NOW, field_name=name))


def test_whatever_is_written_after_the_holder_is_a_change():
    """Anybody may write a revision, whether or not our writer refuses it."""
    with pikepdf.open(BytesIO(accepted())) as pdf:
        size = int(pdf.trailer.Size)
        table = accepted().rindex(b"startxref\n") + len(b"startxref\n")
        previous = int(accepted()[table:].split(b"\n")[0])
        page = pdf.pages[0].obj
        body = page.unparse(resolved=True).replace(b"/MediaBox [ ", b"/MediaBox [ 1 ")
        number, root = page.objgen[0], pdf.Root.objgen[0]
    start = len(accepted())
    written = b"%d 0 obj\n%b\nendobj\n" % (number, body)
    end = b"xref\n%d 1\n%010d 00000 n \ntrailer\n<</Size %d/Root %d 0 R/Prev %d>>\nstartxref\n%d\n%%%%EOF\n" % (
        number,
        start,
        size,
        root,
        previous,
        start + len(written),
    )
    found = judged(accepted() + written + end)
    assert {s.changes_after_signing for s in found} == {Changes.FORBIDDEN}


def locked():
    """A licence whose second signature names every field in its lock, the holder's place too (ISO 32000-2, 12.8.2.4)."""
    prepared = electronic(has_second_signature=True)
    signed = sign_prepared(prepared, pki().seal, timestamps=pki().unit)
    following = prepare_second(signed, prepared.empty_field, claimed_at=AT, signer_name="局")
    open_lock = b"/Action/Exclude/Fields[(HolderAcceptance)]/P 2/V/1.2"
    closed = following.data.replace(open_lock, b"/Action/All/P 1".ljust(len(open_lock) - 7) + b" /V/1.2")
    assert len(closed) == len(following.data) and closed != following.data
    return sign_prepared(type(following)(closed, following.gap_start, following.gap_end), western_pki().seal)


def test_a_locked_field_may_not_be_signed():
    with pytest.raises(SigningNotPermittedError):
        prepare_signature(locked(), SPEC)


def test_signing_a_locked_field_is_a_change_whoever_does_it(monkeypatch):
    monkeypatch.setattr("signing.pyhanko_writing._require_permission", lambda *_: False)
    _, second, _ = judged(sign_prepared(prepare_signature(locked(), SPEC), holders()[0]))
    assert (second.name, second.changes_after_signing) == (SECOND_FIELD, Changes.FORBIDDEN)
