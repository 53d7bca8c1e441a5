"""The file of a licence, and what one person decides on it: suspend, restore, cancel, settle an obligation."""

from datetime import datetime

from flask import request
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext as _lp
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as BaseResponse

from gateway.console.access import staff
from gateway.console.applications import day_of
from gateway.console.forms import Field, Form, Group, Sheet, fields_of, take_form
from gateway.console.frame import actor, blueprint, file_response, screen
from gateway.console.versions import KINDS
from gateway.domain.actors import Scope
from gateway.domain.basis import ObligationState
from gateway.domain.status import ENDED, LicenceStatus, day_start
from gateway.errors import FieldError, ValidationFailedError
from gateway.services.dossiers import Dossier
from gateway.services.status_changes import StatusDecision
from verify_web.pages import container

DECISION_FIELDS = (
    Field(
        "legal_ground",
        _l("法律依据"),
        max_length=300,
        focus=True,
        hint=_l("法律法规及条款，如《食品安全法》第一百二十四条"),
    ),
    Field("reason", _l("事由"), kind="area", max_length=500),
    Field("document_number", _l("文书号"), required=False, max_length=100),
)
_EFFECT = Field("effective_on", _l("自何日起"), kind="date", required=False, hint=_l("留空为立即"))
_ACTS = {
    "suspend": (LicenceStatus.SUSPENDED, _l("暂扣证照"), _l("暂扣")),
    "restore": (LicenceStatus.VALID, _l("恢复证照效力"), _l("恢复")),
    "cancel": (LicenceStatus.CANCELLED, _l("注销证照"), _l("注销")),
}
"""What one person decides; revocation and withdrawal need two (revocations.py)."""
_OUTCOME = fields_of(
    Field(
        "outcome",
        _lp("outcome", "结果"),
        kind="choice",
        choices=(("fulfilled", _l("已履行")), ("broken", _l("未履行"))),
        focus=True,
    ),
    Field("note", _lp("field", "说明"), kind="area", max_length=500),
)


@blueprint.get("/licences/<licence_identifier>")
@staff(Scope.LICENCES_READ)
def licence(licence_identifier: str) -> BaseResponse:
    """Everything about one version of a licence."""
    dossier = container().dossiers.of(licence_identifier, actor=actor())
    return screen(
        "licence.html",
        dossier=dossier,
        acts=_acts_on(dossier),
        kinds=KINDS if dossier.status not in ENDED and dossier.newest_identifier == licence_identifier else (),
        waits=any(one.is_approved is None for one in dossier.requests),
        open_states=frozenset({ObligationState.OPEN, ObligationState.OVERDUE}),
    )


@blueprint.get("/licences/<licence_identifier>/electronic.pdf")
@staff(Scope.LICENCES_READ)
def electronic(licence_identifier: str) -> BaseResponse:
    """The signed PDF."""
    return file_response(
        container().dossiers.electronic(licence_identifier, actor=actor()), f"{licence_identifier}.pdf"
    )


@blueprint.route("/licences/<licence_identifier>/<any(suspend, restore, cancel):act>", methods=["GET", "POST"])
@staff(Scope.LICENCES_CHANGE)
def change_status(licence_identifier: str, act: str) -> BaseResponse:
    """Record a decision with its ground and reason."""
    dossier = container().dossiers.of(licence_identifier, actor=actor())
    status, title, submit = _ACTS[act]

    def decide(form: Form) -> None:
        container().status_changes.record(
            licence_identifier,
            StatusDecision(
                status, form["legal_ground"], form["reason"], _effect(form), document_number=form["document_number"]
            ),
            actor=actor(),
            expected_revision=form.revision,
        )

    form = Form((Group("", (*DECISION_FIELDS, _EFFECT)),))
    return take_form(licence_sheet(dossier, title, submit), form, decide)


@blueprint.route("/licences/<licence_identifier>/obligations/<int:obligation_id>", methods=["GET", "POST"])
@staff(Scope.LICENCES_CHANGE)
def settle(licence_identifier: str, obligation_id: int) -> BaseResponse:
    """How a commitment or a missing paper ended."""
    dossier = container().dossiers.of(licence_identifier, actor=actor())
    found = next((one for one in dossier.obligations if one.id == obligation_id), None)
    if found is None:
        raise NotFound

    def record(form: Form) -> None:
        if form["outcome"] not in ("fulfilled", "broken"):
            raise ValidationFailedError([FieldError("outcome", "MISSING", "请选择结果。Choose the outcome.")])
        container().obligations.settle(
            licence_identifier,
            obligation_id,
            is_fulfilled=form["outcome"] == "fulfilled",
            note=form["note"],
            actor=actor(),
            expected_revision=form.revision,
        )

    lead = "；".join(found.items)
    sheet = licence_sheet(dossier, _l("登记履行情况"), _lp("act", "登记"), lead=lead)
    return take_form(sheet, Form(_OUTCOME), record)


def licence_sheet(
    dossier: Dossier,
    title: str,
    submit: str,
    *,
    lead: str | None = None,
    link: tuple[str, str] | None = None,
) -> Sheet:
    """The page around a form about one licence; it remembers the licence's revision as it was when it was opened."""
    return Sheet(
        title,
        submit,
        lead=lead,
        facts=(
            (_l("证照"), f"{dossier.licence_type.name} {dossier.licence_number}"),
            (_l("持证主体"), dossier.holder_name),
        ),
        back=("licence", {"licence_identifier": dossier.licence_identifier}),
        revision=dossier.revision if request.method == "GET" else None,
        link=link,
    )


def _acts_on(dossier: Dossier) -> list[tuple[str, str]]:
    """What one person may decide in the present status; the service judges again."""
    if dossier.status in ENDED or dossier.newest_identifier != dossier.licence_identifier:
        return []
    first = "restore" if dossier.status == LicenceStatus.SUSPENDED else "suspend"
    return [(act, _ACTS[act][1]) for act in (first, "cancel")]


def _effect(form: Form) -> datetime | None:
    text = form["effective_on"]
    day = day_of(text)
    if text and day is None:
        raise ValidationFailedError([FieldError("effective_on", "NOT_A_DATE", "应为日期。Must be a date.")])
    return None if day is None else day_start(day)
