"""What the administrative commands share: options, the opened gateway, passwords, printing."""

import json
import os
import pwd
import sys
from collections.abc import Iterator
from dataclasses import asdict, is_dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

import click
import typer
from rich.console import Console

from certs.private_files import read_password_file
from gateway.container import Container
from gateway.errors import UnreadableInputError
from gateway.settings import read_settings

output = Console()
complaints = Console(stderr=True)

DataDir = Annotated[
    Path | None, typer.Option("--data-dir", help="Data directory; default GATEWAY_DATA_DIR or var/data.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
DryRun = Annotated[bool, typer.Option(help="只说明，不改动。Tell what would be done, change nothing.")]
PasswordFile = Annotated[
    Path | None,
    typer.Option(help="File (mode 600) that holds the password; without it the password is asked for."),
]


def opened(data_dir: Path | None) -> Container:
    """The gateway in this data directory, for the account at the terminal. NotInitialisedError when there is none."""
    account = pwd.getpwuid(os.getuid()).pw_name
    container = Container(read_settings(data_dir=data_dir), actor=f"cli:{account}")
    container.installation.require()
    return container


def password(file: Path | None, question: str, *, confirm: bool = False) -> bytes:
    """A password from a file that only its owner may read, or typed in unseen; never an argument, never the environment."""
    if file is not None:
        return read_password_file(file)
    if not sys.stdin.isatty():
        raise click.UsageError(
            "没有终端可输入口令，请用 --password-file。No terminal to ask for the password at; use --password-file"
        )
    typed: str = typer.prompt(question, hide_input=True, confirmation_prompt=confirm, err=True)
    return typed.encode()


def read_bytes(path: Path) -> bytes:
    """UnreadableInputError when the file cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise UnreadableInputError(f"{path}: {error.strerror}", hint="Check the path.") from error


def read_text(path: Path) -> str:
    """UnreadableInputError when the file cannot be read, or is not UTF-8."""
    try:
        return read_bytes(path).decode()
    except UnicodeDecodeError as error:
        raise UnreadableInputError(f"{path} is not UTF-8.", hint="Save it as UTF-8.") from error


def records(text: str) -> Iterator[Any]:
    """The values in JSON, a JSON array, or one JSON value a line; a broken line is given as its text."""
    try:
        value = json.loads(text)
    except ValueError:
        yield from (_record(line) for line in text.splitlines() if line.strip())
    else:
        yield from value if isinstance(value, list) else [value]


def day_of(text: str | None, option: str) -> date | None:
    """The day that an option names; None when it was not given. UsageError when it is none."""
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError as error:
        raise click.UsageError(f"{option}: {text} is no day such as 2026-01-31") from error


def _record(line: str) -> Any:
    try:
        return json.loads(line)
    except ValueError:
        return line


def print_json(value: Any) -> None:
    """JSON for machines; dataclasses as objects, sets as sorted lists, bytes never."""
    print(json.dumps(_plain(value), ensure_ascii=False, indent=2))


def say(text: str) -> None:
    """One line for a person."""
    output.print(text, highlight=False, soft_wrap=True)


def tell(text: str) -> None:
    """One line with words in it that others wrote: nothing in them is taken for markup."""
    output.print(text, markup=False, highlight=False, soft_wrap=True)


def complain(error: Exception) -> None:
    """One sentence on standard error, with the way out where there is one."""
    hint = getattr(error, "hint", "")
    complaints.print(
        f"[red]错误 error:[/] {error}" + (f"  [dim]{hint}[/]" if hint else ""),
        highlight=False,
        soft_wrap=True,
    )


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        value = asdict(value)
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items() if not isinstance(item, bytes)}
    if isinstance(value, set | frozenset):
        return sorted(map(str, value))
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return value if value is None or isinstance(value, bool | int | float) else str(value)
