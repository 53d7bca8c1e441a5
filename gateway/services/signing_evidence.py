"""Evidence of signing requests kept whole: the path of the certificate, and the revocation data that it was judged by.

Each is a file named by its digest, so that a list by which many requests were judged is stored once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from gateway.domain.holder_certificates import (
    CERTIFICATE_SUFFIX,
    EVIDENCE_MEDIA_TYPES,
    REVOCATION_SUFFIXES,
    HolderCertificateCheck,
)
from gateway.domain.signing_views import evidence_entries
from gateway.errors import NotFoundError
from gateway.persistence.blobs import FileDigest
from gateway.persistence.models import StoredFile
from gateway.persistence.session import reading
from gateway.services.dependencies import Dependencies
from gateway.services.signer_roles import RoleProof
from signing.sm2 import sm3


@dataclass(frozen=True)
class Evidence:
    """What is kept with a signature: how its certificate, and the role of who signed, were found to hold."""

    check: HolderCertificateCheck
    proof: RoleProof

    def to_json(self) -> dict[str, Any]:
        """What the request's row has."""
        return self.check.evidence_json() | self.proof.evidence_json()

    def files(self) -> list[tuple[bytes, str]]:
        """(content, suffix) of all that ``to_json`` names."""
        return [file for check in (self.check, *self.proof.checks) for file in check.evidence_files()]


def stage_missing(deps: Dependencies, files: Sequence[tuple[bytes, str]]) -> list[tuple[FileDigest, str]]:
    """Stage each (content, suffix) that no row names yet; gives what was staged. StorageError.

    Within ``writing``. Rows are never removed: what one names needs no second writing.
    """
    named = {sm3(content).hex(): (content, suffix) for content, suffix in files}
    with reading(deps.sessions) as session:
        known = set(session.scalars(select(StoredFile.sm3).where(StoredFile.sm3.in_(sorted(named)))))
    new = [each for digest, each in named.items() if digest not in known]
    return [(digest, suffix) for digest, (_, suffix) in zip(deps.files.stage(new), new, strict=True)] if new else []


def evidence_file(deps: Dependencies, evidence: Mapping[str, Any], sha256: str) -> tuple[bytes, str, str]:
    """(content, media type, suffix) of what the evidence of a request names. StorageError.

    NotFoundError when it names no such thing, or was taken before contents were kept.
    """
    entry = next((each for each in evidence_entries(evidence) if each["sha256"] == sha256), None)
    with reading(deps.sessions) as session:
        found = None if entry is None else session.get(StoredFile, entry.get("sm3", ""))
    if entry is None or found is None:
        raise NotFoundError("证据中没有这份材料。The evidence holds no such thing.")
    # Stored under another ending where the same bytes were brought before, as something to be signed.
    content = deps.files.read(found.sm3, found.suffix, found.sha256)
    suffix = REVOCATION_SUFFIXES.get(entry.get("kind", ""), CERTIFICATE_SUFFIX)
    return content, EVIDENCE_MEDIA_TYPES[suffix], suffix
