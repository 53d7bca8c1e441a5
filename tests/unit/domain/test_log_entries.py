"""Entries: one form, bound to every field, and nothing personal in them."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from gateway.domain.log_entries import LoggedEvent, canonical_json

EVENT = LoggedEvent(
    occurred_at=datetime(2026, 1, 1, 8, tzinfo=UTC),
    action="licence_status_changed",
    subject="1.2.156.1",
    detail={
        "status": "revoked",
        "effective_at": "2026-01-01T00:00:00+00:00",
        "reason": "王小明举报",
        "legal_ground": "法",
    },
    actor={"kind": "staff", "id": "wang", "name": "王小明"},
    salt="00" * 16,
)


def test_the_public_part_names_no_person_and_no_reason():
    entry = json.loads(EVENT.entry())
    assert entry["detail"] == {"status": "revoked", "effective_at": "2026-01-01T00:00:00+00:00"}
    assert entry["subject"] == "1.2.156.1"
    assert entry.keys() == {"version", "event_sm3", "occurred_at", "action", "subject", "detail"}
    assert "王" not in EVENT.entry().decode() and "wang" not in EVENT.entry().decode()


def test_an_action_that_nobody_listed_shows_neither_subject_nor_detail():
    entry = json.loads(replace(EVENT, action="staff_account_made", subject="王小明").entry())
    assert (entry["subject"], entry["detail"]) == (None, {})


@pytest.mark.parametrize(
    "change",
    [
        {"occurred_at": EVENT.occurred_at + timedelta(microseconds=1)},
        {"action": "licence_status_change"},
        {"subject": "1.2.156.2"},
        {"detail": {**EVENT.detail, "reason": "另一"}},
        {"actor": {**EVENT.actor, "name": "李"}},
        {"salt": "00" * 15 + "01"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_every_field_decides_the_entry(change):
    assert replace(EVENT, **change).entry() != EVENT.entry()


def test_the_form_does_not_depend_on_order_or_zone():
    shifted = EVENT.occurred_at.astimezone(timezone(timedelta(hours=8)))
    turned = dict(reversed(EVENT.detail.items()))
    assert replace(EVENT, occurred_at=shifted, detail=turned).entry() == EVENT.entry()
    assert canonical_json({"b": "证", "a": [1, None]}) == '{"a":[1,null],"b":"证"}'.encode()


def test_the_salt_keeps_two_like_events_apart():
    assert replace(EVENT, salt="ff" * 16).commitment() != EVENT.commitment()
