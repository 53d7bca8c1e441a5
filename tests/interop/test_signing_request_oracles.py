"""What signing requests give, as BouncyCastle judges it: a detached CMS with its time-stamp, and a PAdES signature in a PDF."""

import pytest

from gateway.domain.signing_orders import DocumentOrder, ResultForm, SignaturePlace, SigningOrder
from gateway.domain.signing_requests import DocumentForm, SigningState
from gateway.services.installation import LICENCE_ROOT_KEY, ROOT_KEY
from tests.interop.test_acceptance_oracles import bouncy_castle
from tests.interop.test_signing_levels import covered_and_cms
from tests.phones import ROLE, phone_of
from tests.unit.signing.pki import plain_pdf

__all__ = ["bouncy_castle"]
pytestmark = pytest.mark.interop
BYTES = b"a drawing"
DOCUMENTS = (
    DocumentOrder("图纸", DocumentForm.BYTES, BYTES),
    DocumentOrder("申请表", DocumentForm.JSON, '{"名称": 1.0}'.encode(), result=ResultForm.CMS),
    DocumentOrder("承诺书", DocumentForm.PDF, plain_pdf(), place=SignaturePlace(1, 3, 20)),
)


def test_bouncy_castle_verifies_every_result_and_no_altered_content(fresh, applications, bouncy_castle):
    code = applications[0]["CYRSFZJHM"]
    department = next(iter(fresh.catalogue.load().authorities_by_code))
    order = SigningOrder(code, "申请", ROLE, DOCUMENTS, department_code=department)
    request = fresh.signing_requests.create(order)
    assert phone_of(fresh, code).sign(fresh, request.token).standing.state is SigningState.SIGNED
    drawing, form, pdf = (fresh.signing_requests.signed(request.request_id, each).content for each in "123")
    covered, cms = covered_and_cms(pdf, 0)
    anchors = [fresh.deps.keystore.certificate(name) for name in (LICENCE_ROOT_KEY, ROOT_KEY)]
    for made, content in ((drawing, BYTES), (form, '{"名称":1}'.encode()), (cms, covered)):
        right = bouncy_castle(anchors[0], made, content, anchors[1])
        assert right.returncode == 0, right.stderr
        assert "signature 1.2.156.10197.1.501" in right.stdout
        assert bouncy_castle(anchors[0], made, content + b" ", anchors[1]).returncode != 0
