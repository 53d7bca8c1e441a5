"""What the public says is wrong in the register, and what became of it."""

from flask import request, url_for
from flask_babel import lazy_gettext as _l
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as BaseResponse

from gateway.console.access import staff
from gateway.console.forms import Field, Form, Sheet, fields_of, take_form
from gateway.console.frame import actor, blueprint, screen
from gateway.console.words import OUTCOME_WORDS
from gateway.domain.actors import Scope
from gateway.domain.wrong_entries import WrongEntryOutcome
from gateway.errors import FieldError, ValidationFailedError
from gateway.services.wrong_entries import LONGEST_NOTE, MOST_LISTED, WrongEntryView
from verify_web.pages import container
from verify_web.words import moment

_DIGITS = 10
"""What the number's column holds has fewer."""
_SETTLE = fields_of(
    Field("outcome", _l("处理结果"), kind="choice", choices=tuple(OUTCOME_WORDS.items()), focus=True),
    Field(
        "note",
        _l("核实和处理情况"),
        kind="area",
        max_length=LONGEST_NOTE,
        hint=_l("查到了什么，怎么处理的，转给了谁。请不要写别人的个人信息。"),
    ),
)


@blueprint.get("/wrong-entries")
@staff(Scope.LICENCES_READ)
def wrong_entries() -> BaseResponse:
    """Reports that wait, and those that were settled; ``?before=`` goes on with those settled before that one."""
    number = request.args.get("before", "")
    before = int(number) if number.isascii() and number.isdecimal() and len(number) < _DIGITS else None
    services, who = container().wrong_entries, actor()
    return screen(
        "wrong_entries.html",
        waiting=services.waiting(actor=who),
        settled=services.settled(before=before, actor=who),
        before=before,
        most_listed=MOST_LISTED,
    )


@blueprint.route("/wrong-entries/<int:number>", methods=["GET", "POST"])
@staff(Scope.LICENCES_READ)
def settle_wrong_entry(number: int) -> BaseResponse:
    """Say what was found and done about one."""
    view = container().wrong_entries.of(number, actor=actor())
    if request.method == "GET" and view.handled_at is not None:
        raise NotFound("该报告已处理。The report was settled.")

    def settle(form: Form) -> None:
        if form["outcome"] not in set(WrongEntryOutcome):
            raise ValidationFailedError([FieldError("outcome", "MISSING", "请选择。Choose one.")])
        container().wrong_entries.settle(number, WrongEntryOutcome(form["outcome"]), form["note"], actor=actor())

    sheet = Sheet(
        _l("处理公众报告"),
        _l("提交处理结果"),
        facts=_facts(view),
        back=("wrong_entries", {}),
        link=(url_for("console.search", text=view.about), _l("打开报告所指的登记")),
    )
    return take_form(sheet, Form(_SETTLE), settle)


def _facts(view: WrongEntryView) -> tuple[tuple[str, str], ...]:
    return (
        (_l("报告编号"), str(view.id)),
        (_l("报告所指"), view.about),
        (_l("报告内容"), view.text),
        (_l("收到时间"), moment(view.reported_at)),
    )
