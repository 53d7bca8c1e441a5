"""A seal's picture as PDF objects: an image and its soft mask (ISO 32000-2, 8.9 and 11.6.5.2)."""

from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO

from PIL import Image, UnidentifiedImageError

from gateway.documents.face import FaceError, SealPicture
from gateway.documents.pdf_objects import SMALL, stream

_MOST_PIXELS = 4_000_000
"""2,000 by 2,000: over 800 dpi for the largest seals."""


@dataclass(frozen=True)
class SealStreams:
    """Stream objects of a seal."""

    colours: bytes
    """The image, without its ``/SMask`` entry."""
    alpha: bytes
    """The soft mask."""


@lru_cache(maxsize=256)
def seal_streams(seal: SealPicture) -> SealStreams:
    """The objects of a seal, deflated once. FaceError when the picture is no image, or has too many pixels."""
    try:
        with Image.open(BytesIO(seal.png), formats=("PNG",)) as opened:
            width, height = opened.size
            if width * height > _MOST_PIXELS:
                raise FaceError(f"印章图片过大（{width}×{height}）。The picture of the seal has too many pixels.")
            picture = opened.convert("RGBA")
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise FaceError("印章图片无法读取。The picture of the seal is not a PNG image.") from error
    size = f"/Type/XObject/Subtype/Image/Width {width}/Height {height}/BitsPerComponent 8"
    alpha = picture.getchannel("A").tobytes()
    return SealStreams(
        colours=_colours(picture, size), alpha=stream(f"{size}/ColorSpace/DeviceGray", alpha, level=SMALL)
    )


def _colours(picture: Image.Image, size: str) -> bytes:
    """The colour plane; of a seal of one colour, as most are, next to nothing is written."""
    colours = picture.convert("RGB")
    used = colours.getcolors(maxcolors=1)
    if used is None:
        return stream(f"{size}/ColorSpace/DeviceRGB", colours.tobytes(), level=SMALL)
    red_green_blue = colours.getpixel((0, 0))
    palette = bytes(red_green_blue).hex() if isinstance(red_green_blue, tuple) else "000000"
    indices = bytes(picture.width * picture.height)
    return stream(f"{size}/ColorSpace[/Indexed/DeviceRGB 0<{palette}>]", indices, level=SMALL)
