from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.status import LicenceStatus, StatusTransition, status_at

START = datetime(2024, 1, 1, tzinfo=UTC)


def at(days):
    return START + timedelta(days=days)


def ask(*changes, day, valid_until=date(2029, 1, 1)):
    transitions = [StatusTransition(status, at(d), at(d)) for status, d in changes]
    return status_at(transitions, valid_from=date(2024, 1, 10), valid_until=valid_until, at=at(day))


@pytest.mark.parametrize(
    ("changes", "day", "expected"),
    [
        ((("valid", 0),), 20, "valid"),
        ((("valid", 0),), 2, "not_yet_valid"),
        ((("valid", 0),), 3000, "expired"),
        ((("valid", 0), ("suspended", 30)), 29, "valid"),
        ((("valid", 0), ("suspended", 30)), 30, "suspended"),
        ((("valid", 0), ("suspended", 30), ("valid", 40)), 50, "valid"),
        ((("valid", 0), ("revoked", 30)), 3000, "revoked"),
        ((("valid", 0), ("revoked", 400)), 100, "valid"),
        ((("valid", 0), ("suspended", 30), ("valid", 30)), 30, "valid"),
        ((), 20, "valid"),
    ],
)
def test_status_on_a_day(changes, day, expected):
    assert ask(*changes, day=day) == expected


def test_the_last_day_counts_in_china():
    until = date(2024, 6, 1)
    evening_in_china = datetime(2024, 6, 1, 15, 59, tzinfo=UTC)
    midnight_in_china = datetime(2024, 6, 1, 16, 0, tzinfo=UTC)
    span = {"valid_from": date(2024, 1, 1), "valid_until": until}
    assert status_at((), at=evening_in_china, **span) == "valid"
    assert status_at((), at=midnight_in_china, **span) == "expired"


@given(st.lists(st.tuples(st.sampled_from(LicenceStatus), st.integers(0, 100)), max_size=8), st.integers(10, 100))
def test_agrees_with_a_naive_replay(changes, day):
    expected = LicenceStatus.VALID
    for status, _ in sorted((c for c in changes if c[1] <= day), key=lambda c: c[1]):
        expected = status
    assert ask(*sorted(changes, key=lambda c: c[1]), day=day, valid_until=None) == expected
