"""The table of the corpus as Markdown, for docs/verification-process.md."""

from pathlib import Path

from tests.corpus.case import rows

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "verification-process.md"
BEGIN = "<!-- corpus: made by `python -m tests.corpus --markdown` -->"
END = "<!-- /corpus -->"
TITLES = {
    "usf": "Universal signature forgery",
    "isa": "Incremental saving",
    "swa": "Signature wrapping",
    "shadow": "Shadow attacks",
    "annotations": "Evil annotations, sneaky signatures, certification",
    "acceptance": "Acceptance by the holder",
    "cms_oddities": "CMS",
    "timestamps": "Time-stamps and proof of existence",
    "revocation": "Revocation",
    "chains": "Certification paths",
    "flavours": "GM flavours B and C, unknown kinds",
    "long_term": "Evidence, archives, dual signatures, stock pyHanko",
    "structure": "Structure",
    "bombs": "Bombs",
}


def table():
    """The block between the marks, marks included."""
    parts = [BEGIN]
    for group, title in TITLES.items():
        parts += ["", f"### {title}", "", "| file | what was done | signatures | answer |", "|---|---|---|---|"]
        parts += [_line(row) for row in rows().values() if row.group == group]
    return "\n".join([*parts, "", END])


def in_document(text):
    """The block as it stands in a document; the empty string when there is none."""
    if BEGIN not in text or END not in text:
        return ""
    return text[text.index(BEGIN) : text.index(END) + len(END)]


def put_into(text):
    """The document with the block brought up to date."""
    return text.replace(in_document(text), table(), 1)


def _line(row):
    genuine, status, reason = map(_choice, row.answer)
    said = f"{genuine}, exit {status}{f', {reason}' if reason else ''}"
    done = f"{row.attack} *{row.why}*" if row.why else row.attack
    return f"| `{row.id}` | {done} | {_signatures(row)} | {said} |"


def _signatures(row):
    if row.signatures is None:
        return "–"
    lines = []
    for indication, sub_indication, *_ in row.signatures:
        named = _choice(sub_indication)
        lines.append(f"{_choice(indication)} / {named}" if named and named != "*" else _choice(indication))
    return "; ".join(lines) or "none"


def _choice(expected):
    return " or ".join(part for part in expected.split("|") if part)
