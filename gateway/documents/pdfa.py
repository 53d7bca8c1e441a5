"""What PDF/A-3b (ISO 19005-3) asks of every file: XMP metadata and an output intent."""

from datetime import UTC, datetime
from functools import cache
from xml.sax.saxutils import escape

from PIL import ImageCms

from gateway.documents.pdf_objects import SMALL, stream

PRODUCER = "licence-gateway"
_XMP = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/" xmlns:dc="http://purl.org/dc/elements/1.1/" \
xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:pdf="http://ns.adobe.com/pdf/1.3/">
<pdfaid:part>3</pdfaid:part><pdfaid:conformance>B</pdfaid:conformance>
<dc:format>application/pdf</dc:format><dc:language><rdf:Bag><rdf:li>zh-CN</rdf:li></rdf:Bag></dc:language>
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{title}</rdf:li></rdf:Alt></dc:title>
<dc:identifier>{identifier}</dc:identifier>
<xmp:CreateDate>{created}</xmp:CreateDate><xmp:ModifyDate>{created}</xmp:ModifyDate>
<pdf:Producer>{producer}</pdf:Producer>
</rdf:Description></rdf:RDF></x:xmpmeta>
<?xpacket end="w"?>"""

_ICC_DATE, _ICC_PROFILE_ID = slice(24, 36), slice(84, 100)
"""Header fields (ICC.1:2010, 7.2) that differ from run to run; fixed, so that equal input gives equal bytes."""


def xmp(title: str, identifier: str, created_at: datetime) -> bytes:
    """The XMP packet, UTF-8."""
    return _XMP.format(
        title=escape(title),
        identifier=escape(identifier),
        created=created_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        producer=PRODUCER,
    ).encode()


@cache
def srgb_profile() -> bytes:
    """An sRGB ICC profile, made on this machine by LittleCMS (in Pillow), which puts no rights on what it makes."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile[_ICC_DATE] = bytes.fromhex("07e8 0001 0001 0000 0000 0000")
    profile[_ICC_PROFILE_ID] = bytes(16)
    return bytes(profile)


@cache
def srgb_stream() -> bytes:
    """The stream object of the profile."""
    return stream("/N 3/Alternate/DeviceRGB", srgb_profile(), level=SMALL)
