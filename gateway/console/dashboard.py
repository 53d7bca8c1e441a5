"""The first page, and the way from a name or code to an enterprise and its licences."""

from datetime import timedelta

from flask import request
from werkzeug.wrappers import Response as BaseResponse

from gateway.console.access import staff, to
from gateway.console.frame import actor, blueprint, person, screen
from gateway.console.reconciliation import recent_drifts
from gateway.domain.actors import Scope
from gateway.domain.basis import ObligationState
from gateway.domain.status import china_day
from gateway.services.blank_forms import Stock
from gateway.services.dossiers import MOST_FOUND
from gateway.services.obligations import MOST_LISTED, ListedObligation, ObligationFilter
from verify_web.pages import container

_SOON = timedelta(days=60)
_SHOWN = 20


@blueprint.get("/")
@staff()
def dashboard() -> BaseResponse:
    """What waits: obligations by deadline, decisions, forms that run out."""
    scopes, services = actor().scopes, container()
    can_read = Scope.LICENCES_READ in scopes
    return screen(
        "dashboard.html",
        obligations=_obligations() if can_read else [],
        requests=services.revocations.waiting(actor=actor()) if can_read else [],
        drifts=recent_drifts() if can_read else None,
        stocks=own_stocks() if Scope.PAPERS_HANDLE in scopes else [],
    )


@blueprint.get("/enterprises")
@staff(Scope.LICENCES_READ)
def search() -> BaseResponse:
    """Enterprises by name, code or licence number; a single one is opened at once."""
    text = request.args.get("text", "").strip()[:120]
    found = container().dossiers.search(text, actor=actor())
    if len(found) == 1:
        return to("enterprise", code=found[0].unified_social_credit_code)
    return screen("search.html", text=text, found=found, is_cut=len(found) == MOST_FOUND)


@blueprint.get("/enterprises/<code>")
@staff(Scope.LICENCES_READ)
def enterprise(code: str) -> BaseResponse:
    """One enterprise and its licences."""
    holder, licences = container().dossiers.holder(code, actor=actor())
    return screen(
        "enterprise.html",
        enterprise=holder,
        licences=licences,
        certificates=container().holder_certificates.of_enterprise(code),
        changes=container().enterprise_registrations.history(code),
    )


def own_stocks() -> list[Stock]:
    """The stock of the person's authority."""
    code = person().authority_code
    return [] if code is None else container().blank_forms.stock(code, actor=actor())


def _obligations() -> list[ListedObligation]:
    """What is overdue or due soon, the nearest deadline first."""
    services = container()
    until = china_day(services.clock()) + _SOON
    found: list[ListedObligation] = []
    for state in (ObligationState.OVERDUE, ObligationState.OPEN):
        wanted = ObligationFilter(state=state, due_before=until, limit=MOST_LISTED)
        found += services.obligations.search(wanted, actor=actor())
    return sorted(found, key=lambda one: one.obligation.due_on)[:_SHOWN]
