"""The page of a purpose copy (加注件): the licence's face, and across it for whom, for what and until when.

It bears no seal: who looks at it must not take it for the original.
"""

from dataclasses import dataclass
from datetime import date, datetime
from functools import partial

from gateway.documents.canvas import MM, Canvas
from gateway.documents.face import LicenceFace, chinese_date
from gateway.documents.fonts import BODY, LABEL, TITLE, FontLibrary
from gateway.documents.frame import RED, WIDTH
from gateway.documents.licence_page import LEFT, NOTE_BASELINE, RIGHT, SEAL_CENTRE, draw_face, finished_page, new_canvas
from gateway.documents.pdf_writer import SignatureSpec, write_prepared_pdf
from gateway.documents.signature_objects import Attachment
from gateway.documents.text_layout import break_lines
from signing.keys import PreparedPdf

SIGNATURE_FIELD = "PurposeCopy"
_NOTE_TOP, _NOTE_LEADING, _NOTE_SIZE = NOTE_BASELINE + 4.4, 3.2, 7.0
_MARK_SIZES = (13.0, 11.0, 9.0, 7.5)
"""Points; the largest at which a block stays within its room."""
_MARK_WIDTH, _MARK_HEIGHT = 80.0, 30.0
"""Room of one block of the watermark, millimetres along and across its slope."""
_MARK_COLOUR = "0.83 0.83 0.85"
"""Dark enough to be read and to survive a photocopier, pale enough to leave the face its contrast."""
_MARK_SLOPE = (0.921, 0.391)
_MARK_PLACES = tuple((x, y) for y in (44.0, 100.0, 156.0) for x in (62.0, 148.5, 235.0))


@dataclass(frozen=True)
class CopyNote:
    """What is printed across and below the face."""

    user_name: str
    purpose: str
    expires_on: date
    copy_id: str


def render_copy(
    fonts: FontLibrary,
    face: LicenceFace,
    note: CopyNote,
    *,
    attachment: Attachment,
    signer_name: str,
    created_at: datetime,
) -> PreparedPdf:
    """The copy as PDF/A-3b, prepared for the gateway's certification signature, which has no picture.

    FaceError when something does not fit or has a character in no font.
    """
    canvas = new_canvas(fonts)
    _watermark(canvas, note)
    qr = draw_face(canvas, face)
    canvas.centred("（加注件）", WIDTH / 2, 151.5, 14, BODY, colour=RED)
    _not_the_original(canvas)
    _note(canvas, note)
    signature = SignatureSpec(
        seal=None,
        centre=(0, 0),
        signer_name=signer_name,
        reason="加注件 purpose copy",
        field_name=SIGNATURE_FIELD,
    )
    return write_prepared_pdf(finished_page(canvas, face, qr, created_at), signature, attachment)


def _watermark(canvas: Canvas, note: CopyNote) -> None:
    """Blocks of pale letters under everything else, so that no part of the face can be cut out without one."""
    size, lines = _set_mark(canvas, note)
    leading = 1.4 * size / MM
    along, up = _MARK_SLOPE
    for x, y in _MARK_PLACES:
        canvas.raw(f"q {along} {up} {-up} {along} {x * MM:.2f} {y * MM:.2f} cm")
        for number, line in enumerate(lines):
            below = ((len(lines) - 1) / 2 - number) * leading - 0.3 * size / MM
            canvas.centred(line, 0, below, size, TITLE, colour=_MARK_COLOUR)
        canvas.raw("Q")


def _set_mark(canvas: Canvas, note: CopyNote) -> tuple[float, list[str]]:
    """Size in points and lines of one block."""
    texts = (f"仅供 {note.user_name}", f"用于 {note.purpose}", f"{chinese_date(note.expires_on)}前有效")
    size, lines = _MARK_SIZES[0], list(texts)
    for size in _MARK_SIZES:
        measure = partial(canvas.width, size=size, role=TITLE)
        lines = [line for text in texts for line in break_lines(text, _MARK_WIDTH, measure)]
        if len(lines) * 1.4 * size / MM <= _MARK_HEIGHT:
            break
    return size, lines


def _not_the_original(canvas: Canvas) -> None:
    """A box where the original bears its seal."""
    x, y, width, height = SEAL_CENTRE[0] - 27, SEAL_CENTRE[1] - 19.3, 54.0, 9.0
    canvas.raw(f"q 0.8 w {RED} RG {x * MM:.2f} {y * MM:.2f} {width * MM:.2f} {height * MM:.2f} re S Q")
    canvas.centred("加注件 · 非原件", SEAL_CENTRE[0], y + 4.9, 9.5, LABEL, colour=RED)
    canvas.centred("PURPOSE COPY, NOT THE ORIGINAL", SEAL_CENTRE[0], y + 1.6, 6.5, LABEL, colour=RED)


def _note(canvas: Canvas, note: CopyNote) -> None:
    """Below the face: the terms in full, on two lines at most, and the number."""
    terms = f"本加注件仅供“{note.user_name}”用于“{note.purpose}”，使用期限至{chinese_date(note.expires_on)}，他用无效。"
    lines = break_lines(terms, RIGHT - LEFT, lambda part: canvas.width(part, _NOTE_SIZE, LABEL))
    lines.append(f"加注件编号 {note.copy_id}　真伪与原证照现状以核验结果为准")
    for number, line in enumerate(lines):
        canvas.text(line, LEFT, _NOTE_TOP - number * _NOTE_LEADING, _NOTE_SIZE, LABEL, colour=RED)
