"""The register of seals: made, suspended, resumed and destroyed, each act on record and in the transparency log."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from certs.authority import Subject
from certs.credit_code import extract_credit_code
from certs.errors import CertsError, CreditCodeError
from certs.profiles import SEAL_SIGNER
from gateway.documents.face import FaceError, SealPicture
from gateway.documents.seal_objects import seal_streams
from gateway.documents.seal_picture import draw_sample_seal
from gateway.domain.actors import OPERATOR, Actor, Scope
from gateway.domain.catalogue import IssuingAuthority
from gateway.domain.seal_register import RegisteredSeal, SealAct, SealEventView, SealStatus, standing, status_after
from gateway.errors import ConflictError, FieldError, NotFoundError, ValidationFailedError
from gateway.persistence.models import IssuingAuthorityRow, Seal, SealEvent
from gateway.persistence.retrying import retried
from gateway.persistence.session import reading
from gateway.services.catalogue import Catalogues
from gateway.services.certificates import Certificates
from gateway.services.dependencies import Dependencies
from gateway.services.installation import Installation
from gateway.services.seal_events import note_seal_act
from signing.cose import key_id_of
from signing.keys import SignatureAlgorithm
from signing.private_keys import generate
from signing.validation.x509 import load_certificate
from signing.x509_fields import public_key_info

_LONGEST_NAME, _LONGEST_NUMBER, _LONGEST_REASON = 300, 64, 500
_LARGEST_MM, _LARGEST_PICTURE = 100.0, 1024 * 1024


@dataclass(frozen=True)
class SealSpec:
    """A seal to be made."""

    authority_code: str
    name: str
    filing_number: str
    picture: SealPicture | None = None
    """None draws a sample seal with the authority's name."""
    valid_until: datetime | None = None
    """None: as long as its certificate."""
    key_name: str | None = None
    """A key of the key store; None makes one that the embedded CA certifies."""


class SealRegister:
    """Keeps the seals of the authorities."""

    def __init__(
        self, deps: Dependencies, catalogue: Catalogues, certificates: Certificates, installation: Installation
    ) -> None:
        self._deps = deps
        self._catalogue = catalogue
        self._certificates = certificates
        self._installation = installation

    def make(self, spec: SealSpec, *, actor: Actor = OPERATOR) -> RegisteredSeal:
        """Make and register a seal of an authority that has none in use.

        NotFoundError, ForbiddenError, ValidationFailedError; ConflictError when it has one that is not destroyed, when the
        filing number is another's, or when the key is not an SM2 key of the authority.
        """
        actor.require(Scope.ADMINISTER, spec.authority_code)
        authority = self._catalogue.load().authorities_by_code.get(spec.authority_code)
        if authority is None:
            raise NotFoundError(f"没有发证机关 {spec.authority_code}。No such authority.")
        picture = spec.picture or draw_sample_seal(authority.name, self._deps.settings.assets_dir)
        _check(spec, picture)
        with reading(self._deps.sessions) as session:
            self._require_free(session, spec)
        key_name = spec.key_name or self._make_key(authority)
        certificate = self._certificate_of(key_name, authority)
        self._require_new(certificate)
        key_id = self._insert(spec, picture, (key_name, certificate), actor)
        self._installation.publish_certificate(key_name)
        return self.of(key_id)

    def suspend(self, key_id: str, reason: str, *, actor: Actor = OPERATOR) -> RegisteredSeal:
        """From now on it signs nothing until it is resumed. NotFoundError, ForbiddenError, TransitionRefusedError."""
        return self._change(key_id, SealAct.SUSPEND, reason, actor)

    def resume(self, key_id: str, reason: str, *, actor: Actor = OPERATOR) -> RegisteredSeal:
        """It signs again. Errors of ``suspend``."""
        return self._change(key_id, SealAct.RESUME, reason, actor)

    def destroy(self, key_id: str, reason: str, *, actor: Actor = OPERATOR) -> RegisteredSeal:
        """It never signs again, and its key is retired; what it signed stays as it is. Errors of ``suspend``.

        Where a process died before the key was retired, asking again makes up for it.
        """
        seal = self.of(key_id)
        actor.require(Scope.ADMINISTER, seal.authority_code)
        is_left_over = seal.state == SealStatus.DESTROYED and self._is_alive(seal.key_name)
        if not is_left_over:
            seal = self._change(key_id, SealAct.DESTROY, reason, actor)
        self._deps.keystore.retire(seal.key_name)
        return seal

    def _is_alive(self, key_name: str) -> bool:
        return key_name in self._deps.keystore and self._deps.keystore.attributes(key_name).retired_at is None

    def act(self, key_id: str, act: SealAct, reason: str, *, actor: Actor) -> RegisteredSeal:
        """Suspend, resume or destroy. Errors of these."""
        if act is SealAct.DESTROY:
            return self.destroy(key_id, reason, actor=actor)
        return self._change(key_id, act, reason, actor)

    def all(self, *, authority_codes: Iterable[str] | None = None) -> list[RegisteredSeal]:
        """Every seal, or those of some authorities, by authority and then the newest first; no seal for samples."""
        query = _seals().order_by(Seal.authority_code, Seal.created_at.desc())
        if authority_codes is not None:
            query = query.where(Seal.authority_code.in_(tuple(authority_codes)))
        with reading(self._deps.sessions) as session:
            return [self._view(session, *row) for row in session.execute(query).all()]

    def of(self, key_id: str) -> RegisteredSeal:
        """One seal. NotFoundError."""
        with reading(self._deps.sessions) as session:
            row = session.execute(_seals().where(Seal.key_id == key_id)).first()
            if row is None:
                raise _absent(key_id)
            return self._view(session, *row)

    def picture(self, key_id: str) -> bytes:
        """Its picture, PNG. NotFoundError."""
        with reading(self._deps.sessions) as session:
            found = session.scalar(select(Seal.picture_png).where(Seal.key_id == key_id, Seal.is_sample.is_(False)))
        if found is None:
            raise _absent(key_id)
        return found

    @retried
    def _change(self, key_id: str, act: SealAct, reason: str, actor: Actor) -> RegisteredSeal:
        _check_reason(reason)
        with self._deps.sessions.begin() as session:
            seal = session.get(Seal, key_id, with_for_update=True)
            if seal is None or seal.is_sample:
                raise _absent(key_id)
            actor.require(Scope.ADMINISTER, seal.authority_code)
            seal.status = status_after(seal.status, act)
            note_seal_act(session, seal, act, reason, actor, self._deps.clock())
        return self.of(key_id)

    def _require_free(self, session: Session, spec: SealSpec) -> None:
        standing_one = select(Seal.key_id).where(
            Seal.authority_code == spec.authority_code,
            Seal.is_sample.is_(False),
            Seal.status.in_((SealStatus.IN_USE, SealStatus.SUSPENDED)),
        )
        if (key_id := session.scalar(standing_one.limit(1))) is not None:
            raise ConflictError(
                f"该机关已有印章 {key_id}。The authority has the seal {key_id}.",
                hint="Destroy it first, or rotate its key: licence-gateway key rotate.",
            )
        filed = select(Seal.key_id).where(
            Seal.filing_number == spec.filing_number, Seal.authority_code != spec.authority_code
        )
        if session.scalar(filed.limit(1)) is not None:
            raise ConflictError("备案编号属于另一机关的印章。The filing number is that of another authority's seal.")

    def _require_new(self, certificate: bytes) -> None:
        """A key is that of one seal for ever: what it signed is told apart by it."""
        with reading(self._deps.sessions) as session:
            if session.get(Seal, key_id_of(public_key_info(certificate)).hex()) is not None:
                raise ConflictError(
                    "该密钥已是一枚印章的密钥。The key is that of another seal, perhaps one that is destroyed."
                )

    @retried
    def _insert(self, spec: SealSpec, picture: SealPicture, key: tuple[str, bytes], actor: Actor) -> str:
        key_name, certificate = key
        loaded, now = load_certificate(certificate), self._deps.clock()
        with self._deps.sessions.begin() as session:
            # The authority's row is what two makers at once meet at.
            session.get(IssuingAuthorityRow, spec.authority_code, with_for_update=True)
            self._require_free(session, spec)
            newest = session.scalar(select(func.max(Seal.created_at)).where(Seal.authority_code == spec.authority_code))
            seal = Seal(
                key_id=key_id_of(public_key_info(certificate)).hex(),
                authority_code=spec.authority_code,
                name=spec.name,
                filing_number=spec.filing_number,
                key_name=key_name,
                certificate=certificate,
                picture_png=picture.png,
                width_mm=picture.width_mm,
                height_mm=picture.height_mm,
                # Of two seals in the same second the new one must be the newer.
                created_at=now if newest is None else max(now, newest + timedelta(seconds=1)),
                valid_from=now,
                valid_until=min(spec.valid_until or loaded.not_after, loaded.not_after),
                status=SealStatus.IN_USE,
            )
            session.add(seal)
            session.flush()
            note_seal_act(session, seal, SealAct.MAKE, "", actor, now)
            return seal.key_id

    def _make_key(self, authority: IssuingAuthority) -> str:
        keystore, number = self._deps.keystore, 1
        while (name := f"seal-{authority.code}.{number}") in keystore:
            number += 1
        subject = Subject(authority.name, authority.name, authority.code)
        private = generate(SignatureAlgorithm.SM2_WITH_SM3)
        keystore.store(name, self._certificates.certify(private, SEAL_SIGNER, subject, actor="gateway.seals"))
        return name

    def _certificate_of(self, key_name: str, authority: IssuingAuthority) -> bytes:
        """The certificate of a key that may be the authority's seal. ConflictError otherwise."""
        try:
            entry = self._deps.keystore.entry(key_name)
            certificate = entry.certificate or b""
            is_owned = extract_credit_code(certificate, self._deps.credit_code_rules) == authority.code
        except CreditCodeError:
            is_owned = False
        except CertsError as error:
            raise NotFoundError(f"没有密钥 {key_name}。There is no key {key_name}.") from error
        is_sm2 = entry.algorithm is SignatureAlgorithm.SM2_WITH_SM3
        if not (is_owned and is_sm2 and entry.state == "active"):
            raise ConflictError(
                f"密钥 {key_name} 不是该机关在用的 SM2 密钥。The key {key_name} is no active SM2 key of the authority."
            )
        return certificate

    def _view(self, session: Session, seal: Seal, authority_name: str) -> RegisteredSeal:
        events = session.scalars(select(SealEvent).where(SealEvent.key_id == seal.key_id).order_by(SealEvent.id))
        return RegisteredSeal(
            key_id=seal.key_id,
            authority_code=seal.authority_code,
            authority_name=authority_name,
            name=seal.name,
            filing_number=seal.filing_number,
            key_name=seal.key_name,
            valid_from=seal.valid_from,
            valid_until=seal.valid_until,
            state=standing(seal.status, seal.valid_from, seal.valid_until, self._deps.clock()),
            width_mm=seal.width_mm,
            height_mm=seal.height_mm,
            events=tuple(
                SealEventView(SealAct(e.act), e.occurred_at, e.reason, e.actor.get("name", "")) for e in events
            ),
        )


def _seals() -> Select[Seal, str]:
    return (
        select(Seal, IssuingAuthorityRow.name)
        .join(IssuingAuthorityRow, IssuingAuthorityRow.code == Seal.authority_code)
        .where(Seal.is_sample.is_(False))
    )


def _absent(key_id: str) -> NotFoundError:
    return NotFoundError(f"没有印章 {key_id}。There is no seal {key_id}.")


def _check_reason(reason: str) -> None:
    if not 0 < len(reason.strip()) <= _LONGEST_REASON:
        message = f"必填，至多 {_LONGEST_REASON} 字。Required, up to {_LONGEST_REASON} characters."
        raise ValidationFailedError([FieldError("reason", "REASON_INVALID", message)])


def _check(spec: SealSpec, picture: SealPicture) -> None:
    wrong = []
    for field, text, longest in (
        ("name", spec.name, _LONGEST_NAME),
        ("filing_number", spec.filing_number, _LONGEST_NUMBER),
    ):
        if not 0 < len(text.strip()) <= longest or not text.isprintable():
            message = f"1 至 {longest} 个可见字符。1 to {longest} printable characters."
            wrong.append(FieldError(field, "TEXT_INVALID", message))
    if not (0 < picture.width_mm <= _LARGEST_MM and 0 < picture.height_mm <= _LARGEST_MM):
        message = f"应大于 0 且不超过 {_LARGEST_MM:.0f} 毫米。More than 0 and up to {_LARGEST_MM:.0f} mm."
        wrong.append(FieldError("picture", "SIZE_INVALID", message))
    if len(picture.png) > _LARGEST_PICTURE:
        message = f"图片超过 {_LARGEST_PICTURE} 字节。The picture has more than {_LARGEST_PICTURE} bytes."
        wrong.append(FieldError("picture", "TOO_LARGE", message))
    if wrong:
        raise ValidationFailedError(wrong)
    # What cannot be drawn on a licence must show here, not when the first one is issued.
    try:
        seal_streams(picture)
    except FaceError as error:
        raise ValidationFailedError([FieldError("picture", "UNREADABLE", str(error))]) from error
