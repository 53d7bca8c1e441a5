"""Administrators keep the systems that may call the API: whose they are, for what, from where, and with which keys."""

import json
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext as _lp
from werkzeug.wrappers import Response as BaseResponse

from gateway.console.access import staff
from gateway.console.applications import day_of
from gateway.console.forms import Field, Form, Group, Sheet, fields_of, take_form
from gateway.console.frame import actor, blueprint, person, screen
from gateway.console.words import CREDENTIAL_WORDS, SCOPE_WORDS
from gateway.domain.actors import ENTERPRISE_SCOPES, Scope
from gateway.domain.status import china_day, day_start
from gateway.errors import FieldError, ValidationFailedError
from gateway.persistence.models import Client
from gateway.services.clients import SECRET, UNSET, ClientChange, Clients, ClientSpec
from verify_web.pages import container

_MOST_OLD_DAYS = 30
_ONE_DAY = timedelta(days=1)
_KIND = Field(
    "kind",
    _l("种类"),
    kind="choice",
    choices=tuple(CREDENTIAL_WORDS.items()),
)
_ROTATION = fields_of(
    _KIND,
    Field(
        "old_days",
        _l("旧密钥继续有效的天数"),
        kind="number",
        max_length=2,
        hint=_l("0 为立即失效，令牌也随之失效"),
    ),
    Field("days", _l("新密钥有效天数"), kind="number", required=False, max_length=4),
)
_ACTS = {
    "disable": (_l("停用系统"), _l("停用后立即不能调用。")),
    "enable": (_l("启用系统"), _l("启用后可以调用。")),
}


@blueprint.get("/clients")
@staff(Scope.ADMINISTER)
def clients() -> BaseResponse:
    """The systems that this administrator keeps."""
    return screen("clients.html", systems=_clients().all(), state_of=_state_of)


@blueprint.get("/clients/<client_id>")
@staff(Scope.ADMINISTER)
def show_client(client_id: str) -> BaseResponse:
    """One system with its limits and secrets, but for what is secret."""
    client, catalogue = _clients().get(client_id), container().catalogue.load()
    return screen(
        "client.html",
        one=client,
        state=_state_of(client),
        authorities=catalogue.authorities_by_code,
        types=catalogue.types_by_code,
        now=container().clock(),
        day=china_day,
        last_day=_last_day,
    )


@blueprint.route("/clients/create", methods=["GET", "POST"])
@staff(Scope.ADMINISTER)
def create_client() -> BaseResponse:
    """Register a system; its first secret is shown once."""

    def act(form: Form) -> BaseResponse:
        given: dict[str, Any] = {name: None if value is UNSET else value for name, value in _given(form).items()}
        enterprise = form.values.get("enterprise_code", "").strip() or None
        spec = ClientSpec(**given, is_sandbox=bool(form["is_sandbox"]), enterprise_code=enterprise)
        client_id = _clients().create(spec)
        if spec.is_sandbox:
            container().samples.prepare(spec.authority_codes)
        return _shown_once(client_id, SECRET)

    sheet = Sheet(_l("登记系统"), _lp("system", "登记"), back=("clients", {}))
    sandbox = Field("is_sandbox", _l("沙箱：只签发样本"), kind="check", required=False)
    return take_form(sheet, Form((*_groups(_new_reach()), Group(_l("沙箱"), (sandbox,)))), act)


@blueprint.route("/clients/<client_id>/change", methods=["GET", "POST"])
@staff(Scope.ADMINISTER)
def change_client(client_id: str) -> BaseResponse:
    """Set a system anew; it holds at once, for tokens that are out too."""
    client = _clients().get(client_id)

    def act(form: Form) -> None:
        given = _given(form)
        if form["valid_from"] == china_day(client.valid_from).isoformat():
            # The form has days only: what was not touched stays to the second.
            given["valid_from"] = None
        certificates = given.pop("certificates") or (() if form["drop_certificates"] else None)
        change = ClientChange(**given, certificates=certificates, ends_tokens=bool(form["ends_tokens"]))
        _clients().change(client_id, change)
        if client.is_sandbox:
            container().samples.prepare(given["authority_codes"])

    further = Group(
        _l("随更改"),
        (
            Field("drop_certificates", _l("去掉现有证书"), kind="check", required=False),
            Field("ends_tokens", _l("令牌立即失效"), kind="check", required=False),
        ),
    )
    form = Form((*_groups(_reach(client)), further), *_values(client))
    return take_form(_sheet(client, _l("更改系统")), form, act)


@blueprint.route("/clients/<client_id>/rotate", methods=["GET", "POST"])
@staff(Scope.ADMINISTER)
def rotate_client(client_id: str) -> BaseResponse:
    """A new secret beside the old ones, which end after a while."""

    def act(form: Form) -> BaseResponse:
        old_days, days = _number(form, "old_days"), _number(form, "days")
        errors = [] if form["kind"] in CREDENTIAL_WORDS else [_wrong("kind")]
        errors += [] if old_days is not None and old_days <= _MOST_OLD_DAYS else [_wrong("old_days")]
        errors += [] if days is None or days > 0 else [_wrong("days")]
        if errors:
            raise ValidationFailedError(errors)
        return _shown_once(client_id, form["kind"], days=days, old_ends_in=timedelta(days=old_days or 0))

    form = Form(_ROTATION, {"kind": SECRET, "old_days": "7"})
    return take_form(_sheet(_clients().get(client_id), _l("更换密钥")), form, act)


@blueprint.route("/clients/<client_id>/secrets/<int:credential_id>/revoke", methods=["GET", "POST"])
@staff(Scope.ADMINISTER)
def revoke_secret(client_id: str, credential_id: int) -> BaseResponse:
    """End one secret now; asked once more before it is done."""

    def act(_: Form) -> None:
        _clients().revoke_secret(client_id, credential_id)

    lead = _l("密钥和已发出的令牌立即失效。")
    return take_form(_sheet(_clients().get(client_id), _l("吊销密钥"), lead), Form(()), act)


@blueprint.route("/clients/<client_id>/<any(disable, enable):act>", methods=["GET", "POST"])
@staff(Scope.ADMINISTER)
def switch_client(client_id: str, act: str) -> BaseResponse:
    """Shut a system out, or let it in again; asked once more before it is done."""

    def switch(_: Form) -> None:
        _clients().set_enabled(client_id, is_enabled=act == "enable")

    title, lead = _ACTS[act]
    return take_form(_sheet(_clients().get(client_id), title, lead), Form(()), switch)


def _clients() -> Clients:
    return container().clients.acting_as(actor())


def _shown_once(client_id: str, kind: str, **limits: Any) -> BaseResponse:
    issued = _clients().new_secret(client_id, kind=kind, **limits)
    return screen("client_secret.html", HTTPStatus.CREATED, issued=issued)


def _sheet(client: Client, title: str, lead: str | None = None) -> Sheet:
    facts = ((_l("系统"), client.name), (_l("客户端标识"), client.id))
    back = ("show_client", {"client_id": client.id})
    return Sheet(title, title, lead=lead, facts=facts, back=back)


def _state_of(client: Client) -> tuple[str, str]:
    """Tone and words of how a system stands now."""
    now = container().clock()
    if not client.is_enabled:
        return "bad", _l("已停用")
    if client.valid_until is not None and client.valid_until <= now:
        return "bad", _l("已过期")
    return ("warning", _l("尚未生效")) if client.valid_from > now else ("good", _l("正常"))


def _groups(reach: tuple[Field, ...]) -> tuple[Group, ...]:
    whose = (
        Field("name", _l("系统名称"), max_length=200, focus=True),
        Field("organisation", _l("运行单位"), max_length=200),
    )
    return Group(_l("系统"), whose), Group(_l("范围"), reach), _LIMITS, _PROOFS


def _new_reach() -> tuple[Field, ...]:
    """Whose system it becomes: an administrator of all authorities registers enterprises' own too."""
    enterprise = Field(
        "enterprise_code",
        _l("企业信用代码（企业自有系统）"),
        required=False,
        max_length=18,
        hint=_l("企业自有系统只能请本企业签名：填信用代码，不选发证机关和证照类型"),
    )
    reach = _reach(None)
    return (*reach, enterprise) if person().authority_code is None else reach


def _reach(client: Client | None) -> tuple[Field, ...]:
    """What a system may do, and for whom. An administrator of one authority chooses that; one of all, any."""
    catalogue, own = container().catalogue.load(), person().authority_code
    authorities = tuple((one.code, one.name) for one in catalogue.authorities if own in (None, one.code))
    types = tuple((one.local_type_code, one.name) for one in catalogue.licence_types)
    is_enterprises = client is not None and client.enterprise_code is not None
    scopes = tuple(item for item in SCOPE_WORDS.items() if not is_enterprises or item[0] in ENTERPRISE_SCOPES)
    may = Field("scopes", _lp("field", "权限"), kind="checks", choices=scopes)
    if is_enterprises:
        return (may,)
    return (
        may,
        Field(
            "authority_codes", _lp("several", "发证机关"), kind="checks", choices=authorities, has_chinese_choices=True
        ),
        Field("type_codes", _l("证照类型（不选为不限）"), kind="checks", choices=types, has_chinese_choices=True),
    )


_LIMITS = Group(
    _l("限制"),
    (
        Field(
            "ip_ranges",
            _l("来源网段"),
            kind="area",
            required=False,
            max_length=2000,
            hint=_l("每行一个，如 10.1.0.0/16；空为不限"),
        ),
        Field("daily_cap", _l("每日调用上限"), kind="number", required=False, max_length=9),
        Field("valid_from", _l("有效期起"), kind="date", required=False),
        Field("valid_until", _l("有效期至"), kind="date", required=False),
    ),
)
_PROOFS = Group(
    _l("公钥与证书"),
    (
        Field(
            "public_keys",
            _l("签名公钥（JWKS）"),
            kind="area",
            required=False,
            max_length=20_000,
            hint=_l("清空即去掉"),
        ),
        Field(
            "certificates",
            _l("TLS 证书（PEM，至多两张）"),
            kind="area",
            required=False,
            max_length=20_000,
            hint=_l("填写即替换现有证书"),
        ),
    ),
)
_PEM_END = "-----END CERTIFICATE-----"


def _values(client: Client) -> tuple[dict[str, str], dict[str, list[str]]]:
    """A system as the form shows it."""
    keys = client.public_keys
    values = {
        "name": client.name,
        "organisation": client.organisation,
        "ip_ranges": "\n".join(client.ip_ranges),
        "daily_cap": "" if client.daily_cap is None else str(client.daily_cap),
        "valid_from": china_day(client.valid_from).isoformat(),
        "valid_until": _last_day(client.valid_until),
        "public_keys": json.dumps(keys, ensure_ascii=False, indent=1) if keys else "",
    }
    return values, {name: list(getattr(client, name)) for name in ("scopes", "authority_codes", "type_codes")}


def _given(form: Form) -> dict[str, Any]:
    """What the form sets, by the names of ``ClientSpec``; a limit that was left empty is ``UNSET``.

    ValidationFailedError names fields that cannot be read; what they may say the service judges.
    """
    errors = [_wrong(name) for name in ("valid_from", "valid_until") if form[name] and day_of(form[name]) is None]
    cap = _number(form, "daily_cap")
    if form["daily_cap"] and cap is None:
        errors.append(_wrong("daily_cap"))
    try:
        keys = json.loads(form["public_keys"] or "{}")
    except ValueError:
        keys = None
    if not isinstance(keys, dict):
        errors.append(FieldError("public_keys", "NOT_A_KEY_SET", "应为 JWKS。Not a JSON Web Key Set."))
    if errors:
        raise ValidationFailedError(errors)
    pems = [part.strip() for part in form["certificates"].split(_PEM_END)]
    begin, until = day_of(form["valid_from"]), day_of(form["valid_until"])
    return {
        "name": form["name"],
        "organisation": form["organisation"],
        "scopes": frozenset(Scope(scope) for scope in form.lists["scopes"] if scope in set(Scope)),
        "authority_codes": frozenset(form.lists["authority_codes"]),
        "type_codes": frozenset(form.lists["type_codes"]),
        "ip_ranges": tuple(form["ip_ranges"].split()),
        "daily_cap": UNSET if cap is None else cap,
        "valid_from": None if begin is None else day_start(begin),
        "valid_until": UNSET if until is None else day_start(until + _ONE_DAY),
        "public_keys": keys,
        "certificates": tuple(f"{pem}\n{_PEM_END}\n" for pem in pems if pem),
    }


def _last_day(until: datetime | None) -> str:
    """The last day in China on which something is good; empty without an end."""
    return "" if until is None else china_day(until - timedelta(microseconds=1)).isoformat()


def _number(form: Form, name: str) -> int | None:
    return int(form[name]) if form[name].isascii() and form[name].isdigit() else None


def _wrong(name: str) -> FieldError:
    return FieldError(name, "NOT_ALLOWED", "不能这样填写。This cannot be read, or is out of range.")
