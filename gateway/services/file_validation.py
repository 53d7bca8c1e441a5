"""One presented PDF, read in a worker process: needs no network and no database."""

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from gateway.domain.conclusion import conclude
from gateway.domain.parties import parties_of, stated
from gateway.domain.purpose_copies import ATTACHMENT as COPY_ATTACHMENT
from gateway.domain.signed_list import ATTACHMENT as LIST_ATTACHMENT
from gateway.domain.verification import (
    DocumentKind,
    PresentedDocument,
    RegistryFinding,
    VerificationReport,
)
from gateway.errors import BusyError, OverLimitError, UnreadableInputError
from gateway.persistence.blobs import FileDigest
from gateway.services.drafts import ATTACHMENT_NAME
from gateway.services.presented_copies import attached_terms
from signing.errors import (
    MalformedDataError,
    ResourceLimitError,
    UnsupportedFormatError,
    WorkerProblemError,
    WorkersBusyError,
)
from signing.pdf.reading import read_attachments
from signing.validation.policy import ValidationPolicy
from signing.validation.process import validate_pdf
from signing.validation.relevance import relevant_revocation_data
from signing.workers import WorkerPool

Attachments = Mapping[str, bytes]
"""Embedded files of a PDF, by name."""
MEDIA_TYPE = "application/pdf"
REPORT_ATTACHMENT = "verification-report.json"
"""Name of what a signed report carries for machines; a file with it says that it is a report."""


@contextmanager
def reading_file(file_name: str) -> Iterator[None]:
    """Say in our own words why a file could not be read."""
    try:
        yield
    except WorkersBusyError as error:
        raise BusyError("核验繁忙，请稍后再试。Too many files wait to be read.", hint="Try again later.") from error
    except ResourceLimitError as error:
        raise OverLimitError(
            f"{file_name}：文件超出处理限额。The file takes too much to read: {error}",
            hint="Save it anew as an ordinary PDF.",
        ) from error
    except (MalformedDataError, UnsupportedFormatError, WorkerProblemError) as error:
        raise UnreadableInputError(
            f"{file_name}：文件无法处理。The file cannot be processed: {error}",
            hint="Present the file as you received it, complete and not encrypted.",
        ) from error


def validate_file(
    data: bytes,
    file_name: str,
    policy: ValidationPolicy,
    ask_registry: Callable[[Attachments], RegistryFinding],
    *,
    at: datetime,
    workers: WorkerPool,
) -> VerificationReport:
    """The report on one PDF, read in a worker process, with what the registry says about it.

    Needs no network and no database: counterparties call it with their own policy. UnreadableInputError when it is no
    usable PDF, OverLimitError when it takes too much to read, BusyError when too many wait. The registry is asked last,
    about a file that has these attachments.
    """
    with reading_file(file_name):
        validation = workers.run(validate_pdf, data, policy, at=at)
        attachments = attachments_of(data, workers)
    registry = ask_registry(attachments)
    digest = FileDigest.of(data)
    kind = document_kind(attachments)
    terms = attached_terms(attachments) if kind is DocumentKind.PURPOSE_COPY else None
    is_over = terms is not None and terms.is_expired(at)
    licence = attached_licence(attachments)
    parties = stated(parties_of(validation.signatures, licence), registry.accepted_by)
    chains = [chain for s in validation.signatures for chain in (s.chain, *(stamp.chain for stamp in s.timestamps))]
    return VerificationReport(
        document=PresentedDocument(file_name, MEDIA_TYPE, digest.size, digest.sha256, digest.sm3, kind),
        answer=conclude(
            validation.signatures,
            registry,
            at,
            kind,
            is_expired_copy=is_over,
            parties=None if licence is None else parties,
        ),
        signatures=validation.signatures,
        registry=registry,
        policy_name=policy.name,
        revocation_data=relevant_revocation_data(chains, policy.crls, policy.ocsp_responses),
        purpose_copy=terms,
        parties=parties,
    )


def attachments_of(data: bytes, workers: WorkerPool) -> Attachments:
    """Embedded files by name; none where they are no such thing.

    ResourceLimitError, WorkersBusyError, WorkerProblemError when nobody can say what they are.
    """
    try:
        return workers.run(read_attachments, data)
    except (MalformedDataError, UnsupportedFormatError):
        return {}


def document_kind(names: Collection[str]) -> DocumentKind:
    """What a PDF says that it is, by its attachments; who says so is for the signatures to tell."""
    if REPORT_ATTACHMENT in names:
        return DocumentKind.VERIFICATION_REPORT
    if LIST_ATTACHMENT in names and ATTACHMENT_NAME not in names:
        return DocumentKind.SIGNED_LIST
    # What carries a licence as well is judged as that licence.
    is_copy = COPY_ATTACHMENT in names and ATTACHMENT_NAME not in names
    return DocumentKind.PURPOSE_COPY if is_copy else DocumentKind.DOCUMENT


def attached_licence(attachments: Attachments) -> dict[str, Any] | None:
    """The machine-readable licence attached to a PDF, None when there is none that can be read."""
    try:
        content = attachments.get(ATTACHMENT_NAME)
        document = None if content is None else json.loads(content)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None
