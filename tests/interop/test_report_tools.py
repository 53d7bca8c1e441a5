"""The signed report in tools that no one here wrote: qpdf, poppler and expat."""

import subprocess
from xml.parsers import expat

import pytest

from gateway.documents.etsi_report import etsi_report
from tests.pki import make_pki
from tests.unit.documents import reports
from tests.unit.documents.test_report_page import signed

pytestmark = pytest.mark.interop


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture(params=["genuine", "hostile", "many"])
def path(request, tmp_path):
    file = tmp_path / "report.pdf"
    file.write_bytes(signed(request.param))
    return file


def test_qpdf_finds_nothing_wrong(path):
    done = run("qpdf", "--check", path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_poppler_sees_one_signature_over_the_whole_report(path):
    said = run("pdfsig", path).stdout
    assert said.count("Signature #") == 1 and "Total document signed" in said and "ETSI.CAdES.detached" in said


def test_poppler_reads_the_answer_before_everything_else(tmp_path):
    file = tmp_path / "report.pdf"
    file.write_bytes(signed("genuine"))
    words = run("pdftotext", "-layout", file, "-").stdout
    assert words.index("真实且有效") < words.index("谁签的") < words.index("逐项检查") < words.index("SHA-256")
    fonts = run("pdffonts", file).stdout.splitlines()[2:]
    assert fonts and all(line.split()[-5:-2] == ["yes", "yes", "yes"] for line in fonts)


def test_both_attachments_come_out_again(path, tmp_path):
    run("pdfdetach", "-saveall", "-o", tmp_path, path)
    assert {"verification-report.json", "verification-report.xml"} <= {found.name for found in tmp_path.iterdir()}


@pytest.mark.parametrize("name", reports.ALL)
def test_expat_takes_the_xml(name):
    parser = expat.ParserCreate(namespace_separator=" ")
    names = []
    parser.StartElementHandler = lambda tag, attributes: names.append(tag)
    parser.Parse(etsi_report(reports.ALL[name](), make_pki().leaf().certificate), True)
    assert names[0] == "http://uri.etsi.org/19102/v1.4.1# ValidationReport"
