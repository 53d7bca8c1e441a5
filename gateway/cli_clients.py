"""``licence-gateway client``: department systems that may call the API."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import click
import typer

from gateway.cli_frame import DataDir, Json, opened, print_json, read_bytes, say
from gateway.domain.actors import Scope
from gateway.domain.verification import instant
from gateway.persistence.models import Client
from gateway.services.clients import GATEWAY_TOKEN, SECRET, ClientSpec

app = typer.Typer(
    name="client",
    help="部门系统：登记、密钥、启用与停用。Department systems: register, secrets, let in and shut out.",
    no_args_is_help=True,
)
ClientId = Annotated[str, typer.Argument(help="客户端标识 id of the client.")]


@app.command()
def create(
    name: Annotated[str, typer.Option(help="系统名称 name of the system.")],
    organisation: Annotated[str, typer.Option(help="所属单位 organisation that runs it.")],
    authority: Annotated[list[str], typer.Option(help="发证机关代码 issuing authority it acts for; repeatable.")],
    scope: Annotated[list[Scope], typer.Option(help="权限 what it may do; repeatable.")],
    licence_type: Annotated[
        list[str] | None, typer.Option(help="证照类型本地代码 licence types it handles; without it all.")
    ] = None,
    ip_range: Annotated[
        list[str] | None, typer.Option(help="来源网段 networks it may call from; without it any.")
    ] = None,
    daily_cap: Annotated[int | None, typer.Option(help="每日调用上限 calls a day.")] = None,
    valid_until: Annotated[datetime | None, typer.Option(help="有效期止 until when (UTC).")] = None,
    sandbox: Annotated[bool, typer.Option(help="沙箱：只签发样本 issues samples only.")] = False,
    jwks: Annotated[Path | None, typer.Option(help="JWKS file for private_key_jwt.")] = None,
    certificate: Annotated[Path | None, typer.Option(help="TLS certificate in PEM for mutual TLS.")] = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Register a department's system, and print its first secret. It is shown this once.

    Example: licence-gateway client create --name 审批系统 --organisation 阳江市江城区卫生健康局
    --authority 11441702G00006660X --scope licences:issue --scope licences:read
    """
    clients = opened(data_dir).clients
    client_id = clients.create(
        ClientSpec(
            name=name,
            organisation=organisation,
            scopes=frozenset(scope),
            authority_codes=frozenset(authority),
            type_codes=frozenset(licence_type or ()),
            ip_ranges=tuple(ip_range or ()),
            daily_cap=daily_cap,
            valid_until=None if valid_until is None else valid_until.replace(tzinfo=UTC),
            is_sandbox=sandbox,
            public_keys={} if jwks is None else _json_file(jwks),
            certificate_pem="" if certificate is None else read_bytes(certificate).decode("ascii", "replace"),
        )
    )
    secret = clients.new_secret(client_id)
    if as_json:
        print_json({"client_id": client_id, "client_secret": secret.secret})
    else:
        say(f"client_id      {client_id}")
        say(f"client_secret  {secret.secret}")
        say("密钥只显示这一次，请妥善保管。The secret is shown this once.")


@app.command(name="list")
def list_clients(data_dir: DataDir = None, as_json: Json = False) -> None:
    """List the registered systems.

    Example: licence-gateway client list
    """
    found = [_view(client) for client in opened(data_dir).clients.all()]
    if as_json:
        print_json(found)
    for client in () if as_json else found:
        state = "启用 enabled" if client["is_enabled"] else "停用 disabled"
        say(f"{client['id']}  {client['name']}  {client['organisation']}  {state}")
    if not found and not as_json:
        say("还没有客户端 no clients yet. Run: licence-gateway client create --help")


@app.command()
def show(client_id: ClientId, data_dir: DataDir = None, as_json: Json = False) -> None:
    """Show one system with its limits.

    Example: licence-gateway client show client-0123456789abcdef
    """
    view = _view(opened(data_dir).clients.get(client_id))
    if as_json:
        print_json(view)
    for name, value in () if as_json else view.items():
        say(f"{name:20} {value}")


@app.command()
def rotate(
    client_id: ClientId,
    gateway_token: Annotated[bool, typer.Option(help="A token for x-tif headers instead of an OAuth secret.")] = False,
    days: Annotated[int | None, typer.Option(min=1, help="How long the new one is good; without it no end.")] = None,
    old_days: Annotated[int, typer.Option(min=0, help="Days that old ones stay good; 0 ends them now.")] = 7,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Give a system a new secret; the old one stays good for a while, so that nothing stands still.

    Example: licence-gateway client rotate client-0123456789abcdef --old-days 3
    """
    kind = GATEWAY_TOKEN if gateway_token else SECRET
    clients = opened(data_dir).clients
    issued = clients.new_secret(client_id, kind=kind, days=days, old_ends_in=timedelta(days=old_days))
    if as_json:
        print_json(
            {"client_id": client_id, "kind": kind, "secret": issued.secret, "expires_at": instant(issued.expires_at)}
        )
    else:
        say(issued.secret)


@app.command()
def disable(client_id: ClientId, data_dir: DataDir = None) -> None:
    """Shut a system out at once: its tokens are good no more.

    Example: licence-gateway client disable client-0123456789abcdef
    """
    opened(data_dir).clients.set_enabled(client_id, is_enabled=False)
    say(f"{client_id}: 已停用 disabled")


@app.command()
def enable(client_id: ClientId, data_dir: DataDir = None) -> None:
    """Let a system in again.

    Example: licence-gateway client enable client-0123456789abcdef
    """
    opened(data_dir).clients.set_enabled(client_id, is_enabled=True)
    say(f"{client_id}: 已启用 enabled")


@app.command()
def prune(data_dir: DataDir = None, as_json: Json = False) -> None:
    """Forget tokens, nonces and kept answers that are over, and access records past their retention. Run it daily.

    Example: licence-gateway client prune
    """
    container = opened(data_dir)
    gone = {
        "tokens_and_nonces": container.authentication.prune(),
        "kept_answers": container.idempotency.prune(),
        "access_records": container.access_records.prune(),
    }
    if as_json:
        print_json(gone)
    else:
        say("，".join(f"{name} {count}" for name, count in gone.items()))


def _view(client: Client) -> dict[str, Any]:
    """A client without anything secret."""
    return {
        "id": client.id,
        "name": client.name,
        "organisation": client.organisation,
        "scopes": client.scopes,
        "authority_codes": client.authority_codes,
        "type_codes": client.type_codes,
        "ip_ranges": client.ip_ranges,
        "daily_cap": client.daily_cap,
        "valid_until": instant(client.valid_until),
        "is_sandbox": client.is_sandbox,
        "is_enabled": client.is_enabled,
        "credentials": [
            {"kind": c.kind, "created_at": instant(c.created_at), "expires_at": instant(c.expires_at)}
            for c in client.credentials
        ],
    }


def _json_file(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(read_bytes(path))
    except ValueError as error:
        raise click.UsageError(f"{path} is no JSON") from error
    return found if isinstance(found, dict) else {}
