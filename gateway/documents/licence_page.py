"""The page of a licence, A4 landscape, and its electronic form."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from gateway.documents.canvas import MM, Canvas
from gateway.documents.face import FaceError, FaceItem, LicenceFace, SealPicture, chinese_date
from gateway.documents.fonts import BODY, LABEL, TITLE, FontLibrary
from gateway.documents.pdf_writer import (
    A4_LANDSCAPE,
    Attachment,
    PageContent,
    SignatureSpec,
    write_prepared_pdf,
)
from gateway.documents.qr_drawing import QrSymbol, encode_qr
from gateway.documents.text_layout import break_lines
from signing.keys import PreparedPdf

WIDTH, HEIGHT = A4_LANDSCAPE
QR_MM = 25.0
"""Side of the QR code without its quiet zone."""
QR_LEFT, QR_BOTTOM = 32.0, 31.0
SEAL_CENTRE = (223.0, 50.0)
_LEFT, _RIGHT = 32.0, WIDTH - 32.0
_LABEL_WIDTH = 40.0
_BODY_TOP, _BODY_BOTTOM = 143.0, 74.0
_SIZES = (14.0, 13.0, 12.0, 11.0, 10.0, 9.0, 8.0, 7.0)
"""Body sizes in points, tried in turn until the face fits."""
_LEADING = 1.45
_GAP = 0.42
"""Extra space between items, in lines."""
_RED = "0.66 0.11 0.13"
_GREY = "0.35 0.35 0.35"


_Place = Callable[[float, float], tuple[float, float]]


@dataclass(frozen=True)
class _Setting:
    """The body of a face broken into lines at one size."""

    size: float
    items: list[tuple[str, list[str]]]

    @property
    def height(self) -> float:
        """Millimetres."""
        lines = sum(len(value) + _GAP for _, value in self.items) - _GAP
        return lines * self.size * _LEADING / MM


def render_electronic(
    fonts: FontLibrary,
    face: LicenceFace,
    seal: SealPicture,
    *,
    attachment: bytes,
    attachment_name: str,
    created_at: datetime,
) -> PreparedPdf:
    """The electronic licence as PDF/A-3b, prepared for the authority's certification signature.

    FaceError when the face does not fit, has a character in no font, or needs too large a QR code.
    """
    canvas = Canvas(fonts)
    qr = draw_face(canvas, face)
    canvas.text("本电子证照与纸质证照具有同等法律效力", _LEFT, 22.6, 8, LABEL, colour=_GREY)
    stream, subset = canvas.finish()
    page = PageContent(stream, subset, qr, face.title, face.licence_identifier, created_at)
    signature = SignatureSpec(
        seal=seal, centre=SEAL_CENTRE, signer_name=face.issuing_authority, reason=f"签发{face.title}"
    )
    return write_prepared_pdf(page, signature, Attachment(attachment_name, attachment, "证照数据"))


def draw_face(canvas: Canvas, face: LicenceFace) -> QrSymbol:
    """Everything that the electronic and the paper form share; gives the QR code that was drawn."""
    canvas.raw(_border())
    if face.watermark:
        _watermark(canvas, face.watermark)
    spacing = 10 if len(face.title) <= 10 else 4  # noqa: PLR2004 - long titles are set closer
    size = min(34.0, 0.98 * (_RIGHT - _LEFT) * MM / (len(face.title) * (1 + spacing / 34)))
    canvas.centred(face.title, WIDTH / 2, 163, size, TITLE, spacing=spacing, colour=_RED)
    number = f"编号：{face.licence_number}"
    canvas.text(number, _RIGHT - canvas.width(number, 11, BODY), 151.5, 11, BODY)
    _body(canvas, face.lines())
    _issue_block(canvas, face)
    return _qr_block(canvas, face)


def _body(canvas: Canvas, items: tuple[FaceItem, ...]) -> None:
    setting = _fit(canvas, items)
    leading = setting.size * _LEADING / MM
    # Short faces are spread a little, up to twice the gap, so that the page does not look empty at the foot.
    spare = max(0.0, _BODY_TOP - _BODY_BOTTOM - setting.height)
    gap = _GAP * leading + min(spare / max(len(items), 1), 1.1 * leading)
    y = _BODY_TOP - setting.size * 0.9 / MM
    for label, lines in setting.items:
        _label(canvas, label, y, setting.size)
        for line in lines:
            canvas.text(line, _LEFT + _LABEL_WIDTH, y, setting.size, BODY)
            y -= leading
        y -= gap


def _fit(canvas: Canvas, items: tuple[FaceItem, ...]) -> _Setting:
    width = _RIGHT - _LEFT - _LABEL_WIDTH
    for size in _SIZES:
        setting = _Setting(size, [(item.label, _broken(canvas, item.value, width, size)) for item in items])
        if setting.height <= _BODY_TOP - _BODY_BOTTOM:
            return setting
    longest = max(items, key=lambda item: len(item.value))
    raise FaceError(f"照面内容过长，“{longest.label}”有 {len(longest.value)} 字。The face is too long for one page.")


def _broken(canvas: Canvas, value: str, width: float, size: float) -> list[str]:
    return break_lines(value, width, lambda text: canvas.width(text, size, BODY))


def _label(canvas: Canvas, label: str, y: float, size: float) -> None:
    """Labels are justified to one width, as on printed forms; long ones are set smaller."""
    room = _LABEL_WIDTH - 8
    natural = canvas.width(label, size, LABEL)
    if natural > room:
        size *= room / natural
        natural = room
    spacing = 0.0 if len(label) == 1 else (room - natural) * MM / (len(label) - 1)
    canvas.text(label, _LEFT, y, size, LABEL, spacing=max(spacing, 0), colour=_RED)
    canvas.text("：", _LEFT + room + 0.6, y, size, LABEL, colour=_RED)


def _issue_block(canvas: Canvas, face: LicenceFace) -> None:
    size = min(14.0, 14.0 * 74 / max(canvas.width(face.issuing_authority, 14, BODY), 74))
    canvas.text("发证机关", SEAL_CENTRE[0] - 37, 63, 10, LABEL, colour=_RED)
    canvas.centred(face.issuing_authority, SEAL_CENTRE[0], 53, size, BODY)
    canvas.centred(chinese_date(face.issued_on), SEAL_CENTRE[0], 43, 13, BODY, spacing=1)


def _qr_block(canvas: Canvas, face: LicenceFace) -> QrSymbol:
    qr = encode_qr(face.qr_text)
    side = QR_MM * MM
    canvas.raw(f"q 0 0 0 rg {side:.3f} 0 0 {side:.3f} {QR_LEFT * MM:.3f} {QR_BOTTOM * MM:.3f} cm /Q Do Q")
    x = QR_LEFT + QR_MM + 5
    canvas.text("扫描二维码核验真伪与状态", x, QR_BOTTOM + 20.5, 9, LABEL)
    canvas.text(f"核验网址  {face.verify_url}", x, QR_BOTTOM + 14.5, 8, LABEL, colour=_GREY)
    canvas.text("证照标识", x, QR_BOTTOM + 8.5, 8, LABEL, colour=_GREY)
    root, rest = face.licence_identifier[:15], face.licence_identifier[15:]
    type_code, _, tail = rest.partition(".")
    canvas.text(f"{root}{type_code}.", x, QR_BOTTOM + 4.6, 7.5, LABEL, colour=_GREY)
    canvas.text(tail, x, QR_BOTTOM + 1, 7.5, LABEL, colour=_GREY)
    return qr


def _watermark(canvas: Canvas, text: str) -> None:
    canvas.raw("q /W gs 0.94 0.34 -0.34 0.94 120 60 cm")
    canvas.text(text, 20, 40, 110, TITLE, spacing=30, colour="0.4 0.4 0.4")
    canvas.raw("Q")


@cache
def _border() -> str:
    """A double frame with a band of fine waves between, as printed permits have."""
    parts = [f"q {_RED} RG"]
    for inset, width in ((11.0, 1.6), (12.2, 0.35), (18.6, 0.35), (19.4, 0.9)):
        parts.append(
            f"{width} w {inset * MM:.2f} {inset * MM:.2f} {(WIDTH - 2 * inset) * MM:.2f} {(HEIGHT - 2 * inset) * MM:.2f} re S"
        )
    parts.append("0.25 w 0.78 0.42 0.40 RG")
    for phase in range(3):
        parts += _waves(phase / 3)
    parts.append("Q")
    return "\n".join(parts)


def _waves(phase: float) -> list[str]:
    """Sine-like curves along the four sides of the band, drawn as one Bézier per half wave."""
    low, high, half, corner = 13.0, 17.8, 4.0, 18.6
    paths = []
    sides: tuple[tuple[float, _Place], ...] = (
        (WIDTH, lambda along, across: (along, across)),
        (WIDTH, lambda along, across: (along, HEIGHT - across)),
        (HEIGHT, lambda along, across: (across, along)),
        (HEIGHT, lambda along, across: (WIDTH - across, along)),
    )
    for length, place in sides:
        start, end = corner, length - corner
        count = round((end - start) / half)
        step = (end - start) / count
        middle, reach = (low + high) / 2, (high - low) / 2 * (1 - 0.45 * phase)
        points = [place(start, middle)]
        commands = [f"{points[0][0] * MM:.2f} {points[0][1] * MM:.2f} m"]
        for index in range(count):
            side = reach * 1.9 if index % 2 else -reach * 1.9
            at = start + index * step
            corners = (
                place(at + step * 0.36, middle + side),
                place(at + step * 0.64, middle + side),
                place(at + step, middle),
            )
            commands.append(" ".join(f"{x * MM:.2f} {y * MM:.2f}" for x, y in corners) + " c")
        paths.append(" ".join(commands) + " S")
    return paths
