"""Each form of a licence's report carries the proof that its issue is in the transparency log."""

import base64
import hashlib
import html
import json
import re
from xml.etree import ElementTree as ET

import pytest

from gateway.domain.human_report import human_report
from signing.pdf.reading import read_attachments
from verify_web.report_document import render_report_html


@pytest.fixture
def report(fresh, applications):
    issued = [fresh.licences.issue(application) for application in applications[:7]]
    fresh.log.sequence()
    pdf = fresh.deps.files.read(issued[3].electronic_sm3, ".pdf")
    return fresh.verifications.verify(pdf, "licence.pdf")


def in_json(container, report):
    return report.to_json()["registry"]["log"]


def in_html(container, report):
    page = render_report_html(human_report(report), "zh", report.report_number).decode()
    assert "透明日志" in page
    return json.loads(html.unescape(re.search(r'<pre id="log-proof">(.*?)</pre>', page, re.DOTALL)[1]))


def in_pdf(container, report):
    attached = read_attachments(container.reports.pdf(report))
    return json.loads(attached["verification-report.json"])["registry"]["log"]


def in_xml(container, report):
    root = ET.fromstring(container.reports.xml(report))
    for data in root.iter():
        if data.tag.endswith("}ReportData"):
            kind, value = data
            if kind.text == "urn:licence-gateway:report-data:log_proof":
                return json.loads(value.text)
    raise AssertionError("no proof in the XML")


@pytest.mark.parametrize("form", [in_json, in_html, in_pdf, in_xml])
def test_the_proof_leads_to_the_root_of_the_checkpoint(fresh, report, form):
    proof = form(fresh, report)
    assert root_by(proof) == base64.b64decode(proof["checkpoint"].split("\n")[2])
    assert json.loads(proof["entry"])["subject"] == report.registry.licence_identifier


@pytest.mark.parametrize("form", [in_html, in_xml])
def test_a_report_without_a_proof_has_no_empty_place_for_one(fresh, applications, form):
    issued = fresh.licences.issue(applications[0])
    pdf = fresh.deps.files.read(issued.electronic_sm3, ".pdf")
    waiting = fresh.verifications.verify(pdf, "licence.pdf")
    assert waiting.registry.log is None
    with pytest.raises((AssertionError, TypeError)):
        form(fresh, waiting)


def root_by(proof):
    """RFC 9162, 2.1.3.2, written here from the text of the standard, with the SM3 of OpenSSL."""

    def hashed(data):
        return hashlib.new("sm3", data).digest()

    number, last = proof["leaf_index"], proof["tree_size"] - 1
    root = hashed(b"\0" + proof["entry"].encode())
    assert root.hex() == proof["leaf_hash"]
    for part in map(bytes.fromhex, proof["inclusion_proof"]):
        if number % 2 or number == last:
            root = hashed(b"\1" + part + root)
            while number % 2 == 0 and number:
                number, last = number >> 1, last >> 1
        else:
            root = hashed(b"\1" + root + part)
        number, last = number >> 1, last >> 1
    assert last == 0
    return root
