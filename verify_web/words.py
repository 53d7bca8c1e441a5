"""Words for the names that answers use, and the template filters that put them in the reader's language."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime

from flask import Blueprint, g

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
    "registered": ("存续", "registered"),
    "cancelled": ("已注销", "cancelled"),
    "revoked": ("已吊销", "revoked"),
    "moved_out": ("已迁出", "moved out"),
    "unknown": ("未知", "unknown"),
    "unconfirmed": ("未核实", "not confirmed"),
}
TONES = {"PASSED": Tone.GOOD, "FAILED": Tone.BAD, "INDETERMINATE": Tone.WARNING}

LEGEND: tuple[tuple[Verdict, str, str], ...] = (
    (
        status_verdict("valid"),
        "电子证照是发证机关签发的原件，没有改动，今天在有效期内，也没有被暂扣、吊销或注销。",
        (
            "The electronic licence is the authority's original, unchanged, within its validity today, "
            "and neither suspended nor ended."
        ),
    ),
    (
        status_verdict("expired"),
        "证照是真的，但有效期已经过了。",
        "The licence is genuine, but its validity has run out.",
    ),
    (
        status_verdict("suspended"),
        "证照是真的，但发证机关让它暂停使用。",
        "The licence is genuine, but the authority has put it on hold.",
    ),
    (
        status_verdict("revoked"),
        "证照曾经是真的，许可已经被发证机关终止。",
        "The licence was genuine; the authority has ended the permit.",
    ),
    (NOT_GENUINE, "文件被改动过，或者签名是伪造的。", "The file was altered, or its signature is forged."),
    (
        DIFFERS,
        "出示的内容与登记簿不同，差异会逐项列出，以登记簿为准。",
        "What is presented differs from the register. Each difference is listed; the register counts.",
    ),
    (
        NOT_FOUND,
        "登记簿中没有这一项，它可能由其他地区签发。",
        "The register has no such entry; it may come from elsewhere.",
    ),
    (
        COULD_NOT_CHECK,
        "有一步没能完成。这既不说明真，也不说明假，请稍后再试。",
        "A step could not be done. That says neither genuine nor forged; try again later.",
    ),
)
"""The answers that the page about them explains."""


def say(zh: str, en: str) -> str:
    """The text in the language of this request."""
    return chooser(g.get("language", "zh"))(zh, en)


def moment(value: datetime) -> str:
    """An instant in China's time, which readers live by."""
    return value.astimezone(CHINA_STANDARD_TIME).strftime("%Y-%m-%d %H:%M:%S")


def machine(value: datetime) -> str:
    """An instant as the ``datetime`` attribute of HTML has it, in UTC."""
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def day(value: date | None) -> str:
    """A date in the reader's form; None is 长期."""
    if value is None:
        return say("长期", "no fixed end")
    return say(chinese_date(value), value.isoformat())


def register_words(blueprint: Blueprint) -> None:
    """Give the templates their filters."""
    for function in (moment, machine, day):
        blueprint.add_app_template_filter(function)
    for name, table in (
        ("field_name", FACE_FIELDS),
        ("registration", REGISTRATIONS),
    ):
        blueprint.add_app_template_filter(_lookup(table), name)
    blueprint.add_app_template_filter(lambda conclusion: TONES.get(conclusion, Tone.UNKNOWN), "tone")


def _lookup(table: Mapping[str, tuple[str, str]]) -> Callable[[str], str]:
    """Names by key in the reader's language; a key without a name is shown as it is."""
    return lambda key: say(*table.get(key, (key, key)))
