"""The national service behind the documented interface (docs/enterprise-signing.md), with evidence of every exchange."""

import base64
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from pydantic import Field

from gateway.domain.enterprise_signers import (
    EnterpriseSignerDownError,
    EnterpriseSignerRefusedError,
    Operation,
    SessionOpened,
    SessionState,
    SessionView,
    parse_facts,
    parse_opened,
    parse_result,
    parse_view,
)
from gateway.services.outside_systems import CameBack, OutsideDownError, OutsideSettings, OutsideSystem, opening
from signing.sm2 import sm3


class SignerSettings(OutsideSettings):
    """The file that ``GATEWAY_ENTERPRISE_SIGNER`` names; paths are relative to that file."""

    system_code: str = Field(pattern=r"^[A-Za-z0-9-]{1,40}$")
    """Ours, as the service knows us (sysCode)."""
    attempts: int = Field(default=3, ge=1, le=5)
    """Of one question whose answer does not arrive; every operation may be asked twice."""
    response_bytes: int = Field(default=256 * 1024, ge=1024, le=1 << 20)
    foreign_user_ids: tuple[str, ...] = Field(default=(), max_length=20)
    """User IDs of SM2 under which this service is known to sign by mistake: refused, and said by name."""


class Outcome(StrEnum):
    """What came of one attempt."""

    ANSWERED = "answered"
    REFUSED = "refused"
    """The service said no, under its signature."""
    NOT_BELIEVED = "not_believed"
    """Something came back that is no answer to the question by the service: unsigned, forged, old, not as agreed."""
    NO_ANSWER = "no_answer"


@dataclass(frozen=True)
class Exchange:
    """Evidence of one attempt."""

    occurred_at: datetime
    system: str
    operation: str
    request_id: str | None
    """Of the signing request or showing that it is about."""
    request_sm3: str
    response_sm3: str | None
    """None when nothing came back."""
    outcome: Outcome
    milliseconds: int
    said: "Said | None"
    """None where the answer is that there is nothing new: its digest is enough."""


@dataclass(frozen=True)
class Said:
    """What was said in one attempt."""

    question: str
    """Without what opens something to whoever has it: ``HIDDEN`` stands there instead."""
    came_back: CameBack | None
    public_key: bytes
    """DER of the key by which an answer was judged (SubjectPublicKeyInfo)."""


HIDDEN = "__hidden__"


class HttpEnterpriseSigner:
    """An ``EnterpriseSigner`` behind the documented interface."""

    def __init__(
        self,
        settings: SignerSettings,
        folder: Path,
        clock: Callable[[], datetime],
        keep: Callable[[Exchange], None],
    ) -> None:
        """``keep`` is given every exchange, those that failed too."""
        self._settings, self._clock, self._keep = settings, clock, keep
        self._system = OutsideSystem(settings, folder, attempts=settings.attempts)
        self.circuit = self._system.circuit
        self._public_key = self._system.key.spki

    @property
    def name(self) -> str:
        """As configured."""
        return self._settings.name

    @property
    def foreign_user_ids(self) -> tuple[str, ...]:
        """As configured."""
        return self._settings.foreign_user_ids

    def begin(self, question: Mapping[str, Any], secret: str | None = None) -> SessionOpened:
        """Open a session; ``secret`` is a part of the question that its evidence is not to hold.

        EnterpriseSignerDownError, EnterpriseSignerRefusedError, as all that follow.
        """
        return parse_opened(self._ask(Operation.BEGIN, question, str(question["request_id"]), secret))

    def look(self, session_id: str, request_id: str | None = None) -> SessionView:
        """How it stands."""
        return parse_view(self._ask(Operation.LOOK, {"session_id": session_id}, request_id))

    def supply(self, session_id: str, to_be_signed: Mapping[str, bytes], request_id: str | None = None) -> None:
        """What the signatures are over."""
        encoded = {name: _text(value) for name, value in to_be_signed.items()}
        self._ask(Operation.SUPPLY, {"session_id": session_id, "to_be_signed": encoded}, request_id)

    def cancel(self, session_id: str, request_id: str | None = None) -> None:
        """Take it back."""
        self._ask(Operation.CANCEL, {"session_id": session_id}, request_id)

    def check_licence(self, licence_entity: bytes, showing_id: str | None = None) -> bool:
        """Whether a licence object holds."""
        entity = _text(licence_entity)
        return self._holds(Operation.CHECK, {"licenceEntity": entity}, entity, showing_id)

    def licence_facts(self, licence_entity: bytes, showing_id: str | None = None) -> dict[str, str]:
        """The facts in a licence object."""
        entity = _text(licence_entity)
        return parse_facts(self._ask(Operation.FACTS, {"licenceEntity": entity}, showing_id, entity))

    def verify_signature(self, licence_entity: bytes, text: str, value: bytes) -> bool:
        """Whether a signature of a licence holds, as the service sees it."""
        entity = _text(licence_entity)
        parameters = {"licenceEntity": entity, "signText": text, "signValue": _text(value)}
        return self._holds(Operation.VERIFY, parameters, entity)

    def _holds(
        self, operation: Operation, parameters: Mapping[str, Any], secret: str, showing_id: str | None = None
    ) -> bool:
        try:
            self._ask(operation, parameters, showing_id, secret)
        except EnterpriseSignerRefusedError:
            return False
        return True

    def _ask(
        self, operation: Operation, parameters: Mapping[str, Any], request_id: str | None, secret: str | None = None
    ) -> Mapping[str, Any]:
        refusal: EnterpriseSignerRefusedError | None = None
        started = time.perf_counter()
        answered: list[Exchange] = []

        def observe(question: bytes, answer: CameBack | None) -> None:
            shown = question.decode() if secret is None else question.decode().replace(secret, HIDDEN)
            exchange = Exchange(
                occurred_at=self._clock(),
                system=self.name,
                operation=operation,
                request_id=request_id,
                request_sm3=sm3(question).hex(),
                response_sm3=None if answer is None else sm3(answer.body).hex(),
                outcome=Outcome.NO_ANSWER if answer is None else Outcome.NOT_BELIEVED,
                milliseconds=round((time.perf_counter() - started) * 1000),
                said=Said(shown, answer, self._public_key),
            )
            # What came back, the last attempt at most, is kept once it is known whether it is an answer.
            (self._keep if answer is None else answered.append)(exchange)

        asked = {"operation": operation, "system_code": self._settings.system_code, "parameters": dict(parameters)}
        result: Mapping[str, Any] = {}
        try:
            with self._system.guarded():
                document, nonce = self._system.ask(asked, observe)
                try:
                    result = parse_result(document, nonce=nonce, now=self._clock())
                except EnterpriseSignerRefusedError as error:
                    # A refusal is an answer: the service is there.
                    refusal = error
                outcome = Outcome.ANSWERED if refusal is None else Outcome.REFUSED
                answered = [replace(each, outcome=outcome) for each in answered]
                if operation is Operation.LOOK and result.get("state") == SessionState.WAITING:
                    answered = [replace(each, said=None) for each in answered]
        except OutsideDownError as error:
            raise EnterpriseSignerDownError(str(error)) from error
        finally:
            for exchange in answered:
                self._keep(exchange)
        if refusal is not None:
            raise refusal
        return result


def open_enterprise_signer(
    file: Path | None, clock: Callable[[], datetime], keep: Callable[[Exchange], None]
) -> HttpEnterpriseSigner | None:
    """The service of a configuration file; None without a file. ConfigurationError names what is wrong with it."""
    if file is None:
        return None
    with opening(file, hint="See docs/enterprise-signing.md."):
        settings = SignerSettings.model_validate_json(file.read_bytes())
        return HttpEnterpriseSigner(settings, file.parent, clock, keep)


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
