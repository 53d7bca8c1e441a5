"""``licence-gateway convert``, ``conversion`` and ``worker``: paper licences of the past become electronic ones."""

import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import click
import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from gateway import tracing
from gateway.cli_frame import DataDir, Json, opened, output, print_json, tell
from gateway.container import Container
from gateway.domain.conversion_words import ROW_WORDS, STATE_WORDS
from gateway.domain.conversions import JobState, JobView, RowStatus
from gateway.errors import ConflictError
from gateway.persistence.metric_files import MetricFiles
from gateway.services.conversion_sources import ConversionSource
from gateway.spreadsheets.writing import ENDINGS
from gateway.worker import deliver, log_aside, work

conversions = typer.Typer(help="存量证照转换作业。Conversions of paper licences.", no_args_is_help=True)

_LONGEST_PAUSE_SECONDS, _ROWS_A_SECOND_OF_PAUSE = 2.0, 200_000
"""Between two looks at how far a job is."""

JobId = Annotated[str, typer.Argument(help="Id of the conversion; see: licence-gateway conversion list")]
Processes = Annotated[int | None, typer.Option("--workers", min=1, help="Processes; default: one a core.")]

ReportTo = Annotated[Path | None, typer.Option("--report", help="One line for each row: FILE.ndjson, .csv or .xlsx.")]
ErrorsTo = Annotated[
    Path | None,
    typer.Option("--errors", help="The rows that failed, with the reason: FILE.xlsx or .csv; mend it, feed it back."),
]
Sample = Annotated[Path | None, typer.Option(help="With --dry-run: a PDF of some licences as they would look.")]
ProfileName = Annotated[str | None, typer.Option(help="Use the column mapping saved under this name.")]
Mappings = Annotated[
    list[str] | None,
    typer.Option("--map", help="HEADING=MEANING, such as 证号=number or 备注=-; may be given several times."),
]
File = Annotated[Path | None, typer.Argument(help="Register of paper licences: CSV (UTF-8, GB18030), XLSX, NDJSON.")]
Database = Annotated[
    str | None, typer.Option("--source", help="In place of a file: a database of GATEWAY_CONVERSION_SOURCES.")
]
Query = Annotated[str | None, typer.Option(help="With --source: the SELECT, if not the source's own.")]
Detach = Annotated[bool, typer.Option(help="Take the file in and leave the work to: licence-gateway worker.")]
KnownHoldersOnly = Annotated[
    bool, typer.Option(help="Refuse rows whose holder is not registered, instead of registering it as unconfirmed.")
]


def convert(
    file: File = None,
    database: Database = None,
    query: Query = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Clean and judge every row, issue nothing.")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with this file's paused or broken-off job.")] = False,
    report_to: ReportTo = None,
    errors_to: ErrorsTo = None,
    sample: Sample = None,
    profile: ProfileName = None,
    save_profile: Annotated[str | None, typer.Option(help="Save the column mapping under this name.")] = None,
    mapping: Mappings = None,
    known_holders_only: KnownHoldersOnly = False,
    detach: Detach = False,
    workers: Processes = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Convert a register of paper licences into electronic ones, each exactly once.

    Full-width digits, spaces, date forms and the like are cleaned, and every change is in the report. What is not certain
    is refused with a reason and a suggestion, and the rest goes on. Stop it when you like; the same call goes on with it.

    Meanings of columns: type number holder_name holder_code authority authority_code issued_on valid_from valid_until
    valid_range, a label of the licence's face, or - to leave the column out.

    Exit status: 0 every row stands, 1 some are in the error file, 2 paused or cancelled, 64 usage.

    Example: licence-gateway convert register.xlsx --dry-run --report report.xlsx --errors errors.xlsx
    """
    _check_targets(report_to, errors_to, sample if not dry_run else None)
    container = opened(data_dir)
    chosen = _choose(container, file, database, query, profile)
    with tempfile.TemporaryDirectory() as folder:
        path = chosen.file or container.query_sources.spool(chosen.database, chosen.query, Path(folder))
        source = ConversionSource(path, container.catalogue.load(), _meanings(container, profile, mapping))
        job = container.conversions.begin(source, is_dry_run=dry_run, registers_holders=not known_holders_only)
    if job.state is JobState.PAUSED:
        job = _resumed(container, job, may_resume=resume)
    if save_profile is not None:
        container.conversion_profiles.save(save_profile, source.mapping, source=chosen.origin, query=chosen.query)
    _tell_unknown({} if as_json else source.unknown_headings)
    if not detach:
        job = _work(container, job.id, workers, shows=not as_json and sys.stdout.isatty())
    _finish(container, job, report_to, errors_to, sample)
    _tell_result(job, as_json=as_json)
    raise typer.Exit(_status(job, detached=detach))


@conversions.command("list")
def list_jobs(data_dir: DataDir = None, as_json: Json = False) -> None:
    """List the newest conversions.

    Example: licence-gateway conversion list
    """
    found = opened(data_dir).conversions.jobs()
    if as_json:
        print_json([job.to_json() for job in found])
        return
    for job in found:
        tell(f"{job.id}  {' '.join(STATE_WORDS[job.state])}  {job.counts.total} 行 rows  {job.file_name}")
    if not found:
        tell("还没有转换作业。No conversion yet; see: licence-gateway convert --help")


@conversions.command("show")
def show(job_id: JobId, data_dir: DataDir = None, as_json: Json = False) -> None:
    """Tell how a conversion stands.

    Example: licence-gateway conversion show 9f86d081884c7d65
    """
    _tell_result(opened(data_dir).conversions.show(job_id), as_json=as_json)


@conversions.command("pause")
def pause(job_id: JobId, data_dir: DataDir = None, as_json: Json = False) -> None:
    """Let what is at work come to its end, and begin nothing new.

    Example: licence-gateway conversion pause 9f86d081884c7d65
    """
    _tell_result(opened(data_dir).conversions.pause(job_id), as_json=as_json)


@conversions.command("resume")
def resume_job(job_id: JobId, data_dir: DataDir = None, as_json: Json = False) -> None:
    """Go on with a paused conversion; the work is done by: licence-gateway worker, or convert FILE --resume.

    Example: licence-gateway conversion resume 9f86d081884c7d65
    """
    _tell_result(opened(data_dir).conversions.resume(job_id), as_json=as_json)


@conversions.command("cancel")
def cancel(job_id: JobId, data_dir: DataDir = None, as_json: Json = False) -> None:
    """Convert no more rows; what was converted stays.

    Example: licence-gateway conversion cancel 9f86d081884c7d65
    """
    _tell_result(opened(data_dir).conversions.cancel(job_id), as_json=as_json)


@conversions.command("report")
def report(
    job_id: JobId,
    target: Annotated[Path, typer.Argument(help="FILE.ndjson, .csv or .xlsx.")],
    errors: Annotated[bool, typer.Option(help="Only the rows that failed, as they came, to be mended.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Write the rows of a conversion to a file.

    Example: licence-gateway conversion report 9f86d081884c7d65 errors.xlsx --errors
    """
    container = opened(data_dir)
    tables = container.conversion_tables
    count = tables.write_errors(job_id, target) if errors else tables.write_report(job_id, target)
    tell(f"{target}: {count} 行 rows")


@conversions.command("profiles")
def profiles(data_dir: DataDir = None, as_json: Json = False) -> None:
    """List the saved column mappings.

    Example: licence-gateway conversion profiles
    """
    service = opened(data_dir).conversion_profiles
    found = {name: service.get(name) for name in service.names()}
    if as_json:
        print_json(found)
    for name, meanings in () if as_json else found.items():
        tell(f"{name}: " + "，".join(f"{heading}={meaning}" for heading, meaning in meanings.items()))


def worker(
    workers: Processes = None,
    deliveries: Annotated[int, typer.Option(min=0, max=64, help="Events sent at once; 0: only conversions.")] = 4,
    data_dir: DataDir = None,
) -> None:
    """Work off what is queued, below interactive work, until stopped: conversions, and deliveries of events.

    On PostgreSQL any number of machines may run it.

    Example: licence-gateway worker --workers 2 --deliveries 4
    """
    container = opened(data_dir)
    log_aside()
    MetricFiles(container.settings.data_dir).share()
    tracing.start(container.settings.trace_endpoint, container.settings.trace_share)
    if container.settings.worker_metrics is not None:
        container.metrics.serve(container.settings.worker_metrics)
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    count = workers or os.cpu_count() or 1
    tell(f"{count} 个进程待命，Ctrl-C 结束。{count} processes at work; Ctrl-C to stop.")
    sender = threading.Thread(
        target=deliver, args=(container.settings,), kwargs={"threads": deliveries, "until": stopped.is_set}
    )
    if deliveries:
        sender.start()
    try:
        work(container.settings, processes=count, until=stopped.is_set)
    finally:
        # A service that does one half of its work only would not be begun anew.
        stopped.set()
    if deliveries:
        sender.join()


def _check_targets(report_to: Path | None, errors_to: Path | None, unfounded_sample: Path | None) -> None:
    for target in (report_to, errors_to):
        if target is not None and target.suffix.lower() not in ENDINGS:
            raise click.UsageError(f"{target}: the ending is one of {', '.join(ENDINGS)}")
    if unfounded_sample is not None:
        raise click.UsageError("--sample needs --dry-run")


@dataclass(frozen=True)
class _Input:
    """Where the paper licences stand: a file, or what a database answers."""

    file: Path | None
    database: str = ""
    query: str | None = None

    @property
    def origin(self) -> str | None:
        """The name of the database, None for a file."""
        return self.database or None


def _choose(
    container: Container, file: Path | None, database: str | None, query: str | None, profile: str | None
) -> _Input:
    """What the caller names, else what the profile is for. UsageError unless it is one of both."""
    if file is None and database is None and profile is not None:
        saved = container.conversion_profiles.query_of(profile)
        if saved is not None:
            return _Input(None, saved[0], query or saved[1])
    if (file is None) == (database is None) or (query is not None and database is None):
        raise click.UsageError("name a FILE, or --source and perhaps --query, or a --profile that was saved with one")
    return _Input(file, database or "", query)


def _tell_unknown(unknown: Mapping[str, Sequence[str]]) -> None:
    for sheet, headings in unknown.items():
        if headings:
            tell(f"未识别的栏目，略去 columns left out: {sheet} {'、'.join(headings)}")


def _resumed(container: Container, job: JobView, *, may_resume: bool) -> JobView:
    if not may_resume:
        raise ConflictError(
            f"该文件的作业 {job.id} 已暂停。Its job is paused. {job.trouble or ''}",
            hint="Go on with it: --resume; or: licence-gateway conversion cancel ID",
        )
    return container.conversions.resume(job.id)


def _meanings(container: Container, profile: str | None, mapping: list[str] | None) -> dict[str, str]:
    meanings = container.conversion_profiles.get(profile) if profile is not None else {}
    for pair in mapping or ():
        heading, equals, meaning = pair.rpartition("=")
        if not equals or not heading or not meaning:
            raise click.UsageError(f"--map {pair}: HEADING=MEANING, such as 证号=number")
        meanings[heading] = meaning
    return meanings


def _work(container: Container, job_id: str, workers: int | None, *, shows: bool) -> JobView:
    """Work until the job is over, paused or stopped by the keyboard; the bar tells how far it is."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    service = container.conversions
    log_aside()
    if service.show(job_id).is_over:
        return service.show(job_id)
    with Progress(*columns, console=output, disable=not shows) as progress:
        bar = progress.add_task("转换 converting", total=None, rate="")
        try:
            work(
                container.settings,
                processes=workers or os.cpu_count() or 1,
                until=_until(container, job_id, progress, bar),
            )
        except KeyboardInterrupt:
            tell("已停下；同一命令会接着做。Stopped; the same call goes on with it.")
    container.log.sequence()
    return service.show(job_id)


def _until(container: Container, job_id: str, progress: Progress, bar: Any) -> Callable[[], bool]:
    due, is_over = 0.0, False

    def is_at_end() -> bool:
        nonlocal due, is_over
        if is_over or time.monotonic() < due:
            return is_over
        job = container.conversions.show(job_id)
        total = job.counts.total
        # The larger the register, the more a look costs (it sums the chunks), and the less a second matters.
        due = time.monotonic() + min(_LONGEST_PAUSE_SECONDS, total / _ROWS_A_SECOND_OF_PAUSE)
        rate = f"{job.rows_per_second:.0f}/s  失败 failed {job.counts.failed}" if job.rows_per_second else ""
        progress.update(bar, total=total, completed=total - job.pending, rate=rate)
        # Whoever asks twice at the end is told so twice.
        is_over = job.state is not JobState.RUNNING
        return is_over

    return is_at_end


def _finish(
    container: Container, job: JobView, report_to: Path | None, errors_to: Path | None, sample: Path | None
) -> None:
    if report_to is not None:
        container.conversion_tables.write_report(job.id, report_to)
    if errors_to is not None:
        container.conversion_tables.write_errors(job.id, errors_to)
    if sample is not None:
        sample.parent.mkdir(parents=True, exist_ok=True)
        sample.write_bytes(container.conversion_samples.sheet(job.id))


def _tell_result(job: JobView, *, as_json: bool) -> None:
    if as_json:
        print_json(job.to_json())
        return
    tell(f"{job.id}  {' '.join(STATE_WORDS[job.state])}  {job.file_name}")
    for status, count in sorted(job.counts.by_status.items()):
        tell(f"  {count:>7}  {' '.join(ROW_WORDS[RowStatus(status)])}")
    for reason, count in sorted(job.counts.by_reason.items(), key=lambda pair: -pair[1]):
        tell(f"  {count:>7}    {reason}")
    if job.trouble is not None:
        tell(f"  停下的原因 stopped because: {job.trouble}")


def _status(job: JobView, *, detached: bool) -> int:
    if not detached and job.state is not JobState.FINISHED:
        return 2
    return 1 if job.counts.failed else 0
