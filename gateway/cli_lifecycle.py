"""``licence-gateway history``, ``version``, ``obligation``, ``represent`` and ``report-licence``."""

import sys
from pathlib import Path
from typing import Annotated, Any

import click
import typer

from gateway.cli_answers import instant_of
from gateway.cli_frame import DataDir, Json, day_of, opened, print_json, read_text, records, tell
from gateway.cli_papers import Identifier
from gateway.domain.basis import ObligationKind, ObligationState
from gateway.domain.orders import VersionKind
from gateway.domain.reported import MATCH_WORDS, LicenceReport, ReportedLicenceView
from gateway.domain.representations import Vocabulary
from gateway.domain.status import WORDS
from gateway.domain.verification import instant
from gateway.errors import ValidationFailedError
from gateway.services.obligations import ListedObligation, ObligationFilter
from gateway.services.versions import VersionRequest

obligations = typer.Typer(help="告知承诺与容缺。Commitments and tolerated papers.", no_args_is_help=True)
versions = typer.Typer(help="变更、延续、补证、更正。New versions of a licence.", no_args_is_help=True)

_DAY_WORDS = {
    "yes": "有效 in force",
    "no": "无效 not in force",
    "part_of_day": "当日部分时间有效 for a part of the day",
}


def history(
    licence_identifier: Identifier,
    on: Annotated[str | None, typer.Option(help="Was it in force on this day in China? Such as 2026-01-31.")] = None,
    known_at: Annotated[str | None, typer.Option(help="As the register knew it at this instant.")] = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Tell what a licence was and will be, from the insert-only history.

    Example: licence-gateway history 1.2.156… --on 2026-01-31
    """
    found = opened(data_dir).histories.of(licence_identifier, known_at=instant_of(known_at))
    day = day_of(on, "--on")
    answer = None if day is None else found.in_force_on(day)
    if as_json:
        print_json(
            {
                "licence_identifier": found.licence_identifier,
                "revision": found.revision,
                "on": day,
                "in_force_on": answer,
                "periods": found.periods,
                "changes": found.changes,
            }
        )
        return
    if answer is not None:
        tell(f"{day}: {_DAY_WORDS[answer]}")
    for period in found.periods:
        tell(f"{instant(period.since) or '…'} – {instant(period.until) or '…'}  {' '.join(WORDS[period.status])}")
    for change in found.changes:
        tell(f"  {instant(change.recorded_at)} {change.status} ⇒ {instant(change.effective_at)} {change.reason}")


@versions.command("issue")
def issue_version(
    licence_identifier: Annotated[str, typer.Argument(help="The version that the new one follows.")],
    file: Annotated[str, typer.Argument(help="The whole application as it is to read from now on: JSON; - for input.")],
    kind: Annotated[VersionKind, typer.Option(help="amendment, renewal, replacement or correction.")],
    reason: Annotated[str, typer.Option(help="Why; for a replacement the declaration of loss.")],
    at: Annotated[str | None, typer.Option(help="When it takes effect; without it now.")] = None,
    duplicates: Annotated[int, typer.Option(help="Number of duplicates (副本).")] = 0,
    lost: Annotated[list[int] | None, typer.Option(help="Copy number of a lost paper; without it all.")] = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Issue the next version of a licence; the one before stays verifiable and says what replaced it.

    Example: licence-gateway version issue 1.2.156… changed.json --kind amendment --reason 变更经营场所
    """
    container = opened(data_dir)
    (record,) = _some(file, most=1)
    lost_copies = tuple(lost) if lost else None
    request = VersionRequest(kind, record, reason, instant_of(at), duplicates=duplicates, lost_copies=lost_copies)
    issued = container.versions.issue(licence_identifier, request)
    if as_json:
        print_json(issued)
    else:
        tell(f"{issued.licence_identifier}\n    {issued.electronic_file}")


@obligations.command("list")
def list_obligations(
    state: Annotated[ObligationState | None, typer.Option(help="Only those in this state.")] = None,
    kind: Annotated[ObligationKind | None, typer.Option(help="Only of this kind.")] = None,
    due_before: Annotated[str | None, typer.Option(help="Due on or before this day.")] = None,
    after: Annotated[int, typer.Option(help="Number of the last one of the page before.")] = 0,
    limit: Annotated[int, typer.Option(min=1, max=200)] = 50,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """List what licences were granted against, in the order of recording.

    Example: licence-gateway obligation list --state overdue
    """
    wanted = ObligationFilter(state, kind, day_of(due_before, "--due-before"), after, limit)
    found = opened(data_dir).obligations.search(wanted)
    if as_json:
        print_json([_obligation_json(listed) for listed in found])
    for listed in () if as_json else found:
        view = listed.obligation
        tell(f"{view.id}  {view.due_on} {view.state}  {listed.licence_identifier} {listed.holder_name}")
        tell(f"    {view.kind}: {'；'.join(view.items)}")


@obligations.command("settle")
def settle_obligation(
    licence_identifier: Identifier,
    obligation_id: Annotated[int, typer.Argument(help="Its number, as `obligation list` gives it.")],
    note: Annotated[str, typer.Option(help="What was found.")],
    fulfilled: Annotated[bool, typer.Option("--fulfilled/--broken", help="How it ended.")] = True,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Record how a commitment or the handing in of papers ended, once.

    Example: licence-gateway obligation settle 1.2.156… 3 --fulfilled --note 现场核查合格
    """
    service = opened(data_dir).obligations
    view = service.settle(licence_identifier, obligation_id, is_fulfilled=fulfilled, note=note)
    if as_json:
        print_json(view.to_json())
    else:
        tell(f"{view.id} → {view.state}")


def show_record(
    licence_identifier: Identifier,
    vocabulary: Annotated[Vocabulary, typer.Option(help="Whose names the fields have.")] = Vocabulary.NATIONAL,
    data_dir: DataDir = None,
) -> None:
    """Print a licence as a record in the national or the Guangdong vocabulary, with its status code: JSON.

    Example: licence-gateway represent 1.2.156… --vocabulary guangdong
    """
    print_json(opened(data_dir).representations.of(licence_identifier, vocabulary))


def report_licences(
    file: Annotated[str, typer.Argument(help="Reports: JSON, a JSON array, or NDJSON; - for standard input.")],
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Take in licences that a department issued the old way: never merged, a conflict shown with both sides.

    A report is {"record": …, "origin": …, "blank_form": …, "blank_serial_number": …}, the record an application in
    either vocabulary. Exit status 0 when all stand, 1 when one was refused.

    Example: licence-gateway report-licence reports.ndjson
    """
    service, outcomes = opened(data_dir).reported_licences, []
    for row, document in enumerate(_some(file), 1):
        try:
            view = service.report(LicenceReport.from_json(document))
            outcomes.append({"row": row, **view.to_json()})
            if not as_json:
                _say_report(row, view)
        except ValidationFailedError as error:
            outcomes.append({"row": row, "error": error.message})
            if not as_json:
                tell(f"✗ {row}: {error.message}")
    if as_json:
        print_json(outcomes)
    raise typer.Exit(1 if any("error" in outcome for outcome in outcomes) else 0)


def _some(file: str, most: int | None = None) -> list[Any]:
    found = list(records(sys.stdin.read() if file == "-" else read_text(Path(file))))
    if most is not None and (len(found) != most or not isinstance(found[0], dict)):
        raise click.UsageError(f"{file}: one application is wanted")
    return found


def _say_report(row: int, view: ReportedLicenceView) -> None:
    tell(f"{row}: {view.licence_type_name} {view.licence_number} {' '.join(MATCH_WORDS[view.match])}")
    for found in view.differences:
        tell(f"    {found.field}: 报送 reported {found.reported} ≠ 登记 registered {found.registered}")


def _obligation_json(listed: ListedObligation) -> dict[str, Any]:
    return {
        "licence_identifier": listed.licence_identifier,
        "licence_number": listed.licence_number,
        "holder_name": listed.holder_name,
        "authority_code": listed.authority_code,
        **listed.obligation.to_json(),
    }
