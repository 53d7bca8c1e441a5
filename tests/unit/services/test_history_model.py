"""What the register answers for every date, on both databases, against the naive model of the domain's tests."""

from copy import deepcopy
from datetime import date, timedelta
from random import Random

from gateway.container import Container
from gateway.domain.status import DayAnswer, china_day, day_start
from gateway.errors import TransitionRefusedError
from gateway.services.status_changes import StatusDecision
from tests.console_office import MovingClock
from tests.unit.domain.test_status_history import Model

ATTEMPTS = 150
CHANGES = ("valid", "suspended", "revoked", "withdrawn", "cancelled")
WEIGHTS = (6, 6, 1, 1, 1)
"""What ends a licence comes seldom, or else nothing could follow."""


def test_random_changes_in_any_order_agree_with_the_model_for_every_date_and_knowledge(fresh, applications):
    clock = MovingClock()
    container = Container(fresh.settings, clock)
    licence = container.licences.issue(applications[1])
    identifier = licence.licence_identifier
    first, last = (date.fromisoformat(applications[1][name]) for name in ("YXQKSRQ", "YXQJSRQ"))
    days = [first + timedelta(days=n) for n in range(-5, (last - first).days + 6)]
    model, chance, known = Model(first, last, days), Random(20), []
    for _ in range(ATTEMPTS):
        (status,) = chance.choices(CHANGES, WEIGHTS)
        day = chance.choice(days)
        decision = StatusDecision(status, "《行政许可法》", "随机", effective_at=day_start(day))
        known.append((clock(), deepcopy(model)))
        # Two changes of one second are known together.
        clock.advance(seconds=2)
        try:
            container.status_changes.record(identifier, decision)
        except TransitionRefusedError:
            assert not model.accepts(day, status), (status, day)
            known.pop()
            continue
        assert model.accepts(day, status), (status, day)
        model.by_day.setdefault(day, []).append(status)
    assert len(known) >= 10
    history = container.histories.of(identifier)
    assert len(history.changes) == len(known) + 1
    agrees(history, model)
    # As it stood before any of the changes was recorded: nothing that came later rewrote it.
    for instant, before in known:
        agrees(container.histories.of(identifier, known_at=instant), before)
    shown = container.licences.public_answer(identifier).listed
    assert shown.status == model.statuses()[china_day(clock())]
    container.deps.engine.dispose()


def agrees(history, model):
    for day, expected in model.statuses().items():
        assert history.in_force_on(day) is (DayAnswer.YES if expected == "valid" else DayAnswer.NO), day
