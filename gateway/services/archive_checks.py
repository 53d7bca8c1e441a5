"""Checks an archive package from itself and from what is trusted: no database, no network, no gateway."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any

from asn1crypto import pem

from certs.trust_store import TrustStore
from gateway.domain.answers import Genuine
from gateway.domain.archive_evidence import check_evidence
from gateway.domain.archive_files import read_members, require_package, unpack
from gateway.domain.archives import (
    LISTS,
    LOG,
    MANIFEST,
    TOKEN_TYPE,
    TRUST,
    UNDECIDED,
    ArchiveFault,
    ArchiveManifest,
    ManifestError,
    differing,
)
from gateway.domain.checkpoints import verify_checkpoint
from gateway.domain.instants import instant
from gateway.domain.merkle import SM3_TREE, verify_inclusion
from gateway.domain.verification import RegistryFinding, RegistryStatus
from gateway.errors import BusyError, GatewayError, UnreadableInputError
from gateway.services.file_validation import Attachments, reading_file, validate_file
from gateway.services.list_checks import Signer, check_signed_list, check_signer, token_of
from signing.errors import SigningError
from signing.validation.policy import ValidationPolicy
from signing.validation.report import Conclusion
from signing.workers import WorkerPool

_SIGNED_PDFS = frozenset({"licence.pdf", "accepted.pdf"})
"""Papers bear ink, not signatures; they are as the manifest says."""

_MOST_MANIFEST = 8 * 1024 * 1024
"""Octets: more than the names and digests of as many members as a package may have."""


@dataclass(frozen=True)
class ArchiveReport:
    """What came of checking a package."""

    genuine: Genuine
    """``no`` on proof of change or forgery, ``unknown`` when something could not be checked."""
    issuer: str
    subject: str
    made_at: datetime
    """As the manifest says, which is to be believed when the package is genuine."""
    members: int
    files: int
    """Signed PDFs that were verified as of ``made_at``."""
    proofs: int
    """Events of the transparency log whose proofs were followed to a signed checkpoint."""
    evidence: int
    """Files that signing requests name by their digests: accepted licences, certificates, revocation lists, OCSP responses."""
    faults: tuple[ArchiveFault, ...]
    signer: Signer
    """Who signed the manifest."""

    def to_json(self) -> dict[str, Any]:
        """For machines."""
        return {
            **{name: value for name, value in vars(self).items() if name != "signer"},
            "genuine": self.genuine.value,
            "made_at": instant(self.made_at),
            "faults": [vars(fault) for fault in self.faults],
        }


@dataclass(frozen=True)
class _Basis:
    """What a package is judged by."""

    trust_store: TrustStore
    policy: ValidationPolicy
    """With the revocation lists that the package brings: their CAs signed them."""
    workers: WorkerPool
    made_at: datetime


def check_archive(
    data: bytes,
    trust_store: TrustStore,
    policy: ValidationPolicy,
    workers: WorkerPool,
    *,
    at: datetime,
    file_name: str = "archive",
) -> ArchiveReport:
    """Check the manifest's signature as of ``at``, and everything that it vouches for as of when the package was made.

    UnreadableInputError when it is no package, OverLimitError when it is too large, BusyError when too many wait.
    """
    members = _unpacked(data, file_name, workers)
    token = members.pop(MANIFEST, b"")
    try:
        message = token_of(token if len(token) <= _MOST_MANIFEST else b"", TOKEN_TYPE)
        manifest = ArchiveManifest.decode(message.payload)
    except (SigningError, ManifestError) as error:
        raise UnreadableInputError("档案包没有可读的签署清单。The package has no manifest that can be read.") from error
    signer = check_signer(message, trust_store, policy, at)
    signer_faults, changed = [*_of_signer(signer)], differing(members, manifest)
    faults = [*signer_faults, *changed]
    whole = len(members)
    # Only what a known gateway signed for is opened: a stranger's package costs its digests and no more.
    named = {fault.member for fault in changed} if signer.validation is not None else members.keys()
    members = {name: content for name, content in members.items() if name not in named}
    # What nobody trusted signed for says nothing of an instant.
    basis = _Basis(trust_store, _with_lists(policy, members), workers, at if signer_faults else manifest.made_at)
    files, proofs = _signed_files(members), _proofs(members)
    evidence, unlike = check_evidence(members, manifest, named)
    faults += unlike
    faults += [fault for name in files for fault in _of_file(name, members[name], basis)]
    faults += [fault for name, proof in proofs for fault in _of_proof(name, proof, manifest)]
    faults += [fault for name in members if name.startswith(LISTS) for fault in _of_list(name, members[name], basis)]
    return ArchiveReport(
        genuine=_verdict(faults),
        issuer=manifest.issuer,
        subject=manifest.subject,
        made_at=manifest.made_at,
        members=whole,
        files=len(files),
        proofs=len(proofs),
        evidence=evidence,
        faults=tuple(faults),
        signer=signer,
    )


def _unpacked(data: bytes, file_name: str, workers: WorkerPool) -> dict[str, bytes]:
    limits = workers.limits
    with reading_file(file_name):
        if len(data) <= limits.output_bytes:
            return workers.run(read_members, data)
        if len(data) <= limits.input_bytes:
            # Too much to be handed back, and known to be plain then: what is read here is as large as the file, and no more.
            workers.run(require_package, data)
    # What is larger than a worker may be given is no upload: its holder named it on the command line.
    return unpack(data)


def _verdict(faults: list[ArchiveFault]) -> Genuine:
    if any(fault.code != UNDECIDED for fault in faults):
        return Genuine.NO
    return Genuine.UNKNOWN if faults else Genuine.YES


def _of_signer(signer: Signer) -> Iterator[ArchiveFault]:
    if signer.certificate is None:
        detail = "清单的签署者不在信任的网关之列。The manifest's signer is no gateway that is trusted here."
        yield ArchiveFault(MANIFEST, UNDECIDED, detail)
    elif signer.validation is None:
        detail = "清单的签名不成立。The signature of the manifest does not verify."
        yield ArchiveFault(MANIFEST, "not_genuine", detail)
    elif signer.validation.conclusion is not Conclusion.PASSED:
        found = signer.validation.sub_indication
        detail = f"签署者的证书无法确认：{found}。The signer's certificate cannot be relied on: {found}."
        yield ArchiveFault(MANIFEST, UNDECIDED, detail)


def _with_lists(policy: ValidationPolicy, members: Mapping[str, bytes]) -> ValidationPolicy:
    folder = f"{TRUST}crls/"
    brought = (content for name, content in members.items() if name.startswith(folder))
    crls = tuple(pem.unarmor(content)[2] for content in brought if pem.detect(content))
    return replace(policy, crls=(*policy.crls, *crls))


def _signed_files(members: Mapping[str, bytes]) -> list[str]:
    return [name for name in members if PurePosixPath(name).name in _SIGNED_PDFS]


def _of_file(name: str, content: bytes, basis: _Basis) -> Iterator[ArchiveFault]:
    try:
        report = validate_file(content, name, basis.policy, _not_asked, at=basis.made_at, workers=basis.workers)
    except (UnreadableInputError, BusyError) as error:
        yield ArchiveFault(name, UNDECIDED, error.message)
        return
    if report.answer.genuine is not Genuine.YES:
        code = "not_genuine" if report.answer.genuine is Genuine.NO else UNDECIDED
        reasons = ", ".join(reason.code for reason in report.answer.reasons)
        yield ArchiveFault(name, code, f"签名核验：{reasons}。Its signatures: {reasons}.")


def _not_asked(_: Attachments) -> RegistryFinding:
    return RegistryFinding(RegistryStatus.NOT_CHECKED)


def _of_list(name: str, token: bytes, basis: _Basis) -> Iterator[ArchiveFault]:
    found = check_signed_list(token, basis.trust_store, basis.policy, at=basis.made_at)
    if found.genuine is not Genuine.YES:
        code = "not_genuine" if found.genuine is Genuine.NO else UNDECIDED
        reasons = ", ".join(reason.code for reason in found.reasons)
        yield ArchiveFault(name, code, f"清单核验：{reasons}。The signed list: {reasons}.")


def _proofs(members: Mapping[str, bytes]) -> list[tuple[str, Any]]:
    """Every proof with its member; what cannot be read is None."""
    found: list[tuple[str, Any]] = []
    for name, content in members.items():
        if name.startswith(LOG):
            try:
                found += [(name, proof) for proof in json.loads(content)["proofs"]]
            except (ValueError, KeyError, TypeError, RecursionError):
                found.append((name, None))
    return found


def _of_proof(name: str, proof: Any, manifest: ArchiveManifest) -> Iterator[ArchiveFault]:
    try:
        checkpoint = verify_checkpoint(proof["checkpoint"], manifest.log_certificates)
        path = [bytes.fromhex(part) for part in proof["inclusion_proof"]]
        leaf = SM3_TREE.leaf(proof["entry"].encode())
        holds = verify_inclusion(SM3_TREE, leaf, proof["leaf_index"], checkpoint.size, path, checkpoint.root)
    except (GatewayError, SigningError, ValueError, KeyError, TypeError, AttributeError):
        holds = False
    if not holds:
        detail = "日志证明不成立。A proof of the transparency log does not hold."
        yield ArchiveFault(name, "proof_broken", detail)
