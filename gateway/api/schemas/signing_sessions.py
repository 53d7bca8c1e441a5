"""Bodies of the app's side of signing requests."""

from typing import Annotated

from pydantic import Field

from gateway.api.replies import Body
from gateway.api.schemas.signing_requests import Base64
from gateway.domain.signing_answers import AnswerForm, CertificateOffer, DocumentAnswer, SigningAnswer
from gateway.domain.signing_requests import LONGEST_REASON, MOST_DOCUMENTS, SignerRole


class CertificateBody(Body):
    """Which certificate will sign, and for whom."""

    certificate: Base64
    role: SignerRole
    signer_name: Annotated[str, Field(min_length=1, max_length=100)]
    authorisation: Base64 | None = None

    def offer(self) -> CertificateOffer:
        """As the service takes it."""
        return CertificateOffer(self.certificate, self.role, self.signer_name, self.authorisation)


class SignatureBody(Body):
    """The signature of one document."""

    document_id: Annotated[str, Field(min_length=1, max_length=8)]
    form: AnswerForm
    value: Base64


class AnswerBody(Body):
    """All signatures of a request, together."""

    certificate: Base64
    signatures: Annotated[list[SignatureBody], Field(min_length=1, max_length=MOST_DOCUMENTS)]

    def answer(self) -> SigningAnswer:
        """As the service takes it."""
        given = (DocumentAnswer(each.document_id, each.form, each.value) for each in self.signatures)
        return SigningAnswer(self.certificate, tuple(given))


class DeclineBody(Body):
    """Why nobody will sign."""

    reason: Annotated[str, Field(max_length=LONGEST_REASON)] = ""
