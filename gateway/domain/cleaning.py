"""Cleans what clerks typed, and records every change. What is not certain is refused with a suggestion, never guessed."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date

from certs import uscc
from gateway.domain.applications import LONG_TERM, VOCABULARIES, Application, parse_application
from gateway.domain.catalogue import Catalogue
from gateway.domain.conversions import Change, Finding, SourceRow
from gateway.domain.headings import IGNORED, VALIDITY_RANGE, ColumnMapping
from gateway.domain.identifiers import normalise_code
from gateway.errors import FieldError, ValidationFailedError

_FIELDS = VOCABULARIES["guangdong"]
"""Cleaned rows are handed to ``parse_application`` in this vocabulary, which has every field of a paper register."""

_PLAIN = re.compile(r"[0-9A-Za-z\u3400-\u9fff（〔][!-~\u3400-\u9fff（）〔〕]*")
"""What is no formula, and has nothing to be cleaned of, whatever it means: most cells, told at a glance."""
_WIDE = re.compile(r"[０-９Ａ-Ｚａ-ｚ]")
_UNSEEN = re.compile(r"[\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff\u00ad]")
_SPACES = re.compile(r"\s+")
_SPACE_IN_CHINESE = re.compile(r"(?<=[\u3400-\u9fff）〕】]) +(?=[\u3400-\u9fff（〔【])")
_NOTHING = frozenset({"-", "--", "—", "——", "/", "无", "／"})
_FORMULA = re.compile(r"[=@＝＠\t\r]|[+\-＋－](?![\d.]+$|[\d\s()-]{5,}$|-?$|—?$)")
"""How a spreadsheet knows a formula; signed numbers, telephone numbers and lone dashes are none."""

_NO_FORMULA_MARK = re.compile(r"^'(?=[=+\-@＝＋－＠])")
"""What our own CSV files put before a text that a spreadsheet would take for a formula; it comes back in mended ones."""

_COPY_MARK = re.compile(r"[（(]\s*(正本|副本)\s*[)）]$")
_LONG_TERM_WORDS = frozenset({"长期", "长期有效", "永久", "永久有效", "无固定期限", "无期限"})
_SEPARATED = re.compile(
    r"(\d{4})\s*[-/.年－／．]\s*(\d{1,2})\s*[-/.月－／．]\s*(\d{1,2})\s*[日号]?(?:\s+0{1,2}:00(?::00)?)?"
)
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")
_SPELT = re.compile(
    r"([〇零○一二三四五六七八九]{4})年([一二三四五六七八九十]{1,3})月([一二三四五六七八九十]{1,3})[日号]"
)
_SERIAL_DAY = re.compile(r"[1-6]\d{4}")
"""The count of days that a spreadsheet shows for a date cell whose format was lost."""
_RANGE = re.compile(r"\s*(?:至|到|~|～|—+|－|–| - |-(?=\d{4}))\s*")
_DIGITS = {character: str(value) for value, character in enumerate("〇一二三四五六七八九")} | {"零": "0", "○": "0"}
_LOOK_ALIKES = str.maketrans("OISZ", "0152")
"""Letters that no credit code has, and the digits that they are taken for."""

_SHOWN = 60


@dataclass(frozen=True)
class CleanRow:
    """A row after cleaning: an application, or the reason why it is none."""

    source: SourceRow
    changes: tuple[Change, ...] = ()
    record: Mapping[str, str] = field(default_factory=dict)
    """What cleaning made of the cells, in the Guangdong vocabulary."""
    application: Application | None = None
    """None when there is a finding against it."""
    finding: Finding | None = None


@dataclass
class _Cleaning:
    """One row at work."""

    changes: list[Change] = field(default_factory=list)

    def step(self, heading: str, before: str, after: str, rule: str) -> str:
        """Note a change when there is one, and go on with what it made."""
        if before != after:
            self.changes.append(Change(heading, before, after, rule))
        return after


class _RefusedError(Exception):
    """The row stops here."""

    def __init__(self, reason_code: str, heading: str, message: str, suggestion: str = "") -> None:
        super().__init__(reason_code)
        self.finding = Finding(reason_code, heading, message, suggestion)


def clean_row(source: SourceRow, mapping: ColumnMapping, catalogue: Catalogue) -> CleanRow:
    """The application that a row of a paper register holds, with every change, or the first reason against it."""
    work, record, headings = _Cleaning(), dict[str, str](), dict[str, str]()
    application, finding = None, None
    try:
        _refuse_formulas(source)
        record, headings = _record(source, mapping, work)
        _refuse_swapped(record, headings)
        application = parse_application(record, catalogue)
    except _RefusedError as refused:
        finding = refused.finding
    except ValidationFailedError as error:
        finding = _finding(error.errors[0], record, headings)
    return CleanRow(source, tuple(work.changes), record, application, finding)


def number_of(row: CleanRow) -> str:
    """The printed number, as far as it was read."""
    return row.record.get(_FIELDS["number"], "")


def fold_name(name: str) -> str:
    """A name without what registers vary: width, spaces, brackets, case."""
    return _SPACES.sub("", unicodedata.normalize("NFKC", name)).replace("·", "").upper()


def fold_number(number: str) -> str:
    """A licence number for comparison: brackets of any kind are one, spaces and dashes none."""
    narrow = unicodedata.normalize("NFKC", number).upper()
    return re.sub(r"[\s\-—_]", "", re.sub(r"[〕\])】}]", ")", re.sub(r"[〔\[(【{]", "(", narrow)))


def _refuse_formulas(source: SourceRow) -> None:
    for heading, text in source.cells.items():
        if _PLAIN.fullmatch(text) and heading not in source.formulas:
            continue
        # What cleaning would take away from its front makes a formula no text.
        bare = _NO_FORMULA_MARK.sub("", _UNSEEN.sub("", text).strip())
        if heading in source.formulas or _FORMULA.match(text) or _FORMULA.match(bare):
            message = f"单元格是公式，不是数据：{text[:_SHOWN]}。The cell holds a formula, not data."
            raise _RefusedError("FORMULA", heading, message, "填写公式算出的值。Type the value itself.")


def _record(source: SourceRow, mapping: ColumnMapping, work: _Cleaning) -> tuple[dict[str, str], dict[str, str]]:
    """The record for ``parse_application``, and the heading by the record's field."""
    record, headings = {}, {}
    for heading, meaning in mapping.meanings.items():
        if meaning == IGNORED:
            continue
        text = _text(heading, source.cells.get(heading, ""), work)
        for name, value in _values(heading, meaning, text, work):
            record[name], headings[name] = value, heading
    return {name: value for name, value in record.items() if value or name in _FIELDS.values()}, headings


def _values(heading: str, meaning: str, text: str, work: _Cleaning) -> list[tuple[str, str]]:
    if meaning == VALIDITY_RANGE:
        parts = _RANGE.split(text, maxsplit=1) if text not in _LONG_TERM_WORDS else [text]
        if len(parts) == 1 and text:
            message = "有效期应写明起止，如 2020-10-21至2025-10-20。Both days of the validity are needed."
            raise _RefusedError("NOT_A_DATE", heading, message)
        days = [_day(heading, part, work) for part in parts]
        return list(zip((_FIELDS["valid_from"], _FIELDS["valid_until"]), days, strict=False))
    name = _FIELDS.get(meaning, meaning)
    cleaner = _CLEANERS.get(meaning)
    return [(name, cleaner(heading, text, work) if cleaner else text)]


def _text(heading: str, raw: str, work: _Cleaning) -> str:
    """What is true of every cell: nothing unseen, no outer or doubled spaces, letters and digits narrow."""
    if _PLAIN.fullmatch(raw) and raw not in _NOTHING:
        return raw
    text = work.step(heading, raw, _UNSEEN.sub("", raw), "INVISIBLE")
    text = work.step(heading, text, _SPACES.sub(" ", text).strip(), "SPACES")
    text = work.step(heading, text, _NO_FORMULA_MARK.sub("", text), "APOSTROPHE")
    text = work.step(heading, text, _SPACE_IN_CHINESE.sub("", text), "SPACES")
    text = work.step(heading, text, _WIDE.sub(lambda m: unicodedata.normalize("NFKC", m[0]), text), "FULL_WIDTH")
    return work.step(heading, text, "" if text in _NOTHING else text, "DASH_MEANS_EMPTY")


def _type(heading: str, text: str, work: _Cleaning) -> str:
    return work.step(heading, text, _COPY_MARK.sub("", text), "COPY_MARK")


def _number(heading: str, text: str, work: _Cleaning) -> str:
    return work.step(heading, text, text.replace(" ", ""), "SPACES")


def _credit_code(heading: str, text: str, work: _Cleaning) -> str:
    return work.step(heading, text, normalise_code(text), "CODE_FORM")


def _day(heading: str, text: str, work: _Cleaning) -> str:
    """A day as 2024-05-25, 长期, or the text as it was, for ``parse_application`` to refuse."""
    if text in _LONG_TERM_WORDS:
        return work.step(heading, text, LONG_TERM, "LONG_TERM")
    if _SERIAL_DAY.fullmatch(text):
        day = date.fromordinal(date(1899, 12, 30).toordinal() + int(text))
        message = f"“{text}”像是丢了格式的日期。It looks like a date that lost its format."
        raise _RefusedError("DATE_SERIAL", heading, message, f"若指 {day.isoformat()}，请照此填写。Perhaps {day}.")
    parts = _day_parts(unicodedata.normalize("NFKC", text))
    if parts is None:
        return text
    try:
        return work.step(heading, text, date(*parts).isoformat(), "DATE_FORM")
    except ValueError:
        return text


def _day_parts(text: str) -> tuple[int, int, int] | None:
    found = _SEPARATED.fullmatch(text) or _COMPACT.fullmatch(text)
    if found is not None:
        return int(found[1]), int(found[2]), int(found[3])
    spelt = _SPELT.fullmatch(text)
    if spelt is None:
        return None
    year = int("".join(_DIGITS[character] for character in spelt[1]))
    return year, _spelt_number(spelt[2]), _spelt_number(spelt[3])


def _spelt_number(text: str) -> int:
    """一 to 三十一; 0 for what is no number."""
    tens, has_ten, ones = text.rpartition("十")
    if not has_ten:
        return int(_DIGITS[text]) if len(text) == 1 else 0
    if len(tens) > 1 or len(ones) > 1:
        return 0
    return int(_DIGITS[tens] if tens else 1) * 10 + int(_DIGITS[ones] if ones else 0)


_CLEANERS: Mapping[str, Callable[[str, str, _Cleaning], str]] = {
    "type": _type,
    "number": _number,
    "holder_code": _credit_code,
    "authority_code": _credit_code,
    "issued_on": _day,
    "valid_from": _day,
    "valid_until": _day,
}


def _refuse_swapped(record: Mapping[str, str], headings: Mapping[str, str]) -> None:
    begin, end = record.get(_FIELDS["valid_from"], ""), record.get(_FIELDS["valid_until"], "")
    is_swapped = (begin == LONG_TERM and end != LONG_TERM) or (_is_day(begin) and _is_day(end) and end < begin)
    if is_swapped:
        heading = headings[_FIELDS["valid_from"]]
        message = f"有效期起（{begin}）晚于有效期止（{end}）。The validity ends before it begins."
        raise _RefusedError(
            "DATES_SWAPPED", heading, message, "两栏可能颠倒，请核对原件。Perhaps swapped; see the paper."
        )


def _is_day(text: str) -> bool:
    return re.fullmatch(r"\d{4}-\d{2}-\d{2}", text) is not None


def _finding(error: FieldError, record: Mapping[str, str], headings: Mapping[str, str]) -> Finding:
    """A refusal of the application's rules, under the heading of the source."""
    value = record.get(error.field, "")
    suggestion = _SUGGESTIONS[error.code](value) if error.code in _SUGGESTIONS else ""
    return Finding(error.code, headings.get(error.field, error.field), error.message, suggestion)


def _code_suggestion(code: str) -> str:
    """The code that was probably meant, when exactly one look-alike reading has a right check digit."""
    candidate = code.translate(_LOOK_ALIKES) if len(code) == uscc.LENGTH else ""
    if candidate != code and uscc.is_valid(candidate):
        return f"若原件为 {candidate}，请照此填写。Perhaps {candidate}; see the paper."
    return "请按原件核对每一位。Compare each character with the paper."


_SUGGESTIONS: Mapping[str, Callable[[str], str]] = {
    "CREDIT_CODE_INVALID": _code_suggestion,
    "MISSING": lambda _: "请按原件补填；没有期限的填“长期”。Fill it in from the paper; 长期 where there is no end.",
    "TYPE_UNKNOWN": lambda _: "证照名称须与目录一致，见 licence-gateway licence-type list。Use the catalogue's name.",
    "AUTHORITY_UNKNOWN": lambda _: "发证机关须用登记的全称。Use the full registered name.",
    "NOT_A_DATE": lambda _: "如 2024-05-25；两位年份不接受。Such as 2024-05-25, with a year of four digits.",
}
