"""The receiver that is played takes what docs/deliveries.md says of events, and nothing else."""

from datetime import UTC, datetime

import pytest

from gateway.delivery_simulator import RefusedError, Simulated
from gateway.domain.deliveries import ConnectorKind
from gateway.domain.events import SIGNING_TOLD, SigningSubject, ToldEvent

REQUEST, ENTERPRISE, DEPARTMENT = "006b086d8590b2a2cf954ddbbd10e6ac", "91441702MA9Y03WY4L", "11441702G00006660X"


@pytest.fixture
def receiver():
    return Simulated(ConnectorKind.WEBHOOK, {"secret": "x"}, lambda: datetime.now(UTC))


@pytest.mark.parametrize("department", [DEPARTMENT, None])
@pytest.mark.parametrize("action", sorted(SIGNING_TOLD))
def test_the_end_of_a_signing_request_is_taken_whoever_asked(receiver, action, department):
    event = ToldEvent(7, datetime.now(UTC), action, SigningSubject(REQUEST, department, ENTERPRISE), {})
    receiver._keep_event(event.to_json("https://gateway.test"))
    assert receiver.events.keys() == {7}


@pytest.mark.parametrize(
    ("member", "value"), [("request_id", "another"), ("enterprise_code", "91441702MA9Y03WY4M"), ("authority_code", "x")]
)
def test_what_does_not_agree_is_refused(receiver, member, value):
    event = ToldEvent(7, datetime.now(UTC), min(SIGNING_TOLD), SigningSubject(REQUEST, DEPARTMENT, ENTERPRISE), {})
    told = event.to_json("https://gateway.test")
    told["data"][member] = value
    with pytest.raises((RefusedError, ValueError)):
        receiver._keep_event(told)
    assert not receiver.events
