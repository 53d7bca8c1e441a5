"""The PDF report: PDF/A, one page in the usual case, whole in every other, and nothing hidden in it."""

from dataclasses import replace
from datetime import timedelta
from functools import cache
from io import BytesIO

import pikepdf
import pypdfium2
import pytest
from PIL import Image

from certs.profiles import GATEWAY_SIGNER
from gateway.documents.report_page import render_report
from gateway.documents.report_sheet import settable
from gateway.documents.signature_objects import Attachment
from gateway.domain.human_report import PagePictures, human_report
from gateway.domain.report_words import Words
from gateway.domain.verdicts import Shape, Tone, Verdict
from signing.pades import sign_prepared
from signing.validation.process import validate_pdf
from tests.pki import NOW, make_pki
from tests.unit.documents import reports
from tests.unit.documents.faces import fonts
from tests.unit.documents.pdfa_rules import violations

SIGNER = "阳江市电子文件核验网关"
ATTACHMENTS = (
    Attachment("verification-report.json", b"{}", "核验报告数据 report data"),
    Attachment("verification-report.xml", b"<a/>", "ETSI TS 119 102-2", "application/xml"),
)


def picture(colour, size=(420, 594)):
    buffer = BytesIO()
    Image.new("RGB", size, colour).save(buffer, "PNG")
    return buffer.getvalue()


PICTURES = (PagePictures(1, picture("white"), picture("#fdd")), PagePictures(3, None, picture("white", (594, 420))))


def prepared(human, language="zh", number=reports.NUMBER):
    return render_report(
        fonts(), human, language=language, signer_name=SIGNER, number=number, created_at=NOW, attachments=ATTACHMENTS
    )


@cache
def signed(name, language="zh"):
    report = reports.ALL[name]()
    human = human_report(report, PICTURES if name == "changed" else ())
    pki = make_pki()
    key, unit = pki.leaf(GATEWAY_SIGNER), pki.unit(NOW)
    return sign_prepared(prepared(human, language, report.report_number or ""), key, timestamps=unit)


@cache
def texts(data):
    with pypdfium2.PdfDocument(data) as document:
        return [page.get_textpage().get_text_range() for page in document]


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("name", reports.ALL)
def test_every_report_conforms_to_pdfa(name, language):
    assert violations(signed(name, language)) == []


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("name", ["genuine", "undecided", "unsigned"])
def test_the_usual_report_is_one_page(name, language):
    assert len(texts(signed(name, language))) == 1


def test_a_report_of_a_dual_signature_with_time_stamps_is_one_page():
    report = reports.genuine()
    dual = replace(
        report, signatures=(replace(report.signatures[0], name="B", checks=report.signatures[0].checks[:9]),)
    )
    assert len(texts(sign_prepared(prepared(human_report(dual)), make_pki().leaf(GATEWAY_SIGNER)))) == 1


def test_much_goes_on_further_pages_that_are_numbered():
    pages = texts(signed("many"))
    assert 3 <= len(pages) <= 6
    assert [f"第 {number} 页，共 {len(pages)} 页" in text for number, text in enumerate(pages, 1)] == [True] * len(
        pages
    )
    assert all(f"{number}. " in "".join(pages) for number in range(1, 10))


def test_nothing_runs_over_the_edges():
    for name in reports.ALL:
        for language in ("zh", "en"):
            with pypdfium2.PdfDocument(signed(name, language)) as document:
                for page in document:
                    text = page.get_textpage()
                    boxes = [text.get_charbox(i) for i in range(text.count_chars())]
                    assert max(right for _, _, right, _ in boxes) <= page.get_width() - 45, (name, language)
                    assert min(bottom for _, bottom, _, _ in boxes) >= 25


@pytest.mark.parametrize(
    ("language", "first", "second"), [("zh", "不真实", "Not genuine"), ("en", "Not genuine", "不真实")]
)
def test_the_answer_comes_first(language, first, second):
    text = texts(signed("changed", language))[0]
    assert text.index(first) < text.index(second) < text.index(reports.changed().document.file_name)


def test_the_page_says_what_a_clerk_asks():
    report, text = reports.genuine(), "".join(texts(signed("genuine")))
    found = ("谁签的", "用什么证书", "何时签的", "由时间戳证明", "签后改动", "登记簿", "接下来", "逐项检查", SIGNER)
    assert [word for word in found if word not in text] == []
    for value in (report.document.sha256, report.document.sm3, reports.NUMBER, report.software, "default"):
        assert value in text.replace("\r\n", "")


def test_changed_pages_and_objects_are_named_and_shown():
    text = "".join(texts(signed("changed")))
    assert (
        "第 1、2、3 页" in text.replace("\r\n", "")
        and "对象 12 0" in text
        and "签名时" in text
        and "没有这一页" in text
    )
    with pikepdf.open(BytesIO(signed("changed"))) as pdf:
        assert sum(len(page.get_images()) for page in pdf.pages) >= 3


def test_hostile_text_is_shown_and_not_obeyed():
    text = "".join(texts(signed("hostile")))
    assert "[U+202E]" in text and "[U+0000]" in text and "\u202e" not in text
    assert len(texts(signed("hostile"))) <= 3
    with pikepdf.open(BytesIO(signed("hostile"))) as pdf:
        assert "/OpenAction" not in pdf.Root and "/JavaScript" not in pdf.Root.Names


def test_what_no_font_has_is_shown_as_its_code_point():
    assert settable(fonts(), "甲\U0001f600乙\t") == "甲[U+1F600]乙[U+0009]"


def test_the_gateway_s_signature_certifies_the_whole_report():
    pki = make_pki()
    data = sign_prepared(
        prepared(human_report(reports.genuine())),
        pki.leaf(GATEWAY_SIGNER),
        timestamps=pki.unit(NOW - timedelta(minutes=1)),
    )
    (signature,) = validate_pdf(data, pki.policy(), at=NOW).signatures
    assert (signature.indication, signature.kind, signature.level) == ("TOTAL-PASSED", "certification", "PAdES-B-T")
    assert signature.coverage == "ENTIRE_FILE"


def test_the_same_report_gives_the_same_page():
    human = human_report(reports.genuine())
    assert prepared(human).data == prepared(human).data


@pytest.mark.parametrize("shape", Shape)
@pytest.mark.parametrize("tone", Tone)
def test_every_verdict_can_be_drawn(shape, tone):
    human = replace(
        human_report(reports.unsigned()), verdict=Verdict(tone, shape, "结论", "verdict"), sentence=Words("甲", "a")
    )
    with pypdfium2.PdfDocument(prepared(human).data) as document:
        picture = document[0].render(scale=1).to_pil()
    drawn = picture.crop((65, 70, 125, 150)).convert("L")
    assert drawn.getextrema()[0] < 130 and drawn.getextrema()[1] > 200
