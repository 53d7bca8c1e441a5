"""The style sheets, inlined into each page: one round trip on a slow phone, allowed by their digests alone."""

import base64
import hashlib
import re
from pathlib import Path

from markupsafe import Markup

_ANSWERS = Path(__file__).parent / "style.css"
SHEETS = (_ANSWERS, Path(__file__).parent / "forms.css")


def inlined(*sheets: Path) -> tuple[Markup, str]:
    """What stands between the style tags, and the one source of styles that the content security policy allows then
    (CSP Level 3, 2.3.1).
    """
    text = " ".join(_minified(sheet.read_text(encoding="utf-8")) for sheet in sheets)
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return Markup(text), f"'sha256-{digest}'"  # noqa: S704 # our own files, not a reader's words


def _minified(text: str) -> str:
    """Without comments and indentation; what is left means the same."""
    return re.sub(r"\s+", " ", re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)).strip()


STYLE, STYLE_SOURCE = inlined(*SHEETS)
ANSWER_STYLE, ANSWER_STYLE_SOURCE = inlined(_ANSWERS)
"""For lists and licences, which a slow phone is to show within its first second."""
