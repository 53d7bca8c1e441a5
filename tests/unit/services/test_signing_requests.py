"""Signing requests from the order to the signed documents, on both databases."""

import hashlib
import subprocess
from base64 import encodebytes
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography import x509
from sqlalchemy import select

from gateway.domain.signing_orders import DocumentOrder, SignaturePlace, SigningOrder
from gateway.domain.signing_requests import DocumentForm, SigningState
from gateway.errors import NotFoundError
from gateway.persistence.models import AuditEvent, SigningRequest
from gateway.persistence.session import reading
from signing import sm2
from signing.cose import parse_sign1, verify_sign1
from signing.sm2 import sm3
from signing.validation.cms_reading import parse_cms
from signing.validation.policy import Use
from signing.validation.process import validate_certificate, validate_pdf
from signing.validation.report import Conclusion, Indication
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


def kept(container, request_id, part):
    """What evidence names, in full."""
    named = container.signing_requests.show(request_id).evidence[part]
    return [container.signing_requests.evidence(request_id, each["sha256"]).content for each in named]


def signed_bytes(container, order, phone):
    only = replace(order, documents=order.documents[2:])
    made = container.signing_requests.create(only)
    phone.sign(container, made.token)
    return made.request_id


def test_what_the_certificate_was_judged_by_is_kept_whole(fresh, order, code, tmp_path):
    """Years later, with nothing else at hand: the house's validator and OpenSSL come to the same from the kept bytes."""
    phone = phone_of(fresh, code)
    request_id = signed_bytes(fresh, order, phone)
    chain, lists = kept(fresh, request_id, "certificates"), kept(fresh, request_id, "revocation_data")
    assert chain[0] == phone.key.certificate
    now, policy = fresh.clock(), fresh.deps.policy()
    bare = replace(policy, certificates=tuple(chain), crls=(), ocsp_responses=())
    for data, conclusion in ((tuple(lists), Conclusion.PASSED), ((), Conclusion.INDETERMINATE)):
        again = validate_certificate(chain[0], replace(bare, crls=data), at=now, use=Use.ENTERPRISE)
        assert again.conclusion == conclusion, again

    (tmp_path / "path").write_bytes(b"".join(map(pem("CERTIFICATE"), chain[1:])))
    (tmp_path / "signer").write_bytes(pem("CERTIFICATE")(chain[0]))
    identity = "distid:1234567812345678"

    def openssl(*command):
        return subprocess.run(["openssl", *command], cwd=tmp_path, capture_output=True, text=True, check=False).stdout

    assert openssl("verify", "-CAfile", "path", "-vfyopt", identity, "signer") == "signer: OK\n"
    # It cannot be told by which user ID a list is signed, so that the list's value is checked by itself.
    issuer = load_certificate(chain[1]).parsed
    (tmp_path / "key").write_bytes(pem("PUBLIC KEY")(public_key_info(chain[1])))
    crl = next(each for each in map(x509.load_der_x509_crl, lists) if each.issuer == issuer.subject)
    (tmp_path / "list").write_bytes(crl.tbs_certlist_bytes)
    (tmp_path / "value").write_bytes(crl.signature)
    value = ["-signature", "value", "list"]
    assert openssl("dgst", "-sm3", "-verify", "key", "-sigopt", identity, *value) == "Verified OK\n"
    numbers = {load_certificate(der).parsed.serial_number for der in chain}
    assert not numbers & {revoked.serial_number for revoked in crl}


def pem(label):
    return lambda der: b"-----BEGIN %s-----\n%s-----END %s-----\n" % (label.encode(), encodebytes(der), label.encode())


def test_what_many_requests_rest_on_is_stored_once_and_never_collected(fresh, order, code):
    phone = phone_of(fresh, code)
    first = signed_bytes(fresh, order, phone)
    before = {file.sm3 for file in fresh.deps.files.held()}
    second = signed_bytes(fresh, replace(order, purpose="再次申请"), phone)
    assert kept(fresh, first, "revocation_data") == kept(fresh, second, "revocation_data") != []
    new = {file.sm3 for file in fresh.deps.files.held()} - before
    documents = fresh.signing_requests.show(second).documents
    assert new <= {each for document in documents for each in (document.sm3, document.result_sm3)}
    assert fresh.storage.check().is_whole
    assert fresh.storage.check().orphans == ()
    fresh.storage.collect_garbage(timedelta(hours=1))
    assert kept(fresh, first, "certificates")


def test_evidence_of_before_names_what_was_not_kept(fresh, order, code):
    request_id = signed_bytes(fresh, order, phone_of(fresh, code))
    with fresh.deps.sessions.begin() as session:
        row = session.get(SigningRequest, request_id)
        entry = {**row.evidence["revocation_data"][0]}
        del entry["sm3"]
        row.evidence = {**row.evidence, "revocation_data": [entry]}
    with pytest.raises(NotFoundError):
        fresh.signing_requests.evidence(request_id, entry["sha256"])
