"""A sequence of random transitions against a naive model that keeps one answer for every day."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from gateway.domain.status import (
    DayAnswer,
    LicenceStatus,
    StatusTransition,
    check_transition,
    day_start,
    in_force_on,
    status_at,
    status_periods,
)
from gateway.errors import TransitionRefusedError

FIRST, LAST = date(2024, 1, 1), date(2024, 3, 31)
DAYS = [FIRST + timedelta(days=n) for n in range(-5, 96)]
RECORDED = datetime(2024, 1, 1, tzinfo=UTC)
MAY_FOLLOW = {
    "valid": {"suspended", "revoked", "withdrawn", "cancelled", "superseded"},
    "suspended": {"valid", "revoked", "withdrawn", "cancelled", "superseded"},
    "revoked": {"valid"},
    "withdrawn": {"valid"},
    "cancelled": {"valid"},
    "superseded": {"revoked", "withdrawn", "cancelled"},
}
"""Written out once more, from the issue and the law, not from the code."""


class Model:
    """Transitions at the start of days; the answer of a day is found by walking from the first day on."""

    def __init__(self, first=FIRST, last=LAST, days=DAYS):
        self.first, self.last, self.days = first, last, days
        self.by_day = {first: ["valid"]}

    def accepts(self, day, status):
        """Whether the chain over all days still holds with one more change at the end of ``day``'s changes."""
        chain = []
        for each in sorted({*self.by_day, day}):
            chain += self.by_day.get(each, []) + ([status] if each == day else [])
        return chain[0] == "valid" and all(b in MAY_FOLLOW[a] for a, b in pairwise(chain))

    def statuses(self):
        """The answer of every day, kept up to date by walking over the days once."""
        answers, latest = {}, "valid"
        for day in self.days:
            latest = self.by_day.get(day, [latest])[-1]
            calendar = "not_yet_valid" if day < self.first else "expired" if day > self.last else "valid"
            answers[day] = calendar if latest == "valid" else latest
        return answers


class Histories(RuleBasedStateMachine):
    """One licence; changes are recorded in any order, each for any day."""

    accepted = 0
    """Transitions that were recorded in all runs together."""

    def __init__(self):
        super().__init__()
        self.model = Model()
        self.recorded = [StatusTransition("valid", day_start(FIRST), RECORDED)]

    @rule(status=st.sampled_from(LicenceStatus), day=st.sampled_from(DAYS))
    def change(self, status, day):
        at = RECORDED + timedelta(seconds=len(self.recorded))
        new = StatusTransition(status, day_start(day), at)
        try:
            check_transition(self.recorded, new)
        except TransitionRefusedError:
            assert not self.model.accepts(day, status)
            return
        assert self.model.accepts(day, status)
        self.recorded.append(new)
        self.model.by_day.setdefault(day, []).append(str(status))
        Histories.accepted += 1

    @rule(day=st.sampled_from(DAYS), choice=st.integers(0, 5))
    def change_as_may_be(self, day, choice):
        """What stands in the way of nothing: most random changes are refused once a licence has a past."""
        if possible := [status for status in LicenceStatus if self.model.accepts(day, status)]:
            self.change(possible[choice % len(possible)], day)

    def teardown(self):
        """After each sequence every day agrees, and the periods have neither gap nor overlap."""
        span = {"valid_from": FIRST, "valid_until": LAST}
        periods = status_periods(self.recorded, **span)
        for day, expected in self.model.statuses().items():
            assert status_at(self.recorded, at=day_start(day) + timedelta(hours=9), **span) == expected
            assert in_force_on(periods, day) is (DayAnswer.YES if expected == "valid" else DayAnswer.NO)
        assert periods[0].since is None
        assert periods[-1].until is None
        for before, after in pairwise(periods):
            assert before.until == after.since
            assert before.status != after.status


def test_ten_thousand_transitions_agree_with_the_model_for_every_day():
    rounds = settings(max_examples=100, stateful_step_count=100, deadline=None)
    while Histories.accepted < 10_000:
        run_state_machine_as_test(Histories, settings=rounds)


def test_a_change_in_the_middle_of_a_day_splits_it():
    noon = day_start(date(2024, 2, 1)) + timedelta(hours=12)
    changes = [StatusTransition("valid", day_start(FIRST), RECORDED), StatusTransition("suspended", noon, RECORDED)]
    periods = status_periods(changes, valid_from=FIRST, valid_until=LAST)
    assert in_force_on(periods, date(2024, 2, 1)) is DayAnswer.PART_OF_DAY
