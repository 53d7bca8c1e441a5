"""``licence-gateway staff``: accounts of the console, for whoever has the data directory."""

from typing import Annotated

import typer

from gateway.cli_frame import DataDir, Json, opened, output, print_json, say
from gateway.container import Container
from gateway.domain.actors import Actor, ActorKind, Scope
from gateway.domain.staff import ROLE_WORDS, StaffRole
from gateway.services.staff import NewPassword

app = typer.Typer(
    name="staff",
    help="窗口工作台账号：新建、列出、停用、重置。Accounts of the staff console: create, list, disable, reset.",
    no_args_is_help=True,
)

Account = Annotated[str, typer.Argument(help="账号 account, such as liang.window.")]


@app.command()
def create(
    account: Account,
    name: Annotated[str, typer.Option(help="姓名 the person's name.")],
    role: Annotated[list[StaffRole], typer.Option("--role", help="角色，可重复 role, repeatable.")],
    authority: Annotated[
        str | None,
        typer.Option(help="发证机关的信用代码；全市管理员不填。Credit code; none for an administrator of all."),
    ] = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Make an account. Its first password is printed once, and replaced at the first sign-in.

    Example: licence-gateway staff create liang.window --name 梁某某 --role window --authority 11441702G00006660X
    """
    container = opened(data_dir)
    _show(container.staff.create(account, name, role, authority, actor=_operator(container)), as_json=as_json)


@app.command(name="list")
def list_accounts(data_dir: DataDir = None, as_json: Json = False) -> None:
    """List the accounts.

    Example: licence-gateway staff list
    """
    members = opened(data_dir).staff.members()
    if as_json:
        print_json(members)
        return
    for member in members:
        roles = "、".join(ROLE_WORDS[role][0] for role in member.roles)
        state = "停用 disabled" if member.is_disabled else "正常 active"
        say(f"{member.account}  {member.name}  {roles}  {member.authority_code or '全市 all'}  {state}")


@app.command()
def disable(account: Account, data_dir: DataDir = None, as_json: Json = False) -> None:
    """Shut an account and end its sessions.

    Example: licence-gateway staff disable liang.window
    """
    _switch(account, opened(data_dir), is_disabled=True, as_json=as_json)


@app.command()
def enable(account: Account, data_dir: DataDir = None, as_json: Json = False) -> None:
    """Open an account again.

    Example: licence-gateway staff enable liang.window
    """
    _switch(account, opened(data_dir), is_disabled=False, as_json=as_json)


@app.command()
def reset(account: Account, data_dir: DataDir = None, as_json: Json = False) -> None:
    """Give an account a new first password, printed once; its authenticator is set up anew, a lock is lifted.

    Example: licence-gateway staff reset liang.window
    """
    container = opened(data_dir)
    _show(container.staff.reset(account, actor=_operator(container)), as_json=as_json)


def _operator(container: Container) -> Actor:
    """The account at the terminal, for the audit."""
    return Actor(ActorKind.OPERATOR, container.actor, container.actor, frozenset(Scope))


def _switch(account: str, container: Container, *, is_disabled: bool, as_json: bool) -> None:
    container.staff.disable(account, is_disabled=is_disabled, actor=_operator(container))
    if as_json:
        print_json({"account": account, "is_disabled": is_disabled})
    else:
        say(f"{account} → {'停用 disabled' if is_disabled else '正常 active'}")


def _show(made: NewPassword, *, as_json: bool) -> None:
    if as_json:
        print_json(made)
        return
    say(f"{made.account}  初始口令（只显示一次）first password, shown once:")
    output.print(made.password, highlight=False, markup=False)
