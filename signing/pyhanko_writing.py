"""Incremental updates to any PDF through pyHanko: signature fields, seals, validation data, document time-stamps.

It handles cross-reference tables and streams, form hierarchies and page trees of other makers; the CMS is ours.
The documents may be hostile: whatever they provoke in the parser becomes MalformedDataError.
"""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any

from asn1crypto import crl, ocsp, x509
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import FieldMDPSpec, MDPPerm, SigFieldSpec, SigSeedSubFilter, enumerate_sig_fields
from pyhanko.sign.signers.cms_embedder import PdfCMSEmbedder, SigIOSetup, SigMDPSetup, SigObjSetup
from pyhanko.sign.signers.constants import ESIC_EXTENSION_1
from pyhanko.sign.signers.pdf_byterange import DocumentTimestamp, SignatureObject
from pyhanko.sign.validation.dss import DocumentSecurityStore

from signing import pyhanko_adapter  # noqa: F401 - registers SM2 and SM3, so that certificates can be read
from signing.errors import MalformedDataError, SigningError, SigningNotPermittedError, UnsupportedFormatError
from signing.keys import PreparedPdf
from signing.pyhanko_seal import seal_box, show_seal
from signing.signature_spec import DocMdp, SignatureSpec
from signing.validation.evidence import ValidationData

_TIMESTAMP_FIELD = "DocumentTimestamp"
_Steps = Generator[Any, Any, None]


def prepare_signature(document: bytes, spec: SignatureSpec, *, evidence: ValidationData | None = None) -> PreparedPdf:
    """The document with a revision that holds the signature, its contents still zeros.

    ``evidence`` goes into the same revision, so that the signature covers the file to its end. MalformedDataError,
    UnsupportedFormatError (encrypted), SigningNotPermittedError when an earlier signature forbids it, SigningError
    when the seal does not fit.
    """
    with _writing():
        writer = _open(document)
        page = 0 if spec.seal is None else spec.seal.page - 1
        is_new = _require_permission(writer.prev, spec)
        box: Any = None if spec.seal is None else seal_box(writer, spec.seal)
        steps: _Steps = PdfCMSEmbedder(SigFieldSpec(spec.field_name, on_page=page, box=box)).write_cms(
            spec.field_name, writer
        )
        widget = next(steps).get_object()
        if spec.seal is not None:
            show_seal(writer, widget, spec.seal)
        if not is_new:
            writer.update_container(widget)
        value = SignatureObject(
            timestamp=spec.claimed_at,
            subfilter=SigSeedSubFilter.PADES,
            name=spec.signer_name,
            location=spec.location,
            reason=spec.reason,
            bytes_reserved=spec.contents_hex_digits,
        )
        steps.send(SigObjSetup(value, _restrictions(widget, spec.certify)))
        if evidence is not None:
            _put_evidence(writer, evidence)
        return _prepared(steps)


def prepare_document_timestamp(document: bytes, *, contents_hex_digits: int = 16_384) -> PreparedPdf:
    """The document with an invisible field for a document time-stamp (EN 319 142-1, 5.4.3), its contents still zeros.

    No certification forbids it (ISO 32000-2, 12.8.2.2). MalformedDataError, UnsupportedFormatError (encrypted).
    """
    with _writing():
        writer = _open(document)
        names = {name for name, _, _ in enumerate_sig_fields(writer.prev)}
        name = next(n for n in (f"{_TIMESTAMP_FIELD}{k}" for k in range(1, len(names) + 2)) if n not in names)
        steps: _Steps = PdfCMSEmbedder(SigFieldSpec(name)).write_cms(name, writer)
        next(steps)
        steps.send(SigObjSetup(DocumentTimestamp(bytes_reserved=contents_hex_digits)))
        writer.register_extension(ESIC_EXTENSION_1)
        return _prepared(steps)


def append_evidence(document: bytes, evidence: ValidationData) -> bytes:
    """The document with ``evidence`` in its document security store (EN 319 142-1, 5.4.2), without VRI.

    What the store holds already is not written twice; the document comes back as it is when nothing is new.
    """
    with _writing():
        writer = _open(document)
        if not _put_evidence(writer, evidence):
            return document
        writer.write_in_place()
        written: BytesIO = writer.prev.stream
        return written.getvalue()


def read_signature_contents(document: bytes) -> tuple[tuple[str, bytes], ...]:
    """(SubFilter, contents with padding) of every filled signature field, in the order of the form."""
    with _writing():
        fields = enumerate_sig_fields(_open(document).prev, filled_status=True)
        return tuple(_contents(reference.get_object()["/V"]) for _, _, reference in fields)


def _contents(value: Any) -> tuple[str, bytes]:
    raw = value.raw_get("/Contents")
    contents = raw.original_bytes if isinstance(raw, generic.TextStringObject) else bytes(raw)
    return str(value.get("/SubFilter", "")).lstrip("/"), contents


@contextmanager
def _writing() -> Iterator[None]:
    try:
        yield
    except SigningError:
        raise
    except Exception as error:
        # The parser was not written for attackers, and its exceptions are of every kind.
        raise MalformedDataError(f"the PDF cannot be extended: {error}") from error


class _Revision(IncrementalPdfFileWriter):
    """A revision that changes nothing but what was asked for, so that strict comparison with the one before finds no more."""

    def _prep_dom_for_writing(self) -> None:
        """PyHanko would name itself in /Info here, where PDF/A wants it to agree with XMP (ISO 19005-3, 6.6.3)."""
        for written in self.objects.values():
            _keep_encodings(written)


def _keep_encodings(value: Any) -> None:
    """Strings of rewritten objects stay in the encoding that they had: pyHanko would choose its own."""
    if isinstance(value, generic.TextStringObject):
        value.force_output_encoding = value.autodetected_encoding
    elif isinstance(value, generic.DictionaryObject):
        for entry in dict.values(value):
            _keep_encodings(entry)
    elif isinstance(value, generic.ArrayObject):
        for entry in list.__iter__(value):
            _keep_encodings(entry)


def _open(document: bytes) -> IncrementalPdfFileWriter:
    writer = _Revision(BytesIO(document), strict=False)
    if writer.prev.encrypted:
        raise UnsupportedFormatError("the PDF is encrypted")
    return writer


def _prepared(steps: _Steps) -> PreparedPdf:
    # pyHanko wants a digest algorithm that its back end knows; the digest that is signed is made elsewhere.
    place, output = steps.send(SigIOSetup(md_algorithm="sha256"))
    return PreparedPdf(output.getvalue(), place.reserved_region_start, place.reserved_region_end)


def _require_permission(reader: PdfFileReader, spec: SignatureSpec) -> bool:
    """Whether the field will be a new one. SigningNotPermittedError (ISO 32000-2, 12.8.2.2 and 12.8.2.4)."""
    fields = list(enumerate_sig_fields(reader))
    signed = [reference.get_object() for _, value, reference in fields if value is not None]
    if any(name == spec.field_name and value is not None for name, value, _ in fields):
        raise SigningNotPermittedError(f"the field {spec.field_name} is signed already")
    if spec.certify is not None and signed:
        raise SigningNotPermittedError("a document is certified before it is signed, and only once")
    is_new = all(name != spec.field_name for name, _, _ in fields)
    for field in signed:
        level, lock = _protection(field)
        if level is DocMdp.NO_CHANGES:
            raise SigningNotPermittedError("an earlier signature permits no further signatures")
        if lock is not None and lock.is_locked(spec.field_name):
            raise SigningNotPermittedError(f"an earlier signature locks the field {spec.field_name}")
        # A new seal on a certified page would change what was certified: only fields that stood there may be filled.
        if level is not None and is_new and spec.seal is not None:
            raise SigningNotPermittedError("the certification permits no new visible signature")
    return is_new


def _protection(field: Any) -> tuple[DocMdp | None, FieldMDPSpec | None]:
    """What a filled signature field forbids from then on: the DocMDP level and the locked fields."""
    level, lock = None, None
    for reference in field["/V"].get("/Reference", ()):
        parameters = reference.get_object().get("/TransformParams", generic.DictionaryObject())
        if reference.get_object().get("/TransformMethod") == "/DocMDP":
            level = DocMdp(int(parameters.get("/P", 2)))
        elif reference.get_object().get("/TransformMethod") == "/FieldMDP":
            lock = FieldMDPSpec.from_pdf_object(parameters)
    if level is None and "/P" in field.get("/Lock", {}):
        level = DocMdp(int(field["/Lock"]["/P"]))
    return level, lock


def _restrictions(widget: Any, certify: DocMdp | None) -> SigMDPSetup:
    """The reference dictionaries: those of a certification, and those that the field's lock asks for."""
    lock = widget.get("/Lock", None)
    level = certify if lock is None else lock.get("/P", certify)
    return SigMDPSetup(
        md_algorithm="sha256",
        certify=certify is not None,
        field_lock=None if lock is None else FieldMDPSpec.from_pdf_object(lock),
        docmdp_perms=None if level is None else MDPPerm(int(level)),
    )


def _put_evidence(writer: IncrementalPdfFileWriter, evidence: ValidationData) -> bool:
    """Whether anything was new."""
    store = DocumentSecurityStore.supply_dss_in_writer(
        writer,
        None,
        certs=[x509.Certificate.load(certificate) for certificate in evidence.certificates],
        ocsps=[ocsp.OCSPResponse.load(response) for response in evidence.ocsp_responses],
        crls=[crl.CertificateList.load(encoded) for encoded in evidence.crls],
    )
    if store.modified:
        writer.register_extension(ESIC_EXTENSION_1)
    return bool(store.modified)
