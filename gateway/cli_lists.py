"""``licence-gateway list``, ``check-paper`` and ``phrase``: signed lists, papers beside the register, the words of the day."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import click
import typer

from gateway.cli_frame import DataDir, Json, day_of, opened, print_json, read_bytes, tell
from gateway.domain.answers import Genuine
from gateway.domain.paper_check import PaperCheck, check_paper
from gateway.domain.visible_text import visible

_FORMS = (".cbor", ".pdf")


def sign_list(
    code: Annotated[str, typer.Argument(help="Unified social credit code.")],
    file: Annotated[Path, typer.Option("--output", "-o", help="FILE.cbor for machines, FILE.pdf for people.")],
    language: Annotated[str, typer.Option("--lang", help="Language of the PDF: zh or en.")] = "zh",
    data_dir: DataDir = None,
) -> None:
    """Write the list of an enterprise's licences as a signed statement that anyone can verify off line.

    Example: licence-gateway list 91441702MA9Y03WY4L -o list.cbor
    """
    if file.suffix not in _FORMS:
        raise click.UsageError(f"--output: {file} ends neither in .cbor nor in .pdf")
    lists = opened(data_dir).signed_lists
    file.write_bytes(lists.pdf(code, language=language) if file.suffix == ".pdf" else lists.cbor(code))
    tell(f"→ {file}")


def check_paper_licence(
    picture: Annotated[Path, typer.Argument(help="Photo or scan of a paper licence, with its QR code.")],
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Show what a paper licence should say: its code and the register side by side.

    Exit status: 0 code and register agree, 1 they differ or the code is forged, 2 there is nothing to compare with.

    Example: licence-gateway check-paper photo.jpg
    """
    check = check_paper(opened(data_dir).codes.resolve_image(read_bytes(picture)))
    if as_json:
        print_json(check.to_json())
    for line in () if as_json else paper_lines(check):
        tell(line)
    differs = bool(check.differences) or check.genuine is Genuine.NO
    raise typer.Exit(1 if differs else 2 if check.licence_identifier is None else 0)


def paper_lines(check: PaperCheck) -> Iterator[str]:
    """The comparison for a person."""
    for each in check.fields:
        mark = "=" if each.agrees else "≠"
        said = "" if each.agrees else f"（二维码 code: {visible(each.code_says or '')}）"
        yield f"{mark} {each.label.zh} {each.label.en}: {visible(each.register_says)}{said}"
    for line in check.face:
        yield f"= {visible(line.label)}: {visible(line.value)}"
    for why in check.reasons:
        yield f"· {why.message_zh} {why.message_en}"


def phrase(
    day: Annotated[str | None, typer.Option(help="Another day in China, such as 2026-01-31.")] = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Show the challenge phrase of the day, to be compared with the one on a page.

    Example: licence-gateway phrase
    """
    found = opened(data_dir).challenge_phrases.of_day(day_of(day, "--day"))
    if as_json:
        print_json(found.to_json())
    else:
        tell(f"{found.zh}\n{found.en}")
