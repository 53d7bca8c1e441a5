"""Signing requests as they are told: to the department, to the app, and to a person on the page."""

from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.domain.authorisations import SigningAuthorisation
from gateway.domain.instants import instant
from gateway.domain.signing_reasons import REFUSAL_WORDS
from gateway.domain.signing_requests import Standing
from signing.cose import parse_sign1
from signing.sm2 import sm3

USER_ID = "1234567812345678"
"""The user ID of every SM2 signature (GM/T 0009)."""
EVIDENCE_PARTS = ("certificates", "revocation_data")
"""What of the evidence is named by digest: the path of the certificate, and lists and responses on it."""


@dataclass(frozen=True)
class DocumentView:
    """One document of a request."""

    document_id: str
    title: str
    form: str
    result: str
    media_type: str
    size: int
    """Bytes of what is shown."""
    sm3: str
    sha256: str
    message_sm3: str
    """Of what is signed: a PDF without the place of its signature, else the bytes that are shown."""
    to_be_signed: bytes | None = None
    """None until the app said which certificate it will use."""
    result_sm3: str | None = None
    result_sha256: str | None = None
    result_size: int | None = None

    def to_json(self) -> dict[str, Any]:
        """What both sides are told."""
        return {
            "document_id": self.document_id,
            "title": self.title,
            "form": self.form,
            "media_type": self.media_type,
            "size": self.size,
            "digest": {"sm3": self.sm3, "sha256": self.sha256},
            "signed_digest": {"sm3": self.message_sm3},
        }

    def result_json(self) -> dict[str, Any] | None:
        """The signed result; None before there is one."""
        if self.result_sm3 is None:
            return None
        return {"size": self.result_size, "digest": {"sm3": self.result_sm3, "sha256": self.result_sha256}}


@dataclass(frozen=True)
class SigningView:
    """A request as it stands at an instant."""

    request_id: str
    token: str
    """In the QR code; whoever has it may answer the request."""
    standing: Standing
    revision: int
    department: tuple[str, str] | None
    """Code and name of who asks; None: the enterprise's own system."""
    enterprise: tuple[str, str]
    purpose: str
    signer_role: str
    created_at: datetime
    documents: tuple[DocumentView, ...]
    own_system: str | None = None
    """Name of the enterprise's own system, where that asks."""
    signer_name: str = ""
    requires_authorisation: bool = False
    role_basis: str | None = None
    """What the signer's role rests on, by the last certificate that was offered; None before."""
    authorisation: bytes | None = None
    """The statement that was handed over, which was verified."""
    certificate_sm3: str | None = None
    decline_reason: str | None = None
    refusals: int = 0
    evidence: dict[str, Any] | None = None
    """How the certificate was found to hold when the signature came in."""

    def _common(self) -> dict[str, Any]:
        standing, code = self.standing, self.standing.reason_code
        zh, en = REFUSAL_WORDS.get(code or "", ("", ""))
        return {
            "request_id": self.request_id,
            "state": standing.state,
            "reason": None if code is None else {"code": code, "message": {"zh": zh, "en": en}},
            "department": self.department_json(),
            "own_system": self.own_system,
            "enterprise": dict(zip(("code", "name"), self.enterprise, strict=True)),
            "purpose": self.purpose,
            "signer_role": self.signer_role,
            "requires_authorisation": self.requires_authorisation,
            "role_basis": self.role_basis,
            "expires_at": instant(standing.expires_at),
            "received_at": instant(standing.received_at),
            "finished_at": instant(standing.finished_at),
            "revision": self.revision,
        }

    def department_json(self) -> dict[str, str] | None:
        """The authority that asks; None where the enterprise's own system does."""
        return None if self.department is None else dict(zip(("code", "name"), self.department, strict=True))

    def page(self, public_base_url: str) -> str:
        """Address of the page of this request, which is also the text of its QR code."""
        return f"{public_base_url.rstrip('/')}/s/{self.token}"

    def event_json(self) -> dict[str, Any]:
        """What changes, and nothing that is anybody's own."""
        common = self._common()
        names = ("request_id", "state", "reason", "expires_at", "received_at", "finished_at", "revision")
        return {name: common[name] for name in names}

    def session_json(self) -> dict[str, Any]:
        """For the app, without the addresses of the documents."""
        documents = [
            each.to_json()
            | {"to_be_signed": None if each.to_be_signed is None else text(each.to_be_signed), "user_id": USER_ID}
            for each in self.documents
        ]
        return self._common() | {"documents": documents}

    def to_json(self) -> dict[str, Any]:
        """For the department, without addresses."""
        return self._common() | {
            "created_at": instant(self.created_at),
            "presented_at": instant(self.standing.presented_at),
            "refusals": self.refusals,
            "decline_reason": self.decline_reason,
            "signer": self._signer_json(),
            "evidence": self.evidence or None,
            "documents": [
                each.to_json() | {"result": each.result, "signed": each.result_json()} for each in self.documents
            ],
        }

    @property
    def authorised(self) -> SigningAuthorisation | None:
        """What the statement says that was handed over."""
        if self.authorisation is None:
            return None
        return SigningAuthorisation.decode(parse_sign1(self.authorisation).payload)

    def _signer_json(self) -> dict[str, Any] | None:
        if self.certificate_sm3 is None:
            return None
        told: dict[str, Any] = {"name": self.signer_name, "role": self.signer_role}
        told |= {"certificate_sm3": self.certificate_sm3, "role_basis": self.role_basis, "authorisation": None}
        if self.authorisation is not None and self.authorised is not None:
            statement = {"sm3": sm3(self.authorisation).hex(), "statement": text(self.authorisation)}
            told["authorisation"] = self.authorised.to_json() | statement
        return told


def evidence_entries(evidence: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What evidence names by its digests; copies."""
    own = [dict(each) for name in EVIDENCE_PARTS for each in evidence.get(name, ())]
    return own + [entry for link in _links(evidence) for entry in evidence_entries(link["certificate"])]


def evidence_with(evidence: Mapping[str, Any], change: Callable[[dict[str, Any]], dict[str, Any]]) -> dict[str, Any]:
    """The evidence with each thing that it names by its digests as ``change`` makes it."""
    made = dict(evidence)
    made |= {name: [change(dict(each)) for each in evidence[name]] for name in EVIDENCE_PARTS if name in evidence}
    if links := _links(evidence):
        chain = [link | {"certificate": evidence_with(link["certificate"], change)} for link in links]
        made["authorisation"] = evidence["authorisation"] | {"chain": chain}
    return made


def _links(evidence: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The authorisations that the role of the signer rests on."""
    return list((evidence.get("authorisation") or {}).get("chain", ()))


def text(data: bytes) -> str:
    """Bytes as base64 (RFC 4648, 4)."""
    return b64encode(data).decode()
