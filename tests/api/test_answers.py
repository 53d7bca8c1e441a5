"""What machines are told, on a real gateway."""

import json
import shutil

import pytest

from gateway.app import create_app
from signing.errors import WorkersBusyError
from signing.workers import WorkerPool
from tests.api.conftest import conforms, form, problem_of
from tests.conftest import VECTORS, container_at
from tests.gallery import MISTAKEN, POOR, RICH, UNREGISTERED
from tests.hostile_pdfs import HOSTILE


def resolve(client, text):
    response = client.post("/api/v1/resolutions", json={"text": text})
    assert response.status_code == 200, response.text
    return conforms(response.get_json(), "Resolution")


def verify(client, data):
    response = client.post("/api/v1/verifications", data=data, content_type="application/pdf")
    assert response.status_code == 200, response.text
    return conforms(response.get_json(), "VerificationReport")


def test_a_code_gives_the_list_with_one_answer_for_each_licence(client, gallery):
    answer = resolve(client, RICH)
    found = {
        line["licence_identifier"]: (line["genuine"], line["in_force"], line["status"]) for line in answer["licences"]
    }
    assert answer["count"] == len(found) == len(gallery.licences)
    assert {name: found[issued.licence_identifier] for name, issued in gallery.licences.items()} == {
        "in_force": ("yes", "yes", "valid"),
        "expired": ("yes", "no", "expired"),
        "suspended": ("yes", "no", "suspended"),
        "revoked": ("yes", "no", "revoked"),
        "unchecked": ("unknown", "unknown", "valid"),
    }


def test_text_picture_and_path_lead_to_the_same_list(client):
    picture = (VECTORS / "qr" / "plain.png").read_bytes()
    answers = [
        resolve(client, RICH),
        client.get(f"/api/v1/enterprises/{RICH.lower()}/licences").get_json(),
        client.post("/api/v1/resolutions", **form(picture, "plain.png")).get_json(),
        client.post("/api/v1/resolutions", data=picture, content_type="image/png").get_json(),
    ]
    lists = {json.dumps([line["licence_identifier"] for line in answer["licences"]]) for answer in answers}
    assert len(lists) == 1
    assert {answer["unified_social_credit_code"] for answer in answers} == {RICH}


@pytest.mark.parametrize(
    ("text", "code_class", "reason"),
    [
        (UNREGISTERED, "plain_code", "ENTERPRISE_UNKNOWN"),
        (POOR, "plain_code", "NO_LICENCES"),
        (MISTAKEN, "malformed", "CHECK_DIGIT_WRONG"),
        ("http://www.gsxt-gov.cn/?uniscid=" + RICH, "untrusted_url", "URL_LOOKALIKE"),
        ("javascript:alert(1)", "untrusted_url", "SCHEME_NOT_WEB"),
    ],
)
def test_what_leads_to_no_licence_says_why(client, text, code_class, reason):
    answer = resolve(client, text)
    assert (answer["class"], answer["licences"]) == (code_class, [])
    assert reason in [entry["code"] for entry in answer["reasons"]]


def test_the_code_of_a_licence_gives_that_licence(client, gallery):
    answer = resolve(client, gallery.licences["suspended"].qr_text)
    assert conforms(answer["licence"], "Licence")["status"] == "suspended"
    assert answer["licence"]["differences"] == []


def test_one_licence_by_its_identifier_is_masked(client, gallery):
    identifier = gallery.licences["in_force"].licence_identifier
    response = client.get(f"/api/v1/licences/{identifier}")
    document = conforms(response.get_json(), "Licence")
    assert document["licence_identifier"] == identifier
    assert document["face"]
    assert response.headers["Cache-Control"] == "no-store"


def test_a_file_that_is_not_genuine_is_an_answer(client, gallery):
    original = gallery.electronic("in_force")
    middle = original.index(b"stream") + 40
    tampered = original[:middle] + bytes([original[middle] ^ 1]) + original[middle + 1 :]
    unsigned = gallery.licences["in_force"].paper_file.read_bytes()
    answers = {
        name: verify(client, data)["answer"]
        for name, data in (
            ("original", original),
            ("tampered", tampered),
            ("suspended", gallery.electronic("suspended")),
            ("unsigned", unsigned),
        )
    }
    assert {name: (answer["genuine"], answer["in_force"]) for name, answer in answers.items()} == {
        "original": ("yes", "yes"),
        "tampered": ("no", "not_applicable"),
        "suspended": ("yes", "no"),
        "unsigned": ("unknown", "not_applicable"),
    }
    sentences = {json.dumps(answer["reasons"]) for answer in answers.values()}
    assert len(sentences) == len(answers)


def test_a_file_name_is_told_back_as_it_was_sent(client, gallery):
    response = client.post("/api/v1/verifications", **form(gallery.electronic("in_force"), "许可证 1.pdf"))
    assert response.get_json()["document"]["file_name"] == "许可证 1.pdf"


def test_problems_name_the_field_and_the_way_out(client):
    wrong = client.get(f"/api/v1/enterprises/{MISTAKEN}/licences")
    assert problem_of(wrong, 422, "VALIDATION_FAILED")["errors"][0]["pointer"] == "/code"
    extra = client.post("/api/v1/resolutions", json={"text": "x", "more": 1})
    assert problem_of(extra, 422, "VALIDATION_FAILED")["errors"][0]["pointer"] == "/more"
    problem_of(client.get("/api/v1/licences/1.2.3"), 404, "NOT_FOUND")
    problem_of(client.get("/api/v1/nothing"), 404, "NOT_FOUND")
    problem_of(client.get("/trust/keys/root.pem"), 404, "NOT_FOUND")
    problem_of(client.post("/api/v1/verifications", **form(b"no pdf")), 422, "UNREADABLE_INPUT")
    problem_of(client.post("/api/v1/verifications", **form(b"")), 422, "UNREADABLE_INPUT")
    problem_of(client.post("/api/v1/resolutions", **form(b"no picture")), 422, "UNREADABLE_INPUT")
    problem_of(client.post("/api/v1/resolutions", data=b"x", content_type="text/plain"), 415, "UNSUPPORTED_MEDIA_TYPE")
    problem_of(client.post("/api/v1/verifications", json={}), 415, "UNSUPPORTED_MEDIA_TYPE")
    forbidden = client.delete("/api/v1/resolutions")
    problem_of(forbidden, 405, "METHOD_NOT_ALLOWED")
    assert "POST" in forbidden.headers["Allow"]


def test_an_upload_over_the_limit_is_refused(gallery, settings_like):
    client = create_app(settings_like(gallery, max_upload_bytes=1000)).test_client()
    big = b"%PDF-" + bytes(2000)
    problem_of(client.post("/api/v1/verifications", **form(big)), 413, "CONTENT_TOO_LARGE")
    problem_of(client.post("/api/v1/verifications", data=big, content_type="application/pdf"), 413, "CONTENT_TOO_LARGE")
    problem_of(client.post("/api/v1/resolutions", json={"text": "x" * 2000}), 413, "CONTENT_TOO_LARGE")
    page = client.post("/verify", **form(big), headers={"Accept-Language": "en"})
    assert (page.status_code, "File too large" in page.text) == (413, True)


def test_a_file_that_takes_too_much_is_refused_and_the_next_is_answered(client, gallery):
    bomb = HOSTILE["cross_reference_bomb"]()
    problem = problem_of(client.post("/api/v1/verifications", **form(bomb)), 422, "RESOURCE_LIMIT")
    assert "limit" not in problem["title"]
    page = client.post("/verify", **form(bomb))
    assert page.status_code == 422
    answer = client.post("/api/v1/verifications", **form(gallery.electronic("in_force"))).get_json()
    assert answer["answer"]["genuine"] == "yes"


def test_too_many_files_at_once_are_told_to_come_again(client, monkeypatch):
    def busy(*_, **__):
        raise WorkersBusyError("too many")

    monkeypatch.setattr(WorkerPool, "run", busy)
    problem_of(client.post("/api/v1/verifications", **form(b"%PDF-1.7")), 503, "WORKERS_BUSY")


def test_trust_material_is_complete_and_cacheable(client):
    listing = client.get("/trust/").get_json()
    assert {"root.pem"} <= set(listing["anchors"])
    for folder, names in listing.items():
        for name in names:
            response = client.get(f"/trust/{folder}/{name}")
            # Lists are DER, as the addresses in certificates promise (RFC 5280, 4.2.1.13).
            assert response.data.startswith(b"0" if folder == "crls" else b"-----BEGIN ")
            assert response.headers["Cache-Control"] == "public, max-age=300"


def test_health_names_what_is_missing(client, gallery, tmp_path):
    assert client.get("/healthz").get_json() == {"status": "ok"}
    answer = client.get("/readyz")
    found = answer.get_json()
    # Of a gateway that no `serve` runs, everything is there but who works beside the requests.
    wrong = [name for name, state in found["checks"].items() if state != "ok"]
    assert (answer.status_code, found["status"], found["missing"], wrong) == (200, "degraded", [], ["background"])
    assert found["checks"].keys() >= {
        "database",
        "schema",
        "trust",
        "keys",
        "files",
        "timestamps",
        "log",
        "conversions",
    }
    assert b"gateway_requests_total" in client.get("/metrics").data
    home = tmp_path / "data"
    shutil.copytree(gallery.container.settings.data_dir, home)
    shutil.rmtree(home / "trust")
    response = create_app(container_at(home)).test_client().get("/readyz")
    assert response.status_code == 503
    assert "trust" in response.get_json()["missing"]
