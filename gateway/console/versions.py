"""New versions at the window: 变更, 延续, 补证, 更正, each from the licence as it reads now."""

from datetime import datetime

from flask import request
from flask_babel import lazy_gettext as _l
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as BaseResponse

from gateway.console.access import staff
from gateway.console.applications import (
    application_groups,
    basis_of,
    day_of,
    duplicates_of,
    record_of,
    values_of,
)
from gateway.console.forms import Form, Sheet
from gateway.console.frame import actor, blueprint
from gateway.console.issuing import Desk, at_desk
from gateway.console.words import kind_word
from gateway.domain.actors import Scope
from gateway.domain.orders import VersionKind
from gateway.domain.status import china_day, day_start
from gateway.errors import FieldError, ValidationFailedError
from gateway.services.versions import VersionRequest
from verify_web.pages import container

KINDS = tuple(kind for kind in VersionKind if kind is not VersionKind.ISSUE)


@blueprint.route("/licences/<licence_identifier>/versions/<kind>", methods=["GET", "POST"])
@staff(Scope.LICENCES_CHANGE)
def new_version(licence_identifier: str, kind: str) -> BaseResponse:
    """The next version; number, type, authority and holder stay."""
    if kind not in KINDS:
        raise NotFound
    services = container()
    dossier = services.dossiers.of(licence_identifier, actor=actor())
    authority, licence_type = dossier.authority, dossier.licence_type

    def wanted(form: Form) -> VersionRequest:
        form.values["number"] = dossier.licence_number
        record = record_of(form, licence_type, authority, dossier.holder_name, dossier.holder_code)
        return VersionRequest(
            VersionKind(kind), record, form["reason"], _effect(form), basis_of(form), duplicates_of(form)
        )

    def check(form: Form) -> object:
        asked = wanted(form)
        if not asked.reason:
            raise ValidationFailedError([FieldError("reason", "MISSING", "必填项缺失。Required, but missing.")])
        return services.licences.parse(asked.record, asked.basis, actor(), Scope.LICENCES_CHANGE)

    def issue(form: Form) -> str:
        done = services.versions.issue(licence_identifier, wanted(form), actor=actor(), expected_revision=form.revision)
        return done.licence_identifier

    sheet = Sheet(
        _l("%(act)s：%(type)s", act=kind_word(kind).capitalize(), type=licence_type.name),
        _l("预览"),
        facts=(
            (_l("持证主体"), dossier.holder_name),
            (_l("证照编号"), dossier.licence_number),
            (_l("发证机关"), authority.name),
        ),
        back=("licence", {"licence_identifier": licence_identifier}),
        revision=dossier.revision if request.method == "GET" else None,
    )
    today = china_day(services.clock())
    form = Form(application_groups(licence_type, is_change=True), values_of(dossier, today))
    return at_desk(Desk(sheet, licence_type, check, issue), form)


def _effect(form: Form) -> datetime | None:
    """The first instant of the day that was chosen; None at once."""
    text = form["takes_effect_on"]
    if not text:
        return None
    day = day_of(text)
    if day is None:
        raise ValidationFailedError([FieldError("takes_effect_on", "NOT_A_DATE", "应为日期。Must be a date.")])
    return day_start(day)
