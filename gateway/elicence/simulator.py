"""The simulated national system as one object: cards, the phone, what waits for a person, and the automatic mode."""

import base64
import json
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from certs.private_files import create_password_file
from gateway.elicence.cards import Card, CardIssuer, CardKind
from gateway.elicence.national import CODE_PREFIX, NationalService
from gateway.elicence.phone import CARD_OF, Answer, Fault, Phone, PhoneError, Presented, Signer, sign_documents
from gateway.elicence.signers import OFFER_FAULTS, Signers
from signing import sm2

ROLES = ("legal_representative", "licence_administrator", "handling_person")
"""Who may hold a card (domain facts, 3.3); the request says who must sign."""
_AT_ONCE = 16
_MOST_KEPT = 1000
_PAUSE_MILLISECONDS = 800
"""Longest pause of a signature that comes in random order."""


@dataclass(frozen=True)
class Scan:
    """One code that was scanned, and what became of it."""

    scan_id: str
    presented: Presented
    card: Card = field(repr=False)
    signer: Signer = field(repr=False)
    outcome: str = "shown"
    """shown, then the state that the gateway answered, or the code of its problem."""


@dataclass
class Simulator:
    """The phones of all enterprises that it knows, and the system behind them."""

    cards: CardIssuer
    phone: Phone
    secret: str = field(repr=False)
    """Who scripts it over HTTP proves himself by this."""
    clock: Callable[[], datetime]
    national: NationalService
    late_seconds: float = 60.0
    """A late phone waits until the request is over, but no longer than this."""
    faults: list[Fault] = field(default_factory=list)
    """Used up one a request, in this order."""

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._scans: dict[str, Scan] = {}
        self._signed: dict[str, list[dict[str, str]]] = {}
        self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="phone")

    def scan(self, qr_text: str, holder: str | None = None, role: str | None = None) -> Scan:
        """Look at a code with the card of the enterprise that is asked, or of ``holder``. PhoneError."""
        token = self.phone.scan(qr_text)
        asked = self.phone.look(token)
        card = self._card(holder or asked.enterprise_code, CardKind.GOOD)
        signer = self._signer(card, role or asked.signer_role, asked, self.next_fault(OFFER_FAULTS))
        return self._keep(Scan(secrets.token_urlsafe(12), self.phone.show(token, card, signer), card, signer))

    def get(self, scan_id: str) -> Scan:
        """A scan that was made. KeyError."""
        with self._lock:
            return self._scans[scan_id]

    def sign(self, scan_id: str) -> Scan:
        """Sign what was shown, as the next fault has it."""
        scan = self.get(scan_id)
        return self._answered(scan, self._answer(scan.presented, scan.card, self.next_fault()))

    def decline(self, scan_id: str, reason: str) -> Scan:
        """Say no to what was shown."""
        scan = self.get(scan_id)
        return self._answered(scan, self.phone.decline(scan.presented.token, reason))

    def start(self, qr_text: str, fault: Fault | None = None) -> None:
        """Automatic mode: scan and sign in the background, with this fault or the next of the list."""
        chosen = fault or self.next_fault()
        self._pool.submit(self._run, qr_text, chosen)

    def run(self, qr_text: str, fault: Fault | None = None) -> Answer | None:
        """Scan and sign now; None when the phone says nothing. PhoneError.

        A code of the national service is agreed to there; its signatures come by that way.
        """
        if qr_text.startswith(CODE_PREFIX):
            return self._agree(qr_text, fault)
        token = self.phone.scan(qr_text)
        asked = self.phone.look(token)
        code = asked.enterprise_code
        if fault is Fault.OTHER_ENTERPRISE:
            code = self.cards.other(code)
        card = self._card(code, CARD_OF.get(fault, CardKind.GOOD) if fault else CardKind.GOOD)
        if fault is Fault.RANDOM_ORDER:
            time.sleep(secrets.randbelow(_PAUSE_MILLISECONDS) / 1000)
        signer = self._signer(card, asked.signer_role, asked, fault)
        return self._answer(self.phone.show(token, card, signer), card, fault)

    def _agree(self, qr_text: str, fault: Fault | None) -> Answer | None:
        if fault is Fault.NEVER:
            return None
        try:
            return Answer(200, {"state": self.national.scan(qr_text, fault)})
        except KeyError as error:
            raise PhoneError("没有这个签名码。There is no such signing code.") from error

    def next_fault(self, among: frozenset[Fault] = frozenset(Fault)) -> Fault | None:
        """The fault of this request, if one of these is scripted next."""
        with self._lock:
            return self.faults.pop(0) if self.faults and self.faults[0] in among else None

    def _signer(self, card: Card, role: str, asked: Presented, fault: Fault | None) -> Signer:
        try:
            return self.national.signers.signer(card.unified_social_credit_code, role, asked.purpose, fault)
        except ValueError as error:
            raise PhoneError("没有这种签名人身份。There is no such role.") from error

    def _run(self, qr_text: str, fault: Fault | None) -> None:
        try:
            self.run(qr_text, fault)
        except PhoneError:
            # The phone has shown its error to its holder; who asked sees that nothing was signed.
            return

    def _answer(self, presented: Presented, card: Card, fault: Fault | None) -> Answer | None:
        if fault is Fault.NEVER:
            return None
        if fault is Fault.DECLINE:
            return self.phone.decline(presented.token, "模拟拒签 declined by the simulator")
        if fault is Fault.LATE:
            over = presented.expires_at - self.clock() + timedelta(seconds=1)
            time.sleep(max(0.0, min(over.total_seconds(), self.late_seconds)))
        signatures = sign_documents(presented, card, fault)
        if fault is Fault.REPLAY:
            signatures = self._replayed(card, signatures)
        answer = self.phone.post(presented, card, signatures)
        if fault is Fault.TWICE:
            answer = self.phone.post(presented, card, signatures)
        with self._lock:
            self._signed[card.unified_social_credit_code] = signatures
        return answer

    def _replayed(self, card: Card, signatures: list[dict[str, str]]) -> list[dict[str, str]]:
        """The values of the request before, under the documents of this one."""
        with self._lock:
            before = self._signed.get(card.unified_social_credit_code, signatures)
        values = [{name: each[name] for name in ("form", "value")} for each in before]
        return [
            {"document_id": each["document_id"], **values[number % len(values)]}
            for number, each in enumerate(signatures)
        ]

    def _card(self, code: str, kind: CardKind) -> Card:
        try:
            return self.cards.card(code, kind)
        except KeyError as error:
            raise PhoneError(f"手机上没有 {code} 的电子营业执照。This phone holds no licence of {code}.") from error

    def _answered(self, scan: Scan, answer: Answer | None) -> Scan:
        outcome = "silent" if answer is None else answer.state
        return self._keep(replace(scan, outcome=outcome))

    def _keep(self, scan: Scan) -> Scan:
        with self._lock:
            self._scans[scan.scan_id] = scan
            while len(self._scans) > _MOST_KEPT:
                self._scans.pop(next(iter(self._scans)))
        return scan


def open_simulator(
    folder: Path, enterprises: Mapping[str, Mapping[str, Any]], gateway: str, clock: Callable[[], datetime]
) -> Simulator:
    """A simulator whose keys, certificates and secret lie in ``folder``. OSError when it cannot be written.

    The key by which the national service signs its answers is new each time.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    secret = create_password_file(folder / "elicence.secret").decode()
    cards, key = CardIssuer(folder, enterprises, clock), sm2.generate()
    pem = base64.encodebytes(key.public_key.spki).decode()
    (folder / "elicence.pem").write_text(f"-----BEGIN PUBLIC KEY-----\n{pem}-----END PUBLIC KEY-----\n")
    phone = Phone(gateway)
    return Simulator(
        cards, phone, secret, clock, NationalService(cards, Signers(cards, clock), key, clock, phone.fetch)
    )


def configuration(url: str) -> str:
    """What ``GATEWAY_ENTERPRISE_SIGNER`` may name, beside the simulator's files."""
    system = {
        "name": "elicence",
        "url": f"{url}/national/v1",
        "public_key_file": "elicence.pem",
        "secret_file": "elicence.secret",
        "system_code": "YJ-DEMO",
    }
    return json.dumps(system, indent=2) + "\n"
