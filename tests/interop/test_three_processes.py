"""Gateway, department and phone as three processes over HTTP; BouncyCastle verifies both signatures of what comes out."""

import pytest
from asn1crypto import pem

from gateway.demo_acceptance import accept_over_http
from gateway.services.embedded_cas import ROOT_KEY
from tests.conftest import VECTORS, container_at, vector_lines
from tests.elicence import HOLDER
from tests.interop.test_acceptance_oracles import bouncy_castle
from tests.interop.test_signing_levels import covered_and_cms
from tests.ports import free_port

pytestmark = pytest.mark.interop
__all__ = ["bouncy_castle"]


@pytest.mark.timeout(900)  # three processes start, and Java twice; on a busy machine that takes minutes
def test_a_holder_accepts_its_licence_over_http(fresh, tmp_path, bouncy_castle):
    ports = (free_port(), free_port())
    container = container_at(fresh.settings.data_dir, public_base_url=f"http://127.0.0.1:{ports[0]}")
    application = next(a for a in vector_lines("applications") if a["CYRSFZJHM"] == HOLDER) | {"YXQJSRQ": "长期"}
    identifier = container.licences.issue(application).licence_identifier
    enterprises = VECTORS / "registry" / "enterprises.jsonl"
    done = accept_over_http(container, identifier, enterprises, tmp_path / "elicence", ports)
    assert (done.states[0], done.states[-1], done.phone["outcome"]) == ("created", "signed", "signed")

    report = container.verifications.verify(done.pdf, "accepted.pdf")
    assert (report.answer.genuine, report.answer.in_force) == ("yes", "yes")
    assert [signature.kind for signature in report.signatures] == ["certification", "enterprise"]
    assert report.parties.issued_by.name == application["FZJGMC"]
    assert report.parties.accepted_by.unified_social_credit_code == HOLDER

    root = container.deps.keystore.certificate(ROOT_KEY)
    [anchor] = (tmp_path / "elicence" / "trust" / "anchors").iterdir()
    for index, issuer in enumerate((root, pem.unarmor(anchor.read_bytes())[2])):
        covered, cms = covered_and_cms(done.pdf, index)
        right = bouncy_castle(issuer, cms, covered, root)
        assert right.returncode == 0, right.stderr
        assert "signature 1.2.156.10197.1.501" in right.stdout
