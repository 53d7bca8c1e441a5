"""``licence-gateway retention``: remove what is past its time, or tell what would be removed."""

from rich.progress import Progress

from gateway.cli_frame import DataDir, DryRun, Json, complaints, opened, print_json, say
from gateway.domain.actors import OPERATOR


def retention(data_dir: DataDir = None, dry_run: DryRun = False, as_json: Json = False) -> None:
    """Remove access records, network log, deliveries, tokens and kept answers that are past their time.

    `serve` does it once a day by itself. One run removes GATEWAY_RETENTION_ROWS rows at most; exit status 0 also when some
    are left for the next one.

    Example: licence-gateway retention --dry-run
    """
    job = opened(data_dir).retention
    if dry_run:
        found = job.purge(dry_run=True)
    else:
        with Progress(console=complaints, transient=True, disable=as_json or not complaints.is_terminal) as bar:
            task = bar.add_task("清除 removing", total=None)
            found = job.purge(progress=lambda _name, count: bar.advance(task, count), actor=OPERATOR)
    if as_json:
        print_json(found.to_json())
        return
    say("将清除 would be removed:" if found.was_dry else "已清除 removed:")
    for name, count in found.counts.items():
        say(f"  {name} {count}")
    if not found.is_complete:
        say("尚有剩余，请再次运行。There is more; run it again.")
