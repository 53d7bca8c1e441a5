"""Deliveries of events to other systems: what is sent, how it is signed, when it is tried again (docs/deliveries.md)."""

import base64
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any


class DeliveryState(StrEnum):
    """How a delivery stands."""

    PENDING = "pending"
    """Yet to be sent, or sent again."""
    DELIVERED = "delivered"
    DEAD = "dead"
    """Given up: a person decides. Later events of the same licence wait behind it."""
    SKIPPED = "skipped"
    """A person decided to leave it out."""


STATE_WORDS = {
    DeliveryState.PENDING: ("待送", "pending"),
    DeliveryState.DELIVERED: ("已送达", "delivered"),
    DeliveryState.DEAD: ("未能送达", "dead letter"),
    DeliveryState.SKIPPED: ("已略过", "left out"),
}


class ConnectorKind(StrEnum):
    """What a receiver understands."""

    WEBHOOK = "webhook"
    """Our events as they are, signed (Standard Webhooks)."""
    PUBLICITY = "publicity"
    """双公示: the public licence record of 信用广东 and of the national publicity system."""
    LICENCE_LIBRARY = "licence_library"
    """The provincial licence library: license-app/v1."""
    DATA_SHARING = "data_sharing"
    """Our events as they are, with the x-tif headers of the data-sharing platform."""


class Signing(StrEnum):
    """How webhooks are signed."""

    SM2 = "sm2"
    """By the gateway's own key; receivers need its certificate only."""
    HMAC_SM3 = "hmac_sm3"
    """By a secret that the receiver shares."""


WEBHOOK_MARK = {Signing.SM2: "v1sm2", Signing.HMAC_SM3: "v1sm3"}
"""Versions in ``webhook-signature``; Standard Webhooks leaves those beside v1 and v1a to the parties."""
SECRET_MARK = "whsec_"  # noqa: S105 - what every secret begins with, and none itself


class DeliveryFailedError(Exception):
    """A receiver did not take what was sent. The words are ours: nothing that it said goes to people or logs."""

    def __init__(self, message: str, *, status: int | None = None, is_away: bool = False) -> None:
        super().__init__(message)
        self.status = status
        self.is_away = is_away
        """It takes nothing at the moment, whatever is sent."""


@dataclass(frozen=True)
class Posted:
    """What a receiver answered."""

    status: int
    media_type: str
    content: bytes


Post = Callable[[str, bytes, Mapping[str, str]], Posted]
"""Sends a body with headers to an address. DeliveryFailedError when nothing came back."""


@dataclass(frozen=True)
class Receipt:
    """What is kept of a delivery that was taken."""

    status: int
    reference: dict[str, Any] = field(default_factory=dict)
    """What the receiver calls it, such as the library's licence code."""


_AWAY = frozenset({408, 429, 502, 503, 504})
"""Statuses by which a receiver says that it cannot take anything now."""


def require_taken(answer: Posted) -> Posted:
    """DeliveryFailedError unless the answer is a 2xx."""
    if not 200 <= answer.status < 300:  # noqa: PLR2004 - the class of success (RFC 9110, 15.3)
        raise DeliveryFailedError(f"HTTP {answer.status}", status=answer.status, is_away=answer.status in _AWAY)
    return answer


def signed_content(message_id: str, timestamp: int, body: bytes) -> bytes:
    """What the signature of a webhook is over: id, timestamp and body, joined by dots (Standard Webhooks)."""
    return f"{message_id}.{timestamp}.".encode() + body


def hmac_signature(secret: str, content: bytes) -> str:
    """One HMAC-SM3 signature of ``webhook-signature``; ``secret`` as it was given out. ValueError when it is none."""
    key = base64.b64decode(secret.removeprefix(SECRET_MARK), validate=True)
    return f"{WEBHOOK_MARK[Signing.HMAC_SM3]},{base64.b64encode(hmac.new(key, content, 'sm3').digest()).decode()}"


def sm2_signature(signature: bytes) -> str:
    """One SM2 signature of ``webhook-signature``."""
    return f"{WEBHOOK_MARK[Signing.SM2]},{base64.b64encode(signature).decode()}"


@dataclass(frozen=True)
class BackOff:
    """Pauses that double, each of a random length around its mean, so that those that failed together part."""

    first_seconds: float
    longest_seconds: float

    def pause(self, failures: int, chance: float) -> timedelta:
        """After so many failures (1 or more); ``chance`` from [0, 1)."""
        mean = min(self.longest_seconds, self.first_seconds * 2.0 ** min(failures - 1, 40))
        return timedelta(seconds=mean * (0.5 + chance))
