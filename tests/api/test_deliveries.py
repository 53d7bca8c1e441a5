"""Dead letters where people meet them: the API of a department, the console of administrators."""

import pytest

from gateway.app import create_app
from gateway.domain.actors import Actor, ActorKind, Scope
from gateway.domain.deliveries import DeliveryState
from gateway.services.clients import ClientSpec
from tests.api.conftest import conforms, problem_of
from tests.console_office import Browser, shared_office
from tests.receivers import receiving
from tests.unit.services.test_deliveries import allowing, change, identifiers, later, run_dry, subscribe

__all__ = ["shared_office"]
READ = frozenset({Scope.EVENTS_READ})


@pytest.fixture
def receiver():
    with receiving() as found:
        yield found


def dead_letter(container, receiver, client_id=None):
    """The first of two events of a licence is refused for good."""
    container.log.sequence()
    gateway = allowing(container, receiver.port, delivery_attempts=1)
    options = {} if client_id is None else {"client_id": client_id}
    made = subscribe(gateway, receiver.url, from_start=False, **options)
    change(gateway, identifiers(gateway)[0])
    receiver.answers = [422]
    later(gateway, hours=1)  # the clock of the office runs ahead of ours
    run_dry(gateway)
    return gateway, made.id


def test_a_department_sees_its_own_receivers_and_dead_letters(issued, receiver, as_client):
    app = create_app(issued)
    own, other = as_client(app, READ), as_client(app, READ)
    gateway, made = dead_letter(issued, receiver, _id_of(issued, own))
    [view] = [conforms(each, "Receiver") for each in own.get("/api/v1/subscriptions").get_json()["items"]]
    assert (view["id"], view["dead"], view["pending"]) == (made, 1, 1)
    page = own.get("/api/v1/deliveries?state=dead").get_json()
    [letter] = [conforms(each, "Delivery") for each in page["items"]]
    assert (letter["last_status"], letter["last_error"], letter["attempts"]) == (422, "HTTP 422", 1)
    assert len(own.get(f"/api/v1/deliveries?subscription_id={made}&limit=1").get_json()["items"]) == 1
    assert other.get("/api/v1/subscriptions").get_json()["items"] == []
    assert other.get("/api/v1/deliveries").get_json()["items"] == []
    stranger = Actor(ActorKind.CLIENT, _id_of(issued, other), "x", READ)
    with pytest.raises(Exception, match="没有接收方"):
        gateway.delivery_letters.retry(letter["id"], actor=stranger)
    problem_of(own.get("/api/v1/deliveries?state=lost"), 422, "VALIDATION_FAILED")
    problem_of(as_client(app, {Scope.LICENCES_READ}).get("/api/v1/deliveries"), 403, "FORBIDDEN")
    gateway.deps.engine.dispose()


def _id_of(container, client):
    token = client.department["Authorization"].split(" ")[1]
    return container.authentication.by_token(token, "127.0.0.1").actor.id


def test_an_administrator_of_all_settles_dead_letters_in_the_console(shared_office, receiver):
    container, app = shared_office.container, shared_office.app()
    client = container.clients.create(
        ClientSpec("监管平台", "测试", READ, frozenset(container.catalogue.load().authorities_by_code))
    )
    gateway, made = dead_letter(container, receiver, client)
    page = Browser(shared_office, app, "chief").get("/console/deliveries")
    assert "HTTP 422" in page.text and "监管平台" in page.text
    assert "HTTP 422" not in Browser(shared_office, app, "administrator").get("/console/deliveries").text
    [letter] = gateway.delivery_letters.listed(DeliveryState.DEAD, subscription_id=made)
    chief = Browser(shared_office, app, "chief")
    for wrong in ({"act": "burn"}, {"number": "x"}):
        assert (
            chief.submit("/console/deliveries", **({"number": str(letter.id), "act": "retry"} | wrong)).status_code
            == 404
        )
    answer = chief.submit("/console/deliveries", number=str(letter.id), act="retry")
    assert answer.status_code == 303
    later(gateway, hours=2)
    run_dry(gateway)
    assert [event["data"]["detail"]["status"] for event in receiver.events] == ["suspended", "valid"]
    gateway.deps.engine.dispose()
