"""Stand-ins for those who receive what the gateway delivers; they take nothing that is not exactly as documented.

docs/connectors.md says what of these interfaces is known, and what is this project's own proposal.
"""

import base64
import hmac
import json
import re
import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from gateway.domain.deliveries import ConnectorKind, hmac_signature, signed_content
from gateway.domain.events import SIGNING_TOLD, TOLD
from gateway.domain.gateway_headers import body_signature, caller_signature
from gateway.domain.identifiers import CodeError, LicenceIdentifier, check_unified_social_credit_code
from gateway.domain.library_licence import ABOLISHED, CREATED, ISSUED
from gateway.domain.publicity_record import CATEGORIES, IN_FORCE, NOT_IN_FORCE, ORGANISATION, SOLE_TRADER, record_key
from signing import sm2
from signing.errors import SigningError

_WINDOW_SECONDS = 300
_MOST_BYTES = 1 << 20
_MAY_BE_EMPTY = frozenset(
    {
        *("XK_XDR_GSZC", "XK_XDR_ZZJG", "XK_XDR_SWDJ", "XK_XDR_SYDW", "XK_XDR_SHZZ"),
        *("XK_FRDB", "XK_NR", "BZ"),
    }
)
_RECORD_FIELDS = _MAY_BE_EMPTY | {
    *("XK_XDR_MC", "XK_XDR_LB", "XK_XDR_SHXYM", "XK_XKWS", "XK_WSH", "XK_XKLB", "XK_XKZS", "XK_XKBH"),
    *("XK_JDRQ", "XK_YXQZ", "XK_YXQZI", "XK_XKJG", "XK_XKJGDM", "XK_ZT", "XK_LYDW", "XK_LYDWDM"),
}
_OPERATOR = frozenset({"account", "name", "role", "division", "division_code", "service_org", "identity_num"})
_CREATION = frozenset(
    {
        *("service_item_code", "service_item_name", "biz_num", "operator", "name", "license_type", "id_code"),
        *("holder_name", "holder_identity_type", "holder_identity_num", "issue_org_name", "issue_org_code"),
        *("division_code", "issue_date", "begin_date", "expiry_date", "trust_level", "data_fields"),
    }
)
_ITEM = re.compile(r"[0-9A-Z]{9}[0-9A-Z]{9}[0-9]{6}")
_LICENSE_CODE_CHARACTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
Answer = tuple[int, dict[str, Any]]


class RefusedError(Exception):
    """What came is not as documented."""


@dataclass
class Simulated:
    """One receiver: what it holds, and what it refused and why."""

    kind: ConnectorKind
    credentials: Mapping[str, str] = field(repr=False)
    """As the gateway has them; for a webhook ``secret`` or ``point`` (of the SM2 key, hexadecimal)."""
    clock: Callable[[], datetime]
    say: Callable[[str], None] = lambda _: None
    records: dict[tuple[str, ...], dict[str, Any]] = field(default_factory=dict)
    events: dict[int, dict[str, Any]] = field(default_factory=dict)
    licences: dict[str, dict[str, Any]] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._nonces: set[str] = set()
        self._tokens: set[str] = set()
        self._lock = threading.Lock()

    def take(self, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Judge one POST."""
        takes = {
            ConnectorKind.WEBHOOK: self._webhook,
            ConnectorKind.DATA_SHARING: self._shared,
            ConnectorKind.PUBLICITY: self._publicity,
            ConnectorKind.LICENCE_LIBRARY: self._library,
        }[self.kind]
        with self._lock:
            try:
                document = json.loads(body)
                _require(isinstance(document, dict), "no JSON object")
                answer = takes(path, headers, body, document)
                self.say(f"{path.rpartition('/')[2]}: 200")
            except (RefusedError, CodeError, ValueError, KeyError, TypeError, SigningError) as error:
                self.refused.append(f"{path.rpartition('/')[2]}: {error}")
                self.say(f"400 {self.refused[-1]}")
                return 400, {"ack_code": "FAILURE", "errors": [str(error)]}
            return answer

    def _webhook(self, path: str, headers: Mapping[str, str], body: bytes, event: dict[str, Any]) -> Answer:
        del path
        timestamp, message_id = int(headers["webhook-timestamp"]), headers["webhook-id"]
        _require(abs(self.clock().timestamp() - timestamp) <= _WINDOW_SECONDS, "too old")
        content, given = signed_content(message_id, timestamp, body), headers["webhook-signature"].split(" ")
        if "secret" in self.credentials:
            _require(hmac_signature(self.credentials["secret"], content) in given, "signature")
        else:
            key = sm2.public_key_from_point(bytes.fromhex(self.credentials["point"]))
            sm2.verify(key, content, base64.b64decode(given[0].removeprefix("v1sm2,"), validate=True))
        _require(message_id == f"evt_{event['id']}", "id")
        self._keep_event(event)
        return 200, {}

    def _shared(self, path: str, headers: Mapping[str, str], body: bytes, document: dict[str, Any]) -> Answer:
        self._check_gateway(path, headers, body)
        if path.endswith("/received"):
            after, limit = int(document["after"]), int(document["limit"])
            return 200, {"ids": [str(each) for each in sorted(self.events) if each > after][:limit]}
        self._keep_event(document)
        return 200, {"accepted": True}

    def _keep_event(self, event: dict[str, Any]) -> None:
        names = {"specversion", "id", "source", "type", "subject", "time", "datacontenttype", "data"}
        _require(event.keys() == names, "fields of an event")
        _require(event["specversion"] == "1.0" and event["type"] in TOLD, "type")
        datetime.fromisoformat(event["time"])
        data = event["data"]
        codes = {data["authority_code"]}
        if event["type"] in SIGNING_TOLD:
            _require(event["subject"] == data["request_id"], "subject")
            # An enterprise's own system asks for no authority.
            codes = codes - {None} | {data["enterprise_code"]}
        else:
            LicenceIdentifier.parse(event["subject"])
        for code in codes:
            check_unified_social_credit_code(code)
        self.events[int(event["id"])] = event

    def _publicity(self, path: str, headers: Mapping[str, str], body: bytes, document: dict[str, Any]) -> Answer:
        self._check_gateway(path, headers, body)
        if path.endswith("/records/query"):
            keys = sorted(key for key in self.records if "\n".join(key) > document["after"])[: int(document["limit"])]
            following = "\n".join(keys[-1]) if len(keys) == document["limit"] else ""
            return 200, {"records": [self.records[key] for key in keys], "next": following}
        _require(path.endswith("/records"), "path")
        check_record(document)
        self.records[record_key(document)] = document
        return 200, {"accepted": True}

    def _check_gateway(self, path: str, headers: Mapping[str, str], body: bytes) -> None:
        token, nonce, timestamp = self.credentials["token"], headers["x-tif-nonce"], headers["x-tif-timestamp"]
        _require(headers["x-tif-paasid"] == self.credentials["caller"], "caller")
        _require(abs(self.clock().timestamp() - int(timestamp)) <= _WINDOW_SECONDS, "too old")
        _require(nonce not in self._nonces, "nonce was used")
        _same(caller_signature(timestamp, token, nonce), headers["x-tif-signature"].lower())
        _same(body_signature("POST", path, timestamp, nonce, body, token), headers["x-tif-body-signature"])
        self._nonces.add(nonce)

    def _library(self, path: str, headers: Mapping[str, str], body: bytes, document: dict[str, Any]) -> Answer:
        del body
        steps = path.rsplit("/license-app/v1", maxsplit=1)[-1].strip("/").split("/")
        if steps == ["security", "login"]:
            _require(document == dict(self.credentials), "credentials")
            token = secrets.token_urlsafe(24)
            self._tokens.add(token)
            return _acknowledged({"access_token": token})
        _require(headers.get("access_token", "") in self._tokens, "access_token")
        _require(document["operator"].keys() == _OPERATOR and bool(document["biz_num"]), "operator or biz_num")
        if steps == ["license", "auth"]:
            wanted = (document["item_code"], document["identity_number"])
            found = [each for each in self.licences.values() if (each["item"], each["holder_identity_num"]) == wanted]
            return _acknowledged({"licenses": found})
        _require(len(steps) == 3 and _ITEM.fullmatch(steps[1]) is not None, "item code")  # noqa: PLR2004 - license, item, act
        _require(document["service_item_code"] == steps[1], "service_item_code")
        acts = {"create": self._create, "issue": self._issue, "abolish": self._abolish}
        return acts[steps[2]](steps[1], document)

    def _create(self, item: str, document: dict[str, Any]) -> Answer:
        check_creation(document)
        twins = [
            each["license_code"]
            for each in self.licences.values()
            if (each["item"], each["id_code"]) == (item, document["id_code"]) and each["license_status"] != ABOLISHED
        ]
        _require(not twins, "there is one under this number")
        serial = "".join(secrets.choice(_LICENSE_CODE_CHARACTERS) for _ in range(8))
        code = f"{document['division_code']}{document['issue_date'][:4]}{serial}"
        self.licences[code] = {**document, "item": item, "license_code": code, "license_status": CREATED}
        return _acknowledged({"license_code": code, "auth_code": f"{self.clock():%Y%m%d%H%M%S}000{serial}_{code}"})

    def _issue(self, item: str, document: dict[str, Any]) -> Answer:
        found = self._found(item, document)
        _require(found["license_status"] == CREATED, "status")
        found["license_status"] = ISSUED
        return _acknowledged({})

    def _abolish(self, item: str, document: dict[str, Any]) -> Answer:
        found = self._found(item, document)
        _require(found["license_status"] != ABOLISHED and bool(document["abolish_reason"]), "status or reason")
        found["license_status"], found["abolish_reason"] = ABOLISHED, document["abolish_reason"]
        return _acknowledged({})

    def _found(self, item: str, document: dict[str, Any]) -> dict[str, Any]:
        found = self.licences[document["license_code"]]
        _require(found["item"] == item, "another item's")
        return found


def check_record(record: Mapping[str, Any]) -> None:
    """RefusedError unless it is a public licence record, field by field (domain facts, 2.6)."""
    _require(record.keys() == _RECORD_FIELDS, f"fields: {sorted(record.keys() ^ _RECORD_FIELDS)}")
    for name, value in record.items():
        _require(isinstance(value, str) and (bool(value) or name in _MAY_BE_EMPTY), name)
    for name in ("XK_XDR_SHXYM", "XK_XKJGDM", "XK_LYDWDM"):
        check_unified_social_credit_code(record[name])
    begin, end, decided = (date.fromisoformat(record[name]) for name in ("XK_YXQZ", "XK_YXQZI", "XK_JDRQ"))
    _require(begin <= end and decided <= end, "days")
    _require(record["XK_XKLB"] in CATEGORIES, "XK_XKLB")
    _require(record["XK_ZT"] in (IN_FORCE, NOT_IN_FORCE), "XK_ZT")
    is_trader = record["XK_XDR_SHXYM"].startswith("92")
    _require(record["XK_XDR_LB"] == (SOLE_TRADER if is_trader else ORGANISATION), "XK_XDR_LB")


def check_creation(document: Mapping[str, Any]) -> None:
    """RefusedError unless ``create`` holds what the library wants (domain facts, 1.6)."""
    _require(document.keys() == _CREATION, f"fields: {sorted(document.keys() ^ _CREATION)}")
    check_unified_social_credit_code(document["holder_identity_num"])
    check_unified_social_credit_code(document["issue_org_code"])
    date.fromisoformat(document["issue_date"])
    date.fromisoformat(document["begin_date"])
    fields = document["data_fields"]
    pairs = {"ZZMC": "name", "ZZHM": "id_code", "CYRMC": "holder_name", "FZJGMC": "issue_org_name"}
    pairs |= {"CYRSFZJHM": "holder_identity_num", "FZRQ": "issue_date", "YXQKSRQ": "begin_date"}
    for name, other in pairs.items():
        _require(fields[name] == document[other], name)
    _require(document["trust_level"] in "ABCD" and document["license_type"] == "CERTIFICATE", "trust_level")


def serve_receiver(simulated: Simulated, host: str, port: int) -> ThreadingHTTPServer:
    """A server that is bound and not yet running; port 0 takes a free one."""

    class Handler(_Handler):
        receiver = simulated

    server = ThreadingHTTPServer((host, port), Handler)
    server.daemon_threads = True
    return server


class _Handler(BaseHTTPRequestHandler):
    receiver: Simulated

    def do_POST(self) -> None:
        """Every route."""
        length = self.headers.get("Content-Length", "")
        body = self.rfile.read(min(int(length), _MOST_BYTES)) if length.isdecimal() else b""
        headers = {name.lower(): value for name, value in self.headers.items()}
        status, answer = self.receiver.take(self.path, headers, body)
        content = json.dumps(answer, ensure_ascii=False).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Nothing: what matters is kept."""


def _acknowledged(data: dict[str, Any]) -> Answer:
    return 200, {
        "ack_code": "SUCCESS",
        "errors": [],
        "sign": None,
        "sign_method": None,
        "timestamp": None,
        "correlation_id": secrets.token_hex(8),
        "response_id": secrets.token_hex(8),
        "data": data,
    }


def _require(is_so: object, name: str) -> None:
    if not is_so:
        raise RefusedError(name)


def _same(expected: str, given: str) -> None:
    _require(hmac.compare_digest(expected.encode(), given.encode()), "signature")
