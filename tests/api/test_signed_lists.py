"""The signed list: made by the API, verified by the API, off line and by the command line, altered and not."""

import json

import cbor2
import click
import pypdfium2
import pytest

from certs.trust_store import TrustStore
from gateway.app import create_app
from gateway.cli import app as commands
from gateway.domain.signed_list import SignedList
from gateway.services.dependencies import LIST_KEY
from gateway.services.list_checks import check_signed_list
from signing.cose import parse_sign1
from signing.errors import TimestampUnavailableError
from tests.api.conftest import conforms, form, problem_of
from tests.databases import break_database

HOLDER = "91441702MA9Y03WY4L"
PATH = f"/api/v1/enterprises/{HOLDER}/list"


@pytest.fixture(scope="module")
def made(app):
    response = app.test_client().get(f"{PATH}.cbor")
    assert (response.status_code, response.content_type) == (200, 'application/cose; cose-type="cose-sign1"')
    return response.data


def altered(token):
    """The same signature under a list in which a licence has another number."""
    tag = cbor2.loads(token)
    numbers = [each["number"] for each in cbor2.loads(tag.value[2])[-65602]["licences"]]
    number = cbor2.dumps(next(each for each in numbers if each.isascii()))
    other = number[:-1] + (b"1" if number[-1:] != b"1" else b"2")
    changed = token.replace(b"\x66number" + number, b"\x66number" + other, 1)
    assert changed != token
    return changed


def test_it_says_what_the_list_says(made, client):
    stated = SignedList.decode(parse_sign1(made).payload)
    listed = client.get(f"/api/v1/enterprises/{HOLDER}/licences").json
    assert [each.licence_identifier for each in stated.licences] == [
        e["licence_identifier"] for e in listed["licences"]
    ]
    assert [each.status for each in stated.licences] == [e["status"] for e in listed["licences"]]
    assert {each.code: each.state for each in stated.authorities} == {
        e["code"]: e["state"] for e in listed["authorities"]
    }
    assert stated.is_complete is listed["complete"]
    assert stated.holder_code == HOLDER
    assert len(stated.licences) > 0


def test_the_digest_is_that_of_the_licence_file(made, gallery):
    stated = SignedList.decode(parse_sign1(made).payload)
    files = gallery.container.deps.files
    proven = [each for each in stated.licences if each.genuine == "yes"]
    assert proven
    for each in proven:
        assert files.read(each.sm3.hex(), ".pdf").startswith(b"%PDF-")


@pytest.mark.parametrize(("path", "part"), [("/", "picture"), ("/verify", "file")])
def test_the_pages_take_a_list_too(made, client, path, part):
    page = client.post(path, **form(made, "list.cbor", part))
    assert (page.status_code, "verdict good" in page.text) == (200, True)
    stated = SignedList.decode(parse_sign1(made).payload)
    silent = [each.name for each in stated.authorities if each.state != "answered"]
    for told in (stated.enterprise_name, *(each.licence_number for each in stated.licences), *silent):
        assert told in page.text
    assert "可能不全" in page.text
    altered_page = client.post(path, **form(altered(made), "list.cbor", part))
    assert "verdict bad" in altered_page.text
    assert stated.licences[0].licence_number not in altered_page.text


@pytest.mark.parametrize(
    ("change", "genuine", "reasons"),
    [
        (lambda token: token, "yes", ["GENUINE", "LIST_CURRENT"]),
        (altered, "no", ["SIGNATURE_INVALID"]),
        (lambda token: token[:-5], "unknown", ["LIST_UNREADABLE"]),
    ],
)
def test_api_and_library_and_command_line_agree(made, client, gallery, tmp_path, capsys, change, genuine, reasons):
    token = change(made)
    report = conforms(client.post("/api/v1/verifications", **form(token, "list.cbor")).json, "VerificationReport")
    assert [each["code"] for each in report["answer"]["reasons"]] == reasons
    assert report["answer"]["genuine"] == genuine
    assert report["document"]["kind"] == "signed_list"
    assert (report["signed_list"] is not None) is (genuine == "yes")
    trust = gallery.container.settings.data_dir / "trust"
    store = TrustStore(trust)
    found = check_signed_list(token, store, store.policy(), at=gallery.container.clock())
    assert (found.genuine, [each.code for each in found.reasons]) == (genuine, reasons)
    file = tmp_path / "list.cbor"
    file.write_bytes(token)
    status = commands(["verify", str(file), "--trust-anchors", str(trust), "--json"], standalone_mode=False)
    printed = json.loads(capsys.readouterr().out)
    assert [each["code"] for each in printed["answer"]["reasons"]] == reasons
    assert status == {"yes": 0, "no": 1, "unknown": 2}[genuine]
    commands(["verify", str(file), "--trust-anchors", str(trust), "--offline"], standalone_mode=False)
    said = capsys.readouterr().out
    stated = SignedList.decode(parse_sign1(made).payload)
    for told in (stated.licences[0].licence_number, "可能不全", "没有回答 No answer"):
        assert (told in said) is (genuine == "yes"), said


def test_a_report_on_a_list_has_every_form(made, client):
    number = client.post("/api/v1/verifications", data=made, content_type="application/cose").json["report_number"]
    page = client.get(f"/reports/{number}.html").text
    assert "真实的证照清单" in page
    assert HOLDER in client.get(f"/reports/{number}.json").text
    assert client.get(f"/reports/{number}.pdf").data.startswith(b"%PDF-")
    assert b"ValidationReport" in client.get(f"/reports/{number}.xml").data


@pytest.mark.parametrize(("language", "words"), [("zh", "证照清单"), ("en", "List of licences")])
def test_the_pdf_is_signed_and_carries_the_statement(client, language, words):
    response = client.get(f"{PATH}.pdf", headers={"Accept-Language": language})
    assert (response.status_code, response.mimetype) == (200, "application/pdf")
    document = pypdfium2.PdfDocument(response.data)
    assert words in document[0].get_textpage().get_text_bounded()
    attachment = document.get_attachment(0)
    assert attachment.get_name() == "list.cbor"
    assert SignedList.decode(parse_sign1(bytes(attachment.get_data())).payload).holder_code == HOLDER
    report = client.post("/api/v1/verifications", **form(response.data)).json
    assert (report["answer"]["genuine"], report["answer"]["in_force"]) == ("yes", "not_applicable")
    assert [each["code"] for each in report["answer"]["reasons"]] == ["GENUINE", "IS_SIGNED_LIST"]
    assert report["document"]["kind"] == "signed_list"
    assert "真实的证照清单" in client.get(f"/reports/{report['report_number']}.html").text
    page = client.post("/verify", **form(response.data, "list.pdf"), headers={"Accept-Language": "en"})
    assert "The gateway&#39;s signature" in page.text
    assert "The authority&#39;s signature" not in page.text


def test_what_is_no_code_gets_no_statement(client):
    problem_of(client.get("/api/v1/enterprises/91441702MA9Y03WY4X/list.cbor"), 422, "VALIDATION_FAILED")


def test_an_unknown_enterprise_gets_a_statement_that_says_so(client):
    response = client.get("/api/v1/enterprises/91350100M000100Y43/list.cbor")
    stated = SignedList.decode(parse_sign1(response.data).payload)
    assert (stated.enterprise_name, stated.licences) == (None, ())
    assert stated.authorities


def test_what_keeps_a_list_from_being_signed_is_named(issued, monkeypatch):
    client = create_app(issued).test_client()

    def dead(*words, **options):
        raise TimestampUnavailableError("nobody answered")

    monkeypatch.setattr("gateway.services.signed_lists.sign_prepared", dead)
    problem_of(client.get(f"{PATH}.pdf"), 503, "TIMESTAMPS_UNAVAILABLE")
    assert client.get(f"{PATH}.cbor").status_code == 200
    issued.deps.keystore.retire(LIST_KEY)
    problem_of(client.get(f"{PATH}.cbor"), 503, "KEY_UNAVAILABLE")


def test_a_dead_database_gives_no_list(issued):
    client = create_app(issued).test_client()
    assert client.get(f"{PATH}.cbor").status_code == 200
    issued.deps.engine.dispose()
    break_database(issued.settings.data_dir)
    problem_of(client.get(f"{PATH}.cbor"), 503, "REGISTRY_UNAVAILABLE")
    problem_of(client.get(f"/api/v1/enterprises/{HOLDER}/licences"), 503, "REGISTRY_UNAVAILABLE")
    problem_of(client.get("/trust/status/11441702G0000629X4/0"), 503, "REGISTRY_UNAVAILABLE")


def test_the_signer_of_lists_can_be_replaced(issued):
    client = create_app(issued).test_client()
    old = client.get(f"{PATH}.cbor").data
    successor = issued.keys.rotate(LIST_KEY).active
    new = client.get(f"{PATH}.cbor").data
    assert parse_sign1(new).key_id != parse_sign1(old).key_id
    for token in (old, new):
        report = client.post("/api/v1/verifications", data=token, content_type="application/cose").json
        assert report["answer"]["genuine"] == "yes"
    names = client.get("/trust/").json
    assert {"list-signer.pem", f"{successor}.pem"} <= set(names["signers"])
    assert not any("list-signer" in name for name in names["certificates"])


def test_the_command_line_writes_the_same_statement(gallery, tmp_path, monkeypatch):
    settings = gallery.container.settings
    monkeypatch.setenv("GATEWAY_KEY_ITERATIONS", "1000")
    if settings.database_url:
        monkeypatch.setenv("GATEWAY_DATABASE_URL", settings.database_url)
    for name in ("a.cbor", "a.pdf"):
        words = ["list", HOLDER, "-o", str(tmp_path / name), "--data-dir", str(settings.data_dir)]
        commands(words, standalone_mode=False)
    assert SignedList.decode(parse_sign1((tmp_path / "a.cbor").read_bytes()).payload).holder_code == HOLDER
    assert (tmp_path / "a.pdf").read_bytes().startswith(b"%PDF-")
    with pytest.raises(click.UsageError, match="neither"):
        commands(["list", HOLDER, "-o", str(tmp_path / "a.txt")], standalone_mode=False)
