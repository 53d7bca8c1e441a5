"""The command groups ``storage`` and ``backup``: the file store, the sealed fields, and copies of the whole gateway."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli_frame import DataDir, Json, opened, print_json, say
from gateway.container import Container
from gateway.settings import read_settings

app = typer.Typer(help="证照文件与个人字段。Licence files and personal fields.", no_args_is_help=True)
backup_app = typer.Typer(help="备份与恢复。Backup and restore.", no_args_is_help=True)

_SHOWN = 20


@app.command()
def check(data_dir: DataDir = None, as_json: Json = False) -> None:
    """Read every licence file and compare it with its digests; exit status 1 when one is missing or altered.

    Example: licence-gateway storage check
    """
    report = opened(data_dir).storage.check()
    if as_json:
        print_json(report)
    else:
        say(f"文件 files {report.files}")
        for title, found in (
            ("缺失 missing", report.missing),
            ("被改动 altered", report.altered),
            ("无登记 without a row", report.orphans),
        ):
            say(f"{title} {len(found)}" + "".join(f"\n  {digest}" for digest in found[:_SHOWN]))
    raise typer.Exit(0 if report.is_whole else 1)


@app.command()
def gc(
    data_dir: DataDir = None,
    grace_hours: Annotated[int, typer.Option(min=1, help="Only files older than this.")] = 24,
    dry_run: Annotated[bool, typer.Option(help="Tell what would be removed, remove nothing.")] = False,
    as_json: Json = False,
) -> None:
    """Remove files that no row names: what interrupted issues left.

    Example: licence-gateway storage gc --dry-run
    """
    garbage = opened(data_dir).storage.collect_garbage(timedelta(hours=grace_hours), dry_run=dry_run)
    if as_json:
        print_json(garbage)
    else:
        done = "已清除 removed" if garbage.was_removed else "可清除 would be removed"
        say(f"{done}: {len(garbage.files)} ({garbage.bytes} bytes)")


@app.command()
def reseal(
    data_dir: DataDir = None,
    new_key: Annotated[bool, typer.Option("--new-key", help="Make a new key first.")] = False,
) -> None:
    """Bring all personal fields under the newest field key; may be interrupted and run again.

    Example: licence-gateway storage reseal --new-key
    """
    say(f"重新加密 resealed: {opened(data_dir).storage.reseal(with_new_key=new_key)}")


@backup_app.command()
def create(
    folder: Annotated[Path, typer.Argument(help="A new folder.")], data_dir: DataDir = None, as_json: Json = False
) -> None:
    """Back up registry, files, keys and trust material while the gateway works. The key password is not in it.

    Example: licence-gateway backup create /backup/2026-01-01
    """
    summary = opened(data_dir).backups.create(folder, _progress(as_json=as_json))
    print_json(summary) if as_json else say(f"备份完成 backed up: {folder}")


@backup_app.command(name="check")
def check_backup(folder: Annotated[Path, typer.Argument(help="A backup.")], as_json: Json = False) -> None:
    """Read a whole backup and compare it with its manifest.

    Example: licence-gateway backup check /backup/2026-01-01
    """
    summary = Container(read_settings()).backups.check(folder)
    print_json(summary) if as_json else say(f"备份完好 the backup is whole: {folder}")


@backup_app.command()
def restore(
    folder: Annotated[Path, typer.Argument(help="A backup.")], data_dir: DataDir = None, as_json: Json = False
) -> None:
    """Restore a backup into an empty data directory and an empty database, of either engine.

    Example: licence-gateway backup restore /backup/2026-01-01 --data-dir /srv/licence-gateway
    """
    summary = Container(read_settings(data_dir=data_dir)).backups.restore(folder, _progress(as_json=as_json))
    print_json(summary) if as_json else say(f"恢复完成 restored: {folder}")


def _progress(*, as_json: bool) -> Callable[[str], None]:
    return (lambda _: None) if as_json else (lambda step: say(f"· {step}"))
