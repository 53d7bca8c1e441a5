"""Electronic business licences of a simulated national system: its own little CA, and a card on the phone for each enterprise."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, cast

from asn1crypto import pem

from certs.authority import CertificateAuthority, CertificateRequest, Subject, self_signed_root
from certs.key_uses import Purpose
from certs.keystore import Keystore, encode_pem
from certs.private_files import create_password_file
from certs.profiles import ELECTRONIC_BUSINESS_LICENCE, ROOT
from certs.revocation import RevocationReason, RevokedEntry
from gateway.domain.identifiers import check_unified_social_credit_code
from signing import sm2
from signing.certificate_facts import certificate_facts
from signing.keys_sm2 import Sm2SigningKey

NAME = "elicence-simulator"
"""Of its files in a trust store."""
_ROOT = "root"
_ITERATIONS = 10_000
"""The keys stand in for phones; their random password needs no slow derivation."""
_ROOT_AGE = timedelta(days=1000)
"""The root is older than every card, those that expired too."""
_CRL_DAYS = 30
_DAY = timedelta(days=1)


class CardKind(StrEnum):
    """What is wrong with a card."""

    GOOD = "good"
    EXPIRED = "expired"
    REVOKED = "revoked"
    TWO_CODES = "two_codes"
    """Its certificate names two enterprises."""


@dataclass(frozen=True)
class Card:
    """The electronic business licence of one enterprise, as its phone holds it."""

    unified_social_credit_code: str
    name: str
    key: Sm2SigningKey = field(repr=False)

    @property
    def certificate(self) -> bytes:
        """DER."""
        return self.key.certificate


class CardIssuer:
    """Issues a card when it is first wanted; keys lie encrypted in the folder."""

    def __init__(
        self, folder: Path, enterprises: Mapping[str, Mapping[str, Any]], clock: Callable[[], datetime]
    ) -> None:
        """``enterprises`` are records of ``enterprises.jsonl`` by credit code. OSError when the folder cannot be written."""
        self.enterprises = enterprises
        self._folder, self._clock, self._lock = folder, clock, threading.Lock()
        self._keys = Keystore(folder / "keys", create_password_file(folder / "password"), iterations=_ITERATIONS)
        if _ROOT not in self._keys:
            subject = Subject("电子营业执照模拟根证书", "电子营业执照模拟系统（测试）")
            self._keys.store(_ROOT, self_signed_root(ROOT, subject, sm2.generate(), now=clock() - _ROOT_AGE))
        self._publish()

    @property
    def trust_dir(self) -> Path:
        """What a gateway has to trust: ``anchors/`` and ``crls/``, each with one file."""
        return self._folder / "trust"

    def card(self, code: str, kind: CardKind = CardKind.GOOD) -> Card:
        """The card of an enterprise. KeyError when the simulator does not know it."""
        name = str(self.enterprises[code]["name"])
        key_name = f"{code}.{kind}"
        with self._lock:
            if key_name not in self._keys:
                self._issue(code, name, kind, key_name)
            private, certificate = self._keys.private(key_name), self._keys.certificate(key_name)
        return Card(code, name, Sm2SigningKey(cast("sm2.PrivateKey", private), certificate))

    def other(self, code: str) -> str:
        """The credit code of another enterprise. KeyError when there is none."""
        found = next((each for each in self.enterprises if each != code), None)
        if found is None:
            raise KeyError(code)
        return found

    def _authority(self) -> CertificateAuthority:
        return CertificateAuthority(self._keys.load(_ROOT, Purpose.CERTIFICATE, actor=NAME))

    def _issue(self, code: str, name: str, kind: CardKind, key_name: str) -> None:
        private, now = sm2.generate(), self._clock()
        # Some CAs glue a code in front of the name: here one that contradicts the other fields.
        organisation = self.other(code) + name if kind is CardKind.TWO_CODES else name
        is_over = kind is CardKind.EXPIRED
        # Our own lint would refuse such a certificate; other CAs have none.
        profile = replace(ELECTRONIC_BUSINESS_LICENCE, needs_credit_code=kind is not CardKind.TWO_CODES)
        request = CertificateRequest(
            profile,
            Subject(name, organisation, code),
            private.public_key,
            not_before=now - (400 * _DAY if is_over else timedelta(minutes=5)),
            not_after=now - _DAY if is_over else now + ELECTRONIC_BUSINESS_LICENCE.days * _DAY,
        )
        certificate = self._authority().sign_request(request)
        self._keys.store(key_name, Sm2SigningKey(private, certificate))
        if kind is CardKind.REVOKED:
            serial = int(certificate_facts(certificate).serial_number, 16)
            self._publish(RevokedEntry(serial, now, RevocationReason.KEY_COMPROMISE))

    def _publish(self, *revoked: RevokedEntry) -> None:
        anchor = self.trust_dir / "anchors" / f"{NAME}.pem"
        path = self.trust_dir / "crls" / f"{NAME}.crl"
        for folder in (anchor.parent, path.parent):
            folder.mkdir(parents=True, exist_ok=True)
        anchor.write_bytes(encode_pem([self._keys.certificate(_ROOT)]))
        now = self._clock()
        authority = CertificateAuthority(self._keys.load(_ROOT, Purpose.CRL, actor=NAME))
        previous = pem.unarmor(path.read_bytes())[2] if path.exists() else None
        crl = authority.next_crl(previous, this_update=now, next_update=now + _CRL_DAYS * _DAY, revoked=revoked)
        path.write_bytes(pem.armor("X509 CRL", crl))


def known_enterprises(records: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Records of ``enterprises.jsonl`` by their credit code, which is checked."""
    return {check_unified_social_credit_code(str(each["unified_social_credit_code"])).code: each for each in records}
