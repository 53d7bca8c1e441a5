"""Signing requests as those have them who ask: made, read, waited for, taken back, and what was signed."""

import secrets
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from gateway.domain.actors import OPERATOR, Actor, Scope
from gateway.domain.holder_certificates import ENDED_REGISTRATIONS, HolderCertificateReason
from gateway.domain.signing_orders import MEDIA_TYPES, RESULT_MEDIA_TYPES, ResultForm, SigningOrder
from gateway.domain.signing_reasons import SigningReason, sentence
from gateway.domain.signing_requests import SigningState, Step, expiry
from gateway.domain.signing_views import SigningView
from gateway.errors import ConflictError, FieldError, ForbiddenError, NotFoundError, ValidationFailedError
from gateway.persistence.blobs import FileDigest
from gateway.persistence.inserting import insert_missing
from gateway.persistence.models import Enterprise, SigningDocument, SigningRequest, StoredFile
from gateway.persistence.retrying import retried
from gateway.persistence.session import reading
from gateway.services.catalogue import Catalogues
from gateway.services.dependencies import Dependencies
from gateway.services.signing_evidence import evidence_file
from gateway.services.signing_forms import RESULT_SUFFIXES, AskedBy, PreparedDocument, prepare_document
from gateway.services.signing_rows import (
    asked_by,
    expire,
    find_request,
    move,
    note,
    seal_secrets,
    token_digest,
    view_of,
)

MOST_LISTED = 200
_TOKEN_BYTES = 24


@dataclass(frozen=True)
class SigningFilter:
    """Which requests to list."""

    state: SigningState | None = None
    enterprise_code: str | None = None
    after_id: str = ""
    """Cursor: the last id of the page before."""
    limit: int = 50


@dataclass(frozen=True)
class SignedDocument:
    """What was signed or is evidence of it, to be handed out."""

    content: bytes
    media_type: str
    file_name: str


class SigningRequests:
    """The side of who asks, a department or the enterprise's own system; the app's is ``SigningSessions``."""

    def __init__(self, deps: Dependencies, catalogue: Catalogues) -> None:
        self._deps = deps
        self._catalogue = catalogue

    def create(self, order: SigningOrder, *, actor: Actor = OPERATOR) -> SigningView:
        """Prepare the documents and open the request.

        ValidationFailedError, NotFoundError (no such enterprise), ForbiddenError; BusyError when too many files wait.
        """
        order.check()
        department = self._asker(order, actor)
        now, enterprise = self._deps.clock(), self._enterprise(order.enterprise_code)
        request_id = f"{int(now.timestamp()):010x}{secrets.token_hex(11)}"
        asked = AskedBy(request_id, order.enterprise_code, enterprise, order.purpose.strip(), now)
        prepared = [prepare_document(self._deps, index, each, asked) for index, each in enumerate(order.documents)]
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        row = SigningRequest(
            id=request_id,
            token_sm3=token_digest(token),
            sealed=seal_secrets(self._deps, request_id, {"token": token}),
            department_code=department,
            enterprise_code=order.enterprise_code,
            enterprise_name=enterprise,
            purpose=asked.purpose,
            signer_role=order.signer_role,
            requires_authorisation=order.requires_authorisation,
            state=SigningState.CREATED,
            created_at=now,
            expires_at=expiry(now, order.expires_in_seconds),
            revision=0,
            refusals=0,
            evidence={},
            is_sample=actor.is_sandbox,
            client_id=actor.id,
            actor=actor.audit(),
        )
        self._keep(row, order, prepared, actor)
        return self.show(request_id, actor=actor, scope=Scope.SIGNING_WRITE)

    def show(self, request_id: str, *, actor: Actor = OPERATOR, scope: Scope = Scope.SIGNING_READ) -> SigningView:
        """One request as it stands. NotFoundError, ForbiddenError."""
        with reading(self._deps.sessions) as session:
            return view_of(self._deps, session, self._found(session, request_id, actor, scope), self._deps.clock())

    def listed(self, wanted: SigningFilter, *, actor: Actor = OPERATOR) -> list[SigningView]:
        """Requests within the actor's limits, the oldest first; the last id is the cursor. ForbiddenError."""
        actor.require(Scope.SIGNING_READ)
        now = self._deps.clock()
        query = select(SigningRequest).where(
            SigningRequest.id > wanted.after_id,
            SigningRequest.is_sample == actor.is_sandbox,
            *asked_by(actor.authority_codes, actor.enterprise_code),
        )
        if wanted.enterprise_code is not None:
            query = query.where(SigningRequest.enterprise_code == wanted.enterprise_code)
        if wanted.state is not None:
            query = query.where(SigningRequest.state == wanted.state)
        query = query.order_by(SigningRequest.id).limit(max(1, min(wanted.limit, MOST_LISTED)))
        with reading(self._deps.sessions) as session:
            rows = session.scalars(query.options(selectinload(SigningRequest.documents))).all()
            return [view_of(self._deps, session, row, now) for row in rows]

    @retried
    def cancel(self, request_id: str, *, actor: Actor = OPERATOR) -> SigningView:
        """Take a request back that nobody signed. NotFoundError, ForbiddenError, TransitionRefusedError."""
        now = self._deps.clock()
        with self._deps.sessions.begin() as session:
            row = self._found(session, request_id, actor, Scope.SIGNING_WRITE, locked=True)
            if not expire(session, row, now):
                move(session, row, Step.FAIL, now, actor=actor.audit(), reason=SigningReason.CANCELLED)
            return view_of(self._deps, session, row, now)

    def signed(self, request_id: str, document_id: str, *, actor: Actor = OPERATOR) -> SignedDocument:
        """The signed result of one document. NotFoundError, ForbiddenError, StorageError; ConflictError before it is signed."""
        with reading(self._deps.sessions) as session:
            row = self._found(session, request_id, actor, Scope.SIGNING_READ)
            document = document_of(row, document_id)
        if document.result_sm3 is None:
            raise ConflictError(
                "文件尚未签名。The document is not signed yet.", hint="Wait until the state of the request is signed."
            )
        result = ResultForm(document.result)
        suffix = RESULT_SUFFIXES[result]
        content = self._deps.files.read(document.result_sm3, suffix)
        return SignedDocument(content, RESULT_MEDIA_TYPES[result], f"{request_id}-{document.position}{suffix}")

    def evidence(self, request_id: str, sha256: str, *, actor: Actor = OPERATOR) -> SignedDocument:
        """A certificate, list or response that the evidence of a request names. NotFoundError, ForbiddenError, StorageError."""
        with reading(self._deps.sessions) as session:
            row = self._found(session, request_id, actor, Scope.SIGNING_READ)
        content, media_type, suffix = evidence_file(self._deps, row.evidence, sha256)
        return SignedDocument(content, media_type, f"{sha256}{suffix}")

    def _found(
        self, session: Session, request_id: str, actor: Actor, scope: Scope, *, locked: bool = False
    ) -> SigningRequest:
        row = find_request(session, SigningRequest.id == request_id, locked=locked)
        is_own = actor.asks_as(row.department_code, row.enterprise_code)
        # Departments may know of each other's requests; nobody learns whether an enterprise asked itself for anything.
        is_hidden = not is_own and (row.department_code is None or actor.enterprise_code is not None)
        if row.is_sample != actor.is_sandbox or is_hidden:
            raise NotFoundError("没有这个签名请求。No such signing request.")
        actor.require(scope)
        if not is_own:
            raise _foreign()
        return row

    def _asker(self, order: SigningOrder, actor: Actor) -> str | None:
        """The authority that asks, None for the enterprise itself. ForbiddenError; ValidationFailedError when it is not told."""
        actor.require(Scope.SIGNING_WRITE)
        if actor.enterprise_code is not None:
            if order.department_code is not None or not actor.asks_as(None, order.enterprise_code):
                raise ForbiddenError("只能为本企业发起。The enterprise's own system asks that enterprise alone.")
            return None
        code = order.department_code
        if code is None and actor.authority_codes is not None and len(actor.authority_codes) == 1:
            (code,) = actor.authority_codes
        if code is None or code not in self._catalogue.load().authorities_by_code:
            message = "请给出发起部门的信用代码。Give the credit code of the authority that asks."
            raise ValidationFailedError([FieldError("department_code", "UNKNOWN", message)])
        if not actor.asks_as(code, order.enterprise_code):
            raise _foreign()
        return code

    def _enterprise(self, code: str) -> str:
        with reading(self._deps.sessions) as session:
            found = session.get(Enterprise, code)
        if found is None:
            raise NotFoundError(f"企业 {code} 未登记。No enterprise is registered under {code}.")
        if found.registration_status in ENDED_REGISTRATIONS:
            reason = HolderCertificateReason.ENTERPRISE_CANCELLED
            raise ValidationFailedError([FieldError("enterprise_code", reason, sentence(reason))])
        return found.name

    @retried
    def _keep(self, row: SigningRequest, order: SigningOrder, prepared: list[PreparedDocument], actor: Actor) -> None:
        """Files and rows in step. What was staged and is not named stays for recovery: another request may name it too."""
        files = self._deps.files
        with files.writing():
            digests = files.stage((each.content, each.suffix) for each in prepared)
            with self._deps.sessions.begin() as session:
                add_files(session, [(digest, each.suffix) for digest, each in zip(digests, prepared, strict=True)])
                request = session.merge(row)
                for position, each in enumerate(zip(order.documents, prepared, digests, strict=True), start=1):
                    asked, ready, digest = each
                    session.add(
                        SigningDocument(
                            request_id=row.id,
                            position=position,
                            title=asked.title.strip(),
                            form=asked.form,
                            result=asked.outcome,
                            media_type=MEDIA_TYPES.get(asked.form, asked.media_type),
                            content_sm3=digest.sm3,
                            gap_start=ready.gap_start,
                            gap_end=ready.gap_end,
                            message_sm3=ready.message_sm3,
                        )
                    )
                detail = {
                    "enterprise_code": row.enterprise_code,
                    "department_code": row.department_code,
                    "signer_role": row.signer_role,
                    "requires_authorisation": row.requires_authorisation,
                    "content_sm3": [digest.sm3 for digest in digests],
                }
                note(session, request, "signing_request_created", row.created_at, actor=actor.audit(), detail=detail)
            files.publish((digest.sm3, each.suffix) for digest, each in zip(digests, prepared, strict=True))


def _foreign() -> ForbiddenError:
    return ForbiddenError("超出发证机关范围。Another authority's signing request.")


def document_of(row: SigningRequest, document_id: str) -> SigningDocument:
    """One document of a request. NotFoundError."""
    found = next((each for each in row.documents if str(each.position) == document_id), None)
    if found is None:
        raise NotFoundError("请求中没有这份文件。The request has no such document.")
    return found


def add_files(session: Session, files: list[tuple[FileDigest, str]]) -> None:
    """Name files that were staged; one that another request names already has its row."""
    rows = [StoredFile(sm3=each.sm3, sha256=each.sha256, size=each.size, suffix=suffix) for each, suffix in files]
    insert_missing(session.connection(), rows)
