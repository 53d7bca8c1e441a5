"""Purpose copies (加注件): made, signed by the gateway, kept, and listed for the holder."""

import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from certs.errors import KeystoreError
from certs.key_uses import AuthorisedKey, Purpose
from gateway.documents.copy_page import CopyNote, render_copy
from gateway.documents.signature_objects import Attachment
from gateway.domain.actors import OPERATOR, Actor, Scope
from gateway.domain.identifiers import LicenceIdentifier
from gateway.domain.orders import VersionKind, VersionOrder
from gateway.domain.purpose_copies import ATTACHMENT, CopyRequest, CopyTerms, PurposeCopyView
from gateway.domain.status import WORDS, LicenceStatus, china_day
from gateway.errors import ConfigurationError, ConflictError, NotFoundError
from gateway.persistence.blobs import FileDigest
from gateway.persistence.models import AuditEvent, Licence, LicenceVersion, PurposeCopy, StoredFile
from gateway.persistence.retrying import retried
from gateway.persistence.session import reading
from gateway.services.catalogue import Catalogues
from gateway.services.dependencies import REPORT_KEY, Dependencies
from gateway.services.drafts import licence_face
from gateway.services.held_licences import find_version
from gateway.services.listing import current_status
from gateway.services.recording import PDF
from gateway.services.representations import application_of
from gateway.services.samples import SAMPLE_COPY_KEY
from gateway.services.seals import key_at_work
from signing.certificate_facts import certificate_facts
from signing.pades import sign_prepared

MOST_LISTED = 200


@dataclass(frozen=True)
class CopyFilter:
    """Which copies of a holder's licences to list."""

    holder_code: str
    after_id: str = ""
    """Cursor: the last id of the page before."""
    limit: int = 50


class PurposeCopies:
    """Makes copies in the gateway's own name: the authority's seal stands on originals only."""

    def __init__(self, deps: Dependencies, catalogue: Catalogues) -> None:
        self._deps = deps
        self._catalogue = catalogue

    def make(self, licence_identifier: str, request: CopyRequest, *, actor: Actor = OPERATOR) -> PurposeCopyView:
        """Make, sign and record one copy.

        ValidationFailedError, NotFoundError, ForbiddenError; ConflictError when the licence is not in force;
        ConfigurationError when the gateway has no key to sign with.
        """
        now = self._deps.clock()
        request.check(china_day(now))
        with reading(self._deps.sessions) as session:
            version = self._in_force(session, licence_identifier, actor, now)
        # Read, and checked against its digest: there is no copy of what is not there.
        self._deps.files.read(version.electronic_sm3, PDF)
        terms = CopyTerms(
            copy_id=secrets.token_hex(16),
            licence_identifier=licence_identifier,
            original_sm3=version.electronic_sm3,
            purpose=request.purpose.strip(),
            user_name=request.user_name.strip(),
            expires_on=request.expires_on,
            made_at=now,
        )
        return self._keep(self._sign(version, terms), terms, actor)

    def of_holder(self, wanted: CopyFilter, *, actor: Actor = OPERATOR) -> list[PurposeCopyView]:
        """Who obtained which copy of an enterprise's licences, within the actor's limits; the last id is the cursor."""
        actor.require(Scope.COPIES_MAKE)
        query = (
            select(PurposeCopy, LicenceVersion)
            .join(LicenceVersion, PurposeCopy.licence_identifier == LicenceVersion.licence_identifier)
            .join(LicenceVersion.licence)
            .where(
                Licence.holder_code == wanted.holder_code,
                Licence.is_sample == actor.is_sandbox,
                PurposeCopy.id > wanted.after_id,
            )
            .options(joinedload(LicenceVersion.licence))
            .order_by(PurposeCopy.id)
            .limit(max(1, min(wanted.limit, MOST_LISTED)))
        )
        if actor.authority_codes is not None:
            query = query.where(Licence.authority_code.in_(actor.authority_codes))
        if actor.type_codes is not None:
            query = query.where(Licence.local_type_code.in_(actor.type_codes))
        with reading(self._deps.sessions) as session:
            return [self._view(row, version) for row, version in session.execute(query)]

    def content(self, copy_id: str, *, actor: Actor = OPERATOR) -> bytes:
        """The signed PDF. NotFoundError, ForbiddenError, StorageError."""
        return self._deps.files.read(self._found(copy_id, actor).copy_sm3, PDF)

    def _found(self, copy_id: str, actor: Actor) -> PurposeCopy:
        with reading(self._deps.sessions) as session:
            row = session.get(PurposeCopy, copy_id)
            if row is None:
                raise NotFoundError("没有这份加注件。No such purpose copy.")
            find_version(session, row.licence_identifier, actor, Scope.COPIES_MAKE)
        return row

    def _in_force(self, session: Session, licence_identifier: str, actor: Actor, now: datetime) -> LicenceVersion:
        version = find_version(session, licence_identifier, actor, Scope.COPIES_MAKE)
        status = current_status(version, now)
        if status != LicenceStatus.VALID:
            zh, en = WORDS[status]
            raise ConflictError(
                f"证照{zh}，不能制作加注件。The licence is {en}; no copies are made of it.",
                hint="Make the copy of the version in effect.",
            )
        return version

    def _sign(self, version: LicenceVersion, terms: CopyTerms) -> bytes:
        order = VersionOrder(
            application_of(version, self._catalogue.load(), self._deps.vault),
            LicenceIdentifier.parse(version.licence_identifier),
            takes_effect_at=version.takes_effect_at,
            kind=VersionKind(version.kind),
            is_sample=version.licence.is_sample,
        )
        name = SAMPLE_COPY_KEY if version.licence.is_sample else REPORT_KEY
        key = self._key(name)
        prepared = render_copy(
            self._deps.fonts,
            licence_face(self._deps, order, version.qr_text),
            CopyNote(terms.user_name, terms.purpose, terms.expires_on, terms.copy_id),
            attachment=Attachment(ATTACHMENT, terms.attachment(), "加注件数据 purpose copy data"),
            signer_name=certificate_facts(key.certificate).subject_name,
            created_at=terms.made_at,
        )
        with key_at_work(name):
            return sign_prepared(prepared, key, timestamps=self._deps.timestamps)

    @retried
    def _keep(self, pdf: bytes, terms: CopyTerms, actor: Actor) -> PurposeCopyView:
        """The file and its row in step, as for licences; the licence must still be in force."""
        files = self._deps.files
        with files.writing():
            (digest,) = files.stage([(pdf, PDF)])
            names, in_doubt = [(digest.sm3, PDF)], False
            try:
                with self._deps.sessions.begin() as session:
                    version = self._in_force(session, terms.licence_identifier, actor, self._deps.clock())
                    row = _row(terms, digest, actor)
                    session.add_all([_stored(digest), row, _event(terms, digest, actor)])
                    session.flush()
                    in_doubt = True
            except BaseException:
                if not in_doubt:
                    files.discard(names)
                raise
            files.publish(names)
        return self._view(row, version)

    def _view(self, row: PurposeCopy, version: LicenceVersion) -> PurposeCopyView:
        licence, terms = version.licence, terms_of(row, version)
        return PurposeCopyView(
            terms=terms,
            licence_type_name=self._catalogue.load().types_by_code[licence.local_type_code].name,
            licence_number=licence.licence_number,
            copy_sm3=row.copy_sm3,
            requested_by=str(row.actor.get("name", "")),
            is_expired=terms.is_expired(self._deps.clock()),
        )

    def _key(self, name: str) -> AuthorisedKey:
        try:
            return self._deps.keystore.load(name, Purpose.COPY, actor="gateway.purpose_copies")
        except KeystoreError as error:
            raise ConfigurationError(
                "网关没有签署加注件的密钥。This gateway has no key to sign purpose copies with.",
                hint="Run: licence-gateway init; for samples: licence-gateway key samples",
            ) from error


def terms_of(row: PurposeCopy, version: LicenceVersion) -> CopyTerms:
    """What the register holds of a copy."""
    return CopyTerms(
        copy_id=row.id,
        licence_identifier=row.licence_identifier,
        original_sm3=version.electronic_sm3,
        purpose=row.purpose,
        user_name=row.user_name,
        expires_on=row.expires_on,
        made_at=row.made_at,
    )


def _row(terms: CopyTerms, digest: FileDigest, actor: Actor) -> PurposeCopy:
    return PurposeCopy(
        id=terms.copy_id,
        licence_identifier=terms.licence_identifier,
        purpose=terms.purpose,
        user_name=terms.user_name,
        expires_on=terms.expires_on,
        copy_sm3=digest.sm3,
        made_at=terms.made_at,
        actor=actor.audit(),
    )


def _stored(digest: FileDigest) -> StoredFile:
    return StoredFile(sm3=digest.sm3, sha256=digest.sha256, size=digest.size, suffix=PDF)


def _event(terms: CopyTerms, digest: FileDigest, actor: Actor) -> AuditEvent:
    # Who may use it and what for can be personal, and stay out of the audit.
    return AuditEvent(
        occurred_at=terms.made_at,
        action="purpose_copy_made",
        subject=terms.licence_identifier,
        detail={
            "copy_id": terms.copy_id,
            "copy_sm3": digest.sm3,
            "original_sm3": terms.original_sm3,
            "expires_on": terms.expires_on.isoformat(),
        },
        actor=actor.audit(),
    )
