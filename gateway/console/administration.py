"""Administrators keep the accounts of staff."""

from http import HTTPStatus

from flask import request
from flask_babel import lazy_gettext as _l
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as BaseResponse

from gateway.api.problems import status_of
from gateway.console.access import staff, to
from gateway.console.forms import Field, Form, Sheet, fields_of, show_form
from gateway.console.frame import actor, blueprint, person, screen
from gateway.domain.actors import Scope
from gateway.domain.staff import ROLE_WORDS, StaffRole
from gateway.errors import GatewayError
from verify_web.pages import container
from verify_web.words import said

_ROLES = tuple((role, said(ROLE_WORDS[role])) for role in StaffRole)


@blueprint.get("/staff")
@staff(Scope.ADMINISTER)
def staff_accounts() -> BaseResponse:
    """The accounts that this administrator keeps."""
    services = container()
    members = services.staff.members(actor=actor())
    return screen(
        "staff.html",
        members=members,
        authorities=services.catalogue.load().authorities_by_code,
        now=services.clock(),
        own=person().account,
    )


@blueprint.route("/staff/create", methods=["GET", "POST"])
@staff(Scope.ADMINISTER)
def create_account() -> BaseResponse:
    """A new account; its first password is shown once."""
    sheet = Sheet(_l("新建账号"), _l("新建"), back=("staff_accounts", {}))
    form = Form(fields_of(*_account_fields()))
    if request.method == "GET":
        return show_form(sheet, form)
    form.read()
    roles = [StaffRole(role) for role in form.lists["roles"] if role in set(StaffRole)]
    try:
        made = container().staff.create(form["account"], form["name"], roles, form["authority"] or None, actor=actor())
    except GatewayError as error:
        form.note(error)
        return show_form(sheet, form, status_of(error))
    return screen("first_password.html", HTTPStatus.CREATED, made=made)


@blueprint.route("/staff/<account>/<any(disable, enable, reset):act>", methods=["GET", "POST"])
@staff(Scope.ADMINISTER)
def change_account(account: str, act: str) -> BaseResponse:
    """Shut an account, open it again, or give it a new first password; asked once more before it is done."""
    if account not in {member.account for member in container().staff.members(actor=actor())}:
        raise NotFound("没有这个账号。There is no such account.")
    title, lead = _ACCOUNT_ACTS[act]
    if request.method == "GET":
        sheet = Sheet(title, title, lead=lead, facts=((_l("账号"), account),), back=("staff_accounts", {}))
        return show_form(sheet, Form(()))
    if act == "reset":
        return screen("first_password.html", made=container().staff.reset(account, actor=actor()))
    container().staff.disable(account, is_disabled=act == "disable", actor=actor())
    return to("staff_accounts")


_ACCOUNT_ACTS = {
    "disable": (_l("停用账号"), _l("停用后立即退出登录。")),
    "enable": (_l("启用账号"), _l("启用后可以登录。")),
    "reset": (
        _l("重置口令"),
        _l("生成新的初始口令，动态码须重新设置。"),
    ),
}


def _account_fields() -> tuple[Field, ...]:
    """An administrator of one authority makes accounts there; one of all chooses."""
    authorities = container().catalogue.load().authorities
    own = person().authority_code
    choices = tuple((one.code, one.name) for one in authorities if own in (None, one.code))
    return (
        Field(
            "account",
            _l("账号"),
            max_length=50,
            focus=True,
            hint=_l("小写字母、数字、点、横线"),
        ),
        Field("name", _l("姓名"), max_length=100),
        Field(
            "authority",
            _l("发证机关"),
            kind="choice",
            required=own is not None,
            choices=choices,
            hint=_l("全市管理员留空") if own is None else None,
        ),
        Field("roles", _l("角色"), kind="checks", choices=_ROLES),
    )
