"""/api/v1/licences/{licence_identifier}/papers: printed, handed over, void, returned."""

from flask import Blueprint, Response

from gateway.api.auth import actor as current_actor
from gateway.api.auth import idempotent, recorded, requires
from gateway.api.replies import container, parse_body, reply
from gateway.api.revisions import expected_revision, with_revision
from gateway.api.schemas.papers import CollectionBody, PrintBody, ReasonBody
from gateway.domain.actors import Scope
from gateway.services.papers import BlankChoice, PaperView

blueprint = Blueprint("papers", __name__)
_PAPERS = "/api/v1/licences/<licence_identifier>/papers"


@blueprint.get(_PAPERS)
@requires(Scope.PAPERS_HANDLE)
@recorded("licence_identifier")
def listing(licence_identifier: str) -> Response:
    """The papers of a version, the original first."""
    papers = container().papers.of(licence_identifier, actor=current_actor())
    response = reply({"items": [paper.to_json() for paper in papers]})
    return with_revision(response, papers[0].revision) if papers else response


@blueprint.post(f"{_PAPERS}/<int:copy_number>/prints")
@requires(Scope.PAPERS_HANDLE)
@idempotent
def print_paper(licence_identifier: str, copy_number: int) -> Response:
    """Record a print on a form from the stock, or with a reason a reprint."""
    body = parse_body(PrintBody)
    blank = BlankChoice(body.blank_form, body.blank_serial_number)
    paper = container().papers.print(
        licence_identifier,
        copy_number,
        blank,
        reason=body.reason,
        actor=current_actor(),
        expected_revision=expected_revision(),
    )
    return _told(paper)


@blueprint.post(f"{_PAPERS}/<int:copy_number>/collections")
@requires(Scope.PAPERS_HANDLE)
@idempotent
def collect(licence_identifier: str, copy_number: int) -> Response:
    """Record who took it away."""
    body = parse_body(CollectionBody)
    paper = container().papers.collect(
        licence_identifier,
        copy_number,
        body.collected_by,
        actor=current_actor(),
        expected_revision=expected_revision(),
    )
    return _told(paper)


@blueprint.post(f"{_PAPERS}/<int:copy_number>/voidings")
@requires(Scope.PAPERS_HANDLE)
@idempotent
def void(licence_identifier: str, copy_number: int) -> Response:
    """Declare it void."""
    reason, actor = parse_body(ReasonBody).reason, current_actor()
    revision = expected_revision()
    return _told(
        container().papers.void(licence_identifier, copy_number, reason, actor=actor, expected_revision=revision)
    )


@blueprint.post(f"{_PAPERS}/<int:copy_number>/returns")
@requires(Scope.PAPERS_HANDLE)
@idempotent
def take_back(licence_identifier: str, copy_number: int) -> Response:
    """Record that it came back from the holder."""
    reason, actor = parse_body(ReasonBody).reason, current_actor()
    revision = expected_revision()
    return _told(
        container().papers.take_back(licence_identifier, copy_number, reason, actor=actor, expected_revision=revision)
    )


def _told(paper: PaperView) -> Response:
    return with_revision(reply(paper.to_json(), 201), paper.revision)
