"""What a document needs to be signed as it is written: signature dictionary, its gap, attachments."""

from dataclasses import dataclass
from datetime import datetime

from gateway.documents.pdf_objects import Objects, pdf_date, stream, text_string
from signing.keys import PreparedPdf
from signing.pades import CONTENTS_HEX_DIGITS

NO_CHANGES, SIGNING = 1, 2
"""DocMDP levels: nothing may change but validation data and document time-stamps; or else empty fields may be signed
(ISO 32000-2, 12.8.2.2)."""

_RANGE_PLACE = b" ".join([b"0" * 10] * 3)


@dataclass(frozen=True)
class Attachment:
    """An associated file (ISO 32000-2, 14.13)."""

    name: str
    data: bytes
    description: str
    media_type: str = "application/json"


def signature_dictionary(signer_name: str, reason: str, signed_at: datetime, doc_mdp: int = NO_CHANGES) -> bytes:
    """The signature value (ISO 32000-2, 12.8.1; EN 319 142-1, 5.3), ByteRange and Contents still zeros."""
    head = (
        "<</Type/Sig/Filter/Adobe.PPKLite/SubFilter/ETSI.CAdES.detached"
        f"/M{pdf_date(signed_at)}/Name{text_string(signer_name)}/Reason{text_string(reason)}"
        "/Reference[<</Type/SigRef/TransformMethod/DocMDP/TransformParams"
        f"<</Type/TransformParams/P {doc_mdp}/V/1.2>>>>]/ByteRange[0 "
    )
    return b"%b%b]/Contents<%b>>>" % (head.encode(), _RANGE_PLACE, b"0" * CONTENTS_HEX_DIGITS)


def add_attachment(objects: Objects, attachment: Attachment, created_at: datetime) -> int:
    """Number of the file specification."""
    parameters = f"/Params<</Size {len(attachment.data)}/ModDate{pdf_date(created_at)}>>"
    subtype = attachment.media_type.replace("/", "#2F")
    embedded = objects.add(stream(f"/Type/EmbeddedFile/Subtype/{subtype}{parameters}", attachment.data))
    name = text_string(attachment.name)
    body = (
        f"<</Type/Filespec/F{name}/UF{name}/Desc{text_string(attachment.description)}/AFRelationship/Data"
        f"/EF<</F {embedded} 0 R/UF {embedded} 0 R>>>>"
    )
    return objects.add(body.encode())


def with_byte_range(data: bytes, start: int, second: int | None = None) -> PreparedPdf:
    """Fill in the ByteRange of the dictionary at ``start``; its digits were reserved, so that nothing moves.

    ``second`` is the number of the empty field for a second signature.
    """
    marker = b"/ByteRange[0 "
    range_at = data.index(marker, start) + len(marker)
    gap_start = data.index(b"/Contents<", range_at) + len(b"/Contents")
    gap_end = gap_start + CONTENTS_HEX_DIGITS + 2
    numbers = b"%010d %010d %010d" % (gap_start, gap_end, len(data) - gap_end)
    filled = b"%b%b%b" % (data[:range_at], numbers, data[range_at + len(numbers) :])
    return PreparedPdf(filled, gap_start, gap_end, second)
