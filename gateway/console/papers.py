"""Papers at the window: print on a blank form, hand over, declare void."""

from flask import url_for
from flask_babel import lazy_gettext as _l
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as BaseResponse

from gateway.console.access import staff
from gateway.console.dashboard import own_stocks
from gateway.console.forms import Field, Form, fields_of, take_form
from gateway.console.frame import actor, blueprint, file_response
from gateway.console.licences import licence_sheet
from gateway.domain.actors import Scope
from gateway.domain.papers import BlankState, PaperState
from gateway.errors import FieldError, ValidationFailedError
from gateway.services.blank_forms import Stock
from gateway.services.dossiers import Dossier
from gateway.services.papers import BlankChoice
from verify_web.pages import container

_REASON = Field("reason", _l("原因"), max_length=500)
_COLLECTED = fields_of(
    Field(
        "collected_by",
        _l("领取人"),
        max_length=100,
        focus=True,
        hint=_l("姓名，与证件核对"),
    )
)


@blueprint.get("/licences/<licence_identifier>/papers/<int:copy_number>.pdf")
@staff(Scope.PAPERS_HANDLE)
def paper_file(licence_identifier: str, copy_number: int) -> BaseResponse:
    """The print-ready form of a paper."""
    data = container().dossiers.paper(licence_identifier, copy_number, actor=actor())
    return file_response(data, f"{licence_identifier}-{copy_number}.pdf")


@blueprint.route("/licences/<licence_identifier>/papers/<int:copy_number>/print", methods=["GET", "POST"])
@staff(Scope.PAPERS_HANDLE)
def print_paper(licence_identifier: str, copy_number: int) -> BaseResponse:
    """Open the PDF, print it on a blank form, scan the form's serial number."""
    dossier = container().dossiers.of(licence_identifier, actor=actor())
    is_again = _state(dossier, copy_number) is PaperState.PRINTED
    stocks = [stock for stock in own_stocks() if stock.counts.get(BlankState.IN_STOCK)]

    def record(form: Form) -> None:
        container().papers.print(
            licence_identifier,
            copy_number,
            _blank(dossier, form),
            reason=form["reason"],
            actor=actor(),
            expected_revision=form.revision,
        )

    title = _l("重新打印") if is_again else _l("打印证照")
    address = url_for("console.paper_file", licence_identifier=licence_identifier, copy_number=copy_number)
    sheet = licence_sheet(
        dossier,
        title,
        _l("登记打印"),
        lead=_l("先打开打印件，装入空白证照打印，再扫描或输入空白证照上的编号。"),
        link=(address, _l("打开打印件（PDF）")),
    )
    form = Form(fields_of(*_print_fields(stocks, is_again=is_again)))
    return take_form(sheet, form, record)


@blueprint.route("/licences/<licence_identifier>/hand-over", methods=["GET", "POST"])
@staff(Scope.PAPERS_HANDLE)
def hand_over(licence_identifier: str) -> BaseResponse:
    """Both forms go to the holder: every printed paper, and the electronic licence with it."""
    dossier = container().dossiers.of(licence_identifier, actor=actor())
    ready = [paper.copy_number for paper in dossier.papers if paper.state is PaperState.PRINTED]
    if not ready:
        raise NotFound("没有已打印待领取的纸质证照。No printed paper waits to be collected.")

    def record(form: Form) -> None:
        container().papers.collect_all(
            licence_identifier, form["collected_by"], actor=actor(), expected_revision=form.revision
        )

    address = url_for("console.electronic", licence_identifier=licence_identifier)
    sheet = licence_sheet(
        dossier,
        _l("交付证照"),
        _l("登记领取"),
        lead=_l("交付纸质证照 %(count)s 份，并告知领取人电子证照同时生效。", count=len(ready)),
        link=(address, _l("打开电子证照（PDF）")),
    )
    return take_form(sheet, Form(_COLLECTED), record)


@blueprint.route(
    "/licences/<licence_identifier>/papers/<int:copy_number>/<any(void, take_back):act>", methods=["GET", "POST"]
)
@staff(Scope.PAPERS_HANDLE)
def end_paper(licence_identifier: str, copy_number: int, act: str) -> BaseResponse:
    """Declare a paper void, or record that it came back from the holder."""
    dossier = container().dossiers.of(licence_identifier, actor=actor())
    _state(dossier, copy_number)
    papers = container().papers
    end, title, submit = {
        "void": (papers.void, _l("作废纸质证照"), _l("作废")),
        "take_back": (papers.take_back, _l("收回纸质证照"), _l("登记收回")),
    }[act]

    def record(form: Form) -> None:
        end(licence_identifier, copy_number, form["reason"], actor=actor(), expected_revision=form.revision)

    return take_form(licence_sheet(dossier, title, submit), Form(fields_of(_REASON)), record)


def _state(dossier: Dossier, copy_number: int) -> PaperState:
    found = next((paper.state for paper in dossier.papers if paper.copy_number == copy_number), None)
    if found is None:
        raise NotFound
    return found


def _blank(dossier: Dossier, form: Form) -> BlankChoice:
    """The form that was scanned; its kind follows from the number, unless several kinds have it."""
    serial, kind = form["serial_number"].upper(), form["form"]
    if not kind:
        kinds = container().blank_forms.kinds_with(dossier.authority.code, serial, actor=actor())
        if len(kinds) > 1:
            message = "多种空白证照有此编号，请选择种类。Several kinds have this number; choose one."
            raise ValidationFailedError([FieldError("form", "AMBIGUOUS", message)])
        if not kinds:
            message = "库存中没有此编号，请核对或先入库。Not in stock; check it, or take the box in first."
            raise ValidationFailedError([FieldError("serial_number", "NOT_IN_STOCK", message)])
        kind = kinds[0]
    return BlankChoice(kind, serial)


def _print_fields(stocks: list[Stock], *, is_again: bool) -> tuple[Field, ...]:
    """The serial number has the focus: a scanner types it and presses Enter. What has to be chosen comes after it."""
    serials = "、".join(stock.next_serial for stock in stocks if stock.next_serial)
    hint = _l("库存中最小的编号：%(serials)s", serials=serials or _l("无"))
    counts = [(stock.form, stock.counts[BlankState.IN_STOCK]) for stock in stocks]
    kind = Field(
        "form",
        _l("空白证照种类"),
        kind="choice",
        required=False,
        choices=tuple((name, _l("%(name)s（%(count)s）", name=name, count=count)) for name, count in counts),
        hint=_l("不选则按编号识别"),
    )
    serial = Field("serial_number", _l("空白证照编号"), max_length=64, hint=hint, focus=not is_again)
    reason = Field(
        "reason",
        _l("重打原因"),
        max_length=500,
        focus=True,
        hint=_l("原来的空白证照会登记为损毁"),
    )
    return (reason, serial, kind) if is_again else (serial, kind)
