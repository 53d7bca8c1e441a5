"""The national and the Guangdong vocabulary by media type, in and out."""

import json

import pytest

from gateway.app import create_app
from gateway.domain.actors import Scope
from gateway.domain.applications import VOCABULARIES
from tests.api.conftest import conforms, contract, problem_of

GUANGDONG, NATIONAL = (f"application/vnd.licence-gateway.{each}+json" for each in ("guangdong", "national"))
LICENCES = "/api/v1/licences"
SCHEMAS = {GUANGDONG: "Guangdong", NATIONAL: "National"}


@pytest.fixture
def department(fresh, as_client):
    return as_client(create_app(fresh), frozenset(Scope))


@pytest.fixture
def record(applications):
    return applications[0]


def national(record):
    """The same application in the names of GB/T 36903."""
    names = {
        VOCABULARIES["guangdong"][meaning]: name
        for meaning, name in VOCABULARIES["national"].items()
        if meaning in VOCABULARIES["guangdong"]
    }
    dropped = {"FZJGSSXZQHDM"}
    return {names.get(name, name): value for name, value in record.items() if name not in dropped}


def send(client, body, media_type, **headers):
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return client.post(LICENCES, data=data, content_type=media_type, headers=headers)


def read(client, path, accept, status=200):
    answer = client.get(path, headers={"Accept": accept})
    assert answer.status_code == status, answer.text
    return answer


def test_an_application_goes_in_and_the_record_comes_out_in_either_vocabulary(department, record):
    bodies = {GUANGDONG: record, NATIONAL: national(record) | {"ZZBH": "另一编号1"}}
    for media_type, body in bodies.items():
        made = send(department, body, media_type, Accept=media_type)
        assert (made.status_code, made.mimetype) == (201, media_type), made.text
        assert (made.headers["ETag"], made.headers["Vary"]) == ('"r1"', "Accept")
        answer = conforms(json.loads(made.data), f"{SCHEMAS[media_type]}Record")
        assert {name: answer[name] for name in body} == body
        assert made.headers["Location"] == f"{LICENCES}/{answer['ZZBS']}/record"
        again = send(department, body, media_type, Accept=media_type)
        assert (again.status_code, json.loads(again.data)) == (200, answer)
        assert json.loads(read(department, made.headers["Location"], media_type).data) == answer
        assert read(department, made.headers["Location"], "application/json").get_json()["version_kind"] == "issue"


def test_what_comes_in_by_one_vocabulary_is_the_same_licence_by_the_other(department, record):
    made = send(department, record, GUANGDONG, Accept=NATIONAL)
    assert (made.status_code, made.mimetype) == (201, NATIONAL)
    assert json.loads(made.data)["CZZT"] == record["CYRMC"]
    same = send(department, national(record), NATIONAL)
    assert (same.status_code, same.mimetype) == (200, "application/json")
    assert same.get_json()["licence_identifier"] == json.loads(made.data)["ZZBS"]
    plain = send(department, {"record": record}, "application/json", Accept=f"{NATIONAL};q=0.5, application/json")
    assert (plain.status_code, plain.mimetype) == (200, "application/json")


def test_lists_and_new_versions_answer_in_a_vocabulary_too(department, record):
    made = send(department, record, GUANGDONG).get_json()
    path = f"{LICENCES}/{made['licence_identifier']}"
    change = {"kind": "amendment", "reason": "变更", "record": national(record) | {"ZZBFRQ": record["FZRQ"]}}
    version = department.post(f"{path}/versions", json=change, headers={"Accept": NATIONAL})
    assert (version.status_code, version.mimetype) == (201, NATIONAL), version.text
    assert conforms(json.loads(version.data), "NationalRecord")["ZZBBH"] == "002"
    page = read(department, LICENCES, NATIONAL)
    assert page.mimetype == NATIONAL
    items = conforms(json.loads(page.data), "NationalPage")["items"]
    assert [item["ZZBS"] for item in items] == [json.loads(version.data)["ZZBS"]]
    chosen = read(department, f"{LICENCES}?fields=ZZHM,ZZZT", GUANGDONG)
    assert list(json.loads(chosen.data)["items"][0]) == ["ZZHM", "ZZZT"]
    problem_of(department.get(f"{LICENCES}?fields=ZZHM", headers={"Accept": NATIONAL}), 422, "VALIDATION_FAILED")


def test_who_may_only_issue_is_told_what_it_made(fresh, as_client, record):
    clerk = as_client(create_app(fresh), {Scope.LICENCES_ISSUE})
    made = send(clerk, record, GUANGDONG, Accept=GUANGDONG)
    assert (made.status_code, json.loads(made.data)["ZZHM"]) == (201, record["ZZHM"])
    assert clerk.get(made.headers["Location"], headers={"Accept": GUANGDONG}).status_code == 403


@pytest.mark.parametrize("accept", ["text/html", "application/xml, text/plain;q=0.5", "application/vnd.other+json"])
def test_what_cannot_be_given_is_not_acceptable_and_nothing_is_issued(department, record, accept):
    refused = problem_of(send(department, record, GUANGDONG, Accept=accept), 406, "NOT_ACCEPTABLE")
    assert NATIONAL in refused["detail"] and "可以给出" in refused["detail"]
    problem_of(department.get(LICENCES, headers={"Accept": accept}), 406, "NOT_ACCEPTABLE")
    assert department.get(LICENCES).get_json()["items"] == []


def test_the_query_and_the_header_may_not_contradict_each_other(department, record):
    path = f"{LICENCES}/{send(department, record, GUANGDONG).get_json()['licence_identifier']}/record"
    plain = read(department, f"{path}?vocabulary=national", "*/*")
    assert (plain.mimetype, "ZZBH" in plain.get_json()) == ("application/json", True)
    assert read(department, f"{path}?vocabulary=national", f"{NATIONAL}, {GUANGDONG}").mimetype == NATIONAL
    refused = department.get(f"{path}?vocabulary=national", headers={"Accept": GUANGDONG})
    problem_of(refused, 406, "NOT_ACCEPTABLE")


@pytest.mark.parametrize(
    "media_type", ["text/plain", "application/x-www-form-urlencoded", "application/vnd.other+json"]
)
def test_what_cannot_be_read_is_an_unsupported_media_type(department, record, media_type):
    refused = problem_of(send(department, record, media_type), 415, "UNSUPPORTED_MEDIA_TYPE")
    assert GUANGDONG in refused["detail"] and "可以收" in refused["detail"]


def test_a_refused_key_is_free_for_the_request_as_it_should_be(department, record):
    """What was not even read left no answer under its key."""
    headers = {"Idempotency-Key": "k-1"}
    problem_of(send(department, record, "text/plain", **headers), 415, "UNSUPPORTED_MEDIA_TYPE")
    assert send(department, record, GUANGDONG, **headers).status_code == 201


def test_errors_point_into_the_bare_record(department, record):
    refused = send(department, national(record) | {"ZZBFRQ": "2024-13-01"}, NATIONAL)
    errors = problem_of(refused, 422, "VALIDATION_FAILED")["errors"]
    assert [(error["pointer"], error["code"]) for error in errors] == [("/ZZBFRQ", "NOT_A_DATE")]
    refused = send(department, record, NATIONAL)
    errors = problem_of(refused, 422, "VALIDATION_FAILED")["errors"]
    assert [error["code"] for error in errors] == ["VOCABULARY_MISMATCH"]
    for body, code in ((b"{", "JSON_INVALID"), (b"[]", "NOT_AN_OBJECT"), (b'"x"', "NOT_AN_OBJECT")):
        errors = problem_of(send(department, body, NATIONAL), 422, "VALIDATION_FAILED")["errors"]
        assert [error["code"] for error in errors] == [code]
    wrong = national(record) | {"ZZBH": 7}
    assert problem_of(send(department, wrong, NATIONAL), 422, "VALIDATION_FAILED")["errors"][0]["code"] == "NOT_TEXT"


def test_the_examples_of_the_contract_are_of_their_schemas_and_name_every_field():
    """Also the other way round: a field that the code knows and the contract does not would be left out there."""
    for path, method in ((LICENCES, "post"), (LICENCES, "get"), (LICENCES + "/{licence_identifier}/record", "get")):
        operation = contract()["paths"][path][method]
        answers = [answer["content"] for status, answer in operation["responses"].items() if status.startswith("20")]
        for content in [*answers, operation.get("requestBody", {}).get("content", {})]:
            for media_type in SCHEMAS.keys() & content.keys():
                conforms(content[media_type]["example"], content[media_type]["schema"]["$ref"].rpartition("/")[2])
            assert not content or SCHEMAS.keys() <= content.keys()
    for vocabulary, name in (("guangdong", "Guangdong"), ("national", "National")):
        schemas = contract()["components"]["schemas"]
        known = set(VOCABULARIES[vocabulary].values())
        assert schemas[f"{name}Application"]["properties"].keys() == known
        assert schemas[f"{name}Record"]["properties"].keys() == known | {"ZZBS", "ZZBBH", "ZZZT"}
