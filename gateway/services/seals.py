"""The seals that authorities sign licences with."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from certs.credit_code import extract_credit_code
from certs.errors import CertsError, CreditCodeError, KeyUseError
from certs.key_uses import Purpose
from gateway.documents.face import SealPicture
from gateway.domain.catalogue import IssuingAuthority
from gateway.domain.seal_register import SEAL_WORDS, SealStatus, standing
from gateway.errors import ConfigurationError, KeyUnavailableError, SealRefusedError, TimestampsUnavailableError
from gateway.persistence.models import Seal
from gateway.persistence.session import Question
from gateway.services.dependencies import Dependencies
from gateway.services.drafts import SealInUse
from gateway.services.second_signatures import second_key_name, signs_twice
from signing.errors import KeySourceUnavailableError, KeySourceWrongError, SigningError, TimestampUnavailableError
from signing.keys import SigningKey
from signing.x509_fields import public_key_info

LICENCES = "gateway.licences"
"""Who the log of key uses says let a seal sign."""

_NEWEST = (
    select(Seal.__table__)
    .where(Seal.authority_code == bindparam("authority"), Seal.is_sample == bindparam("is_sample"))
    .order_by(Seal.created_at.desc())
    .limit(1)
)


class Seals:
    """Finds and unlocks the seal of an authority."""

    def __init__(self, deps: Dependencies) -> None:
        self._deps = deps

    def in_use(self, authority: IssuingAuthority, *, is_sample: bool = False) -> SealInUse:
        """The newest seal of the authority, or the one for its samples, checked now. ConfigurationError when it has none,
        SealRefusedError when it may not sign, KeyUnavailableError without its key.
        """
        asked = seal_question(authority.code, is_sample=is_sample)
        seal = next(iter(self._deps.quick_reads.rows(asked.statement, asked.parameters)), None)
        if seal is None:
            command = f"key samples {authority.code}" if is_sample else "init"
            raise ConfigurationError(f"Authority {authority.code} has no seal.", hint=f"Run: licence-gateway {command}")
        self._require_in_order(seal, authority)
        return SealInUse(
            key_id=seal.key_id,
            key=self._key(seal),
            # The second key is the authority's real one: nothing of it goes into a sample.
            second=self._second_key(seal) if signs_twice(authority, self._deps.settings) and not is_sample else None,
            picture=SealPicture(png=seal.picture_png, width_mm=seal.width_mm, height_mm=seal.height_mm),
        )

    def _require_in_order(self, seal: Seal, authority: IssuingAuthority) -> None:
        """SealRefusedError unless the seal is in use, within its validity, and its certificate names the authority."""
        state = standing(seal.status, seal.valid_from, seal.valid_until, self._deps.clock())
        if state != SealStatus.IN_USE:
            zh, en = SEAL_WORDS[state]
            raise SealRefusedError(
                f"{authority.name}的印章{zh}，不能签章。The seal {seal.key_id} of {authority.code} is {en}; it signs nothing.",
                hint=f"See: licence-gateway seal show {seal.key_id}",
            )
        try:
            owner = extract_credit_code(seal.certificate, self._deps.credit_code_rules)
        except CreditCodeError as error:
            owner = str(error)
        if owner != authority.code:
            raise SealRefusedError(
                f"印章 {seal.key_id} 的证书不属于{authority.name}。The seal's certificate is not the authority's: {owner}."
            )

    def _key(self, seal: Seal) -> SigningKey:
        """The seal's key, wherever it is kept. KeyUnavailableError unless it may sign licences."""
        try:
            key = self._deps.keystore.load(seal.key_name, Purpose.LICENCE, actor=LICENCES)
        except (CertsError, SigningError) as error:
            raise _unavailable(seal.key_name, error) from error
        if public_key_info(key.certificate) != public_key_info(seal.certificate):
            raise _unavailable(seal.key_name, "its certificate is not that of the seal")
        return key

    def _second_key(self, seal: Seal) -> SigningKey:
        """The key for the second signature. KeyUnavailableError unless it is there and may sign licences."""
        name = second_key_name(seal.authority_code)
        if name not in self._deps.keystore:
            message = f"第二签名的密钥 {name} 不存在。There is no key {name} for the second signature."
            raise KeyUnavailableError(message, hint="Run: licence-gateway init")
        try:
            return self._deps.keystore.load(name, Purpose.LICENCE, actor=LICENCES)
        except (CertsError, SigningError) as error:
            raise _unavailable(name, error) from error

    def certificate(self, key_id: str) -> bytes | None:
        """DER certificate of the seal with this key id, None when it is not ours."""
        with self._deps.sessions() as session:
            seal = session.get(Seal, key_id)
            return None if seal is None else seal.certificate


def seal_question(authority_code: str, *, is_sample: bool = False) -> Question:
    """What ``Seals.in_use`` asks the register."""
    return Question(_NEWEST, {"authority": authority_code, "is_sample": is_sample})


def require_standing(session: Session, key_ids: Iterable[str]) -> None:
    """Seals that signed some time ago are still in use, and stay so until the transaction ends. SealRefusedError.

    For what signs for seconds before it is recorded: who suspends or destroys one meanwhile waits, or is seen here.
    """
    wanted = set(key_ids)
    query = select(Seal.key_id).where(Seal.key_id.in_(sorted(wanted)), Seal.status == SealStatus.IN_USE)
    missing = wanted - set(session.scalars(query.with_for_update(read=True)))
    if missing:
        raise SealRefusedError(
            f"印章已停用或销毁，签章未登记。A seal is no longer in use; what it signed is not registered: {min(missing)}."
        )


def _unavailable(name: str, reason: object) -> KeyUnavailableError:
    return KeyUnavailableError(
        f"印章密钥 {name} 不能使用。The seal key {name} cannot be used: {reason}",
        hint=f"Run: licence-gateway key test {name}",
    )


@contextmanager
def key_at_work(name: str) -> Iterator[None]:
    """Turns what may befall a key while it signs into KeyUnavailableError or TimestampsUnavailableError."""
    try:
        yield
    except (KeyUseError, KeySourceUnavailableError, KeySourceWrongError) as error:
        raise _unavailable(name, error) from error
    except TimestampUnavailableError as error:
        raise TimestampsUnavailableError(
            "时间戳服务没有回答，不能签名。No time-stamp service answered; nothing can be signed.",
            hint="Try again later. A list can be had as list.cbor, and a report as HTML, XML or JSON, without a time-stamp.",
        ) from error
