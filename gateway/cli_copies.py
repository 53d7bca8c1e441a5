"""``licence-gateway copy``, ``reconcile`` and ``statistics``."""

from pathlib import Path
from typing import Annotated

import click
import typer

from gateway.cli_frame import DataDir, Json, day_of, opened, print_json, tell
from gateway.cli_papers import Identifier
from gateway.domain.purpose_copies import CopyRequest
from gateway.domain.reconciliation import DRIFT_WORDS, DriftCounts, DriftKind
from gateway.services.purpose_copies import CopyFilter
from gateway.services.reconciliation import Reconciliation

copies = typer.Typer(help="加注件。Purpose copies of licences.", no_args_is_help=True)

_MEDIA_TYPES = {".csv": "text/csv", ".json": "application/json"}


@copies.command("make")
def make_copy(
    licence_identifier: Identifier,
    purpose: Annotated[str, typer.Option(help="What it may be used for.")],
    user: Annotated[str, typer.Option(help="Who may use it.")],
    until: Annotated[str, typer.Option(help="The last day of its use, such as 2026-01-31.")],
    output: Annotated[Path | None, typer.Option(help="Copy the PDF here.")] = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Make a watermarked, signed copy bound to a purpose, a user and a last day.

    Example: licence-gateway copy make 1.2.156… --purpose 投标 --user 某某招标代理有限公司 --until 2026-01-31
    """
    service, last_day = opened(data_dir).purpose_copies, day_of(until, "--until")
    assert last_day is not None
    view = service.make(licence_identifier, CopyRequest(purpose, user, last_day))
    if output is not None:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_bytes(service.content(view.terms.copy_id))
    if as_json:
        print_json({**view.to_json(), "file": output})
    else:
        tell(view.terms.copy_id + ("" if output is None else f"\n    {output}"))


@copies.command("list")
def list_copies(
    holder_code: Annotated[str, typer.Argument(help="Credit code of the holder.")],
    after: Annotated[str, typer.Option(help="Id of the last one of the page before.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=200)] = 50,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """List who obtained which copy of a holder's licences.

    Example: licence-gateway copy list 91441700MAX000015N
    """
    found = opened(data_dir).purpose_copies.of_holder(CopyFilter(holder_code, after, limit))
    if as_json:
        print_json([view.to_json() for view in found])
    for view in () if as_json else found:
        terms, over = view.terms, "（已过期 over）" if view.is_expired else ""
        tell(f"{terms.copy_id}  {view.licence_type_name} {view.licence_number}  至 until {terms.expires_on}{over}")
        tell(f"    {terms.user_name} · {terms.purpose} · 制作 made for {view.requested_by}")


def reconcile(
    authority: Annotated[str | None, typer.Option(help="Only this authority, by credit code.")] = None,
    report_to: Annotated[
        Path | None, typer.Option("--report", help="Write every row to FILE.csv or FILE.json.")
    ] = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Find every drift between paper and electronic records, stock, reports and files.

    Exit status 0 when there is none, 1 when there is some.

    Example: licence-gateway reconcile --report drift.csv
    """
    service = opened(data_dir).reconciliation
    if report_to is None:
        report = service.report(authority)
        counts = report.counts
        if as_json:
            print_json(report.to_json())
    else:
        counts = _export(service, report_to, authority)
        if as_json:
            print_json({"counts": counts.to_json(), "file": report_to})
    if not as_json:
        for kind, count in counts.by_kind.items():
            tell(f"{count:>7}  {' '.join(DRIFT_WORDS[DriftKind(kind)])}")
    raise typer.Exit(1 if counts.total else 0)


def _export(service: Reconciliation, target: Path, authority: str | None) -> DriftCounts:
    """The rows in a file. UsageError for an ending that there is not."""
    media_type = _MEDIA_TYPES.get(target.suffix.lower())
    if media_type is None:
        raise click.UsageError(f"--report {target}: the ending is .csv or .json")
    target.parent.mkdir(parents=True, exist_ok=True)
    # Spreadsheets take UTF-8 for what it is only behind its mark.
    encoding = "utf-8-sig" if media_type == "text/csv" else "utf-8"
    with target.open("w", encoding=encoding, newline="") as out:
        return service.export(out, media_type, authority)


def statistics(
    first: Annotated[str | None, typer.Option(help="First day, as 2026-01-01; thirty days in all without it.")] = None,
    last: Annotated[str | None, typer.Option(help="Last day; today.")] = None,
    authority: Annotated[str | None, typer.Option(help="Only this authority, by credit code.")] = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Tell the reform's indicators: time from application to both licences, electronic use, verifications by type and area.

    Example: licence-gateway statistics --first 2026-01-01 --last 2026-03-31
    """
    found = opened(data_dir).statistics.report(day_of(first, "--first"), day_of(last, "--last"), authority)
    if as_json:
        print_json(found.to_json())
        return
    for (kind, area), each in (*sorted(found.groups.items()), (("合计 total", ""), found.total)):
        hours = "—" if each.median_hours is None else f"{each.median_hours} h"
        share = "—" if each.share_of_electronic_use is None else f"{each.share_of_electronic_use:.1%}"
        tell(
            f"{kind} {area}  新发 issued {each.issued}  双证 both {hours}  电子 electronic {share}  "
            f"核验 verified {each.verifications}"
        )
