"""Registers of paper licences: taken in, watched while they are converted, and what could not be converted."""

from http import HTTPStatus

from flask import Response, jsonify, request
from flask_babel import gettext as _
from werkzeug.exceptions import BadRequest
from werkzeug.wrappers import Response as BaseResponse

from gateway.api.conversions import begin_upload, error_file, report_file, sample_sheet, turn_job
from gateway.api.problems import status_of
from gateway.api.schemas.conversions import ConversionQuery
from gateway.console.access import staff, to
from gateway.console.frame import actor, blueprint, screen
from gateway.domain.actors import Scope
from gateway.domain.conversion_words import ROW_WORDS, STATE_WORDS, reason_words
from gateway.domain.conversions import JobState, JobView, RowStatus
from gateway.errors import GatewayError, ValidationFailedError
from verify_web.language import pair
from verify_web.pages import container
from verify_web.words import say

_LISTED = 20
_TURNS = {"pause": JobState.PAUSED, "resume": JobState.RUNNING, "cancel": JobState.CANCELLED}
_MINUTE, _HOUR = 60, 3600


@blueprint.route("/conversions", methods=["GET", "POST"])
@staff(Scope.LICENCES_ISSUE)
def conversions() -> BaseResponse:
    """The person's jobs, and the form that begins another one."""
    if request.method == "GET":
        return _show_all()
    form = request.form
    wanted = ConversionQuery(
        profile=form.get("profile") or None,
        dry_run="dry_run" in form,
        known_holders_only="known_holders_only" in form,
    )
    try:
        job = begin_upload(request.files.get("file"), wanted, actor())
    except GatewayError as error:
        if status_of(error) >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise
        return _show_all(_complaints(error), status_of(error))
    return to("conversion", job_id=job.id)


@blueprint.route("/conversions/<job_id>", methods=["GET", "POST"])
@staff(Scope.LICENCES_ISSUE)
def conversion(job_id: str) -> BaseResponse:
    """One job: how far it is, and what failed. The form pauses, resumes or cancels it."""
    if request.method == "POST":
        turn = _TURNS.get(request.form.get("turn", ""))
        if turn is None:
            raise BadRequest("没有这项操作。There is no such act.")
        turn_job(job_id, turn, actor())
        return to("conversion", job_id=job_id)
    job = container().conversions.show(job_id, actor())
    return screen("conversion.html", has_script=True, job=job, states=STATE_WORDS, progress=_progress(job))


@blueprint.get("/conversions/<job_id>/progress")
@staff(Scope.LICENCES_ISSUE)
def conversion_progress(job_id: str) -> BaseResponse:
    """The same figures and words, for the script of the page."""
    response = jsonify(_progress(container().conversions.show(job_id, actor())))
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.get("/conversions/<job_id>/errors.<any(csv, xlsx):form>")
@staff(Scope.LICENCES_ISSUE)
def conversion_errors(job_id: str, form: str) -> Response:
    """The rows that failed, to be mended and taken in again."""
    return error_file(job_id, form, actor())


@blueprint.get("/conversions/<job_id>/report.<any(csv, xlsx):form>")
@staff(Scope.LICENCES_ISSUE)
def conversion_report(job_id: str, form: str) -> Response:
    """A line for each row."""
    return report_file(job_id, form, actor())


@blueprint.get("/conversions/<job_id>/samples.pdf")
@staff(Scope.LICENCES_ISSUE)
def conversion_samples(job_id: str) -> Response:
    """After a dry run: some licences as they would look."""
    return sample_sheet(job_id, actor())


def _show_all(complaints: tuple[str, ...] = (), status: int = HTTPStatus.OK) -> BaseResponse:
    services = container()
    return screen(
        "conversions.html",
        status,
        jobs=[(job, say(*STATE_WORDS[job.state])) for job in services.conversions.jobs(_LISTED, actor())],
        profiles=services.conversion_profiles.names(),
        complaints=complaints,
        most_megabytes=services.settings.max_upload_bytes >> 20,
    )


def _complaints(error: GatewayError) -> tuple[str, ...]:
    if isinstance(error, ValidationFailedError):
        return tuple(f"{each.field}: {say(*pair(each.message))}" for each in error.errors)
    return (say(*pair(error.message)),)


def _progress(job: JobView) -> dict[str, object]:
    """What the page and its script show."""
    done, rate = job.counts.total - job.pending, job.rows_per_second
    rows = [(say(*ROW_WORDS[RowStatus(status)]), number) for status, number in sorted(job.counts.by_status.items())]
    reasons = sorted(job.counts.by_reason.items(), key=lambda pair: -pair[1])
    return {
        "state": job.state,
        "done": done,
        "total": job.counts.total,
        "texts": {
            "done": f"{done} / {job.counts.total}",
            "rate": "—" if rate is None else _("每秒 %(rate)s 行", rate=f"{rate:.0f}"),
            "left": _time_left(job),
            "failed": str(job.counts.failed),
        },
        "rows": rows,
        "has_samples": RowStatus.WOULD_CONVERT in job.counts.by_status,
        "reasons": [(say(*reason_words(code)), number) for code, number in reasons],
    }


def _time_left(job: JobView) -> str:
    seconds = job.seconds_left
    if job.state is not JobState.RUNNING or seconds is None:
        return "—"
    if seconds < _MINUTE:
        return str(_("不到一分钟"))
    if seconds < _HOUR:
        return str(_("约 %(minutes)s 分钟", minutes=f"{seconds / _MINUTE:.0f}"))
    return str(_("约 %(hours)s 小时", hours=f"{seconds / _HOUR:.1f}"))
