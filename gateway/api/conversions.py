"""Conversions of registers of paper licences: begun by an upload, watched, paused, resumed, cancelled; their files."""

import re
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from flask import Blueprint, Response, request, url_for
from werkzeug.datastructures import FileStorage

from gateway.api.auth import actor as current_actor
from gateway.api.auth import recorded, requires
from gateway.api.licence_batches import ALIVE, MOST_BYTES
from gateway.api.replies import container, parse_body, parse_query, reply
from gateway.api.schemas.conversions import ConversionFileQuery, ConversionQuery, ConversionState
from gateway.domain.actors import Actor, Scope
from gateway.domain.conversions import JobState, JobView
from gateway.errors import UnreadableInputError
from gateway.services.conversion_sources import ConversionSource

blueprint = Blueprint("conversions", __name__)
_SENT_AT_ONCE = 64 * 1024
_UNSAFE = re.compile(r"[\x00-\x1f/\\]")
_LONGEST_NAME = 60
_TYPES = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "ndjson": "application/x-ndjson",
}


@blueprint.post("/api/v1/conversions")
@requires(Scope.LICENCES_ISSUE)
def create() -> Response:
    """Take a register in; the same file again, while its job is not over, goes on with that job."""
    request.max_content_length = MOST_BYTES
    query = parse_query(ConversionQuery)
    job = begin_upload(request.files.get("file"), query, current_actor())
    response = reply(job.to_json(), 201)
    response.headers["Location"] = url_for("conversions.show", job_id=job.id)
    return response


@blueprint.get("/api/v1/conversions")
@requires(Scope.LICENCES_ISSUE)
def index() -> Response:
    """The caller's newest jobs."""
    return reply({"items": [job.to_json() for job in container().conversions.jobs(actor=current_actor())]})


@blueprint.get("/api/v1/conversions/<job_id>")
@requires(Scope.LICENCES_ISSUE)
def show(job_id: str) -> Response:
    """How a job stands: counts, rate, remaining time, failures so far."""
    return reply(container().conversions.show(job_id, current_actor()).to_json())


@blueprint.put("/api/v1/conversions/<job_id>/state")
@requires(Scope.LICENCES_ISSUE)
def turn(job_id: str) -> Response:
    """Pause, resume or cancel."""
    return reply(turn_job(job_id, parse_body(ConversionState).state, current_actor()).to_json())


@blueprint.get("/api/v1/conversions/<job_id>/errors")
@requires(Scope.LICENCES_ISSUE)
@recorded("job_id")
def errors(job_id: str) -> Response:
    """The rows that failed, to be mended and sent again."""
    return error_file(job_id, parse_query(ConversionFileQuery).format, current_actor())


@blueprint.get("/api/v1/conversions/<job_id>/report")
@requires(Scope.LICENCES_ISSUE)
@recorded("job_id")
def report(job_id: str) -> Response:
    """One line for each row, with its licence identifier and every change that cleaning made."""
    return report_file(job_id, parse_query(ConversionFileQuery).format, current_actor())


@blueprint.get("/api/v1/conversions/<job_id>/samples")
@requires(Scope.LICENCES_ISSUE)
@recorded("job_id")
def samples(job_id: str) -> Response:
    """After a dry run: some licences as they would look."""
    return sample_sheet(job_id, current_actor())


@blueprint.get("/api/v1/conversion-profiles")
@requires(Scope.LICENCES_ISSUE)
def profiles() -> Response:
    """The saved column mappings, heading to meaning."""
    service = container().conversion_profiles
    return reply({"items": [{"name": name, "meanings": service.get(name)} for name in service.names()]})


def begin_upload(part: FileStorage | None, query: ConversionQuery, actor: Actor) -> JobView:
    """Begin with an uploaded file. UnreadableInputError, ValidationFailedError, NotFoundError for the profile."""
    if part is None or not part.filename:
        raise UnreadableInputError("没有收到文件。No file was received.", hint="Send it as the form part “file”.")
    services = container()
    meanings = services.conversion_profiles.get(query.profile) if query.profile else None
    alive: Callable[[], object] = request.environ.get(ALIVE, lambda: None)
    with TemporaryDirectory() as folder:
        # Only the last part of the name, as some browsers send a path; and short enough for the file system.
        path = Path(folder) / (_UNSAFE.split(part.filename)[-1][-_LONGEST_NAME:].lstrip(".") or "register")
        part.save(path)
        source = ConversionSource(path, services.catalogue.load(), meanings, alive=alive)
        return services.conversions.begin(
            source, is_dry_run=query.dry_run, registers_holders=not query.known_holders_only, actor=actor
        )


def turn_job(job_id: str, state: JobState, actor: Actor) -> JobView:
    """Pause, resume or cancel. NotFoundError, ConflictError when the job does not stand so."""
    service = container().conversions
    turns = {JobState.PAUSED: service.pause, JobState.RUNNING: service.resume, JobState.CANCELLED: service.cancel}
    return turns[state](job_id, actor)


def error_file(job_id: str, form: str, actor: Actor) -> Response:
    """The error file as a download. NotFoundError."""
    return _download(
        f"errors-{job_id}", form, lambda path: container().conversion_tables.write_errors(job_id, path, actor)
    )


def report_file(job_id: str, form: str, actor: Actor) -> Response:
    """The report as a download. NotFoundError."""
    return _download(
        f"report-{job_id}", form, lambda path: container().conversion_tables.write_report(job_id, path, actor)
    )


def sample_sheet(job_id: str, actor: Actor) -> Response:
    """The sheet of samples. NotFoundError."""
    container().conversions.show(job_id, actor)
    response = Response(container().conversion_samples.sheet(job_id), mimetype="application/pdf")
    response.headers["Cache-Control"] = "no-store"
    response.headers["Content-Disposition"] = f'inline; filename="samples-{job_id}.pdf"'
    return response


def _download(name: str, form: str, write: Callable[[Path], object]) -> Response:
    """A file that is written whole before the first octet is sent, and is gone once the last one is."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"{name}.{form}"
        write(path)
        handle = path.open("rb")
    response = Response(iter(lambda: handle.read(_SENT_AT_ONCE), b""), mimetype=_TYPES[form])
    response.call_on_close(handle.close)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.{form}"'
    return response
