"""The English catalogue of the pages: compiles it, or brings it in step with the texts that templates and code hold.

python tools/translations.py             compile (make setup and the image do)
python tools/translations.py --update    take in new texts, drop those that nobody uses, then compile
"""

import argparse
import io
import sys
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
PO = ROOT / "verify_web" / "translations" / "en" / "LC_MESSAGES" / "messages.po"
MO = PO.with_suffix(".mo")
ROOMS = ("verify_web", "gateway/console", "gateway/elicence")
_METHODS = [("**.py", "python"), ("**.html", "jinja2")]
_CONTEXT = ((1, "c"), 2)
_KEYWORDS = {**DEFAULT_KEYWORDS, "_l": None, "_lp": _CONTEXT, "pgettext": _CONTEXT}
_WIDTH = 118


def catalogue() -> Catalog:
    """The catalogue as it is kept."""
    with PO.open("rb") as file:
        return read_po(file, locale="en")


def extracted() -> Catalog:
    """Every text that a page may show, with the files that show it."""
    found = Catalog(locale="en")
    for room in ROOMS:
        texts = extract_from_dir(ROOT / room, _METHODS, keywords=_KEYWORDS)
        for name, _line, message, comments, context in sorted(texts, key=lambda text: text[:2]):
            found.add(message, None, [(f"{room}/{name}", 1)], auto_comments=comments, context=context)
    return found


def updated() -> Catalog:
    """The catalogue with every text that is used and no other; what is new has no English yet."""
    kept = catalogue()
    kept.update(extracted(), no_fuzzy_matching=True, update_creation_date=False)
    return kept


def written(kept: Catalog) -> bytes:
    """The file: without line numbers, so that it changes with the texts only."""
    buffer = io.BytesIO()
    write_po(buffer, kept, width=_WIDTH, sort_by_file=True, include_lineno=False, ignore_obsolete=True)
    return buffer.getvalue()


def compiled() -> bytes:
    """What gettext reads."""
    buffer = io.BytesIO()
    write_mo(buffer, catalogue())
    return buffer.getvalue()


def main() -> None:
    """Update where that is asked, then compile; ends with 1 while texts lack their English."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--update", action="store_true", help="take in new texts, drop unused ones")
    if parser.parse_args().update:
        PO.write_bytes(written(updated()))
    MO.write_bytes(compiled())
    print(f"{len(catalogue())} texts are compiled into {MO.relative_to(ROOT)}")
    missing = [message.id for message in catalogue() if not message.string]
    if missing:
        sys.exit("\n".join(["without English in " + str(PO.relative_to(ROOT)), *map(str, missing)]))


if __name__ == "__main__":
    main()
