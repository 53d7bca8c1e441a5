"""What pages ask so that a file stays with its holder: the licence of a digest, and the keys to check codes with."""

import hashlib
from datetime import UTC, datetime

import pytest

from gateway.app import create_app
from gateway.domain.actors import Scope
from tests.api.conftest import problem_of


@pytest.fixture
def app(fresh):
    return create_app(fresh)


@pytest.fixture
def issued(app, as_client, applications):
    """The PDF of a new licence, and its identifier."""
    department = as_client(app, frozenset(Scope) - {Scope.ADMINISTER})
    answer = department.post("/api/v1/licences", json={"record": applications[0], "duplicates": 0}).get_json()
    return department.get(answer["files"]["electronic"]["href"]).data, answer["licence_identifier"]


def by_digest(app, data):
    """Asked by the digest of OpenSSL, which no one here wrote."""
    return app.test_client().get(f"/api/v1/digests/{hashlib.new('sm3', data).hexdigest()}")


def test_a_registered_file_is_known_by_its_digest(app, issued):
    data, identifier = issued
    answer = by_digest(app, data)
    assert answer.status_code == 200, answer.text
    assert answer.get_json()["licence_identifier"] == identifier


def test_a_file_with_one_other_byte_is_not(app, issued):
    data, _ = issued
    problem_of(by_digest(app, data[:-1] + bytes([data[-1] ^ 1])), 404, "NOT_FOUND")


@pytest.mark.parametrize("written", ["0" * 63, "0" * 65, "A" * 64, "g" * 64])
def test_what_is_no_digest_is_told_so(app, written):
    problem = problem_of(app.test_client().get(f"/api/v1/digests/{written}"), 422, "VALIDATION_FAILED")
    assert [error["code"] for error in problem["errors"]] == ["DIGEST_INVALID"]


def test_published_keys_are_points_with_their_use_and_state(app, issued):
    answer = app.test_client().get("/trust/keys").get_json()
    assert abs((datetime.fromisoformat(answer["as_of"]) - datetime.now(UTC)).total_seconds()) < 60
    keys = answer["keys"]
    assert {key["use"] for key in keys if key["reason"] == "GENUINE"} == {"licence_code", "list"}
    # Keys of samples hang from a root that nobody trusts.
    assert {key["reason"] for key in keys} <= {"GENUINE", "SIGNER_NOT_TRUSTED"}
    assert all(len(bytes.fromhex(key["key_id"])) == 8 for key in keys)
    assert all(len(bytes.fromhex(key["public_key"])) == 65 and key["public_key"].startswith("04") for key in keys)
