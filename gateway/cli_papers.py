"""``licence-gateway paper`` and ``blank``: papers from the printer to the holder's hand, and the stock of blank forms."""

from dataclasses import asdict
from typing import Annotated

import typer

from gateway.cli_frame import DataDir, Json, opened, print_json, tell
from gateway.domain.papers import STATE_WORDS, BlankState
from gateway.services.papers import BlankChoice, PaperView

papers = typer.Typer(help="纸质证照：打印、领取、作废、收回。Papers of a licence.", no_args_is_help=True)
blanks = typer.Typer(help="空白证照的库存。The stock of numbered blank forms.", no_args_is_help=True)

Identifier = Annotated[str, typer.Argument(help="证照标识 Licence identifier.")]
CopyNumber = Annotated[int, typer.Option("--copy", min=0, help="0: the original (正本); 1, 2, …: duplicates (副本).")]
Reason = Annotated[str, typer.Option(help="Why.")]
Authority = Annotated[str, typer.Argument(help="Credit code of the issuing authority.")]
Form = Annotated[str, typer.Argument(help="Kind of form, as the authority calls it.")]
Serials = Annotated[list[str], typer.Argument(help="Serial numbers.")]


@papers.command("list")
def list_papers(licence_identifier: Identifier, data_dir: DataDir = None, as_json: Json = False) -> None:
    """List the papers of a licence version and how each stands.

    Example: licence-gateway paper list 1.2.156…
    """
    found = opened(data_dir).papers.of(licence_identifier)
    if as_json:
        print_json([paper.to_json() for paper in found])
    for paper in () if as_json else found:
        tell(_line(paper))


@papers.command("print")
def print_paper(
    licence_identifier: Identifier,
    form: Annotated[str, typer.Option(help="Kind of form that lies in the printer.")],
    serial: Annotated[str, typer.Option(help="Its serial number.")],
    copy: CopyNumber = 0,
    reason: Annotated[str, typer.Option(help="Why it is printed again; needed for a reprint.")] = "",
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Record that a paper is printed on a form of the stock; the file to print is named.

    Example: licence-gateway paper print 1.2.156… --form 卫生许可证正本 --serial WS0001
    """
    choice = BlankChoice(form, serial)
    _tell(opened(data_dir).papers.print(licence_identifier, copy, choice, reason=reason), as_json)


@papers.command("collect")
def collect_paper(
    licence_identifier: Identifier,
    by: Annotated[str, typer.Option(help="Who took it away.")],
    copy: CopyNumber = 0,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Record who took a printed paper away.

    Example: licence-gateway paper collect 1.2.156… --by 梁某某
    """
    _tell(opened(data_dir).papers.collect(licence_identifier, copy, by), as_json)


@papers.command("void")
def void_paper(
    licence_identifier: Identifier,
    reason: Reason,
    copy: CopyNumber = 0,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Declare a paper void; its form is spoiled.

    Example: licence-gateway paper void 1.2.156… --copy 1 --reason 印错
    """
    _tell(opened(data_dir).papers.void(licence_identifier, copy, reason), as_json)


@papers.command("return")
def take_back_paper(
    licence_identifier: Identifier,
    reason: Reason,
    copy: CopyNumber = 0,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Record that a paper came back from the holder, as when its version was superseded.

    Example: licence-gateway paper return 1.2.156… --reason 已换发
    """
    _tell(opened(data_dir).papers.take_back(licence_identifier, copy, reason), as_json)


@blanks.command("receive")
def receive_blanks(
    authority: Authority,
    form: Form,
    first: Annotated[str, typer.Argument(help="First serial number, such as WS0001.")],
    last: Annotated[str, typer.Argument(help="Last serial number.")],
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Take the forms from one serial number to another into stock.

    Example: licence-gateway blank receive 11441700G00001114P 卫生许可证正本 WS0001 WS0500
    """
    count = opened(data_dir).blank_forms.receive(authority, form, first, last)
    if as_json:
        print_json({"received": count})
    else:
        tell(f"已入库 received {count}")


@blanks.command("stock")
def show_stock(authority: Authority, data_dir: DataDir = None, as_json: Json = False) -> None:
    """Show how many forms of each kind there are, by state, and the next serial number.

    Example: licence-gateway blank stock 11441700G00001114P
    """
    stock = opened(data_dir).blank_forms.stock(authority)
    if as_json:
        print_json([asdict(entry) for entry in stock])
    for entry in () if as_json else stock:
        counts = " ".join(f"{state} {count}" for state, count in entry.counts.items())
        tell(f"{entry.form}: {counts}，下一号 next {entry.next_serial or '—'}")


@blanks.command("spoil")
def spoil_blanks(
    authority: Authority, form: Form, serials: Serials, reason: Reason, data_dir: DataDir = None, as_json: Json = False
) -> None:
    """Record forms in stock as spoiled.

    Example: licence-gateway blank spoil 11441700G00001114P 卫生许可证正本 WS0003 --reason 污损
    """
    _put_aside(authority, form, serials, reason, BlankState.SPOILED, data_dir, as_json=as_json)


@blanks.command("return")
def return_blanks(
    authority: Authority, form: Form, serials: Serials, reason: Reason, data_dir: DataDir = None, as_json: Json = False
) -> None:
    """Record forms in stock as given back to where they came from.

    Example: licence-gateway blank return 11441700G00001114P 卫生许可证正本 WS0003 WS0004 --reason 改版
    """
    _put_aside(authority, form, serials, reason, BlankState.RETURNED, data_dir, as_json=as_json)


def _put_aside(
    authority: str, form: str, serials: list[str], reason: str, state: BlankState, data_dir: DataDir, *, as_json: bool
) -> None:
    opened(data_dir).blank_forms.put_aside(authority, form, serials, state, reason)
    if as_json:
        print_json({"state": state, "serial_numbers": serials})
    else:
        tell(f"{form}: {'、'.join(serials)} → {state}")


def _tell(paper: PaperView, as_json: bool) -> None:
    if as_json:
        print_json({**paper.to_json(), "file": str(paper.file), "revision": paper.revision})
    else:
        tell(f"{_line(paper)}\n    {paper.file}")


def _line(paper: PaperView) -> str:
    name = f"副本 duplicate {paper.copy_number}" if paper.copy_number else "正本 original"
    blank = f"，印制编号 form {paper.blank_serial_number}" if paper.blank_serial_number else ""
    return f"{name}: {' '.join(STATE_WORDS[paper.state])}{blank}"
