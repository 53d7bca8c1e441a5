"""``licence-gateway simulate``: other systems, played by a process of our own for tests and demonstrations."""

import json
import re
from pathlib import Path
from typing import Annotated

import click
import typer

from certs.private_files import read_password_file
from gateway.cli_frame import read_text, records, tell
from gateway.delivery_simulator import Simulated, serve_receiver
from gateway.domain.deliveries import ConnectorKind
from gateway.elicence.cards import known_enterprises
from gateway.elicence.phone import Fault as PhoneFault
from gateway.elicence.server import serve as serve_phone
from gateway.elicence.simulator import configuration as phone_configuration
from gateway.elicence.simulator import open_simulator as open_phone
from gateway.samr_simulator import Fault, configuration, open_simulator, serve
from gateway.services.dependencies import system_clock

app = typer.Typer(help="模拟其他系统，仅供测试和演示。Plays other systems, for tests only.", no_args_is_help=True)


@app.command("receiver")
def receiver(
    kind: Annotated[ConnectorKind, typer.Argument(help="Whose interface it has.")],
    credentials: Annotated[Path, typer.Option(help="File (mode 600) with the JSON object that the gateway was given.")],
    bind: Annotated[str, typer.Option(help="HOST:PORT; port 0 takes a free one.")] = "127.0.0.1:8078",
) -> None:
    """Play a receiver of deliveries, which takes nothing that is not exactly as documented, and says what it took.

    Example: licence-gateway simulate receiver publicity --credentials publicity.json
    """
    host, port = _place(bind)
    simulated = Simulated(kind, json.loads(read_password_file(credentials)), system_clock, say=tell)
    with serve_receiver(simulated, host, port) as server:
        origin = f"http://{host}:{server.server_port}"
        tell(f"GATEWAY_DELIVERY_ORIGINS={origin}={host}/32")
        server.serve_forever()


@app.command("samr")
def samr(
    enterprises: Annotated[Path, typer.Option(help="Enterprises (NDJSON) that it knows.")],
    folder: Annotated[Path, typer.Option(help="Where its keys and a configuration for the gateway are put.")] = Path(
        "var/samr"
    ),
    bind: Annotated[str, typer.Option(help="HOST:PORT; port 0 takes a free one.")] = "127.0.0.1:8077",
    faults: Annotated[list[Fault] | None, typer.Option("--fault", help="The next answers suffer from these.")] = None,
    show: Annotated[int, typer.Option(min=0, help="Print the codes of so many enterprises.")] = 1,
) -> None:
    """Play the national e-licence system: enterprise codes, dynamic codes, and the faults that are asked for.

    Set GATEWAY_CODE_SYSTEMS to the file that it names, and the gateway asks it.

    Example: licence-gateway simulate samr --enterprises tests/vectors/registry/enterprises.jsonl
    """
    host, port = _place(bind)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    simulator = open_simulator(folder, records(read_text(enterprises)), system_clock)
    simulator.faults.extend(faults or ())
    with serve(simulator, host, port) as server:
        file = folder / "code-systems.json"
        file.write_text(configuration(f"http://{host}:{server.server_port}"))
        tell(f"GATEWAY_CODE_SYSTEMS={file.resolve()}")
        for code in list(simulator.enterprises)[:show]:
            tell(f"{code}  {simulator.entity_code(code)}  {simulator.dynamic_code(code)}")
        server.serve_forever()


@app.command("elicence")
def elicence(
    enterprises: Annotated[Path, typer.Option(help="Enterprises (NDJSON) whose licences are on the phone.")],
    gateway: Annotated[str, typer.Option(help="Address of the gateway; codes of other sites are refused.")] = (
        "http://127.0.0.1:8000"
    ),
    folder: Annotated[Path, typer.Option(help="Its keys, its CA, and what a gateway has to trust.")] = Path(
        "var/elicence"
    ),
    bind: Annotated[str, typer.Option(help="HOST:PORT; port 0 takes a free one.")] = "127.0.0.1:8078",
    faults: Annotated[
        list[PhoneFault] | None, typer.Option("--fault", help="The next answers suffer from these.")
    ] = None,
    late_seconds: Annotated[float, typer.Option(min=0, help="Longest wait of a late phone.")] = 60.0,
) -> None:
    """Play the phone with the electronic business licence: a page that shows what a code asks for, to sign or decline.

    Codes that are handed in by POST /simulator/scans, with its secret, are signed at once.

    Example: licence-gateway simulate elicence --enterprises tests/vectors/registry/enterprises.jsonl
    """
    host, port = _place(bind)
    simulator = open_phone(folder, known_enterprises(list(records(read_text(enterprises)))), gateway, system_clock)
    simulator.faults.extend(faults or ())
    simulator.late_seconds = late_seconds
    server = serve_phone(simulator, host, port)
    file = folder / "enterprise-signer.json"
    file.write_text(phone_configuration(f"http://{host}:{server.port}"))
    tell(f"http://{host}:{server.port}/")
    tell(f"GATEWAY_ENTERPRISE_SIGNER={file.resolve()}")
    tell(f"GATEWAY trust: {simulator.cards.trust_dir.resolve()}")
    server.serve_forever()


def _place(bind: str) -> tuple[str, int]:
    if not re.fullmatch(r".+:\d{1,5}", bind):
        raise click.UsageError(f"--bind: {bind} is not HOST:PORT such as 127.0.0.1:8077.")
    host, _, port = bind.rpartition(":")
    return host, int(port)
