"""Draws a sample seal: what the test PKI gives each authority until the real picture is registered."""

import math
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from gateway.documents.face import SealPicture
from gateway.documents.fonts import TITLE

DIAMETER_MM = 42.0
"""Diameter of the seals of local authorities (国发〔1999〕25号)."""

_RED = (214, 30, 36, 225)
_SCALE = 16
"""Pixels per millimetre while drawing; halved at the end for smooth edges."""


def draw_sample_seal(authority_name: str, assets_dir: Path) -> SealPicture:
    """A round red seal with a star, the authority's name on an arc and a line that says it is a sample."""
    side = int(DIAMETER_MM * _SCALE)
    picture = Image.new("RGBA", (side, side), (*_RED[:3], 0))
    draw = ImageDraw.Draw(picture)
    draw.ellipse((4, 4, side - 5, side - 5), outline=_RED, width=int(1.15 * _SCALE))
    centre = side / 2
    draw.polygon(_star(centre, centre, 6.6 * _SCALE), fill=_RED)
    font_file = str(assets_dir / "fonts" / f"{TITLE}.ttf")
    _draw_arc(picture, authority_name, font_file, centre)
    small = ImageFont.truetype(font_file, int(3.0 * _SCALE))
    draw.text((centre, centre + 11.5 * _SCALE), "样章 仅供测试", font=small, fill=_RED, anchor="mm")
    half = picture.resize((side // 2, side // 2), Image.Resampling.LANCZOS)
    buffer = BytesIO()
    half.save(buffer, "PNG", optimize=True)
    return SealPicture(buffer.getvalue(), DIAMETER_MM, DIAMETER_MM)


def _star(x: float, y: float, radius: float) -> list[tuple[float, float]]:
    inner = radius * math.sin(math.radians(18)) / math.sin(math.radians(54))
    points = []
    for corner in range(10):
        angle = math.radians(-90 + 36 * corner)
        reach = radius if corner % 2 == 0 else inner
        points.append((x + reach * math.cos(angle), y + reach * math.sin(angle)))
    return points


def _draw_arc(picture: Image.Image, text: str, font_file: str, centre: float) -> None:
    """Characters stand on the arc, each turned to the centre, spread over at most 250 degrees."""
    size = min(5.4, 78.0 / max(len(text), 1)) * _SCALE
    font = ImageFont.truetype(font_file, int(size))
    radius = (DIAMETER_MM / 2 - 2.0) * _SCALE - size / 2
    step = min(250.0 / max(len(text) - 1, 1), 26.0)
    first = -step * (len(text) - 1) / 2
    for index, character in enumerate(text):
        angle = first + step * index
        glyph = Image.new("RGBA", (int(size * 1.6), int(size * 1.6)), (*_RED[:3], 0))
        half = glyph.size[0] / 2
        ImageDraw.Draw(glyph).text((half, half), character, font=font, fill=_RED, anchor="mm")
        glyph = glyph.rotate(-angle, Image.Resampling.BICUBIC)
        x = centre + radius * math.sin(math.radians(angle)) - half
        y = centre - radius * math.cos(math.radians(angle)) - half
        picture.alpha_composite(glyph, (int(x), int(y)))
