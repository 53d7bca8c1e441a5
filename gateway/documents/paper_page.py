"""The paper counterparts (正本, 副本): print-ready, for the blank form and the real seal."""

from datetime import datetime

from gateway.documents.canvas import MM, Canvas
from gateway.documents.face import LicenceFace
from gateway.documents.fonts import BODY, LABEL, FontLibrary
from gateway.documents.frame import WIDTH, ellipse
from gateway.documents.licence_page import (
    GREY,
    LEFT,
    NOTE_BASELINE,
    RIGHT,
    SEAL_CENTRE,
    draw_face,
    finished_page,
    new_canvas,
)
from gateway.documents.pdf_writer import write_pdf

_SEAL_DIAMETER = 42.0
_SERIAL_ROOM = 52.0
"""Width of the ruled place for the serial number of the blank form, millimetres."""


def render_paper(fonts: FontLibrary, face: LicenceFace, *, created_at: datetime, copy_number: int = 0) -> bytes:
    """The print-ready original (``copy_number`` 0, 正本) or a numbered duplicate (副本) as PDF/A-3b, unsigned.

    FaceError as for the electronic form.
    """
    canvas = new_canvas(fonts)
    qr = draw_face(canvas, face)
    canvas.centred(f"（副本{copy_number}）" if copy_number else "（正本）", WIDTH / 2, 151.5, 14, BODY)
    _seal_place(canvas)
    _serial_place(canvas)
    return write_pdf(finished_page(canvas, face, qr, created_at))


def _seal_place(canvas: Canvas) -> None:
    """A faint dashed circle where the real seal goes."""
    x, y = SEAL_CENTRE
    canvas.raw(f"q 0.4 w 0.78 0.78 0.78 RG [2.5 3] 0 d {ellipse(x, y, _SEAL_DIAMETER / 2, _SEAL_DIAMETER / 2)} S Q")
    canvas.centred("（盖章处）", x, y - 16.5, 8, LABEL, colour=GREY)


def _serial_place(canvas: Canvas) -> None:
    """The ruled place where the blank form's serial number (印制编号) is written or printed."""
    label = "印制编号："
    start = RIGHT - _SERIAL_ROOM - canvas.width(label, 8, LABEL)
    canvas.text(label, start, NOTE_BASELINE, 8, LABEL, colour=GREY)
    y = (NOTE_BASELINE - 0.7) * MM
    canvas.raw(f"q 0.5 w {GREY} RG {(RIGHT - _SERIAL_ROOM) * MM:.2f} {y:.2f} m {RIGHT * MM:.2f} {y:.2f} l S Q")
    canvas.text("纸质证照加盖发证机关印章后有效", LEFT, NOTE_BASELINE, 8, LABEL, colour=GREY)
