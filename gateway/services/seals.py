"""The seals that authorities sign licences with."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import select
from sqlalchemy.orm import Session

from certs.errors import CertsError, KeyUseError
from certs.key_uses import Purpose
from gateway.documents.face import SealPicture
from gateway.domain.catalogue import IssuingAuthority
from gateway.errors import ConfigurationError, KeyUnavailableError
from gateway.persistence.models import Seal
from gateway.services.dependencies import Dependencies
from gateway.services.drafts import SealInUse
from gateway.services.second_signatures import second_key_name, signs_twice
from signing.errors import KeySourceUnavailableError, KeySourceWrongError, SigningError
from signing.keys import SigningKey
from signing.x509_fields import public_key_info

LICENCES = "gateway.licences"
"""Who the log of key uses says let a seal sign."""


class Seals:
    """Finds and unlocks the seal of an authority."""

    def __init__(self, deps: Dependencies) -> None:
        self._deps = deps

    def in_use(self, session: Session, authority: IssuingAuthority, *, is_sample: bool = False) -> SealInUse:
        """The newest seal of the authority, or the one for its samples. ConfigurationError when it has none,
        KeyUnavailableError without its key.
        """
        seal = session.scalars(
            select(Seal)
            .where(Seal.authority_code == authority.code, Seal.is_sample == is_sample)
            .order_by(Seal.created_at.desc())
        ).first()
        if seal is None:
            command = f"key samples {authority.code}" if is_sample else "init"
            raise ConfigurationError(f"Authority {authority.code} has no seal.", hint=f"Run: licence-gateway {command}")
        return SealInUse(
            key_id=seal.key_id,
            key=self._key(seal),
            # The second key is the authority's real one: nothing of it goes into a sample.
            second=self._second_key(seal) if signs_twice(authority, self._deps.settings) and not is_sample else None,
            picture=SealPicture(png=seal.picture_png, width_mm=seal.width_mm, height_mm=seal.height_mm),
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


def _unavailable(name: str, reason: object) -> KeyUnavailableError:
    return KeyUnavailableError(
        f"印章密钥 {name} 不能使用。The seal key {name} cannot be used: {reason}",
        hint=f"Run: licence-gateway key test {name}",
    )


@contextmanager
def key_at_work(name: str) -> Iterator[None]:
    """Turns what may befall a key while it signs into KeyUnavailableError."""
    try:
        yield
    except (KeyUseError, KeySourceUnavailableError, KeySourceWrongError) as error:
        raise _unavailable(name, error) from error
