"""A stand-in for SAMR's e-licence system, as a process of its own: lifelong enterprise codes, dynamic codes, scripted faults.

It follows docs/samr-adapter.md, which is this project's own proposal: SAMR gives its interface on application only.
"""

import base64
import hmac
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from certs.private_files import create_password_file
from gateway.domain.code_systems import VERSION, ReadOutcome
from gateway.domain.identifiers import check_unified_social_credit_code
from gateway.domain.instants import instant
from signing import sm2
from signing.sm2 import PrivateKey, sm3

DYNAMIC_SECONDS = 60
ENTITY_PREFIX, DYNAMIC_PREFIX = "QYM-", "DZZZ-"
_MOST_BYTES = 64 * 1024
_JSON = "application/json"


class Fault(StrEnum):
    """What the next answer suffers from."""

    SLOW = "slow"
    """It comes after every time-out."""
    DRIP = "drip"
    """Byte by byte, each in time, never to an end."""
    DEAD = "dead"
    """The connection is closed without an answer."""
    ERROR = "error"
    """HTTP 500."""
    GARBAGE = "garbage"
    """Signed, and no JSON."""
    TOO_LONG = "too_long"
    UNSIGNED = "unsigned"
    FORGED = "forged"
    """Signed by another key."""
    REPLAYED = "replayed"
    """Signed, to another question."""
    STALE = "stale"
    """Signed, of yesterday."""
    WRONG_CHECK_DIGIT = "wrong_check_digit"
    WRONG_FIELDS = "wrong_fields"
    REDIRECT = "redirect"


@dataclass
class Simulator:
    """Enterprises, codes and faults of one simulated system."""

    enterprises: Mapping[str, Mapping[str, Any]]
    """Records of ``enterprises.jsonl`` by credit code."""
    secret: str = field(repr=False)
    key: PrivateKey = field(repr=False)
    clock: Callable[[], datetime]
    faults: list[Fault] = field(default_factory=list)
    """Used up one a question, in this order."""
    fault_seconds: float = 30.0

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._dynamic: dict[str, tuple[str, datetime]] = {}
        self._entities = {self.entity_code(code): code for code in self.enterprises}

    def entity_code(self, credit_code: str) -> str:
        """The one code that an enterprise has for life; nobody can tell from it whose it is."""
        digest = hmac.new(self.secret.encode(), credit_code.encode(), "sm3").hexdigest()
        return ENTITY_PREFIX + digest[:32].upper()

    def dynamic_code(self, credit_code: str) -> str:
        """A code for one showing within the next minute. KeyError for an unknown enterprise."""
        self.enterprises[credit_code]
        code = DYNAMIC_PREFIX + secrets.token_urlsafe(24)
        with self._lock:
            self._dynamic[code] = credit_code, self.clock() + timedelta(seconds=DYNAMIC_SECONDS)
        return code

    def next_fault(self) -> Fault | None:
        """The fault of this question, if any is scripted."""
        with self._lock:
            return self.faults.pop(0) if self.faults else None

    def answer(self, content: str, nonce: str) -> dict[str, Any]:
        """The document that answers a question."""
        outcome, kind, credit_code = self._read(content)
        return {
            "version": VERSION,
            "nonce": nonce,
            "outcome": outcome,
            "code_kind": kind,
            "enterprise": None if credit_code is None else self._enterprise(credit_code),
            "answered_at": instant(self.clock()),
        }

    def _read(self, content: str) -> tuple[ReadOutcome, str | None, str | None]:
        if content in self._entities:
            return ReadOutcome.RESOLVED, "entity_code", self._entities[content]
        with self._lock:
            found = self._dynamic.get(content)
            if found is None:
                return ReadOutcome.UNKNOWN, None, None
            credit_code, until = found
            self._dynamic[content] = credit_code, datetime.min.replace(tzinfo=until.tzinfo)
        if self.clock() > until:
            return ReadOutcome.EXPIRED, "dynamic_code", None
        return ReadOutcome.RESOLVED, "dynamic_code", credit_code

    def _enterprise(self, credit_code: str) -> dict[str, Any]:
        record = self.enterprises[credit_code]
        return {
            "unified_social_credit_code": credit_code,
            "name": record["name"],
            "registration_status": record.get("registration_status", "registered"),
            "registration_as_of": instant(self.clock()),
        }


def open_simulator(folder: Path, enterprises: Iterable[Mapping[str, Any]], clock: Callable[[], datetime]) -> Simulator:
    """A simulator whose secret lies in ``folder``, which gets its key and a configuration that a gateway can use.

    Its signing key is new each time. OSError when the folder cannot be written.
    """
    secret = create_password_file(folder / "samr.secret").decode()
    key = sm2.generate()
    pem = base64.encodebytes(key.public_key.spki).decode()
    (folder / "samr.pem").write_text(f"-----BEGIN PUBLIC KEY-----\n{pem}-----END PUBLIC KEY-----\n")
    known = {
        check_unified_social_credit_code(str(each["unified_social_credit_code"])).code: each for each in enterprises
    }
    return Simulator(known, secret, key, clock)


def configuration(url: str) -> str:
    """What ``GATEWAY_CODE_SYSTEMS`` may name, beside the simulator's files."""
    system = {
        "name": "samr",
        "url": f"{url}/v1/codes/read",
        "prefixes": [ENTITY_PREFIX, DYNAMIC_PREFIX],
        "public_key_file": "samr.pem",
        "secret_file": "samr.secret",
        "timeout_seconds": 2,
    }
    return json.dumps({"systems": [system]}, indent=2) + "\n"


def serve(simulator: Simulator, host: str, port: int) -> ThreadingHTTPServer:
    """A server that is bound and not yet running; port 0 takes a free one."""

    class Handler(_Handler):
        simulated = simulator

    server = ThreadingHTTPServer((host, port), Handler)
    server.daemon_threads = True
    return server


class _Handler(BaseHTTPRequestHandler):
    simulated: Simulator

    def do_POST(self) -> None:
        """The three routes of docs/samr-adapter.md: one of the interface, two to play with."""
        routes = {
            "/v1/codes/read": self._read,
            "/simulator/codes": self._codes,
            "/simulator/faults": self._faults,
        }
        route, question = routes.get(self.path), self._question()
        expected = f"Bearer {self.simulated.secret}".encode()
        if not hmac.compare_digest(self.headers.get("Authorization", "").encode(), expected):
            self._send(401, b"{}")
        elif route is None or question is None:
            self._send(404 if route is None else 400, b"{}")
        else:
            route(question)

    def _question(self) -> dict[str, Any] | None:
        length = self.headers.get("Content-Length", "")
        body = self.rfile.read(min(int(length), _MOST_BYTES)) if length.isdecimal() else b""
        try:
            document = json.loads(body)
        except (ValueError, RecursionError):
            return None
        return document if isinstance(document, dict) else None

    def _codes(self, question: dict[str, Any]) -> None:
        code = str(question.get("unified_social_credit_code"))
        if code not in self.simulated.enterprises:
            self._send(404, b"{}")
            return
        made = {"entity_code": self.simulated.entity_code(code), "dynamic_code": self.simulated.dynamic_code(code)}
        self._send(200, json.dumps(made).encode())

    def _faults(self, question: dict[str, Any]) -> None:
        try:
            self.simulated.faults.extend(map(Fault, question.get("faults", ())))
        except (ValueError, TypeError):
            self._send(400, b"{}")
            return
        self._send(200, b"{}")

    def _read(self, question: dict[str, Any]) -> None:
        fault = self.simulated.next_fault()
        answer = self.simulated.answer(str(question.get("content")), str(question.get("nonce")))
        if fault in _CHANGES:
            _CHANGES[fault](answer)
        body = json.dumps(answer, ensure_ascii=False).encode()
        match fault:
            case Fault.SLOW:
                time.sleep(self.simulated.fault_seconds)
            case Fault.DRIP:
                self._drip()
            case Fault.DEAD:
                self.close_connection = True
                return
            case Fault.ERROR:
                self._send(500, b"{}")
                return
            case Fault.REDIRECT:
                self._send(307, body, Location="/simulator/codes")
                return
            case Fault.GARBAGE:
                body = b"\x00\xff" + body
            case Fault.TOO_LONG:
                body += b" " * (4 << 20)
            case _:
                pass
        self._send(200, body, **self._signature(fault, body))

    def _signature(self, fault: Fault | None, body: bytes) -> dict[str, str]:
        if fault is Fault.UNSIGNED:
            return {}
        key = sm2.generate() if fault is Fault.FORGED else self.simulated.key
        return {"X_Signature": base64.b64encode(sm2.sign(key, body)).decode()}

    def _drip(self) -> None:
        """Headers at once, then a byte now and then."""
        self.send_response(200)
        self.send_header("Content-Type", _JSON)
        self.end_headers()
        until = time.monotonic() + self.simulated.fault_seconds
        try:
            while time.monotonic() < until:
                self.wfile.write(b" ")
                self.wfile.flush()
                time.sleep(0.1)
        except OSError:
            return

    def _send(self, status: int, body: bytes, **headers: str) -> None:
        try:
            self.send_response(status)
            self.send_header("Content-Type", _JSON)
            self.send_header("Content-Length", str(len(body)))
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            self.wfile.write(body)
        except OSError:
            # Whoever asked has gone, as those do who meet a slow answer.
            self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Nothing: what is asked may open a door for a minute."""


def _replayed(answer: dict[str, Any]) -> None:
    answer["nonce"] = sm3(str(answer["nonce"]).encode()).hex()[:32]


def _stale(answer: dict[str, Any]) -> None:
    answer["answered_at"] = instant(datetime.fromisoformat(answer["answered_at"]) - timedelta(days=1))


def _wrong_check_digit(answer: dict[str, Any]) -> None:
    if answer["enterprise"]:
        code = answer["enterprise"]["unified_social_credit_code"]
        answer["enterprise"]["unified_social_credit_code"] = code[:-1] + ("0" if code[-1] != "0" else "1")


def _wrong_fields(answer: dict[str, Any]) -> None:
    answer["remark"] = answer.pop("outcome")


_CHANGES: dict[Fault | None, Callable[[dict[str, Any]], None]] = {
    Fault.REPLAYED: _replayed,
    Fault.STALE: _stale,
    Fault.WRONG_CHECK_DIGIT: _wrong_check_digit,
    Fault.WRONG_FIELDS: _wrong_fields,
}
