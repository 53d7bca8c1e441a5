"""What is seen where an enterprise signs: who, with what, for which request. It is a picture; the signature proves it."""

from io import BytesIO
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from gateway.documents.face import FaceError, SealPicture
from gateway.documents.fonts import TITLE

WIDTH_MM, HEIGHT_MM = 64.0, 18.0
_PIXELS_PER_MM = 10
_RED, _INK = (176, 28, 34), (32, 32, 32)
_TITLE_MM, _LINE_MM, _SMALL_MM, _EDGE_MM = 3.6, 3.4, 2.6, 1.8
_TITLE = "电子营业执照签名"


def draw_signature_mark(enterprise_name: str, lines: tuple[str, str], assets_dir: Path) -> SealPicture:
    """A frame with the enterprise's name and two small lines. FaceError when a line does not fit."""
    picture = Image.new(
        "RGBA", (round(WIDTH_MM * _PIXELS_PER_MM), round(HEIGHT_MM * _PIXELS_PER_MM)), (255, 255, 255, 0)
    )
    draw = ImageDraw.Draw(picture)
    draw.rectangle((1, 1, picture.width - 2, picture.height - 2), outline=_RED, width=4)
    font_file, top = str(assets_dir / "fonts" / f"{TITLE}.ttf"), _EDGE_MM
    for text, height, colour in (
        (_TITLE, _TITLE_MM, _RED),
        (enterprise_name, _LINE_MM, _INK),
        *((line, _SMALL_MM, _INK) for line in lines),
    ):
        font = _fitting(text, height, font_file)
        draw.text((_EDGE_MM * _PIXELS_PER_MM, top * _PIXELS_PER_MM), text, font=font, fill=colour, anchor="lt")
        top += height + 0.7
    buffer = BytesIO()
    picture.save(buffer, "PNG")
    return SealPicture(buffer.getvalue(), WIDTH_MM, HEIGHT_MM)


def _fitting(text: str, height_mm: float, font_file: str) -> ImageFont.FreeTypeFont:
    """The font at this height, or smaller down to its half for a long line."""
    room = (WIDTH_MM - 2 * _EDGE_MM) * _PIXELS_PER_MM
    for share in range(10, 4, -1):
        font = ImageFont.truetype(font_file, round(height_mm * share / 10 * _PIXELS_PER_MM))
        if font.getlength(text) <= room:
            return font
    raise FaceError(f"名称有 {len(text)} 字，签名处排不下。The name is too long for the place of the signature.")
