"""Tests that measure run alone: while one does, the other processes of pytest-xdist wait (marker ``alone``)."""

import fcntl
from contextlib import contextmanager
from pathlib import Path

import pytest

_FLOOR, _GATE = Path(__file__), Path(__file__).with_name("conftest.py")
"""Any two files that are there serve to lock by."""


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item):
    """Before the timer of pytest-timeout, so that no wait counts."""
    if not hasattr(item.config, "workerinput"):
        return (yield)
    with _turn(is_alone=item.get_closest_marker("alone") is not None):
        return (yield)


@contextmanager
def _turn(*, is_alone):
    with _FLOOR.open() as floor, _GATE.open() as gate:
        # Who wants to be alone holds the gate while the others end; else there would always be one more of them.
        fcntl.flock(gate, fcntl.LOCK_EX)
        fcntl.flock(floor, fcntl.LOCK_EX if is_alone else fcntl.LOCK_SH)
        fcntl.flock(gate, fcntl.LOCK_UN)
        yield
