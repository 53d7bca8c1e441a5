"""``licence-gateway client``: systems of departments and enterprises that may call the API."""

import json
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import click
import typer

from gateway.cli_frame import DataDir, Json, opened, print_json, read_bytes, say, tell
from gateway.domain.actors import Scope
from gateway.domain.instants import instant
from gateway.persistence.models import Client
from gateway.services.access_records import MOST_LISTED, AccessFilter
from gateway.services.clients import GATEWAY_TOKEN, SECRET, UNSET, ClientChange, ClientSpec

app = typer.Typer(
    name="client",
    help="部门和企业的系统：登记、密钥、启用与停用。Systems that may call: register, secrets, let in and shut out.",
    no_args_is_help=True,
)
ClientId = Annotated[str, typer.Argument(help="客户端标识 id of the client.")]
Authorities = Annotated[
    list[str] | None, typer.Option(help="发证机关代码 issuing authorities it acts for; repeatable.")
]
Enterprise = Annotated[
    str | None, typer.Option(help="信用代码 of the enterprise whose own system it is, instead of --authority.")
]
LicenceTypes = Annotated[
    list[str] | None, typer.Option(help="证照类型本地代码 licence types it handles; repeatable; without it all.")
]
Networks = Annotated[
    list[str] | None, typer.Option(help="来源网段 networks it may call from; repeatable; without it any.")
]
DailyCap = Annotated[int | None, typer.Option(help="每日调用上限 calls a day.")]
ValidFrom = Annotated[datetime | None, typer.Option(help="有效期起 from when (UTC); without it now.")]
ValidUntil = Annotated[datetime | None, typer.Option(help="有效期止 until when (UTC).")]
KeySetFile = Annotated[
    Path | None, typer.Option(help="JWKS file for private_key_jwt; the old key may stand in it too.")
]
Certificates = Annotated[
    list[Path] | None, typer.Option(help="TLS certificate in PEM for mutual TLS; twice while one replaces the other.")
]


class Limit(StrEnum):
    """What ``client set`` can take away."""

    LICENCE_TYPE = "licence-type"
    IP_RANGE = "ip-range"
    DAILY_CAP = "daily-cap"
    VALID_UNTIL = "valid-until"
    JWKS = "jwks"
    CERTIFICATE = "certificate"


_LIFTED: dict[Limit, tuple[str, object]] = {
    Limit.LICENCE_TYPE: ("type_codes", frozenset()),
    Limit.IP_RANGE: ("ip_ranges", ()),
    Limit.DAILY_CAP: ("daily_cap", UNSET),
    Limit.VALID_UNTIL: ("valid_until", UNSET),
    Limit.JWKS: ("public_keys", {}),
    Limit.CERTIFICATE: ("certificates", ()),
}


@app.command()
def create(
    name: Annotated[str, typer.Option(help="系统名称 name of the system.")],
    organisation: Annotated[str, typer.Option(help="所属单位 organisation that runs it.")],
    scope: Annotated[list[Scope], typer.Option(help="权限 what it may do; repeatable.")],
    authority: Authorities = None,
    enterprise: Enterprise = None,
    licence_type: LicenceTypes = None,
    ip_range: Networks = None,
    daily_cap: DailyCap = None,
    valid_from: ValidFrom = None,
    valid_until: ValidUntil = None,
    sandbox: Annotated[bool, typer.Option(help="沙箱：只签发样本 issues samples only; makes their seals.")] = False,
    jwks: KeySetFile = None,
    certificate: Certificates = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Register a department's or an enterprise's system, and print its first secret. It is shown this once.

    Example: licence-gateway client create --name 审批系统 --organisation 阳江市江城区卫生健康局
    --authority 11441702G00006660X --scope licences:issue --scope licences:read
    """
    container = opened(data_dir)
    clients = container.clients
    client_id = clients.create(
        ClientSpec(
            name=name,
            organisation=organisation,
            scopes=frozenset(scope),
            authority_codes=frozenset(authority or ()),
            type_codes=frozenset(licence_type or ()),
            ip_ranges=tuple(ip_range or ()),
            daily_cap=daily_cap,
            valid_from=_utc(valid_from),
            valid_until=_utc(valid_until),
            is_sandbox=sandbox,
            public_keys={} if jwks is None else _json_file(jwks),
            certificates=_certificates(certificate) or (),
            enterprise_code=enterprise,
        )
    )
    if sandbox:
        container.samples.prepare(authority or ())
    secret = clients.new_secret(client_id)
    if as_json:
        print_json({"client_id": client_id, "client_secret": secret.secret})
    else:
        say(f"client_id      {client_id}")
        say(f"client_secret  {secret.secret}")
        say("密钥只显示这一次，请妥善保管。The secret is shown this once.")


@app.command(name="set")
def set_client(
    client_id: ClientId,
    name: Annotated[str | None, typer.Option(help="系统名称 name of the system.")] = None,
    organisation: Annotated[str | None, typer.Option(help="所属单位 organisation that runs it.")] = None,
    authority: Authorities = None,
    scope: Annotated[list[Scope] | None, typer.Option(help="权限 everything it may do.")] = None,
    licence_type: LicenceTypes = None,
    ip_range: Networks = None,
    daily_cap: DailyCap = None,
    valid_from: ValidFrom = None,
    valid_until: ValidUntil = None,
    jwks: KeySetFile = None,
    certificate: Certificates = None,
    lift: Annotated[list[Limit] | None, typer.Option(help="取消限制 a limit or key to take away; repeatable.")] = None,
    end_tokens: Annotated[bool, typer.Option(help="令牌立即失效 as when a key has leaked.")] = False,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Set anew what is given, whole; what is not given stays. It holds at once, for tokens that are out too.

    Example: licence-gateway client set client-0123456789abcdef --ip-range 10.1.0.0/16 --daily-cap 20000 --lift valid-until
    """
    given: dict[str, Any] = {
        "name": name,
        "organisation": organisation,
        "authority_codes": frozenset(authority) if authority else None,
        "scopes": frozenset(scope) if scope else None,
        "type_codes": frozenset(licence_type) if licence_type else None,
        "ip_ranges": tuple(ip_range) if ip_range else None,
        "daily_cap": daily_cap,
        "valid_from": _utc(valid_from),
        "valid_until": _utc(valid_until),
        "public_keys": None if jwks is None else _json_file(jwks),
        "certificates": _certificates(certificate),
    }
    for limit in lift or ():
        field, nothing = _LIFTED[limit]
        if given[field] is not None:
            raise click.UsageError(f"--lift {limit}: it is also set")
        given[field] = nothing
    container = opened(data_dir)
    clients = container.clients
    clients.change(client_id, ClientChange(**given, ends_tokens=end_tokens))
    if clients.get(client_id).is_sandbox:
        container.samples.prepare(authority or ())
    if as_json:
        print_json(_view(clients.get(client_id)))
    else:
        say(f"{client_id}: 已更改 changed")


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
def revoke(
    client_id: ClientId,
    credential_id: Annotated[int, typer.Argument(help="密钥编号 number of the secret, as `show` gives it.")],
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """End one secret now, and the tokens that are out. Another one stays good, so that nothing stands still.

    Example: licence-gateway client revoke client-0123456789abcdef 2
    """
    opened(data_dir).clients.revoke_secret(client_id, credential_id)
    if as_json:
        print_json({"client_id": client_id, "credential_id": credential_id, "is_revoked": True})
    else:
        say(f"{client_id}: 密钥 {credential_id} 已作废 revoked")


@app.command()
def disable(client_id: ClientId, data_dir: DataDir = None, as_json: Json = False) -> None:
    """Shut a system out at once: its tokens are good no more.

    Example: licence-gateway client disable client-0123456789abcdef
    """
    _switch(client_id, data_dir, is_enabled=False, as_json=as_json)


@app.command()
def enable(client_id: ClientId, data_dir: DataDir = None, as_json: Json = False) -> None:
    """Let a system in again.

    Example: licence-gateway client enable client-0123456789abcdef
    """
    _switch(client_id, data_dir, is_enabled=True, as_json=as_json)


@app.command(name="access-records")
def access_records(
    licence: Annotated[str | None, typer.Option(help="证照标识 reads of this licence.")] = None,
    holder: Annotated[str | None, typer.Option(help="持证主体代码 reads of this holder and its licences.")] = None,
    after: Annotated[int, typer.Option(min=0, help="Id of the last one of the page before.")] = 0,
    limit: Annotated[int, typer.Option(min=1, max=MOST_LISTED)] = 50,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """List who read data that are not public, when, and for what.

    Example: licence-gateway client access-records --holder 91441700MAX000015N
    """
    found = opened(data_dir).access_records.search(AccessFilter(licence, holder, after, limit))
    if as_json:
        print_json([view.to_json() for view in found])
    for view in () if as_json else found:
        elements = view.elements
        tell(f"{view.id}  {instant(view.accessed_at)}  {view.route}  {view.subject}  {view.result}")
        tell(f"    {view.client_name} · {elements.organisation} · {elements.user_name} · {elements.purpose}")
        tell(f"    {elements.item_name} {elements.item_code} · {elements.business_number}")


def _switch(client_id: str, data_dir: Path | None, *, is_enabled: bool, as_json: bool) -> None:
    clients = opened(data_dir).clients
    clients.set_enabled(client_id, is_enabled=is_enabled)
    if as_json:
        print_json({"client_id": client_id, "is_enabled": is_enabled})
    else:
        say(f"{client_id}: {'已启用 enabled' if is_enabled else '已停用 disabled'}")


def _view(client: Client) -> dict[str, Any]:
    """A client without anything secret."""
    return {
        "id": client.id,
        "name": client.name,
        "organisation": client.organisation,
        "scopes": client.scopes,
        "authority_codes": client.authority_codes,
        "enterprise_code": client.enterprise_code,
        "type_codes": client.type_codes,
        "ip_ranges": client.ip_ranges,
        "daily_cap": client.daily_cap,
        "valid_from": instant(client.valid_from),
        "valid_until": instant(client.valid_until),
        "is_sandbox": client.is_sandbox,
        "is_enabled": client.is_enabled,
        "key_ids": [key.get("kid", "") for key in client.public_keys.get("keys", [])],
        "certificate_sha256s": client.certificate_sha256s,
        "credentials": [
            {
                "id": c.id,
                "kind": c.kind,
                "created_at": instant(c.created_at),
                "expires_at": instant(c.expires_at),
            }
            for c in client.credentials
        ],
    }


def _utc(given: datetime | None) -> datetime | None:
    return None if given is None else given.replace(tzinfo=UTC)


def _certificates(paths: list[Path] | None) -> tuple[str, ...] | None:
    return tuple(read_bytes(path).decode("ascii", "replace") for path in paths) if paths else None


def _json_file(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(read_bytes(path))
    except ValueError as error:
        raise click.UsageError(f"{path} is no JSON") from error
    return found if isinstance(found, dict) else {}
