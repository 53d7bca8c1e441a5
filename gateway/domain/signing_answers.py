"""What the app sends: the certificate that it will use, and the signatures."""

from dataclasses import dataclass
from enum import StrEnum

from gateway.domain.signing_requests import SignerRole


class AnswerForm(StrEnum):
    """How a signature is written."""

    RAW = "raw"
    """DER of the two integers of SM2, or r || s in 64 bytes."""
    CMS = "cms"
    """A detached CMS that the app made itself."""


@dataclass(frozen=True)
class OfferedSigner:
    """Who is to sign, by the word of the app, and what he brings to prove it."""

    name: str
    authorisation: bytes | None = None
    """A ``SigningAuthorisation`` as COSE_Sign1."""


@dataclass(frozen=True)
class CertificateOffer:
    """Which certificate will sign, and for whom."""

    certificate: bytes
    """DER."""
    role: SignerRole
    signer_name: str
    authorisation: bytes | None = None

    @property
    def signer(self) -> OfferedSigner:
        """Who is to sign."""
        return OfferedSigner(self.signer_name, self.authorisation)


@dataclass(frozen=True)
class DocumentAnswer:
    """The signature of one document."""

    document_id: str
    form: AnswerForm
    value: bytes


@dataclass(frozen=True)
class SigningAnswer:
    """All signatures of a request, together."""

    certificate: bytes
    signatures: tuple[DocumentAnswer, ...]
    foreign_user_ids: tuple[str, ...] = ()
    """Under which whoever brought the answer is known to sign by mistake; no part of what is said."""

    def message(self) -> bytes:
        """One text for one answer, in whatever order its signatures stand."""
        parts = sorted(f"{each.document_id} {each.form} {each.value.hex()}" for each in self.signatures)
        return "\n".join([self.certificate.hex(), *parts]).encode()
