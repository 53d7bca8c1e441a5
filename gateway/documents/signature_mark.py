"""What is seen where an enterprise signs: who, with what, for which request. It is a picture; the signature proves it."""

from io import BytesIO
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from gateway.documents.face import FaceError, SealPicture
from gateway.documents.fonts import TITLE

WIDTH_MM, HEIGHT_MM, ACCEPTANCE_HEIGHT_MM = 64.0, 18.0, 14.8
_PIXELS_PER_MM = 10
_RED, _INK = (176, 28, 34), (32, 32, 32)
_TITLE_MM, _LINE_MM, _SMALL_MM, _EDGE_MM, _GAP_MM = 3.6, 3.4, 2.6, 1.8, 0.7
_TITLE, _ACCEPTED = "电子营业执照签名", "持证主体签收 · 电子营业执照签名"
_SMALLEST = 0.5
"""Share of its height down to which a line is set smaller; then a name goes on in a second line."""


def draw_signature_mark(enterprise_name: str, lines: tuple[str, str], assets_dir: Path) -> SealPicture:
    """A frame with the enterprise's name and two small lines. FaceError when a line does not fit."""
    return _draw(HEIGHT_MM, (_TITLE, enterprise_name, *lines), assets_dir)


def draw_acceptance_mark(enterprise_name: str, enterprise_code: str, assets_dir: Path) -> SealPicture:
    """The same for a licence that its holder accepts: it fills the place that was kept for it. FaceError as above."""
    return _draw(ACCEPTANCE_HEIGHT_MM, (_ACCEPTED, enterprise_name, enterprise_code), assets_dir)


def _draw(height_mm: float, texts: tuple[str, ...], assets_dir: Path) -> SealPicture:
    """Title, name and small lines, one below the other."""
    size = (round(WIDTH_MM * _PIXELS_PER_MM), round(height_mm * _PIXELS_PER_MM))
    picture = Image.new("RGBA", size, (255, 255, 255, 0))
    draw = ImageDraw.Draw(picture)
    draw.rectangle((1, 1, picture.width - 2, picture.height - 2), outline=_RED, width=4)
    font_file, top = str(assets_dir / "fonts" / f"{TITLE}.ttf"), _EDGE_MM
    for index, text in enumerate(texts):
        height = (_TITLE_MM, _LINE_MM)[index] if index <= 1 else _SMALL_MM
        font, parts = _fitting(text, height, font_file, most_lines=2 if index == 1 else 1)
        for number, part in enumerate(parts):
            place = (_EDGE_MM * _PIXELS_PER_MM, (top + number * height / len(parts)) * _PIXELS_PER_MM)
            draw.text(place, part, font=font, fill=_INK if index else _RED, anchor="lt")
        top += height + _GAP_MM
    buffer = BytesIO()
    picture.save(buffer, "PNG")
    return SealPicture(buffer.getvalue(), WIDTH_MM, height_mm)


def _fitting(
    text: str, height_mm: float, font_file: str, *, most_lines: int
) -> tuple[ImageFont.FreeTypeFont, tuple[str, ...]]:
    """The font at this height, or smaller for a long line, and the lines that it stands in."""
    room = (WIDTH_MM - 2 * _EDGE_MM) * _PIXELS_PER_MM
    for share in range(10, round(10 * _SMALLEST) - 1, -1):
        font = ImageFont.truetype(font_file, round(height_mm * share / 10 * _PIXELS_PER_MM))
        if font.getlength(text) <= room:
            return font, (text,)
    middle = (len(text) + 1) // 2
    halves = (text[:middle], text[middle:])
    if most_lines > 1 and max(map(font.getlength, halves)) <= room:
        return font, halves
    raise FaceError(f"名称有 {len(text)} 字，签名处排不下。The name is too long for the place of the signature.")
