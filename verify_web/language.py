"""Chinese first, English complete: which of the two a reader sees."""

import re
from collections.abc import Callable

from flask import Request

LANGUAGES = ("zh", "en")
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


def chooser(language: str) -> Callable[[str, str], str]:
    """Chooses one of a pair of texts."""
    return (lambda _zh, en: en) if language == "en" else (lambda zh, _en: zh)


def pair(message: str) -> tuple[str, str]:
    """The Chinese and the English half of a message; both times the whole where it has no halves."""
    halves = _PAIR.fullmatch(message.strip())
    return (halves["zh"], halves["en"].strip()) if halves else (message, message)
