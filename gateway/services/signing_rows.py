"""Rows of signing requests: found and locked, moved from state to state with their audit event, and told."""

import json
from base64 import b64decode, b64encode
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session, selectinload

from gateway.domain.actors import SYSTEM
from gateway.domain.authorisations import RoleBasis
from gateway.domain.instants import instant
from gateway.domain.signing_answers import OfferedSigner
from gateway.domain.signing_reasons import SigningReason
from gateway.domain.signing_requests import SigningState, Standing, Step
from gateway.domain.signing_views import DocumentView, SigningView
from gateway.errors import NotFoundError
from gateway.persistence.models import AuditEvent, IssuingAuthorityRow, SigningDocument, SigningRequest, StoredFile
from gateway.persistence.session import reading
from gateway.services.dependencies import Dependencies
from gateway.services.sealed_places import signing_request
from signing.sm2 import sm3

_MOVED = ("state", "presented_at", "received_at", "finished_at", "reason_code")


def token_digest(token: str) -> str:
    """What a token is found by."""
    return sm3(token.encode()).hex()


def find_request(session: Session, condition: ColumnElement[bool], *, locked: bool = False) -> SigningRequest:
    """One request with its documents, locked until the transaction ends when it is to be changed. NotFoundError."""
    query = select(SigningRequest).where(condition)
    row = session.scalar(query.with_for_update() if locked else query.options(selectinload(SigningRequest.documents)))
    if row is None:
        raise NotFoundError("没有这个签名请求。No such signing request.")
    return row


def asked_by(authority_codes: Collection[str] | None, enterprise_code: str | None) -> tuple[ColumnElement[bool], ...]:
    """The twin of ``Actor.asks_as``: requests of who acts for these authorities, or is this enterprise's own system."""
    if enterprise_code is not None:
        return SigningRequest.department_code.is_(None), SigningRequest.enterprise_code == enterprise_code
    return () if authority_codes is None else (SigningRequest.department_code.in_(sorted(authority_codes)),)


def standing_of(row: SigningRequest) -> Standing:
    """Where a request stands by its row; whether its time is over, the clock says."""
    return Standing(
        state=SigningState(row.state),
        expires_at=row.expires_at,
        presented_at=row.presented_at,
        received_at=row.received_at,
        finished_at=row.finished_at,
        reason_code=row.reason_code,
    )


def move(
    session: Session,
    row: SigningRequest,
    step: Step,
    now: datetime,
    *,
    actor: Mapping[str, Any],
    reason: SigningReason | None = None,
    detail: Mapping[str, Any] | None = None,
) -> bool:
    """Take a step in the caller's transaction, with its event; gives whether anything changed. TransitionRefusedError."""
    before = standing_of(row)
    after = before.after(step, now, reason)
    if after == before:
        return False
    for name in _MOVED:
        setattr(row, name, getattr(after, name))
    is_received = after.received_at != before.received_at
    action = "signing_request_received" if is_received else f"signing_request_{after.state}"
    told: dict[str, Any] = {"enterprise_code": row.enterprise_code}
    if after.reason_code is not None:
        told["reason"] = after.reason_code
    note(session, row, action, now, actor=actor, detail={**told, **(detail or {})})
    return True


def note(
    session: Session,
    row: SigningRequest,
    action: str,
    now: datetime,
    *,
    actor: Mapping[str, Any],
    detail: Mapping[str, Any],
) -> None:
    """An event of a request, which becomes a leaf of the transparency log; whoever waits sees that something is new."""
    row.revision += 1
    session.add(AuditEvent(occurred_at=now, action=action, subject=row.id, detail=dict(detail), actor=dict(actor)))


def expire(session: Session, row: SigningRequest, now: datetime) -> bool:
    """Note that the time of a request is over, where it is."""
    return move(session, row, Step.EXPIRE, now, actor=SYSTEM.audit(), detail={"expired_at": instant(row.expires_at)})


def app_actor(row: SigningRequest) -> dict[str, str]:
    """Whoever has the token: who that is, only the certificate proves."""
    return {"kind": "app", "id": row.id, "name": "电子营业执照 app"}


def secrets_of(deps: Dependencies, row: SigningRequest) -> dict[str, str]:
    """Token, and what is known of the signer, in clear. StorageError when they do not open."""
    found: dict[str, str] = json.loads(deps.vault.open(row.sealed, signing_request(row.id)))
    return found


def seal_secrets(deps: Dependencies, request_id: str, secrets: Mapping[str, str]) -> str:
    """Token, and what is known of the signer, as they are stored."""
    return deps.vault.seal(json.dumps(dict(secrets), ensure_ascii=False), signing_request(request_id))


def signer_of(secrets: Mapping[str, str]) -> OfferedSigner:
    """Who was offered to sign; without a name where nobody was yet."""
    token = secrets.get("authorisation")
    return OfferedSigner(secrets.get("signer_name", ""), None if token is None else b64decode(token))


def with_signer(secrets: Mapping[str, str], signer: OfferedSigner, basis: RoleBasis) -> dict[str, str]:
    """Secrets with who is to sign now, and what that rests on."""
    kept = {"token": secrets["token"], "signer_name": signer.name, "role_basis": basis.value}
    if signer.authorisation is not None:
        kept["authorisation"] = b64encode(signer.authorisation).decode()
    return kept


def view_of(
    deps: Dependencies,
    session: Session,
    row: SigningRequest,
    now: datetime,
    signed: Mapping[int, bytes] | None = None,
) -> SigningView:
    """A request as it stands now; ``signed`` has what is to be signed by position, for the app."""
    secrets = secrets_of(deps, row)
    digests = [digest for each in row.documents for digest in (each.content_sm3, each.result_sm3) if digest]
    files = {file.sm3: file for file in session.scalars(select(StoredFile).where(StoredFile.sm3.in_(digests)))}
    return SigningView(
        request_id=row.id,
        token=secrets["token"],
        standing=standing_of(row).at(now),
        revision=row.revision,
        department=_department(session, row),
        own_system=None if row.department_code is not None else str(row.actor["name"]),
        enterprise=(row.enterprise_code, row.enterprise_name),
        purpose=row.purpose,
        signer_role=row.signer_role,
        requires_authorisation=row.requires_authorisation,
        role_basis=row.evidence.get("role_basis") or secrets.get("role_basis"),
        authorisation=signer_of(secrets).authorisation,
        created_at=row.created_at,
        documents=tuple(_document(each, files, (signed or {}).get(each.position)) for each in row.documents),
        signer_name=secrets.get("signer_name", ""),
        certificate_sm3=None if row.certificate is None else sm3(row.certificate).hex(),
        decline_reason=row.decline_reason,
        refusals=row.refusals,
        evidence=row.evidence,
    )


def _department(session: Session, row: SigningRequest) -> tuple[str, str] | None:
    if row.department_code is None:
        return None
    return row.department_code, session.get_one(IssuingAuthorityRow, row.department_code).name


def _document(row: SigningDocument, files: Mapping[str, StoredFile], to_be_signed: bytes | None) -> DocumentView:
    content = files[row.content_sm3]
    result = None if row.result_sm3 is None else files[row.result_sm3]
    return DocumentView(
        document_id=str(row.position),
        title=row.title,
        form=row.form,
        result=row.result,
        media_type=row.media_type,
        size=content.size,
        sm3=content.sm3,
        sha256=content.sha256,
        message_sm3=row.message_sm3,
        to_be_signed=to_be_signed,
        result_sm3=row.result_sm3,
        result_sha256=None if result is None else result.sha256,
        result_size=None if result is None else result.size,
    )


def content_of(deps: Dependencies, document: SigningDocument) -> bytes:
    """The bytes of a document. FileAlteredError when they are others now, StorageError.

    The same bytes may have come before in another form: they are read under the ending that their row has, by which they are
    backed up.
    """
    with reading(deps.sessions) as session:
        stored = session.get_one(StoredFile, document.content_sm3)
    return deps.files.read(stored.sm3, stored.suffix, stored.sha256)
