"""The paper counterpart (正本): print-ready, for the blank form and the real seal."""

from datetime import datetime

from gateway.documents.canvas import MM, Canvas
from gateway.documents.face import LicenceFace
from gateway.documents.fonts import LABEL, FontLibrary
from gateway.documents.licence_page import SEAL_CENTRE, WIDTH, draw_face
from gateway.documents.pdf_writer import PageContent, write_pdf

_GREY = "0.45 0.45 0.45"
_SEAL_DIAMETER = 42.0
_CIRCLE = 0.5523
"""Length of the Bézier handles that make a quarter circle."""


def render_paper(fonts: FontLibrary, face: LicenceFace, *, created_at: datetime) -> bytes:
    """The print-ready original as PDF/A, unsigned. FaceError as for the electronic form."""
    canvas = Canvas(fonts)
    qr = draw_face(canvas, face)
    canvas.raw(_seal_place())
    note = "（盖章处）"
    canvas.centred(note, SEAL_CENTRE[0], SEAL_CENTRE[1] - 16, 8, LABEL, colour=_GREY)
    canvas.text("正本", 32, 22.6, 8, LABEL, colour=_GREY)
    label = "印制编号："
    start = WIDTH - 32 - 62
    canvas.text(label, start, 22.6, 8, LABEL, colour=_GREY)
    line_from = start + canvas.width(label, 8, LABEL)
    canvas.raw(f"q 0.5 w {_GREY} RG {line_from * MM:.2f} {22 * MM:.2f} m {(WIDTH - 32) * MM:.2f} {22 * MM:.2f} l S Q")
    stream, subset = canvas.finish()
    return write_pdf(PageContent(stream, subset, qr, face.title, face.licence_identifier, created_at))


def _seal_place() -> str:
    """A faint dashed circle where the real seal goes."""
    x, y, r = SEAL_CENTRE[0] * MM, SEAL_CENTRE[1] * MM, _SEAL_DIAMETER / 2 * MM
    k = r * _CIRCLE
    return (
        f"q 0.4 w 0.8 0.8 0.8 RG [3 3] 0 d {x + r:.2f} {y:.2f} m "
        f"{x + r:.2f} {y + k:.2f} {x + k:.2f} {y + r:.2f} {x:.2f} {y + r:.2f} c "
        f"{x - k:.2f} {y + r:.2f} {x - r:.2f} {y + k:.2f} {x - r:.2f} {y:.2f} c "
        f"{x - r:.2f} {y - k:.2f} {x - k:.2f} {y - r:.2f} {x:.2f} {y - r:.2f} c "
        f"{x + k:.2f} {y - r:.2f} {x + r:.2f} {y - k:.2f} {x + r:.2f} {y:.2f} c S Q"
    )
