"""A signed list as a PDF: what it says line by line, the statement itself attached."""

from datetime import datetime

from gateway.documents.canvas import MM
from gateway.documents.fonts import LABEL, TITLE, FontLibrary
from gateway.documents.report_sheet import BOTTOM, GREY, HEIGHT, LEFT, RIGHT, WIDTH, Sheets
from gateway.documents.report_writer import ReportSpec, write_report
from gateway.documents.signature_objects import Attachment
from gateway.domain.list_words import authority_facts, licence_facts, list_facts, list_sentence, reported_facts
from gateway.domain.report_words import Fact, Words
from gateway.domain.signed_list import SignedList
from signing.keys import PreparedPdf

TITLE_WORDS = Words("证照清单", "List of licences")
_TINY = 7.2


def render_list(
    fonts: FontLibrary,
    stated: SignedList,
    *,
    language: str,
    signer_name: str,
    created_at: datetime,
    attachment: Attachment,
) -> PreparedPdf:
    """The list in ``language`` (``zh`` or ``en``), prepared for the signature of ``signer_name`` at ``created_at``."""
    sheets = Sheets(fonts)
    sheets.paragraph(TITLE_WORDS.in_language(language), 16, role=TITLE)
    sheets.paragraph(list_sentence(stated, Words("", "")).in_language(language), 10.5)
    _facts(sheets, list_facts(stated), language)
    for number, licence in enumerate(stated.licences, 1):
        sheets.heading(f"{number}. {licence.licence_type}", following=24)
        _facts(sheets, licence_facts(stated, licence), language)
    for report in stated.reported:
        sheets.heading(report.licence_type, following=14)
        _facts(sheets, reported_facts(stated, report), language)
    sheets.heading(Words("发证机关的回答", "What the authorities answered").in_language(language))
    _facts(sheets, authority_facts(stated), language)
    _footers(sheets, signer_name, language)
    spec = ReportSpec(
        title=f"{TITLE_WORDS.in_language(language)} {stated.holder_code}",
        identifier=stated.holder_code,
        signer_name=signer_name,
        reason="证照清单 list of licences",
        created_at=created_at,
        language="en" if language == "en" else "zh-CN",
        attachments=(attachment,),
    )
    return write_report(sheets.pages, (WIDTH, HEIGHT), {}, spec)


def _facts(sheets: Sheets, facts: tuple[Fact, ...], language: str) -> None:
    for fact in facts:
        sheets.fact(fact.label.in_language(language), fact.text.in_language(language))


def _footers(sheets: Sheets, signer_name: str, language: str) -> None:
    """On every page: how to check the list, and which page it is."""
    how = Words(
        f"本清单由“{signer_name}”电子签名；附件 list.cbor 可离线核验。",
        f"Signed by “{signer_name}”; the attachment list.cbor can be verified off line.",
    )
    for number, canvas in enumerate(sheets.pages, 1):
        y = (BOTTOM - 4.0) * MM
        canvas.raw(f"q 0.5 w {GREY} RG {LEFT * MM:.2f} {y:.2f} m {RIGHT * MM:.2f} {y:.2f} l S Q")
        canvas.text(how.in_language(language), LEFT, BOTTOM - 8.2, _TINY, LABEL, colour=GREY)
        count = f"{number} / {len(sheets.pages)}"
        canvas.text(count, RIGHT - canvas.width(count, _TINY, LABEL), BOTTOM - 8.2, _TINY, LABEL, colour=GREY)
