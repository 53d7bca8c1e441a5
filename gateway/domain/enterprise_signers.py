"""The national service of electronic business licences as a signer: the port, and what an answer must look like.

Its interface is given on application only (domain facts, 3.4); how ours travels: docs/enterprise-signing.md.
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol

from gateway.domain.instants import read_instant

_CLOCKS_DIFFER = timedelta(minutes=5)
_LONGEST = 300
FACT_NAMES = {
    "attribute17": "unified_social_credit_code",
    "attribute18": "name",
    "attribute29": "address",
    "attribute33": "established_on",
    "attribute42": "registration_authority",
}
"""Fields of ``BusinessLicenceGetLicenceInfo`` that are known, by what they hold."""


class Operation(StrEnum):
    """What the service is asked."""

    CHECK = "BusinessLicenceCheck"
    """First generation: whether a licence object is genuine and valid."""
    FACTS = "BusinessLicenceGetLicenceInfo"
    VERIFY = "BusinessLicenceVerifySign"
    BEGIN = "BeginSigning"
    """Present generation: scan to sign."""
    LOOK = "LookAtSigning"
    SUPPLY = "SupplySigning"
    CANCEL = "CancelSigning"


class SessionState(StrEnum):
    """Where a session of the service stands."""

    WAITING = "waiting"
    SCANNED = "scanned"
    """The app told its certificate, and waits for what the signatures are over."""
    SIGNED = "signed"
    DECLINED = "declined"
    EXPIRED = "expired"


class EnterpriseSignerDownError(Exception):
    """No answer that can be believed. It says nothing about the enterprise. The message is for the log."""


class EnterpriseSignerRefusedError(Exception):
    """The service understood and refused; ``code`` is its own."""

    def __init__(self, code: int) -> None:
        super().__init__(f"refused with code {code}")
        self.code = code


@dataclass(frozen=True)
class SessionOpened:
    """What a person scans."""

    session_id: str
    qr_text: str
    expires_at: datetime


@dataclass(frozen=True)
class SessionView:
    """How a session stands."""

    state: SessionState
    certificate: bytes | None = None
    """DER; from SCANNED on."""
    signer_role: str = ""
    signer_name: str = ""
    authorisation: bytes | None = None
    """Where the signer has one."""
    signatures: Mapping[str, bytes] | None = None
    """Value by document id; when SIGNED."""
    reason: str = ""


class EnterpriseSigner(Protocol):
    """The port."""

    @property
    def name(self) -> str:
        """Short, for evidence and metrics."""
        ...

    def begin(self, question: Mapping[str, Any]) -> SessionOpened:
        """Open a session; the same request id again gives the same session."""
        ...

    def look(self, session_id: str) -> SessionView:
        """How it stands."""
        ...

    def supply(self, session_id: str, to_be_signed: Mapping[str, bytes]) -> None:
        """What the signatures are over, now that the certificate is known."""
        ...

    def cancel(self, session_id: str) -> None:
        """Take it back."""
        ...

    def check_licence(self, licence_entity: bytes) -> bool:
        """``BusinessLicenceCheck``: whether a licence object holds."""
        ...

    def licence_facts(self, licence_entity: bytes) -> dict[str, str]:
        """``BusinessLicenceGetLicenceInfo``: the facts in a licence object."""
        ...

    def verify_signature(self, licence_entity: bytes, text: str, value: bytes) -> bool:
        """``BusinessLicenceVerifySign``: whether a signature of a licence holds, as the service sees it."""
        ...


def parse_result(document: object, *, nonce: str, now: datetime) -> Mapping[str, Any]:
    """The result in an answer. EnterpriseSignerRefusedError for another code than 0, EnterpriseSignerDownError otherwise."""
    names = {"version", "nonce", "code", "result", "answered_at"}
    if not isinstance(document, dict) or set(document) != names:
        raise EnterpriseSignerDownError("the answer does not have exactly the agreed fields")
    if document["version"] != 1 or document["nonce"] != nonce:
        raise EnterpriseSignerDownError("it answers another question, or in another version")
    if abs(_instant(document["answered_at"]) - now) > _CLOCKS_DIFFER:
        raise EnterpriseSignerDownError("the answer is not of now")
    code, result = document["code"], document["result"]
    if not isinstance(code, int) or isinstance(code, bool) or not isinstance(result, dict):
        raise EnterpriseSignerDownError("code or result is of another type")
    if code != 0:
        raise EnterpriseSignerRefusedError(code)
    return result


def parse_opened(result: Mapping[str, Any]) -> SessionOpened:
    """EnterpriseSignerDownError when it is not as agreed."""
    return SessionOpened(_text(result, "session_id"), _text(result, "qr_text"), _instant(result.get("expires_at")))


def parse_view(result: Mapping[str, Any]) -> SessionView:
    """EnterpriseSignerDownError when it is not as agreed: a state without what belongs to it says nothing."""
    try:
        state = SessionState(result.get("state", ""))
    except ValueError as error:
        raise EnterpriseSignerDownError("its state is none of those agreed") from error
    if state not in (SessionState.SCANNED, SessionState.SIGNED):
        reason = result.get("reason")
        return SessionView(state, reason=reason[:_LONGEST] if isinstance(reason, str) else "")
    certificate, signatures = _octets(result.get("certificate")), None
    if state is SessionState.SIGNED:
        given = result.get("signatures")
        if not isinstance(given, dict) or not given:
            raise EnterpriseSignerDownError("it is signed without signatures")
        signatures = {str(name): _octets(value) for name, value in given.items()}
    role, name, given = _text(result, "signer_role"), _text(result, "signer_name"), result.get("authorisation")
    return SessionView(state, certificate, role, name, None if given is None else _octets(given), signatures)


def parse_facts(result: Mapping[str, Any]) -> dict[str, str]:
    """The known facts by our names. EnterpriseSignerDownError when one is no text."""
    return {ours: _text(result, theirs) for theirs, ours in FACT_NAMES.items() if theirs in result}


def _text(result: Mapping[str, Any], name: str) -> str:
    value = result.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST or not value.isprintable():
        raise EnterpriseSignerDownError(f"{name} is missing, too long or not printable")
    return value


def _octets(value: object) -> bytes:
    try:
        return base64.b64decode(value if isinstance(value, str) else "-", validate=True)
    except binascii.Error as error:
        raise EnterpriseSignerDownError("a value is no base64") from error


def _instant(value: object) -> datetime:
    try:
        return read_instant(value)
    except ValueError as error:
        raise EnterpriseSignerDownError("an instant is none") from error
