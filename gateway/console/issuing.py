"""Issue at the window: choose the type, fill in, look at the preview, issue."""

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

from flask import request
from flask_babel import lazy_gettext as _l
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as BaseResponse

from gateway.api.problems import status_of
from gateway.console.access import staff, to
from gateway.console.applications import (
    application_groups,
    basis_of,
    duplicates_of,
    first_values,
    place_of,
    record_of,
)
from gateway.console.forms import Form, Sheet, show_form
from gateway.console.frame import actor, blueprint, person, screen
from gateway.domain.actors import Scope
from gateway.domain.catalogue import Forms, IssuingAuthority, LicenceType
from gateway.domain.status import china_day
from gateway.errors import GatewayError
from verify_web.pages import container


@dataclass(frozen=True)
class Desk:
    """One application on the desk: what it is for, how it is checked, how it is issued."""

    sheet: Sheet
    licence_type: LicenceType
    check: Callable[[Form], object]
    issue: Callable[[Form], str]
    """Gives the identifier of what was issued."""


@blueprint.route("/enterprises/<code>/issue", methods=["GET", "POST"])
@staff(Scope.LICENCES_ISSUE)
def issue(code: str) -> BaseResponse:
    """A first licence of a type for an enterprise."""
    holder, _ = container().dossiers.holder(code, actor=actor())
    authority, types = own_types()
    licence_type = next((one for one in types if one.local_type_code == request.args.get("type")), None)
    if licence_type is None:
        return screen("choose_type.html", enterprise=holder, types=types, authority=authority)
    services = container()

    def check(form: Form) -> object:
        record = record_of(form, licence_type, authority, holder.name, code)
        duplicates_of(form)
        return services.licences.check(record, basis=basis_of(form), actor=actor())

    def issue_it(form: Form) -> str:
        record = record_of(form, licence_type, authority, holder.name, code)
        done = services.licences.issue(record, basis=basis_of(form), duplicates=duplicates_of(form), actor=actor())
        return done.licence_identifier

    facts = ((_l("持证主体"), holder.name), (_l("信用代码"), code), (_l("发证机关"), authority.name))
    sheet = Sheet(
        _l("签发 %(type)s", type=licence_type.name),
        _l("预览"),
        facts=facts,
        back=("enterprise", {"code": code}),
    )
    today = china_day(services.clock())
    form = Form(application_groups(licence_type), first_values(licence_type, holder.address, today))
    return at_desk(Desk(sheet, licence_type, check, issue_it), form)


def at_desk(desk: Desk, form: Form) -> BaseResponse:
    """The steps of an application: fill in, preview, issue, or back to change something. Nothing that was typed is lost."""
    if request.method == "GET":
        return show_form(desk.sheet, form)
    form.read()
    step = request.form.get("step")
    if step == "edit":
        return show_form(desk.sheet, form)
    try:
        if step == "issue":
            return to("licence", licence_identifier=desk.issue(form))
        desk.check(form)
    except GatewayError as error:
        places = place_of(form, desk.licence_type)
        form.note(error, lambda each: places.get(each.pointer) or places.get(each.field, each.field))
        return show_form(desk.sheet, form, max(status_of(error), HTTPStatus.BAD_REQUEST))
    return screen("preview.html", sheet=desk.sheet, form=form)


def own_types() -> tuple[IssuingAuthority, list[LicenceType]]:
    """The person's authority and the types that it may issue."""
    catalogue = container().catalogue.load()
    authority = catalogue.authorities_by_code.get(person().authority_code or "")
    if authority is None:
        raise NotFound
    types = (one for one in catalogue.licence_types if authority.may_issue(one))
    return authority, [one for one in types if one.forms is not Forms.PAPER_ONLY]
