"""``licence-gateway subscription`` and ``delivery``: receivers of events, and what became of what was sent to them."""

import json
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import click
import typer

from certs.private_files import read_password_file
from gateway.cli_frame import DataDir, Json, opened, print_json, say, tell
from gateway.domain.deliveries import STATE_WORDS, ConnectorKind, DeliveryState, Signing
from gateway.services.delivery_letters import DeliveryView
from gateway.services.delivery_reconciliation import DRIFT_COLUMNS
from gateway.services.subscriptions import SubscriptionSpec
from gateway.spreadsheets.writing import write_table

subscriptions = typer.Typer(
    help="事件接收方：登记、密钥、停送与重放。Receivers of events: register, secrets, stop, replay.",
    no_args_is_help=True,
)
deliveries = typer.Typer(
    help="事件送达：查看、重送、略过。Deliveries of events: look, send again, leave out.", no_args_is_help=True
)
SubscriptionId = Annotated[str, typer.Argument(help="接收方标识 id of the receiver.")]
DeliveryId = Annotated[int, typer.Argument(help="送达编号 number of the delivery.")]
SecretFile = Annotated[
    Path | None,
    typer.Option(help="File (mode 600) with a connector's credentials, one JSON object (docs/deliveries.md)."),
]


@subscriptions.command("create")
def create(
    name: Annotated[str, typer.Option(help="接收方名称 name of the receiver.")],
    url: Annotated[str, typer.Option(help="地址 where to; its origin stands in GATEWAY_DELIVERY_ORIGINS.")],
    kind: Annotated[ConnectorKind, typer.Option(help="对方的接口 what it understands.")] = ConnectorKind.WEBHOOK,
    client: Annotated[str | None, typer.Option(help="客户端 the department whose limits it has.")] = None,
    event: Annotated[list[str] | None, typer.Option(help="事件种类 kind of event; repeatable; without it all.")] = None,
    authority: Annotated[list[str] | None, typer.Option(help="发证机关代码 only these authorities.")] = None,
    licence_type: Annotated[list[str] | None, typer.Option(help="证照类型本地代码 only these types.")] = None,
    signing: Annotated[Signing, typer.Option(help="签名方式 how webhooks are signed.")] = Signing.SM2,
    option: Annotated[list[str] | None, typer.Option(help="NAME=VALUE of the connector; repeatable.")] = None,
    secret_file: SecretFile = None,
    from_start: Annotated[bool, typer.Option(help="Send everything that ever happened, too.")] = False,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Register a receiver of events. With HMAC its secret is printed, this once.

    Example: licence-gateway subscription create --name 监管平台 --client client-0123456789abcdef
    --url https://hooks.example.gov.cn/licences
    """
    made = opened(data_dir).subscriptions.create(
        SubscriptionSpec(
            name=name,
            kind=kind,
            url=url,
            client_id=client,
            actions=frozenset(event or ()),
            authority_codes=frozenset(authority or ()),
            type_codes=frozenset(licence_type or ()),
            signing=signing,
            options=_options(option),
            secret=_secret(secret_file),
            from_start=from_start,
        )
    )
    _tell_made(made.id, made.secret, as_json=as_json)


@subscriptions.command("list")
def list_receivers(data_dir: DataDir = None, as_json: Json = False) -> None:
    """List the receivers, and how each stands.

    Example: licence-gateway subscription list
    """
    found = opened(data_dir).delivery_letters.receivers()
    if as_json:
        print_json([view.to_json() for view in found])
        return
    for view in found:
        state = "停送 disabled" if not view.is_enabled else "不通 away" if view.is_away else "正常 active"
        counts = f"待送 pending {view.pending}  未能送达 dead {view.dead}  已送达 delivered {view.delivered}"
        tell(f"{view.id}  {view.name}  {view.kind}  {view.url}  {state}  {counts}")
    if not found:
        tell("还没有接收方。No receiver yet; see: licence-gateway subscription create --help")


@subscriptions.command("disable")
def disable(subscription_id: SubscriptionId, data_dir: DataDir = None) -> None:
    """Send nothing more; what happens waits.

    Example: licence-gateway subscription disable sub-0123456789abcdef
    """
    opened(data_dir).subscriptions.set_enabled(subscription_id, is_enabled=False)
    say(f"{subscription_id} → 停送 disabled")


@subscriptions.command("enable")
def enable(subscription_id: SubscriptionId, data_dir: DataDir = None) -> None:
    """Go on sending where it was left.

    Example: licence-gateway subscription enable sub-0123456789abcdef
    """
    opened(data_dir).subscriptions.set_enabled(subscription_id, is_enabled=True)
    say(f"{subscription_id} → 正常 active")


@subscriptions.command("rotate")
def rotate(
    subscription_id: SubscriptionId,
    old_days: Annotated[int, typer.Option(min=0, help="Days for which the old secret is good too.")] = 7,
    secret_file: SecretFile = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Make a new secret, or take a connector's new credentials in.

    Example: licence-gateway subscription rotate sub-0123456789abcdef --old-days 7
    """
    service = opened(data_dir).subscriptions
    made = service.rotate(subscription_id, _secret(secret_file), old_ends_in=timedelta(days=old_days))
    _tell_made(made.id, made.secret, as_json=as_json)


@subscriptions.command("replay")
def replay(
    subscription_id: SubscriptionId,
    cursor: Annotated[int, typer.Option(min=0, help="Cursor of the feed, which is also the id of the first event.")],
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Send everything again from a cursor on, in order, under the same ids.

    Example: licence-gateway subscription replay sub-0123456789abcdef --cursor 1200
    """
    count = opened(data_dir).delivery_letters.replay(subscription_id, cursor)
    if as_json:
        print_json({"subscription_id": subscription_id, "cursor": cursor, "again": count})
    else:
        say(
            f"{subscription_id}: 从 {cursor} 起重放，其中 {count} 项曾登记。From {cursor} on; {count} were queued before."
        )


@deliveries.command("list")
def list_deliveries(
    state: Annotated[DeliveryState | None, typer.Option(help="状态 only of this state.")] = None,
    subscription: Annotated[str | None, typer.Option(help="接收方 only of this receiver.")] = None,
    after: Annotated[int, typer.Option(min=0, help="Go on behind this number.")] = 0,
    limit: Annotated[int, typer.Option(min=1, max=200)] = 50,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """List deliveries, such as the dead letters.

    Example: licence-gateway delivery list --state dead
    """
    letters = opened(data_dir).delivery_letters
    found = letters.listed(state, subscription_id=subscription, after_id=after, limit=limit)
    if as_json:
        print_json([view.to_json() for view in found])
        return
    for view in found:
        _tell(view)
    if not found:
        tell("没有。None.")


@deliveries.command("retry")
def retry(
    delivery_id: Annotated[int | None, typer.Argument(help="送达编号 number of the dead letter.")] = None,
    all_of: Annotated[str | None, typer.Option("--all", help="接收方 every dead letter of this receiver.")] = None,
    data_dir: DataDir = None,
) -> None:
    """Send a dead letter again, or all of a receiver's.

    Example: licence-gateway delivery retry 17
    """
    if (delivery_id is None) == (all_of is None):
        raise click.UsageError("give either a number or --all RECEIVER")
    letters = opened(data_dir).delivery_letters
    if delivery_id is not None:
        _tell(letters.retry(delivery_id))
    elif all_of is not None:
        tell(f"{all_of}: {letters.retry_all(all_of)} 项将重送 will be sent again")


@deliveries.command("skip")
def skip(delivery_id: DeliveryId, data_dir: DataDir = None) -> None:
    """Leave a dead letter out, so that later events of the same licence go on.

    Example: licence-gateway delivery skip 17
    """
    _tell(opened(data_dir).delivery_letters.skip(delivery_id))


@deliveries.command("reconcile")
def reconcile(
    subscription_id: SubscriptionId,
    report: Annotated[Path | None, typer.Option(help="Every difference to FILE.csv, .xlsx or .ndjson.")] = None,
    send_again: Annotated[bool, typer.Option(help="Queue anew what is missing or different there.")] = False,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Compare what was delivered with what a connector's system holds; `worker` does it every day.

    Exit status: 0 they agree, 1 they differ.

    Example: licence-gateway delivery reconcile sub-0123456789abcdef --report drifts.xlsx
    """
    found = opened(data_dir).delivery_reconciliation.compare(subscription_id, sends_again=send_again)
    if report is not None:
        write_table(report, DRIFT_COLUMNS, (asdict(drift) for drift in found.drifts))
    if as_json:
        print_json(found.to_json())
    else:
        tell(f"{subscription_id}: 比对 compared {found.compared}，差异 drifts {sum(found.counts.values())}")
        for kind, count in found.counts.items():
            tell(f"  {count:>7}  {kind}")
        if found.sent_again:
            tell(f"  重送 sent again: {found.sent_again}")
    raise typer.Exit(1 if found.counts else 0)


def _options(pairs: list[str] | None) -> dict[str, str]:
    found = {}
    for pair in pairs or ():
        name, equals, value = pair.partition("=")
        if not equals or not name or not value:
            raise click.UsageError(f"--option {pair}: NAME=VALUE")
        found[name] = value
    return found


def _secret(file: Path | None) -> dict[str, Any]:
    """A connector's credentials, never from the command line."""
    if file is None:
        return {}
    try:
        found = json.loads(read_password_file(file))
    except ValueError as error:
        raise click.UsageError(f"--secret-file {file}: not JSON") from error
    if not isinstance(found, dict):
        raise click.UsageError(f"--secret-file {file}: not a JSON object")
    return found


def _tell_made(subscription_id: str, secret: str | None, *, as_json: bool) -> None:
    if as_json:
        print_json({"subscription_id": subscription_id, "secret": secret})
        return
    say(f"subscription_id  {subscription_id}")
    if secret is not None:
        tell(f"secret           {secret}")
        say("密钥只显示这一次，请妥善保管。The secret is shown this once.")


def _tell(view: DeliveryView) -> None:
    zh, en = STATE_WORDS[DeliveryState(view.state)]
    why = f"  {view.last_error}" if view.last_error else ""
    tell(
        f"{view.id}  {view.subscription_name}  事件 event {view.position}  {view.licence_number}  {zh} {en}  "
        f"{view.attempts} 次 attempts{why}"
    )
