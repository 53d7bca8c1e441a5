"""The table of faults: what API and pages say when a part is dead, slow or silent - exactly that, never a verdict instead."""

from datetime import timedelta

import pytest

from gateway.app import create_app
from gateway.container import Container
from gateway.domain.actors import Scope
from gateway.samr_simulator import Fault
from tests.api.conftest import form, problem_of
from tests.api.test_faults import broken, pages, says_could_not_check
from tests.conftest import container_at
from tests.databases import break_database
from tests.gallery import RICH
from tests.samr import asking, simulated

__all__ = ["broken"]
TOBACCO = "11441700G00002221C"
DEAD = "http://127.0.0.1:9/"
"""The discard port, where nobody listens."""


def resolved(client, text):
    response = client.post("/api/v1/resolutions", json={"text": text})
    assert response.status_code == 200, response.text
    return response.get_json()


def looked_up(client, text):
    return [
        client.post("/", data={"text": text}, headers={"Accept-Language": language}, follow_redirects=True)
        for language in ("zh-CN", "en")
    ]


def test_a_revoked_licence_is_genuine_and_ended(gallery):
    client = gallery.app().test_client()
    answer = client.post("/api/v1/verifications", **form(gallery.electronic("revoked"))).get_json()
    assert (answer["answer"]["genuine"], answer["answer"]["in_force"]) == ("yes", "no")
    assert answer["registry"]["licence_status"] == "revoked"
    for path in (gallery.path("revoked"), gallery.code_path("revoked")):
        chinese, english = pages(client, path)
        assert "撤销" in chinese.text or "吊销" in chinese.text
        assert "revoked" in english.text.lower()
        assert "不真实" not in chinese.text
        assert "Not genuine" not in english.text


def test_a_stale_authority_gave_no_answer(fresh):
    said = fresh.clock()
    fresh.authority_reports.declare(TOBACCO, said)
    client = create_app(Container(fresh.settings, lambda: said + timedelta(days=30))).test_client()
    answer = resolved(client, RICH)
    assert answer["complete"] is False
    assert {each["code"]: each["state"] for each in answer["authorities"]}[TOBACCO] == "stale"
    assert "AUTHORITIES_SILENT" in {each["code"] for each in answer["reasons"]}
    chinese, english = pages(client, f"/e/{RICH}")
    assert "没有答复" in chinese.text
    assert "清单完整" not in chinese.text
    assert "No answer" in english.text
    assert "the list is complete" not in english.text


def test_a_dead_database_answers_no_question(broken):
    home, client = broken
    break_database(home)
    problem_of(client.post("/api/v1/resolutions", json={"text": RICH}), 503, "REGISTRY_UNAVAILABLE")
    for page in looked_up(client, RICH):
        assert page.status_code == 503
        assert says_could_not_check(page)


@pytest.mark.parametrize("fault", ["dead", "slow"])
def test_a_dead_or_slow_adapter_says_nothing_about_the_code(fresh, tmp_path, fault):
    with simulated(tmp_path / "samr") as (simulator, file):
        code, client = simulator.entity_code(RICH), create_app(asking(fresh, file)).test_client()
        if fault == "slow":
            simulator.fault_seconds = 3.0
            simulator.faults += [Fault.SLOW] * 3
            judge_adapter(client, code)
    if fault == "dead":
        judge_adapter(client, code)
    # All else goes on.
    assert resolved(client, RICH)["unified_social_credit_code"] == RICH


def judge_adapter(client, code):
    answer = resolved(client, code)
    assert (answer["outcome"], answer["unified_social_credit_code"]) == ("could_not_ask", None)
    assert [each["code"] for each in answer["reasons"]] == ["CODE_SYSTEM_DOWN"]
    for page in looked_up(client, code):
        assert page.status_code == 503
        assert says_could_not_check(page)


def test_a_dead_time_stamp_service_stops_signing_and_nothing_else(broken, as_client, applications):
    home, _ = broken
    app = create_app(container_at(home, timestamp_urls=(DEAD,)))
    department = as_client(app, frozenset(Scope) - {Scope.ADMINISTER})
    issued = department.post("/api/v1/licences", json={"record": applications[5]})
    problem_of(issued, 503, "TIMESTAMPS_UNAVAILABLE")
    public = app.test_client()
    problem_of(public.get(f"/api/v1/enterprises/{RICH}/list.pdf"), 503, "TIMESTAMPS_UNAVAILABLE")
    lines = resolved(public, RICH)["licences"]
    assert ("yes", "yes") in {(line["genuine"], line["in_force"]) for line in lines}
    assert public.get(f"/api/v1/enterprises/{RICH}/list.cbor").status_code == 200
