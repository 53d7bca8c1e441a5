"""Deliveries to real receivers: nothing lost, in order of each licence, whatever the receiver does."""

import threading
from datetime import timedelta

import pytest

from gateway.domain.actors import Scope
from gateway.domain.deliveries import ConnectorKind, DeliveryState, Signing
from gateway.domain.signing_orders import DocumentOrder, SigningOrder
from gateway.domain.signing_requests import DocumentForm
from gateway.domain.status import LicenceStatus
from gateway.errors import ConflictError, NotFoundError, ValidationFailedError
from gateway.persistence.models import AuditEvent, Delivery, LicenceVersion, SubscriptionSecret
from gateway.services.clients import ClientChange, ClientSpec
from gateway.services.deliveries import LEASE
from gateway.services.events import START, EventFilter, read_page
from gateway.services.status_changes import StatusDecision
from gateway.services.subscriptions import SubscriptionSpec
from tests.conftest import container_at
from tests.phones import ROLE, phone_of
from tests.receivers import Receiver, receiving


@pytest.fixture
def receiver():
    with receiving() as found:
        yield found


@pytest.fixture
def gateway(issued, receiver):
    """The gateway with all sample licences, allowed to send to the receiver."""
    issued.log.sequence()
    container = allowing(issued, receiver.port)
    yield container
    container.deps.engine.dispose()


def allowing(container, *ports, **settings):
    origins = tuple(f"http://127.0.0.1:{port}=127.0.0.0/8" for port in ports)
    return container_at(
        container.settings.data_dir, **{"delivery_origins": origins, "delivery_seconds": 1.0} | settings
    )


def a_client(container, **limits):
    everywhere = frozenset(container.catalogue.load().authorities_by_code)
    limits = {"authority_codes": everywhere} | limits
    return container.clients.create(ClientSpec("监管平台", "测试部门", frozenset({Scope.EVENTS_READ}), **limits))


def subscribe(container, url, **options):
    client = options.pop("client_id", None) or a_client(container)
    spec = {"kind": ConnectorKind.WEBHOOK, "from_start": True, "client_id": client} | options
    return container.subscriptions.create(SubscriptionSpec("监管平台", url=url, **spec))


def later(container, **gap):
    moment = container.deps.clock() + timedelta(**gap)
    object.__setattr__(container.deps, "clock", lambda: moment)


def run_dry(container, **gap):
    """Rounds until nothing is tried; with ``gap`` the clock goes on in between, until nothing is left that can be sent."""
    for _ in range(60):
        tried = container.couriers.round()
        if not tried and (not gap or not open_deliveries(container)):
            return
        if gap:
            later(container, **gap)
    raise AssertionError("it does not end")


def open_deliveries(container):
    with container.deps.sessions() as session:
        return session.query(Delivery).filter(Delivery.state == DeliveryState.PENDING).count()


def all_events(container):
    with container.deps.sessions() as session:
        return read_page(session, START, 200, EventFilter()).events


def change(container, identifier, times=1):
    for _ in range(times):
        for status in (LicenceStatus.SUSPENDED, LicenceStatus.VALID):
            container.status_changes.record(identifier, StatusDecision(status, "《某法》第一条", "整改"))
    container.log.sequence()


def identifiers(container):
    with container.deps.sessions() as session:
        return [row.licence_identifier for row in session.query(LicenceVersion).all()]


def assert_whole(container, receiver):
    """Each event came, and of each licence in order; an event that came again did so before the next one."""
    expected = [str(event.position) for event in all_events(container)]
    got = [event["id"] for event in receiver.events]
    assert sorted(set(got), key=int) == expected
    for subject in {event["subject"] for event in receiver.events}:
        own = [int(event["id"]) for event in receiver.events if event["subject"] == subject]
        assert own == sorted(own), subject


def test_every_event_comes_once_when_all_goes_well(gateway, receiver):
    subscribe(gateway, receiver.url)
    change(gateway, identifiers(gateway)[0], times=3)
    run_dry(gateway)
    assert_whole(gateway, receiver)
    assert len(receiver.events) == len(all_events(gateway))
    assert receiver.events[0] == all_events(gateway)[0].to_json(gateway.settings.public_base_url)
    [view] = gateway.delivery_letters.receivers()
    assert (view.pending, view.dead, view.delivered, view.behind) == (0, 0, len(receiver.events), view.behind)


def test_a_new_receiver_is_told_what_happens_from_now_on(gateway, receiver):
    subscribe(gateway, receiver.url, from_start=False)
    run_dry(gateway)
    assert receiver.events == []
    change(gateway, identifiers(gateway)[0])
    run_dry(gateway)
    assert [event["data"]["detail"]["status"] for event in receiver.events] == ["suspended", "valid"]


@pytest.mark.parametrize("fault", [500, 503, 404, 307, "slow", "lost"])
def test_faults_of_the_receiver_lose_nothing_and_keep_the_order(gateway, receiver, fault):
    subscribe(gateway, receiver.url)
    change(gateway, identifiers(gateway)[0], times=2)
    receiver.answers = [fault, 200, fault, fault, 200, fault]
    run_dry(gateway, hours=12)
    assert_whole(gateway, receiver)
    assert all(path == "/hooks" for path, _, _ in receiver.taken), "redirections are not followed"


def test_a_receiver_that_is_down_is_probed_and_gets_everything_when_it_is_back(issued):
    issued.log.sequence()
    with receiving() as receiver:
        port = receiver.port
    gateway = allowing(issued, port)
    subscribe(gateway, receiver.url)
    assert gateway.couriers.round() == 1, "the first one finds that it is away, and the rest waits"
    assert gateway.couriers.round() == 0
    later(gateway, minutes=10)
    assert gateway.couriers.round() == 1
    with gateway.deps.sessions() as session:
        assert sum(row.attempts for row in session.query(Delivery)) == 2
    with receiving(port=port) as back:
        later(gateway, minutes=10)
        run_dry(gateway)
        assert_whole(gateway, back)
        assert len(back.events) == len(all_events(gateway))
    gateway.deps.engine.dispose()


def test_one_event_that_is_refused_holds_its_own_licence_only_until_a_person_decides(issued, receiver):
    issued.log.sequence()
    gateway = allowing(issued, receiver.port, delivery_attempts=2)
    first, second, *_ = identifiers(gateway)
    made = subscribe(gateway, receiver.url, from_start=False)
    change(gateway, first, times=2)
    receiver.answers = [422, 422]
    gateway.couriers.round()
    later(gateway, hours=1)
    gateway.couriers.round()
    change(gateway, second)
    run_dry(gateway)
    assert {event["subject"] for event in receiver.events} == {second}
    [dead] = gateway.delivery_letters.listed(DeliveryState.DEAD)
    assert (dead.last_status, dead.attempts, dead.subscription_id) == (422, 2, made.id)
    with gateway.deps.sessions() as session:
        assert session.query(AuditEvent).filter(AuditEvent.action == "delivery_given_up").count() == 1
    gateway.delivery_letters.retry(dead.id)
    run_dry(gateway)
    assert [e["data"]["detail"]["status"] for e in receiver.events if e["subject"] == first] == [
        "suspended",
        "valid",
        "suspended",
        "valid",
    ]
    with pytest.raises(ConflictError):
        gateway.delivery_letters.retry(dead.id)
    gateway.deps.engine.dispose()


def test_a_dead_letter_that_is_left_out_lets_the_next_ones_go(issued, receiver):
    issued.log.sequence()
    gateway = allowing(issued, receiver.port, delivery_attempts=1)
    made = subscribe(gateway, receiver.url, from_start=False)
    change(gateway, identifiers(gateway)[0])
    receiver.answers = [400]
    run_dry(gateway)
    [dead] = gateway.delivery_letters.listed(DeliveryState.DEAD, subscription_id=made.id)
    assert receiver.events == []
    gateway.delivery_letters.skip(dead.id)
    run_dry(gateway)
    assert [event["data"]["detail"]["status"] for event in receiver.events] == ["valid"]
    assert gateway.delivery_letters.retry_all(made.id) == 0
    gateway.deps.engine.dispose()


def test_replay_sends_again_from_a_cursor_under_the_same_names(gateway, receiver):
    made = subscribe(gateway, receiver.url)
    run_dry(gateway)
    before = list(receiver.taken)
    cursor = all_events(gateway)[-3].position
    assert gateway.delivery_letters.replay(made.id, cursor) == 3
    run_dry(gateway)
    again = receiver.taken[len(before) :]
    assert [body for _, _, body in again] == [body for _, _, body in before[-3:]]
    assert [h["webhook-id"] for _, h, _ in again] == [h["webhook-id"] for _, h, _ in before[-3:]]
    late = subscribe(gateway, receiver.url, from_start=False)
    assert gateway.delivery_letters.replay(late.id, 0) == 0, "what was never queued is queued then"
    run_dry(gateway)
    assert len(receiver.taken) == len(before) * 2 + 3


def test_a_sender_that_dies_is_replaced_when_its_lease_ends(gateway, receiver):
    made = subscribe(gateway, receiver.url)
    dead = gateway.deliveries.take(made.id)
    assert len(dead.deliveries) > 1
    taken = {each.position for each in dead.deliveries}
    run_dry(gateway)
    assert not taken & {int(event["id"]) for event in receiver.events}, "as long as it may live"
    later(gateway, seconds=LEASE.total_seconds() + 1)
    run_dry(gateway)
    assert_whole(gateway, receiver)
    # It was not dead after all: what it says now does not count.
    with gateway.deps.sessions() as session:
        before = {row.id: row.attempts for row in session.query(Delivery)}
    from gateway.domain.deliveries import DeliveryFailedError

    gateway.deliveries.failed(dead, dead.deliveries[0], DeliveryFailedError("HTTP 500", status=500))
    with gateway.deps.sessions() as session:
        assert {row.id: row.attempts for row in session.query(Delivery)} == before


def test_several_senders_at_once_send_each_event_once_and_in_order(gateway, receiver):
    subscribe(gateway, receiver.url)
    for identifier in identifiers(gateway)[:4]:
        change(gateway, identifier, times=3)
    containers = [allowing(gateway, receiver.port) for _ in range(4)]
    failures = []

    def work(container):
        try:
            idle = 0
            while idle < 4:
                idle = 0 if container.couriers.round() else idle + 1
        except Exception as error:  # noqa: BLE001 - told below
            failures.append(error)

    threads = [threading.Thread(target=work, args=(container,)) for container in containers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    run_dry(gateway)
    assert_whole(gateway, receiver)
    assert len(receiver.events) == len(all_events(gateway)), "nobody died, so nothing comes twice"
    for container in containers:
        container.deps.engine.dispose()


def test_a_receiver_is_told_what_its_client_may_see_now(gateway, receiver):
    [one, two, *_] = sorted({event.subject.authority_code for event in all_events(gateway)})
    client = a_client(gateway, authority_codes=frozenset({one}))
    subscribe(gateway, receiver.url, client_id=client)
    run_dry(gateway)
    assert {event["data"]["authority_code"] for event in receiver.events} == {one}
    gateway.clients.change(client, ClientChange(authority_codes=frozenset({two})))
    own = {code: [e for e in all_events(gateway) if e.subject.authority_code == code] for code in (one, two)}
    for events in own.values():
        change(gateway, events[0].subject.licence_identifier)
    run_dry(gateway)
    assert [e["subject"] for e in receiver.events[len(own[one]) :]] == [own[two][0].subject.licence_identifier] * 2
    gateway.clients.set_enabled(client, is_enabled=False)
    change(gateway, own[two][0].subject.licence_identifier)
    count = len(receiver.events)
    run_dry(gateway)
    assert len(receiver.events) == count, "a client that was shut out is told nothing"


def test_a_disabled_receiver_waits_and_goes_on(gateway, receiver):
    made = subscribe(gateway, receiver.url)
    gateway.subscriptions.set_enabled(made.id, is_enabled=False)
    run_dry(gateway)
    assert receiver.events == []
    gateway.subscriptions.set_enabled(made.id, is_enabled=True)
    run_dry(gateway)
    assert_whole(gateway, receiver)


def test_where_nothing_may_be_sent_nobody_subscribes(gateway, receiver):
    other = Receiver()
    for url in (
        f"http://127.0.0.1:{receiver.port + 1}/",
        f"https://127.0.0.1:{receiver.port}/",
        f"http://localhost:{receiver.port}/",
        f"http://a@127.0.0.1:{receiver.port}/",
        "file:///etc/passwd",
        "",
    ):
        with pytest.raises(ValidationFailedError, match="url"):
            subscribe(gateway, url)
    assert other.taken == []
    with pytest.raises(NotFoundError):
        subscribe(gateway, receiver.url, client_id="client-0000000000000000")
    with pytest.raises(ValidationFailedError, match="client_id"):
        gateway.subscriptions.create(SubscriptionSpec("无主", ConnectorKind.WEBHOOK, receiver.url))


def test_an_address_that_is_no_longer_allowed_gets_nothing(gateway, receiver):
    subscribe(gateway, receiver.url)
    closed = allowing(gateway)
    closed.couriers.round()
    assert receiver.taken == []
    with closed.deps.sessions() as session:
        assert {row.last_error for row in session.query(Delivery) if row.attempts} == {
            "the origin is not among those that are allowed"
        }
    closed.deps.engine.dispose()


def test_secrets_lie_sealed_and_follow_the_field_key(gateway, receiver):
    made = subscribe(gateway, receiver.url, signing=Signing.HMAC_SM3)
    with gateway.deps.sessions() as session:
        [row] = session.query(SubscriptionSecret).all()
        assert row.sealed.startswith("sealed:1:") and made.secret not in row.sealed
    gateway.storage.reseal(with_new_key=True)
    with gateway.deps.sessions() as session:
        [row] = session.query(SubscriptionSecret).all()
        assert row.sealed.startswith("sealed:2:")
    run_dry(allowing(gateway, receiver.port))
    assert_whole(gateway, receiver)


def test_the_end_of_a_signing_request_is_delivered_and_waits_for_no_licence(gateway, receiver, applications):
    made = subscribe(gateway, receiver.url, from_start=False)
    authority, *_ = gateway.catalogue.load().authorities_by_code
    documents = (DocumentOrder("图纸", DocumentForm.BYTES, b"\x00drawing", "image/png"),)
    order = SigningOrder(applications[0]["CYRSFZJHM"], "申请", ROLE, documents, department_code=authority)
    signed, withdrawn = gateway.signing_requests.create(order), gateway.signing_requests.create(order)
    phone_of(gateway, order.enterprise_code).sign(gateway, signed.token)
    gateway.signing_requests.cancel(withdrawn.request_id)
    gateway.log.sequence()
    receiver.answers = [422]
    gateway.couriers.round()
    run_dry(gateway, hours=1)
    assert [(e["type"], e["subject"]) for e in receiver.events] == [
        ("signing_request_failed", withdrawn.request_id),
        ("signing_request_signed", signed.request_id),
    ], "the first was refused once and came after the second, which did not wait for it"
    letters = gateway.delivery_letters.listed(DeliveryState.DELIVERED, subscription_id=made.id)
    assert [letter.licence_number for letter in letters] == ["", ""]
