"""The human report as one HTML file that needs nothing else: no script, no link, no foreign font."""

import base64
import hashlib
import re
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from gateway.domain.human_report import HumanReport
from gateway.domain.report_words import CONCLUSIONS
from gateway.domain.verdicts import Tone
from signing.validation.report import Conclusion
from verify_web.catalogue import environment_words
from verify_web.language import TONGUES, chooser, other_tongue

_HERE = Path(__file__).parent
_TEXT = re.sub(r"\s+", " ", (_HERE / "report.css").read_text(encoding="utf-8")).strip()
_TONES = {
    Conclusion.PASSED: Tone.GOOD,
    Conclusion.FAILED: Tone.BAD,
    Conclusion.INDETERMINATE: Tone.WARNING,
    Conclusion.NOT_APPLICABLE: Tone.UNKNOWN,
}

REPORT_STYLE_SOURCE = f"'sha256-{base64.b64encode(hashlib.sha256(_TEXT.encode()).digest()).decode()}'"
"""The one source of styles that the report's policy allows (CSP Level 3, 2.3.1)."""

REPORT_POLICY = (
    f"default-src 'none'; style-src {REPORT_STYLE_SOURCE}; img-src data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
"""The content security policy under which a report is served; the pictures of changed pages are inside it."""


def render_report_html(report: HumanReport, language: str, number: str | None) -> bytes:
    """The report in ``language`` (``zh`` or ``en``), UTF-8."""
    text = (
        _environment(language)
        .get_template("report_document.html")
        .render(
            report=report,
            number=number or "",
            say=chooser(language),
            tongue=TONGUES[language],
            other_tongue=other_tongue(language),
            of=lambda words: words.in_language(language),
            conclusions=CONCLUSIONS,
            style=Markup(_TEXT),  # noqa: S704 # our own file, not a reader's words
            style_source=Markup(REPORT_STYLE_SOURCE),  # noqa: S704 # as above
        )
    )
    return text.encode()


@cache
def _environment(language: str) -> Environment:
    """Needs no request, so that the command line writes the same file."""
    environment = Environment(loader=FileSystemLoader(_HERE / "templates"), autoescape=True, undefined=StrictUndefined)
    environment_words(environment, language)
    environment.filters["data_uri"] = _data_uri
    environment.filters["tone"] = lambda conclusion: _TONES[conclusion]
    return environment


def _data_uri(png: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"
