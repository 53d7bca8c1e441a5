"""Learns from its headings which column of a table means what. Never guesses: two columns of one meaning are an error."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gateway.domain.applications import VOCABULARIES
from gateway.domain.conversions import ERROR_COLUMNS
from gateway.errors import FieldError, ValidationFailedError

VALIDITY_RANGE = "valid_range"
"""One column with both days: 2020-10-21至2025-10-20."""
IGNORED = "-"
"""Meaning of a column that is to be left out."""

_NEEDED = {
    "type": "证照名称",
    "number": "证照号码",
    "holder_name": "持有人名称",
    "holder_code": "统一社会信用代码",
    "authority": "发证机构",
    "issued_on": "发证日期",
}
_NAMES = {
    "type": "证照名称 证照类型 证照类型名称 证照种类 许可证名称 证件名称 证书名称 许可证类型",
    "number": "证照号码 证照编号 许可证编号 许可证号 许可证号码 证书编号 证书号 证号 编号 证件号码",
    "holder_name": "持有人名称 持证主体 持证主体名称 持证人 持证人名称 持有人 企业名称 单位名称 经营者名称 主体名称 "
    "被许可人 市场主体名称",
    "holder_code": "统一社会信用代码 社会信用代码 信用代码 统一代码 持证主体代码 持有人代码 主体代码",
    "authority": "发证机构 发证机关 发证单位 颁发机构 颁发机关 核发机关 许可机关 证照颁发机构 签发机关",
    "authority_code": "发证机构代码 发证机关代码 证照颁发机构代码",
    "issued_on": "发证日期 颁发日期 核发日期 签发日期 证照颁发日期 发证时间",
    "valid_from": "有效期起 有效期自 有效期始 有效期起始 有效期起始日期 有效期开始 有效期开始日期 起始日期 有效期限起",
    "valid_until": "有效期止 有效期至 有效期截止 有效期截止日期 有效期结束日期 截止日期 到期日期 有效期限至 有效期限止",
    VALIDITY_RANGE: "有效期 有效期限 有效期间 有效期范围",
}
_REMARK = re.compile(r"\([^)]*\)|（[^）]*）")
_NOISE = re.compile(r"[\s:：*＊·.、_-]")
_LEAST_KNOWN = 3
"""A row of headings names at least so many columns that are known; a title row names none."""
SEARCHED_ROWS = 20
"""How far down the headings are looked for."""


def fold_heading(text: str) -> str:
    """A heading without what people vary: spaces, colons, stars, remarks in brackets, case, width."""
    narrow = unicodedata.normalize("NFKC", text)
    without = _NOISE.sub("", _REMARK.sub("", narrow))
    return (without or _NOISE.sub("", narrow)).upper()


def _meanings() -> dict[str, str]:
    found = {fold_heading(name): meaning for meaning, names in _NAMES.items() for name in names.split()}
    for vocabulary in VOCABULARIES.values():
        found |= {name: meaning for meaning, name in vocabulary.items()}
    return found | {fold_heading(name): IGNORED for name in ERROR_COLUMNS}


MEANINGS = _meanings()
"""Meaning by folded heading: what registers are called, and both vocabularies of applications."""


@dataclass(frozen=True)
class ColumnMapping:
    """Which column of a source means what."""

    meanings: Mapping[str, str]
    """Heading to meaning (a field of applications, a face item's label, ``valid_range``, or ``-``)."""
    unknown: tuple[str, ...] = field(default=())
    """Headings that mean nothing here: listed, and their cells left out."""

    def to_json(self) -> dict[str, Any]:
        """As a profile is kept."""
        return dict(self.meanings)


def learn_mapping(
    headings: Sequence[str],
    face_labels: Iterable[str],
    profile: Mapping[str, str] | None = None,
    *,
    is_complete: bool = True,
) -> ColumnMapping:
    """The mapping of a row of headings; a ``profile`` (heading to meaning) goes before what is learnt.

    ``is_complete``: every needed column must be there. ValidationFailedError names what is missing, doubled, or
    unknown to the profile.
    """
    labels = {fold_heading(label): label for label in face_labels}
    fixed = {fold_heading(heading): meaning for heading, meaning in (profile or {}).items()}
    known = labels | MEANINGS | fixed
    meanings = {heading: known[fold_heading(heading)] for heading in headings if fold_heading(heading) in known}
    unknown = tuple(heading for heading in headings if heading and heading not in meanings)
    errors = [*_wrong_meanings(fixed, frozenset(labels.values())), *_doubled(headings, meanings)]
    errors += _missing(meanings) if is_complete else []
    if errors:
        raise ValidationFailedError(errors)
    return ColumnMapping(meanings, unknown)


def find_heading_row(rows: Sequence[Sequence[str]], profile: Mapping[str, str] | None = None) -> int | None:
    """Index of the row of headings among the first rows of a sheet; None when none looks like one."""
    known = MEANINGS.keys() | {fold_heading(heading) for heading in profile or ()}
    scores = [len({fold_heading(cell) for cell in row if cell} & known) for row in rows[:SEARCHED_ROWS]]
    best = max(scores, default=0)
    return scores.index(best) if best >= _LEAST_KNOWN else None


def _wrong_meanings(fixed: Mapping[str, str], labels: frozenset[str]) -> list[FieldError]:
    allowed = {*_NAMES, IGNORED, *labels}
    return [
        FieldError(heading, "MEANING_UNKNOWN", f"没有“{meaning}”这一含义。No such meaning; see --help.")
        for heading, meaning in fixed.items()
        if meaning not in allowed
    ]


def _doubled(headings: Sequence[str], meanings: Mapping[str, str]) -> list[FieldError]:
    errors = [
        FieldError(heading, "HEADING_TWICE", "表头重复。The heading stands twice.")
        for heading in dict.fromkeys(headings)
        if heading and headings.count(heading) > 1
    ]
    by_meaning: dict[str, list[str]] = {}
    for heading, meaning in meanings.items():
        by_meaning.setdefault(meaning, []).append(heading)
    return errors + [
        FieldError(
            found[0],
            "COLUMNS_ALIKE",
            f"“{'”“'.join(found)}”含义相同，请用 --map 指明。Columns of one meaning; say by --map which one counts.",
        )
        for meaning, found in by_meaning.items()
        if meaning != IGNORED and len(found) > 1
    ]


def _missing(meanings: Mapping[str, str]) -> list[FieldError]:
    present = set(meanings.values())
    needed = dict(_NEEDED)
    if VALIDITY_RANGE not in present:
        needed |= {"valid_from": "有效期起", "valid_until": "有效期止"}
    return [
        FieldError(name, "COLUMN_MISSING", f"没有“{name}”一栏，可用 --map 指明。No column for it; name one by --map.")
        for meaning, name in needed.items()
        if meaning not in present
    ]
