"""Draws a sample seal: what the test PKI gives each authority until the real picture is registered."""

import math
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from gateway.documents.face import FaceError, SealPicture
from gateway.documents.fonts import TITLE

DIAMETER_MM = 42.0
"""Diameter of the seals of local authorities (国发〔1999〕25号)."""

_RED = (206, 22, 30)
_PIXELS_PER_MM = 12
"""305 dpi."""
_OVERSAMPLING = 3
_SCALE = _PIXELS_PER_MM * _OVERSAMPLING

_RING_MM, _STAR_MM, _SMALL_MM = 1.2, 7.0, 2.7
"""Width of the ring, radius of the star, height of the line under it."""

_NAME_MM = 5.4
"""Height of the characters of the name when there is room."""

_WIDEST_STEP, _WIDEST_ARC = 26.0, 240.0
"""Degrees from character to character, and from the first to the last."""

_TIGHTEST = 1.02
"""Least distance of characters on the arc, in their height at the foot."""

_OPACITY = 225
"""Of 255: what is under the seal stays legible."""

_SHADES = 15
"""Steps of the edges' smoothness: more cannot be told apart in print, and take three times the room in every licence."""


def draw_sample_seal(authority_name: str, assets_dir: Path) -> SealPicture:
    """A round red seal with a star, the authority's name on an arc, and a line that says it is a sample.

    FaceError when there is no name, or it is too long for a seal.
    """
    side = round(DIAMETER_MM * _SCALE)
    mask = Image.new("L", (side, side), 0)
    draw = ImageDraw.Draw(mask)
    centre = side / 2
    draw.ellipse((2, 2, side - 3, side - 3), outline=255, width=round(_RING_MM * _SCALE))
    draw.polygon(_star(centre, centre, _STAR_MM * _SCALE), fill=255)
    font_file = str(assets_dir / "fonts" / f"{TITLE}.ttf")
    _draw_arc(mask, authority_name, font_file, centre)
    small = ImageFont.truetype(font_file, round(_SMALL_MM * _SCALE))
    draw.text((centre, centre + 12.6 * _SCALE), "样章 仅供测试", font=small, fill=255, anchor="mm")
    return SealPicture(_png(mask), DIAMETER_MM, DIAMETER_MM)


def _png(mask: Image.Image) -> bytes:
    """The mask in red on a transparent ground; the colour is the same everywhere, so that edges stay clean."""
    alpha = mask.reduce(_OVERSAMPLING).point(lambda value: value * _SHADES // 255 * (_OPACITY // _SHADES))
    picture = Image.new("RGBA", alpha.size, (*_RED, 0))
    picture.putalpha(alpha)
    buffer = BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def _star(x: float, y: float, radius: float) -> list[tuple[float, float]]:
    inner = radius * math.sin(math.radians(18)) / math.sin(math.radians(54))
    points = []
    for corner in range(10):
        angle = math.radians(-90 + 36 * corner)
        reach = radius if corner % 2 == 0 else inner
        points.append((x + reach * math.cos(angle), y + reach * math.sin(angle)))
    return points


def _draw_arc(mask: Image.Image, text: str, font_file: str, centre: float) -> None:
    """Characters stand on the arc, each turned to the centre; a long name gets smaller ones before it gets a longer arc."""
    height, step = _arc(len(text))
    font = ImageFont.truetype(font_file, round(height * _SCALE))
    radius = (DIAMETER_MM / 2 - _RING_MM - 0.9 - height / 2) * _SCALE
    box = round(height * _SCALE * 1.6)
    for index, character in enumerate(text):
        angle = step * (index - (len(text) - 1) / 2)
        glyph = Image.new("L", (box, box), 0)
        ImageDraw.Draw(glyph).text((box / 2, box / 2), character, font=font, fill=255, anchor="mm")
        turned = glyph.rotate(-angle, Image.Resampling.BICUBIC)
        x = round(centre + radius * math.sin(math.radians(angle)) - box / 2)
        y = round(centre - radius * math.cos(math.radians(angle)) - box / 2)
        mask.paste(255, (x, y), turned)


def _arc(characters: int) -> tuple[float, float]:
    """(height of the characters in millimetres, degrees from one to the next)."""
    if characters == 0:
        raise FaceError("印章需要发证机关名称。A seal needs the name of the authority.")
    height = _NAME_MM
    while height >= _NAME_MM / 2:
        foot = DIAMETER_MM / 2 - _RING_MM - 0.9 - height
        least = math.degrees(_TIGHTEST * height / foot) * 0.86  # the foot of a character is narrower than its box
        step = min(_WIDEST_STEP, _WIDEST_ARC / max(characters - 1, 1))
        if least <= step:
            return height, max(least, min(step, least * 1.25))
        height -= 0.1
    raise FaceError(f"机关名称有 {characters} 字，印章排不下。The name is too long for a seal.")
