"""Writes a report of several pages as PDF/A-3b, prepared for the gateway's certification signature."""

from dataclasses import dataclass
from datetime import datetime
from io import BytesIO

from PIL import Image

from gateway.documents.canvas import MM, Canvas
from gateway.documents.font_objects import add_font
from gateway.documents.pdf_objects import Objects, plain_stream, serialise, stream, text_string
from gateway.documents.pdfa import srgb_stream, xmp
from gateway.documents.signature_objects import Attachment, add_attachment, signature_dictionary, with_byte_range
from signing.keys import PreparedPdf

SIGNATURE_FIELD = "VerificationGateway"
_PRINT_AND_LOCKED = 4 + 128
"""Print and Locked. The widget has no size and an empty appearance: the page itself says who signed."""


@dataclass(frozen=True)
class ReportSpec:
    """What is written besides the pages."""

    title: str
    identifier: str
    signer_name: str
    reason: str
    created_at: datetime
    language: str
    attachments: tuple[Attachment, ...]


def write_report(
    pages: list[Canvas], size_mm: tuple[float, float], pictures: dict[str, bytes], spec: ReportSpec
) -> PreparedPdf:
    """The prepared PDF. ``pictures`` are PNG by the name that the pages draw them under."""
    objects = Objects()
    catalog, tree, widget, value = (objects.reserve() for _ in range(4))
    named = {name: _add_picture(objects, png) for name, png in pictures.items()}
    numbers = [objects.reserve() for _ in pages]
    for number, canvas in zip(numbers, pages, strict=True):
        annotations = f"/Annots[{widget} 0 R]" if number == numbers[0] else ""
        objects.put(number, _page(objects, canvas, size_mm, tree, named, annotations))
    kids = " ".join(f"{number} 0 R" for number in numbers)
    objects.put(tree, f"<</Type/Pages/Kids[{kids}]/Count {len(numbers)}>>".encode())
    appearance = objects.add(stream("/Type/XObject/Subtype/Form/BBox[0 0 1 1]", b""))
    field = (
        f"<</Type/Annot/Subtype/Widget/FT/Sig/T({SIGNATURE_FIELD})/F {_PRINT_AND_LOCKED}/P {numbers[0]} 0 R"
        f"/V {value} 0 R/Rect[0 0 0 0]/AP<</N {appearance} 0 R>>>>"
    )
    objects.put(widget, field.encode())
    objects.put(value, signature_dictionary(spec.signer_name, spec.reason, spec.created_at))
    objects.put(catalog, _catalog(objects, spec, tree, widget, value))
    data, offsets = serialise(objects, catalog)
    return with_byte_range(data, offsets[value - 1])


def _page(
    objects: Objects,
    canvas: Canvas,
    size_mm: tuple[float, float],
    tree: int,
    pictures: dict[str, int],
    annotations: str,
) -> bytes:
    content, subsets = canvas.finish()
    fonts = "".join(f"/{resource} {add_font(objects, subset)} 0 R" for resource, subset in subsets)
    images = "".join(f"/{name} {number} 0 R" for name, number in pictures.items())
    width, height = (side * MM for side in size_mm)
    return (
        f"<</Type/Page/Parent {tree} 0 R/MediaBox[0 0 {width:.2f} {height:.2f}]"
        f"/Contents {objects.add(stream('', content))} 0 R/Resources<</Font<<{fonts}>>/XObject<<{images}>>>>{annotations}>>"
    ).encode()


def _add_picture(objects: Objects, png: bytes) -> int:
    with Image.open(BytesIO(png), formats=("PNG",)) as opened:
        picture = opened.convert("RGB")
    size = f"/Width {picture.width}/Height {picture.height}/BitsPerComponent 8/ColorSpace/DeviceRGB"
    return objects.add(stream(f"/Type/XObject/Subtype/Image{size}", picture.tobytes()))


def _catalog(objects: Objects, spec: ReportSpec, tree: int, widget: int, value: int) -> bytes:
    profile = objects.add(srgb_stream())
    packet = xmp(spec.title, spec.identifier, spec.created_at)
    metadata = objects.add(plain_stream("/Type/Metadata/Subtype/XML", packet))
    files = {a.name: add_attachment(objects, a, spec.created_at) for a in spec.attachments}
    names = "".join(f"{text_string(name)}{number} 0 R" for name, number in sorted(files.items()))
    associated = " ".join(f"{number} 0 R" for number in files.values())
    return (
        f"<</Type/Catalog/Pages {tree} 0 R/Metadata {metadata} 0 R/Lang({spec.language})"
        "/ViewerPreferences<</DisplayDocTitle true>>"
        "/OutputIntents[<</Type/OutputIntent/S/GTS_PDFA1/OutputConditionIdentifier(sRGB)/Info(sRGB IEC61966-2.1)"
        f"/DestOutputProfile {profile} 0 R>>]"
        f"/AcroForm<</Fields[{widget} 0 R]/SigFlags 3>>/Perms<</DocMDP {value} 0 R>>"
        f"/AF[{associated}]/Names<</EmbeddedFiles<</Names[{names}]>>>>>>"
    ).encode()
