"""Certificates of electronic business licences: registering one, and all of an enterprise with its changes of registration."""

from flask import Blueprint, Response

from gateway.api.auth import actor as current_actor
from gateway.api.auth import idempotent, recorded, requires
from gateway.api.replies import container, parse_body, reply
from gateway.api.schemas.holder_certificates import HolderCertificateBody
from gateway.domain.actors import Scope

blueprint = Blueprint("holder_certificates", __name__)


@blueprint.post("/api/v1/holder-certificates")
@requires(Scope.LICENCES_ISSUE)
@idempotent
def register() -> Response:
    """Register a certificate for the enterprise that it names, once it was checked, and bind its licences to it."""
    body = parse_body(HolderCertificateBody)
    check, run = container().rebindings.register(body.der(), actor=current_actor())
    return reply({**check.to_json(), "rebindings": run.to_json()}, 201)


@blueprint.get("/api/v1/enterprises/<code>/holder-certificates")
@requires(Scope.LICENCES_READ)
@recorded("code")
def show(code: str) -> Response:
    """An enterprise's certificates, the newest first, and what was recorded of its name and status."""
    certificates = container().holder_certificates.of_enterprise(code)
    changes = container().enterprise_registrations.history(code)
    return reply(
        {
            "certificates": [each.to_json() for each in certificates],
            "registration_changes": [each.to_json() for each in changes],
        }
    )
