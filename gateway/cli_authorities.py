"""``licence-gateway authority``: up to when each issuing authority's data are complete."""

from typing import Annotated

import typer

from gateway.cli_answers import AUTHORITY_WORDS, instant_of
from gateway.cli_frame import DataDir, Json, opened, print_json, tell
from gateway.domain.answer_json import freshness_json
from gateway.domain.answers import AuthorityFreshness
from gateway.domain.instants import instant

app = typer.Typer(help="发证机关的数据有多新。How fresh the data of issuing authorities are.", no_args_is_help=True)


@app.command("list")
def show(data_dir: DataDir = None, as_json: Json = False) -> None:
    """List every authority with its last report; those that gave no answer say so.

    Example: licence-gateway authority list
    """
    _print(opened(data_dir).authority_reports.all(), as_json=as_json)


@app.command("report")
def report(
    codes: Annotated[list[str], typer.Argument(help="Credit codes of authorities.")],
    complete_as_of: Annotated[
        str | None, typer.Option(help="All issued until then is known here, such as 2026-01-01T00:00:00+08:00; now.")
    ] = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Record that authorities' data are complete as of an instant.

    Example: licence-gateway authority report 11441702G0000629X4
    """
    container = opened(data_dir)
    until = instant_of(complete_as_of) or container.clock()
    _print([container.authority_reports.declare(code, until) for code in codes], as_json=as_json)


def _print(found: tuple[AuthorityFreshness, ...] | list[AuthorityFreshness], *, as_json: bool) -> None:
    if as_json:
        print_json([freshness_json(each) for each in found])
    for each in () if as_json else found:
        at = instant(each.last_report_at) or "—"
        tell(f"{each.authority_code}  {each.authority_name}  {AUTHORITY_WORDS[each.state]}  {at}")
