"""What can go wrong with keys, signatures and signed bytes. No HTTP, no licences."""

from typing import ClassVar


class SigningError(Exception):
    """Root of the tree. ``code`` is the stable upper-case reason code for reports."""

    code: ClassVar[str] = "SIGNING_ERROR"


class BackendUnavailableError(SigningError):
    """No implementation on this machine can do the operation that was asked for."""

    code = "SM2_BACKEND_UNAVAILABLE"


class KeyRefusedError(SigningError):
    """A key is malformed, of another type or curve, out of range, or its halves do not match."""

    code = "KEY_REFUSED"


class InvalidSignatureError(SigningError):
    """A well-formed signature value does not fit the message and the key."""

    code = "SIGNATURE_INVALID"


class MalformedSignatureError(InvalidSignatureError):
    """A signature value is not strict DER of two integers in [1, n-1]."""

    code = "SIGNATURE_MALFORMED"


class MalformedDataError(SigningError):
    """A container (PDF, CMS, COSE, time-stamp token, certificate, CRL) cannot be parsed."""

    code = "DATA_MALFORMED"


class UnsupportedFormatError(SigningError):
    """A container is well formed, but of a kind that is not handled."""

    code = "FORMAT_UNSUPPORTED"


class ResourceLimitError(SigningError):
    """Work on an input was stopped at a limit of time, memory or size."""

    code = "RESOURCE_LIMIT"


class WorkersBusyError(SigningError):
    """More files wait for a worker process than may wait."""

    code = "WORKERS_BUSY"


class WorkerProblemError(SigningError):
    """Reading a file ended in an error that it should not end in: a fault of ours as well as of the file."""

    code = "WORKER_PROBLEM"


class TimestampUnavailableError(SigningError):
    """A time-stamping unit gave no usable token."""

    code = "TIMESTAMP_UNAVAILABLE"


class SigningNotPermittedError(SigningError):
    """An earlier signature, or its certification of the document, forbids the signature that was asked for."""

    code = "SIGNING_NOT_PERMITTED"


class DocumentChangedError(SigningError):
    """A document is no longer the one that its signature was prepared for."""

    code = "DOCUMENT_CHANGED"


class EvidenceMissingError(SigningError):
    """A certificate has no issuer or no revocation data at hand, so that a signature cannot be made to last."""

    code = "EVIDENCE_MISSING"


class KeySourceUnavailableError(SigningError):
    """A token or a remote signer does not answer, or will not sign."""

    code = "KEY_SOURCE_UNAVAILABLE"


class KeySourceWrongError(SigningError):
    """A token or a remote signer gave something that is no signature of its key; it was not used."""

    code = "KEY_SOURCE_WRONG"
