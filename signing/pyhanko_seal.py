"""A seal as the appearance of a signature field, through pyHanko: real size, upright, on any page."""

from io import BytesIO
from typing import Any

from PIL import Image
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.images import pil_image
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from signing.errors import MalformedDataError, SigningError
from signing.signature_spec import SealAppearance

_POINTS_PER_MM = 72 / 25.4
_MOST_PIXELS = 16_000_000
_DEEPEST_TREE = 64
_UPRIGHT = {0: (1, 0, 0, 1, 0, 0), 90: (0, 1, -1, 0, 0, 0), 180: (-1, 0, 0, -1, 0, 0), 270: (0, -1, 1, 0, 0, 0)}
"""/Matrix that makes an appearance stand upright on a page that is shown turned (ISO 32000-2, 12.5.5)."""


def _inherited(page: Any, name: str, default: Any) -> Any:
    """An attribute of a page or of its ancestors (ISO 32000-2, 7.7.3.4)."""
    for _ in range(_DEEPEST_TREE):
        if name in page or "/Parent" not in page:
            return page.get(name, default)
        page = page["/Parent"]
    raise MalformedDataError("the page tree has no end")


def seal_box(writer: IncrementalPdfFileWriter, seal: SealAppearance) -> tuple[float, ...]:
    """The widget's rectangle in the page's own coordinates. SigningError when it does not lie on the page."""
    page = writer.find_page_for_modification(seal.page - 1)[0].get_object()
    media = [float(edge) for edge in _inherited(page, "/CropBox", None) or _inherited(page, "/MediaBox", None)]
    scale = _POINTS_PER_MM / float(page.get("/UserUnit", 1))
    width, height = seal.width_mm * scale, seal.height_mm * scale
    x, y = seal.left_mm * scale, seal.bottom_mm * scale
    across, up = media[2] - media[0], media[3] - media[1]
    rotation = _rotation(page)
    if rotation in (90, 270):
        across, up = up, across
    if min(x, y) < 0 or x + width > across or y + height > up or min(width, height) <= 0:
        raise SigningError("the seal does not lie on the page")
    turned = {
        0: (x, y, x + width, y + height),
        90: (up - y - height, x, up - y, x + width),
        180: (across - x - width, up - y - height, across - x, up - y),
        270: (y, across - x - width, y + height, across - x),
    }[rotation]
    return tuple(round(edge + media[index % 2], 3) for index, edge in enumerate(turned))


def _rotation(page: Any) -> int:
    turned = int(_inherited(page, "/Rotate", 0)) % 360
    if turned not in _UPRIGHT:
        raise MalformedDataError("a page is turned by no multiple of 90 degrees")
    return turned


def show_seal(writer: IncrementalPdfFileWriter, widget: Any, seal: SealAppearance) -> None:
    """Make the seal the appearance of the field, at its real size, in the middle of a field that was there before."""
    page = writer.find_page_for_modification(seal.page - 1)[0].get_object()
    left, bottom, right, top = (float(edge) for edge in widget["/Rect"])
    across, up = right - left, top - bottom
    rotation = _rotation(page)
    if rotation in (90, 270):
        across, up = up, across
    scale = _POINTS_PER_MM / float(page.get("/UserUnit", 1))
    width, height = seal.width_mm * scale, seal.height_mm * scale
    if width > across + 0.01 or height > up + 0.01:
        raise SigningError("the seal is larger than the signature field")
    place = ((across - width) / 2, (up - height) / 2)
    form = generic.StreamObject(
        generic.DictionaryObject(
            {
                generic.pdf_name("/Type"): generic.pdf_name("/XObject"),
                generic.pdf_name("/Subtype"): generic.pdf_name("/Form"),
                generic.pdf_name("/BBox"): _numbers(0, 0, across, up),
                generic.pdf_name("/Matrix"): _numbers(*_UPRIGHT[rotation]),
                generic.pdf_name("/Group"): _named({"/S": "/Transparency", "/CS": "/DeviceRGB"}),
                generic.pdf_name("/Resources"): _named({"/XObject": _named({"/S": pil_image(_picture(seal), writer)})}),
            }
        ),
        stream_data=f"q {width:.3f} 0 0 {height:.3f} {place[0]:.3f} {place[1]:.3f} cm /S Do Q".encode(),
    )
    widget["/AP"] = _named({"/N": writer.add_object(form)})


def _picture(seal: SealAppearance) -> Image.Image:
    with Image.open(BytesIO(seal.png), formats=("PNG",)) as opened:
        if opened.width * opened.height > _MOST_PIXELS:
            raise SigningError("the picture of the seal has too many pixels")
        return opened.convert("RGBA")


def _numbers(*values: float) -> generic.ArrayObject:
    return generic.ArrayObject(generic.FloatObject(round(value, 3)) for value in values)


def _named(entries: dict[str, Any]) -> generic.DictionaryObject:
    return generic.DictionaryObject(
        {
            generic.pdf_name(key): generic.pdf_name(value) if isinstance(value, str) else value
            for key, value in entries.items()
        }
    )
