"""Writes one-page PDF/A-3b files as bytes: constant objects are made once, the rest is concatenated."""

from dataclasses import dataclass
from datetime import datetime

from gateway.documents.canvas import MM
from gateway.documents.face import SealPicture
from gateway.documents.font_objects import add_font
from gateway.documents.fonts import FontSubset
from gateway.documents.pdf_objects import Objects, plain_stream, serialise, stream, text_string
from gateway.documents.pdfa import srgb_stream, xmp
from gateway.documents.qr_drawing import QrSymbol
from gateway.documents.seal_objects import seal_streams
from gateway.documents.signature_objects import (
    NO_CHANGES,
    SIGNING,
    Attachment,
    add_attachment,
    signature_dictionary,
    with_byte_range,
)
from signing.keys import PreparedPdf

SIGNATURE_FIELD = "IssuingAuthority"
SECOND_FIELD = "IssuingAuthority2"
"""Empty field for a second signature by another algorithm, where the authority has one."""
ACCEPTANCE_FIELD = "HolderAcceptance"
"""Empty field for the holder's countersignature with the electronic business licence."""

Box = tuple[float, float, float, float]
"""Left, bottom, width and height, millimetres from bottom left."""

_PRINT_AND_LOCKED = 4 + 128
"""Annotation flags: PDF/A wants every annotation printed (ISO 19005-3, 6.3.2)."""


@dataclass(frozen=True)
class Page:
    """The one page of a document."""

    size_mm: tuple[float, float]
    background: bytes
    """Stream object, drawn first."""
    content: bytes
    """Operators; fonts by the names in ``fonts``, the QR code as image mask /Q."""
    fonts: list[tuple[str, FontSubset]]
    qr: QrSymbol
    title: str
    identifier: str
    created_at: datetime


@dataclass(frozen=True)
class SignatureSpec:
    """The certification signature that the page is prepared for."""

    seal: SealPicture | None
    """None: an invisible signature, for documents that must not look sealed."""
    centre: tuple[float, float]
    """Millimetres from bottom left."""
    signer_name: str
    reason: str
    has_second: bool = False
    """Keeps an empty invisible field for a second signature."""
    acceptance_place: Box | None = None
    """Keeps an empty field there for the holder's countersignature, which then locks the document."""
    field_name: str = SIGNATURE_FIELD


def write_pdf(page: Page) -> bytes:
    """A PDF/A without signature or attachment."""
    objects = Objects()
    catalog, page_number = objects.reserve(), objects.reserve()
    _put_page(objects, page, page_number, "")
    _put_catalog(objects, page, catalog, page_number, "")
    return serialise(objects, catalog)[0]


def write_prepared_pdf(page: Page, signature: SignatureSpec, attachment: Attachment) -> PreparedPdf:
    """A PDF/A-3 with an attachment and a visible certification signature whose contents are still zeros.

    Field, appearance and placeholder stand in the one revision there is: nothing is appended later.
    """
    objects = Objects()
    catalog, page_number = objects.reserve(), objects.reserve()
    widget, value = objects.reserve(), objects.reserve()
    empty = {name: objects.reserve() for name in _empty_fields(signature)}
    second = empty.get(SECOND_FIELD)
    fields = " ".join(f"{number} 0 R" for number in (widget, *empty.values()))
    _put_page(objects, page, page_number, f"/Annots[{fields}]")
    objects.put(widget, _widget(objects, signature, page_number, value))
    for name, number in empty.items():
        place = signature.acceptance_place if name == ACCEPTANCE_FIELD else None
        objects.put(number, _empty_widget(objects, page_number, name, place, is_last=number == max(empty.values())))
    file = add_attachment(objects, attachment, page.created_at)
    doc_mdp = SIGNING if empty else NO_CHANGES
    objects.put(value, signature_dictionary(signature.signer_name, signature.reason, page.created_at, doc_mdp))
    extra = (
        f"/AcroForm<</Fields[{fields}]/SigFlags 3>>/Perms<</DocMDP {value} 0 R>>"
        f"/AF[{file} 0 R]/Names<</EmbeddedFiles<</Names[{text_string(attachment.name)}{file} 0 R]>>>>"
    )
    _put_catalog(objects, page, catalog, page_number, extra)
    data, offsets = serialise(objects, catalog)
    return with_byte_range(data, offsets[value - 1], second)


def _put_catalog(objects: Objects, page: Page, catalog: int, page_number: int, extra: str) -> None:
    profile = objects.add(srgb_stream())
    packet = xmp(page.title, page.identifier, page.created_at)
    metadata = objects.add(plain_stream("/Type/Metadata/Subtype/XML", packet))
    pages = objects.add(f"<</Type/Pages/Kids[{page_number} 0 R]/Count 1>>".encode())
    objects.put(page_number, b"<</Type/Page/Parent %d 0 R%b>>" % (pages, objects.bodies[page_number - 1]))
    body = (
        f"<</Type/Catalog/Pages {pages} 0 R/Metadata {metadata} 0 R/Lang(zh-CN)"
        "/ViewerPreferences<</DisplayDocTitle true>>"
        "/OutputIntents[<</Type/OutputIntent/S/GTS_PDFA1/OutputConditionIdentifier(sRGB)/Info(sRGB IEC61966-2.1)"
        f"/DestOutputProfile {profile} 0 R>>]{extra}>>"
    )
    objects.put(catalog, body.encode())


def _put_page(objects: Objects, page: Page, number: int, annotations: str) -> None:
    background = objects.add(page.background)
    content = objects.add(stream("", page.content))
    side = f"/Width {page.qr.size}/Height {page.qr.size}"
    mask = objects.add(stream(f"/Type/XObject/Subtype/Image/ImageMask true/BitsPerComponent 1{side}", page.qr.rows))
    fonts = "".join(f"/{resource} {add_font(objects, subset)} 0 R" for resource, subset in page.fonts)
    width, height = (side * MM for side in page.size_mm)
    body = (
        f"/MediaBox[0 0 {width:.2f} {height:.2f}]/Contents[{background} 0 R {content} 0 R]"
        f"/Resources<</Font<<{fonts}>>/XObject<</Q {mask} 0 R>>>>"
        f"/Group<</S/Transparency/CS/DeviceRGB>>{annotations}"
    )
    objects.put(number, body.encode())


def _widget(objects: Objects, signature: SignatureSpec, page: int, value: int) -> bytes:
    """The signature field merged with its widget; the seal is its appearance, at its real size."""
    head = f"<</Type/Annot/Subtype/Widget/FT/Sig/T({signature.field_name})/F {_PRINT_AND_LOCKED}/P {page} 0 R/V {value} 0 R"
    if signature.seal is None:
        empty = objects.add(stream("/Type/XObject/Subtype/Form/BBox[0 0 1 1]", b""))
        return f"{head}/Rect[0 0 0 0]/AP<</N {empty} 0 R>>>>".encode()
    seal = seal_streams(signature.seal)
    mask = objects.add(seal.alpha)
    image = objects.add(_masked(seal.colours, mask))
    width, height = signature.seal.width_mm * MM, signature.seal.height_mm * MM
    appearance = objects.add(
        stream(
            f"/Type/XObject/Subtype/Form/BBox[0 0 {width:.3f} {height:.3f}]/Resources<</XObject<</S {image} 0 R>>>>"
            "/Group<</S/Transparency/CS/DeviceRGB>>",
            f"q {width:.3f} 0 0 {height:.3f} 0 0 cm /S Do Q".encode(),
        )
    )
    left, bottom = signature.centre[0] * MM - width / 2, signature.centre[1] * MM - height / 2
    return (
        f"{head}/Rect[{left:.3f} {bottom:.3f} {left + width:.3f} {bottom + height:.3f}]/AP<</N {appearance} 0 R>>>>"
    ).encode()


def _empty_fields(signature: SignatureSpec) -> tuple[str, ...]:
    """Names of the fields that stay empty, in the order in which they are to be signed."""
    wanted = ((SECOND_FIELD, signature.has_second), (ACCEPTANCE_FIELD, signature.acceptance_place is not None))
    return tuple(name for name, is_wanted in wanted if is_wanted)


def _empty_widget(objects: Objects, page: int, name: str, place: Box | None, *, is_last: bool) -> bytes:
    """An empty field, which shows nothing yet: only one of some size needs an appearance (ISO 19005-3, 6.3.3).

    Its size is certified with the page, so that whoever signs it later can be seen in this place and nowhere else.

    Its lock (ISO 32000-2, 12.7.5.5) makes the signature in the last field the last change that the document permits;
    one before it leaves the last field open.
    """
    lock = "/Action/All/P 1" if is_last else f"/Action/Exclude/Fields[({ACCEPTANCE_FIELD})]/P 2"
    left, bottom, width, height = (side * MM for side in place or (0, 0, 0, 0))
    rectangle, appearance = "0 0 0 0", ""
    if min(width, height) > 0:
        rectangle = f"{left:.3f} {bottom:.3f} {left + width:.3f} {bottom + height:.3f}"
        empty = objects.add(stream(f"/Type/XObject/Subtype/Form/BBox[0 0 {width:.3f} {height:.3f}]", b""))
        appearance = f"/AP<</N {empty} 0 R>>"
    return (
        f"<</Type/Annot/Subtype/Widget/FT/Sig/T({name})/F {_PRINT_AND_LOCKED}/P {page} 0 R/Rect[{rectangle}]"
        f"{appearance}/Lock<</Type/SigFieldLock{lock}>>>>"
    ).encode()


def _masked(image: bytes, mask: int) -> bytes:
    """An image's stream object with its soft mask named."""
    return b"<</SMask %d 0 R%b" % (mask, image.removeprefix(b"<<"))
