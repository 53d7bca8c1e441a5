"""Whether what an app sent is a signature over the documents of its request: value, digest, use, and the stored bytes."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import select

from gateway.domain.signing_answers import AnswerForm, DocumentAnswer
from gateway.domain.signing_orders import ResultForm
from gateway.domain.signing_reasons import SigningReason
from gateway.errors import StorageError
from gateway.persistence.blobs import FileAlteredError
from gateway.persistence.models import SigningDocument, SigningRequest
from gateway.persistence.session import reading
from gateway.services.dependencies import Dependencies
from gateway.services.signing_forms import (
    RefusedError,
    accept_cms,
    accept_raw,
    signature_in,
    to_be_signed,
    value_digest,
)
from gateway.services.signing_requests import document_of
from gateway.services.signing_rows import content_of

_MOST_OTHERS = 50


@dataclass(frozen=True)
class TakenSignature:
    """A signature that holds."""

    position: int
    signed: bytes
    """What it is over."""
    signature: bytes
    """DER."""


class SigningVerification:
    """Reads the documents of requests, says what is to be signed, and judges what came back."""

    def __init__(self, deps: Dependencies) -> None:
        self._deps = deps

    def content(self, document: SigningDocument) -> bytes:
        """The bytes that are shown and signed. FileAlteredError when they are others now, StorageError."""
        return content_of(self._deps, document)

    def message(self, document: SigningDocument, certificate: bytes) -> bytes:
        """What the key of a certificate (DER) is to sign; errors as ``content`` where that is a part of it."""
        payload = self.content(document) if document.result == ResultForm.COSE else b""
        return to_be_signed(document, certificate, payload)

    def taken(
        self, row: SigningRequest, given: DocumentAnswer, certificate: bytes, foreign_user_ids: tuple[str, ...] = ()
    ) -> TakenSignature:
        """A signature that holds over a document that is unaltered. RefusedError says what is wrong; StorageError.

        ``foreign_user_ids`` are those under which its bringer may have signed by mistake.
        """
        document = document_of(row, given.document_id)
        try:
            self.content(document)
        except FileAlteredError as error:
            raise RefusedError(SigningReason.DOCUMENT_ALTERED) from error
        self._require_unused(document, signature_in(given.form, given.value))
        suspected = (*self._deps.settings.foreign_user_ids, *foreign_user_ids, row.enterprise_code, row.enterprise_name)
        if given.form is AnswerForm.CMS:
            return TakenSignature(document.position, *accept_cms(given.value, certificate, document, suspected))
        message, others = self.message(document, certificate), self._others(row, document, certificate)
        signature = accept_raw(given.value, certificate, message, others, suspected)
        return TakenSignature(document.position, message, signature)

    def _require_unused(self, document: SigningDocument, signature: bytes) -> None:
        """RefusedError when another document has this value. This one may have it: the same answer comes twice at once."""
        used = select(SigningDocument.request_id, SigningDocument.position).where(
            SigningDocument.value_sm3 == value_digest(signature)
        )
        with reading(self._deps.sessions) as session:
            found = session.execute(used).one_or_none()
        if found is not None and tuple(found) != (document.request_id, document.position):
            raise RefusedError(SigningReason.REPLAYED)

    def _others(self, row: SigningRequest, asked: SigningDocument, certificate: bytes) -> Iterator[bytes]:
        """What the same enterprise was asked to sign besides, the newest first: only looked at when a value does not fit."""
        query = (
            select(SigningDocument)
            .join(SigningDocument.request)
            .where(SigningRequest.enterprise_code == row.enterprise_code)
            .order_by(SigningDocument.request_id.desc(), SigningDocument.position)
            .limit(_MOST_OTHERS)
        )
        with reading(self._deps.sessions) as session:
            others = session.scalars(query).all()
        for other in others:
            if (other.request_id, other.position) != (asked.request_id, asked.position):
                try:
                    yield self.message(other, certificate)
                except StorageError:
                    continue
