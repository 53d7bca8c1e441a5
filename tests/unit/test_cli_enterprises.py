"""The commands for certificates of electronic business licences and for changes of registrations."""

import json
from base64 import b64encode
from datetime import timedelta

import pytest
from asn1crypto import pem

from gateway.elicence.national import NationalFault
from tests.elicence import HOLDER, phone_at
from tests.national_service import serving
from tests.unit.services.test_holder_certificates import new_certificate, openssl_certificate


@pytest.fixture
def code(applications):
    return applications[0]["CYRSFZJHM"]


def test_a_certificate_is_checked_registered_and_watched(run, fresh, code, tmp_path):
    file = tmp_path / "licence.cer"
    file.write_bytes(pem.armor("CERTIFICATE", new_certificate(fresh, code, days=10)))
    assert "✓" in run("holder-certificates", "check", file, "--code", code)
    late = (fresh.clock() + timedelta(days=20)).isoformat()
    late_check = json.loads(run("holder-certificates", "check", file, "--code", code, "--at", late, "--json", status=1))
    assert late_check["reason"]["code"] == "CERTIFICATE_EXPIRED"
    registered = json.loads(run("holder-certificates", "register", file, "--json"))
    assert registered["unified_social_credit_code"] == code
    watched = json.loads(run("holder-certificates", "watch", "--json"))
    assert (watched["changed"], watched["undecided"]) == (1, 0)
    assert [each["certificate_sm3"] for each in watched["troubled"]] == [registered["certificate_sm3"]]
    listed = run("holder-certificates", "list", code)
    assert "即将到期" in listed and "正常" in listed


def test_a_certificate_of_nobody_known_is_told_with_its_reason(run, code, tmp_path):
    file = tmp_path / "other.der"
    file.write_bytes(openssl_certificate(tmp_path, f"/CN=x/serialNumber={code}"))
    assert "CERTIFICATE_UNTRUSTED" in run("holder-certificates", "check", file, "--code", code, status=1)


def test_a_new_name_and_the_end_of_a_registration_are_kept(run, code):
    change = ("enterprise", "change", code, "--source", "gsxt")
    assert json.loads(run(*change, "--legal-representative", "林某某", "--json"))["has_changed"] is True
    assert json.loads(run(*change, "--name", "阳江市新名称有限公司", "--json"))["has_changed"] is True
    assert "没有变化" in run(*change, "--name", "阳江市新名称有限公司")
    run(*change, "--status", "cancelled")
    assert [each["status"] for each in json.loads(run("enterprise", "history", code, "--json"))] == [
        "registered",
        "cancelled",
    ]
    assert "阳江市新名称有限公司 (registered) → 阳江市新名称有限公司 (cancelled)" in run("enterprise", "history", code)


def test_a_licence_is_shown_as_its_object(run, tmp_path, monkeypatch):
    simulator, file = phone_at(tmp_path, "http://127.0.0.1:1"), tmp_path / "licence.entity"
    file.write_bytes(b64encode(simulator.cards.card(HOLDER).certificate))
    show = ("holder-certificates", "show", file, "--code", HOLDER)
    with serving(simulator, tmp_path, settings={"attempts": 1}) as configured:
        monkeypatch.setenv("GATEWAY_ENTERPRISE_SIGNER", str(configured))
        assert json.loads(run(*show, "--json"))["outcome"] == "held"
        file.write_bytes(b"no object")
        assert "不予认可" in run(*show, status=1)
        simulator.national.faults.append(NationalFault.ERROR)
        run(*show, status=2)
    assert len(run("holder-certificates", "showings", HOLDER).splitlines()) == 2
