"""Words for the names that answers use, and the template filters that put them in the reader's language."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime

from flask import Blueprint, g
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from gateway.documents.face import chinese_date
from gateway.domain.report_words import FACE_FIELDS
from gateway.domain.status import CHINA_STANDARD_TIME
from gateway.domain.verdicts import (
    COULD_NOT_CHECK,
    DIFFERS,
    NOT_FOUND,
    NOT_GENUINE,
    Tone,
    Verdict,
    status_verdict,
)
from verify_web.language import chooser

REGISTRATIONS = {
    "registered": _l("存续"),
    "cancelled": _l("已注销"),
    "revoked": _l("已吊销"),
    "moved_out": _l("已迁出"),
    "unknown": _l("未知"),
    "unconfirmed": _l("未核实"),
}
TONES = {"PASSED": Tone.GOOD, "FAILED": Tone.BAD, "INDETERMINATE": Tone.WARNING}

LEGEND: tuple[tuple[Verdict, str], ...] = (
    (
        status_verdict("valid"),
        _l("电子证照是发证机关签发的原件，没有改动，今天在有效期内，也没有被暂扣、吊销或注销。"),
    ),
    (
        status_verdict("expired"),
        _l("证照是真的，但有效期已经过了。"),
    ),
    (
        status_verdict("suspended"),
        _l("证照是真的，但发证机关让它暂停使用。"),
    ),
    (
        status_verdict("revoked"),
        _l("证照曾经是真的，许可已经被发证机关终止。"),
    ),
    (NOT_GENUINE, _l("文件被改动过，或者签名是伪造的。")),
    (
        DIFFERS,
        _l("出示的内容与登记簿不同，差异会逐项列出，以登记簿为准。"),
    ),
    (
        NOT_FOUND,
        _l("登记簿中没有这一项，它可能由其他地区签发。"),
    ),
    (
        COULD_NOT_CHECK,
        _l("有一步没能完成。这既不说明真，也不说明假，请稍后再试。"),
    ),
)
"""The answers that the page about them explains."""


def say(zh: str, en: str) -> str:
    """One half of a pair that other rooms share, in the language of this request. Texts of pages are in the catalogue."""
    return chooser(g.get("language", "zh"))(zh, en)


def said(words: tuple[str, str]) -> str:
    """The same for tables that are made before any request: a text that is chosen when it is shown."""
    lazy: str = LazyString(say, *words)
    return lazy


def moment(value: datetime) -> str:
    """An instant in China's time, which readers live by."""
    return value.astimezone(CHINA_STANDARD_TIME).strftime("%Y-%m-%d %H:%M:%S")


def machine(value: datetime) -> str:
    """An instant as the ``datetime`` attribute of HTML has it, in UTC."""
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def day(value: date | None) -> str:
    """A date in the reader's form; None is 长期."""
    if value is None:
        return str(_("长期"))
    return say(chinese_date(value), value.isoformat())


def register_words(blueprint: Blueprint) -> None:
    """Give the templates their filters."""
    for function in (moment, machine, day):
        blueprint.add_app_template_filter(function)
    for name, table in (("field_name", FACE_FIELDS),):
        blueprint.add_app_template_filter(_lookup(table), name)
    blueprint.add_app_template_filter(lambda status: REGISTRATIONS.get(status, status), "registration")
    blueprint.add_app_template_filter(lambda conclusion: TONES.get(conclusion, Tone.UNKNOWN), "tone")


def _lookup(table: Mapping[str, tuple[str, str]]) -> Callable[[str], str]:
    """Names by key in the reader's language; a key without a name is shown as it is."""
    return lambda key: say(*table.get(key, (key, key)))
