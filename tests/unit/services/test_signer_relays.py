"""The national service answers signing requests: over HTTP, with mutual TLS, with every exchange in evidence."""

import json
import subprocess
from base64 import b64decode
from datetime import timedelta
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from certs.outbound import CircuitState
from gateway.container import Container
from gateway.domain.enterprise_signers import EnterpriseSignerDownError, EnterpriseSignerRefusedError
from gateway.domain.signing_orders import DocumentOrder, SigningOrder
from gateway.domain.signing_requests import DocumentForm, SignerRole, SigningState
from gateway.elicence.cards import CardKind
from gateway.elicence.national import CODE_PREFIX, NationalFault
from gateway.elicence.phone import Fault, PhoneError
from gateway.errors import (
    ConfigurationError,
    EnterpriseSignerUnavailableError,
    NotFoundError,
    SignatureRefusedError,
)
from gateway.persistence.models import SignerExchange, SignerExchangeContent
from gateway.services.dependencies import system_clock
from signing import sm2
from signing.sm2 import sm3
from tests.conftest import container_at
from tests.elicence import HOLDER
from tests.national_service import serving


def asked(container, *forms, role=SignerRole.LEGAL_REPRESENTATIVE, **order):
    contents = {DocumentForm.BYTES: b"plan", DocumentForm.JSON: '{"b":2,"a":"甲"}'.encode()}
    documents = tuple(DocumentOrder(f"文件 {form}", form, contents[form]) for form in forms or contents)
    code = next(iter(container.catalogue.load().authorities_by_code))
    ordered = SigningOrder(HOLDER, "测试", role, documents, department_code=code, **order)
    return container.signing_requests.create(ordered).request_id


def test_a_request_is_signed_by_way_of_the_service(gateway, simulator):
    request_id = asked(gateway)
    opened = gateway.signer_relays.begin(request_id)
    assert opened.qr_text.startswith(CODE_PREFIX)
    assert gateway.signer_relays.advance(request_id).standing.state is SigningState.CREATED
    assert simulator.run(opened.qr_text).state == "scanned"
    assert gateway.signer_relays.advance(request_id).standing.state is SigningState.PRESENTED
    assert gateway.signer_relays.advance(request_id).standing.state is SigningState.SIGNED
    assert gateway.signing_requests.signed(request_id, "1").content
    operations = [each.operation for each in gateway.signer_relays.exchanges(request_id)]
    looks = ["LookAtSigning", "LookAtSigning", "SupplySigning", "LookAtSigning"]
    assert operations == ["BeginSigning", *looks]
    assert all(each.outcome == "answered" and each.response_sm3 for each in gateway.signer_relays.exchanges(request_id))


def test_every_step_may_be_done_again(gateway, simulator):
    request_id = asked(gateway)
    first = gateway.signer_relays.begin(request_id)
    assert gateway.signer_relays.begin(request_id) == first
    simulator.run(first.qr_text)
    assert gateway.signer_relays.advance_open() == 1
    assert gateway.signer_relays.advance_open() == 1
    assert gateway.signer_relays.advance_open() == 0
    signed = gateway.signer_relays.advance(request_id)
    assert signed.standing.state is SigningState.SIGNED
    assert gateway.signer_relays.advance(request_id) == signed


def test_the_authorisation_of_a_handling_person_comes_that_way_too(gateway, simulator):
    request_id = asked(gateway, DocumentForm.BYTES, role=SignerRole.HANDLING_PERSON, requires_authorisation=True)
    opened = gateway.signer_relays.begin(request_id)
    assert simulator.run(opened.qr_text).state == "scanned"
    gateway.signer_relays.advance(request_id)
    signed = gateway.signer_relays.advance(request_id)
    told = gateway.signing_requests.show(request_id)
    assert (signed.standing.state, told.evidence["role_basis"]) == (SigningState.SIGNED, "authorisation")
    request_id = asked(gateway, DocumentForm.BYTES, role=SignerRole.HANDLING_PERSON, requires_authorisation=True)
    opened = gateway.signer_relays.begin(request_id)
    simulator.run(opened.qr_text, Fault.AUTHORISATION_EXPIRED)
    with pytest.raises(SignatureRefusedError) as refused:
        gateway.signer_relays.advance(request_id)
    assert [each.code for each in refused.value.errors] == ["AUTHORISATION_EXPIRED"]


def test_nobody_agrees_to_what_is_not_what_would_be_signed(gateway, simulator):
    """The app shows what it fetched: another document, or one of another address, is not agreed to."""
    opened = gateway.signer_relays.begin(asked(gateway, DocumentForm.BYTES))
    fetch, simulator.national.fetch = simulator.national.fetch, lambda _: b"another plan"
    with pytest.raises(PhoneError, match="not what would be signed"):
        simulator.run(opened.qr_text)
    simulator.national.fetch = simulator.phone.fetch
    with pytest.raises(PhoneError, match="not with the gateway"):
        simulator.run(opened.qr_text)
    simulator.national.fetch = fetch
    assert simulator.run(opened.qr_text).state == "scanned"


def test_a_refusal_of_the_holder_declines_the_request(gateway, simulator):
    request_id = asked(gateway, DocumentForm.BYTES)
    opened = gateway.signer_relays.begin(request_id)
    assert simulator.run(opened.qr_text, Fault.DECLINE).state == "declined"
    assert gateway.signer_relays.advance(request_id).standing.state is SigningState.DECLINED


def test_what_the_department_takes_back_is_taken_back_there_too(gateway, simulator):
    request_id = asked(gateway, DocumentForm.BYTES)
    opened = gateway.signer_relays.begin(request_id)
    simulator.national.faults += [NationalFault.ERROR] * 2
    assert gateway.signer_relays.cancel(request_id).standing.state is SigningState.FAILED
    assert simulator.run(opened.qr_text).state == "expired"


@pytest.mark.parametrize("fault", [NationalFault.UNSIGNED, NationalFault.FORGED, NationalFault.REPLAYED])
def test_an_answer_that_cannot_be_believed_decides_nothing(gateway, simulator, fault):
    request_id = asked(gateway, DocumentForm.BYTES)
    simulator.national.faults.append(fault)
    with pytest.raises(EnterpriseSignerUnavailableError):
        gateway.signer_relays.begin(request_id)
    [exchange] = gateway.signer_relays.exchanges(request_id)
    assert (exchange.outcome, len(exchange.response_sm3)) == ("not_believed", 64)
    assert gateway.signing_requests.show(request_id).standing.state is SigningState.CREATED
    # What came back is evidence of that, too.
    assert sm3(gateway.signer_relays.said(request_id, exchange.id).answer).hex() == exchange.response_sm3
    assert gateway.signer_relays.begin(request_id).qr_text


def test_what_did_not_arrive_is_asked_again_and_each_attempt_is_in_evidence(gateway, simulator):
    request_id = asked(gateway, DocumentForm.BYTES)
    simulator.national.faults += [NationalFault.ERROR, NationalFault.ERROR]
    assert gateway.signer_relays.begin(request_id).session_id
    outcomes = [each.outcome for each in gateway.signer_relays.exchanges(request_id)]
    assert outcomes == ["no_answer", "no_answer", "answered"]
    simulator.national.faults += [NationalFault.ERROR] * 3
    with pytest.raises(EnterpriseSignerUnavailableError):
        gateway.signer_relays.begin(request_id)


def test_a_service_that_keeps_failing_is_left_alone(fresh, simulator, service_folder):
    with serving(simulator, service_folder, settings={"failures": 1, "attempts": 1}) as file:
        container = container_at(fresh.settings.data_dir, enterprise_signer=file)
        request_id = asked(container, DocumentForm.BYTES)
        simulator.national.faults.append(NationalFault.ERROR)
        for _ in range(3):
            with pytest.raises(EnterpriseSignerUnavailableError):
                container.signer_relays.begin(request_id)
        # Asked once, then left alone: there is nothing in evidence of what was not sent.
        assert len(container.signer_relays.exchanges(request_id)) == 1
        assert container.signer_exchanges.signer.circuit.state is CircuitState.OPEN


def test_the_first_generation_operations(gateway, simulator):
    signer, card = gateway.signer_exchanges.signer, simulator.cards.card(HOLDER)
    assert signer.check_licence(card.certificate)
    assert not signer.check_licence(simulator.cards.card(HOLDER, CardKind.EXPIRED).certificate)
    facts = signer.licence_facts(card.certificate)
    assert (facts["unified_social_credit_code"], facts["name"]) == (HOLDER, "阳江市江城区漠江泰和餐饮服务有限公司")
    value = sm2.sign(card.key.private, "甲".encode())
    assert signer.verify_signature(card.certificate, "甲", value)
    assert not signer.verify_signature(card.certificate, "乙", value)
    with pytest.raises(EnterpriseSignerRefusedError):
        signer.licence_facts(b"no object")
    with gateway.deps.sessions() as session:
        rows = session.query(SignerExchange).order_by(SignerExchange.id).all()
    assert [row.outcome for row in rows] == ["answered", "refused", "answered", "answered", "refused", "refused"]


def test_evidence_holds_digests_of_exactly_what_was_said(gateway, simulator, monkeypatch):
    said = []
    answer = simulator.national.answer
    monkeypatch.setattr(simulator.national, "answer", lambda question: said.append(question) or answer(question))
    request_id = asked(gateway, DocumentForm.BYTES)
    gateway.signer_relays.begin(request_id)
    [exchange] = gateway.signer_relays.exchanges(request_id)
    [question] = said
    assert exchange.request_sm3 == sm3(json.dumps(question, ensure_ascii=False).encode()).hex()
    assert question["system_code"] == "YJ-DEMO"
    assert "content" not in json.dumps(question["parameters"]["documents"])


def test_what_was_said_is_kept_and_verifies_without_the_gateway(gateway, simulator, tmp_path):
    request_id = asked(gateway, DocumentForm.BYTES)
    token = gateway.signing_requests.show(request_id).token
    relays = gateway.signer_relays
    simulator.run(relays.begin(request_id).qr_text)
    relays.advance(request_id)
    for exchange in relays.exchanges(request_id):
        said = relays.said(request_id, exchange.id)
        assert token.encode() not in said.question
        # Who has the token of the request has what was asked, octet for octet.
        assert sm3(said.question.replace(b"__hidden__", token.encode())).hex() == exchange.request_sm3
        (tmp_path / "answer").write_bytes(said.answer)
        (tmp_path / "signature").write_bytes(b64decode(said.signature))
        (tmp_path / "key").write_bytes(said.public_key)
        files = ["-keyform", "DER", "-verify", "key", "-signature", "signature", "answer"]
        command = ["openssl", "dgst", "-sm3", "-sigopt", "distid:1234567812345678", *files]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.stdout == "Verified OK\n", done.stderr
    assert (said.exchange.operation, b"to_be_signed" in said.question) == ("SupplySigning", True)
    with gateway.deps.sessions() as session:
        kept = session.query(SignerExchangeContent).all()
    assert len(kept) == 3
    assert all(row.sealed.startswith("sealed:") for row in kept)


def test_contents_are_for_who_may_read_the_request_and_for_their_time(gateway):
    request_id, other = asked(gateway, DocumentForm.BYTES), asked(gateway, DocumentForm.BYTES)
    relays = gateway.signer_relays
    relays.begin(request_id)
    relays.advance(request_id)
    begun, waiting = relays.exchanges(request_id)
    before = relays.said(request_id, begun.id)
    with pytest.raises(NotFoundError):
        relays.said(other, begun.id)
    # That there is nothing new is not worth a copy.
    with pytest.raises(NotFoundError):
        relays.said(request_id, waiting.id)
    gateway.storage.reseal(with_new_key=True)
    later = Container(gateway.settings, lambda: gateway.clock() + timedelta(days=3654))
    assert later.signer_relays.said(request_id, begun.id) == before
    assert later.retention.purge().counts["signer_exchange_contents"] == 1
    with pytest.raises(NotFoundError):
        relays.said(request_id, begun.id)
    assert list(relays.exchanges(request_id)) == [begun, waiting]


def test_without_a_service_nothing_is_handed_over(fresh):
    request_id = asked(fresh, DocumentForm.BYTES)
    with pytest.raises(ConfigurationError, match="No national service"):
        fresh.signer_relays.begin(request_id)
    with pytest.raises(NotFoundError):
        fresh.signer_relays.advance(request_id)


def test_a_configuration_that_lacks_something_is_named(fresh, tmp_path):
    file = tmp_path / "signer.json"
    file.write_text(json.dumps({"name": "x", "url": "http://example.org/", "public_key_file": "k", "system_code": "A"}))
    container = container_at(fresh.settings.data_dir, enterprise_signer=file)
    with pytest.raises(ConfigurationError, match="https"):
        _ = container.signer_exchanges.signer


def issued(name, issuer=None):
    """(key, certificate) for TLS, P-256; a CA when nobody issues it."""
    key, now = ec.generate_private_key(ec.SECP256R1()), system_clock()
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if issuer is None else issuer[1].subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
    )
    return key, builder.sign(key if issuer is None else issuer[0], hashes.SHA256())


def written(folder, name, pair):
    pem = serialization.Encoding.PEM
    key = pair[0].private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / f"{name}.key").write_bytes(key)
    (folder / f"{name}.pem").write_bytes(pair[1].public_bytes(pem))
    return folder / f"{name}.pem", folder / f"{name}.key"


def test_mutual_tls_with_real_certificates(fresh, simulator, service_folder):
    folder = service_folder
    ca, stranger = issued("ca"), issued("stranger")
    certificate, key = written(folder, "server", issued("server", ca))
    authority, _ = written(folder, "tls-ca", ca)
    written(folder, "client", issued("client", ca))
    written(folder, "other", issued("other", stranger))
    tls = {"certificate": certificate, "key": key, "client_ca": authority}
    ours = {"ca_file": "tls-ca.pem", "attempts": 1}
    clients = {
        "right": {"client_certificate_file": "client.pem", "client_key_file": "client.key"},
        "of another CA": {"client_certificate_file": "other.pem", "client_key_file": "other.key"},
        "none": {},
    }
    heard = {}
    for name, client in clients.items():
        with serving(simulator, folder, scheme="https", settings=ours | client, **tls) as file:
            signer = container_at(fresh.settings.data_dir, enterprise_signer=file).signer_exchanges.signer
            try:
                heard[name] = signer.check_licence(simulator.cards.card(HOLDER).certificate)
            except EnterpriseSignerDownError:
                heard[name] = None
    assert heard == {"right": True, "of another CA": None, "none": None}
