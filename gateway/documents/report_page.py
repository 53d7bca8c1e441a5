"""The human report as a PDF: one A4 page in the usual case, further pages where much is to be said."""

from datetime import datetime
from io import BytesIO

from PIL import Image

from gateway.documents.canvas import INK, MM
from gateway.documents.fonts import LABEL, TITLE, FontLibrary
from gateway.documents.report_sheet import (
    BOTTOM,
    GREY,
    HEIGHT,
    LABEL_WIDTH,
    LEADING,
    LEFT,
    RIGHT,
    TONES,
    WIDTH,
    Sheets,
    columns,
)
from gateway.documents.report_writer import ReportSpec, write_report
from gateway.documents.signature_objects import Attachment
from gateway.domain.human_report import CheckLine, HumanReport, PagePictures
from gateway.domain.report_words import CONCLUSIONS, Fact, Words
from gateway.domain.verdicts import Tone
from signing.keys import PreparedPdf
from signing.validation.report import Conclusion

TITLE_WORDS = Words("电子文件核验报告", "Verification report")
_SMALL, _TINY = 8.0, 7.2
_PICTURE_WIDTH, _PICTURE_HEIGHT = 84.0, 112.0
_GAP = 6.0
_CHECK_TONES = {
    Conclusion.PASSED: TONES[Tone.GOOD][0],
    Conclusion.FAILED: TONES[Tone.BAD][0],
    Conclusion.INDETERMINATE: TONES[Tone.WARNING][0],
    Conclusion.NOT_APPLICABLE: GREY,
}


def render_report(
    fonts: FontLibrary,
    report: HumanReport,
    *,
    language: str,
    signer_name: str,
    number: str,
    created_at: datetime,
    attachments: tuple[Attachment, ...],
) -> PreparedPdf:
    """The report in ``language`` (``zh`` or ``en``), prepared for the signature of ``signer_name`` at ``created_at``."""
    page = _ReportPages(fonts, report, language, signer_name)
    page.draw(number)
    spec = ReportSpec(
        title=f"{TITLE_WORDS.in_language(language)} {number}".strip(),
        identifier=number or "-",
        signer_name=signer_name,
        reason="核验报告 verification report",
        created_at=created_at,
        language="en" if language == "en" else "zh-CN",
        attachments=attachments,
    )
    return write_report(page.sheets.pages, (WIDTH, HEIGHT), page.pictures, spec)


class _ReportPages:
    """Draws one report."""

    def __init__(self, fonts: FontLibrary, report: HumanReport, language: str, signer_name: str) -> None:
        self.sheets = Sheets(fonts)
        self.pictures: dict[str, bytes] = {}
        self._report = report
        self._language = language
        self._signer_name = signer_name

    def _say(self, zh: str, en: str) -> str:
        return en if self._language == "en" else zh

    def _of(self, words: Words) -> str:
        return words.in_language(self._language)

    def draw(self, number: str) -> None:
        """Everything, from the answer down."""
        self._masthead(number)
        self._verdict()
        self._facts(self._report.document)
        for part in self._report.signatures:
            self._heading_with_verdict(
                self._of(part.heading), part.verdict.tone, self._say(part.verdict.zh, part.verdict.en)
            )
            self._facts(part.facts)
        self.sheets.heading(self._say("登记簿怎么说", "What the register says"))
        self._facts(self._report.register)
        self._list(self._say("未能核验的", "What could not be checked"), self._report.unchecked)
        self._list(self._say("接下来", "What next"), self._report.next_steps)
        for pair in self._report.pictures:
            self._pictures(pair)
        self._checks()
        self._record()
        self._footers()

    def _masthead(self, number: str) -> None:
        sheets = self.sheets
        sheets.paragraph(self._of(TITLE_WORDS), 16, role=TITLE)
        other = TITLE_WORDS.zh if self._language == "en" else TITLE_WORDS.en
        sheets.canvas.text(other, LEFT, sheets.y - 3.4, _SMALL, LABEL, colour=GREY)
        if number:
            right = RIGHT - sheets.canvas.width(number, _SMALL, LABEL)
            sheets.canvas.text(number, right, sheets.y - 3.4, _SMALL, LABEL, colour=GREY)
        sheets.y -= 7.0

    def _verdict(self) -> None:
        sheets, verdict = self.sheets, self._report.verdict
        ink = TONES[verdict.tone][0]
        x, width = LEFT + 27, RIGHT - LEFT - 32
        first, second = self._say(verdict.zh, verdict.en), self._say(verdict.en, verdict.zh)
        sentence = self._of(self._report.sentence)
        rows = len(sheets.lines(sentence, width, 10.5))
        height = max(29.0, 21.0 + rows * 10.5 * LEADING / MM)
        sheets.box(height, verdict.tone)
        sheets.shape(verdict.shape, verdict.tone, LEFT + 5, sheets.y - (height - 18) / 2, 18)
        end = sheets.y - height
        sheets.y -= 3.2
        sheets.paragraph(first, 19, x=x, width=width, role=TITLE, colour=ink)
        sheets.paragraph(second, _SMALL, x=x, width=width, colour=GREY)
        sheets.y -= 1.4
        sheets.paragraph(sentence, 10.5, x=x, width=width)
        sheets.y = end - 3.0

    def _heading_with_verdict(self, heading: str, tone: Tone, conclusion: str) -> None:
        sheets = self.sheets
        sheets.heading(heading, following=24)
        text = f"{conclusion}"
        width = sheets.canvas.width(text, 10, TITLE)
        sheets.canvas.text(text, RIGHT - width, sheets.y + 1.6, 10, TITLE, colour=TONES[tone][0])

    def _facts(self, facts: tuple[Fact, ...]) -> None:
        for fact in facts:
            self.sheets.fact(self._of(fact.label), self._of(fact.text))

    def _list(self, heading: str, entries: tuple[Words, ...]) -> None:
        if not entries:
            return
        self.sheets.heading(heading, following=5)
        for entry in entries:
            self.sheets.paragraph(f"· {self._of(entry)}", 8.8)

    def _pictures(self, pair: PagePictures) -> None:
        """A changed page, before on the left and after on the right."""
        sheets = self.sheets
        room = max((_fitted(png)[1] for png in (pair.before_png, pair.after_png) if png is not None), default=8.0) + 6
        sheets.heading(self._say(f"第 {pair.page} 页的改动", f"What changed on page {pair.page}"), room)
        for place, (png, words) in enumerate(
            ((pair.before_png, Words("签名时", "as signed")), (pair.after_png, Words("现在", "now")))
        ):
            x = LEFT + place * (_PICTURE_WIDTH + _GAP)
            sheets.canvas.text(self._of(words), x, sheets.y - 3, _SMALL, LABEL, colour=GREY)
            if png is None:
                sheets.canvas.text(self._say("没有这一页", "no such page"), x, sheets.y - 9, _SMALL, LABEL)
                continue
            name = f"P{pair.page}{'ab'[place]}"
            self.pictures[name] = png
            width, height = _fitted(png)
            bottom = sheets.y - 5 - height
            area = f"{x * MM:.2f} {bottom * MM:.2f} {width * MM:.2f} {height * MM:.2f} re"
            sheets.canvas.raw(
                f"q {width * MM:.2f} 0 0 {height * MM:.2f} {x * MM:.2f} {bottom * MM:.2f} cm /{name} Do Q "
                f"q 0.5 w {GREY} RG {area} S Q"
            )
        sheets.y -= room

    def _checks(self) -> None:
        """What is not in order line by line with its detail; what passed by its name alone, so that a page is enough."""
        checks = self._report.checks
        if not checks:
            return
        self.sheets.heading(self._say("逐项检查", "Every check"), following=14)
        several = len(self._report.signatures) > 1
        for check in checks:
            if check.conclusion is not Conclusion.PASSED:
                self._check(check, several=several)
        for number in dict.fromkeys(check.signature for check in checks):
            passed = [c for c in checks if c.signature == number and c.conclusion is Conclusion.PASSED]
            self._passed(number, passed, several=several)

    def _passed(self, number: str, checks: list[CheckLine], *, several: bool) -> None:
        """The checks of one signature that passed, as one paragraph."""
        if not checks:
            return
        names = dict.fromkeys(self._of(check.words) for check in checks)
        head = self._say(f"通过 {len(checks)} 项", f"{len(checks)} passed")
        sheets = self.sheets
        sheets.need(2 * _TINY * LEADING / MM)
        sheets.canvas.text(
            f"{number}. {head}" if several else head,
            LEFT,
            sheets.y - _TINY * (LEADING - 0.28) / MM,
            _TINY,
            LABEL,
            colour=_CHECK_TONES[Conclusion.PASSED],
        )
        text = self._say("、".join(names), "; ".join(names))
        sheets.paragraph(text, _TINY, x=LEFT + LABEL_WIDTH, width=RIGHT - LEFT - LABEL_WIDTH)
        sheets.y -= 0.8

    def _check(self, check: CheckLine, *, several: bool) -> None:
        sheets = self.sheets
        conclusion = self._of(CONCLUSIONS[check.conclusion])
        name = f"{check.signature}. {self._of(check.words)}" if several else self._of(check.words)
        sub = f" · {check.sub_indication}" if check.sub_indication else ""
        columns(
            sheets,
            (
                (LEFT, name, INK),
                (LEFT + 80, check.name if len(check.name) < 64 else f"{check.name[:60]}…", GREY),  # noqa: PLR2004
                (RIGHT - sheets.canvas.width(conclusion, _TINY, LABEL), conclusion, _CHECK_TONES[check.conclusion]),
            ),
            _TINY,
        )
        if check.conclusion is not Conclusion.PASSED and (check.detail or sub):
            text = f"{check.detail}{sub}".strip(" ·")
            sheets.paragraph(text, 6.6, x=LEFT + 4, width=RIGHT - LEFT - 20, colour=GREY)

    def _record(self) -> None:
        self.sheets.heading(self._say("文件与核验记录", "File and record"), following=25)
        for fact in self._report.record:
            self.sheets.fact(self._of(fact.label), self._of(fact.text), size=7.6)

    def _footers(self) -> None:
        """On every page: who signs this report, and which page it is."""
        pages = self.sheets.pages
        signed = self._say(
            f"本报告由“{self._signer_name}”电子签名，可同样核验。",
            f"This report is signed by “{self._signer_name}” and can be verified likewise.",
        )
        for number, canvas in enumerate(pages, 1):
            y = (BOTTOM - 4.0) * MM
            canvas.raw(f"q 0.5 w {GREY} RG {LEFT * MM:.2f} {y:.2f} m {RIGHT * MM:.2f} {y:.2f} l S Q")
            canvas.text(signed, LEFT, BOTTOM - 8.2, _TINY, LABEL, colour=GREY)
            count = self._say(f"第 {number} 页，共 {len(pages)} 页", f"Page {number} of {len(pages)}")
            canvas.text(count, RIGHT - canvas.width(count, _TINY, LABEL), BOTTOM - 8.2, _TINY, LABEL, colour=GREY)


def _fitted(png: bytes) -> tuple[float, float]:
    """Width and height in mm within the place of a picture."""
    with Image.open(BytesIO(png), formats=("PNG",)) as picture:
        scale = min(_PICTURE_WIDTH / picture.width, _PICTURE_HEIGHT / picture.height)
        return picture.width * scale, picture.height * scale
