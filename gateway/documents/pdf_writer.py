"""Writes one-page PDF/A-3b files as bytes: constant objects are made once, the rest is concatenated."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, lru_cache
from io import BytesIO

from PIL import Image

from gateway.documents.canvas import MM, EmbeddedFont, deflate
from gateway.documents.face import SealPicture
from gateway.documents.pdfa import pdf_date, srgb_profile, xmp
from gateway.documents.qr_drawing import QrSymbol
from signing.keys import PreparedPdf
from signing.pades import CONTENTS_HEX_DIGITS

SIGNATURE_FIELD = "IssuingAuthority"
A4_LANDSCAPE = (297.0, 210.0)
"""Millimetres."""

NO_CHANGES = 1
"""DocMDP level: nothing may change but validation data and document time-stamps."""

_RANGE_DIGITS = 10


@dataclass
class _Objects:
    """Indirect objects by number, from 1."""

    bodies: list[bytes] = field(default_factory=list)

    def add(self, body: bytes) -> int:
        """Number of the new object."""
        self.bodies.append(body)
        return len(self.bodies)

    def reserve(self) -> int:
        """Number of an object that is written later."""
        return self.add(b"")

    def put(self, number: int, body: bytes) -> None:
        """Write a reserved object."""
        self.bodies[number - 1] = body


@dataclass(frozen=True)
class PageContent:
    """What one page needs besides its text."""

    stream: bytes
    fonts: list[EmbeddedFont]
    qr: QrSymbol
    title: str
    identifier: str
    created_at: datetime


@dataclass(frozen=True)
class SignatureSpec:
    """The certification signature that the page is prepared for."""

    seal: SealPicture
    centre: tuple[float, float]
    """Millimetres from bottom left."""
    signer_name: str
    reason: str
    doc_mdp: int = NO_CHANGES


@dataclass(frozen=True)
class Attachment:
    """An associated file (ISO 32000-2, 14.13)."""

    name: str
    data: bytes
    description: str


def stream(dictionary: str, data: bytes) -> bytes:
    """A stream object of bytes that are deflated already."""
    return f"<<{dictionary}/Filter/FlateDecode/Length {len(data)}>>\nstream\n".encode() + data + b"\nendstream"


def text_string(text: str) -> str:
    """A PDF text string, hexadecimal UTF-16."""
    return "<" + (b"\xfe\xff" + text.encode("utf-16-be")).hex() + ">"


def write_pdf(page: PageContent) -> bytes:
    """A PDF/A without signature or attachment."""
    objects = _Objects()
    catalog, page_number = objects.reserve(), objects.reserve()
    _put_page(objects, page, page_number, annotations="")
    objects.put(catalog, _catalog(objects, page, page_number, extra="").encode())
    return _serialise(objects, catalog)[0]


def write_prepared_pdf(page: PageContent, signature: SignatureSpec, attachment: Attachment) -> PreparedPdf:
    """A PDF/A-3 with an attachment and a visible certification signature whose contents are still zeros."""
    objects = _Objects()
    catalog, page_number = objects.reserve(), objects.reserve()
    widget, value = objects.reserve(), objects.reserve()
    _put_page(objects, page, page_number, annotations=f"/Annots[{widget} 0 R]")
    objects.put(widget, _widget(objects, signature, page_number, value))
    file = _add_attachment(objects, attachment, page.created_at)
    objects.put(value, _signature_dictionary(signature, page.created_at))
    extra = (
        f"/AcroForm<</Fields[{widget} 0 R]/SigFlags 3>>/Perms<</DocMDP {value} 0 R>>"
        f"/AF[{file} 0 R]/Names<</EmbeddedFiles<</Names[{text_string(attachment.name)}{file} 0 R]>>>>"
    )
    objects.put(catalog, _catalog(objects, page, page_number, extra).encode())
    data, offsets = _serialise(objects, catalog)
    return _with_byte_range(data, offsets[value - 1])


def _catalog(objects: _Objects, page: PageContent, page_number: int, extra: str) -> str:
    pages = objects.add(f"<</Type/Pages/Kids[{page_number} 0 R]/Count 1>>".encode())
    objects.put(page_number, objects.bodies[page_number - 1].replace(b"/Parent 0 0 R", b"/Parent %d 0 R" % pages))
    profile = objects.add(_profile())
    packet = xmp(page.title, page.identifier, page.created_at)
    metadata = objects.add(
        b"<</Type/Metadata/Subtype/XML/Length %d>>\nstream\n" % len(packet) + packet + b"\nendstream"
    )
    return (
        f"<</Type/Catalog/Pages {pages} 0 R/Metadata {metadata} 0 R/Lang(zh-CN)/ViewerPreferences<</DisplayDocTitle true>>"
        f"/OutputIntents[<</Type/OutputIntent/S/GTS_PDFA1/OutputConditionIdentifier(sRGB)/DestOutputProfile {profile} 0 R>>]"
        f"{extra}>>"
    )


@cache
def _profile() -> bytes:
    return stream("/N 3/Alternate/DeviceRGB", deflate(srgb_profile()))


def _put_page(objects: _Objects, page: PageContent, number: int, annotations: str) -> None:
    content = objects.add(stream("", deflate(page.stream)))
    qr = page.qr
    mask = objects.add(
        stream(
            f"/Type/XObject/Subtype/Image/ImageMask true/BitsPerComponent 1/Width {qr.size}/Height {qr.size}",
            deflate(qr.rows),
        )
    )
    fonts = "".join(f"/{font.resource} {_add_font(objects, font)} 0 R" for font in page.fonts)
    width, height = (side * MM for side in A4_LANDSCAPE)
    body = (
        f"<</Type/Page/Parent 0 0 R/MediaBox[0 0 {width:.2f} {height:.2f}]/Contents {content} 0 R"
        f"/Resources<</Font<<{fonts}>>/XObject<</Q {mask} 0 R>>"
        f"/ExtGState<</W<</ca 0.10/CA 0.10>>>>>>/Group<</S/Transparency/CS/DeviceRGB>>{annotations}>>"
    )
    objects.put(number, body.encode())


def _add_font(objects: _Objects, font: EmbeddedFont) -> int:
    program = objects.add(stream(f"/Length1 {len(font.program)}", deflate(font.program)))
    descriptor = objects.add(
        (
            f"<</Type/FontDescriptor/FontName/{font.base_name}/Flags 4/FontBBox[-1000 -1000 3000 2000]/ItalicAngle 0"
            f"/Ascent {font.ascender}/Descent {font.descender}/CapHeight 733/StemV 80/FontFile2 {program} 0 R>>"
        ).encode()
    )
    cid_font = objects.add(
        (
            f"<</Type/Font/Subtype/CIDFontType2/BaseFont/{font.base_name}/CIDToGIDMap/Identity/DW 1000"
            f"/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>"
            f"/W[{font.widths}]/FontDescriptor {descriptor} 0 R>>"
        ).encode()
    )
    unicode_map = objects.add(stream("", deflate(font.to_unicode)))
    return objects.add(
        (
            f"<</Type/Font/Subtype/Type0/BaseFont/{font.base_name}/Encoding/Identity-H"
            f"/DescendantFonts[{cid_font} 0 R]/ToUnicode {unicode_map} 0 R>>"
        ).encode()
    )


def _widget(objects: _Objects, signature: SignatureSpec, page: int, value: int) -> bytes:
    """The signature field merged with its widget; the seal is its appearance, at its real size."""
    colours, alpha = _seal_streams(signature.seal)
    mask = objects.add(alpha)
    image = objects.add(colours.replace(b"/SMask 0 0 R", b"/SMask %d 0 R" % mask))
    width, height = signature.seal.width_mm * MM, signature.seal.height_mm * MM
    drawing = f"q {width:.3f} 0 0 {height:.3f} 0 0 cm /S Do Q".encode()
    appearance = objects.add(
        stream(
            f"/Type/XObject/Subtype/Form/BBox[0 0 {width:.3f} {height:.3f}]/Resources<</XObject<</S {image} 0 R>>>>"
            "/Group<</S/Transparency/CS/DeviceRGB>>",
            deflate(drawing),
        )
    )
    left, bottom = signature.centre[0] * MM - width / 2, signature.centre[1] * MM - height / 2
    return (
        f"<</Type/Annot/Subtype/Widget/FT/Sig/T({SIGNATURE_FIELD})/F 132/P {page} 0 R/V {value} 0 R"
        f"/Rect[{left:.3f} {bottom:.3f} {left + width:.3f} {bottom + height:.3f}]/AP<</N {appearance} 0 R>>>>"
    ).encode()


@lru_cache(maxsize=256)
def _seal_streams(seal: SealPicture) -> tuple[bytes, bytes]:
    """(image object with a reference to fill in, soft mask object); compressed once for each seal."""
    picture = Image.open(BytesIO(seal.png)).convert("RGBA")
    width, height = picture.size
    size = f"/Type/XObject/Subtype/Image/Width {width}/Height {height}/BitsPerComponent 8"
    colours = stream(f"{size}/ColorSpace/DeviceRGB/SMask 0 0 R", deflate(picture.convert("RGB").tobytes()))
    alpha = stream(f"{size}/ColorSpace/DeviceGray", deflate(picture.getchannel("A").tobytes()))
    return colours, alpha


def _signature_dictionary(signature: SignatureSpec, signed_at: datetime) -> bytes:
    gap = b"0" * CONTENTS_HEX_DIGITS
    numbers = " ".join(["0" * _RANGE_DIGITS] * 3)
    return (
        (
            "<</Type/Sig/Filter/Adobe.PPKLite/SubFilter/ETSI.CAdES.detached"
            f"/M({pdf_date(signed_at)})/Name{text_string(signature.signer_name)}/Reason{text_string(signature.reason)}"
            "/Reference[<</Type/SigRef/TransformMethod/DocMDP/TransformParams"
            f"<</Type/TransformParams/P {signature.doc_mdp}/V/1.2>>>>]"
            f"/ByteRange[0 {numbers}]/Contents<"
        ).encode()
        + gap
        + b">>>"
    )


def _add_attachment(objects: _Objects, attachment: Attachment, created_at: datetime) -> int:
    parameters = f"/Params<</Size {len(attachment.data)}/ModDate({pdf_date(created_at)})>>"
    embedded = objects.add(
        stream(f"/Type/EmbeddedFile/Subtype/application#2Fjson{parameters}", deflate(attachment.data))
    )
    name = text_string(attachment.name)
    return objects.add(
        (
            f"<</Type/Filespec/F{name}/UF{name}/Desc{text_string(attachment.description)}/AFRelationship/Data"
            f"/EF<</F {embedded} 0 R/UF {embedded} 0 R>>>>"
        ).encode()
    )


def _serialise(objects: _Objects, catalog: int) -> tuple[bytes, list[int]]:
    """(file, offset of each object)."""
    parts = [b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"]
    position = len(parts[0])
    offsets: list[int] = []
    for number, body in enumerate(objects.bodies, 1):
        offsets.append(position)
        part = b"%d 0 obj\n" % number + body + b"\nendobj\n"
        parts.append(part)
        position += len(part)
    identifier = hashlib.sha256(b"".join(parts)).hexdigest()[:32]
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    parts.append(
        b"xref\n0 %d\n0000000000 65535 f \n" % (len(offsets) + 1)
        + table
        + f"trailer\n<</Size {len(offsets) + 1}/Root {catalog} 0 R/ID[<{identifier}><{identifier}>]>>\n".encode()
        + b"startxref\n%d\n%%%%EOF\n" % position
    )
    return b"".join(parts), offsets


def _with_byte_range(data: bytes, start: int) -> PreparedPdf:
    """Fill in the ByteRange; its digits were reserved, so that nothing moves."""
    range_at = data.index(b"/ByteRange[0 ", start) + len(b"/ByteRange[0 ")
    gap_start = data.index(b"/Contents<", range_at) + len(b"/Contents")
    gap_end = gap_start + CONTENTS_HEX_DIGITS + 2
    numbers = b"%010d %010d %010d" % (gap_start, gap_end, len(data) - gap_end)
    return PreparedPdf(data[:range_at] + numbers + data[range_at + len(numbers) :], gap_start, gap_end)
