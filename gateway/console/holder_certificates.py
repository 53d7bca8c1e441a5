"""Certificates of electronic business licences that end soon or are not in order."""

from werkzeug.wrappers import Response as BaseResponse

from gateway.console.access import staff
from gateway.console.frame import blueprint, screen
from gateway.domain.actors import Scope
from verify_web.pages import container


@blueprint.get("/holder-certificates")
@staff(Scope.LICENCES_READ, Scope.ADMINISTER)
def holder_certificates() -> BaseResponse:
    """As they were looked at last; what changed last comes first."""
    return screen("holder_certificates.html", certificates=container().holder_certificates.troubled())
