"""The stock of blank forms: taken in, spoiled, returned."""

from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext as _lp
from werkzeug.wrappers import Response as BaseResponse

from gateway.console.access import staff
from gateway.console.dashboard import own_stocks
from gateway.console.forms import Field, Form, Sheet, fields_of, take_form
from gateway.console.frame import actor, blueprint, person, screen
from gateway.console.words import BLANK_WORDS
from gateway.domain.actors import Scope
from gateway.domain.papers import BlankState
from gateway.errors import FieldError, ValidationFailedError
from verify_web.pages import container

_FORM_NAME = Field(
    "form",
    _l("空白证照种类"),
    max_length=50,
    hint=_l("如：食品经营许可证正本"),
    focus=True,
)
_RECEIVE = fields_of(
    _FORM_NAME,
    Field(
        "first",
        _l("起始编号"),
        max_length=64,
        hint=_l("扫描或输入，如 SP0001"),
    ),
    Field("last", _l("终止编号"), max_length=64),
)
_PUT_ASIDE = fields_of(
    _FORM_NAME,
    Field("serials", _lp("several", "编号"), kind="area", max_length=2000, hint=_l("每行一个")),
    Field(
        "state",
        _l("处理"),
        kind="choice",
        choices=tuple((state, BLANK_WORDS[state]) for state in (BlankState.SPOILED, BlankState.RETURNED)),
    ),
    Field("reason", _l("原因"), max_length=500),
)


@blueprint.get("/stock")
@staff(Scope.PAPERS_HANDLE)
def stock() -> BaseResponse:
    """How many forms there are of each kind."""
    return screen("stock.html", stocks=own_stocks())


@blueprint.route("/stock/receive", methods=["GET", "POST"])
@staff(Scope.PAPERS_HANDLE)
def receive_forms() -> BaseResponse:
    """Take a box in."""

    def act(form: Form) -> None:
        container().blank_forms.receive(_authority(), form["form"], form["first"], form["last"], actor=actor())

    sheet = Sheet(_l("空白证照入库"), _l("入库"), back=("stock", {}))
    return take_form(sheet, Form(_RECEIVE), act)


@blueprint.route("/stock/put-aside", methods=["GET", "POST"])
@staff(Scope.PAPERS_HANDLE)
def put_forms_aside() -> BaseResponse:
    """Record forms as spoiled or returned."""

    def act(form: Form) -> None:
        serials = [line.strip() for line in form["serials"].splitlines() if line.strip()]
        if not serials or form["state"] not in set(BlankState):
            field = "state" if serials else "serials"
            raise ValidationFailedError([FieldError(field, "MISSING", "必填项缺失。Required, but missing.")])
        state = BlankState(form["state"])
        container().blank_forms.put_aside(_authority(), form["form"], serials, state, form["reason"], actor=actor())

    sheet = Sheet(_l("空白证照损毁或退回"), _lp("act", "登记"), back=("stock", {}))
    return take_form(sheet, Form(_PUT_ASIDE), act)


def _authority() -> str:
    """The person's own; no one without an authority handles papers."""
    code = person().authority_code
    assert code is not None
    return code
