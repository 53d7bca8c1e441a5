"""``licence-gateway client``: set, enable and disable, access records, retention; JSON for machines."""

import json

import click
import pytest
from typer.testing import CliRunner

from gateway import cli
from gateway.app import create_app
from gateway.domain.actors import Scope
from gateway.errors import NotFoundError
from gateway.services.licence_records import LicenceFilter
from tests.api.test_client_changes import AUTHORITY, self_signed
from tests.conftest import days_ahead

CREATE = ("client", "create", "--name", "审批系统", "--organisation", "卫生健康局", "--authority", AUTHORITY)
CREATE += ("--scope", "licences:read")


@pytest.fixture
def call(issued, monkeypatch):
    """Runs a command on a gateway of its own."""
    monkeypatch.setenv("GATEWAY_KEY_ITERATIONS", "1000")
    if url := issued.settings.database_url:
        monkeypatch.setenv("GATEWAY_DATABASE_URL", url)

    def called(*arguments, expect=0):
        result = CliRunner().invoke(cli.app, [*arguments, "--data-dir", str(issued.settings.data_dir)])
        assert result.exit_code == expect, (result.output, result.exception)
        return result

    return called


def test_a_client_is_set_anew_and_its_limits_lifted(call, tmp_path):
    begin, until = days_ahead(-30), days_ahead(4000)
    limits = (
        "--ip-range",
        "10.0.0.0/8",
        "--daily-cap",
        "5",
        "--valid-from",
        begin,
        "--valid-until",
        until,
    )
    client_id = json.loads(call(*CREATE, *limits, "--json").stdout)["client_id"]
    shown = json.loads(call("client", "show", client_id, "--json").stdout)
    assert (shown["valid_from"], shown["valid_until"]) == (f"{begin}T00:00:00Z", f"{until}T00:00:00Z")
    certificates = []
    for name in ("old", "new"):
        (tmp_path / name).write_text(self_signed())
        certificates += ["--certificate", str(tmp_path / name)]
    jwks = tmp_path / "jwks"
    jwks.write_text(
        '{"keys": [{"kty": "OKP", "kid": "k1", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}'
    )
    changed = call(
        *("client", "set", client_id, "--name", "新系统", "--scope", "copies:make", "--jwks", str(jwks), *certificates),
        *("--lift", "ip-range", "--lift", "daily-cap", "--lift", "valid-until", "--json"),
    )
    view = json.loads(changed.stdout)
    assert (view["name"], view["organisation"], view["scopes"]) == ("新系统", "卫生健康局", ["copies:make"])
    assert (view["ip_ranges"], view["daily_cap"], view["valid_until"]) == ([], None, None)
    assert (view["key_ids"], len(view["certificate_sha256s"])) == (["k1"], 2)
    view = json.loads(call("client", "set", client_id, "--lift", "jwks", "--lift", "certificate", "--json").stdout)
    assert (view["key_ids"], view["certificate_sha256s"]) == ([], [])
    assert "已更改" in call("client", "set", client_id, "--valid-until", days_ahead(3000)).stdout
    refused = call("client", "set", client_id, "--daily-cap", "9", "--lift", "daily-cap", expect=1)
    assert isinstance(refused.exception, click.UsageError)
    call("client", "set", client_id, "--ip-range", "nowhere", expect=1)


def test_one_of_two_secrets_is_revoked(call, issued):
    made = json.loads(call(*CREATE, "--json").stdout)
    client_id = made["client_id"]
    other = json.loads(call("client", "rotate", client_id, "--json").stdout)["secret"]
    first, second = json.loads(call("client", "show", client_id, "--json").stdout)["credentials"]
    assert first["id"] != second["id"]
    call("client", "revoke", client_id, str(first["id"]))
    http = create_app(issued).test_client()

    def token(secret):
        form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret}
        return http.post("/oauth/token", data=form).status_code

    assert (token(made["client_secret"]), token(other)) == (401, 200)
    refused = call("client", "revoke", client_id, str(first["id"]), expect=1)
    assert isinstance(refused.exception, NotFoundError)
    revoked = json.loads(call("client", "revoke", client_id, str(second["id"]), "--json").stdout)
    assert revoked == {"client_id": client_id, "credential_id": second["id"], "is_revoked": True}
    assert token(other) == 401


def test_a_sandbox_can_issue_as_soon_as_it_is_registered(call, issued, applications):
    made = json.loads(call(*CREATE, "--scope", "licences:issue", "--sandbox", "--json").stdout)
    record = next(each for each in applications if each["FZJGMC"] == "阳江市江城区卫生健康局")
    http = create_app(issued).test_client()
    form = {"grant_type": "client_credentials", **made}
    headers = {"Authorization": f"Bearer {http.post('/oauth/token', data=form).get_json()['access_token']}"}
    answer = http.post("/api/v1/licences", json={"record": record}, headers=headers | {"Idempotency-Key": "k"})
    assert answer.status_code == 201, answer.text
    assert ".SAMPLE" in answer.get_json()["licence_identifier"]
    other = "11441702G0000629X4"
    call("client", "set", made["client_id"], "--authority", other)
    record = next(each for each in applications if each["FZJGMC"] == "阳江市江城区市场监督管理局")
    answer = http.post("/api/v1/licences", json={"record": record}, headers=headers | {"Idempotency-Key": "l"})
    assert answer.status_code == 201, answer.text


def test_in_and_out_in_json(call):
    client_id = json.loads(call(*CREATE, "--json").stdout)["client_id"]
    for word, expected in (("disable", False), ("enable", True)):
        told = json.loads(call("client", word, client_id, "--json").stdout)
        assert told == {"client_id": client_id, "is_enabled": expected}
    assert "已停用" in call("client", "disable", client_id).stdout
    call("client", "enable", "client-0000000000000000", expect=1)


def test_access_records_and_their_removal(call, issued, as_client):
    [record] = issued.licence_records.search(LicenceFilter(limit=1))
    client = as_client(create_app(issued), frozenset({Scope.LICENCES_READ}))
    client.get(f"/api/v1/licences/{record.licence_identifier}/record", headers={"X-Caller-User": "%5Bbold%5D"})
    for words in (("--licence", record.licence_identifier), ("--holder", record.facts["holder"]["code"])):
        [view] = json.loads(call("client", "access-records", *words, "--json").stdout)
        assert (view["subject"], view["elements"]["user_name"]) == (record.licence_identifier, "[bold]")
        assert "[bold]" in call("client", "access-records", *words).stdout, "no markup of a caller is obeyed"
    after = ("--after", str(view["id"]))
    assert json.loads(call("client", "access-records", *words, *after, "--json").stdout) == []
    call("client", "access-records", expect=1)
    dry = json.loads(call("retention", "--dry-run", "--json").stdout)
    done = json.loads(call("client", "prune", "--json").stdout)
    assert (dry["was_dry"], done["was_dry"]) == (True, False)
    assert dry["counts"] == done["counts"]
    assert {"access_records", "network_log_days", "deliveries"} <= done["counts"].keys()
    assert "access_records 0" in call("retention", "--dry-run").stdout
    assert "已清除" in call("retention").stdout
