"""Administrators keep the electronic seals of their authorities."""

from datetime import timedelta

from flask import Response
from flask_babel import lazy_gettext as _l
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as BaseResponse

from gateway.console.access import staff
from gateway.console.applications import day_of
from gateway.console.forms import Field, Form, Group, Sheet, fields_of, take_form
from gateway.console.frame import actor, blueprint, screen
from gateway.documents.face import SealPicture
from gateway.domain.actors import Scope
from gateway.domain.seal_register import RegisteredSeal, SealAct
from gateway.domain.status import day_start
from gateway.errors import FieldError, ValidationFailedError
from gateway.services.seal_register import SealSpec
from verify_web.pages import container

_REASON = fields_of(Field("reason", _l("原因"), max_length=500, focus=True))
_ACTS = {
    SealAct.SUSPEND: (
        _l("停用印章"),
        _l("停用后不能签章，可以恢复。"),
    ),
    SealAct.RESUME: (_l("恢复印章"), _l("恢复后可以签章。")),
    SealAct.DESTROY: (
        _l("销毁印章"),
        _l("销毁后不能再用，也不能恢复；已签章的证照不受影响。"),
    ),
}


_PICTURE = (
    Field(
        "picture",
        _l("印章图片"),
        kind="file",
        required=False,
        hint=_l("PNG，透明底，不超过 1 MB；不选则绘制样章"),
    ),
    Field("width_mm", _l("宽（毫米）"), kind="number", max_length=5),
    Field("height_mm", _l("高（毫米）"), kind="number", max_length=5),
)
_KEY = Field(
    "key_name",
    _l("密钥名称"),
    required=False,
    max_length=100,
    hint=_l("密钥库中该机关的 SM2 密钥；不填则生成新密钥并由本机 CA 签发证书"),
)


@blueprint.get("/seals")
@staff(Scope.ADMINISTER)
def seals() -> BaseResponse:
    """The seals of the administrator's authorities."""
    return screen("seals.html", seals=container().seal_register.all(authority_codes=actor().authority_codes))


@blueprint.route("/seals/make", methods=["GET", "POST"])
@staff(Scope.ADMINISTER)
def make_seal() -> BaseResponse:
    """Make and register a seal; its private key is made in the key store and never leaves it."""

    def act(form: Form) -> None:
        container().seal_register.make(_spec(form), actor=actor())

    sheet = Sheet(
        _l("制作印章"),
        _l("制作"),
        lead=_l("每个机关同时只有一枚印章：原印章销毁后才能制作新的。制作记入透明日志。"),
        back=("seals", {}),
    )
    return take_form(sheet, Form(_seal_groups(), {"width_mm": "42", "height_mm": "42"}), act)


@blueprint.get("/seals/<key_id>.png")
@staff(Scope.ADMINISTER)
def seal_picture(key_id: str) -> BaseResponse:
    """The picture of one."""
    response = Response(container().seal_register.picture(_own(key_id).key_id), mimetype="image/png")
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.route("/seals/<key_id>/<any(suspend, resume, destroy):act>", methods=["GET", "POST"])
@staff(Scope.ADMINISTER)
def change_seal(key_id: str, act: str) -> BaseResponse:
    """Suspend, resume or destroy it, with the reason."""
    seal, done = _own(key_id), SealAct(act)
    title, lead = _ACTS[done]
    sheet = Sheet(
        title,
        title,
        lead=lead,
        facts=((_l("发证机关"), seal.authority_name), (_l("印章"), seal.name)),
        back=("seals", {}),
    )

    def change(form: Form) -> None:
        container().seal_register.act(key_id, done, form["reason"], actor=actor())

    return take_form(sheet, Form(_REASON), change)


def _own(key_id: str) -> RegisteredSeal:
    """A seal of the administrator's authorities. NotFound for others, as for none."""
    seal = container().seal_register.of(key_id)
    codes = actor().authority_codes
    if codes is not None and seal.authority_code not in codes:
        raise NotFound("没有这枚印章。There is no such seal.")
    return seal


def _seal_groups() -> tuple[Group, ...]:
    codes = actor().authority_codes
    authorities = tuple(
        (each.code, each.name)
        for each in container().catalogue.load().authorities
        if codes is None or each.code in codes
    )
    names = (
        Field("authority_code", _l("发证机关"), kind="choice", choices=authorities, has_chinese_choices=True),
        Field("name", _l("印章名称"), max_length=300),
        Field("filing_number", _l("备案编号"), max_length=64),
        Field(
            "valid_until",
            _l("有效期至"),
            kind="date",
            required=False,
            hint=_l("不填则与证书相同"),
        ),
    )
    return (Group(_l("印章"), names), Group(_l("图片与密钥"), (*_PICTURE, _KEY)))


def _spec(form: Form) -> SealSpec:
    """The seal as it was filled in. ValidationFailedError for what is no date or no number."""
    day, sides = day_of(form["valid_until"]), [_millimetres(form[name]) for name in ("width_mm", "height_mm")]
    wrong = [name for name, side in zip(("width_mm", "height_mm"), sides, strict=True) if side is None]
    if form["valid_until"] and day is None:
        wrong.append("valid_until")
    if wrong:
        raise ValidationFailedError(
            [FieldError(name, "VALUE_INVALID", "不是有效的值。Not a valid value.") for name in wrong]
        )
    png, (width, height) = form.files["picture"], sides
    return SealSpec(
        authority_code=form["authority_code"],
        name=form["name"],
        filing_number=form["filing_number"],
        picture=SealPicture(png, width or 0, height or 0) if png else None,
        valid_until=None if day is None else day_start(day + timedelta(days=1)) - timedelta(seconds=1),
        key_name=form["key_name"] or None,
    )


def _millimetres(text: str) -> float | None:
    try:
        return float(text) if text.replace(".", "", 1).isascii() and text.replace(".", "", 1).isdecimal() else None
    except ValueError:
        return None
