"""Revocation with four eyes: a clerk proposes, an approver who proves their identity once more decides."""

from dataclasses import replace

from flask import request
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext as _lp
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as BaseResponse

from gateway.console.access import staff
from gateway.console.forms import Field, Form, Sheet, fields_of, take_form
from gateway.console.frame import actor, blueprint, person, screen
from gateway.console.licences import DECISION_FIELDS, licence_sheet
from gateway.console.sign_in import CODE_FIELD, PASSWORD_FIELD
from gateway.domain.actors import Scope
from gateway.domain.status import ENDED, LicenceStatus
from gateway.errors import FieldError, ValidationFailedError
from gateway.services.dossiers import Dossier
from gateway.services.revocations import RevocationView
from gateway.services.status_changes import StatusDecision
from verify_web.pages import container

_ENDINGS = ((LicenceStatus.REVOKED, _lp("choice", "吊销")), (LicenceStatus.WITHDRAWN, _lp("choice", "撤销")))
_REVERSAL = ((LicenceStatus.VALID, _l("恢复效力（复议、诉讼等）")),)
_DECIDE = fields_of(
    Field(
        "outcome",
        _l("决定"),
        kind="choice",
        choices=(("approve", _l("同意，立即生效")), ("decline", _l("不同意"))),
        focus=True,
    ),
    Field("decision_reason", _l("理由"), kind="area", max_length=500),
    PASSWORD_FIELD,
    # Whoever may decide has an authenticator.
    replace(CODE_FIELD, required=True, hint=_l("手机验证器上的六位数字")),
)


@blueprint.route("/licences/<licence_identifier>/revoke", methods=["GET", "POST"])
@staff(Scope.LICENCES_CHANGE)
def propose_revocation(licence_identifier: str) -> BaseResponse:
    """Propose what someone else decides."""
    dossier = container().dossiers.of(licence_identifier, actor=actor())
    form = Form(fields_of(_kind_field(dossier), *DECISION_FIELDS, *_obligation_field(dossier)))

    def propose(form: Form) -> None:
        if form["status"] not in set(LicenceStatus):
            raise ValidationFailedError([FieldError("status", "MISSING", "请选择。Choose one.")])
        chosen = form["obligation_id"]
        decision = StatusDecision(
            LicenceStatus(form["status"]),
            form["legal_ground"],
            form["reason"],
            document_number=form["document_number"],
            obligation_id=int(chosen) if chosen.isdecimal() and len(chosen) < 10 else None,  # noqa: PLR2004 # the column
        )
        container().revocations.propose(licence_identifier, decision, actor=actor(), expected_revision=form.revision)

    lead = _l("提出后由另一位审批人员决定，决定时生效。")
    sheet = licence_sheet(dossier, _l("提请吊销或撤销"), _l("提交审批"), lead=lead)
    return take_form(sheet, form, propose)


@blueprint.get("/revocations")
@staff(Scope.LICENCES_READ)
def revocations() -> BaseResponse:
    """What waits for a decision."""
    return screen("revocations.html", requests=container().revocations.waiting(actor=actor()))


@blueprint.route("/revocations/<int:request_id>", methods=["GET", "POST"])
@staff(Scope.LICENCES_REVOKE)
def decide_revocation(request_id: int) -> BaseResponse:
    """Approve or decline, with password and one-time code once more."""
    view = container().revocations.of(request_id, actor=actor())
    if request.method == "GET" and view.is_approved is not None:
        raise NotFound("该申请已有决定。The request was decided.")

    def decide(form: Form) -> None:
        if form["outcome"] not in ("approve", "decline"):
            raise ValidationFailedError([FieldError("outcome", "MISSING", "请选择决定。Choose the decision.")])
        if not form["decision_reason"]:
            raise ValidationFailedError(
                [FieldError("decision_reason", "MISSING", "必填项缺失。Required, but missing.")]
            )
        confirmation = container().staff_sessions.confirm(person(), form["password"], form["code"])
        container().revocations.decide(
            request_id,
            is_approved=form["outcome"] == "approve",
            reason=form["decision_reason"],
            confirmation=confirmation,
            actor=actor(),
        )

    sheet = Sheet(
        _l("审批吊销或撤销"),
        _l("提交决定"),
        facts=_facts(view),
        back=("licence", {"licence_identifier": view.licence_identifier}),
    )
    return take_form(sheet, Form(_DECIDE), decide)


def _kind_field(dossier: Dossier) -> Field:
    choices = _REVERSAL if dossier.status in ENDED else _ENDINGS
    return Field("status", _l("种类"), kind="choice", choices=choices)


def _obligation_field(dossier: Dossier) -> tuple[Field, ...]:
    """The commitment or missing paper that led to it, where there is one."""
    if not dossier.obligations:
        return ()
    choices = tuple((str(one.id), "；".join(one.items)) for one in dossier.obligations)
    return (Field("obligation_id", _l("因未履行的事项"), kind="choice", required=False, choices=choices),)


def _facts(view: RevocationView) -> tuple[tuple[str, str], ...]:
    words = dict((*_ENDINGS, *_REVERSAL))
    return (
        (_l("证照编号"), view.licence_number),
        (_l("持证主体"), view.holder_name),
        (_l("提请"), words[view.status]),
        (_l("法律依据"), view.legal_ground),
        (_l("事由"), view.reason),
        (_l("文书号"), view.document_number or "—"),
        (_l("提出人"), view.proposer_name),
    )
