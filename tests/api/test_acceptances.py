"""Acceptance over HTTP: asked by a department, signed by the holder's phone, told to departments and to everyone."""

import pytest

from gateway.app import create_app
from gateway.domain.actors import Scope
from tests.api.conftest import conforms, form, problem_of
from tests.phones import phone_of
from tests.unit.services.test_acceptances import APPLICATION, HOLDER


@pytest.fixture
def app(fresh):
    return create_app(fresh)


@pytest.fixture
def department(app, as_client):
    return as_client(app, frozenset(Scope) - {Scope.ADMINISTER})


@pytest.fixture
def identifier(fresh):
    return fresh.licences.issue(APPLICATION).licence_identifier


def test_a_licence_is_accepted_and_everyone_is_told(fresh, app, department, identifier):
    path = f"/api/v1/licences/{identifier}"
    made = department.post(f"{path}/acceptances", json={})
    assert made.status_code == 201, made.text
    attempt = conforms(made.get_json(), "AcceptanceAttempt")
    assert made.headers["Location"].endswith(attempt["signing_request"]["request_id"])
    assert department.post(f"{path}/acceptances", json={}).status_code == 200
    problem_of(department.get(f"{path}/files/accepted"), 404, "NOT_FOUND")
    anyone = app.test_client()
    assert conforms(anyone.get(path).get_json(), "Licence")["acceptance"] is None

    phone_of(fresh, HOLDER).sign(fresh, attempt["signing_request"]["qr_text"].rpartition("/")[2])
    [signed] = department.get(f"{path}/acceptances").get_json()["items"]
    conforms(signed, "AcceptanceAttempt")
    assert signed["signing_request"]["state"] == "signed"
    accepted = department.get(f"{path}/files/accepted")
    issued = department.get(f"{path}/files/electronic")
    assert accepted.mimetype == "application/pdf" and accepted.data.startswith(issued.data)
    files = department.get(f"{path}/record").get_json()["files"]
    assert files["accepted"] == {"href": f"{path}/files/accepted", "sm3": signed["accepted_sm3"]}
    assert files["electronic"]["sm3"] == signed["issued_sm3"]

    told = conforms(anyone.get(path).get_json(), "Licence")
    assert (told["acceptance"]["sm3"], told["acceptance"]["role_basis"]) == (signed["accepted_sm3"], "claimed")
    for language, words in (
        ("zh", "持证主体已用电子营业执照签收"),
        ("en", "legal representative (by word of the app, not proven)"),
        ("en", "by the holder, with its electronic business licence"),
    ):
        page = anyone.get(f"/l/{identifier}?lang={language}")
        assert (page.status_code, words in page.text) == (200, True)

    for language, words in (("zh", "持证主体已签收"), ("en", "Accepted by its holder")):
        assert words in anyone.get(f"/e/{HOLDER}?lang={language}").text

    report = conforms(anyone.post("/api/v1/verifications", **form(accepted.data)).get_json(), "VerificationReport")
    assert report["parties"]["accepted_by"]["unified_social_credit_code"] == HOLDER
    assert report["parties"]["issued_by"]["name"] == APPLICATION["FZJGMC"]


def test_a_department_may_want_more_than_the_word_of_the_app(department, identifier):
    path, wanted = f"/api/v1/licences/{identifier}/acceptances", {"requires_authorisation": True}
    refused = problem_of(department.post(path, json=wanted), 422, "VALIDATION_FAILED")
    assert [each["pointer"] for each in refused["errors"]] == ["/requires_authorisation"]
    made = department.post(path, json=wanted | {"signer_role": "handling_person"})
    assert (made.status_code, made.get_json()["signing_request"]["requires_authorisation"]) == (201, True)


def test_evidence_of_the_national_service_is_asked_for_by_request(department, identifier):
    made = department.post(f"/api/v1/licences/{identifier}/acceptances", json={}).get_json()
    path = f"/api/v1/signing-requests/{made['signing_request']['request_id']}"
    assert department.get(f"{path}/exchanges").get_json() == {"items": []}
    assert department.post(f"{path}/national-session").status_code == 500


def test_who_may_not_sign_may_not_ask(app, as_client, identifier):
    reader = as_client(app, {Scope.LICENCES_READ})
    problem_of(reader.post(f"/api/v1/licences/{identifier}/acceptances", json={}), 403, "FORBIDDEN")
    problem_of(app.test_client().post(f"/api/v1/licences/{identifier}/acceptances", json={}), 401, "NOT_AUTHENTICATED")
