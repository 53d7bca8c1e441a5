"""/api/v1/licence-reports: licences that were issued the old way, beside the register."""

from flask import Blueprint, Response, url_for

from gateway.api.auth import actor as current_actor
from gateway.api.auth import idempotent, recorded, requires
from gateway.api.lists import list_reply
from gateway.api.replies import container, parse_body, parse_query, reply
from gateway.api.schemas.licence_reports import ReportBody, ReportQuery
from gateway.domain.actors import Scope

blueprint = Blueprint("licence_reports", __name__)


@blueprint.post("/api/v1/licence-reports")
@requires(Scope.REPORTS_WRITE)
@idempotent
def create() -> Response:
    """Take one report in; other content under the same number is a correction."""
    view = container().reported_licences.report(parse_body(ReportBody).report(), actor=current_actor())
    response = reply(view.to_json(), 201 if view.newly_reported else 200)
    response.headers["Location"] = url_for("licence_reports.show", report_id=view.id)
    return response


@blueprint.get("/api/v1/licence-reports")
@requires(Scope.LICENCES_READ)
@recorded("holder_code")
def search() -> Response:
    """Reports that count, each with how it stands to the register."""
    query = parse_query(ReportQuery)
    found = container().reported_licences.search(query.wanted(query.cursor or ""), actor=current_actor())
    return list_reply([(view.id, view.to_json()) for view in found], query.limit, query.fields)


@blueprint.get("/api/v1/licence-reports/<report_id>")
@requires(Scope.LICENCES_READ)
@recorded("report_id")
def show(report_id: str) -> Response:
    """One report; both sides of a conflict are shown."""
    return reply(container().reported_licences.get(report_id, actor=current_actor()).to_json())
