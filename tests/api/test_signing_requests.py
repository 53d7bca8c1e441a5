"""Signing requests over HTTP: the department's side, the app's side, waiting, and the page for persons."""

import hashlib
import json
import re
from base64 import b64decode, b64encode

import numpy as np
import pytest
import zxingcpp

from gateway.app import create_app
from gateway.domain.actors import Scope
from gateway.domain.authorisations import SigningAuthorisation
from gateway.domain.signing_requests import SignerRole
from gateway.elicence.signers import sign_authorisation
from gateway.persistence.visit_counts import VisitCounts
from gateway.services.waiting_places import waiting_place
from tests.api.conftest import conforms, contract, problem_of
from tests.phones import phone_of
from tests.pki import DAY
from tests.unit.signing.pki import plain_pdf

PATH = "/api/v1/signing-requests"


def text(data):
    return b64encode(data).decode()


@pytest.fixture
def app(fresh):
    return create_app(fresh)


@pytest.fixture
def department(app, as_client):
    return as_client(app, frozenset(Scope) - {Scope.ADMINISTER})


@pytest.fixture
def app_side(app):
    return app.test_client()


@pytest.fixture
def code(applications):
    return applications[0]["CYRSFZJHM"]


@pytest.fixture
def body(fresh, code):
    return {
        "enterprise_code": code,
        "department_code": next(iter(fresh.catalogue.load().authorities_by_code)),
        "purpose": "食品经营许可申请",
        "signer_role": "legal_representative",
        "documents": [
            {"title": "承诺书", "form": "pdf", "content": text(plain_pdf())}
            | {"appearance": {"page": 1, "left_mm": 3, "bottom_mm": 20}},
            {"title": "申请表", "form": "json", "content": text('{"名称": 1.0}'.encode())},
        ],
    }


@pytest.fixture
def made(department, body):
    response = department.post(PATH, json=body)
    assert response.status_code == 201, response.text
    return conforms(response.get_json(), "SigningRequest")


@pytest.fixture
def session(made):
    return f"/sign/v1/sessions/{made['qr_text'].rpartition('/')[2]}"


@pytest.fixture
def key(fresh, code):
    return phone_of(fresh, code).key


def offer(key, **other):
    return {"certificate": text(key.certificate), "role": "legal_representative", "signer_name": "林某某"} | other


def answer(key, shown):
    return {
        "certificate": text(key.certificate),
        "signatures": [
            {"document_id": d["document_id"], "form": "raw", "value": text(key.sign(b64decode(d["to_be_signed"])))}
            for d in shown["documents"]
        ],
    }


def test_the_whole_exchange(department, app_side, made, session, key):
    assert (made["state"], made["signer"], made["evidence"]) == ("created", None, None)
    shown = conforms(app_side.get(session).get_json(), "SigningSession")
    assert (shown["state"], shown["documents"][0]["to_be_signed"]) == ("presented", None)
    for document in shown["documents"]:
        content = app_side.get(document["url"])
        assert (len(content.data), content.mimetype) == (document["size"], document["media_type"])
    assert content.data == '{"名称":1}'.encode()

    shown = conforms(app_side.post(f"{session}/certificate", json=offer(key)).get_json(), "SigningSession")
    sent = answer(key, shown)
    first, again = (app_side.post(f"{session}/signatures", json=sent) for _ in range(2))
    assert conforms(first.get_json(), "SigningSession")["state"] == "signed"
    assert again.get_json() == first.get_json()
    other = answer(key, shown)
    problem_of(app_side.post(f"{session}/signatures", json=other), 409, "CONFLICT")
    problem_of(app_side.post(f"{session}/decline", json={}), 409, "TRANSITION_REFUSED")

    told = conforms(department.get(f"{PATH}/{made['request_id']}").get_json(), "SigningRequest")
    assert (told["state"], told["signer"]["name"], told["qr_text"]) == ("signed", "林某某", None)
    assert told["evidence"]["is_accepted"] is True
    judged_by = [*told["evidence"]["certificates"], *told["evidence"]["revocation_data"]]
    kept = [department.get(part["href"]) for part in judged_by]
    assert [hashlib.sha256(each.data).hexdigest() for each in kept] == [part["sha256"] for part in judged_by]
    assert {each.mimetype for each in kept} == {"application/pkix-cert", "application/pkix-crl"}
    problem_of(department.get(f"{PATH}/{made['request_id']}/evidence/{'0' * 64}"), 404, "NOT_FOUND")
    pdf, token = (department.get(d["signed"]["href"]) for d in told["documents"])
    assert (pdf.mimetype, token.mimetype) == ("application/pdf", "application/cose")
    assert [len(pdf.data), len(token.data)] == [d["signed"]["size"] for d in told["documents"]]
    # What a page shows afterwards is still what was signed.
    assert app_side.get(shown["documents"][1]["url"]).data == content.data


def test_answers_have_no_property_that_the_contract_leaves_out(made, app_side, session):
    schemas = contract()["components"]["schemas"]
    assert made.keys() == schemas["SigningRequest"]["properties"].keys()
    shown = app_side.get(session).get_json()
    assert shown.keys() == schemas["SigningSession"]["properties"].keys()
    parts = made["documents"][0].keys() | shown["documents"][0].keys()
    assert parts == schemas["SigningDocument"]["properties"].keys()
    event = app_side.get(f"{session}/events?wait=0").get_json()
    assert event.keys() == schemas["SigningEvent"]["properties"].keys()


def test_the_role_rests_on_an_authorisation_where_one_is_brought(department, app_side, body, key, code, fresh):
    order = body | {"signer_role": "handling_person", "requires_authorisation": True}
    made = conforms(department.post(PATH, json=order).get_json(), "SigningRequest")
    assert (made["requires_authorisation"], made["role_basis"]) == (True, None)
    token = made["qr_text"].rpartition("/")[2]
    session, now = f"/sign/v1/sessions/{token}", fresh.clock()
    names = ("黄某某", SignerRole.HANDLING_PERSON, "林某某", SignerRole.LEGAL_REPRESENTATIVE)
    stated = SigningAuthorisation(code, *names, now - DAY, now + DAY, key.certificate)
    told = offer(key, role="handling_person", signer_name="黄某某")
    missing = problem_of(app_side.post(f"{session}/certificate", json=told), 422, "SIGNATURE_REFUSED")
    assert [(e["code"], e["pointer"]) for e in missing["errors"]] == [("AUTHORISATION_MISSING", "/authorisation")]
    told["authorisation"] = text(sign_authorisation(stated, key))
    shown = conforms(app_side.post(f"{session}/certificate", json=told).get_json(), "SigningSession")
    assert shown["role_basis"] == "authorisation"
    for language, words in (("zh", "凭企业的授权书，有效期至"), ("en", "by an authorisation until")):
        assert words in app_side.get(f"/s/{token}?lang={language}").text
    app_side.post(f"{session}/signatures", json=answer(key, shown))
    done = conforms(department.get(f"{PATH}/{made['request_id']}").get_json(), "SigningRequest")
    assert done["signer"]["authorisation"]["statement"] == told["authorisation"]
    assert conforms(done["signer"]["authorisation"], "SigningAuthorisation")["given_by"]["name"] == "林某某"
    assert done["evidence"]["role_basis"] == "authorisation"
    # What the authorisation's certificate was judged by is kept as that of the signature is.
    found = conforms(done["evidence"]["authorisation"]["chain"][0]["certificate"], "SigningEvidence")
    for part in (*found["certificates"], *found["revocation_data"]):
        assert hashlib.sha256(department.get(part["href"]).data).hexdigest() == part["sha256"]


def test_the_same_order_again_is_no_second_request(department, body):
    keyed = {"Idempotency-Key": "the-same"}
    first, again = (department.post(PATH, json=body, headers=keyed) for _ in range(2))
    assert first.get_json() == again.get_json()
    assert len(department.get(PATH).get_json()["items"]) == 1


def test_refusals_name_their_reason(app_side, session, fresh, applications, code, key):
    stranger = phone_of(fresh, next(a["CYRSFZJHM"] for a in applications if a["CYRSFZJHM"] != code)).key
    problem = problem_of(app_side.post(f"{session}/certificate", json=offer(stranger)), 422, "SIGNATURE_REFUSED")
    assert [(e["code"], e["pointer"]) for e in problem["errors"]] == [("WRONG_ENTERPRISE", "/certificate")]
    shown = app_side.post(f"{session}/certificate", json=offer(key)).get_json()
    sent = answer(key, shown)
    sent["signatures"][1]["value"] = text(b"\x30\x00")
    problem = problem_of(app_side.post(f"{session}/signatures", json=sent), 422, "SIGNATURE_REFUSED")
    assert [(e["code"], e["pointer"]) for e in problem["errors"]] == [("MALFORMED_SIGNATURE", "/signatures/1")]
    wrong_role = offer(key, role="handling_person")
    problem = problem_of(app_side.post(f"{session}/certificate", json=wrong_role), 422, "SIGNATURE_REFUSED")
    assert problem["errors"][0]["code"] == "WRONG_ROLE"


@pytest.mark.parametrize(
    "wrong",
    [{"documents": []}, {"expires_in_seconds": 1}, {"signer_role": "boss"}, {"purpose": ""}, {"unknown": 1}],
)
def test_orders_that_break_rules_are_refused(department, body, wrong):
    problem_of(department.post(PATH, json=body | wrong), 422, "VALIDATION_FAILED")


def test_who_may_do_what(app, as_client, body, made, fresh):
    reader = as_client(app, {Scope.SIGNING_READ})
    assert reader.get(f"{PATH}/{made['request_id']}").status_code == 200
    problem_of(reader.post(PATH, json=body), 403, "FORBIDDEN")
    problem_of(reader.post(f"{PATH}/{made['request_id']}/cancel"), 403, "FORBIDDEN")
    problem_of(as_client(app, {Scope.LICENCES_READ}).get(f"{PATH}/{made['request_id']}"), 403, "FORBIDDEN")
    problem_of(app.test_client().get(f"{PATH}/{made['request_id']}"), 401, "NOT_AUTHENTICATED")


def test_another_department_meets_nothing(app, as_client, made, body, fresh):
    others = list(fresh.catalogue.load().authorities_by_code)
    stranger = as_client(app, {Scope.SIGNING_READ, Scope.SIGNING_WRITE}, authority_codes=frozenset({others[1]}))
    problem_of(stranger.get(f"{PATH}/{made['request_id']}"), 403, "FORBIDDEN")
    assert stranger.get(PATH).get_json()["items"] == []
    problem_of(stranger.post(PATH, json=body), 403, "FORBIDDEN")
    # Whoever acts for one authority only needs not name it.
    own = {name: value for name, value in body.items() if name != "department_code"}
    assert stranger.post(PATH, json=own).get_json()["department"]["code"] == others[1]


def test_cancelled_declined_and_their_lists(department, app_side, body, made, session):
    cancelled = department.post(f"{PATH}/{made['request_id']}/cancel").get_json()
    assert (cancelled["state"], cancelled["reason"]["code"]) == ("failed", "CANCELLED")
    problem_of(app_side.post(f"{session}/decline", json={}), 409, "TRANSITION_REFUSED")
    second = department.post(PATH, json=body).get_json()
    token = second["qr_text"].rpartition("/")[2]
    for _ in range(2):
        declined = app_side.post(f"/sign/v1/sessions/{token}/decline", json={"reason": "金额不符"})
        assert declined.get_json()["state"] == "declined"
    told = department.get(f"{PATH}/{second['request_id']}").get_json()
    assert (told["decline_reason"], told["reason"]) == ("金额不符", None)
    page = department.get(f"{PATH}?limit=1").get_json()
    rest = department.get(f"{PATH}?limit=1&cursor={page['next_cursor']}").get_json()
    assert sorted(each["state"] for each in page["items"] + rest["items"]) == ["declined", "failed"]
    assert [each["state"] for each in department.get(f"{PATH}?state=declined").get_json()["items"]] == ["declined"]
    problem_of(department.get(f"{PATH}/{made['request_id']}/documents/1"), 409, "CONFLICT")
    problem_of(department.get(f"{PATH}/{made['request_id']}/documents/9"), 404, "NOT_FOUND")


def test_waiting_in_both_ways(department, app_side, made, session):
    events = f"{PATH}/{made['request_id']}/events"
    assert department.get(f"{events}?wait=0.5&after=created").get_json()["state"] == "created"
    app_side.get(session)
    # What the caller knows is over already: the answer comes at once.
    assert department.get(f"{events}?wait=20&after=created").get_json()["state"] == "presented"
    app_side.post(f"{session}/decline", json={})
    for path, client in ((events, department), (f"{session}/events", app_side)):
        stream = client.get(path)
        assert stream.mimetype == "text/event-stream"
        retry, event = stream.text.strip().split("\n\n")
        assert retry == "retry: 2000"
        lines = dict(line.split(": ", 1) for line in event.splitlines())
        assert lines["event"] == "state"
        assert json.loads(lines["data"])["state"] == "declined"
    problem_of(department.get(f"{events}?wait=21"), 422, "VALIDATION_FAILED")


def test_a_stream_tells_the_change_while_somebody_waits(fresh, made):
    token = made["qr_text"].rpartition("/")[2]
    happens = iter((fresh.signing_sessions.present, lambda held: fresh.signing_sessions.decline(held, "")))
    fresh.signing_waits._sleep = lambda _: next(happens)(token)
    views = fresh.signing_waits.stream(lambda: fresh.signing_sessions.glance(token))
    assert [view.standing.state for view in views] == ["created", "presented", "declined"]


def test_only_as_many_wait_as_may(fresh, made):
    token = made["qr_text"].rpartition("/")[2]
    with waiting_place(fresh.settings) as first, waiting_place(fresh.settings) as second:
        assert (first, second) == (True, False)
        # Nobody sleeps without a place: the answer is the present state, at once.
        fresh.signing_waits._sleep = pytest.fail
        view = fresh.signing_waits.changed(lambda: fresh.signing_sessions.glance(token), None, 20)
        assert view.standing.state == "created"
    with waiting_place(fresh.settings) as again:
        assert again


def test_a_token_is_asked_about_so_often_and_no_oftener(fresh, session):
    strict = type(fresh)(fresh.settings.model_copy(update={"code_lookups_per_minute": 5}))
    strict.visits._counts = VisitCounts(lambda: 0.0)
    client = create_app(strict).test_client()
    answers = [client.get(f"{session}/events?wait=0").status_code for _ in range(6)]
    assert answers == [200] * 5 + [429]
    problem_of(client.get(session), 429, "TOO_MANY_REQUESTS")
    strict.deps.engine.dispose()


def test_the_page_shows_what_is_asked_and_works_without_scripts(app_side, made, session, code):
    token = session.rpartition("/")[2]
    page = app_side.get(f"/s/{token}")
    for said in ("等待扫码", made["department"]["name"], made["purpose"], code, "承诺书", "申请表", 'class="qr"'):
        assert said in page.text
    assert '<noscript><meta http-equiv="refresh" content="10"></noscript>' in page.text
    assert "refresh" not in app_side.get(f"/s/{token}?refresh=off").text.split("</head>")[0]
    assert "style=" not in page.text
    english = app_side.get(f"/s/{token}?lang=en").text
    assert "Waiting to be scanned" in english
    assert "Scan with the electronic business licence" in english
    # To look at the page is not to present the request: that is the app's doing.
    assert app_side.get(f"{session}/events?wait=0").get_json()["state"] == "created"
    app_side.post(f"{session}/decline", json={})
    over = app_side.get(f"/s/{token}").text
    assert "已拒绝" in over
    assert 'class="qr"' not in over
    assert "data-events" not in over
    assert app_side.get("/s/unknown").status_code == 404


def test_the_code_on_the_page_is_read_by_a_scanner(app_side, made, session):
    page = app_side.get(f"/s/{session.rpartition('/')[2]}").text
    side = int(re.search(r'class="qr" viewBox="0 0 (\d+) ', page)[1])
    picture = np.full((side, side), 255, np.uint8)
    for x, y in re.findall(r"M(\d+) (\d+)h1v1h-1z", page):
        picture[int(y), int(x)] = 0
    (found,) = zxingcpp.read_barcodes(np.kron(picture, np.ones((4, 4), np.uint8)))
    assert found.text == made["qr_text"]
