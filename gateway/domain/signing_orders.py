"""What a department asks for when it makes a signing request, and whether that can be asked."""

from dataclasses import dataclass
from enum import StrEnum

from gateway.domain.signing_requests import (
    LEAST_SECONDS,
    LONGEST_PURPOSE,
    LONGEST_TITLE,
    MOST_DOCUMENTS,
    MOST_SECONDS,
    DocumentForm,
    SignerRole,
)
from gateway.errors import FieldError, ValidationFailedError


class ResultForm(StrEnum):
    """What comes out."""

    PADES = "pades"
    CMS = "cms"
    COSE = "cose"


RESULTS: dict[DocumentForm, tuple[ResultForm, ...]] = {
    DocumentForm.PDF: (ResultForm.PADES,),
    DocumentForm.JSON: (ResultForm.COSE, ResultForm.CMS),
    DocumentForm.BYTES: (ResultForm.CMS,),
}
"""What each form may become, the usual one first."""
MEDIA_TYPES = {DocumentForm.PDF: "application/pdf", DocumentForm.JSON: "application/json"}
RESULT_MEDIA_TYPES = {
    ResultForm.PADES: "application/pdf",
    ResultForm.CMS: "application/pkcs7-signature",
    ResultForm.COSE: 'application/cose; cose-type="cose-sign1"',
}


@dataclass(frozen=True)
class SignaturePlace:
    """Where the signature appears on a page, in millimetres from the lower left corner as it is shown."""

    page: int
    left_mm: float
    bottom_mm: float


@dataclass(frozen=True)
class DocumentOrder:
    """One document to be signed."""

    title: str
    form: DocumentForm
    content: bytes
    media_type: str = "application/octet-stream"
    """Of bytes; the other forms have their own."""
    result: ResultForm | None = None
    """None: the usual one of its form."""
    place: SignaturePlace | None = None
    """None: the signature in a PDF is not seen on its pages."""
    field_name: str = "EnterpriseSignature"
    """The empty field of a PDF that is filled; a new one is made when there is none."""
    shows_acceptance: bool = False
    """Fill the field's own place on the page with the mark of a holder that accepts its licence."""

    @property
    def outcome(self) -> ResultForm:
        """What will come out."""
        return self.result or RESULTS[self.form][0]


@dataclass(frozen=True)
class SigningOrder:
    """A request as a department makes it."""

    enterprise_code: str
    purpose: str
    signer_role: SignerRole
    documents: tuple[DocumentOrder, ...]
    expires_in_seconds: int = 3600
    department_code: str | None = None
    """Credit code of the authority that asks; None: the only one that the caller acts for."""
    requires_authorisation: bool = False
    """Whether the app's word on the role of the signer is not enough."""

    def check(self) -> None:
        """ValidationFailedError names every broken field."""
        errors = _text("purpose", self.purpose, LONGEST_PURPOSE)
        if self.requires_authorisation and self.signer_role is SignerRole.LEGAL_REPRESENTATIVE:
            message = "法定代表人无须授权。The legal representative needs no authorisation."
            errors.append(FieldError("requires_authorisation", "NOT_SUPPORTED", message))
        if not LEAST_SECONDS <= self.expires_in_seconds <= MOST_SECONDS:
            message = f"应为 {LEAST_SECONDS} 至 {MOST_SECONDS} 秒。From {LEAST_SECONDS} to {MOST_SECONDS} seconds."
            errors.append(FieldError("expires_in_seconds", "OUT_OF_RANGE", message))
        if not 0 < len(self.documents) <= MOST_DOCUMENTS:
            message = f"应有 1 至 {MOST_DOCUMENTS} 份文件。From 1 to {MOST_DOCUMENTS} documents."
            errors.append(FieldError("documents", "OUT_OF_RANGE", message))
        for index, document in enumerate(self.documents):
            errors += _document(index, document)
        if errors:
            raise ValidationFailedError(errors)


def _document(index: int, document: DocumentOrder) -> list[FieldError]:
    errors = _text("title", document.title, LONGEST_TITLE, ("documents", index, "title"))
    if not document.content:
        errors.append(document_error(index, "content", "MISSING", "文件是空的。The document is empty."))
    if document.outcome not in RESULTS[document.form]:
        errors.append(document_error(index, "result", "NOT_SUPPORTED", "该类文件没有这种结果。Not for this form."))
    if document.place is not None and document.form is not DocumentForm.PDF:
        message = "只有 PDF 文件有签名位置。Only a PDF has a place where the signature appears."
        errors.append(document_error(index, "appearance", "NOT_SUPPORTED", message))
    return errors


def document_error(index: int, name: str, code: str, message: str) -> FieldError:
    """A broken field of the document with this index."""
    return FieldError(f"documents.{index}.{name}", code, message, ("documents", index, name))


def _text(name: str, value: str, longest: int, path: tuple[str | int, ...] = ()) -> list[FieldError]:
    if 0 < len(value.strip()) <= longest and value.isprintable():
        return []
    message = f"必填，至多 {longest} 字，不含控制字符。Required, up to {longest} printable characters."
    return [FieldError(".".join(map(str, path)) or name, "TEXT_INVALID", message, path)]
