"""Archive packages: the whole record of a licence or an enterprise, signed (docs/archives.md)."""

from flask import Blueprint, Response

from gateway.api.auth import actor as current_actor
from gateway.api.auth import caller_elements, recorded, requires
from gateway.api.replies import container
from gateway.domain.actors import Scope

blueprint = Blueprint("archives", __name__)


@blueprint.get("/api/v1/licences/<licence_identifier>/archive")
@requires(Scope.ADMINISTER)
@recorded("licence_identifier")
def of_licence(licence_identifier: str) -> Response:
    """One licence with all its versions; the purpose of the call is the reason that goes on record."""
    reason = caller_elements().purpose
    packed = container().archives.of_licence(licence_identifier, reason=reason, actor=current_actor())
    return _package(licence_identifier, packed)


@blueprint.get("/api/v1/enterprises/<code>/archive")
@requires(Scope.ADMINISTER)
@recorded("code")
def of_enterprise(code: str) -> Response:
    """An enterprise with every licence that it holds or held."""
    reason = caller_elements().purpose
    return _package(code, container().archives.of_enterprise(code, reason=reason, actor=current_actor()))


def _package(subject: str, packed: bytes) -> Response:
    response = Response(packed, mimetype="application/zip")
    response.headers["Cache-Control"] = "no-store"
    response.headers["Content-Disposition"] = f'attachment; filename="record-{subject}.zip"'
    return response
