"""What ``pyhanko_writing`` writes into PDFs of others, read in by whoever writes first.

The library takes half a second to read in, which neither every command nor every web process needs to spend: the functions
here can be named, and handed to a worker process, without it.
"""
# ruff: noqa: PLC0415

from signing.keys import PreparedPdf
from signing.signature_spec import SignatureSpec
from signing.validation.evidence import ValidationData


def prepare_signature(document: bytes, spec: SignatureSpec) -> PreparedPdf:
    """See ``pyhanko_writing.prepare_signature``."""
    from signing import pyhanko_writing

    return pyhanko_writing.prepare_signature(document, spec)


def prepare_document_timestamp(document: bytes) -> PreparedPdf:
    """See ``pyhanko_writing.prepare_document_timestamp``."""
    from signing import pyhanko_writing

    return pyhanko_writing.prepare_document_timestamp(document)


def append_evidence(document: bytes, evidence: ValidationData) -> bytes:
    """See ``pyhanko_writing.append_evidence``."""
    from signing import pyhanko_writing

    return pyhanko_writing.append_evidence(document, evidence)


def read_signature_contents(document: bytes) -> tuple[tuple[str, bytes], ...]:
    """See ``pyhanko_writing.read_signature_contents``."""
    from signing import pyhanko_writing

    return pyhanko_writing.read_signature_contents(document)
