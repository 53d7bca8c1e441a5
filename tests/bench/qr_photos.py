"""Makes rendered photos of QR codes as people take them: 14 distortions, 40 codes each, the same on every machine.

Each is a sheet with a code and lines of print, put through one distortion of a random strength, some noise and JPEG. The
strengths reach from what everybody reads to what nobody does, so that a reader cannot have all of them.
"""

import io
from dataclasses import dataclass

import numpy as np
import segno
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from certs.uscc import check_digit

COUNT = 40
_SHEET = (900, 700)
_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"


@dataclass(frozen=True)
class Photo:
    """One photo and what its code says."""

    distortion: str
    number: int
    text: str
    data: bytes


def photos(count=COUNT, only=None):
    """``count`` photos of each distortion, one after the other."""
    for index, (name, distort) in enumerate(DISTORTIONS.items()):
        if only is not None and name not in only:
            continue
        for number in range(count):
            chance = np.random.default_rng((index, number))
            text = content(chance, number)
            picture = distort(sheet(text, chance, quiet=name != "no_quiet_zone"), chance)
            yield Photo(name, number, text, photographed(picture, chance, 92 if name != "jpeg" else 8))


def content(chance, number):
    """What codes on licences hold: the address with the code, the code alone, or our own address."""
    body = "9144" + "".join(chance.choice(list(_ALPHABET), 13))
    code = body + check_digit(body)
    kinds = (
        f"http://www.gsxt.gov.cn/index.html?uniscid={code}",
        code,
        "HTTPS://ZZ.YANGJIANG.GOV.CN/Q/" + "".join(chance.choice(list("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"), 240)),
    )
    return kinds[number % len(kinds)]


def sheet(text, chance, *, quiet=True):
    """A sheet of print with the code on it, RGB."""
    code = segno.make_qr(text, error="m")
    side = code.symbol_size(border=4 if quiet else 0)[0]
    scale = max(3, round(chance.uniform(230, 330) / side))
    buffer = io.BytesIO()
    code.save(buffer, kind="png", scale=scale, border=4 if quiet else 0)
    picture = Image.open(buffer).convert("RGB")
    page = Image.new("RGB", _SHEET, (250, 248, 240))
    if not quiet:
        # Print right up to the code, and a coloured ground that is no quiet zone.
        page.paste((150, 40, 40), (0, 0, *_SHEET))
    left = int(chance.integers(60, _SHEET[0] - picture.width - 60))
    top = int(chance.integers(60, _SHEET[1] - picture.height - 60))
    _print_lines(page, chance)
    page.paste(picture, (left, top))
    page.info["code"] = (left, top, left + picture.width, top + picture.height)
    return page


def _print_lines(page, chance):
    """Lines of little boxes, as print looks from a distance."""
    pen = ImageDraw.Draw(page)
    for y in range(40, _SHEET[1] - 40, 34):
        x = 40
        while x < _SHEET[0] - 60:
            width = int(chance.integers(8, 26))
            if chance.random() < 0.7:
                pen.rectangle((x, y, x + width, y + int(chance.integers(8, 18))), fill=(60, 60, 60))
            x += width + int(chance.integers(4, 12))


def around_code(page, margin):
    """The code and a margin, in pixels."""
    left, top, right, bottom = page.info["code"]
    box = (
        max(0, left - margin),
        max(0, top - margin),
        min(page.width, right + margin),
        min(page.height, bottom + margin),
    )
    return page.crop(box)


def photographed(picture, chance, quality):
    """Sensor noise and JPEG."""
    values = np.asarray(picture.convert("RGB"), dtype=np.float32)
    values += chance.normal(0, 3, values.shape)
    buffer = io.BytesIO()
    Image.fromarray(np.clip(values, 0, 255).astype(np.uint8)).save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def turned(page, chance):
    return page.rotate(float(chance.uniform(0, 360)), Image.Resampling.BICUBIC, expand=True, fillcolor=(90, 85, 80))


def perspective(page, chance):
    return _tilted(page, chance, 0.16)


def steep(page, chance):
    return _tilted(page, chance, 0.34)


def _tilted(page, chance, most):
    width, height = page.size
    corners = [(0, 0), (width, 0), (width, height), (0, height)]

    def inwards(value, whole):
        return value + (1 if value == 0 else -1) * chance.uniform(0, most) * whole

    moved = [(inwards(x, width), inwards(y, height)) for x, y in corners]
    rows, right = [], []
    for (x, y), (u, v) in zip(moved, corners, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        right += [u, v]
    factors = np.linalg.solve(np.array(rows), np.array(right))
    factors = tuple(factors)
    return page.transform(
        page.size, Image.Transform.PERSPECTIVE, factors, Image.Resampling.BICUBIC, fillcolor=(80, 80, 80)
    )


def blurred(page, chance):
    return page.filter(ImageFilter.GaussianBlur(float(chance.uniform(1.0, 3.0))))


def shaken(page, chance):
    """Motion of 4 to 11 pixels in some direction."""
    length, angle = int(chance.integers(4, 12)), chance.uniform(0, np.pi)
    layers = [
        np.asarray(ImageChops.offset(page, round(step * np.cos(angle)), round(step * np.sin(angle))), dtype=np.float32)
        for step in range(length)
    ]
    return Image.fromarray((sum(layers) / length).astype(np.uint8))


def dark(page, chance):
    values = np.asarray(page, dtype=np.float32) * chance.uniform(0.06, 0.25)
    return Image.fromarray(np.clip(values + chance.normal(0, 4, values.shape), 0, 255).astype(np.uint8))


def pale(page, chance):
    kept = chance.uniform(0.05, 0.25)
    return page.point(lambda value: int(190 + (value - 190) * kept))


def shadowed(page, chance):
    """Light from one side, and the edge of a shadow across the code."""
    width, height = page.size
    across = np.linspace(1.0, chance.uniform(0.15, 0.4), width)[None, :, None]
    left, _, right, _ = page.info["code"]
    shade = np.ones((height, width, 1))
    shade[:, int(chance.uniform(left, right)) :] = chance.uniform(0.3, 0.6)
    return Image.fromarray((np.asarray(page, dtype=np.float32) * across * shade).astype(np.uint8))


def glaring(page, chance):
    """A lamp's reflection on the code."""
    width, height = page.size
    left, top, right, bottom = page.info["code"]
    x, y = chance.uniform(left, right), chance.uniform(top, bottom)
    spread = chance.uniform(15, 50)
    rows, columns = np.mgrid[0:height, 0:width]
    light = 255 * np.exp(-(((columns - x) ** 2 + (rows - y) ** 2) / (2 * spread**2)))
    return Image.fromarray(np.clip(np.asarray(page, dtype=np.float32) + light[..., None], 0, 255).astype(np.uint8))


def grainy(page, chance):
    values = np.asarray(page, dtype=np.float32) + chance.normal(
        0, chance.uniform(40, 100), (page.height, page.width, 1)
    )
    return Image.fromarray(np.clip(values, 0, 255).astype(np.uint8))


def far(page, chance):
    """So far away that a module has two pixels or fewer."""
    part = float(chance.uniform(0.22, 0.45))
    return page.resize((round(page.width * part), round(page.height * part)), Image.Resampling.BOX)


def no_quiet_zone(page, chance):
    return around_code(page, int(chance.integers(0, 4)))


def jpeg(page, chance):
    part = float(chance.uniform(0.45, 0.8))
    return page.resize((round(page.width * part), round(page.height * part)), Image.Resampling.BILINEAR)


def sealed(page, chance):
    """A red seal with a star over a part of the code, its ink more or less dense."""
    left, top, right, bottom = page.info["code"]
    side = right - left
    centre = chance.uniform(left + side * 0.3, right), chance.uniform(top + side * 0.3, bottom)
    radius, width = side * chance.uniform(0.35, 0.5), max(3, round(side * 0.025))
    ink = Image.new("L", page.size, 0)
    pen = ImageDraw.Draw(ink)
    x, y = centre
    pen.ellipse((x - radius, y - radius, x + radius, y + radius), outline=255, width=width)
    points = [
        (
            x + (radius * (0.36, 0.15)[i % 2]) * np.sin(i * np.pi / 5),
            y - (radius * (0.36, 0.15)[i % 2]) * np.cos(i * np.pi / 5),
        )
        for i in range(10)
    ]
    pen.polygon(points, fill=255)
    for letter in range(12):
        angle = np.pi * (0.85 + 1.3 * letter / 11)
        at = x + radius * 0.78 * np.cos(angle), y + radius * 0.78 * np.sin(angle)
        half = radius * 0.09
        pen.rectangle((at[0] - half, at[1] - half, at[0] + half, at[1] + half), outline=255, width=width)
    density = chance.uniform(0.6, 0.95)
    red = Image.new("RGB", page.size, (205, 30, 35))
    stamped = Image.composite(ImageChops.multiply(page, red), page, ink.point(lambda value: int(value * density)))
    return stamped.filter(ImageFilter.GaussianBlur(0.7))


DISTORTIONS = {
    distort.__name__: distort
    for distort in (
        *(turned, perspective, steep, blurred, shaken, dark, pale),
        *(shadowed, glaring, grainy, far, no_quiet_zone, jpeg, sealed),
    )
}
