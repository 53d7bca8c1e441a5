"""Chinese first, English complete: which of the two a reader sees."""

from collections.abc import Callable

from flask import Request

LANGUAGES = ("zh", "en")
COOKIE = "lang"


def language_of(request: Request) -> str:
    """``?lang=``, then the cookie, then what the browser prefers, then Chinese."""
    for wish in (request.args.get("lang"), request.cookies.get(COOKIE)):
        if wish in LANGUAGES:
            return wish
    return request.accept_languages.best_match(LANGUAGES, "zh") or "zh"


def chooser(language: str) -> Callable[[str, str], str]:
    """Chooses one of a pair of texts."""
    return (lambda _zh, en: en) if language == "en" else (lambda zh, _en: zh)
