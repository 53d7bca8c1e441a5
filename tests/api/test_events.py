"""The feed of events: nothing missed, nothing of others, in the order in which each licence changed."""

import threading
import time
from datetime import timedelta

import pytest

from gateway.app import create_app
from gateway.domain.actors import Scope
from gateway.domain.instants import instant
from gateway.domain.signing_orders import DocumentOrder, SigningOrder
from gateway.domain.signing_requests import DocumentForm
from gateway.domain.status import LicenceStatus
from gateway.errors import LogBrokenError
from gateway.persistence.models import Licence, LicenceVersion
from gateway.services.log import MOST_IN_BATCH
from gateway.services.status_changes import StatusDecision
from gateway.services.waiting_places import waiting_place
from tests.api.conftest import conforms, problem_of
from tests.conftest import container_at, vector_lines
from tests.phones import ROLE, phone_of

READ = frozenset({Scope.EVENTS_READ})
FEED = "/api/v1/events"


@pytest.fixture
def app(issued):
    issued.log.sequence()
    return create_app(issued)


def pages(client, cursor=None, limit=50):
    """Everything from a cursor on, and where it ends."""
    found = []
    while True:
        query = {"limit": limit} | ({} if cursor is None else {"cursor": cursor})
        page = conforms(client.get(FEED, query_string=query).get_json(), "EventPage")
        found, cursor = found + page["items"], page["next_cursor"]
        if not page["has_more"]:
            return found, cursor


def suspend(container, identifier):
    container.status_changes.record(identifier, StatusDecision(LicenceStatus.SUSPENDED, "《某法》第一条", "整改"))


def restore(container, identifier):
    container.status_changes.record(identifier, StatusDecision(LicenceStatus.VALID, "《某法》第一条", "整改完成"))


def identifiers(container):
    with container.deps.sessions() as session:
        return {
            row.licence_identifier: row.licence.authority_code
            for row in session.query(LicenceVersion).join(Licence).all()
        }


def test_every_issue_is_told_once_whatever_the_size_of_the_page(app, issued, as_client):
    client = as_client(app, READ)
    whole, end = pages(client)
    assert sorted(e["subject"] for e in whole) == sorted(identifiers(issued))
    for size in (1, 7):
        again, same_end = pages(client, limit=size)
        assert (again, same_end) == (whole, end)
    assert {e["type"] for e in whole} == {"licence_issued"}
    assert pages(client, cursor=end) == ([], end)


def test_the_feed_goes_on_where_it_was_left(app, issued, as_client):
    client = as_client(app, READ)
    _, end = pages(client)
    first, *_ = identifiers(issued)
    suspend(issued, first)
    restore(issued, first)
    assert pages(client, cursor=end)[0] == [], "not before the log has them"
    issued.log.sequence()
    told, _ = pages(client, cursor=end)
    assert [(e["type"], e["data"]["detail"]["status"]) for e in told] == [
        ("licence_status_changed", "suspended"),
        ("licence_status_changed", "valid"),
    ]
    assert "整改" not in str(told), "reasons are free text, and stay in the register"


def test_without_the_key_of_the_log_events_still_come(app, issued, as_client):
    client = as_client(app, READ)
    _, end = pages(client)
    first, *_ = identifiers(issued)
    suspend(issued, first)
    for file in (issued.settings.data_dir / "keys").glob("log*"):
        file.unlink()
    broken = container_at(issued.settings.data_dir)
    with pytest.raises(LogBrokenError):
        broken.log.sequence()
    broken.deps.engine.dispose()
    assert [e["subject"] for e in pages(client, cursor=end)[0]] == [first]


def test_a_client_meets_its_own_authorities_and_types_only(app, issued, as_client):
    known = identifiers(issued)
    for authority in sorted(set(known.values()))[:3]:
        client = as_client(app, READ, authority_codes=frozenset({authority}))
        told, _ = pages(client)
        assert {e["subject"] for e in told} == {i for i, code in known.items() if code == authority}
        kind = told[0]["data"]["licence_type_code"]
        narrow = as_client(app, READ, authority_codes=frozenset({authority}), type_codes=frozenset({kind}))
        assert pages(narrow)[0] == [e for e in told if e["data"]["licence_type_code"] == kind]


def test_the_sandbox_stands_apart(app, issued, as_client):
    sandbox = as_client(app, READ | {Scope.LICENCES_ISSUE}, is_sandbox=True)
    real = as_client(app, READ)
    before, end = pages(real)
    issued.samples.prepare(sorted(set(identifiers(issued).values())))
    made = sandbox.post("/api/v1/licences", json={"record": vector_lines("applications")[0]})
    assert made.status_code == 201, made.text
    issued.log.sequence()
    assert [e["subject"] for e in pages(sandbox)[0]] == [made.get_json()["licence_identifier"]]
    assert pages(real, cursor=end)[0] == [] and pages(real)[0] == before


def test_who_may_not_read_events_is_refused(app, as_client):
    problem_of(as_client(app, {Scope.LICENCES_READ}).get(FEED), 403, "FORBIDDEN")
    problem_of(app.test_client().get(FEED), 401, "NOT_AUTHENTICATED")
    client = as_client(app, READ)
    for query in ({"cursor": "x"}, {"cursor": "-1"}, {"cursor": "1" * 10}, {"limit": "0"}, {"wait": "21"}, {"a": "b"}):
        assert client.get(FEED, query_string=query).status_code == 422, query


def test_waiting_ends_with_the_next_event_and_takes_one_place(app, issued, as_client):
    client = as_client(app, READ)
    _, end = pages(client)
    first, *_ = identifiers(issued)

    def later():
        time.sleep(1)
        suspend(issued, first)
        issued.log.sequence()

    started = time.monotonic()
    thread = threading.Thread(target=later)
    thread.start()
    waiting = threading.Thread(target=lambda: client.get(FEED, query_string={"cursor": end, "wait": 15}))
    waiting.start()
    time.sleep(0.5)
    with waiting_place(issued.settings) as is_free:
        assert not is_free, "the only place is taken"
    crowded = as_client(app, READ).get(FEED, query_string={"cursor": end, "wait": 15})
    assert crowded.get_json()["items"] == [] and time.monotonic() - started < 14, "answered at once"
    thread.join()
    waiting.join()
    assert time.monotonic() - started < 14
    told = as_client(app, READ).get(FEED, query_string={"cursor": end, "wait": 15}).get_json()
    assert [e["subject"] for e in told["items"]] == [first]


def test_many_foreign_leaves_do_not_hide_what_comes_after(app, issued, as_client, monkeypatch):
    known = identifiers(issued)
    monkeypatch.setattr("gateway.services.events._WINDOW", 3)
    client = as_client(app, READ)
    assert sorted(e["subject"] for e in pages(client)[0]) == sorted(known)
    assert MOST_IN_BATCH > 3


def ask(container, authority, enterprise, **options):
    """A signing request, asked for by an operator for an authority; the other end is the phone's."""
    documents = (DocumentOrder("图纸", DocumentForm.BYTES, b"\x00drawing", "image/png"),)
    order = SigningOrder(enterprise, "食品经营许可申请", ROLE, documents, department_code=authority, **options)
    return container.signing_requests.create(order)


def test_each_end_of_a_signing_request_is_told_once_to_who_asked(app, issued, as_client, applications):
    """Completed, declined, expired, failed; and that a holder was asked to accept its licence."""
    enterprise, (authority, other, *_) = applications[0]["CYRSFZJHM"], sorted(set(identifiers(issued).values()))
    kind = next(iter(issued.catalogue.load().types_by_code))
    own = as_client(app, READ, authority_codes=frozenset({authority}), type_codes=frozenset({kind}))
    _, start = pages(own)
    signed, declined, failed, expired = (ask(issued, authority, enterprise) for _ in range(4))
    phone_of(issued, enterprise).sign(issued, signed.token)
    for _ in range(2):
        issued.signing_sessions.decline(declined.token, "金额不对")
        issued.signing_requests.cancel(failed.request_id)
    clock, late = issued.deps.clock, issued.clock() + timedelta(days=31)
    object.__setattr__(issued.deps, "clock", lambda: late)
    assert [issued.signing_completion.resume() for _ in range(2)] == [1, 0]
    object.__setattr__(issued.deps, "clock", clock)
    issued.log.sequence()
    told, end = pages(own, cursor=start)
    result = issued.signing_requests.show(signed.request_id).documents[0].result_sm3
    assert {(e["type"], e["subject"]): e["data"]["detail"] for e in told} == {
        ("signing_request_signed", signed.request_id): {"result_sm3": [result]},
        ("signing_request_declined", declined.request_id): {},
        ("signing_request_failed", failed.request_id): {"reason": "CANCELLED"},
        ("signing_request_expired", expired.request_id): {"expired_at": instant(expired.standing.expires_at)},
    }
    assert len(told) == 4 and "金额不对" not in str(told) and signed.token not in str(told)
    facts = {"request_id": signed.request_id, "authority_code": authority, "enterprise_code": enterprise}
    assert facts.items() <= next(e for e in told if e["subject"] == signed.request_id)["data"].items()
    assert pages(own, cursor=start, limit=1) == (told, end)
    foreign, _ = pages(as_client(app, READ, authority_codes=frozenset({other})))
    assert not [e for e in foreign if e["type"].startswith("signing_request")]


def test_that_a_holder_was_asked_to_accept_is_told(app, issued, as_client):
    client = as_client(app, READ)
    _, end = pages(client)
    first, *_ = identifiers(issued)
    asked = issued.acceptances.ask(first)
    issued.log.sequence()
    [event], _ = pages(client, cursor=end)
    assert (event["type"], event["subject"]) == ("licence_acceptance_asked", first)
    detail = {"request_id": asked.request.request_id, "attempt": 1, "issued_sm3": asked.issued_sm3}
    assert event["data"]["detail"] == detail
