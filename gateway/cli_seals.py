"""``licence-gateway seal``: the register of the authorities' electronic seals."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli_frame import DataDir, Json, day_of, opened, print_json, read_bytes, tell
from gateway.documents.face import SealPicture
from gateway.domain.actors import OPERATOR
from gateway.domain.instants import instant
from gateway.domain.seal_register import ACT_WORDS, SEAL_WORDS, RegisteredSeal, SealAct
from gateway.domain.status import day_start
from gateway.domain.visible_text import visible
from gateway.services.seal_register import SealSpec

app = typer.Typer(
    help="电子印章：制作、停用、恢复、销毁。Electronic seals: make, suspend, resume, destroy.", no_args_is_help=True
)

KeyId = Annotated[str, typer.Argument(help="Key id of the seal, 16 hexadecimal digits.")]
Reason = Annotated[str, typer.Option(help="Why; it stays on record.")]


@app.command("list")
def show_all(data_dir: DataDir = None, as_json: Json = False) -> None:
    """List every seal with its owner, filing number, validity and state.

    Example: licence-gateway seal list
    """
    seals = opened(data_dir).seal_register.all()
    if as_json:
        print_json([seal.to_json() for seal in seals])
    for seal in () if as_json else seals:
        tell(_line(seal))


@app.command("show")
def show(
    key_id: KeyId,
    picture: Annotated[Path | None, typer.Option(help="Write the picture to this PNG file.")] = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Show one seal and all that was done to it.

    Example: licence-gateway seal show 0011223344556677 --picture seal.png
    """
    register = opened(data_dir).seal_register
    seal = register.of(key_id)
    if picture is not None:
        picture.write_bytes(register.picture(key_id))
    _print(seal, as_json=as_json)


@app.command("make")
def make(
    authority: Annotated[str, typer.Argument(help="Credit code of the authority.")],
    name: Annotated[str, typer.Option(help="Name of the seal.")],
    filing_number: Annotated[str, typer.Option(help="Number under which it is filed (备案编号).")],
    picture: Annotated[Path | None, typer.Option(help="PNG; without it a sample seal is drawn.")] = None,
    width_mm: Annotated[float, typer.Option(help="Width of the picture.")] = 42.0,
    height_mm: Annotated[float, typer.Option(help="Height of the picture.")] = 42.0,
    valid_until: Annotated[str | None, typer.Option(help="Last day, such as 2030-12-31; as its certificate.")] = None,
    key: Annotated[str | None, typer.Option(help="Key of the key store; without it a new one is certified.")] = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Make and register a seal for an authority that has none in use.

    Example: licence-gateway seal make 11441702G0000629X4 --name 食品经营许可专用章 --filing-number 4417020000001
    """
    day = day_of(valid_until, "--valid-until")
    spec = SealSpec(
        authority_code=authority,
        name=name,
        filing_number=filing_number,
        picture=None if picture is None else SealPicture(read_bytes(picture), width_mm, height_mm),
        valid_until=None if day is None else day_start(day + timedelta(days=1)) - timedelta(seconds=1),
        key_name=key,
    )
    _print(opened(data_dir).seal_register.make(spec), as_json=as_json)


@app.command("suspend")
def suspend(key_id: KeyId, reason: Reason, data_dir: DataDir = None, as_json: Json = False) -> None:
    """From now on the seal signs nothing, until it is resumed.

    Example: licence-gateway seal suspend 0011223344556677 --reason 机关更名
    """
    _act(SealAct.SUSPEND, key_id, reason, data_dir, as_json=as_json)


@app.command("resume")
def resume(key_id: KeyId, reason: Reason, data_dir: DataDir = None, as_json: Json = False) -> None:
    """The seal signs again.

    Example: licence-gateway seal resume 0011223344556677 --reason 核实无误
    """
    _act(SealAct.RESUME, key_id, reason, data_dir, as_json=as_json)


@app.command("destroy")
def destroy(key_id: KeyId, reason: Reason, data_dir: DataDir = None, as_json: Json = False) -> None:
    """The seal never signs again and its key is retired; what it signed stays as it is.

    Example: licence-gateway seal destroy 0011223344556677 --reason 机构撤并
    """
    _act(SealAct.DESTROY, key_id, reason, data_dir, as_json=as_json)


def _act(act: SealAct, key_id: str, reason: str, data_dir: Path | None, *, as_json: bool) -> None:
    _print(opened(data_dir).seal_register.act(key_id, act, reason, actor=OPERATOR), as_json=as_json)


def _print(seal: RegisteredSeal, *, as_json: bool) -> None:
    if as_json:
        print_json(seal.to_json())
        return
    tell(_line(seal))
    for event in seal.events:
        tell(f"  {instant(event.occurred_at)}  {' '.join(ACT_WORDS[event.act])}  {visible(event.reason)}")


def _line(seal: RegisteredSeal) -> str:
    filed = seal.filing_number or "未备案 not filed"
    until = f"{instant(seal.valid_from)} – {instant(seal.valid_until)}"
    state = " ".join(SEAL_WORDS[seal.state])
    return f"{seal.key_id}  {visible(seal.name)}  {seal.authority_code}  {visible(filed)}  {until}  {state}"
