"""What is past its time goes, in portions and on record; nothing else does, and nobody loses what is needed of it."""

import json
from datetime import timedelta

import pytest

from gateway.background import rounds
from gateway.domain.deliveries import ConnectorKind, DeliveryState
from gateway.errors import ConflictError
from gateway.persistence.models import AccessRecord, AuditEvent, Delivery, IdempotencyRecord, LogLeaf, UsedNonce
from gateway.services import retention
from gateway.services.retention import REPORT
from tests.conftest import container_at
from tests.receivers import receiving
from tests.unit.services.test_connectors import connected
from tests.unit.services.test_deliveries import a_client, allowing, change, identifiers, later, run_dry, subscribe


def read_on_record(container, client_id, at, count):
    with container.deps.sessions.begin() as session:
        session.add_all(
            AccessRecord(
                accessed_at=at,
                client_id=client_id,
                subject=f"licence {number}",
                route="/",
                fields=[],
                elements={},
                request_id=f"r{number}",
                result=200,
                address="",
            )
            for number in range(count)
        )


def counted(container, kind, *where):
    with container.deps.sessions() as session:
        return session.query(kind).filter(*where).count()


def purges(container):
    with container.deps.sessions() as session:
        query = session.query(AuditEvent).filter(AuditEvent.action == "records_purged").order_by(AuditEvent.id)
        return [(event.detail, event.actor["kind"]) for event in query]


def test_each_portion_is_on_record_and_a_run_ends_at_its_limit(fresh, monkeypatch):
    monkeypatch.setattr(retention, "PORTION", 4)
    client, now = a_client(fresh), fresh.deps.clock()
    read_on_record(fresh, client, now - timedelta(days=1097), 14)
    read_on_record(fresh, client, now - timedelta(days=1095), 3)
    job = container_at(fresh.settings.data_dir, retention_rows=6).retention
    dry = job.purge(dry_run=True)
    assert (dry.counts["access_records"], dry.is_complete, counted(fresh, AccessRecord)) == (14, True, 17)
    told = []
    first = job.purge(progress=lambda *portion: told.append(portion))
    assert (first.counts["access_records"], first.is_complete) == (6, False)
    assert told == [("access_records", 4), ("access_records", 2)]
    assert job.daily(), "there is more: it is to be called again soon"
    assert not job.daily()
    assert counted(fresh, AccessRecord) == 3
    assert purges(fresh) == [({"access_records": number}, "system") for number in (4, 2, 4, 2, 2)]
    assert not (set(dry.counts) ^ set(first.counts)), "every kind is named, dry or not"


def test_a_removal_that_is_not_on_record_does_not_happen(fresh, monkeypatch):
    read_on_record(fresh, a_client(fresh), fresh.deps.clock() - timedelta(days=1097), 2)
    monkeypatch.setattr(retention, "_event", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        fresh.retention.purge()
    assert counted(fresh, AccessRecord) == 2


def test_what_has_a_key_of_several_columns_goes_too(fresh):
    now, client = fresh.deps.clock(), a_client(fresh)
    with fresh.deps.sessions.begin() as session:
        for name, ends in (("old", now - timedelta(1)), ("new", now + timedelta(1))):
            own = {"client_id": client, "key": name, "request_sm3": "d", "holder": "h", "leased_until": now}
            session.add(IdempotencyRecord(**own, headers={}, body=b"", expires_at=ends))
            session.add(UsedNonce(digest=name, expires_at=ends))
    counts = fresh.retention.purge().counts
    assert (counts["kept_answers"], counts["nonces"], purges(fresh)) == (1, 1, [])
    with fresh.deps.sessions() as session:
        assert [row.key for row in session.query(IdempotencyRecord)] == ["new"]


def test_a_day_has_one_run_also_after_a_report_that_was_cut_short(fresh):
    task = rounds(fresh, lambda: False)["retention"]
    assert task() > 60
    report = fresh.settings.data_dir / REPORT
    written = report.read_text()
    assert json.loads(written)["is_complete"]
    read_on_record(fresh, a_client(fresh), fresh.deps.clock() - timedelta(days=1097), 1)
    task()
    assert counted(fresh, AccessRecord) == 1, "the day had its run"
    report.write_text(written[:20])
    task()
    assert counted(fresh, AccessRecord) == 0
    later(fresh, days=1)
    task()
    assert json.loads(report.read_text())["day"] > json.loads(written)["day"]


def test_deliveries_go_when_they_were_taken_and_a_replay_is_told_from_where_they_are_whole(issued):
    issued.log.sequence()
    with receiving() as receiver:
        gateway = allowing(issued, receiver.port)
        made, other = subscribe(gateway, receiver.url).id, subscribe(gateway, receiver.url).id
        run_dry(gateway)
        leaves = counted(gateway, LogLeaf)
        later(gateway, days=91)
        change(gateway, identifiers(gateway)[0])
        run_dry(gateway)
        kept = gateway.deps.clock() - timedelta(days=1)
        gone = counted(gateway, Delivery, Delivery.delivered_at < kept)
        assert gateway.retention.purge().counts["deliveries"] == gone > 0
        assert counted(gateway, Delivery) == counted(gateway, Delivery, Delivery.delivered_at >= kept) == 4
        assert counted(gateway, LogLeaf) > leaves, "the feed of events stays whole"
        floor = gateway.subscriptions.get(made).pruned_through
        with pytest.raises(ConflictError, match=str(floor + 1)):
            gateway.delivery_letters.replay(made, floor)
        assert gateway.delivery_letters.replay(other, floor + 1) == 2
        before = len(receiver.events)
        run_dry(gateway)
        assert len(receiver.events) == before + 2
        gateway.deps.engine.dispose()


def test_what_waits_is_dead_or_is_compared_every_day_stays(issued):
    with connected(issued, ConnectorKind.PUBLICITY) as (gateway, receiver, made):
        change(gateway, identifiers(gateway)[0], times=2)
        run_dry(gateway)
        with gateway.deps.sessions.begin() as session:
            newest = session.query(Delivery).order_by(Delivery.position.desc()).first()
            own = session.query(Delivery).filter(Delivery.licence_id == newest.licence_id)
            dead = own.order_by(Delivery.position).first()
            dead.state, dead_id = DeliveryState.DEAD, dead.id
        later(gateway, days=91)
        receiver.clock = gateway.deps.clock
        before = gateway.delivery_reconciliation.compare(made)
        assert gateway.retention.purge().counts["deliveries"] == 3, "of five the last and the dead one stay"
        assert counted(gateway, Delivery, Delivery.id == dead_id) == 1
        after = gateway.delivery_reconciliation.compare(made)
        assert (after.compared, after.counts) == (before.compared, before.counts)
        assert after.compared == len(identifiers(gateway)) - 1, "what is dead is not compared until a person decides"
