"""`licence-gateway doctor`: looked over before it serves, and when something is missing."""

import json


def findings(run, status=0):
    return {each["subject"]: each for each in json.loads(run("doctor", "--json", status=status))}


def test_a_gateway_that_was_set_up_and_does_not_serve_yet_is_in_order(run, fresh):
    found = findings(run)
    assert [name for name, each in found.items() if not each["good"]] == []
    assert "serve or worker begins it" in found["background"]["detail"]


def test_what_waits_for_the_log_waits_for_the_start_too(run, fresh, monkeypatch):
    monkeypatch.setattr("gateway.services.health._LOG_BEHIND_SECONDS", 0)
    assert fresh.health.check(seconds=30).checks["log"].startswith("Events wait")
    assert findings(run)["log"]["detail"].startswith("at rest")


def test_what_is_missing_is_named_with_what_mends_it(run, fresh):
    fresh.settings.resolved_key_password_file.unlink()
    found = findings(run, status=1)
    assert not found["key password"]["good"]
    assert "licence-gateway init" in found["key password"]["detail"]
