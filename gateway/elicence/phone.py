"""The phone: reads a QR code, fetches exactly what is to be signed, shows it, signs or declines. It speaks ``/sign/v1``.

An app must not sign what it did not show: the digest of each document is made here from the bytes that were fetched,
and must stand in what the signature is made over.
"""

import base64
import binascii
import json
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import urllib3

from gateway.domain.status import CHINA_STANDARD_TIME
from gateway.elicence.cards import Card, CardKind
from signing import der, sm2
from signing.cms import assemble, signed_attributes
from signing.sm2 import sm3

_TOKEN = re.compile(r"/s/([A-Za-z0-9_-]{16,200})")
_RANGE = re.compile(rb"/ByteRange\s*\[\s*0\s+(\d{1,10})\s+(\d{1,10})\s+(\d{1,10})\s*\]")
_MOST_BYTES = 64 * 1024 * 1024
_TIMEOUT = urllib3.Timeout(connect=3, read=30)
_OTHER_ID = b"8765432187654321"
_OK = 200


class Fault(StrEnum):
    """What is wrong with the next answer of the phone."""

    TWICE = "twice"
    """It posts the same signatures a second time."""
    LATE = "late"
    """It posts after the request has expired, or after the longest wait of the simulator."""
    NEVER = "never"
    """It looks, and says nothing."""
    RANDOM_ORDER = "random_order"
    """Documents in any order, after a random pause, so that requests overtake each other."""
    WRONG_DIGEST = "wrong_digest"
    """A sound signature over the digest of something else."""
    WRONG_USER_ID = "wrong_user_id"
    """SM2 with another user ID than the agreed one."""
    MALFORMED = "malformed"
    """A value that is no strict DER."""
    OTHER_ENTERPRISE = "other_enterprise"
    EXPIRED = "expired"
    REVOKED = "revoked"
    TWO_CODES = "two_codes"
    """A certificate that names two enterprises."""
    REPLAY = "replay"
    """The signatures of the request before."""
    DECLINE = "decline"
    NO_AUTHORISATION = "no_authorisation"
    """Nobody's word but that of the app."""
    AUTHORISATION_EXPIRED = "authorisation_expired"
    AUTHORISATION_OTHER_PURPOSE = "authorisation_other_purpose"
    AUTHORISATION_OTHER_ENTERPRISE = "authorisation_other_enterprise"
    WRONG_PERSON = "wrong_person"
    """Somebody else than the authorisation, or the register, names."""


CARD_OF = {Fault.EXPIRED: CardKind.EXPIRED, Fault.REVOKED: CardKind.REVOKED, Fault.TWO_CODES: CardKind.TWO_CODES}
"""The faults that are those of a card."""


class PhoneError(Exception):
    """The phone cannot go on. The message is for its holder: Chinese, then English."""


@dataclass(frozen=True)
class Signer:
    """Who holds the phone."""

    name: str
    role: str
    authorisation: bytes | None = None
    """A ``SigningAuthorisation`` as COSE_Sign1, that this person may sign."""
    authorised_until: datetime | None = None

    def to_json(self) -> dict[str, str]:
        """As the app tells it."""
        told = {"role": self.role, "signer_name": self.name}
        if self.authorisation is not None:
            told["authorisation"] = base64.b64encode(self.authorisation).decode()
        return told


@dataclass(frozen=True)
class ShownDocument:
    """One document as the phone fetched it."""

    document_id: str
    title: str
    media_type: str
    form: str
    """pdf | json | bytes"""
    content: bytes
    sm3: str
    """Made here, from the content."""
    to_be_signed: bytes
    """What the signature is made over."""

    @property
    def text(self) -> str | None:
        """Data and plain text, to be shown as they are; None for a file that needs a viewer."""
        if self.form == "pdf" or not (self.form == "json" or self.media_type.startswith("text/")):
            return None
        try:
            return self.content.decode()
        except UnicodeDecodeError:
            return None


@dataclass(frozen=True)
class Presented:
    """A request as the phone shows it."""

    token: str
    request_id: str
    state: str
    department: str | None
    """None where the enterprise's own system asks."""
    own_system: str | None
    enterprise_code: str
    enterprise_name: str
    purpose: str
    signer_role: str
    expires_at: datetime
    documents: tuple[ShownDocument, ...] = ()
    """Filled once the phone has told its certificate."""

    @property
    def until(self) -> str:
        """When it ends, by the clock in China, as a person reads it."""
        return china_time(self.expires_at)


def china_time(moment: datetime) -> str:
    """By the clock in China, as a person reads it."""
    return moment.astimezone(CHINA_STANDARD_TIME).strftime("%Y-%m-%d %H:%M:%S")


@dataclass(frozen=True)
class Answer:
    """What the gateway said to a post."""

    status: int
    body: Mapping[str, Any]

    @property
    def state(self) -> str:
        """State of the request, or the code of the problem."""
        return str(self.body.get("state") or self.body.get("code") or self.status)

    @property
    def reasons(self) -> list[str]:
        """Codes of what a problem says is wrong."""
        return [str(each.get("code")) for each in self.body.get("errors") or ()]


class Phone:
    """Talks to one gateway; codes of other sites are refused, whatever they say."""

    def __init__(self, gateway: str, http: urllib3.PoolManager | None = None) -> None:
        self._gateway = gateway.rstrip("/")
        self._http = http or urllib3.PoolManager(maxsize=16, retries=False)

    def scan(self, qr_text: str) -> str:
        """The token in a code. PhoneError when it is none of this gateway's."""
        text = qr_text.strip()
        found = _TOKEN.fullmatch(text.removeprefix(self._gateway)) if text.startswith(self._gateway) else None
        if found is None:
            raise PhoneError("这不是本系统的签名码。This is no signing code of the gateway that this app knows.")
        return found[1]

    def look(self, token: str) -> Presented:
        """The request, before anything is signed. PhoneError."""
        return _presented(token, self._ask("GET", f"/sign/v1/sessions/{token}").body)

    def show(self, token: str, card: Card, signer: Signer) -> Presented:
        """The request with every document, fetched and compared. PhoneError when one is not what would be signed."""
        told = signer.to_json() | {"certificate": base64.b64encode(card.certificate).decode()}
        body = self._ask("POST", f"/sign/v1/sessions/{token}/certificate", told).body
        documents = tuple(self._fetch(token, each) for each in body.get("documents", ()))
        return _presented(token, body, documents)

    def post(self, presented: Presented, card: Card, signatures: Sequence[Mapping[str, str]]) -> Answer:
        """Hand the signatures over; a refusal is an answer too. PhoneError when the gateway cannot be reached."""
        body = {"signatures": list(signatures), "certificate": base64.b64encode(card.certificate).decode()}
        return self._send("POST", f"/sign/v1/sessions/{presented.token}/signatures", body)

    def decline(self, token: str, reason: str) -> Answer:
        """Say no."""
        return self._send("POST", f"/sign/v1/sessions/{token}/decline", {"reason": reason})

    def fetch(self, address: str) -> bytes:
        """A document by its whole address. PhoneError when it is none of this gateway's, or is not given."""
        path = address.removeprefix(self._gateway)
        if not address.startswith(f"{self._gateway}/sign/v1/sessions/"):
            raise PhoneError("文件不在本系统。The document is not with the gateway that this app knows.")
        status, content = self._request("GET", path)
        if status != _OK:
            raise PhoneError("文件取不到。The document is not given.")
        return content

    def _fetch(self, token: str, described: Mapping[str, Any]) -> ShownDocument:
        try:
            identifier = str(described["document_id"])
            status, content = self._request("GET", f"/sign/v1/sessions/{token}/documents/{identifier}")
            document = ShownDocument(
                identifier,
                str(described["title"]),
                str(described["media_type"]),
                str(described["form"]),
                content,
                sm3(content).hex(),
                base64.b64decode(described["to_be_signed"] or "", validate=True),
            )
            said = described["digest"]["sm3"]
        except (KeyError, TypeError, binascii.Error) as error:
            raise PhoneError("网关的答复不合约定。The gateway's answer is not as agreed.") from error
        if status != _OK or document.sm3 != said or not is_bound(document):
            raise PhoneError(
                "文件与待签摘要不符，不能签名。The document is not what would be signed; nothing was signed."
            )
        return document

    def _ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Answer:
        answer = self._send(method, path, body)
        if answer.status != _OK:
            said = " ".join([answer.state, *answer.reasons])
            raise PhoneError(f"网关不接受：{said}。The gateway refuses: {said}.")
        return answer

    def _send(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Answer:
        status, content = self._request(method, path, body)
        try:
            document = json.loads(content)
        except ValueError:
            document = None
        return Answer(status, document if isinstance(document, dict) else {})

    def _request(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> tuple[int, bytes]:
        headers = {"Accept": "application/json, */*", "User-Agent": "elicence-simulator"}
        sent = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        if sent is not None:
            headers["Content-Type"] = "application/json"
        try:
            response = self._http.request(
                method,
                self._gateway + path,
                body=sent,
                headers=headers,
                timeout=_TIMEOUT,
                redirect=False,
                retries=False,
                preload_content=False,
            )
            try:
                content = response.read(_MOST_BYTES + 1)
            finally:
                response.release_conn()
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise PhoneError("无法连接网关，请稍后再试。The gateway cannot be reached; try again later.") from error
        if len(content) > _MOST_BYTES:
            raise PhoneError("文件过大。The document is too large for this app.")
        return response.status, content


def is_bound(document: ShownDocument) -> bool:
    """Whether the digest or the bytes of a shown document stand in what the signature is made over."""
    if any(der.octet_string(each) in document.to_be_signed for each in signed_digests(document.form, document.content)):
        return True
    return document.form != "pdf" and bool(document.content) and document.to_be_signed.endswith(document.content)


def signed_digests(form: str, content: bytes) -> list[bytes]:
    """SM3 that a signature over these bytes may name: of a PDF without one of its places for a signature, else of all."""
    if form != "pdf":
        return [sm3(content)]
    ranges = [tuple(map(int, found)) for found in _RANGE.findall(content)]
    return [sm3(content[:start] + content[end:]) for start, end, rest in ranges if end + rest == len(content)]


def sign_documents(presented: Presented, card: Card, fault: Fault | None = None) -> list[dict[str, str]]:
    """The signatures of a request, each as ``fault`` has it."""
    signed = [{"document_id": each.document_id, **_signature(each, card, fault)} for each in presented.documents]
    if fault is Fault.RANDOM_ORDER:
        secrets.SystemRandom().shuffle(signed)
    return signed


def _signature(document: ShownDocument, card: Card, fault: Fault | None) -> dict[str, str]:
    private = card.key.private
    if fault is Fault.WRONG_DIGEST:
        attributes = signed_attributes(message_digest=sm3(b"another document"), key=card.key)
        return _value("cms", assemble(attributes=attributes, signature=card.key.sign(attributes), key=card.key))
    if fault is Fault.WRONG_USER_ID:
        return _value("raw", sm2.sign(private, document.to_be_signed, signer_id=_OTHER_ID))
    value = sm2.sign(private, document.to_be_signed)
    return _value("raw", value + b"\x00" if fault is Fault.MALFORMED else value)


def _value(form: str, value: bytes) -> dict[str, str]:
    return {"form": form, "value": base64.b64encode(value).decode()}


def _presented(token: str, body: Mapping[str, Any], documents: tuple[ShownDocument, ...] = ()) -> Presented:
    try:
        return Presented(
            token=token,
            request_id=str(body["request_id"]),
            state=str(body["state"]),
            department=None if body["department"] is None else str(body["department"]["name"]),
            own_system=body.get("own_system"),
            enterprise_code=str(body["enterprise"]["code"]),
            enterprise_name=str(body["enterprise"]["name"]),
            purpose=str(body["purpose"]),
            signer_role=str(body["signer_role"]),
            expires_at=datetime.fromisoformat(body["expires_at"]),
            documents=documents,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise PhoneError("网关的答复不合约定。The gateway's answer is not as agreed.") from error
