"""Where paper and electronic records have drifted apart: the report of the person's authority, and its export."""

import io
from datetime import datetime, timedelta

from flask import Response, current_app
from werkzeug.wrappers import Response as BaseResponse

from gateway.console.access import staff
from gateway.console.frame import actor, blueprint, person, screen
from gateway.domain.actors import Scope
from gateway.domain.reconciliation import DRIFT_WORDS, DriftKind, ReconciliationReport
from verify_web.pages import container
from verify_web.words import say

_KEPT = timedelta(minutes=10)
"""The report reads the whole register of an authority: the first page shows what was found lately."""
_CACHE = "console_drifts"


@blueprint.get("/reconciliation")
@staff(Scope.LICENCES_READ)
def reconciliation() -> BaseResponse:
    """Every kind of drift with its first rows, read anew."""
    report = _read_anew()
    kinds = [
        (kind, say(*DRIFT_WORDS[DriftKind(kind)]), count, [row for row in report.rows if row.kind == kind])
        for kind, count in report.counts.by_kind.items()
    ]
    types = container().catalogue.load().types_by_code
    return screen("reconciliation.html", report=report, kinds=kinds, types=types)


@blueprint.get("/reconciliation.csv")
@staff(Scope.LICENCES_READ)
def reconciliation_file() -> BaseResponse:
    """Every row, for a spreadsheet."""
    out = io.StringIO()
    container().reconciliation.export(out, "text/csv", person().authority_code, actor=actor())
    # Spreadsheets take a file for UTF-8 only when it begins with the mark.
    response = Response("\ufeff" + out.getvalue(), mimetype="text/csv")
    response.headers["Cache-Control"] = "no-store"
    response.headers["Content-Disposition"] = 'attachment; filename="reconciliation.csv"'
    return response


def recent_drifts() -> tuple[datetime, list[tuple[str, int]]]:
    """When the report of the person's authority was last read, and the kinds that occurred, in words, with counts."""
    kept: dict[str | None, ReconciliationReport] = current_app.extensions.setdefault(_CACHE, {})
    report = kept.get(person().authority_code)
    if report is None or container().clock() - report.as_of > _KEPT:
        report = _read_anew()
    counts = report.counts.by_kind.items()
    return report.as_of, [(say(*DRIFT_WORDS[DriftKind(kind)]), count) for kind, count in counts if count]


def _read_anew() -> ReconciliationReport:
    report = container().reconciliation.report(person().authority_code, actor=actor())
    current_app.extensions.setdefault(_CACHE, {})[person().authority_code] = report
    return report
