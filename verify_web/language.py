"""Chinese first, English complete: which of the two a reader sees."""

import re
from collections.abc import Callable
from typing import NamedTuple

from flask import Request


class Tongue(NamedTuple):
    """A language of the pages."""

    code: str
    """In addresses, cookies and catalogues."""
    tag: str
    """In HTML and HTTP (BCP 47)."""
    name: str
    """What it calls itself."""


TONGUES = {"zh": Tongue("zh", "zh-CN", "中文"), "en": Tongue("en", "en", "English")}
LANGUAGES = tuple(TONGUES)
COOKIE = "lang"
_PAIR = re.compile(r"(?P<zh>.*[。！？])\s*(?P<en>[^\u3000-\u9fff\uff00-\uffef]+)", re.DOTALL)
"""A message of ours: a Chinese sentence, then the English one."""


def language_of(request: Request) -> str:
    """``?lang=``, then the cookie, then what the browser prefers; Chinese for those who say nothing."""
    for wish in (request.args.get("lang"), request.cookies.get(COOKIE)):
        if wish in LANGUAGES:
            return wish
    accepted = request.accept_languages
    return accepted.best_match(LANGUAGES) or ("en" if accepted else "zh")


def other_tongue(language: str) -> Tongue:
    """The one that a page in ``language`` leads to."""
    return TONGUES["zh" if language == "en" else "en"]


def chooser(language: str) -> Callable[[str, str], str]:
    """Chooses one of a pair of texts."""
    return (lambda _zh, en: en) if language == "en" else (lambda zh, _en: zh)


def pair(message: str) -> tuple[str, str]:
    """The Chinese and the English half of a message; both times the whole where it has no halves."""
    halves = _PAIR.fullmatch(message.strip())
    return (halves["zh"], halves["en"].strip()) if halves else (message, message)
