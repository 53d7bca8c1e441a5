"""Archive packages: the whole record of a licence or of an enterprise, signed, for whoever keeps it without this gateway."""

import json
from dataclasses import replace
from typing import Any

from pydantic_core import to_jsonable_python
from sqlalchemy import select

from gateway.domain.actors import OPERATOR, Actor, Scope
from gateway.domain.answers import EnterpriseView
from gateway.domain.archive_files import pack
from gateway.domain.archives import LISTS, LOG, MANIFEST, RECORD, STATUS, TOKEN_TYPE, TRUST, ArchiveManifest
from gateway.domain.status_list import PLACES
from gateway.errors import FieldError, ForbiddenError, ValidationFailedError
from gateway.persistence.models import AuditEvent, StatusPlace
from gateway.persistence.retrying import retried
from gateway.persistence.session import reading
from gateway.services.acceptances import Acceptances
from gateway.services.dependencies import Dependencies
from gateway.services.dossiers import Dossier, Dossiers
from gateway.services.licence_records import LicenceRecords
from gateway.services.log_proofs import LogProofs
from gateway.services.signed_lists import SignedLists, sign_token
from gateway.services.status_lists import StatusLists
from gateway.services.trust import Trust

_ANCHORS = "anchors.json"
_ENDINGS = {"application/pdf": ".pdf", "application/json": ".json"}


class Archives:
    """Exports records with everything in them, personal data included; each export is on record with its reason."""

    def __init__(
        self,
        deps: Dependencies,
        dossiers: Dossiers,
        records: LicenceRecords,
        acceptances: Acceptances,
        public: tuple[LogProofs, SignedLists, StatusLists, Trust],
    ) -> None:
        self._deps = deps
        self._dossiers = dossiers
        self._records = records
        self._acceptances = acceptances
        self._log_proofs, self._signed_lists, self._status_lists, self._trust = public

    def of_licence(self, licence_identifier: str, *, reason: str, actor: Actor = OPERATOR) -> bytes:
        """The package of one licence, with all its versions. ForbiddenError without ``administer``, beyond its limits, or in
        the sandbox; NotFoundError, ValidationFailedError without a reason, OverLimitError, StorageError, ConfigurationError.
        """
        actor = _exporter(reason, actor)
        dossier = self._dossiers.of(licence_identifier, actor=actor)
        enterprise, _ = self._dossiers.holder(dossier.holder_code, actor=actor)
        return self._package(licence_identifier, enterprise, [dossier], reason, actor)

    def of_enterprise(self, code: str, *, reason: str, actor: Actor = OPERATOR) -> bytes:
        """The package of an enterprise with every licence that it holds or held. Errors of ``of_licence``: none is left out."""
        actor = _exporter(reason, actor)
        enterprise, lines = self._dossiers.holder(code, actor=actor)
        dossiers = [self._dossiers.of(line.licence_identifier, actor=actor) for line in lines]
        return self._package(code, enterprise, dossiers, reason, actor)

    def _package(
        self, subject: str, enterprise: EnterpriseView, dossiers: list[Dossier], reason: str, actor: Actor
    ) -> bytes:
        members: dict[str, bytes] = {}
        licences = [self._licence(number, each, members, actor) for number, each in enumerate(dossiers, 1)]
        members[RECORD] = _json({"enterprise": enterprise, "licences": licences})
        members[f"{LISTS}list.cbor"] = self._signed_lists.cbor(enterprise.unified_social_credit_code)
        identifiers = [version["licence_identifier"] for licence in licences for version in licence["versions"]]
        members |= self._statuses(identifiers) | self._trust_files()
        manifest = ArchiveManifest.of(
            members,
            issuer=self._deps.settings.public_base_url,
            subject=subject,
            made_at=self._deps.clock(),
            log_certificates=tuple(self._deps.log_certificates()),
        )
        packed = pack(members | {MANIFEST: sign_token(self._deps, manifest.encode(), TOKEN_TYPE)})
        # First the word, then the deed: nobody gets what is not on record.
        self._note(subject, {"reason": reason, "licences": len(licences), "bytes": len(packed)}, actor)
        return packed

    def _licence(self, number: int, newest: Dossier, members: dict[str, bytes], actor: Actor) -> dict[str, Any]:
        """The rows of a licence; its files become members."""
        versions = []
        for place, line in enumerate(newest.versions, 1):
            folder = f"licences/{number:04d}/{place:03d}"
            dossier = self._dossiers.of(line.licence_identifier, actor=actor)
            files = self._files(folder, dossier, actor)
            members |= files
            proofs = self._log_proofs.of_licence(line.licence_identifier)
            members[f"{LOG}{number:04d}-{place:03d}.json"] = _json(proofs.to_json())
            versions.append({**to_jsonable_python(dossier, fallback=str), "files": sorted(files)})
        return {"licence_number": newest.licence_number, "versions": versions}

    def _files(self, folder: str, dossier: Dossier, actor: Actor) -> dict[str, bytes]:
        identifier = dossier.licence_identifier
        files = {f"{folder}/licence.pdf": self._dossiers.electronic(identifier, actor=actor)}
        for paper in dossier.papers:
            content = self._dossiers.paper(identifier, paper.copy_number, actor=actor)
            files[f"{folder}/paper-{paper.copy_number}.pdf"] = content
        if self._records.get(identifier, actor=actor).accepted_sm3 is not None:
            accepted = self._acceptances.file(identifier, actor=actor)
            files[f"{folder}/accepted{_ENDINGS.get(accepted.media_type, '.bin')}"] = accepted.content
        return files

    def _statuses(self, identifiers: list[str]) -> dict[str, bytes]:
        query = select(StatusPlace.authority_code, StatusPlace.place).where(
            StatusPlace.licence_identifier.in_(identifiers)
        )
        with reading(self._deps.sessions) as session:
            wanted = {(row.authority_code, row.place // PLACES) for row in session.execute(query)}
        return {f"{STATUS}{code}-{n}.cwt": self._status_lists.published(code, n).token for code, n in wanted}

    def _trust_files(self) -> dict[str, bytes]:
        """The published files as they are on disk, laid out as ``verify --trust-anchors`` takes a folder."""
        names = [f"{folder}/{name}" for folder, files in self._trust.listing().items() for name in files]
        names += [_ANCHORS] if (self._deps.trust_dir / _ANCHORS).exists() else []
        return {TRUST + name: (self._deps.trust_dir / name).read_bytes() for name in names}

    @retried
    def _note(self, subject: str, detail: dict[str, Any], actor: Actor) -> None:
        event = AuditEvent(
            occurred_at=self._deps.clock(),
            action="archive_exported",
            subject=subject,
            detail=detail,
            actor=actor.audit(),
        )
        with self._deps.sessions.begin() as session:
            session.add(event)


def _exporter(reason: str, actor: Actor) -> Actor:
    """Whoever may export, within the same limits, with what is read on the way."""
    actor.require(Scope.ADMINISTER)
    if actor.is_sandbox:
        raise ForbiddenError("沙箱不导出档案。The sandbox exports no records.")
    if not reason.strip():
        raise ValidationFailedError(
            [FieldError("reason", "MISSING", "请说明导出的理由。Say why the record is exported.")]
        )
    return replace(actor, scopes=actor.scopes | {Scope.LICENCES_READ, Scope.PAPERS_HANDLE})


def _json(value: Any) -> bytes:
    return json.dumps(to_jsonable_python(value, fallback=str), ensure_ascii=False, indent=1, sort_keys=True).encode()
