"""Every public look-up with a dead register, and every way to a file with a dead time-stamp service: page and API."""

import pytest

from gateway.app import create_app
from tests.api.conftest import form, problem_of
from tests.api.test_faults import VERDICTS, broken, pages, says_could_not_check
from tests.conftest import container_at
from tests.databases import break_database
from tests.gallery import RICH

__all__ = ["broken"]
DEAD = "http://127.0.0.1:9/"


def test_with_a_dead_register_no_look_up_of_the_api_says_anything_of_a_licence(broken, gallery):
    home, client = broken
    licence = gallery.licences["in_force"]
    break_database(home)
    gets = (
        f"/api/v1/enterprises/{RICH}/licences",
        f"/api/v1/enterprises/{RICH}/list.cbor",
        f"/api/v1/enterprises/{RICH}/list.pdf",
        f"/api/v1/licences/{licence.licence_identifier}",
        f"/api/v1/digests/{licence.electronic_sm3}",
        f"/api/v1/log/proofs/{licence.licence_identifier}",
        "/api/v1/authority-reports",
        "/trust/status/",
    )
    for path in gets:
        problem_of(client.get(path), 503, "REGISTRY_UNAVAILABLE")
    for path in ("/api/v1/resolutions", "/api/v1/paper-checks"):
        for text in (RICH, licence.qr_text):
            problem_of(client.post(path, json={"text": text}), 503, "REGISTRY_UNAVAILABLE")


def test_with_a_dead_register_every_page_says_that_it_does_not_answer(broken, gallery):
    home, client = broken
    break_database(home)
    paths = (f"/e/{RICH}", gallery.path("in_force"), gallery.code_path("in_force"), "/reports/20260101-X.html")
    for path in paths:
        chinese, english = pages(client, path)
        assert chinese.status_code == english.status_code == 503
        assert "登记簿没有应答" in chinese.text
        assert "The register does not answer" in english.text
        assert says_could_not_check(chinese)
        assert says_could_not_check(english)
    for path, text in (("/", "粤卫公证字〔2024〕第1号"), ("/paper", gallery.licences["in_force"].qr_text)):
        page = client.post(path, data={"text": text})
        assert page.status_code == 503
        assert says_could_not_check(page)
    # What needs no register goes on.
    assert client.get("/").status_code == client.get("/about").status_code == client.get("/check").status_code == 200


def test_with_a_dead_time_stamp_service_only_what_needs_a_time_stamp_stops(broken, gallery):
    home, _ = broken
    client = create_app(container_at(home, timestamp_urls=(DEAD,))).test_client()
    upload = form(gallery.electronic("in_force"))
    report = client.post("/api/v1/verifications", **upload).get_json()
    assert (report["answer"]["genuine"], report["answer"]["in_force"]) == ("yes", "yes")
    number = report["report_number"]
    problem_of(
        client.post(
            "/api/v1/verifications", headers={"Accept": "application/pdf"}, **form(gallery.electronic("in_force"))
        ),
        503,
        "TIMESTAMPS_UNAVAILABLE",
    )
    chinese, english = pages(client, f"/reports/{number}.pdf")
    assert chinese.status_code == english.status_code == 503
    assert "时间戳服务没有应答" in chinese.text
    assert "No time-stamp service answers" in english.text
    assert not any(word in page.text for page in (chinese, english) for word in VERDICTS)
    for ending in ("html", "json", "xml"):
        assert client.get(f"/reports/{number}.{ending}").status_code == 200
    assert "In force" in client.get(f"/e/{RICH}", headers={"Accept-Language": "en"}).text


@pytest.mark.parametrize("state", ["revoked", "suspended", "expired"])
def test_a_licence_that_ended_is_never_called_forged_nor_in_force(gallery, state):
    client = gallery.app().test_client()
    answer = client.get(f"/api/v1/licences/{gallery.licences[state].licence_identifier}").get_json()
    assert (answer["status"], answer["genuine"], answer["in_force"]) == (state, "yes", "no")
    told = client.post("/api/v1/resolutions", json={"text": gallery.licences[state].qr_text}).get_json()["licence"]
    assert (told["status"], told["genuine"], told["in_force"]) == (state, "yes", "no")
    for path in (gallery.path(state), gallery.code_path(state)):
        page = client.get(path, headers={"Accept-Language": "en"}).text
        heading = page.partition('<h1 id="verdict">')[2].partition("</h1>")[0]
        assert heading.lower().startswith(state)
