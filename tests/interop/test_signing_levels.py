"""Levels, dual signatures and the fast path as poppler, qpdf, BouncyCastle and pyHanko's command line judge them."""

import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from asn1crypto import pem

from gateway.documents.licence_page import draw_face, finished_page, new_canvas, render_electronic
from gateway.documents.pdf_writer import SECOND_FIELD, write_pdf
from signing.algorithms import SHA256_OID
from signing.appending import prepare_second
from signing.augmentation import Level, Sources, archive, sign_document
from signing.evidence_gathering import EvidenceAtHand
from signing.keys import SignatureAlgorithm
from signing.pades import sign_prepared
from signing.pyhanko_adapter import (
    sign_with_pyhanko,
    validate_archive_with_pyhanko,
    validate_from_store_with_pyhanko,
    validate_with_pyhanko,
)
from signing.pyhanko_reading import read_structure
from signing.pyhanko_writing import prepare_signature
from signing.signature_spec import DocMdp, SignatureSpec
from signing.validation.cms_reading import strip_padding
from signing.validation.evidence import ValidationData
from signing.validation.policy import Limits
from tests.interop.bouncy_castle import ask
from tests.unit.documents.faces import ATTACHMENT, electronic, fonts, make_face, seal
from tests.unit.signing.pki import NOW, pki, plain_pdf
from tests.unit.signing.western_pki import western_pki

pytestmark = pytest.mark.interop

PYHANKO = Path(sys.executable).parent / "pyhanko"
SPEC = SignatureSpec(claimed_at=NOW, certify=DocMdp.NO_CHANGES)
WESTERN = (SignatureAlgorithm.ECDSA_WITH_SHA256, SignatureAlgorithm.RSA_WITH_SHA256)


def run(*command):
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=120, check=False)


@cache
def evidence():
    return EvidenceAtHand((pki().root.certificate, pki().issuing.certificate), pki().crls())


@cache
def once(*, has_second=True):
    """A licence with its SM2 signature, and the empty field for the next."""
    prepared = render_electronic(
        fonts(), make_face(), seal(), attachment=ATTACHMENT, created_at=NOW, has_second_signature=has_second
    )
    return sign_prepared(prepared, pki().seal, timestamps=pki().unit), prepared.empty_field


@cache
def dual(algorithm=SignatureAlgorithm.ECDSA_WITH_SHA256):
    first, field = once()
    house = western_pki(algorithm)
    following = prepare_second(first, field, claimed_at=NOW, signer_name="阳江市江城区市场监督管理局")
    return sign_prepared(following, house.seal, timestamps=house.unit)


@cache
def dual_with_evidence():
    """Both chains, time-stamps and lists in the revision of the second signature: B-LT that is covered to its end."""
    house = western_pki()
    first, _ = once()
    leaves = [pki().seal.certificate, pki().timestamping.certificate]
    ours = evidence().gather(leaves, ())
    theirs = house.evidence.gather([house.seal.certificate, house.unit._key.certificate], ())
    both = ValidationData(ours.certificates + theirs.certificates, ours.crls + theirs.crls)
    prepared = prepare_signature(first, SignatureSpec(claimed_at=NOW, field_name=SECOND_FIELD), evidence=both)
    return sign_prepared(prepared, house.seal, timestamps=house.unit)


def signatures(document, tmp_path):
    """What pdfsig says, one text for each signature; the place for the holder's stays empty here."""
    path = tmp_path / "signed.pdf"
    path.write_bytes(document)
    told = run("pdfsig", "-nocert", path).stdout.split("Signature #")[1:]
    return [text for text in told if "is not signed" not in text]


@pytest.mark.parametrize("algorithm", WESTERN)
def test_poppler_finds_the_second_signature_valid_over_the_whole_document(algorithm, tmp_path):
    first, second = signatures(dual(algorithm), tmp_path)
    assert "Not total document signed" in first
    assert f"Signature Field Name: {SECOND_FIELD}" in second
    assert "Total document signed" in second
    assert "Signature Validation: Signature is Valid." in second


def test_poppler_finds_it_valid_with_the_evidence_in_the_same_revision(tmp_path):
    _, second = signatures(dual_with_evidence(), tmp_path)
    assert "Total document signed" in second
    assert "Signature is Valid." in second
    for status in validate_from_store_with_pyhanko(
        dual_with_evidence(), trust_anchors=[pki().root.certificate, western_pki().root]
    ):
        assert status.bottom_line


def test_poppler_finds_a_changed_dual_document_broken(tmp_path):
    changed = dual().replace(b"/Lang(zh-CN)", b"/Lang(zh-TW)")
    _, second = signatures(changed, tmp_path)
    assert "Signature is Valid." not in second


@pytest.mark.parametrize("make", [dual, dual_with_evidence], ids=["B-T", "B-LT"])
def test_qpdf_finds_nothing_wrong_in_a_dual_document(make, tmp_path):
    path = tmp_path / "dual.pdf"
    path.write_bytes(make())
    checked = run("qpdf", "--check", path)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "WARNING" not in checked.stdout + checked.stderr


def test_pyhanko_finds_both_signatures_sound_and_the_second_one_permitted():
    anchors, lists = [pki().root.certificate, western_pki().root], (*pki().crls(), western_pki().crl)
    for document in (dual(), dual_with_evidence()):
        first, second = validate_with_pyhanko(document, trust_anchors=anchors, crls=lists)
        assert first.bottom_line
        assert first.docmdp_ok
        assert second.bottom_line


def test_a_dual_licence_can_be_archived(tmp_path):
    both = EvidenceAtHand((*evidence().certificates, western_pki().root), (*evidence().crls, western_pki().crl))
    document = archive(dual(), both, pki().unit)
    anchors = [pki().root.certificate, western_pki().root]
    assert validate_archive_with_pyhanko(document, trust_anchors=anchors, moment=NOW) == ["PASSED", "PASSED"]
    _, second, *_ = signatures(document, tmp_path)
    assert "Signature is Valid." in second


def covered_and_cms(document, index):
    field = read_structure(document, Limits()).fields[index]
    start, length, start2, length2 = field.byte_range
    return document[start : start + length] + document[start2 : start2 + length2], strip_padding(field.contents)


@pytest.fixture
def command_line(tmp_path):
    """pyHanko's own command line, which knows no SM2."""
    anchors = tmp_path / "anchors.pem"
    anchors.write_bytes(b"".join(pem.armor("CERTIFICATE", western_pki(kind).root) for kind in WESTERN))

    def validate(*arguments):
        options = ("--executive-summary", "--no-revocation-check", "--trust-replace", "--trust", anchors)
        return run(PYHANKO, "sign", "validate", *options, *arguments)

    return validate


@pytest.mark.parametrize("algorithm", WESTERN)
def test_pyhankos_command_line_finds_the_second_signature_of_a_dual_document_valid(algorithm, command_line, tmp_path):
    covered, cms = covered_and_cms(dual(algorithm), 1)
    for name, content in (("covered", covered), ("changed", covered + b" "), ("cms", cms)):
        (tmp_path / name).write_bytes(content)
    assert "VALID" in command_line("--detached", tmp_path / "cms", tmp_path / "covered").stdout.split()
    assert "INVALID" in command_line("--detached", tmp_path / "cms", tmp_path / "changed").stderr


@pytest.mark.parametrize("level", Level)
@pytest.mark.parametrize("algorithm", WESTERN)
def test_pyhankos_command_line_and_poppler_find_every_level_valid(algorithm, level, command_line, tmp_path):
    house = western_pki(algorithm)
    document = sign_document(plain_pdf(), house.seal, SPEC, level, Sources(house.unit, house.evidence, SHA256_OID))
    path = tmp_path / "level.pdf"
    path.write_bytes(document)
    judged = command_line(path)
    assert judged.returncode == 0, judged.stdout + judged.stderr
    assert re.search(r"\bVALID\b", judged.stdout)
    assert "Signature is Valid." in signatures(document, tmp_path)[0]
    assert run("qpdf", "--check", path).returncode == 0


@pytest.fixture
def bouncy_castle(tmp_path):
    def verify(mode, *files):
        paths = []
        for number, content in enumerate((pki().root.certificate, *files)):
            paths.append(tmp_path / f"bc-{number}")
            paths[-1].write_bytes(content)
        return ask("VerifyCms", mode, *paths)

    return verify


@pytest.mark.parametrize("level", [Level.B_T, Level.B_LT, Level.B_LTA])
def test_bouncy_castle_verifies_signature_and_time_stamps_at_every_level(level, bouncy_castle):
    document = sign_document(plain_pdf(), pki().seal, SPEC, level, Sources(pki().unit, evidence()))
    covered, cms = covered_and_cms(document, 0)
    judged = bouncy_castle("cms", cms, covered)
    assert judged.returncode == 0, judged.stderr
    assert "signature 1.2.156.10197.1.501" in judged.stdout
    assert "time-stamp" in judged.stdout
    if level is Level.B_LTA:
        covered, token = covered_and_cms(document, 1)
        assert bouncy_castle("token", token, covered).returncode == 0
        assert "another imprint" in bouncy_castle("token", token, covered[:-1]).stderr


def test_bouncy_castle_verifies_the_first_signature_of_a_dual_document(bouncy_castle):
    covered, cms = covered_and_cms(dual(), 0)
    judged = bouncy_castle("cms", cms, covered)
    assert judged.returncode == 0, judged.stderr


def fast_and_slow(key, unit):
    """One page signed both ways: in one revision by us, appended by stock pyHanko."""
    canvas = new_canvas(fonts())
    face = make_face()
    page = write_pdf(finished_page(canvas, face, draw_face(canvas, face), NOW))
    return sign_prepared(electronic(face), key, timestamps=unit), sign_with_pyhanko(page, key, timestamps=unit)


def test_the_fast_path_is_valid_wherever_the_slow_one_is(bouncy_castle, tmp_path):
    """SM2 in pyHanko, BouncyCastle and qpdf."""
    for document in fast_and_slow(pki().seal, pki().unit):
        [status] = validate_with_pyhanko(document, trust_anchors=[pki().root.certificate], crls=pki().crls())
        assert status.bottom_line
        assert status.timestamp_validity.trusted
        covered, cms = covered_and_cms(document, 0)
        judged = bouncy_castle("cms", cms, covered)
        # pyHanko refers to the certificate by SHA-256; that the reference is by SM3 is our own rule.
        assert judged.returncode == 0 or "not SM3" in judged.stderr
        path = tmp_path / "one.pdf"
        path.write_bytes(document)
        assert run("qpdf", "--check", path).returncode == 0


def test_the_fast_path_with_ecdsa_is_valid_in_poppler_and_pyhankos_command_line(command_line, tmp_path):
    for document in fast_and_slow(western_pki().seal, western_pki().unit):
        [judged] = signatures(document, tmp_path)
        assert "Signature is Valid." in judged
        assert "Total document signed" in judged
        assert re.search(r"\bVALID\b", command_line(tmp_path / "signed.pdf").stdout)


def test_the_fast_path_and_the_general_one_fill_the_second_field_alike():
    """The appender writes the same objects as pyHanko does through the general way."""
    first, field = once()
    spec = SignatureSpec(claimed_at=NOW, field_name=SECOND_FIELD, signer_name="局")
    structures = [
        read_structure(sign_prepared(prepared, western_pki().seal), Limits()).fields[1]
        for prepared in (
            prepare_second(first, field, claimed_at=NOW, signer_name="局"),
            prepare_signature(first, spec),
        )
    ]
    fast, slow = ((f.name, f.sub_filter, f.claimed_signing_time, f.coverage, f.changes) for f in structures)
    assert fast == slow
