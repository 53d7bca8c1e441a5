"""The list by authority, its filter and calendar, paper, reports of wrong entries, limits: without a browser."""

import gzip
import re
from datetime import timedelta

import pytest
from icalendar import Calendar
from sqlalchemy import select

from gateway.app import create_app
from gateway.container import Container
from gateway.domain.actors import Scope
from gateway.domain.orders import VersionKind
from gateway.domain.status import china_day
from gateway.domain.wrong_entries import WrongEntryOutcome
from gateway.errors import ConfigurationError
from gateway.persistence.models import LicenceTypeRow
from gateway.services.versions import VersionRequest
from tests.api.conftest import form
from tests.conftest import VECTORS, container_at
from tests.databases import break_database, copy_home
from tests.gallery import RICH, UNREGISTERED, application
from tests.samr import asking, simulated
from tests.unit.services.actors import client as department
from verify_web.calendars import expiry_calendar

ENGLISH = {"Accept-Language": "en"}


def main_of(page):
    return re.sub(r"\s+", " ", page.text.partition("<main")[2].partition("</main>")[0])


def test_the_list_is_by_authority_and_says_who_gave_no_answer(client, gallery):
    resolution = gallery.container.codes.resolve(RICH)
    page = main_of(client.get(f"/e/{RICH}", headers=ENGLISH))
    for each in resolution.authorities:
        freshness = each.freshness
        assert freshness.authority_name in page
        assert freshness.has_answered or "No answer" in page
    silent = [each for each in resolution.authorities if not each.freshness.has_answered]
    assert silent
    assert "The list may be incomplete." in page
    assert page.count("<strong>No answer</strong>") == len(silent)


def test_a_stale_authority_is_no_answer_and_no_verdict(gallery):
    later = gallery.container.clock() + timedelta(hours=60)
    container = Container(gallery.container.settings, lambda: later)
    page = main_of(create_app(container).test_client().get(f"/e/{RICH}", headers=ENGLISH))
    assert "<strong>No answer</strong> · last report" in page
    assert "In force" in page


def test_the_nearest_expiry_comes_first(client, gallery):
    page = main_of(client.get(f"/e/{RICH}", headers=ENGLISH))
    for section in page.split('<section class="authority">')[1:]:
        days = re.findall(r'<span class="day">until (\d{4}-\d\d-\d\d)', section)
        assert days == sorted(days)


@pytest.mark.parametrize(("state", "verdict"), [("suspended", "Suspended"), ("unchecked", "Could not check")])
def test_a_filter_shows_what_it_says(client, state, verdict):
    page = client.get(f"/e/{RICH}?state={state}", headers=ENGLISH).text
    assert re.findall(r'<p class="state"><strong>(.*?)</strong>', page) == [verdict]
    assert f'<option value="{state}" selected>' in page
    assert f"?state={state}&amp;lang=zh" in page


def test_a_filter_by_type_and_one_that_nothing_matches(client):
    page = client.get(f"/e/{RICH}?type=公共场所卫生许可证&state=revoked", headers=ENGLISH).text
    assert re.findall(r'<p class="state"><strong>(.*?)</strong>', page) == ["Revoked"]
    nothing = client.get(f"/e/{RICH}?type=没有", headers=ENGLISH).text
    assert "No licence matches the filter" in nothing
    assert "No licence is registered" not in nothing
    everything = client.get(f"/e/{RICH}?state=<b>", headers=ENGLISH).text
    assert "<b>" not in everything
    assert "Showing" not in everything


def unfolded(data):
    assert all(len(line) <= 75 for line in data.split(b"\r\n"))
    assert b"\n" not in data.replace(b"\r\n", b"")
    return data.replace(b"\r\n ", b"").decode()


def test_the_calendar_has_the_licences_whose_end_is_to_come(client, gallery):
    response = client.get(f"/e/{RICH}/expiries.ics")
    assert response.content_type == "text/calendar; charset=utf-8"
    text = unfolded(response.data)
    licences = gallery.licences
    assert re.findall(r"UID:(.*?)@", text) == [licences[name].licence_identifier for name in ("in_force", "suspended")]
    listed = gallery.container.codes.resolve(RICH).licences
    first = next(each for each in listed if each.licence_identifier == licences["in_force"].licence_identifier)
    assert f"DTSTART;VALUE=DATE:{first.valid_until:%Y%m%d}" in text
    assert text.count("BEGIN:VEVENT") == text.count("END:VALARM") == 2
    assert client.get(f"/e/{UNREGISTERED}/expiries.ics").status_code == 404


def test_another_reader_of_calendars_reads_ours(client, gallery):
    listed = {each.licence_identifier: each for each in gallery.container.codes.resolve(RICH).licences}
    calendar = Calendar.from_ical(client.get(f"/e/{RICH}/expiries.ics").data)
    assert (calendar["version"], calendar.errors) == ("2.0", [])
    assert len(calendar.events) == 2
    for event in calendar.events:
        licence = listed[event["uid"].partition("@")[0]]
        assert event.errors == []
        assert event.decoded("dtstart") == licence.valid_until
        assert event.decoded("dtend") - event.decoded("dtstart") == timedelta(days=1)
        assert licence.licence_number in event["summary"]
        assert event["url"].endswith(f"/l/{licence.licence_identifier}")
        assert [alarm.decoded("trigger") for alarm in event.walk("VALARM")] == [timedelta(days=-30)]


def test_text_in_a_calendar_is_escaped(gallery):
    listed = gallery.container.codes.resolve(RICH).licences
    data = expiry_calendar("甲;乙,丙\\丁\n戊", listed, base_url="https://a.example", now=gallery.container.clock())
    assert "NAME:甲\\;乙\\,丙\\\\丁\\n戊" in unfolded(data)


def test_a_licence_page_shows_its_history_and_the_digest(client, gallery):
    issued = gallery.licences["suspended"]
    page = main_of(client.get(gallery.path("suspended"), headers=ENGLISH))
    timeline = page.partition('<ol class="timeline">')[2].partition("</ol>")[0]
    assert re.findall(r"<strong>(.*?)</strong>", timeline)[:3] == ["Issued", "In force", "Suspended"]
    assert "整改期间" not in page
    ahead = main_of(client.get(gallery.path("in_force"), headers=ENGLISH))
    assert re.findall(r"<strong>([^<]*)</strong><br>(from|since)", ahead) == [
        ("In force", "since"),
        ("Later: Expired", "from"),
    ]
    listed = gallery.container.licences.public_answer(issued.licence_identifier).listed
    assert listed.electronic_sm3 in page


def test_pages_are_compressed_for_who_takes_it(client):
    plain = client.get(f"/e/{RICH}")
    packed = client.get(f"/e/{RICH}", headers={"Accept-Encoding": "gzip"})
    assert plain.content_encoding is None
    assert packed.content_encoding == "gzip"
    assert b"</html>" in gzip.decompress(packed.data)
    assert len(packed.data) < 14_000
    for response in (plain, packed):
        assert "Accept-Encoding" in response.headers["Vary"]
    assert client.get("/", headers={"Accept-Encoding": "gzip;q=0"}).content_encoding is None


def test_large_type_is_remembered(client):
    chosen = client.get("/about?size=large")
    assert 'class="large"' in chosen.text
    assert chosen.headers["Set-Cookie"].startswith("size=large;")
    assert 'class="large"' in client.get("/").text
    assert 'class="large"' not in client.get("/?size=normal").text


def test_every_page_shows_the_phrase_of_the_day(client, gallery):
    phrase = gallery.container.challenge_phrases.of_day()
    for path in ("/", "/about", f"/e/{RICH}", "/nowhere", "/paper"):
        assert phrase.zh in client.get(path).text
        assert phrase.en in client.get(path, headers=ENGLISH).text


def test_a_paper_stands_beside_the_register(client, gallery):
    issued = gallery.licences["suspended"]
    page = client.post("/paper", data={"text": issued.qr_text}, headers=ENGLISH).text
    assert '<h1 id="verdict">Suspended' in page
    assert page.count(issued.licence_identifier) >= 2
    assert "≠ differs" not in page
    other = client.post("/paper", **form((VECTORS / "qr" / "plain.png").read_bytes(), "plain.png", "picture"))
    assert '<h1 id="verdict">不是证照的二维码' in other.text
    assert client.post("/paper", data={"text": " "}).status_code == 422
    forged = issued.qr_text[:-9] + ("A" if issued.qr_text[-9] != "A" else "B") + issued.qr_text[-8:]
    assert '<h1 id="verdict">不真实' in client.post("/paper", data={"text": forged}).text


def test_a_wrong_entry_is_kept_and_reaches_the_desk(client, gallery):
    services, staff = gallery.container.wrong_entries, department({Scope.LICENCES_READ})
    sent = client.post("/wrong-entry", data={"about": RICH, "text": "地址写错了\x00<b>"}, headers=ENGLISH)
    assert sent.status_code == 201
    number = int(re.search(r'<strong class="code">(\d+)</strong>', sent.text)[1])
    kept = next(each for each in services.waiting(actor=staff) if each.id == number)
    assert (kept.about, kept.text) == (RICH, "地址写错了<b>")
    services.settle(number, WrongEntryOutcome.CORRECTED, "已按营业执照更正", actor=staff)
    assert number not in [each.id for each in services.waiting(actor=staff)]


@pytest.mark.parametrize(
    ("about", "text", "field"), [("", "x", "about"), (RICH, " ", "text"), (RICH, "x" * 2001, "text")]
)
def test_a_wrong_entry_that_says_nothing_is_sent_back(client, about, text, field):
    page = client.post("/wrong-entry", data={"about": about, "text": text})
    assert page.status_code == 422
    assert f'id="{field}-error"' in page.text


@pytest.mark.parametrize("path", [f"/e/{RICH}", f"/e/{RICH}/expiries.ics", "/l/1.2.3"])
def test_a_dead_register_is_neither_yes_nor_no(set_up_home, tmp_path, path):
    copy_home(set_up_home, tmp_path / "data")
    break_database(tmp_path / "data")
    container = container_at(tmp_path / "data")
    page = create_app(container).test_client().get(path)
    assert page.status_code == 503
    assert '<h1 id="verdict">无法核验' in page.text
    assert "这不说明证照是真是假" in page.text


def test_a_dead_system_of_codes_is_could_not_check(fresh, tmp_path):
    with simulated(tmp_path / "samr") as (simulator, file):
        code = simulator.entity_code(RICH)
    # Its server is gone now.
    page = create_app(asking(fresh, file)).test_client().post("/", data={"text": code})
    assert (page.status_code, re.search(r'<h1 id="verdict">(\w+)', page.text)[1]) == (503, "无法核验")


def test_a_file_that_is_gone_is_could_not_check(client, gallery):
    page = client.get(gallery.path("unchecked")).text
    assert '<h1 id="verdict">无法核验' in page
    assert "不真实" not in page


def test_what_is_not_found_looks_the_same_whatever_was_guessed(client):
    """Well formed or not: an answer tells no one how near a guess was."""
    shape = "1.2.156.3005.2.11441700000000019L009.11441702G00006660X.{}.001.A"
    pages = [
        client.get(f"/l/{guess}") for guess in (shape.format("AAAAAAAAAAAAAAAAAAAA"), shape.format("B"), "nonsense")
    ]
    assert {page.status_code for page in pages} == {404}
    assert len({re.sub(r"\d\d:\d\d(:\d\d)?", "", main_of(page).partition("北京时间")[0]) for page in pages}) == 1


def of_last_year(container):
    """The record of a licence that anyone may see the face of."""
    today = china_day(container.clock())
    return application("公共场所卫生许可证", f"粤卫公证字〔{today.year}〕第441710009号", today)


def test_a_new_version_shows_the_versions_before_it(fresh):
    record = of_last_year(fresh)
    first = fresh.licences.issue(record)
    later = record | {"FZRQ": china_day(fresh.clock()).isoformat()}
    second = fresh.versions.issue(first.licence_identifier, VersionRequest(VersionKind.CORRECTION, later, "更正"))
    client = create_app(fresh).test_client()
    page = main_of(client.get(f"/l/{second.licence_identifier}", headers=ENGLISH))
    timeline = page.partition('<ol class="timeline">')[2].partition("</ol>")[0]
    assert re.findall(r'href="([^"]*)">(.*?)</a>', timeline) == [(f"/l/{first.licence_identifier}", "Version 001")]
    assert "Issued, version 002" in timeline
    before = main_of(client.get(f"/l/{first.licence_identifier}", headers=ENGLISH))
    assert f"/l/{second.licence_identifier}" in before
    assert "Version 001" not in before.partition('<ol class="timeline">')[2].partition("</ol>")[0]


def test_the_original_is_given_to_everyone_only_where_its_type_says_so(fresh):
    issued = fresh.licences.issue(of_last_year(fresh))
    path, client = f"/l/{issued.licence_identifier}/original.pdf", create_app(fresh).test_client()
    assert client.get(path).status_code == 404
    assert "original.pdf" not in client.get(f"/l/{issued.licence_identifier}").text
    with fresh.deps.sessions.begin() as session:
        row = session.scalar(select(LicenceTypeRow).where(LicenceTypeRow.name == "公共场所卫生许可证"))
        row.definition = {**row.definition, "is_file_public": True}
    fresh.catalogue.forget()
    assert path in client.get(f"/l/{issued.licence_identifier}").text
    given = client.get(path)
    assert (given.mimetype, given.data) == ("application/pdf", issued.electronic_file.read_bytes())
    issued.electronic_file.local_path.unlink()
    assert client.get(path).status_code == 503
    with fresh.deps.sessions.begin() as session:
        row = session.scalar(select(LicenceTypeRow).where(LicenceTypeRow.name == "公共场所卫生许可证"))
        items = [{**item, "is_sensitive": True} for item in row.definition["face_items"]]
        row.definition = {**row.definition, "face_items": items}
    fresh.catalogue.forget()
    with pytest.raises(ConfigurationError, match="personal"):
        fresh.catalogue.load()
