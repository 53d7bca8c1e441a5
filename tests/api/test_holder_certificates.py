"""Departments register certificates of electronic business licences and read how they stand."""

import base64
from datetime import timedelta

import pytest

from gateway.app import create_app
from gateway.domain.actors import Scope
from gateway.services.enterprise_registrations import Registration
from tests.api.conftest import conforms, problem_of
from tests.gallery import RICH
from tests.unit.services.test_holder_certificates import new_certificate, openssl_certificate

PATH = "/api/v1/holder-certificates"


@pytest.fixture
def department(fresh, as_client):
    return as_client(create_app(fresh), {Scope.LICENCES_ISSUE, Scope.LICENCES_READ})


def send(client, certificate):
    return client.post(PATH, json={"certificate": base64.b64encode(certificate).decode()})


def test_a_certificate_is_registered_and_shown_with_its_state(department, fresh):
    made = send(department, new_certificate(fresh, RICH, days=10))
    assert made.status_code == 201
    check = conforms(made.get_json(), "RegisteredHolderCertificate")
    assert (check["is_accepted"], check["found_code"]) == (True, RICH)
    fresh.certificate_watch.all()
    fresh.enterprise_registrations.record(RICH, Registration(fresh.clock(), "gsxt", name="阳江市新名称有限公司"))
    shown = conforms(department.get(f"/api/v1/enterprises/{RICH}/holder-certificates").get_json(), "HolderCertificates")
    newest = shown["certificates"][0]
    assert (newest["certificate_sm3"], newest["state"]["code"]) == (check["certificate_sm3"], "ENDS_SOON")
    assert [each["name"] for each in shown["registration_changes"]] == ["阳江市新名称有限公司"]


def test_what_does_not_serve_is_refused_with_its_reason(department, fresh, tmp_path):
    early = new_certificate(fresh, RICH, since=timedelta(days=2))
    two = openssl_certificate(tmp_path, f"/CN=91441702MA88G4T870/serialNumber={RICH}")
    for certificate, words in ((early, "not yet valid"), (two, "differ"), (b"no certificate", "no unified")):
        assert words in problem_of(send(department, certificate), 422, "BINDING_REFUSED")["detail"]
    problem_of(department.post(PATH, json={"certificate": "x!x!"}), 422, "VALIDATION_FAILED")
    problem_of(department.get("/api/v1/enterprises/91441702MA00000000/holder-certificates"), 404, "NOT_FOUND")


def test_a_sandbox_registers_nothing(fresh, as_client):
    sandbox = as_client(create_app(fresh), {Scope.LICENCES_ISSUE, Scope.LICENCES_READ}, is_sandbox=True)
    before = len(fresh.holder_certificates.of_enterprise(RICH))
    assert send(sandbox, new_certificate(fresh, RICH)).status_code == 201
    assert len(fresh.holder_certificates.of_enterprise(RICH)) == before
