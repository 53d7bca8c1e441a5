"""Appends revisions to PDFs by hand, as signers, fillers of forms and attackers do."""

import re
from io import BytesIO

from asn1crypto import cms
from asn1crypto import x509 as asn1_x509
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import MDPPerm, SigSeedSubFilter
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner
from pyhanko_certvalidator import ValidationContext

from signing.keys import PreparedPdf
from signing.pades import CONTENTS_HEX_DIGITS, sign_prepared
from signing.pyhanko_adapter import SigningKeySigner, Sm2SignatureValidator, SourceTimeStamper
from signing.sm2 import sm3
from tests.hostile_pdfs import document, stream
from tests.pki import NOW

FIELDS = (
    b"<</Type/Annot/Subtype/Widget/FT/Sig/T(Authority)/V 5 0 R/P 3 0 R/Rect[0 0 50 50]/F 132>>",
    b"<</Type/Annot/Subtype/Widget/FT/Sig/T(Holder)/P 3 0 R/Rect[100 0 150 50]/F 4>>",
    b"<</Type/Annot/Subtype/Widget/FT/Tx/T(remark)/V(old)/P 3 0 R/Rect[0 100 150 120]/F 4/AP<</N 9 0 R>>>>",
)
CONTENT = b"BT /F 20 Tf 20 150 Td (genuine) Tj ET"
FONT = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"


def form_document(level=None, page=b"", catalog=b"", extra=(), contents=b"8 0 R"):
    """A prepared PDF: a page, a text, a font, a field to be signed, an empty signature field, a text field.

    1 catalog, 2 pages, 3 page, 4 field, 5 signature, 6 empty field, 7 text field, 8 content, 9 its appearance, 10 font.
    ``level`` certifies it.
    """
    reference = (
        b""
        if level is None
        else (
            b"/Reference[<</Type/SigRef/TransformMethod/DocMDP/TransformParams<</Type/TransformParams/P %d/V/1.2>>>>]"
            % level
        )
    )
    permissions = b"" if level is None else b"/Perms<</DocMDP 5 0 R>>"
    value = b"<</Type/Sig/Filter/Adobe.PPKLite/SubFilter/ETSI.CAdES.detached/ByteRange[0 %b]/Contents<%b>%b>>" % (
        b" " * 30,
        b"0" * CONTENTS_HEX_DIGITS,
        reference,
    )
    data = document(
        b"<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[4 0 R 6 0 R 7 0 R]/SigFlags 3>>%b%b>>" % (permissions, catalog),
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]/Contents %b/Resources<</Font<</F 10 0 R>>>>"
        b"/Annots[4 0 R 6 0 R 7 0 R]%b>>" % (contents, page),
        FIELDS[0],
        value,
        *FIELDS[1:],
        stream(b"", CONTENT),
        stream(b"/Type/XObject/Subtype/Form/BBox[0 0 150 20]", b"q Q"),
        FONT,
        *extra,
    )
    return prepared(data)


def prepared(data):
    """Fills in the ByteRange of the last placeholder."""
    start = data.rindex(b"/Contents<0") + len(b"/Contents")
    end = data.index(b">", start) + 1
    blank = b"/ByteRange[0 " + b" " * 30
    at = data.rindex(blank)
    ranges = b"/ByteRange[0 %d %d %d" % (start, end, len(data) - end)
    return PreparedPdf(data[:at] + ranges.ljust(len(blank)) + data[at + len(blank) :], start, end)


def updated(data, objects, *, trailer=b"/Root 1 0 R", size=200, free=(), between=b""):
    """The file with a further revision; ``objects`` maps numbers to bodies, ``between`` stands before them."""
    data = (data if data.endswith(b"\n") else data + b"\n") + between
    body, rows = b"", b""
    for number, content in sorted(objects.items()):
        rows += b"%d 1\n%010d 00000 n \n" % (number, len(data) + len(body))
        body += b"%d 0 obj\n%b\nendobj\n" % (number, content)
    rows += b"".join(b"%d 1\n0000000000 00001 f \n" % number for number in free)
    previous = int(re.findall(rb"startxref\s+(\d+)", data)[-1])
    start = len(data) + len(body)
    tail = b"xref\n%btrailer<</Size %d/Prev %d%b>>\nstartxref\n%d\n%%%%EOF\n" % (rows, size, previous, trailer, start)
    return data + body + tail


def signed_form(key, **options):
    return sign_prepared(form_document(**options), key)


def signed_again(data, key, *, reference=b"", field=None, extra=None):
    """The empty field 6 signed in a further revision, with a drawing as its appearance."""
    value = b"<</Type/Sig/Filter/Adobe.PPKLite/SubFilter/ETSI.CAdES.detached/ByteRange[0 %b]/Contents<%b>%b>>" % (
        b" " * 30,
        b"0" * CONTENTS_HEX_DIGITS,
        reference,
    )
    widget = field or FIELDS[1].replace(b">>", b"/V 20 0 R/AP<</N 21 0 R>>>>")
    drawing = stream(b"/Type/XObject/Subtype/Form/BBox[0 0 50 50]/Resources<</Font<</F 10 0 R>>>>", b"0 0 50 50 re f")
    return sign_prepared(prepared(updated(data, {6: widget, 20: value, 21: drawing, **(extra or {})})), key)


class Stamper(SourceTimeStamper):
    """Takes the digest that pyHanko sends to try the source out, too."""

    async def async_timestamp(self, message_digest, md_algorithm):
        digest = message_digest if md_algorithm == "sm3" else sm3(message_digest)
        return cms.ContentInfo.load(self._source.stamp(digest))


def long_lived(data, pki, *, archive=True):
    """``data`` signed by stock pyHanko with validation data, and with a document time-stamp for ``archive``."""
    context = ValidationContext(
        trust_roots=[asn1_x509.Certificate.load(pki.root.certificate)],
        other_certs=[asn1_x509.Certificate.load(pki.issuing.certificate)],
        crls=list(pki.crls()),
        allow_fetching=False,
        signature_validator=Sm2SignatureValidator(),
        moment=NOW,
    )
    metadata = PdfSignatureMetadata(
        field_name="Sig1",
        md_algorithm="sm3",
        subfilter=SigSeedSubFilter.PADES,
        certify=True,
        docmdp_permissions=MDPPerm.NO_CHANGES,
        embed_validation_info=True,
        use_pades_lta=archive,
        validation_context=context,
    )
    signer = PdfSigner(metadata, signer=SigningKeySigner(pki.leaf()), timestamper=Stamper(pki.unit()))
    return signer.sign_pdf(IncrementalPdfFileWriter(BytesIO(data))).getvalue()
