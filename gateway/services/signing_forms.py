"""The three forms of what is signed: how each is prepared, what the signature is over, and what comes of it.

The gateway never has the enterprise's key: what is to be signed leaves, and only a value that was verified comes in.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from gateway.documents.face import FaceError
from gateway.documents.signature_mark import draw_acceptance_mark, draw_signature_mark
from gateway.domain.signing_answers import AnswerForm
from gateway.domain.signing_orders import DocumentOrder, ResultForm, document_error
from gateway.domain.signing_reasons import SigningReason
from gateway.domain.signing_requests import DocumentForm
from gateway.errors import BusyError, OverLimitError, ValidationFailedError
from gateway.persistence.models import SigningDocument
from gateway.services.dependencies import Dependencies
from signing import der, sm2
from signing.algorithms import CONTENT_IDENTIFIER_OID, SM3_OID
from signing.canonical_json import canonical
from signing.certificate_facts import certificate_facts
from signing.cms import attribute, signed_attributes
from signing.cose import assemble_sign1, key_id_of, parse_sign1, signed_bytes, verify_sign1
from signing.deferred import RemoteKey, completed_cms
from signing.errors import (
    DocumentChangedError,
    InvalidSignatureError,
    MalformedDataError,
    MalformedSignatureError,
    ResourceLimitError,
    SigningError,
    UnsupportedFormatError,
    WorkersBusyError,
)
from signing.keys import PreparedPdf, SignatureAlgorithm
from signing.pades import document_digest, embed
from signing.signature_spec import SealAppearance, SignatureSpec
from signing.timestamp import TimestampSource
from signing.validation.cms_reading import DATA_OIDS, parse_cms
from signing.validation.cryptographic import SM2_OIDS
from signing.validation.process import signer_identity
from signing.writing import prepare_signature
from signing.x509_fields import public_key_info

SUFFIXES = {DocumentForm.PDF: ".pdf", DocumentForm.JSON: ".json", DocumentForm.BYTES: ".bin"}
RESULT_SUFFIXES = {ResultForm.PADES: ".pdf", ResultForm.CMS: ".p7s", ResultForm.COSE: ".cose"}
_DER_SEQUENCE = 0x30
_OTHER_USER_IDS = ("", "ALICE123@YAHOO.COM", "8765432187654321", "1234567812345678\0")
"""User IDs that wrong signers take: none at all, as OpenSSL without ``distid``; the one of the standard's draft; the usual one
turned round, or with the end of a C string."""


@dataclass(frozen=True)
class PreparedDocument:
    """What is shown and signed of one document."""

    content: bytes
    suffix: str
    message_sm3: str
    gap_start: int = 0
    gap_end: int = 0


@dataclass(frozen=True)
class AskedBy:
    """What a signature in a PDF says of the request that it answers."""

    request_id: str
    enterprise_code: str
    enterprise_name: str
    purpose: str
    at: datetime


class RefusedError(Exception):
    """A signature does not hold, for this reason."""

    def __init__(self, reason: SigningReason) -> None:
        super().__init__(reason)
        self.reason = reason


def prepare_document(deps: Dependencies, index: int, order: DocumentOrder, asked: AskedBy) -> PreparedDocument:
    """Make one document ready.

    ValidationFailedError says why it cannot be signed, OverLimitError when reading it takes too much, BusyError when too many
    files wait.
    """
    suffix = SUFFIXES[order.form]
    try:
        if order.form is DocumentForm.PDF:
            prepared = deps.preparing_workers.run(prepare_signature, order.content, _spec(deps, order, asked))
            message = document_digest(prepared, SM3_OID).hex()
            return PreparedDocument(prepared.data, suffix, message, prepared.gap_start, prepared.gap_end)
        content = canonical(order.content) if order.form is DocumentForm.JSON else order.content
        return PreparedDocument(content, suffix, sm2.sm3(content).hex())
    except WorkersBusyError as error:
        raise BusyError("文件处理繁忙，请稍后再试。Too many files wait to be read.", hint="Try again later.") from error
    except ResourceLimitError as error:
        raise OverLimitError(
            f"{order.title}：文件超出处理限额。The file takes too much to read: {error}",
            hint="Save it anew as an ordinary PDF.",
        ) from error
    except (SigningError, FaceError) as error:
        message = f"文件不能签名。The document cannot be signed: {error}."
        raise ValidationFailedError([document_error(index, "content", "CANNOT_BE_SIGNED", message)]) from error


def _spec(deps: Dependencies, order: DocumentOrder, asked: AskedBy) -> SignatureSpec:
    """An approval signature; its reason names the request, so that two requests never sign the same bytes."""
    seal = None
    if order.shows_acceptance:
        mark = draw_acceptance_mark(asked.enterprise_name, asked.enterprise_code, deps.settings.assets_dir)
        seal = SealAppearance(mark.png, mark.width_mm, mark.height_mm)
    elif order.place is not None:
        lines = (asked.enterprise_code, f"签名请求 {asked.request_id}")
        mark = draw_signature_mark(asked.enterprise_name, lines, deps.settings.assets_dir)
        place = order.place
        seal = SealAppearance(mark.png, mark.width_mm, mark.height_mm, place.page, place.left_mm, place.bottom_mm)
    return SignatureSpec(
        claimed_at=asked.at,
        field_name=order.field_name,
        signer_name=asked.enterprise_name,
        reason=f"{asked.purpose}（签名请求 {asked.request_id}）",
        seal=seal,
    )


def remote_key(certificate: bytes, chain: tuple[bytes, ...] = ()) -> RemoteKey:
    """The enterprise's key, of which only the certificate (DER) is here."""
    return RemoteKey(SignatureAlgorithm.SM2_WITH_SM3, certificate, chain)


def to_be_signed(document: SigningDocument, certificate: bytes, content: bytes) -> bytes:
    """What the signature of a document is over, for the key of a certificate (DER); ``content`` is needed for COSE only.

    A detached CMS and a token name the request and the document, so that an answer serves for no other.
    """
    if document.result == ResultForm.COSE:
        return signed_bytes(content, key_id=_key_id(certificate), media_type=_token_type(document))
    further = (_identifier(document),) if document.result == ResultForm.CMS else ()
    return signed_attributes(
        message_digest=bytes.fromhex(document.message_sm3), key=remote_key(certificate), further=further
    )


def signature_in(form: AnswerForm, value: bytes) -> bytes:
    """The DER of the signature value that an answer brings, whatever it is over. RefusedError when there is none."""
    if form is AnswerForm.RAW:
        return _signature(value)
    try:
        return _signature(parse_cms(value).signature)
    except (MalformedDataError, UnsupportedFormatError) as error:
        raise RefusedError(SigningReason.MALFORMED_SIGNATURE) from error


def accept_raw(
    value: bytes, certificate: bytes, message: bytes, others: Iterable[bytes], suspected: tuple[str, ...] = ()
) -> bytes:
    """The DER of a signature value (DER, or r || s in 64 bytes) over ``message``. RefusedError says what is wrong.

    ``others`` are messages that this key may have been asked to sign elsewhere: they tell a slip from a forgery.
    ``suspected`` are user IDs to try besides the usual wrong ones: from a signature its user ID cannot be read.
    """
    signature = _signature(value)
    key = sm2.load_public(public_key_info(certificate))
    if _fits(key, message, signature):
        return signature
    user_ids = (*_OTHER_USER_IDS, *suspected, *_names_in(certificate))
    if _fits_bare(key, message, signature) or any(_fits(key, message, signature, each.encode()) for each in user_ids):
        raise RefusedError(SigningReason.WRONG_USER_ID)
    if any(_fits(key, other, signature) for other in others):
        raise RefusedError(SigningReason.OTHER_DIGEST)
    raise RefusedError(SigningReason.SIGNATURE_WRONG)


def accept_cms(
    value: bytes, certificate: bytes, document: SigningDocument, suspected: tuple[str, ...] = ()
) -> tuple[bytes, bytes]:
    """(signed attributes, DER of the value) of a CMS that ``signature_in`` could read. RefusedError says what is wrong."""
    cms = parse_cms(value)
    if document.result == ResultForm.COSE or cms.digest_oid != SM3_OID or cms.signature_oid not in SM2_OIDS:
        raise RefusedError(SigningReason.MALFORMED_SIGNATURE)
    reference = cms.certificate_reference
    if not cms.signed_attributes or cms.content_type_oid not in DATA_OIDS or reference is None:
        raise RefusedError(SigningReason.MALFORMED_SIGNATURE)
    is_bound = document.result == ResultForm.PADES or _identifier(document) in cms.signed_attributes
    if cms.message_digest != bytes.fromhex(document.message_sm3) or not is_bound:
        raise RefusedError(SigningReason.OTHER_DIGEST)
    if reference.digest_oid != SM3_OID or reference.digest != sm2.sm3(certificate):
        raise RefusedError(SigningReason.SIGNATURE_WRONG)
    return cms.signed_attributes, accept_raw(cms.signature, certificate, cms.signed_attributes, (), suspected)


def value_digest(signature: bytes) -> str:
    """What a signature value (DER) is known by, however it was written."""
    return sm2.sm3(sm2.signature_to_raw(signature)).hex()


def make_result(
    document: SigningDocument, content: bytes, key: RemoteKey, timestamps: TimestampSource | None
) -> tuple[bytes, str]:
    """(signed result, suffix) of a document whose signature was verified and kept.

    DocumentChangedError when a PDF is not the one that was prepared. Errors of the time-stamps pass through.
    """
    assert document.signed is not None
    assert document.signature is not None
    # Nothing is embedded that does not verify, however long ago it was taken in.
    sm2.verify(sm2.load_public(public_key_info(key.certificate)), document.signed, document.signature)
    suffix = RESULT_SUFFIXES[ResultForm(document.result)]
    if document.result == ResultForm.COSE:
        key_id = _key_id(key.certificate)
        token = assemble_sign1(content, document.signature, key_id=key_id, media_type=_token_type(document))
        return token, suffix
    if document.result == ResultForm.CMS:
        return completed_cms(document.signed, document.signature, key, timestamps=timestamps), suffix
    prepared = PreparedPdf(content, document.gap_start, document.gap_end)
    if document_digest(prepared, SM3_OID).hex() != document.message_sm3:
        raise DocumentChangedError("the document is not the one that was prepared for this signature")
    return embed(prepared, completed_cms(document.signed, document.signature, key, timestamps=timestamps)), suffix


def verify_token(token: bytes, document: SigningDocument, certificate: bytes) -> bytes:
    """The payload of a token, when the key of the certificate (DER) signed it for this document. SigningError."""
    message = parse_sign1(token)
    verify_sign1(message, sm2.load_public(public_key_info(certificate)))
    if message.media_type != _token_type(document):
        raise MalformedDataError("the token is that of another request")
    return message.payload


def _identifier(document: SigningDocument) -> bytes:
    """The content-identifier attribute (RFC 5035, 1.3.4): which document of which request."""
    name = f"{document.request_id}/{document.position}".encode()
    return attribute(CONTENT_IDENTIFIER_OID, der.octet_string(name))


def _token_type(document: SigningDocument) -> str:
    return f"application/json; signing-request={document.request_id}; document={document.position}"


def _key_id(certificate: bytes) -> bytes:
    return key_id_of(public_key_info(certificate))


def _signature(value: bytes) -> bytes:
    """Strict DER; r || s by its length. RefusedError when it is neither."""
    try:
        if len(value) == 2 * sm2.SCALAR_BYTES and not (value[0] == _DER_SEQUENCE and value[1] == len(value) - 2):
            return sm2.signature_from_raw(value)
        sm2.parse_signature(value)
    except MalformedSignatureError as error:
        raise RefusedError(SigningReason.MALFORMED_SIGNATURE) from error
    return value


def _fits(key: sm2.PublicKey, message: bytes, signature: bytes, user_id: bytes = sm2.DEFAULT_ID) -> bool:
    try:
        sm2.verify(key, message, signature, signer_id=user_id)
    except InvalidSignatureError:
        return False
    return True


def _fits_bare(key: sm2.PublicKey, message: bytes, signature: bytes) -> bool:
    """Whether it is over SM3 of the message alone: neither user ID nor key went into the digest (GB/T 32918.2, 5.5)."""
    try:
        sm2.backend().verify_digest(key, sm2.sm3(message), signature)
    except InvalidSignatureError:
        return False
    return True


def _names_in(certificate: bytes) -> tuple[str, ...]:
    """What of a certificate signers take for their user ID: its names, and its serial number."""
    try:
        signer, facts = signer_identity(certificate), certificate_facts(certificate)
    except MalformedDataError:
        return ()
    return signer.common_name, signer.organisation, facts.subject, facts.serial_number
