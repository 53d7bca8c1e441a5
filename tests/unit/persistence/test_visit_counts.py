import os
import signal
from multiprocessing import get_context

import pytest

from gateway.persistence.visit_counts import VisitCounts


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def counts(clock):
    return VisitCounts(clock)


def test_a_limit_fills_again_evenly(counts, clock):
    assert [counts.wait_for("a", 60) for _ in range(60)] == [0.0] * 60
    assert counts.wait_for("a", 60) == pytest.approx(1)
    clock.now += 2
    assert [counts.wait_for("a", 60) > 0 for _ in range(3)] == [False, False, True]
    assert counts.wait_for("b", 60) == 0
    assert [counts.wait_for("c", 0) for _ in range(3)] == [0, 0, 0]


@pytest.mark.parametrize("per_minute", [1, 7, 240, 600, 997])
def test_as_many_as_the_limit_come_at_once_and_in_each_minute_after(counts, clock, per_minute):
    assert sum(counts.wait_for("a", per_minute) == 0 for _ in range(per_minute + 5)) == per_minute
    clock.now += 60
    assert sum(counts.wait_for("a", per_minute) == 0 for _ in range(per_minute + 5)) == per_minute


def test_a_wait_that_was_told_is_long_enough(counts, clock):
    for _ in range(7):
        counts.wait_for("a", 7)
    clock.now += counts.wait_for("a", 7)
    assert counts.wait_for("a", 7) == 0


def test_a_place_takes_its_seconds_and_no_more_at_any_instant(counts, clock):
    # Floating point numbers get coarser at each power of two.
    for seventh in range(100):
        clock.now = 65_522 + seventh / 7
        assert [counts.queue(str(seventh), 15) for _ in range(3)] == [15, 30, 45]


def test_places_in_the_queue_come_one_after_the_other(counts, clock):
    assert [counts.queue("a", 15) for _ in range(3)] == [15, 30, 45]
    assert counts.queue("b", 15) == 15
    counts.queue("a", -15)
    assert counts.queue("a", 15) == 45
    clock.now += 100
    assert counts.queue("a", 15) == 15


def test_what_was_claimed_is_taken_until_its_time_is_over(counts, clock):
    assert [counts.claim("a", 10), counts.claim("a", 10), counts.claim("b", 10)] == [True, False, True]
    clock.now += 11
    assert counts.claim("a", 10)


def test_many_keys_push_out_limits_but_never_claims(counts):
    keys = [f"key {number}" for number in range(80_000)]
    taken = [key for key in keys if counts.claim(key, 60)]
    # No room is a refusal: nothing that was claimed can be claimed again.
    assert 60_000 < len(taken) < 65_537
    assert not any(counts.claim(key, 60) for key in taken)
    assert all(counts.wait_for(key, 600) == 0 for key in keys)


def asking(counts, answers):
    answers.put(sum(counts.wait_for("a", 300) == 0 for _ in range(200)) + 1000 * counts.claim("b", 60))


def test_processes_that_forked_count_together():
    context, counts = get_context("fork"), VisitCounts()
    answers = context.Queue()
    processes = [context.Process(target=asking, args=(counts, answers)) for _ in range(4)]
    for process in processes:
        process.start()
    found = [answers.get(timeout=60) for _ in processes]
    for process in processes:
        process.join()
    # What is refilled while 800 ask is little.
    assert 300 <= sum(each % 1000 for each in found) <= 360
    assert sum(each // 1000 for each in found) == 1


def test_a_process_that_is_killed_keeps_nobody_waiting():
    context, counts = get_context("fork"), VisitCounts()
    held = context.Event()

    def in_the_middle(at, others_end):
        held.set()
        signal.pause()

    def hold():
        counts._changed("a", 0, in_the_middle)

    process = context.Process(target=hold)
    process.start()
    assert held.wait(60)
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    assert counts.wait_for("a", 60) == 0
