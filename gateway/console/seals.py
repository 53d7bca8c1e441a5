"""Administrators keep the electronic seals of their authorities."""

from datetime import timedelta

from flask import Response
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
from verify_web.words import say

_REASON = fields_of(Field("reason", "原因", "Reason", max_length=500, focus=True))
_ACTS = {
    SealAct.SUSPEND: (
        ("停用印章", "Suspend the seal"),
        ("停用后不能签章，可以恢复。", "It signs nothing until it is resumed."),
    ),
    SealAct.RESUME: (("恢复印章", "Resume the seal"), ("恢复后可以签章。", "It signs again.")),
    SealAct.DESTROY: (
        ("销毁印章", "Destroy the seal"),
        ("销毁后不能再用，也不能恢复；已签章的证照不受影响。", "It never signs again; what it signed stays as it is."),
    ),
}


_PICTURE = (
    Field(
        "picture",
        "印章图片",
        "Picture",
        kind="file",
        required=False,
        hint=(
            "PNG，透明底，不超过 1 MB；不选则绘制样章",
            "PNG, transparent, up to 1 MB; without one a sample seal is drawn",
        ),
    ),
    Field("width_mm", "宽（毫米）", "Width, mm", kind="number", max_length=5),
    Field("height_mm", "高（毫米）", "Height, mm", kind="number", max_length=5),
)
_KEY = Field(
    "key_name",
    "密钥名称",
    "Name of the key",
    required=False,
    max_length=100,
    hint=(
        "密钥库中该机关的 SM2 密钥；不填则生成新密钥并由本机 CA 签发证书",
        "An SM2 key of the authority in the key store; without one a new key is made and certified",
    ),
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
        ("制作印章", "Make a seal"),
        ("制作", "Make"),
        lead=(
            "每个机关同时只有一枚印章：原印章销毁后才能制作新的。制作记入透明日志。",
            "An authority has one seal at a time: a new one is made once the last one is destroyed. It is a leaf of the log.",
        ),
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
        facts=(("发证机关", seal.authority_name), ("印章", say(seal.name, seal.name))),
        back=("seals", {}),
        is_grave=done is SealAct.DESTROY,
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
        (each.code, each.name, each.name)
        for each in container().catalogue.load().authorities
        if codes is None or each.code in codes
    )
    names = (
        Field("authority_code", "发证机关", "Issuing authority", kind="choice", choices=authorities),
        Field("name", "印章名称", "Name of the seal", max_length=300),
        Field("filing_number", "备案编号", "Filing number", max_length=64),
        Field(
            "valid_until",
            "有效期至",
            "Valid until",
            kind="date",
            required=False,
            hint=("不填则与证书相同", "As its certificate, when empty"),
        ),
    )
    return (Group("印章", "Seal", names), Group("图片与密钥", "Picture and key", (*_PICTURE, _KEY)))


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
