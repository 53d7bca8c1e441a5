"""Signing requests from the order to the signed documents, on both databases."""

import hashlib

import pytest
from cryptography import x509
from sqlalchemy import select

from gateway.domain.signing_orders import DocumentOrder, SignaturePlace, SigningOrder
from gateway.domain.signing_requests import DocumentForm, SigningState
from gateway.persistence.models import AuditEvent
from gateway.persistence.session import reading
from signing import sm2
from signing.cose import parse_sign1, verify_sign1
from signing.sm2 import sm3
from signing.validation.cms_reading import parse_cms
from signing.validation.process import validate_pdf
from signing.validation.report import Indication
from signing.validation.x509 import load_certificate
from signing.x509_fields import public_key_info
from tests.phones import ROLE, phone_of
from tests.unit.signing.pki import plain_pdf

FORM = '{"名称": "阳江市江城区漠江泰和餐饮服务有限公司", "n": [1.0, 2e-3], "b": null}'.encode()
CANONICAL = '{"b":null,"n":[1,0.002],"名称":"阳江市江城区漠江泰和餐饮服务有限公司"}'.encode()
DRAWING = b"\x00\x01drawing"


def actions(container, request_id):
    with reading(container.deps.sessions) as session:
        query = select(AuditEvent.action).where(AuditEvent.subject == request_id).order_by(AuditEvent.id)
        return list(session.scalars(query))


@pytest.fixture
def code(applications):
    return applications[0]["CYRSFZJHM"]


@pytest.fixture
def department(fresh):
    return next(iter(fresh.catalogue.load().authorities_by_code))


@pytest.fixture
def order(code, department):
    documents = (
        DocumentOrder("承诺书", DocumentForm.PDF, plain_pdf(), place=SignaturePlace(1, 3, 20)),
        DocumentOrder("申请表", DocumentForm.JSON, FORM),
        DocumentOrder("图纸", DocumentForm.BYTES, DRAWING, "image/png"),
    )
    return SigningOrder(code, "食品经营许可申请", ROLE, documents, department_code=department)


def test_an_enterprise_signs_three_documents_at_once(fresh, order, code):
    made = fresh.signing_requests.create(order)
    assert made.standing.state is SigningState.CREATED
    phone = phone_of(fresh, code)
    signed = phone.sign(fresh, made.token)
    assert signed.standing.state is SigningState.SIGNED
    pdf, form, drawing = (fresh.signing_requests.signed(made.request_id, n).content for n in "123")

    evidence = fresh.signing_requests.show(made.request_id).evidence
    assert (evidence["found_code"], evidence["is_accepted"]) == (code, True)
    issuer = load_certificate(phone.key.certificate).parsed.issuer
    lists = [crl for crl in fresh.deps.policy().crls if x509.load_der_x509_crl(crl).issuer == issuer]
    judged_by = {(each["kind"], each["sha256"]) for each in evidence["revocation_data"]}
    assert judged_by >= {("CRL", hashlib.sha256(crl).hexdigest()) for crl in lists} != set()

    (signature,) = validate_pdf(pdf, fresh.deps.policy(), at=fresh.clock()).signatures
    assert (signature.indication, signature.level) == (Indication.TOTAL_PASSED, "PAdES-B-T"), signature
    key = sm2.load_public(public_key_info(phone.key.certificate))
    token = parse_sign1(form)
    verify_sign1(token, key)
    assert token.payload == CANONICAL
    assert made.request_id in token.media_type
    cms = parse_cms(drawing)
    assert cms.message_digest == sm3(DRAWING)
    assert len(cms.timestamps) == 1
    sm2.verify(key, cms.signed_attributes, cms.signature)
    assert actions(fresh, made.request_id) == [
        "signing_request_created",
        "signing_request_presented",
        "signing_certificate_offered",
        "signing_request_received",
        "signing_request_signed",
    ]
