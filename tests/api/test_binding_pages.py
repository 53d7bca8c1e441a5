"""The chain of bindings for anybody: the API, the page of a licence, the page of an enterprise, in both languages."""

import pytest

from gateway.app import create_app
from gateway.domain.rebindings import TOKEN_TYPE
from signing.cose import parse_sign1
from tests.api.conftest import conforms, problem_of
from tests.unit.services.test_holder_certificates import new_certificate


@pytest.fixture
def licence(fresh, applications):
    issued = fresh.licences.issue(applications[0])
    _, run = fresh.rebindings.register(new_certificate(fresh, applications[0]["CYRSFZJHM"]))
    assert run.bound == (issued.licence_identifier,)
    return issued


@pytest.fixture
def client(fresh):
    return create_app(fresh).test_client()


def test_the_chain_and_its_statement_are_had_by_anyone(client, licence):
    path = f"/api/v1/licences/{licence.licence_identifier}/bindings"
    first, second = [conforms(step, "Binding") for step in client.get(path).get_json()["bindings"]]
    assert (first["reason"], second["reason"], second["genuine"]) == (None, "renewal", "yes")
    statement = client.get(f"{path}/1")
    assert statement.mimetype == "application/cose"
    assert parse_sign1(statement.data).media_type == TOKEN_TYPE
    for missing in (f"{path}/0", f"{path}/2", f"{path}/x", "/api/v1/licences/1.2.3/bindings"):
        problem_of(client.get(missing), 404, "NOT_FOUND")


def test_the_pages_explain_it_in_both_languages(client, licence):
    for page in (f"/l/{licence.licence_identifier}", f"/e/{licence.holder_code}"):
        assert "证书更新后改绑" in client.get(f"{page}?lang=zh").text, page
        assert "bound anew after the certificate was renewed" in client.get(f"{page}?lang=en").text, page


def test_the_report_says_it_for_people_and_machines(client, licence):
    body = licence.electronic_file.read_bytes()
    headers = {"Content-Type": "application/pdf"}
    report = client.post("/api/v1/verifications", data=body, headers=headers).get_json()
    assert [step["number"] for step in report["registry"]["bindings"]] == [0, 1]
    shown = client.post("/api/v1/verifications", data=body, headers=headers | {"Accept": "text/html"})
    assert "电子营业执照绑定" in shown.text
