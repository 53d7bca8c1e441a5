"""The command line: ``licence-gateway``. Errors go to standard error in one sentence with the way out."""

import json
import re
import sys
from pathlib import Path
from typing import Annotated

import click
import typer
from rich.console import Console
from rich.progress import track

from certs.errors import CertsError
from gateway import (
    cli_answers,
    cli_archive,
    cli_authorities,
    cli_certificates,
    cli_clients,
    cli_convert,
    cli_copies,
    cli_deliveries,
    cli_enterprises,
    cli_keys,
    cli_lifecycle,
    cli_lists,
    cli_log,
    cli_papers,
    cli_retention,
    cli_seals,
    cli_signing,
    cli_simulate,
    cli_staff,
    cli_storage,
    cli_verification,
)
from gateway.cli_frame import complain, complaints, read_text, records
from gateway.container import Container
from gateway.demo import run_demo
from gateway.domain.answer_json import resolution_json
from gateway.domain.status import LicenceStatus
from gateway.errors import GatewayError, UnreadableInputError, ValidationFailedError
from gateway.holder import become
from gateway.server import serve as serve_application
from gateway.services.issuing import IssueRun
from gateway.services.status_changes import StatusDecision
from gateway.settings import read_settings
from signing.errors import SigningError

USAGE = 64
"""Exit status for a wrong call (sysexits.h)."""

app = typer.Typer(
    name="licence-gateway",
    help="电子证照签发与核验网关。Electronic licence and signature verification gateway.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode="rich",
)
app.add_typer(cli_keys.app, name="key")
app.add_typer(cli_clients.app, name="client")
app.add_typer(cli_certificates.app, name="certificate")
app.add_typer(cli_log.app, name="log")
app.add_typer(cli_staff.app, name="staff")
for noun, commands in (
    ("paper", cli_papers.papers),
    ("blank", cli_papers.blanks),
    ("obligation", cli_lifecycle.obligations),
    ("version", cli_lifecycle.versions),
    ("copy", cli_copies.copies),
    ("authority", cli_authorities.app),
    ("enterprise", cli_enterprises.enterprises),
    ("holder-certificates", cli_enterprises.holder_certificates),
    ("binding", cli_enterprises.bindings),
    ("seal", cli_seals.app),
    ("archive", cli_archive.app),
    ("simulate", cli_simulate.app),
    ("conversion", cli_convert.conversions),
    ("signing-request", cli_signing.app),
    ("subscription", cli_deliveries.subscriptions),
    ("delivery", cli_deliveries.deliveries),
):
    app.add_typer(commands, name=noun)
for name, command in (
    ("history", cli_lifecycle.history),
    ("represent", cli_lifecycle.show_record),
    ("report-licence", cli_lifecycle.report_licences),
    ("reconcile", cli_copies.reconcile),
    ("statistics", cli_copies.statistics),
    ("list", cli_lists.sign_list),
    ("verify", cli_verification.verify),
    ("check-paper", cli_lists.check_paper_licence),
    ("phrase", cli_lists.phrase),
    ("convert", cli_convert.convert),
    ("worker", cli_convert.worker),
    ("retention", cli_retention.retention),
):
    app.command(name)(command)
# What timers of earlier installations call.
cli_clients.app.command("prune", hidden=True, deprecated=True)(cli_retention.retention)
app.add_typer(cli_storage.app, name="storage")
app.add_typer(cli_storage.backup_app, name="backup")
output = Console()

DataDir = Annotated[
    Path | None, typer.Option("--data-dir", help="Data directory; default GATEWAY_DATA_DIR or var/data.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]


def _container(data_dir: Path | None, *, initialised: bool = True) -> Container:
    container = Container(read_settings(data_dir=data_dir))
    if initialised:
        container.installation.require()
    return container


def _print_json(value: object) -> None:
    print(json.dumps(value, ensure_ascii=False, indent=2, default=str))


@app.command()
def init(
    data_dir: DataDir = None,
    samples: Annotated[
        Path | None, typer.Option(help="Sample enterprises (NDJSON), each of which gets a test certificate.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Make a data directory into a gateway: database, keys, trust store, catalogue, seals. Safe to repeat.

    Example: licence-gateway init --data-dir var/data --samples tests/vectors/registry/enterprises.jsonl
    """
    container = _container(data_dir, initialised=False)
    say = (lambda _: None) if as_json else (lambda step: output.print(f"· {step}"))
    container.installation.initialise(say)
    added = 0
    if samples is not None:
        with output.status("电子营业执照 electronic business licences") as status:
            added = container.installation.register_samples(records(samples.read_text()), status.update)
    folder = container.settings.data_dir
    if as_json:
        _print_json({"data_dir": str(folder), "enterprises_added": added})
    else:
        output.print(f"就绪 ready: {folder}" + (f"，新增主体 {added}" if added else ""))


@app.command()
def doctor(data_dir: DataDir = None, as_json: Json = False) -> None:
    """Tell what is configured, which SM2 back end is in use, what is missing or about to expire, and how to mend it.

    Example: licence-gateway doctor
    """
    findings = cli_answers.diagnose(Container(read_settings(data_dir=data_dir)))
    if as_json:
        _print_json([vars(finding) for finding in findings])
    else:
        for finding in findings:
            mark = "[green]✓[/]" if finding.good else "[red]✗[/]"
            output.print(f"{mark} {finding.subject}: {finding.detail}", highlight=False)
    raise typer.Exit(0 if all(finding.good for finding in findings) else 1)


@app.command()
def issue(
    file: Annotated[str, typer.Argument(help="Applications: JSON, a JSON array, or NDJSON; - for standard input.")],
    data_dir: DataDir = None,
    output_dir: Annotated[
        Path | None, typer.Option("--output", help="Copy the PDFs here, named by licence number.")
    ] = None,
    dry_run: Annotated[bool, typer.Option(help="Check every application, issue nothing.")] = False,
    as_json: Json = False,
) -> None:
    """Issue licences, electronic and paper in one act, each exactly once.

    A refused application names its broken fields; the others go on. Exit status 0 when all stand, 1 when one was refused.

    Example: licence-gateway issue tests/vectors/registry/applications.jsonl --output var/licences
    """
    container = _container(data_dir)
    text = sys.stdin.read() if file == "-" else read_text(Path(file))
    applications = list(records(text))
    run = IssueRun(container.licences, output_dir, dry_run=dry_run)
    show = not as_json and sys.stdout.isatty()
    for record in track(applications, "签发 issuing", disable=not show):
        outcome = run.take(record)
        if not as_json:
            output.print(cli_answers.issue_line(outcome), highlight=False, soft_wrap=True)
    _bring_log_up(container)
    if as_json:
        _print_json(run.summary())
    else:
        output.print(cli_answers.issue_summary(run), highlight=False)
    raise typer.Exit(1 if run.refused else 0)


@app.command()
def resolve(
    text: Annotated[str | None, typer.Argument(help="What a QR code holds, or a unified social credit code.")] = None,
    image: Annotated[Path | None, typer.Option(help="A picture or PDF with a QR code.")] = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Resolve any QR content into the verified list of an enterprise's licences. A scanned URL is never fetched.

    Exit status: 0 resolved, 3 nothing registered under it, 2 could not ask, 4 refused or unreadable, 64 usage.

    Example: licence-gateway resolve --image tests/vectors/qr/plain.png
    """
    if (text is None) == (image is None):
        raise click.UsageError("give either a text or --image FILE")
    try:
        container = _container(data_dir)
        resolution = (
            container.codes.resolve(text) if text is not None else container.codes.resolve_image(_read_bytes(image))
        )
    except UnreadableInputError as error:
        complain(error)
        raise typer.Exit(cli_answers.UNPROCESSABLE) from error
    except GatewayError as error:
        complain(error)
        raise typer.Exit(cli_answers.UNDECIDED) from error
    if as_json:
        _print_json(resolution_json(resolution))
    else:
        cli_answers.print_resolution(output, resolution)
    raise typer.Exit(cli_answers.resolve_status(resolution))


@app.command(name="status")
def change_status(
    licence_identifier: Annotated[str, typer.Argument(help="证照标识.")],
    status: Annotated[LicenceStatus, typer.Argument(help="The new status.")],
    ground: Annotated[str, typer.Option(help="Legal ground of the decision.")],
    reason: Annotated[str, typer.Option(help="Why.")],
    at: Annotated[
        str | None, typer.Option(help="When it takes effect, past or future, such as 2026-01-01T00:00:00+08:00.")
    ] = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Record that a licence was suspended, restored, revoked, withdrawn or cancelled, with the legal ground.

    Example: licence-gateway status 1.2.156… suspended --ground "食品经营许可和备案管理办法" --reason "整改期间"
    """
    container = _container(data_dir)
    decision = StatusDecision(status, legal_ground=ground, reason=reason, effective_at=cli_answers.instant_of(at))
    recorded = container.status_changes.record(licence_identifier, decision)
    _bring_log_up(container)
    if as_json:
        _print_json(
            {"licence_identifier": licence_identifier, "status": recorded.status, "revision": recorded.revision}
        )
    else:
        output.print(f"{licence_identifier} → {recorded.status}", highlight=False)


@app.command()
def serve(
    data_dir: DataDir = None,
    bind: Annotated[str, typer.Option(help="HOST:PORT.")] = "127.0.0.1:8000",
    workers: Annotated[int, typer.Option(min=1, help="Worker processes.")] = 2,
) -> None:
    """Serve the look-up pages and the API.

    SIGTERM finishes what is in hand and ends; SIGHUP has a server of the code that is on disk now take over.

    Example: licence-gateway serve --bind 127.0.0.1:8000 --workers 2
    """
    if not re.fullmatch(r".+:\d{1,5}", bind):
        raise click.UsageError(f"--bind: {bind} is not HOST:PORT such as 127.0.0.1:8000.")
    read_settings(data_dir=data_dir)
    become(bind, workers, data_dir)


@app.command()
def demo(
    data_dir: Annotated[Path, typer.Option(help="Where the demo works; made anew each time.")] = Path("var/demo"),
    bind: Annotated[str, typer.Option(help="HOST:PORT of the pages.")] = "127.0.0.1:8000",
    serve: Annotated[bool, typer.Option("--serve/--no-serve", help="Serve the pages at the end.")] = True,
    as_json: Json = False,
) -> None:
    """Run the whole main job on sample data: set up, issue, resolve a QR image, verify, tamper, serve.

    Example: licence-gateway demo --no-serve
    """
    done = run_demo(data_dir, bind, Console(stderr=True) if as_json else output)
    if as_json:
        _print_json({"licences": str(done.folder), "steps": done.steps, "pages": done.settings.public_base_url})
    if serve:
        output.print(f"\n页面 pages: {done.settings.public_base_url}/  （Ctrl-C 结束 to stop）", highlight=False)
        serve_application(done.settings, bind=bind, workers=2)


def _bring_log_up(container: Container) -> None:
    """What was recorded stands, whatever keeps the transparency log from taking it in now."""
    try:
        container.log.sequence()
    except (GatewayError, CertsError, SigningError, OSError) as error:
        complain(error)


def _read_bytes(path: Path | None) -> bytes:
    assert path is not None
    try:
        return path.read_bytes()
    except OSError as error:
        raise UnreadableInputError(f"{path}: {error.strerror}", hint="Check the path.") from error


def _complain_of_call(error: click.UsageError | typer.TyperException) -> None:
    context = getattr(error, "ctx", None)
    command = "licence-gateway" if context is None else context.command_path
    complaints.print("[red]错误 error:[/]", end=" ")
    complaints.print(
        error.format_message() or "no command was given.",
        f" Run: {command} --help",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )


def main() -> None:
    """Entry point: runs the command and turns errors into one sentence and an exit status."""
    try:
        sys.exit(app(standalone_mode=False) or 0)
    except (click.UsageError, typer.TyperException) as error:  # Typer carries a click of its own
        _complain_of_call(error)
        sys.exit(USAGE)
    except typer.Abort:
        sys.exit(130)
    except ValidationFailedError as error:
        complain(error)
        sys.exit(1)
    except (GatewayError, CertsError, SigningError, OSError) as error:
        complain(error)
        sys.exit(1)


if __name__ == "__main__":
    main()
