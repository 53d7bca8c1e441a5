"""Puts signing requests into archive packages, those by which licences were accepted among them, with all their evidence."""

from typing import Any

from gateway.domain.acceptances import AcceptanceView
from gateway.domain.actors import Actor
from gateway.domain.archive_evidence import evidence_member, request_member, request_record
from gateway.domain.signing_orders import ResultForm
from gateway.domain.signing_views import SigningView, evidence_entries
from gateway.services.acceptances import Acceptances
from gateway.services.archive_contents import ArchiveContents
from gateway.services.dependencies import Dependencies
from gateway.services.signing_evidence import evidence_file
from gateway.services.signing_forms import RESULT_SUFFIXES
from gateway.services.signing_requests import MOST_LISTED, SigningFilter, SigningRequests


class ArchivedRequests:
    """Read one after the other, so that no more than a package is ever in memory."""

    def __init__(self, deps: Dependencies, acceptances: Acceptances, requests: SigningRequests) -> None:
        self._deps = deps
        self._acceptances = acceptances
        self._requests = requests

    def of_version(
        self, licence_identifier: str, folder: str, contents: ArchiveContents, *, actor: Actor
    ) -> list[dict[str, Any]]:
        """Every time that the holder was asked to accept a version; what it signed becomes a member of the folder.

        NotFoundError, ForbiddenError, OverLimitError, StorageError.
        """
        views = self._acceptances.of_licence(licence_identifier, actor=actor)
        return [self._acceptance(view, folder, contents, actor) for view in views]

    def of_enterprise(self, code: str, contents: ArchiveContents, *, actor: Actor) -> dict[str, Any]:
        """All that an enterprise was asked to sign by those for whom the actor acts, and by whom that is.

        ForbiddenError, OverLimitError, StorageError.
        """
        authorities = None if actor.authority_codes is None else sorted(actor.authority_codes)
        members: list[str] = []
        after = ""
        while True:
            wanted = SigningFilter(enterprise_code=code, after_id=after, limit=MOST_LISTED)
            views = self._requests.listed(wanted, actor=actor)
            members += [self._add(view, contents) for view in views]
            if len(views) < MOST_LISTED:
                return {"of_authorities": authorities, "members": members}
            after = views[-1].request_id

    def _acceptance(self, view: AcceptanceView, folder: str, contents: ArchiveContents, actor: Actor) -> dict[str, Any]:
        request, accepted = view.request, None
        if view.accepted_sm3 is not None:
            [document] = request.documents
            accepted = f"{folder}/accepted{RESULT_SUFFIXES[ResultForm(document.result)]}"
            signed = self._requests.signed(request.request_id, document.document_id, actor=actor)
            contents.add(accepted, signed.content)
        row = {name: value for name, value in view.to_json().items() if name != "signing_request"}
        return row | {"file": accepted, "request": self._add(request, contents, accepted)}

    def _add(self, view: SigningView, contents: ArchiveContents, accepted: str | None = None) -> str:
        """The record of a request and what its evidence names, each once; gives the name of the record."""
        name = request_member(view.request_id)
        if name not in contents:
            evidence = view.evidence or {}
            for entry in evidence_entries(evidence):
                member = evidence_member(entry)
                if member is not None and member not in contents:
                    contents.add(member, evidence_file(self._deps, evidence, entry["sha256"])[0])
            contents.add_json(name, request_record(view, accepted))
        return name
