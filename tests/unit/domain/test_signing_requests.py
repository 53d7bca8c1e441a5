"""The states of signing requests under every order of steps."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.signing_reasons import REFUSAL_WORDS, SigningReason
from gateway.domain.signing_requests import ROLE_WORDS, STATE_WORDS, SignerRole, SigningState, Standing, Step
from gateway.errors import TransitionRefusedError

START = datetime(2030, 1, 1, tzinfo=UTC)
LIFE = timedelta(minutes=10)
NEW = Standing(SigningState.CREATED, START + LIFE)
REASONS = st.sampled_from((SigningReason.CANCELLED, SigningReason.DOCUMENT_ALTERED, SigningReason.TOO_MANY_REFUSALS))
STEPS = st.lists(st.tuples(st.sampled_from(Step), st.integers(0, 120), REASONS), max_size=25)


def walk(steps):
    """(standing before, instant, standing after) of each step; those that are refused change nothing."""
    standing, now = NEW, START
    for step, seconds, reason in steps:
        now += timedelta(seconds=seconds)
        before = standing
        with suppress(TransitionRefusedError):
            standing = standing.after(step, now, reason if step is Step.FAIL else None)
        yield before, now, standing


@given(STEPS)
def test_what_is_final_stays_and_what_was_received_is_never_lost(steps):
    for before, _, after in walk(steps):
        assert after.is_final == (after.finished_at is not None)
        if before.is_final:
            assert after == before
        if before.received_at is not None:
            assert after.received_at == before.received_at
            assert after.state in (SigningState.PRESENTED, SigningState.SIGNED, SigningState.FAILED)
        if after.state is SigningState.SIGNED:
            assert after.received_at is not None
            assert after.received_at < after.expires_at
        if after.state in (SigningState.DECLINED, SigningState.EXPIRED):
            assert after.received_at is None
        assert (after.reason_code is not None) == (after.state is SigningState.FAILED)


@given(STEPS, st.sampled_from(Step), REASONS)
def test_a_step_that_was_taken_may_be_repeated(steps, step, reason):
    """A phone that posts twice, or late, does no harm."""
    standing, now = NEW, START
    for _, at, after in walk(steps):
        standing, now = after, at
    given_reason = reason if step is Step.FAIL else None
    try:
        once = standing.after(step, now, given_reason)
    except TransitionRefusedError:
        return
    if step is Step.RECEIVE:
        with pytest.raises(TransitionRefusedError):
            once.after(step, now)
    else:
        assert once.after(step, now + LIFE * 3, given_reason) in (once, once.at(now + LIFE * 3))


@given(STEPS, st.integers(0, 3600))
def test_the_clock_expires_what_nobody_signed_and_nothing_else(steps, later):
    for _, now, after in walk(steps):
        seen = after.at(now + timedelta(seconds=later))
        is_over = now + timedelta(seconds=later) >= after.expires_at
        waits = not after.is_final and after.received_at is None
        assert (seen.state is SigningState.EXPIRED) == (after.state is SigningState.EXPIRED or (waits and is_over))
        assert seen.at(now + timedelta(seconds=later)) == seen


def test_the_usual_way():
    now = START + timedelta(seconds=1)
    presented = NEW.after(Step.PRESENT, now)
    received = presented.after(Step.RECEIVE, now)
    late = START + LIFE * 2
    assert received.at(late).state is SigningState.PRESENTED
    signed = received.after(Step.COMPLETE, late)
    assert (signed.state, signed.finished_at, signed.presented_at) == (SigningState.SIGNED, late, now)
    with pytest.raises(TransitionRefusedError, match="signed"):
        signed.after(Step.FAIL, late, SigningReason.CANCELLED)


def test_a_signature_after_the_end_is_refused():
    with pytest.raises(TransitionRefusedError, match="expired"):
        NEW.after(Step.RECEIVE, START + LIFE)


def test_everything_has_its_words_in_both_languages():
    tables = [STATE_WORDS, ROLE_WORDS, REFUSAL_WORDS]
    assert all(zh and en for table in tables for zh, en in table.values())
    assert set(STATE_WORDS) == set(SigningState)
    assert set(ROLE_WORDS) == set(SignerRole)
    assert set(SigningReason) <= set(REFUSAL_WORDS)
