"""Archive packages: the whole record of a licence or of an enterprise, signed, for whoever keeps it without this gateway."""

from dataclasses import replace
from typing import Any

from pydantic_core import to_jsonable_python
from sqlalchemy import select

from gateway.domain.actors import OPERATOR, Actor, Scope
from gateway.domain.archive_files import pack
from gateway.domain.archives import LISTS, LOG, MANIFEST, RECORD, REQUESTS, STATUS, TOKEN_TYPE, TRUST, ArchiveManifest
from gateway.domain.status_list import PLACES
from gateway.errors import FieldError, ForbiddenError, ValidationFailedError
from gateway.persistence.models import AuditEvent, StatusPlace
from gateway.persistence.retrying import retried
from gateway.persistence.session import reading
from gateway.services.archive_contents import ArchiveContents
from gateway.services.archive_requests import ArchivedRequests
from gateway.services.dependencies import Dependencies
from gateway.services.dossiers import Dossier, Dossiers
from gateway.services.log_proofs import LogProofs
from gateway.services.signed_lists import SignedLists, sign_token
from gateway.services.status_lists import StatusLists
from gateway.services.trust import Trust

_ANCHORS = "anchors.json"
_READING = {Scope.LICENCES_READ, Scope.PAPERS_HANDLE, Scope.SIGNING_READ}


class Archives:
    """Exports records with everything in them, personal data included; each export is on record with its reason."""

    def __init__(
        self,
        deps: Dependencies,
        dossiers: Dossiers,
        requests: ArchivedRequests,
        public: tuple[LogProofs, SignedLists, StatusLists, Trust],
    ) -> None:
        self._deps = deps
        self._dossiers = dossiers
        self._requests = requests
        self._log_proofs, self._signed_lists, self._status_lists, self._trust = public

    def of_licence(self, licence_identifier: str, *, reason: str, actor: Actor = OPERATOR) -> bytes:
        """The package of one licence, with all its versions. ForbiddenError without ``administer``, beyond its limits, or in
        the sandbox; NotFoundError, ValidationFailedError without a reason, OverLimitError, StorageError, ConfigurationError.
        """
        actor = _exporter(reason, actor)
        contents, dossier = ArchiveContents(), self._dossiers.of(licence_identifier, actor=actor)
        enterprise, _ = self._dossiers.holder(dossier.holder_code, actor=actor)
        record: dict[str, Any] = {"enterprise": enterprise, "licences": self._licences([dossier], contents, actor)}
        return self._package(licence_identifier, record, contents, reason, actor)

    def of_enterprise(self, code: str, *, reason: str, actor: Actor = OPERATOR) -> bytes:
        """The package of an enterprise with every licence that it holds or held. Errors of ``of_licence``: none is left out.

        With all that it was asked to sign by those for whom the actor acts; who that is stands in the record.
        """
        actor, contents = _exporter(reason, actor), ArchiveContents()
        enterprise, lines = self._dossiers.holder(code, actor=actor)
        dossiers = [self._dossiers.of(line.licence_identifier, actor=actor) for line in lines]
        record: dict[str, Any] = {"enterprise": enterprise, "licences": self._licences(dossiers, contents, actor)}
        record["signing_requests"] = self._requests.of_enterprise(code, contents, actor=actor)
        return self._package(code, record, contents, reason, actor)

    def _package(
        self, subject: str, record: dict[str, Any], contents: ArchiveContents, reason: str, actor: Actor
    ) -> bytes:
        licences = record["licences"]
        contents.add_json(RECORD, record)
        contents.add(f"{LISTS}list.cbor", self._signed_lists.cbor(record["enterprise"].unified_social_credit_code))
        identifiers = [version["licence_identifier"] for licence in licences for version in licence["versions"]]
        for name, content in (self._statuses(identifiers) | self._trust_files()).items():
            contents.add(name, content)
        manifest = ArchiveManifest.of(
            contents.members,
            issuer=self._deps.settings.public_base_url,
            subject=subject,
            made_at=self._deps.clock(),
            log_certificates=tuple(self._deps.log_certificates()),
        )
        packed = pack(contents.members | {MANIFEST: sign_token(self._deps, manifest.encode(), TOKEN_TYPE)})
        requests = sum(name.startswith(REQUESTS) for name in contents.members)
        # First the word, then the deed: nobody gets what is not on record.
        held = {"licences": len(licences), "signing_requests": requests, "bytes": len(packed)}
        self._note(subject, {"reason": reason, **held}, actor)
        return packed

    def _licences(self, newest: list[Dossier], contents: ArchiveContents, actor: Actor) -> list[dict[str, Any]]:
        """The rows of each licence, by the version that is its newest; its files become members."""
        return [
            {
                "licence_number": dossier.licence_number,
                "versions": [
                    self._version(f"{number:04d}", f"{place:03d}", line.licence_identifier, contents, actor)
                    for place, line in enumerate(dossier.versions, 1)
                ],
            }
            for number, dossier in enumerate(newest, 1)
        ]

    def _version(
        self, number: str, place: str, identifier: str, contents: ArchiveContents, actor: Actor
    ) -> dict[str, Any]:
        """The rows of a version; its files, its events in the log and the requests to accept it become members."""
        folder = f"licences/{number}/{place}"
        dossier = self._dossiers.of(identifier, actor=actor)
        files = {f"{folder}/licence.pdf": self._dossiers.electronic(identifier, actor=actor)}
        for paper in dossier.papers:
            content = self._dossiers.paper(identifier, paper.copy_number, actor=actor)
            files[f"{folder}/paper-{paper.copy_number}.pdf"] = content
        for name, content in files.items():
            contents.add(name, content)
        acceptances = self._requests.of_version(identifier, folder, contents, actor=actor)
        contents.add_json(f"{LOG}{number}-{place}.json", self._log_proofs.of_licence(identifier).to_json())
        accepted = [each["file"] for each in acceptances if each["file"] is not None]
        rows = {"files": sorted([*files, *accepted]), "acceptances": acceptances}
        return {**to_jsonable_python(dossier, fallback=str), **rows}

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
    return replace(actor, scopes=actor.scopes | _READING)
