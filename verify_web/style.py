"""The style sheet, inlined into each page: one round trip on a slow phone, allowed by its digest alone."""

import base64
import hashlib
import re
from pathlib import Path

from markupsafe import Markup

_FILE = Path(__file__).parent / "style.css"


def _minified(text: str) -> str:
    """Without comments and indentation; what is left means the same."""
    return re.sub(r"\s+", " ", re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)).strip()


_TEXT = _minified(_FILE.read_text(encoding="utf-8"))
STYLE = Markup(_TEXT)  # noqa: S704 # our own file, not a reader's words
"""What stands between the style tags."""

STYLE_SOURCE = f"'sha256-{base64.b64encode(hashlib.sha256(_TEXT.encode()).digest()).decode()}'"
"""The one source that the content security policy allows for styles (CSP Level 3, 2.3.1)."""
