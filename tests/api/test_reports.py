"""Reports as they leave the gateway: four forms, by Accept or by number, safe to open."""

import io
import json
import re
from xml.etree import ElementTree as ET

import pikepdf
import pytest

from gateway.documents.etsi_objects import VR
from tests.api.conftest import conforms, form
from tests.api.test_answers import verify
from tests.hostile_pdfs import stream
from tests.unit.signing.revisions import updated

EVIL_NAME = "a'><script>alert(1)</script>\u202efdp.exe"


def report_as(client, data, accept, name="许可证.pdf", **headers):
    response = client.post("/api/v1/verifications", **form(data, name), headers={"Accept": accept, **headers})
    assert response.status_code == 200, response.text
    return response


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("application/json", "application/json"),
        ("*/*", "application/json"),
        ("image/png", "application/json"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", "text/html"),
        ("application/pdf", "application/pdf"),
        ("application/xml", "application/xml"),
        ("application/json;q=0.5, application/xml", "application/xml"),
    ],
)
def test_accept_chooses_the_form(client, gallery, accept, media_type):
    response = report_as(client, gallery.electronic("in_force"), accept)
    assert response.mimetype == media_type
    assert response.headers["Cache-Control"] == "no-store" and "Accept" in response.headers["Vary"]


def test_the_signed_report_verifies_itself_and_says_what_it_is(client, gallery):
    pdf = report_as(client, gallery.electronic("in_force"), "application/pdf").data
    about = verify(client, pdf)
    assert about["document"]["kind"] == "verification_report"
    assert (about["answer"]["genuine"], about["answer"]["in_force"]) == ("yes", "not_applicable")
    assert [reason["code"] for reason in about["answer"]["reasons"]] == ["GENUINE", "IS_VERIFICATION_REPORT"]
    (signature,) = about["signatures"]
    assert (signature["level"], signature["coverage"], signature["kind"]) == (
        "PAdES-B-T",
        "ENTIRE_FILE",
        "certification",
    )
    assert signature["signer"]["common_name"] == "电子文件核验网关（测试）"
    broken = verify(client, pdf.replace(b"/Type/Pages", b"/Type/pages"))
    assert broken["answer"]["genuine"] == "no"


def test_a_kept_report_is_given_again_by_its_number(client, gallery):
    first = verify(client, gallery.electronic("suspended"))
    number = first["report_number"]
    again = client.get(f"/reports/{number}.json")
    assert conforms(again.get_json(), "VerificationReport") == first
    root = ET.fromstring(client.get(f"/reports/{number}.xml").data)
    assert root.tag == f"{{{VR}}}ValidationReport" and root.find(f"{{{VR}}}SignatureValidator") is not None
    page = client.get(f"/reports/{number}.html", headers={"Accept-Language": "en"})
    assert "Genuine, but" in page.text and number in page.text
    pdf = client.get(f"/reports/{number}.pdf")
    assert pdf.data.startswith(b"%PDF-") and "attachment" in pdf.headers["Content-Disposition"]
    for missing in (f"{number[:-1]}_.json", f"{number}.exe", "x.json", f"{number}.json.json"):
        assert client.get(f"/reports/{missing}").status_code == 404


def test_the_page_leads_to_the_report(client, gallery):
    page = client.post("/verify", **form(gallery.electronic("in_force")), headers={"Accept-Language": "zh"})
    links = re.findall(r'href="(/reports/[^"]+)"', page.text)
    assert [link.rpartition(".")[2] for link in links] == ["pdf", "html", "xml", "json"]
    assert all(client.get(link).status_code == 200 for link in links)
    assert "下载核验报告" in page.text


def test_a_hostile_file_name_stays_a_name_in_every_form(client, gallery):
    data = gallery.electronic("in_force")
    html = report_as(client, data, "text/html", EVIL_NAME)
    assert "<script" not in html.text and "\u202e" not in html.text and "U+202E" in html.text
    policy = html.headers["Content-Security-Policy"]
    assert "script-src" not in policy and "default-src 'none'" in policy and "unsafe" not in policy
    assert "<script" not in report_as(client, data, "application/xml", EVIL_NAME).text
    told = json.loads(report_as(client, data, "application/json", EVIL_NAME).data)
    assert told["document"]["file_name"] == EVIL_NAME


def test_reports_speak_the_reader_s_language(client, gallery):
    data = gallery.electronic("in_force")
    assert 'lang="en"' in report_as(client, data, "text/html", **{"Accept-Language": "en"}).text
    assert 'lang="zh-CN"' in report_as(client, data, "text/html").text


def test_a_changed_page_is_shown_before_and_after(client, gallery):
    original = gallery.electronic("in_force")
    with pikepdf.open(io.BytesIO(original)) as pdf:
        content = pdf.pages[0].Contents[1].objgen[0]
    changed = updated(original, {content: stream(b"", b"0 0 400 400 re f")})
    html = report_as(client, changed, "text/html").text
    assert html.count("data:image/png;base64,") == 2 and "第 1 页的改动" in html
    pdf_report = report_as(client, changed, "application/pdf").data
    with pikepdf.open(io.BytesIO(pdf_report)) as pdf:
        assert sum(len(page.get_images()) for page in pdf.pages) >= 2
    told = verify(client, changed)
    assert told["signatures"][0]["changed_pages"] == [1]
    assert told["signatures"][0]["changed_objects"][0]["kind"] == "replaced"
    kept = client.get(f"/reports/{told['report_number']}.html").text
    assert "data:image" not in kept and "替换页面内容" in kept
