"""A photo of a paper licence beside the register: by API and command line."""

import io
import json
from datetime import timedelta

import pytest
import segno
from sqlalchemy import text

from gateway.app import create_app
from gateway.cli import app as commands
from gateway.domain.status import china_day
from tests.api.conftest import conforms, form, problem_of
from tests.api.test_status_lists import licence

__all__ = ["licence"]


def picture_of(content):
    stream = io.BytesIO()
    segno.make_qr(content, error="m").save(stream, kind="png", scale=4, border=4)
    return stream.getvalue()


def change_register(container, licence, **values):
    with container.deps.sessions.begin() as session:
        for column, value in values.items():
            session.execute(
                text(f"UPDATE licence_versions SET {column} = :value WHERE licence_identifier = :identifier"),
                {"value": value, "identifier": licence.licence_identifier},
            )


@pytest.fixture
def check(fresh, licence):
    client = create_app(fresh).test_client()

    def run(**request):
        return conforms(client.post("/api/v1/paper-checks", **request).json, "PaperCheck")

    return run


def test_what_the_paper_should_say(check, licence):
    found = check(json={"text": licence.qr_text})
    assert (found["genuine"], found["in_force"], found["licence_identifier"]) == (
        "yes",
        "yes",
        licence.licence_identifier,
    )
    assert all(each["agrees"] for each in found["fields"])
    said = {each["field"]: (each["code_says"], each["register_says"]) for each in found["fields"]}
    assert said["licence_number"] == (None, licence.licence_number)
    assert said["holder_name"] == (licence.holder_name, licence.holder_name)
    assert found["face"]
    assert found["differences"] == []
    assert [each["code"] for each in found["reasons"]][-1] == "COMPARE_PAPER"


def test_a_register_that_says_otherwise_is_named_field_by_field(fresh, check, licence):
    later = china_day(fresh.clock() + timedelta(days=3000))
    change_register(fresh, licence, valid_until=later, holder_name="另一家公司")
    found = check(json={"text": licence.qr_text})
    assert {each["code"] for each in found["differences"]} == {"VALID_UNTIL_DIFFERS", "HOLDER_NAME_DIFFERS"}
    assert {each["source"] for each in found["differences"]} == {"qr_code"}
    wrong = {each["field"]: each["register_says"] for each in found["fields"] if not each["agrees"]}
    assert wrong == {"valid_until": later.isoformat(), "holder_name": "另一家公司"}
    assert "FACE_DIFFERS" in {each["code"] for each in found["reasons"]}


def test_the_pdf_is_compared_too(fresh, licence):
    later = china_day(fresh.clock() + timedelta(days=3000))
    change_register(fresh, licence, valid_until=later)
    client = create_app(fresh).test_client()
    report = client.post("/api/v1/verifications", **form(licence.electronic_file.read_bytes())).json
    conforms(report, "VerificationReport")
    (found,) = report["registry"]["differences"]
    assert (found["code"], found["source"], found["registered"]) == (
        "VALID_UNTIL_DIFFERS",
        "document",
        later.isoformat(),
    )
    assert (report["answer"]["genuine"], report["answer"]["in_force"]) == ("unknown", "yes")


def test_a_forged_code_and_other_codes_have_nothing_to_compare(check, licence):
    payload = licence.qr_text.rpartition("/")[2]
    forged = check(json={"text": licence.qr_text.replace(payload, payload[:-6] + "A" * 6)})
    assert forged["licence_identifier"] is None
    assert forged["genuine"] in ("no", "unknown")
    plain = check(json={"text": licence.holder_code})
    assert (plain["licence_identifier"], plain["fields"]) == (None, [])
    assert "PAPER_NOT_COMPARED" in {each["code"] for each in plain["reasons"]}


def test_a_photo_is_read(check, licence):
    found = check(**form(picture_of(licence.qr_text), "photo.png"))
    assert found["licence_identifier"] == licence.licence_identifier


def test_a_picture_without_a_code_is_refused(client):
    from PIL import Image

    stream = io.BytesIO()
    Image.new("RGB", (200, 200), "white").save(stream, "PNG")
    problem_of(client.post("/api/v1/paper-checks", **form(stream.getvalue(), "a.png")), 422, "UNREADABLE_INPUT")


def test_the_command_line_says_the_same(fresh, licence, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("GATEWAY_KEY_ITERATIONS", "1000")
    if fresh.settings.database_url:
        monkeypatch.setenv("GATEWAY_DATABASE_URL", fresh.settings.database_url)
    photo = tmp_path / "photo.png"
    photo.write_bytes(picture_of(licence.qr_text))
    words = ["check-paper", str(photo), "--data-dir", str(fresh.settings.data_dir)]
    assert commands([*words, "--json"], standalone_mode=False) == 0
    assert json.loads(capsys.readouterr().out)["licence_identifier"] == licence.licence_identifier
    change_register(fresh, licence, holder_name="另一家公司")
    assert commands(words, standalone_mode=False) == 1
    assert "≠ 持证主体 Holder: 另一家公司" in capsys.readouterr().out
