"""What receivers hold is asked of them, and every difference is found, on record, and can be made good."""

import json

import pytest

from gateway.domain.deliveries import ConnectorKind
from gateway.errors import ConflictError, ReceiverUnavailableError
from gateway.persistence.models import AuditEvent
from gateway.services.delivery_reconciliation import FOLDER
from gateway.services.subscriptions import SubscriptionSpec
from tests.unit.services.test_connectors import connected, library_options
from tests.unit.services.test_deliveries import a_client, change, identifiers, later, run_dry


def test_what_a_publicity_system_lost_or_changed_is_found_and_sent_again(issued):
    with connected(issued, ConnectorKind.PUBLICITY) as (gateway, receiver, made):
        run_dry(gateway)
        agreed = gateway.delivery_reconciliation.compare(made)
        assert (agreed.compared, agreed.counts) == (len(identifiers(gateway)), {})
        lost, changed, *_ = list(receiver.records)
        del receiver.records[lost]
        receiver.records[changed] = receiver.records[changed] | {"XK_ZT": "2", "XK_NR": "别的"}
        receiver.records["a", "b", "外来"] = {"XK_XKJGDM": "a", "XK_XKZS": "b", "XK_XKBH": "外来"}
        found = gateway.delivery_reconciliation.compare(made, sends_again=True)
        assert (found.counts, found.sent_again) == ({"missing": 1, "different": 2, "unknown": 1}, 2)
        assert {d.field for d in found.drifts if d.kind == "different"} == {"XK_ZT", "XK_NR"}
        run_dry(gateway)
        assert gateway.delivery_reconciliation.compare(made).counts == {"unknown": 1}
        with gateway.deps.sessions() as session:
            notes = session.query(AuditEvent).filter(AuditEvent.action == "deliveries_reconciled").all()
        assert [note.detail["drifts"] for note in notes] == [{}, found.counts, {"unknown": 1}]


def test_decisions_that_are_not_public_after_seven_days_are_named(issued):
    with connected(issued, ConnectorKind.PUBLICITY) as (gateway, receiver, made):
        receiver.credentials = receiver.credentials | {"token": "another"}
        gateway.couriers.round()
        receiver.credentials = gateway.connectors._postings.credentials(gateway.subscriptions.get(made))
        assert gateway.delivery_reconciliation.compare(made).counts == {}
        later(gateway, days=8)
        receiver.clock = gateway.deps.clock
        assert gateway.delivery_reconciliation.compare(made).counts == {"late": len(identifiers(gateway))}


def test_the_library_and_the_platform_are_compared_too(issued):
    options = library_options(issued)
    with connected(issued, ConnectorKind.LICENCE_LIBRARY, "/license-app/v1", options=options) as (
        gateway,
        receiver,
        made,
    ):
        run_dry(gateway)
        codes = list(receiver.licences)
        del receiver.licences[codes[0]]
        receiver.licences[codes[1]]["license_status"] = "ABOLISHED"
        receiver.licences[codes[2]]["license_status"] = "CREATED"
        found = gateway.delivery_reconciliation.compare(made, sends_again=True)
        assert found.counts == {"missing": 2, "different": 1}
        run_dry(gateway)
        assert gateway.delivery_reconciliation.compare(made).counts == {} and receiver.refused == []
    with connected(issued, ConnectorKind.DATA_SHARING) as (gateway, receiver, made):
        change(gateway, identifiers(gateway)[0])
        run_dry(gateway)
        first = min(receiver.events)
        event = receiver.events.pop(first)
        receiver.events[10**6] = event
        found = gateway.delivery_reconciliation.compare(made, sends_again=True)
        assert found.counts == {"missing": 1, "unknown": 1}
        run_dry(gateway)
        assert receiver.events[first] == event


def test_every_day_each_receiver_is_compared_once(issued):
    with connected(issued, ConnectorKind.PUBLICITY) as (gateway, _, made):
        client = a_client(gateway)
        url = gateway.subscriptions.get(made).url
        hook = gateway.subscriptions.create(SubscriptionSpec("回调", ConnectorKind.WEBHOOK, url, client_id=client))
        run_dry(gateway)
        assert [gateway.delivery_reconciliation.daily() for _ in range(2)] == [1, 0]
        [file] = (gateway.settings.data_dir / FOLDER).iterdir()
        assert json.loads(file.read_text())["subscription_id"] == made
        with pytest.raises(ConflictError):
            gateway.delivery_reconciliation.compare(hook.id)


def test_a_receiver_that_does_not_answer_is_no_difference(issued):
    with connected(issued, ConnectorKind.PUBLICITY) as (gateway, receiver, made):
        run_dry(gateway)
        receiver.credentials = receiver.credentials | {"token": "another"}
        with pytest.raises(ReceiverUnavailableError):
            gateway.delivery_reconciliation.compare(made)
        assert not (gateway.settings.data_dir / FOLDER).exists()
