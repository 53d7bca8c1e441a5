"""The page of a licence, A4 landscape, and its electronic form."""

import string
from datetime import datetime
from functools import lru_cache

from gateway.documents.canvas import INK, MM, Canvas
from gateway.documents.face import FaceError, LicenceFace, SealPicture, chinese_date
from gateway.documents.face_layout import LABEL_EMS, VALUE_EMS, Cell, lay_out
from gateway.documents.fonts import BODY, LABEL, TITLE, FontLibrary
from gateway.documents.frame import HEIGHT, RED, WIDTH, frame_stream
from gateway.documents.pdf_writer import Page, SignatureSpec, write_prepared_pdf
from gateway.documents.qr_drawing import QrSymbol, encode_qr
from gateway.documents.signature_mark import ACCEPTANCE_HEIGHT_MM, WIDTH_MM
from gateway.documents.signature_objects import Attachment
from gateway.documents.text_layout import break_lines
from signing.keys import PreparedPdf

LEFT, RIGHT = 34.0, WIDTH - 34.0
"""Edges of everything that is set, millimetres."""

QR_MM = 25.0
"""Side of the QR code without its quiet zone."""

QR_LEFT, QR_BOTTOM = LEFT, 32.0
SEAL_CENTRE = (222.0, 50.0)
"""Over the name of the authority and the date (骑年盖月)."""

SEAL_LIMIT_MM = 60.0
"""The largest seal that stays within the frame."""

ACCEPTANCE_PLACE = (LEFT, 59.2, WIDTH_MM, ACCEPTANCE_HEIGHT_MM)
"""Where the holder's countersignature is seen: between the body and the QR code. Nothing is printed there before."""

NOTE_BASELINE = 23.6
GREY = "0.32 0.32 0.32"
_BODY_TOP, _BODY_BOTTOM = 144.0, 76.0
_TITLE_SIZES = (36.0, 18.0)
_TITLE_SPACING = 0.32
"""Ems between the characters of a title."""

_LABEL_CHARACTERS = string.digits + string.ascii_uppercase + "."
"""What identifiers are made of: with them, the labels' subset is the same for every licence of a type."""

_BODY_CHARACTERS = string.digits + "（正副本）"
"""What the papers alone show: with them, all forms of a licence share one subset."""

_WIDEST_WORD_GAP = 0.25
"""Lines are spread to the full measure by at most this, in ems."""


def render_electronic(
    fonts: FontLibrary,
    face: LicenceFace,
    seal: SealPicture,
    *,
    attachment: bytes,
    attachment_name: str = "licence.json",
    created_at: datetime,
    has_second_signature: bool = False,
) -> PreparedPdf:
    """The electronic licence as PDF/A-3b, prepared for the authority's certification signature.

    An empty field stays for the countersignature by which the holder accepts it, and with ``has_second_signature`` one
    before it for the authority's signature by another algorithm.

    ``attachment`` is the machine-readable licence, JSON in UTF-8; ``created_at``, aware, is also the claimed time of
    the signature. FaceError when the face does not fit, has a character in no font, or needs too large a QR code.
    """
    if not 0 < max(seal.width_mm, seal.height_mm) <= SEAL_LIMIT_MM:
        raise FaceError(f"印章尺寸 {seal.width_mm}×{seal.height_mm} mm 超出版面。The seal is too large for the page.")
    canvas = new_canvas(fonts)
    qr = draw_face(canvas, face)
    canvas.text("本电子证照与纸质证照具有同等法律效力", LEFT, NOTE_BASELINE, 8, LABEL, colour=GREY)
    signature = SignatureSpec(
        seal=seal,
        centre=SEAL_CENTRE,
        signer_name=face.issuing_authority,
        reason=f"签发{face.title}",
        has_second=has_second_signature,
        acceptance_place=ACCEPTANCE_PLACE,
    )
    page = finished_page(canvas, face, qr, created_at)
    return write_prepared_pdf(page, signature, Attachment(attachment_name, attachment, "证照数据 licence data"))


def new_canvas(fonts: FontLibrary) -> Canvas:
    """An empty page of a licence."""
    return Canvas(fonts, {LABEL: _LABEL_CHARACTERS, BODY: _BODY_CHARACTERS})


def finished_page(canvas: Canvas, face: LicenceFace, qr: QrSymbol, created_at: datetime) -> Page:
    """What the writer needs of a page that was drawn."""
    content, subsets = canvas.finish()
    return Page(
        size_mm=(WIDTH, HEIGHT),
        background=frame_stream(),
        content=content,
        fonts=subsets,
        qr=qr,
        title=f"{face.title} {face.licence_number}",
        identifier=face.licence_identifier,
        created_at=created_at,
    )


def draw_face(canvas: Canvas, face: LicenceFace) -> QrSymbol:
    """Everything that the electronic and the paper form share; gives the QR code that was drawn."""
    drawn, qr = _drawn(canvas.fonts, face)
    canvas.draw(drawn)
    return qr


@lru_cache(maxsize=16)
def _drawn(fonts: FontLibrary, face: LicenceFace) -> tuple[Canvas, QrSymbol]:
    """Laid out once, for every form of the same licence."""
    canvas = Canvas(fonts)
    if face.watermark:
        _watermark(canvas, face.watermark)
    _heading(canvas, face)
    _body(canvas, face)
    _issue_block(canvas, face)
    return canvas, _qr_block(canvas, face)


def _heading(canvas: Canvas, face: LicenceFace) -> None:
    room = RIGHT - LEFT
    spaced_out = 1 + _TITLE_SPACING
    size = canvas.fitted_size(face.title, room / spaced_out, _TITLE_SIZES, TITLE, name="证照名称")
    with canvas.spoken(face.title):
        canvas.centred(face.title, WIDTH / 2, 163.5, size, TITLE, spacing=_TITLE_SPACING * size, colour=RED)
    number = f"编号：{face.licence_number}"
    size = canvas.fitted_size(number, room, (11.5, 7.5), BODY, name="证照编号")
    canvas.text(number, RIGHT - canvas.width(number, size, BODY), 151.5, size, BODY)


def _body(canvas: Canvas, face: LicenceFace) -> None:
    area = _BODY_TOP - _BODY_BOTTOM
    setting = lay_out(face.lines(), RIGHT - LEFT, area, lambda text, size: canvas.width(text, size, BODY))
    # Short faces are spread, but not so far that the lines no longer belong together; what is left then goes above and below.
    spread = min((area - setting.height) / len(setting.rows), 0.9 * setting.leading)
    left_over = area - setting.height - spread * len(setting.rows)
    gap = setting.gap + spread
    y = _BODY_TOP - setting.size / MM - 0.4 * left_over
    for row in setting.rows:
        for cell in row:
            _cell(canvas, cell, y, setting.size, setting.leading)
        y -= max(len(cell.lines) for cell in row) * setting.leading + gap


def _cell(canvas: Canvas, cell: Cell, y: float, size: float, leading: float) -> None:
    x = LEFT + cell.left
    _label(canvas, cell.label, x, y, size)
    for number, line in enumerate(cell.lines):
        spacing = 0.0
        if number < len(cell.lines) - 1 and len(line) > 1:
            spare = cell.room - canvas.width(line, size, BODY)
            spacing = min(spare * MM / (len(line) - 1), _WIDEST_WORD_GAP * size)
        canvas.text(line, x + VALUE_EMS * size / MM, y - number * leading, size, BODY, spacing=spacing)


def _label(canvas: Canvas, label: str, x: float, y: float, size: float) -> None:
    """Labels are justified to one width, as on printed forms; those of seven characters or more stand in two lines."""
    room = LABEL_EMS * size / MM
    with canvas.spoken(f"{label}："):
        if canvas.fonts.width(label, LABEL) <= LABEL_EMS + 1:
            _justified(canvas, label, x, y, size, room)
        else:
            small = size * 0.78
            middle = (len(label) + 1) // 2
            _justified(canvas, label[:middle], x, y + 0.47 * size / MM, small, room)
            _justified(canvas, label[middle:], x, y - 0.41 * size / MM, small, room)
        canvas.text("：", x + room + 0.05 * size / MM, y, size, LABEL, colour=RED)


def _justified(canvas: Canvas, text: str, x: float, y: float, size: float, room: float) -> None:
    """``text`` spread to ``room`` mm, or set smaller when it is wider."""
    natural = canvas.width(text, size, LABEL)
    if natural > room:
        size *= room / natural
        natural = room
    spacing = (room - natural) * MM / max(len(text) - 1, 1)
    canvas.text(text, x, y, size, LABEL, spacing=spacing, colour=RED)


def _issue_block(canvas: Canvas, face: LicenceFace) -> None:
    """The authority's name and the date, centred where the seal goes."""
    centre = SEAL_CENTRE[0]
    room = 2 * (RIGHT - centre)
    canvas.text("发证机关", centre - room / 2, 65, 10.5, LABEL, colour=RED)
    name, lines = face.issuing_authority, 1 if canvas.width(face.issuing_authority, 11, BODY) <= room else 2
    size = canvas.fitted_size(name, room * lines * 0.95, (14, 8), BODY, name="发证机关")
    leading = size * 1.3 / MM
    for number, line in enumerate(break_lines(name, room, lambda text: canvas.width(text, size, BODY))):
        canvas.centred(line, centre, 54.5 + ((lines - 1) / 2 - number) * leading, size, BODY)
    canvas.centred(chinese_date(face.issued_on), centre, 42.5, 13, BODY, spacing=0.6)


def _qr_block(canvas: Canvas, face: LicenceFace) -> QrSymbol:
    qr = encode_qr(face.qr_text)
    side = QR_MM * MM
    canvas.raw(f"q 0 0 0 rg {side:.3f} 0 0 {side:.3f} {QR_LEFT * MM:.3f} {QR_BOTTOM * MM:.3f} cm /Q Do Q")
    x = QR_LEFT + QR_MM + 5
    room = SEAL_CENTRE[0] - SEAL_LIMIT_MM / 2 - x
    canvas.text("扫描二维码核验真伪与状态", x, QR_BOTTOM + 21.6, 10, LABEL, colour=INK)
    address = f"核验网址　{face.verify_url}"
    size = canvas.fitted_size(address, room, (8.5, 6), LABEL, name="核验网址")
    canvas.text(address, x, QR_BOTTOM + 15.2, size, LABEL, colour=GREY)
    canvas.text("证照标识", x, QR_BOTTOM + 9.0, 8.5, LABEL, colour=GREY)
    for number, line in enumerate(_halves(face.licence_identifier)):
        size = canvas.fitted_size(line, room, (8.5, 6), LABEL, name="证照标识")
        canvas.text(line, x, QR_BOTTOM + 4.7 - 4.2 * number, size, LABEL, colour=GREY)
    return qr


def _halves(identifier: str) -> tuple[str, str]:
    """An identifier cut after the dot that is nearest to its middle."""
    dots = [index + 1 for index, character in enumerate(identifier) if character == "."]
    cut = min(dots, key=lambda index: abs(index - len(identifier) / 2), default=len(identifier))
    return identifier[:cut], identifier[cut:]


def _watermark(canvas: Canvas, text: str) -> None:
    """Pale letters under everything else: opaque, so that no viewer needs transparency for them."""
    size = canvas.fitted_size(text, 190, (100, 20), TITLE, name="水印")
    canvas.raw(f"q 0.921 0.391 -0.391 0.921 {WIDTH / 2 * MM:.2f} {HEIGHT / 2 * MM:.2f} cm")
    canvas.centred(text, 0, -size * 0.36 / MM, size, TITLE, colour="0.89 0.89 0.89")
    canvas.raw("Q")
