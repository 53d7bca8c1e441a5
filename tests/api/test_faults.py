"""A failure to check is said to be one: by the API, and by the pages in both languages."""

import re
import shutil

import pytest

from gateway.app import create_app
from tests.api.conftest import form, problem_of
from tests.conftest import container_at
from tests.databases import break_database, forget_home
from tests.gallery import RICH

HISTORY = re.compile(r'<section aria-labelledby="history">.*?</section>', re.DOTALL)
VERDICTS = (
    "verdict good",
    "verdict bad",
    "真实且有效",
    "不真实",
    "In force",
    "Not genuine",
    "没有查到",
    "Not found",
    "现在有效",
    "in force now",
)


@pytest.fixture
def broken(gallery, tmp_path):
    """A client of a gateway with the gallery's data, of which a test may break a part."""
    home = tmp_path / "data"
    gallery.copy(home)
    container = container_at(home)
    yield home, create_app(container).test_client()
    container.deps.engine.dispose()
    forget_home(home)


def pages(client, path, **options):
    return [client.get(path, headers={"Accept-Language": language}, **options) for language in ("zh-CN", "en")]


def says_could_not_check(page):
    """The history of a licence is what the register holds, whether or not its file can be read: no verdict."""
    text = HISTORY.sub("", page.text)
    return ("无法核验" in text or "Could not check" in text) and not any(word in text for word in VERDICTS)


def test_a_dead_database(broken, gallery):
    home, client = broken
    break_database(home)
    answers = (
        client.post("/api/v1/resolutions", json={"text": RICH}),
        client.get(f"/api/v1/enterprises/{RICH}/licences"),
        client.get("/api/v1/licences/1.2.3"),
    )
    for answer in answers:
        problem_of(answer, 503, "REGISTRY_UNAVAILABLE")
        assert not {"valid", "invalid"} & set(answer.text.split())
    for path in (f"/e/{RICH}", gallery.path("in_force"), gallery.code_path("in_force")):
        for page in pages(client, path):
            assert page.status_code == 503
            assert says_could_not_check(page)
            assert page.headers["X-Request-Id"] in page.text
    assert client.get("/readyz").status_code == 503
    report = client.post("/api/v1/verifications", **form(gallery.electronic("in_force"))).get_json()
    assert (report["answer"]["genuine"], report["answer"]["in_force"]) == ("yes", "unknown")
    assert report["registry"]["status"] == "not_checked"
    page = client.post("/verify", **form(gallery.electronic("in_force")))
    assert "真实，但状态无法核验" in page.text


def test_a_missing_file(gallery):
    client = gallery.app().test_client()
    for page in pages(client, gallery.path("unchecked")):
        assert page.status_code == 200
        assert says_could_not_check(page)


def test_revocation_lists_that_are_missing(broken, gallery):
    home, client = broken
    shutil.rmtree(home / "trust" / "crls")
    answer = client.post("/api/v1/verifications", **form(gallery.electronic("in_force"))).get_json()["answer"]
    assert (answer["genuine"], answer["reasons"][0]["code"]) == ("unknown", "REVOCATION_NOT_CHECKED")
    lines = client.get(f"/api/v1/enterprises/{RICH}/licences").get_json()["licences"]
    assert {(line["genuine"], line["in_force"]) for line in lines} == {("unknown", "unknown")}
    for page in pages(client, f"/e/{RICH}"):
        assert 'class="licence unknown"' in page.text
        assert 'class="licence good"' not in page.text


def test_an_unknown_fault_tells_the_request_id_and_nothing_else(gallery):
    app = gallery.app()
    app.view_functions["pages.about"] = lambda: 1 / 0
    app.view_functions["licences.show"] = lambda licence_identifier: {}[licence_identifier]
    client = app.test_client()
    page = client.get("/about", headers={"X-Request-Id": "from-the-caller-1"})
    assert page.status_code == 500
    assert says_could_not_check(page)
    assert "from-the-caller-1" in page.text
    assert "division" not in page.text
    answer = client.get("/api/v1/licences/secret-identifier")
    problem_of(answer, 500, "INTERNAL_ERROR")
    assert "KeyError" not in answer.text
