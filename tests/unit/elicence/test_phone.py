"""The simulated phone: what it shows, what it signs, and each way in which it may be wrong."""

import base64
import re

import pytest

from certs.credit_code import extract_credit_code
from certs.errors import CreditCodeError
from certs.trust_store import TrustStore
from gateway.elicence.cards import CardKind
from gateway.elicence.pages import create_phone_app
from gateway.elicence.phone import Fault, PhoneError
from signing import sm2
from signing.errors import SigningError
from signing.validation.process import validate_certificate
from signing.validation.report import SubIndication
from signing.x509_fields import public_key_info
from tests.elicence import HOLDER, TOKEN, Session, gateway_of, phone_at


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("elicence")


@pytest.fixture
def asked(folder):
    """(session, simulator, code) for two documents."""
    session = Session({"a": "甲 first".encode(), "b": b"second"})
    with gateway_of(session) as address:
        yield session, phone_at(folder, address), f"{address}/s/{TOKEN}"


def verified(session, post):
    """Document ids whose value verifies under the certificate that came with it."""
    key = sm2.load_public(public_key_info(base64.b64decode(post["certificate"])))
    found = []
    for each in post["signatures"]:
        try:
            sm2.verify(key, session.to_be_signed(each["document_id"]), base64.b64decode(each["value"]))
        except SigningError:
            continue
        found.append(each["document_id"])
    return found


def test_it_signs_exactly_what_was_shown(asked):
    session, simulator, code = asked
    assert simulator.run(code).state == "signed"
    [post] = session.posts
    assert verified(session, post) == ["a", "b"]
    assert extract_credit_code(base64.b64decode(post["certificate"])) == HOLDER


def test_it_signs_nothing_when_the_document_is_not_what_would_be_signed(asked):
    session, simulator, code = asked
    session.shown["b"] = b"something else is shown"
    with pytest.raises(PhoneError, match="nothing was signed"):
        simulator.run(code)
    assert session.posts == []


def test_codes_of_other_sites_are_refused(asked):
    _, simulator, code = asked
    for other in (code.replace("127.0.0.1", "example.org"), code + "/../x", "https://example.org/s/" + TOKEN, ""):
        with pytest.raises(PhoneError, match="no signing code"):
            simulator.run(other)


def test_a_phone_that_posts_twice_posts_the_same(asked):
    session, simulator, code = asked
    simulator.run(code, Fault.TWICE)
    first, second = session.posts
    assert first == second


def test_a_phone_may_never_answer_or_decline(asked):
    session, simulator, code = asked
    assert simulator.run(code, Fault.NEVER) is None
    assert session.state == "presented"
    assert simulator.run(code, Fault.DECLINE).state == "declined"
    assert session.posts == []


def test_a_late_phone_comes_when_the_request_is_over(asked):
    session, simulator, code = asked
    simulator.run(code, Fault.LATE)
    assert len(session.posts) == 1
    assert simulator.clock() > session.expires_at
    simulator.late_seconds = 0.0


@pytest.mark.parametrize("fault", [Fault.WRONG_USER_ID, Fault.WRONG_DIGEST, Fault.MALFORMED])
def test_wrong_values_verify_for_nobody(asked, fault):
    session, simulator, code = asked
    simulator.run(code, fault)
    assert verified(session, session.posts[0]) == []


def test_wrong_user_id_is_a_sound_signature_under_that_id(asked):
    session, simulator, code = asked
    simulator.run(code, Fault.WRONG_USER_ID)
    [post] = session.posts
    key = sm2.load_public(public_key_info(base64.b64decode(post["certificate"])))
    for each in post["signatures"]:
        value = base64.b64decode(each["value"])
        sm2.verify(key, session.to_be_signed(each["document_id"]), value, signer_id=b"8765432187654321")


def test_a_replay_posts_the_values_of_before(asked):
    session, simulator, code = asked
    simulator.run(code)
    simulator.run(code, Fault.REPLAY)
    first, second = session.posts
    assert [each["value"] for each in first["signatures"]] == [each["value"] for each in second["signatures"]]


def test_any_order_holds_every_document_once(asked):
    session, simulator, code = asked
    simulator.run(code, Fault.RANDOM_ORDER)
    assert sorted(verified(session, session.posts[0])) == ["a", "b"]


def test_another_enterprise_signs_with_its_own_certificate(asked):
    session, simulator, code = asked
    simulator.run(code, Fault.OTHER_ENTERPRISE)
    [post] = session.posts
    assert verified(session, post) == ["a", "b"]
    assert extract_credit_code(base64.b64decode(post["certificate"])) != HOLDER


def test_each_card_is_what_its_kind_says(folder):
    simulator = phone_at(folder, "http://127.0.0.1:1")
    cards = {kind: simulator.cards.card(HOLDER, kind).certificate for kind in CardKind}
    policy = TrustStore(simulator.cards.trust_dir).policy()
    found = {
        kind: validate_certificate(certificate, policy, at=simulator.clock(), use="enterprise").sub_indication
        for kind, certificate in cards.items()
    }
    assert found[CardKind.GOOD] is None
    assert found[CardKind.TWO_CODES] is None
    assert found[CardKind.EXPIRED] is SubIndication.OUT_OF_BOUNDS_NO_POE
    assert found[CardKind.REVOKED] is SubIndication.REVOKED_NO_POE
    with pytest.raises(CreditCodeError):
        extract_credit_code(cards[CardKind.TWO_CODES])
    assert simulator.cards.card(HOLDER).certificate == phone_at(folder, "x").cards.card(HOLDER).certificate


def test_keys_lie_encrypted_and_for_their_owner_alone(folder):
    phone_at(folder, "x").cards.card(HOLDER)
    keys = list((folder / "keys").glob("*.p8"))
    assert keys
    for path in keys:
        assert path.stat().st_mode & 0o077 == 0
        with pytest.raises(SigningError):
            sm2.backend().load_private(path.read_bytes())


def form_token(page):
    return re.search(r'name="form_token" value="([^"]+)"', page.get_data(as_text=True))[1]


def test_the_page_shows_as_whom_one_signs(asked):
    _, simulator, code = asked
    client = create_phone_app(simulator).test_client()
    form = {"form_token": form_token(client.get("/?lang=en")), "text": code, "role": "handling_person"}

    def told():
        return client.post("/scan", data=form, follow_redirects=True).get_data(as_text=True)

    page = told()
    assert "黄某某 · handling person" in page and "Authorised until" in page
    simulator.faults += [Fault.NO_AUTHORISATION, Fault.TWICE]
    assert "by word of this app alone" in told()
    # Faults of the signature wait for it.
    assert "Authorised until" in told() and simulator.faults == [Fault.TWICE]
    assert client.post("/scan", data=form | {"role": "boss"}).status_code == 502


@pytest.mark.parametrize(("language", "words"), [("zh", "将要签署的内容"), ("en", "What will be signed")])
def test_the_page_shows_what_will_be_signed_before_it_is(asked, language, words):
    session, simulator, code = asked
    client = create_phone_app(simulator).test_client()
    token = form_token(client.get(f"/?lang={language}"))
    shown = client.post("/scan", data={"form_token": token, "text": code}, follow_redirects=True)
    text = shown.get_data(as_text=True)
    for said in (
        words,
        "阳江市江城区市场监督管理局",
        "签收食品经营许可证",
        "甲 first",
        sm2.sm3(b"second").hex(),
        HOLDER,
    ):
        assert said in text
    assert session.posts == []
    action = re.search(r'action="(/requests/[^"]+/sign)"', text)[1]
    assert client.post(action, data={}).status_code == 403
    assert session.posts == []
    signed = client.post(action, data={"form_token": token}, follow_redirects=True)
    assert verified(session, session.posts[0]) == ["a", "b"]
    assert "/sign" not in signed.get_data(as_text=True)


def test_the_page_declines_and_tells_errors(asked):
    session, simulator, code = asked
    client = create_phone_app(simulator).test_client()
    token = form_token(client.get("/"))
    text = client.post("/scan", data={"form_token": token, "text": code}, follow_redirects=True).get_data(as_text=True)
    action = re.search(r'action="(/requests/[^"]+/decline)"', text)[1]
    assert "已拒签" in client.post(action, data={"form_token": token}, follow_redirects=True).get_data(as_text=True)
    assert session.state == "declined"
    refused = client.post("/scan", data={"form_token": token, "text": "https://example.org/s/" + TOKEN})
    assert refused.status_code == 502 and "没有签名" in refused.get_data(as_text=True)


def test_only_who_has_the_secret_scripts_it(asked):
    session, simulator, code = asked
    client = create_phone_app(simulator).test_client()
    assert client.post("/simulator/scans", json={"qr_text": code}).status_code == 401
    headers = {"Authorization": f"Bearer {simulator.secret}"}
    assert client.post("/simulator/faults", json={"faults": ["never"]}, headers=headers).status_code == 200
    assert client.post("/simulator/scans", json={"qr_text": code}, headers=headers).get_json()["outcome"] == "silent"
    answer = client.post("/simulator/scans", json={"qr_text": code}, headers=headers).get_json()
    assert (answer["outcome"], len(session.posts)) == ("signed", 1)
    assert client.post("/simulator/scans", json={"qr_text": code, "fault": "no"}, headers=headers).status_code == 400
