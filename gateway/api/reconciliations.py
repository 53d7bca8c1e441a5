"""GET /api/v1/reconciliations: every drift between paper and electronic records."""

from io import TextIOWrapper
from tempfile import SpooledTemporaryFile

from flask import Blueprint, Response
from werkzeug.wsgi import FileWrapper

from gateway.api.auth import actor as current_actor
from gateway.api.auth import recorded, requires
from gateway.api.replies import container, parse_query, reply, wanted_type
from gateway.api.schemas.reconciliations import ReconciliationQuery
from gateway.domain.actors import Scope

CSV = "text/csv"
_IN_MEMORY = 1024 * 1024
blueprint = Blueprint("reconciliations", __name__)


@blueprint.get("/api/v1/reconciliations")
@requires(Scope.LICENCES_READ)
@recorded("authority_code")
def show() -> Response:
    """Counts of everything within the caller's limits, and the first rows of each kind; every row as ``text/csv``."""
    query = parse_query(ReconciliationQuery)
    if wanted_type("application/json", CSV) == CSV:
        response = _every_row(query.authority_code)
    else:
        report = container().reconciliation.report(query.authority_code, limit=query.limit, actor=current_actor())
        response = reply(report.to_json())
    response.headers["Vary"] = "Accept"
    return response


def _every_row(authority_code: str | None) -> Response:
    """All rows, however many: they wait in a file once they are many, so that who reads slowly holds no transaction open."""
    spool = SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 # closed with the response
    # Spreadsheets take a file for UTF-8 only when it begins with the mark.
    text = TextIOWrapper(spool, encoding="utf-8-sig", newline="")
    container().reconciliation.export(text, CSV, authority_code, actor=current_actor())
    text.flush()
    text.detach()
    spool.seek(0)
    response = Response(FileWrapper(spool), mimetype=CSV)
    response.call_on_close(spool.close)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Content-Disposition"] = 'attachment; filename="reconciliation.csv"'
    return response
