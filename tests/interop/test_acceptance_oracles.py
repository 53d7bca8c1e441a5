"""A licence that its holder accepted: two SM2 signatures in one file, as BouncyCastle, pyHanko and qpdf judge them."""

import subprocess

import pytest

from gateway.documents.pdf_writer import ACCEPTANCE_FIELD, SIGNATURE_FIELD
from signing.pyhanko_adapter import validate_with_pyhanko
from tests.interop.bouncy_castle import ask
from tests.interop.test_signing_levels import covered_and_cms, run
from tests.unit.signing.pki import pki
from tests.unit.signing.test_acceptance import accepted, holders, holders_list, judged
from tests.unit.signing.western_pki import western_pki

pytestmark = pytest.mark.interop


@pytest.fixture
def bouncy_castle(tmp_path):
    def verify(*files) -> subprocess.CompletedProcess:
        paths = []
        for number, content in enumerate(files):
            paths.append(tmp_path / f"bc-{number}")
            paths[-1].write_bytes(content)
        return ask("VerifyCms", "cms", *paths)

    return verify


def test_bouncy_castle_verifies_both_and_we_name_the_parties(bouncy_castle):
    document = accepted()
    anchors = (pki().root.certificate, holders()[1].certificate)
    for index, anchor in enumerate(anchors):
        covered, cms = covered_and_cms(document, index)
        right = bouncy_castle(anchor, cms, covered, pki().root.certificate)
        assert right.returncode == 0, right.stderr
        assert "signature 1.2.156.10197.1.501" in right.stdout
        assert bouncy_castle(anchor, cms, covered + b" ", pki().root.certificate).returncode != 0
    assert [(s.name, s.kind) for s in judged(document)] == [
        (SIGNATURE_FIELD, "certification"),
        (ACCEPTANCE_FIELD, "enterprise"),
    ]


@pytest.mark.parametrize("dual", [False, True])
def test_pyhanko_finds_the_acceptance_permitted(dual):
    anchors = [pki().root.certificate, western_pki().root, holders()[1].certificate]
    lists = (*pki().crls(), western_pki().crl, holders_list())
    statuses = validate_with_pyhanko(accepted(dual=dual), trust_anchors=anchors, crls=lists)
    assert [status.bottom_line for status in statuses] == [True] * (3 if dual else 2)
    assert all(status.docmdp_ok for status in statuses)


@pytest.mark.parametrize("dual", [False, True])
def test_qpdf_finds_nothing_wrong(dual, tmp_path):
    path = tmp_path / "accepted.pdf"
    path.write_bytes(accepted(dual=dual))
    checked = run("qpdf", "--check", path)
    assert checked.returncode == 0 and "WARNING" not in checked.stdout + checked.stderr
