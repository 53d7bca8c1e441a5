"""Electronic business licences that are shown as their object: asked of the national service by its first-generation operations.

The object (licenceEntity) is handed through and not kept, and never read here.
"""

import secrets
from collections.abc import Mapping

from sqlalchemy import select

from gateway.domain.actors import OPERATOR, Actor, Scope
from gateway.domain.enterprise_signers import EnterpriseSignerDownError, EnterpriseSignerRefusedError
from gateway.domain.licence_showings import Difference, LicenceShowingView, ShowingOutcome, judge_facts
from gateway.errors import ConflictError, NotFoundError
from gateway.persistence.models import AuditEvent, Enterprise, LicenceShowing
from gateway.persistence.retrying import retried
from gateway.persistence.session import reading
from gateway.services.dependencies import Dependencies
from gateway.services.signer_exchanges import ExchangeView, SaidView, SignerExchanges, unavailable
from signing.sm2 import sm3

_MOST_LISTED = 200


class LicenceShowings:
    """Whether a shown licence is the enterprise's, as the national service tells it; each showing is kept."""

    def __init__(self, deps: Dependencies, exchanges: SignerExchanges) -> None:
        self._deps = deps
        self._exchanges = exchanges

    def show(self, code: str, entity: bytes, *, actor: Actor = OPERATOR) -> LicenceShowingView:
        """Ask the service about an object that is shown as the licence of an enterprise.

        NotFoundError for an enterprise that is not registered, ConflictError without a service, ForbiddenError, and
        EnterpriseSignerUnavailableError, which decides nothing; everything else is an answer. Of a sandbox nothing is kept
        but the evidence that the service was asked.
        """
        if Scope.ADMINISTER not in actor.scopes:
            actor.require(Scope.LICENCES_ISSUE)
        known = self._known(code)
        signer, showing_id = self._exchanges.signer, secrets.token_hex(16)
        if signer is None:
            raise ConflictError(
                "没有配置国家电子营业执照系统。No national service is configured.",
                hint="See docs/enterprise-signing.md.",
            )
        outcome, facts, differences = ShowingOutcome.NOT_HELD, dict[str, str](), tuple[Difference, ...]()
        try:
            if signer.check_licence(entity, showing_id):
                facts = signer.licence_facts(entity, showing_id)
                outcome, differences = judge_facts(facts, code, known)
        except EnterpriseSignerRefusedError:
            # Of an object that it accepted the service tells nothing.
            facts = {}
        except EnterpriseSignerDownError as error:
            raise unavailable(error) from error
        now, digest = self._deps.clock(), sm3(entity).hex()
        view = LicenceShowingView(showing_id, code, now, digest, outcome, facts, differences)
        if not actor.is_sandbox:
            self._keep(view, actor)
        return view

    def of_enterprise(self, code: str) -> list[LicenceShowingView]:
        """The last showings for an enterprise, the newest first. NotFoundError for one that is not registered."""
        self._known(code)
        query = (
            select(LicenceShowing)
            .where(LicenceShowing.unified_social_credit_code == code)
            .order_by(LicenceShowing.shown_at.desc(), LicenceShowing.showing_id)
            .limit(_MOST_LISTED)
        )
        with reading(self._deps.sessions) as session:
            return [_view(row) for row in session.scalars(query)]

    def exchanges(self, code: str, showing_id: str) -> tuple[LicenceShowingView, list[ExchangeView]]:
        """One showing, and the evidence of what the service was asked for it. NotFoundError."""
        return self._of(code, showing_id), list(self._exchanges.about(showing_id))

    def said(self, code: str, showing_id: str, exchange_id: int) -> SaidView:
        """What was said in one exchange for a showing. StorageError; NotFoundError when it is not kept, or no more."""
        self._of(code, showing_id)
        return self._exchanges.said(showing_id, exchange_id)

    def _of(self, code: str, showing_id: str) -> LicenceShowingView:
        with reading(self._deps.sessions) as session:
            row = session.get(LicenceShowing, showing_id)
        if row is None or row.unified_social_credit_code != code:
            raise NotFoundError("没有这次出示。There is no such showing.")
        return _view(row)

    def _known(self, code: str) -> Mapping[str, str]:
        with reading(self._deps.sessions) as session:
            row = session.get(Enterprise, code)
        if row is None:
            raise NotFoundError(f"企业 {code} 未登记。No enterprise is registered under {code}.")
        established = "" if row.established_on is None else row.established_on.isoformat()
        return {"name": row.name, "address": row.address, "established_on": established}

    @retried
    def _keep(self, view: LicenceShowingView, actor: Actor) -> None:
        fields = vars(view) | {"differences": [vars(each) for each in view.differences], "facts": dict(view.facts)}
        event = AuditEvent(
            occurred_at=view.shown_at,
            # Which enterprise shows its licence when is nothing for the public log, which names what begins otherwise.
            action="elicence_shown",
            subject=view.unified_social_credit_code,
            detail={"showing_id": view.showing_id, "entity_sm3": view.entity_sm3, "outcome": view.outcome},
            actor=actor.audit(),
        )
        with self._deps.sessions.begin() as session:
            session.add_all((LicenceShowing(**fields, actor=actor.audit()), event))


def _view(row: LicenceShowing) -> LicenceShowingView:
    return LicenceShowingView(
        showing_id=row.showing_id,
        unified_social_credit_code=row.unified_social_credit_code,
        shown_at=row.shown_at,
        entity_sm3=row.entity_sm3,
        outcome=ShowingOutcome(row.outcome),
        facts=row.facts,
        differences=tuple(Difference(**each) for each in row.differences),
    )
