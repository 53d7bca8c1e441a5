"""Sends one message to a receiver, as it is or with the headers of the gateways that stand before it."""

import json
import secrets
from collections.abc import Mapping
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

import orjson

from certs.origins import PinnedHttp
from certs.outbound import Outbound, OutboundError, OutboundLimits
from gateway.domain.deliveries import DeliveryFailedError, Posted, require_taken
from gateway.domain.gateway_headers import signed_headers
from gateway.logs import correlation
from gateway.persistence.models import Subscription
from gateway.services.dependencies import Dependencies
from gateway.services.subscriptions import allowed_origins, good_secrets

_JSON = "application/json"
_MOST_BYTES = 1 << 20
_MOST_HANGING = 64


class Postings:
    """Speaks to receivers; nothing that they say goes further than what is asked of it here."""

    def __init__(self, deps: Dependencies) -> None:
        self._deps = deps

    @cached_property
    def _outbound(self) -> Outbound:
        seconds = self._deps.settings.delivery_seconds
        limits = OutboundLimits(seconds, response_bytes=_MOST_BYTES, most_waiting=_MOST_HANGING)
        return Outbound(limits, PinnedHttp(allowed_origins(self._deps)))

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Posted:
        """One POST of JSON. DeliveryFailedError when nothing came back."""
        sent = {"Content-Type": _JSON, "Accept": _JSON, "User-Agent": "licence-gateway", **correlation(), **headers}
        try:
            answer = self._outbound.exchange(url, body, sent, seconds=self._deps.settings.delivery_seconds)
        except OutboundError as error:
            raise DeliveryFailedError(str(error), is_away=True) from error
        return Posted(answer.status, answer.media_type, answer.content)

    def credentials(self, row: Subscription) -> dict[str, str]:
        """What a connector proves itself with, the newest."""
        found: dict[str, str] = json.loads(good_secrets(self._deps, row, self._deps.clock())[0])
        return found

    def through_gateway(self, row: Subscription, url: str, body: bytes) -> Posted:
        """Post with x-tif headers. DeliveryFailedError when nothing came back."""
        now, parts, known = self._deps.clock(), urlsplit(url), self.credentials(row)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        timestamp, nonce = str(int(now.timestamp())), secrets.token_hex(16)
        headers = signed_headers(known["caller"], known["token"], target, body, timestamp=timestamp, nonce=nonce)
        return self.post(url, body, headers)

    def asked(self, row: Subscription, path: str, question: Mapping[str, Any]) -> dict[str, Any]:
        """The JSON object that a receiver answers below its address, through the gateway. DeliveryFailedError."""
        answer = self.through_gateway(row, f"{row.url.rstrip('/')}{path}", orjson.dumps(question))
        return json_object(require_taken(answer))


def json_object(answer: Posted) -> dict[str, Any]:
    """The object that an answer holds. DeliveryFailedError when it holds none."""
    try:
        found = orjson.loads(answer.content)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise DeliveryFailedError("the answer is no JSON object", status=answer.status)
    return found
