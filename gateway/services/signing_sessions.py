"""Signing requests as the app has them, by the token in the code: shown, answered, declined.

Every step may be repeated, come late, or come in another order: what was taken stays, and what does not fit is refused.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import NoReturn

import structlog
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from gateway.domain.actors import SYSTEM
from gateway.domain.holder_certificates import HolderCertificateCheck, HolderCertificateReason
from gateway.domain.signing_answers import CertificateOffer, OfferedSigner, SigningAnswer
from gateway.domain.signing_reasons import SigningReason, sentence
from gateway.domain.signing_requests import FINAL, LONGEST_REASON, MOST_REFUSALS, DocumentForm, SigningState, Step
from gateway.domain.signing_views import SigningView
from gateway.errors import (
    ConflictError,
    FieldError,
    GatewayError,
    NotFoundError,
    RevocationUnknownError,
    SignatureRefusedError,
    ValidationFailedError,
)
from gateway.persistence.blobs import FileDigest
from gateway.persistence.models import SigningRequest
from gateway.persistence.retrying import retried
from gateway.persistence.session import reading
from gateway.services.dependencies import Dependencies
from gateway.services.holder_certificates import HolderCertificates
from gateway.services.signer_roles import RoleProof, RoleRefusedError, SignerRoles
from gateway.services.signing_completion import LEASE, SigningCompletion
from gateway.services.signing_evidence import Evidence, stage_missing
from gateway.services.signing_forms import SUFFIXES, RefusedError, value_digest
from gateway.services.signing_requests import add_files, document_of
from gateway.services.signing_rows import (
    app_actor,
    expire,
    find_request,
    move,
    note,
    seal_secrets,
    secrets_of,
    signer_of,
    standing_of,
    token_digest,
    view_of,
    with_signer,
)
from gateway.services.signing_verification import SigningVerification, TakenSignature
from signing.errors import KeyRefusedError
from signing.keys import SignatureAlgorithm
from signing.outside_keys import algorithm_of
from signing.sm2 import sm3

_SHOWN_AFTERWARDS = timedelta(days=7)
"""How long whoever has the code still sees what came of it: the documents are not the public's."""
_SETTLES_SECONDS, _PAUSE_SECONDS = 5.0, 0.1
_MOST_NAME = 100
_SHOWN_IN_PLACE = frozenset({"application/pdf", "application/json", "text/plain", "image/png", "image/jpeg"})
_log = structlog.get_logger()


@dataclass(frozen=True)
class ShownDocument:
    """The bytes that are shown and signed."""

    content: bytes
    media_type: str
    file_name: str

    @property
    def is_safe_to_show(self) -> bool:
        """Whether a browser may show it in place: what others made may be a page with scripts."""
        return self.media_type in _SHOWN_IN_PLACE


class SigningSessions:
    """The app's side of signing requests."""

    def __init__(
        self,
        deps: Dependencies,
        holder_certificates: HolderCertificates,
        completion: SigningCompletion,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._deps = deps
        self._certificates = holder_certificates
        self._completion = completion
        self._verification = SigningVerification(deps)
        self._roles = SignerRoles(deps, holder_certificates)
        self._monotonic, self._sleep = monotonic, sleep

    def glance(self, token: str) -> SigningView:
        """The request as it stands, for a page: nothing moves. NotFoundError."""
        with reading(self._deps.sessions) as session:
            return view_of(self._deps, session, self._found(session, token), self._deps.clock())

    @retried
    def present(self, token: str) -> SigningView:
        """What is to be signed, for the app; the first look makes the request presented. NotFoundError, StorageError."""
        view = self._asked(token)
        if view.standing.state is not SigningState.CREATED:
            return view
        now = self._deps.clock()
        with self._deps.sessions.begin() as session:
            row = self._found(session, token, locked=True)
            if not expire(session, row, now):
                move(session, row, Step.PRESENT, now, actor=app_actor(row))
        return self._asked(token)

    def document(self, token: str, document_id: str) -> ShownDocument:
        """Exactly what is shown and signed. NotFoundError, StorageError."""
        with reading(self._deps.sessions) as session:
            document = document_of(self._found(session, token), document_id)
        suffix = SUFFIXES[DocumentForm(document.form)]
        return ShownDocument(self._verification.content(document), document.media_type, f"{document.position}{suffix}")

    def offer(self, token: str, offer: CertificateOffer) -> SigningView:
        """Take note of the certificate, so that what it is to sign can be told; the same again changes nothing.

        SignatureRefusedError with its reason, RevocationUnknownError, NotFoundError; ConflictError once a signature was taken.
        """
        if not 0 < len(offer.signer_name) <= _MOST_NAME or not offer.signer_name.isprintable():
            message = f"必填，至多 {_MOST_NAME} 字。Required, up to {_MOST_NAME} printable characters."
            raise ValidationFailedError([FieldError("signer_name", "TEXT_INVALID", message)])
        row = self._open(token)
        self._judge_certificate(token, row, offer.certificate)
        if offer.role != row.signer_role:
            self._refuse(token, SigningReason.WRONG_ROLE, "role", offer.certificate)
        self._note_certificate(token, offer, self._prove_role(token, row, offer.signer, offer.certificate))
        return self.present(token)

    def answer(self, token: str, answer: SigningAnswer) -> SigningView:
        """Take the signatures, all or none, and complete the request.

        The same answer again gets the same reply. SignatureRefusedError with its reason, RevocationUnknownError; ConflictError
        for another answer than the one that was taken, or a certificate that was not offered; NotFoundError, StorageError.
        """
        row = self._open(token)
        if not self._is_repeated(row, answer):
            check = self._judge_certificate(token, row, answer.certificate)
            self._require_offered(row, answer)
            signer = signer_of(secrets_of(self._deps, row))
            proof = self._prove_role(token, row, signer, answer.certificate)
            if self._receive(token, answer, self._taken(token, row, answer), Evidence(check, proof)):
                self._complete(row.id)
        return self._settled(token)

    @retried
    def decline(self, token: str, reason: str) -> SigningView:
        """Decline; again changes nothing. NotFoundError; TransitionRefusedError when it is signed or over."""
        now = self._deps.clock()
        with self._deps.sessions.begin() as session:
            row = self._found(session, token, locked=True)
            if not expire(session, row, now) and move(session, row, Step.DECLINE, now, actor=app_actor(row)):
                row.decline_reason = "".join(c for c in reason if c.isprintable()).strip()[:LONGEST_REASON] or None
        return self.glance(token)

    def _open(self, token: str) -> SigningRequest:
        """The request, its end noted where its time is over. SignatureRefusedError when it is expired."""
        with reading(self._deps.sessions) as session:
            row = self._found(session, token)
        if standing_of(row).at(self._deps.clock()).state is SigningState.EXPIRED:
            self._refuse(token, SigningReason.REQUEST_EXPIRED, "signatures", None)
        return row

    def _is_repeated(self, row: SigningRequest, answer: SigningAnswer) -> bool:
        """Whether this answer was taken before. ConflictError when another one was, or the request ended otherwise."""
        if row.answer_sm3 == sm3(answer.message()).hex():
            return True
        standing = standing_of(row)
        if row.answer_sm3 is not None or standing.is_final:
            raise ConflictError(
                "该签名请求已有另一个结果。The signing request has another answer, or is over.",
                hint="Ask for its state.",
            )
        return False

    def _judge_certificate(self, token: str, row: SigningRequest, certificate: bytes) -> HolderCertificateCheck:
        """The certificate speaks for the enterprise, now."""
        check = self._certificates.check(certificate, row.enterprise_code, self._deps.clock(), as_evidence=True)
        if not check.could_be_checked:
            raise RevocationUnknownError(check.sentence(), hint="Try again later.")
        if check.reason is not None:
            self._refuse(token, check.reason, "certificate", certificate)
        try:
            is_sm2 = algorithm_of(certificate) is SignatureAlgorithm.SM2_WITH_SM3
        except KeyRefusedError:
            is_sm2 = False
        if not is_sm2:
            self._refuse(token, HolderCertificateReason.CERTIFICATE_UNTRUSTED, "certificate", certificate)
        return check

    def _prove_role(self, token: str, row: SigningRequest, signer: OfferedSigner, certificate: bytes) -> RoleProof:
        """The signer is who may sign, now."""
        try:
            return self._roles.prove(row, signer, self._deps.clock())
        except RoleRefusedError as error:
            self._refuse(token, error.code, error.field, certificate)

    def _require_offered(self, row: SigningRequest, answer: SigningAnswer) -> None:
        if row.certificate != answer.certificate:
            raise ConflictError(
                "请先提交该证书，再提交签名。The certificate was not offered, or another one was since.",
                hint="Post it to …/certificate and sign what is told then.",
            )
        wanted = sorted(str(each.position) for each in row.documents)
        if sorted(each.document_id for each in answer.signatures) != wanted:
            message = "每份文件应有且只有一个签名。Each document needs exactly one signature."
            raise ValidationFailedError([FieldError("signatures", "INCOMPLETE", message)])

    def _taken(self, token: str, row: SigningRequest, answer: SigningAnswer) -> list[TakenSignature]:
        """Every signature of an answer, when all hold. SignatureRefusedError names the first that does not."""
        taken = []
        for index, given in enumerate(answer.signatures):
            try:
                taken.append(self._verification.taken(row, given, answer.certificate, answer.foreign_user_ids))
            except RefusedError as error:
                self._refuse(token, error.reason, f"signatures.{index}", answer.certificate)
        return taken

    @retried
    def _note_certificate(self, token: str, offer: CertificateOffer, proof: RoleProof) -> None:
        now = self._deps.clock()
        with self._deps.sessions.begin() as session:
            row = self._found(session, token, locked=True)
            if row.answer_sm3 is not None or standing_of(row).is_final:
                if row.certificate != offer.certificate:
                    raise ConflictError("签名请求已有签名或已结束。The signing request is answered or over.")
                return
            secrets = secrets_of(self._deps, row)
            told = with_signer(secrets, proof.signer, proof.basis)
            if row.certificate == offer.certificate and secrets == told:
                return
            move(session, row, Step.PRESENT, now, actor=app_actor(row))
            row.certificate = offer.certificate
            row.sealed = seal_secrets(self._deps, row.id, told)
            detail = {"certificate_sm3": sm3(offer.certificate).hex(), "signer_role": offer.role}
            detail |= {"role_basis": proof.basis}
            if offer.authorisation is not None:
                detail["authorisation_sm3"] = sm3(offer.authorisation).hex()
            note(session, row, "signing_certificate_offered", now, actor=app_actor(row), detail=detail)

    def _receive(
        self,
        token: str,
        answer: SigningAnswer,
        taken: list[TakenSignature],
        evidence: Evidence,
    ) -> bool:
        """Keep an answer that holds; gives whether this call did. SignatureRefusedError, ConflictError."""
        try:
            is_new = self._kept(token, answer, taken, evidence)
        except IntegrityError:
            # Two requests with one and the same value met: it serves for the first.
            self._refuse(token, SigningReason.REPLAYED, "signatures", answer.certificate)
        if is_new is None:
            self._refuse(token, SigningReason.REQUEST_EXPIRED, "signatures", answer.certificate)
        return is_new

    def _kept(
        self,
        token: str,
        answer: SigningAnswer,
        taken: list[TakenSignature],
        evidence: Evidence,
    ) -> bool | None:
        """Whether the answer was new; None when the time was over meanwhile. What its evidence rests on is kept with it."""
        files = self._deps.files
        with files.writing():
            staged = stage_missing(self._deps, evidence.files())
            is_new = self._recorded(token, answer, taken, evidence, staged)
            if is_new:
                files.publish((digest.sm3, suffix) for digest, suffix in staged)
        return is_new

    @retried
    def _recorded(
        self,
        token: str,
        answer: SigningAnswer,
        taken: list[TakenSignature],
        evidence: Evidence,
        staged: list[tuple[FileDigest, str]],
    ) -> bool | None:
        now = self._deps.clock()
        with self._deps.sessions.begin() as session:
            row = self._found(session, token, locked=True)
            if expire(session, row, now):
                return None
            if self._is_repeated(row, answer):
                return False
            self._require_offered(row, answer)
            if signer_of(secrets_of(self._deps, row)) != evidence.proof.signer:
                raise ConflictError("刚刚提交了另一位签名人。Another signer was offered meanwhile.", hint="Sign again.")
            for document, each in zip(row.documents, sorted(taken, key=lambda one: one.position), strict=True):
                document.signed, document.signature = each.signed, each.signature
                document.value_sm3 = value_digest(each.signature)
            row.answer_sm3, row.completing_until = sm3(answer.message()).hex(), now + LEASE
            add_files(session, staged)
            row.evidence = evidence.to_json()
            detail = {
                "certificate_sm3": evidence.check.certificate_sm3,
                "role_basis": evidence.proof.basis,
                "signature_sm3": [document.value_sm3 for document in row.documents],
            }
            move(session, row, Step.RECEIVE, now, actor=app_actor(row), detail=detail)
            session.flush()
        return True

    def _complete(self, request_id: str) -> None:
        """The signature stands, whatever keeps it from its place now; the next round tries again."""
        try:
            self._completion.complete(request_id, is_taken=True)
        except GatewayError as error:
            _log.warning("signing_completion", code=error.code, signing_request=request_id)

    def _settled(self, token: str) -> SigningView:
        """The request once the process that completes it is done, or after a short while."""
        ends = self._monotonic() + _SETTLES_SECONDS
        view = self.glance(token)
        while not view.standing.is_final and self._monotonic() < ends:
            self._sleep(_PAUSE_SECONDS)
            view = self.glance(token)
        return view

    def _refuse(self, token: str, code: str, field: str, certificate: bytes | None) -> NoReturn:
        """Note what was refused and why, and say it. SignatureRefusedError."""
        self._note_refusal(token, code, certificate)
        path: tuple[str | int, ...] = tuple(int(part) if part.isdigit() else part for part in field.split("."))
        raise SignatureRefusedError([FieldError(field, code, sentence(code), path)])

    @retried
    def _note_refusal(self, token: str, code: str, certificate: bytes | None) -> None:
        now = self._deps.clock()
        with self._deps.sessions.begin() as session:
            row = self._found(session, token, locked=True)
            expire(session, row, now)
            # Whoever goes on guessing gets the same answer, and fills no log.
            if row.refusals >= MOST_REFUSALS:
                return
            row.refusals += 1
            detail = {"reason": code, "certificate_sm3": None if certificate is None else sm3(certificate).hex()}
            note(session, row, "signing_answer_refused", now, actor=app_actor(row), detail=detail)
            is_waiting = not standing_of(row).is_final and row.received_at is None
            if is_waiting and code == SigningReason.DOCUMENT_ALTERED:
                move(session, row, Step.FAIL, now, actor=SYSTEM.audit(), reason=SigningReason.DOCUMENT_ALTERED)
            elif is_waiting and row.refusals >= MOST_REFUSALS:
                move(session, row, Step.FAIL, now, actor=SYSTEM.audit(), reason=SigningReason.TOO_MANY_REFUSALS)

    def _asked(self, token: str) -> SigningView:
        """The request with what is to be signed, where the certificate is known and nobody signed yet."""
        with reading(self._deps.sessions) as session:
            row, signed = self._found(session, token), {}
            if row.certificate is not None and row.answer_sm3 is None and row.state not in FINAL:
                signed = {each.position: self._verification.message(each, row.certificate) for each in row.documents}
            return view_of(self._deps, session, row, self._deps.clock(), signed)

    def _found(self, session: Session, token: str, *, locked: bool = False) -> SigningRequest:
        """The request of a token, locked when it is to be changed. NotFoundError, also when it was over long ago."""
        row, now = (
            find_request(session, SigningRequest.token_sm3 == token_digest(token), locked=locked),
            self._deps.clock(),
        )
        finished_at = standing_of(row).at(now).finished_at
        if finished_at is not None and now > finished_at + _SHOWN_AFTERWARDS:
            raise NotFoundError("这个签名请求早已结束。The signing request was over long ago.")
        return row
