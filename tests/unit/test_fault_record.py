"""The fault record is made of runs, and the published one holds every fault."""

import re

from tests.faults.__main__ import PAGE, cells, names, page
from tests.faults.result import FaultResult

HELD = FaultResult("killed", 3, 3, "seen", lost=0, doubled=0)


def test_a_fault_is_taken_only_when_nothing_is_wrong_lost_or_doubled():
    assert HELD.held
    for change in ({"survived": 2}, {"rounds": 0, "survived": 0}, {"lost": 1}, {"doubled": 1}, {"wrong": 1}):
        assert not FaultResult(**{**vars(HELD), **change}).held


def test_what_does_not_apply_is_a_dash_and_what_was_counted_a_number():
    assert cells(HELD) == ["killed", "3", "3", "—", "0", "0", "", "seen"]


def test_a_page_tells_each_run_and_the_sum():
    broken = FaultResult("bent | twice", 2, 1, "BREACH", wrong=1)
    run = {"finished_at": "2026-01-02T03:04:05+00:00", "revision": "abc"}
    text = page({name: run | {"results": [vars(result)]} for name, result in (("a", HELD), ("b", broken))})
    assert "5 rounds, 1 wrong verdicts, 0 lost, 0 doubled; 1 of 2 faults taken" in text.replace("\n", " ")
    assert "| bent \\| twice | 2 | 1 | 1 | — | — |  | BREACH | `b` 2026-01-02 abc |" in text


def test_the_published_record_tells_of_every_fault_how_it_was_run_or_that_it_was_not():
    text = PAGE.read_text()
    table, _, rest = text.partition("Not run for this record: ")
    run, missing = set(re.findall(r"\| `(\w+)` \d{4}-\d\d-\d\d ", table)), set(re.findall(r"`(\w+)`", rest))
    assert run | missing == set(names())
    assert run.isdisjoint(missing)
