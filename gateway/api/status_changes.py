"""POST /api/v1/licences/{licence_identifier}/status-changes: suspend, restore, revoke, withdraw, cancel."""

from flask import Blueprint, Response

from gateway.api.auth import actor as current_actor
from gateway.api.auth import idempotent, requires
from gateway.api.replies import container, parse_body, reply
from gateway.api.revisions import expected_revision, with_revision
from gateway.api.schemas.status_changes import StatusChangeBody
from gateway.domain.actors import Scope

blueprint = Blueprint("status_changes", __name__)


@blueprint.post("/api/v1/licences/<licence_identifier>/status-changes")
@requires(Scope.LICENCES_READ)
@idempotent
def create(licence_identifier: str) -> Response:
    """Record a decision. Which of the two scopes it takes, the decision says: to end a licence is a right of its own."""
    decision = parse_body(StatusChangeBody).decision()
    recorded = container().status_changes.record(
        licence_identifier, decision, actor=current_actor(), expected_revision=expected_revision()
    )
    return with_revision(reply(vars(recorded), 201), recorded.revision)
