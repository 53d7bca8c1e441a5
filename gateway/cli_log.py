"""``licence-gateway log``: sequence, show, prove and verify the transparency log."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import click
import typer
from rich.console import Console
from rich.progress import Progress

from certs.certificate_files import read_certificates
from certs.errors import CertsError
from gateway.cli_frame import DataDir, Json, opened, print_json, read_bytes, say
from gateway.domain.log_proofs import LogFindings
from gateway.errors import GatewayError, LogBrokenError, NotFoundError
from gateway.services.log_tile_check import verify_tiles
from signing.errors import SigningError

BROKEN, NOT_CHECKED = 1, 2
app = typer.Typer(help="透明日志：排序、证明、核对。Transparency log: sequence, prove, verify.", no_args_is_help=True)
_complaints = Console(stderr=True)


@app.command()
def sequence(data_dir: DataDir = None, as_json: Json = False) -> None:
    """Give every waiting event its leaf, sign a checkpoint and publish it. `serve` does it every second by itself.

    Example: licence-gateway log sequence
    """
    log = opened(data_dir).log
    with _bar("排序 sequencing", hidden=as_json) as advance:
        total = log.backlog()
        done = log.sequence(lambda made: advance(made, max(total, made)))
    if as_json:
        print_json(done)
    else:
        say(f"新增 {done.leaves} 项，检查点 {done.size} 项。{done.leaves} new leaves, checkpoint of {done.size}.")


@app.command()
def show(data_dir: DataDir = None, as_json: Json = False) -> None:
    """Show the log's state: size, what waits, the key that verifiers need, and where its files are.

    Example: licence-gateway log show
    """
    container = opened(data_dir)
    published = container.log_publication.files.published()
    state = {
        "published_size": 0 if published is None else published.size,
        "root": None if published is None else published.root.hex(),
        "waiting": container.log.backlog(),
        "verifier_key": container.log.key().verifier_key,
        "folder": str(container.deps.log_dir),
    }
    if as_json:
        print_json(state)
        return
    for name, value in state.items():
        say(f"{name}: {value}")


@app.command()
def checkpoint(data_dir: DataDir = None, as_json: Json = False) -> None:
    """Print the newest signed checkpoint; keep it elsewhere, and give it to `log verify --against` later.

    Example: licence-gateway log checkpoint > checkpoint-2026-01-01
    """
    note = opened(data_dir).log.checkpoint_note()
    if note is None:
        raise NotFoundError("日志尚无检查点。The log has no checkpoint yet.", hint="Run: licence-gateway log sequence")
    if as_json:
        print_json({"checkpoint": note})
    else:
        print(note, end="")


@app.command()
def proof(
    licence_identifier: Annotated[str, typer.Argument(help="证照标识.")],
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Print the proofs that a licence's issue, and what was done to it since, are in the log.

    Example: licence-gateway log proof 1.2.156… --json
    """
    found = opened(data_dir).log_proofs.of_licence(licence_identifier)
    if as_json:
        print_json(found.to_json())
        return
    for each in found.proofs:
        say(f"#{each.leaf_index} / {each.tree_size}  {each.entry}")
        for part in each.inclusion_proof:
            say(f"  {part}")
    if found.pending:
        say(f"另有 {found.pending} 项待公布。{found.pending} more wait for the next checkpoint.")


@app.command()
def verify(
    tiles: Annotated[
        Path | None, typer.Option(help="Check this folder of public files alone, without the database.")
    ] = None,
    checkpoint_file: Annotated[
        Path | None, typer.Option("--checkpoint", help="Checkpoint for --tiles; default that in the folder.")
    ] = None,
    against: Annotated[
        Path | None, typer.Option(help="An older checkpoint, kept elsewhere, that the log must contain.")
    ] = None,
    certificate: Annotated[
        list[Path] | None, typer.Option(help="The log's certificate, for --tiles; default this gateway's.")
    ] = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Find every changed, missing, reordered or smuggled row, from the database or from the public files alone.

    Exit status: 0 whole, 1 broken, 2 could not check, 64 usage.

    Example: licence-gateway log verify --against checkpoint-2026-01-01
    """
    if tiles is None and (checkpoint_file is not None or certificate):
        raise click.UsageError("--checkpoint and --certificate go with --tiles DIR")
    try:
        findings = _verified(tiles, checkpoint_file, against, certificate or [], data_dir, as_json=as_json)
    except LogBrokenError as error:
        _complain(error)
        raise typer.Exit(BROKEN) from error
    except (GatewayError, CertsError, SigningError, OSError) as error:
        _complain(error)
        raise typer.Exit(NOT_CHECKED) from error
    _tell(findings, as_json=as_json)
    raise typer.Exit(0 if findings.is_whole else BROKEN)


def _verified(
    tiles: Path | None,
    checkpoint_file: Path | None,
    against: Path | None,
    certificates: list[Path],
    data_dir: Path | None,
    *,
    as_json: bool,
) -> LogFindings:
    older = None if against is None else _text(against)
    with _bar("核对 verifying", hidden=as_json) as advance:
        if tiles is None:
            return opened(data_dir).log_audit.verify(older, advance)
        known = [der for path in certificates for der in read_certificates(read_bytes(path))]
        known = known or opened(data_dir).deps.log_certificates()
        note = None if checkpoint_file is None else _text(checkpoint_file)
        return verify_tiles(tiles, note, known, older, advance)


def _text(path: Path) -> str:
    return read_bytes(path).decode(errors="replace")


def _tell(findings: LogFindings, *, as_json: bool) -> None:
    if as_json:
        print_json({"whole": findings.is_whole, **vars(findings)})
        return
    for fault in findings.faults:
        say(f"✗ {fault.kind}: {fault.detail}")
    say(
        f"{'✓ 完好 whole' if findings.is_whole else '✗ 有误 broken'}: "
        f"{findings.size} 项 leaves, {findings.checkpoints} 个检查点 checkpoints, {findings.queued} 待排 waiting"
    )


@contextmanager
def _bar(title: str, *, hidden: bool) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on standard error where there is a person to see it."""
    with Progress(console=_complaints, transient=True, disable=hidden or not _complaints.is_terminal) as progress:
        task = progress.add_task(title, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


def _complain(error: Exception) -> None:
    hint = getattr(error, "hint", "")
    _complaints.print(f"[red]错误 error:[/] {error}" + (f"  [dim]{hint}[/]" if hint else ""), soft_wrap=True)
