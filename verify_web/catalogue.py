"""The texts of the pages: Chinese stands in templates and code, English in one catalogue (gettext, read by Flask-Babel)."""

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

from babel.support import NullTranslations, Translations
from flask import Flask, g
from flask_babel import Babel
from jinja2 import Environment
from markupsafe import escape

from gateway.errors import ConfigurationError

TRANSLATIONS = Path(__file__).parent / "translations"
SOURCE, TRANSLATED = "zh", "en"
_COMPILED = TRANSLATIONS / TRANSLATED / "LC_MESSAGES" / "messages.mo"


def translate(app: Flask) -> None:
    """Let the templates and views of ``app`` speak the reader's language, which ``preferences.choose`` notes.

    ConfigurationError where nobody compiled the catalogue: pages half in Chinese help no one.
    """
    _require_catalogue()
    Babel(
        app,
        # What templates call is handed to each page by ``spoken``: that is five times as fast as Flask-Babel's own way.
        configure_jinja=False,
        default_locale=SOURCE,
        default_translation_directories=str(TRANSLATIONS),
        locale_selector=lambda: g.get("language", SOURCE),
    )
    app.jinja_env.add_extension("jinja2.ext.i18n")


def environment_words(environment: Environment, language: str) -> None:
    """The same for templates that are rendered without a request."""
    _require_catalogue()
    environment.add_extension("jinja2.ext.i18n")
    environment.globals.update(spoken(language))


@cache
def spoken(language: str) -> Mapping[str, Callable[..., str]]:
    """What templates call. Values stand in for ``%(name)s``; they are escaped, and Markup among them stays what it is."""
    texts = _texts(language)

    def gettext(message: str, **values: object) -> str:
        text = str(texts.gettext(message))
        return escape(text) % values if values else text

    def pgettext(context: str, message: str) -> str:
        return str(texts.pgettext(context, message))

    return {"_": gettext, "gettext": gettext, "pgettext": pgettext}


def _texts(language: str) -> NullTranslations:
    return Translations.load(TRANSLATIONS, [language]) if language == TRANSLATED else NullTranslations()


def _require_catalogue() -> None:
    if not _COMPILED.exists():
        raise ConfigurationError(
            "页面的英文目录没有编译，请运行 make setup。The English catalogue of the pages is not compiled: run make setup."
        )
