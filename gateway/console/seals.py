"""Administrators keep the electronic seals of their authorities."""

from flask import Response
from flask_babel import lazy_gettext as _l
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as BaseResponse

from gateway.console.access import staff
from gateway.console.forms import Field, Form, Sheet, fields_of, take_form
from gateway.console.frame import actor, blueprint, screen
from gateway.domain.actors import Scope
from gateway.domain.seal_register import RegisteredSeal, SealAct
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


@blueprint.get("/seals")
@staff(Scope.ADMINISTER)
def seals() -> BaseResponse:
    """The seals of the administrator's authorities."""
    return screen("seals.html", seals=container().seal_register.all(authority_codes=actor().authority_codes))


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
