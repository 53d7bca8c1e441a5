"""POST /api/v1/licences/{licence_identifier}/versions: amendment, renewal, replacement, correction."""

from flask import Blueprint, Response

from gateway.api.auth import actor as current_actor
from gateway.api.auth import idempotent, requires
from gateway.api.licences import issue_reply
from gateway.api.replies import container, parse_body
from gateway.api.representations import wanted_vocabulary
from gateway.api.revisions import expected_revision
from gateway.api.schemas.versions import VersionBody
from gateway.domain.actors import Scope

blueprint = Blueprint("versions", __name__)


@blueprint.post("/api/v1/licences/<licence_identifier>/versions")
@requires(Scope.LICENCES_CHANGE)
@idempotent
def create(licence_identifier: str) -> Response:
    """Issue the next version; the one before says what replaced it."""
    body, vocabulary = parse_body(VersionBody), wanted_vocabulary()
    issued = container().versions.issue(
        licence_identifier, body.wanted(), actor=current_actor(), expected_revision=expected_revision()
    )
    return issue_reply(issued, vocabulary, Scope.LICENCES_CHANGE)
