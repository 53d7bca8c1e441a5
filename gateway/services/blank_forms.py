"""The stock of numbered blank forms: received, issued by printing, spoiled, returned. The sandbox has a stock of its own."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from gateway.domain.actors import OPERATOR, Actor, Scope
from gateway.domain.papers import BlankState, serial_range
from gateway.errors import ConflictError, FieldError, NotFoundError, ValidationFailedError
from gateway.persistence.models import AuditEvent, BlankForm, BlankMovement
from gateway.persistence.retrying import retried
from gateway.persistence.session import reading
from gateway.services.catalogue import Catalogues
from gateway.services.dependencies import Dependencies

_MOST_FORM_NAME, _MOST_REASON = 50, 500


@dataclass(frozen=True)
class Stock:
    """How many blank forms of one kind an authority has, by state."""

    authority_code: str
    form: str
    counts: dict[str, int]
    next_serial: str | None
    """The lowest serial number in stock."""


class BlankForms:
    """Takes blank forms in, and follows each to its end."""

    def __init__(self, deps: Dependencies, catalogue: Catalogues) -> None:
        self._deps = deps
        self._catalogue = catalogue

    @retried
    def receive(self, authority_code: str, form: str, first: str, last: str, *, actor: Actor = OPERATOR) -> int:
        """Take in the forms from serial number ``first`` to ``last``; gives how many.

        ConflictError when one of them was taken in before: then none is.
        """
        require_stock(actor, authority_code)
        if authority_code not in self._catalogue.load().authorities_by_code:
            raise NotFoundError(f"没有发证机关 {authority_code}。No such authority.")
        if not 0 < len(form.strip()) <= _MOST_FORM_NAME:
            raise ValidationFailedError([FieldError("form", "MISSING", "须写明空白证照的种类。Name the kind of form.")])
        serials = serial_range(first, last).serials()
        now = self._deps.clock()
        try:
            with self._deps.sessions.begin() as session:
                for serial in serials:
                    blank = BlankForm(
                        authority_code=authority_code,
                        form=form,
                        serial_number=serial,
                        state=BlankState.IN_STOCK,
                        is_sample=actor.is_sandbox,
                    )
                    blank.movements.append(
                        BlankMovement(state=BlankState.IN_STOCK, occurred_at=now, actor=actor.audit())
                    )
                    session.add(blank)
                session.add(
                    AuditEvent(
                        occurred_at=now,
                        action="blank_forms_received",
                        subject=authority_code,
                        detail={"form": form, "first": first, "last": last, "is_sample": actor.is_sandbox},
                        actor=actor.audit(),
                    )
                )
        except IntegrityError as error:
            raise ConflictError(
                f"{first} 至 {last} 中有已入库的编号。One of {first} to {last} was taken in before.",
                hint="Look at the stock, and take in the rest.",
            ) from error
        return len(serials)

    @retried
    def put_aside(
        self,
        authority_code: str,
        form: str,
        serial_numbers: Sequence[str],
        state: BlankState,
        reason: str,
        *,
        actor: Actor = OPERATOR,
    ) -> None:
        """Record forms in stock as spoiled or returned, all or none. ConflictError names one that is not in stock."""
        require_stock(actor, authority_code)
        if state not in (BlankState.SPOILED, BlankState.RETURNED):
            raise ValidationFailedError([FieldError("state", "NOT_ALLOWED", "只能作废或退回。Spoiled or returned.")])
        if not 0 < len(reason.strip()) <= _MOST_REASON:
            raise ValidationFailedError([FieldError("reason", "MISSING", "必填项缺失。Required, but missing.")])
        now = self._deps.clock()
        with self._deps.sessions.begin() as session:
            for serial in serial_numbers:
                blank = take_blank(session, authority_code, form, serial, is_sample=actor.is_sandbox)
                move_blank(blank, BlankMovement(state=state, occurred_at=now, reason=reason, actor=actor.audit()))
            session.add(
                AuditEvent(
                    occurred_at=now,
                    action=f"blank_forms_{state}",
                    subject=authority_code,
                    detail={
                        "form": form,
                        "serial_numbers": list(serial_numbers),
                        "reason": reason,
                        "is_sample": actor.is_sandbox,
                    },
                    actor=actor.audit(),
                )
            )

    def stock(self, authority_code: str, *, actor: Actor = OPERATOR) -> list[Stock]:
        """The stock of an authority by kind of form."""
        require_stock(actor, authority_code)
        with reading(self._deps.sessions) as session:
            counted = session.execute(
                select(BlankForm.form, BlankForm.state, func.count(), func.min(BlankForm.serial_number))
                .where(BlankForm.authority_code == authority_code, BlankForm.is_sample == actor.is_sandbox)
                .group_by(BlankForm.form, BlankForm.state)
                .order_by(BlankForm.form)
            ).all()
        forms: dict[str, dict[str, int]] = {}
        lowest: dict[str, str] = {}
        for form, state, count, serial in counted:
            forms.setdefault(form, {})[state] = count
            if state == BlankState.IN_STOCK:
                lowest[form] = serial
        return [Stock(authority_code, form, counts, lowest.get(form)) for form, counts in forms.items()]

    def kinds_with(self, authority_code: str, serial_number: str, *, actor: Actor = OPERATOR) -> list[str]:
        """The kinds of form that have this serial number in stock: one, as a rule, so that a scan says it all."""
        require_stock(actor, authority_code)
        query = select(BlankForm.form).where(
            BlankForm.authority_code == authority_code,
            BlankForm.serial_number == serial_number,
            BlankForm.state == BlankState.IN_STOCK,
            BlankForm.is_sample == actor.is_sandbox,
        )
        with reading(self._deps.sessions) as session:
            return list(session.scalars(query.order_by(BlankForm.form)))


def require_stock(actor: Actor, authority_code: str) -> None:
    """ForbiddenError unless the actor may handle this authority's forms."""
    actor.require(Scope.PAPERS_HANDLE, authority_code)


def take_blank(session: Session, authority_code: str, form: str, serial_number: str, *, is_sample: bool) -> BlankForm:
    """A form that is in the stock of samples or in the real one, locked.

    NotFoundError when it was never taken in there, ConflictError when it is used.
    """
    blank = session.scalar(
        select(BlankForm)
        .where(
            BlankForm.authority_code == authority_code,
            BlankForm.form == form,
            BlankForm.serial_number == serial_number,
            BlankForm.is_sample == is_sample,
        )
        .with_for_update()
    )
    if blank is None:
        raise NotFoundError(
            f"空白证照 {form} {serial_number} 未入库。The blank form {serial_number} was never taken in.",
            hint="Take the box in first, or check the number.",
        )
    if blank.state != BlankState.IN_STOCK:
        raise ConflictError(
            f"空白证照 {serial_number} 已不在库（{blank.state}）。The blank form {serial_number} is {blank.state}."
        )
    return blank


def move_blank(blank: BlankForm, movement: BlankMovement) -> None:
    """Record a movement and what it makes of the form."""
    blank.state = movement.state
    blank.movements.append(movement)
