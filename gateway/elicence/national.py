"""The national service, simulated: first-generation operations and scan-to-sign, as docs/enterprise-signing.md has them.

The schema of a licence object (licenceEntity) is not public; here it is the certificate of the card.
"""

import base64
import binascii
import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from certs.credit_code import extract_credit_code
from certs.errors import CreditCodeError
from gateway.domain.enterprise_signers import Operation, SessionState
from gateway.domain.instants import instant
from gateway.elicence.cards import Card, CardIssuer
from gateway.elicence.phone import Fault, PhoneError, Signer, signed_digests
from gateway.elicence.signers import Signers
from signing import der, sm2
from signing.certificate_facts import certificate_facts
from signing.errors import SigningError
from signing.x509_fields import public_key_info

CODE_PREFIX = "DZZZ-SIGN-"
_OK, _INVALID, _UNKNOWN, _WRONG = 0, 1, 2, 3
"""Codes of answers: 0 is good; the others are this simulator's own."""


class NationalFault(StrEnum):
    """What the next answer of the service suffers from."""

    ERROR = "error"
    """HTTP 500."""
    UNSIGNED = "unsigned"
    FORGED = "forged"
    """Signed by another key."""
    REPLAYED = "replayed"
    """To another question."""


@dataclass(frozen=True)
class _Session:
    session_id: str
    question: Mapping[str, Any]
    state: SessionState = SessionState.WAITING
    card: Card | None = None
    signer: Signer | None = None
    signatures: Mapping[str, bytes] = field(default_factory=dict)


@dataclass
class NationalService:
    """Sessions by request, and the cards that answer them."""

    cards: CardIssuer
    signers: Signers
    key: sm2.PrivateKey = field(repr=False)
    clock: Callable[[], datetime]
    fetch: Callable[[str], bytes]
    """A document by its address, for the app to show. PhoneError."""
    faults: list[NationalFault] = field(default_factory=list)
    """Used up one a question, in this order."""

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._sessions: dict[str, _Session] = {}
        self._by_request: dict[str, str] = {}

    def answer(self, question: Mapping[str, Any]) -> dict[str, Any]:
        """The document that answers a question."""
        parameters = question.get("parameters")
        code = _UNKNOWN
        result: dict[str, Any] = {}
        if isinstance(parameters, dict):
            try:
                code, result = self._routes()[Operation(str(question.get("operation")))](parameters)
            except (ValueError, KeyError, binascii.Error, SigningError, CreditCodeError):
                code, result = _INVALID, {}
        return {
            "version": 1,
            "nonce": question.get("nonce"),
            "code": code,
            "result": result,
            "answered_at": instant(self.clock()),
        }

    def scan(self, qr_text: str, fault: Fault | None = None) -> str:
        """A holder scans the code of a session and agrees to what the app fetched, or does not; gives the session's state.

        KeyError for no such code; PhoneError where a document is not the one that will be signed: then nothing is agreed to.
        """
        session_id, declines = qr_text.removeprefix(CODE_PREFIX), fault is Fault.DECLINE
        with self._lock:
            asked = self._sessions[session_id]
        if not declines and asked.state is SessionState.WAITING:
            self._show(asked.question["documents"])
        with self._lock:
            session = self._sessions[session_id]
            if session.state is SessionState.WAITING and not self._is_over(session):
                if declines:
                    session = replace(session, state=SessionState.DECLINED)
                else:
                    question = session.question
                    card = self.cards.card(str(question["enterprise"]["code"]))
                    told = str(question["signer_role"]), str(question["purpose"])
                    signer = self.signers.signer(card.unified_social_credit_code, *told, fault)
                    session = replace(session, state=SessionState.SCANNED, card=card, signer=signer)
                self._sessions[session_id] = session
        return session.state

    def _show(self, documents: list[Mapping[str, Any]]) -> None:
        for each in documents:
            content = self.fetch(str(each["url"]))
            digest = bytes.fromhex(each["signed_digest"]["sm3"])
            if sm2.sm3(content).hex() != each["digest"]["sm3"] or digest not in signed_digests(each["form"], content):
                raise PhoneError("文件与待签摘要不符。The document is not what would be signed; nothing was agreed to.")

    def _routes(self) -> dict[Operation, Callable[[Mapping[str, Any]], tuple[int, dict[str, Any]]]]:
        return {
            Operation.CHECK: self._check,
            Operation.FACTS: self._facts,
            Operation.VERIFY: self._verify,
            Operation.BEGIN: self._begin,
            Operation.LOOK: self._look,
            Operation.SUPPLY: self._supply,
            Operation.CANCEL: self._cancel,
        }

    def _check(self, parameters: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
        certificate = base64.b64decode(parameters["licenceEntity"], validate=True)
        facts = certificate_facts(certificate)
        known = self.cards.card(extract_credit_code(certificate)).certificate
        return (_OK if certificate == known and facts.not_after > self.clock() else _INVALID), {}

    def _facts(self, parameters: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
        code = extract_credit_code(base64.b64decode(parameters["licenceEntity"], validate=True))
        record = self.cards.enterprises[code]
        return _OK, {
            "attribute17": code,
            "attribute18": str(record["name"]),
            "attribute29": str(record.get("address", "")),
            "attribute33": str(record.get("established_on", "")),
            "attribute42": "阳江市市场监督管理局",
        }

    def _verify(self, parameters: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
        certificate = base64.b64decode(parameters["licenceEntity"], validate=True)
        value = base64.b64decode(parameters["signValue"], validate=True)
        sm2.verify(sm2.load_public(public_key_info(certificate)), str(parameters["signText"]).encode(), value)
        return _OK, {}

    def _begin(self, parameters: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
        request_id = str(parameters["request_id"])
        with self._lock:
            session_id = self._by_request.setdefault(request_id, secrets.token_urlsafe(24))
            session = self._sessions.setdefault(session_id, _Session(session_id, dict(parameters)))
        told = {"session_id": session_id, "qr_text": CODE_PREFIX + session_id}
        return _OK, told | {"expires_at": session.question["expires_at"]}

    def _look(self, parameters: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
        with self._lock:
            session = self._sessions[str(parameters["session_id"])]
        if session.card is None or session.signer is None:
            is_over = session.state is SessionState.WAITING and self._is_over(session)
            return _OK, {"state": SessionState.EXPIRED if is_over else session.state}
        told: dict[str, Any] = {
            "state": session.state,
            "certificate": base64.b64encode(session.card.certificate).decode(),
        }
        signer = session.signer.to_json()
        told |= {"signer_role": signer.pop("role"), **signer}
        if session.state is SessionState.SIGNED:
            told["signatures"] = {name: base64.b64encode(value).decode() for name, value in session.signatures.items()}
        return _OK, told

    def _supply(self, parameters: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
        asked = {
            str(name): base64.b64decode(value, validate=True) for name, value in parameters["to_be_signed"].items()
        }
        with self._lock:
            session = self._sessions[str(parameters["session_id"])]
            if session.state is SessionState.SIGNED:
                return _OK, {}
            if session.card is None or not _are_bound(session.question["documents"], asked):
                return _WRONG, {}
            key = session.card.key
            signed = {name: key.sign(message) for name, message in asked.items()}
            self._sessions[session.session_id] = replace(session, state=SessionState.SIGNED, signatures=signed)
        return _OK, {}

    def _cancel(self, parameters: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
        with self._lock:
            session = self._sessions[str(parameters["session_id"])]
            if session.state is not SessionState.SIGNED:
                self._sessions[session.session_id] = replace(session, state=SessionState.EXPIRED, card=None)
        return _OK, {}

    def _is_over(self, session: _Session) -> bool:
        return datetime.fromisoformat(str(session.question["expires_at"])) <= self.clock()


def _are_bound(documents: list[Mapping[str, Any]], asked: Mapping[str, bytes]) -> bool:
    """Whether what is to be signed holds the digest that the holder was shown, or for data the data themselves."""
    if {str(each["document_id"]) for each in documents} != set(asked):
        return False
    for each in documents:
        message, digest = asked[str(each["document_id"])], bytes.fromhex(each["signed_digest"]["sm3"])
        size = int(each["size"])
        if der.octet_string(digest) not in message and sm2.sm3(message[-size:]) != digest:
            return False
    return True
