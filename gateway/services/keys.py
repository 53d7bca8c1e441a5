"""Keys of the gateway: made, brought in from elsewhere, replaced, retired, tested. What is done to one is on record."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

from certs.certificate_files import CertifiedKey, match_chain, read_certificates
from certs.credit_code import ExtractionRules, extract_credit_code
from certs.errors import CreditCodeError
from certs.key_entries import KeyEntry
from certs.key_uses import Purpose, read_uses
from certs.private_files import create_password_file, next_password_file, read_password_file, write_private
from gateway.domain.actors import OPERATOR
from gateway.domain.seal_register import SealAct, SealStatus
from gateway.errors import ConflictError, NotFoundError, UnreadableInputError
from gateway.persistence.models import AuditEvent, Seal
from gateway.services.certificates import Certificates, owner_of, profile_for
from gateway.services.dependencies import DELIVERY_KEY, LIST_KEY, LOG_KEY, TIMESTAMPING_KEY, Dependencies
from gateway.services.embedded_cas import ISSUING_KEY, LICENCE_ROOT_KEY, ROOT_KEY
from gateway.services.installation import Installation
from gateway.services.seal_events import note_seal_act
from signing.cose import key_id_of
from signing.errors import SigningError
from signing.keys import SignatureAlgorithm
from signing.outside_keys import accept
from signing.pkcs12 import read_pkcs12
from signing.private_keys import AnyPrivateKey, generate, open_key, public_half, signing_key
from signing.validation.x509 import load_certificate
from signing.x509_fields import public_key_info

_AUTHORITY = frozenset({Purpose.CERTIFICATE, Purpose.CRL})
_TEST_MESSAGE = b"licence-gateway key test: this signature proves nothing but that the key is at hand"


@dataclass(frozen=True)
class Rotation:
    """What a rotation did."""

    retired: str
    active: str
    seal_moved: bool
    """Whether a seal signs with the new key from now on."""


class Keys:
    """Administration of the key store; each public method stands for one command."""

    def __init__(self, deps: Dependencies, installation: Installation, certificates: Certificates, actor: str) -> None:
        self._deps = deps
        self._installation = installation
        self._certificates = certificates
        self._actor = actor

    def entries(self) -> list[KeyEntry]:
        """Every key, retired and waiting ones too."""
        return self._deps.keystore.entries()

    def generate(
        self, name: str, algorithm: SignatureAlgorithm, *, purposes: frozenset[Purpose] | None = None
    ) -> KeyEntry:
        """A new key that waits for its certificate. ConflictError when the name is taken."""
        self._require_free(name)
        self._deps.keystore.store_private(name, generate(algorithm), purposes=purposes)
        self._note("key_generated", name, {"algorithm": algorithm})
        return self._deps.keystore.entry(name)

    def install(self, name: str, certificates: bytes) -> KeyEntry:
        """Give a waiting key the certificate that a CA made for it, or a key its renewed one. CertificateImportError."""
        keystore = self._deps.keystore
        if keystore.entry(name).source == "file":
            public = public_half(keystore.private(name))
        else:
            public = public_key_info(keystore.certificate(name))
        certified = self._match(public, read_certificates(certificates))
        keystore.store_certificate(name, certified.certificate, certified.chain)
        return self._published("certificate_installed", name)

    def bring_in_file(
        self,
        name: str,
        data: bytes,
        password: bytes | None,
        certificates: Sequence[bytes] = (),
        *,
        purposes: frozenset[Purpose] | None = None,
    ) -> KeyEntry:
        """A key from PKCS#8, SEC 1 or PKCS#1 with its certificates.

        UnreadableInputError, CertificateImportError, ConflictError.
        """
        self._require_free(name)
        with _in_one_sentence("密钥文件不能使用。The key file cannot be used", "Check the file and its password."):
            private = open_key(data, password)
        return self._store(name, private, certificates, purposes)

    def bring_in_container(
        self,
        name: str,
        data: bytes,
        password: bytes,
        certificates: Sequence[bytes] = (),
        *,
        purposes: frozenset[Purpose] | None = None,
    ) -> KeyEntry:
        """The signing key of a PKCS#12 or ``.sm2`` file. Errors as for ``bring_in_file``."""
        self._require_free(name)
        with _in_one_sentence("密钥文件不能使用。The key file cannot be used", "Check the file and its password."):
            container = read_pkcs12(data, password)
        every = (*container.certificates, *certificates)
        return self._store(name, self._signing_one(container.keys, every), every, purposes)

    def add_source(
        self,
        name: str,
        source: Mapping[str, Any],
        certificates: Sequence[bytes],
        *,
        purposes: frozenset[Purpose] | None = None,
    ) -> KeyEntry:
        """A key in a token or a remote signer; a test signature is made before it is entered. SigningError, CertsError."""
        self._require_free(name)
        # The first certificate is the key's: nobody can ask a token which of them is meant.
        certified = self._match(public_key_info(certificates[0]), certificates)
        keystore = self._deps.keystore
        keystore.store_source(name, source, certified.certificate, certified.chain, purposes=purposes)
        try:
            self.test(name)
        except Exception:
            keystore.remove_source(name)
            raise
        return self._published("key_source_added", name)

    def test(self, name: str) -> KeyEntry:
        """Sign a test message and verify it. KeyUseError, KeystoreError, UnreadableInputError when it does not work."""
        key = self._deps.keystore.load(name, Purpose.PROOF, actor=self._actor)
        with _in_one_sentence(f"密钥 {name} 不能签名。The key {name} does not sign", "See docs/keys.md."):
            accept(key.certificate, _TEST_MESSAGE, key.sign(_TEST_MESSAGE))
        return self._deps.keystore.entry(key.name)

    def rotate(
        self, name: str, *, successor: str | None = None, algorithm: SignatureAlgorithm | None = None
    ) -> Rotation:
        """Replace a key: by ``successor``, which must be there already, or by a new one that the embedded CA certifies.

        The old key signs nothing any more and stays, so that what it signed is still verified. ConflictError for a CA
        key, for another owner's successor, and for a seal whose new key is not SM2.
        """
        keystore = self._deps.keystore
        old = keystore.entry(keystore.current(name))
        if old.state != "active" or old.certificate is None:
            raise ConflictError(f"密钥 {old.name} 不在使用中。The key {old.name} is not in use.")
        if old.purposes & _AUTHORITY:
            raise ConflictError(
                "CA 密钥不轮换：请新建 CA，旧密钥继续签发其吊销列表。A CA's key is not rotated: make a new CA; the old "
                "key goes on signing its revocation lists.",
                hint="See docs/keys.md.",
            )
        new = keystore.entry(successor) if successor else self._make_successor(old, algorithm)
        _require_same_owner(old, new, self._deps.credit_code_rules)
        moved = self._move_seal(old, new)
        keystore.retire(old.name, replaced_by=new.name)
        self._published("key_rotated", new.name, {"retired": old.name})
        return Rotation(old.name, new.name, moved)

    def retire(self, name: str) -> KeyEntry:
        """From now on the key signs nothing, in any process. ConflictError for a key that the gateway cannot do without."""
        keystore = self._deps.keystore
        entry = keystore.entry(name)
        if entry.state == "active" and self._is_needed(name):
            raise ConflictError(
                f"网关还要用密钥 {name}，请轮换。The gateway cannot do without the key {name}; rotate it.",
                hint=f"Run: licence-gateway key rotate {name}",
            )
        keystore.retire(name)
        self._note("key_retired", name, {})
        return keystore.entry(name)

    def change_password(self, new: bytes | None = None) -> int:
        """Put every key file under a new password, a random one when none is given; gives how many.

        May be killed at any moment and run again: while ``<password file>.next`` is there, either password opens.
        """
        path = self._deps.settings.resolved_key_password_file
        following = next_password_file(path)
        if new is not None and not following.exists():
            write_private(following, new + b"\n", replace=False)
        elif new is not None and read_password_file(following) != new:
            raise ConflictError(
                f"上次更换口令没有完成，请先不带新口令再运行一次。An earlier change was interrupted ({following}).",
                hint="Run: licence-gateway key change-password --random",
            )
        password = create_password_file(following)
        # Opened anew, so that both passwords are known.
        deps = Dependencies(self._deps.settings, self._deps.clock)
        count = deps.keystore.reseal(password)
        following.replace(path)
        self._note("key_password_changed", "", {"keys": count})
        return count

    def uses(self, name: str | None = None) -> Iterator[dict[str, str]]:
        """The log of key uses, oldest first, of one key or of all."""
        return read_uses(self._deps.key_log, key=name)

    def source_certificates(self, path: Path) -> tuple[bytes, ...]:
        """The certificates in a file. UnreadableInputError, CertificateImportError."""
        try:
            return read_certificates(path.read_bytes())
        except OSError as error:
            raise UnreadableInputError(f"{path}: {error.strerror}", hint="Check the path.") from error

    def _store(
        self,
        name: str,
        private: AnyPrivateKey,
        certificates: Sequence[bytes],
        purposes: frozenset[Purpose] | None,
    ) -> KeyEntry:
        certified = self._match(public_half(private), certificates)
        key = signing_key(private, certified.certificate, certified.chain)
        self._deps.keystore.store(name, key, purposes=purposes)
        return self._published("key_imported", name)

    def _match(self, public: bytes, certificates: Sequence[bytes]) -> CertifiedKey:
        return match_chain(public, certificates, self._certificates.known(), at=self._deps.clock())

    def _signing_one(self, keys: Sequence[AnyPrivateKey], certificates: Sequence[bytes]) -> AnyPrivateKey:
        """Of a pair for signing and encryption, the key whose certificate may sign."""
        publics = {public_half(key): key for key in keys}
        mine = [c for c in certificates if public_key_info(c) in publics]
        signers = {public_key_info(c) for c in mine if self._certificates.may_sign(c)}
        if len(publics) == 1 and len(keys) >= 1:
            return keys[0]
        if len(signers) != 1:
            raise ConflictError(
                f"文件中有 {len(publics)} 个密钥、{len(signers)} 张签名证书，无法确定使用哪一个。"
                f"The file holds {len(publics)} keys and {len(signers)} signing certificates; which one is meant?",
                hint="Export the signing key alone.",
            )
        return publics[signers.pop()]

    def _make_successor(self, old: KeyEntry, algorithm: SignatureAlgorithm | None) -> KeyEntry:
        name = _next_name(old.name, {entry.name for entry in self.entries()})
        chosen = algorithm or old.algorithm
        if chosen is None or old.certificate is None:
            raise ConflictError(f"The algorithm of {old.name} cannot be told.", hint="Name one with --algorithm.")
        self._require_seal_algorithm(old.name, chosen)
        private, rules = generate(chosen), self._deps.credit_code_rules
        key = self._certificates.certify(
            private, profile_for(old.certificate, rules), owner_of(old.certificate, rules), actor=self._actor
        )
        self._deps.keystore.store(name, key, purposes=old.attributes.purposes)
        return self._deps.keystore.entry(name)

    def _require_seal_algorithm(self, key_name: str, algorithm: SignatureAlgorithm | None) -> None:
        with self._deps.sessions() as session:
            seal = session.scalars(select(Seal).where(Seal.key_name == key_name)).first()
        if seal is not None and algorithm is not SignatureAlgorithm.SM2_WITH_SM3:
            raise ConflictError(
                "印章密钥必须是 SM2：证照二维码以 SM2 签名。A seal's key is SM2: licence codes are signed with SM2."
            )

    def _move_seal(self, old: KeyEntry, new: KeyEntry) -> bool:
        """The seal of the old key, if there is one, gets a newer row with the new key; the old row stays for its codes."""
        if new.certificate is None:
            raise ConflictError(f"密钥 {new.name} 还没有证书。The key {new.name} has no certificate yet.")
        self._require_seal_algorithm(old.name, new.algorithm)
        key_id = key_id_of(public_key_info(new.certificate)).hex()
        with self._deps.sessions.begin() as session:
            seal = session.scalars(select(Seal).where(Seal.key_name == old.name)).first()
            if seal is None or session.get(Seal, key_id) is not None:
                return seal is not None
            # Of two seals in the same second the new one must be the newer.
            created_at = max(self._deps.clock(), seal.created_at + timedelta(seconds=1))
            loaded = load_certificate(new.certificate)
            successor = Seal(
                key_id=key_id,
                authority_code=seal.authority_code,
                name=seal.name,
                filing_number=seal.filing_number,
                key_name=new.name,
                certificate=new.certificate,
                picture_png=seal.picture_png,
                width_mm=seal.width_mm,
                height_mm=seal.height_mm,
                created_at=created_at,
                valid_from=loaded.not_before,
                valid_until=loaded.not_after,
                # A suspended seal stays so under its next key.
                status=seal.status,
                is_sample=seal.is_sample,
            )
            session.add(successor)
            session.flush()
            seal.status = SealStatus.REPLACED
            actor = replace(OPERATOR, id=self._actor, name=self._actor)
            note_seal_act(session, seal, SealAct.REPLACE, new.name, actor, self._deps.clock())
            note_seal_act(session, successor, SealAct.MAKE, old.name, actor, self._deps.clock())
        return True

    def _is_needed(self, name: str) -> bool:
        """Whether it is a CA's key, the time-stamping unit's, that of the log, of lists or of deliveries, or that of a seal."""
        roles = (ROOT_KEY, ISSUING_KEY, LICENCE_ROOT_KEY, TIMESTAMPING_KEY, LOG_KEY, LIST_KEY, DELIVERY_KEY)
        with self._deps.sessions() as session:
            seal = session.scalars(select(Seal).where(Seal.key_name == name)).first()
        return seal is not None or name in {self._deps.keystore.current(role) for role in roles}

    def _require_free(self, name: str) -> None:
        if name in {entry.name for entry in self.entries()}:
            raise ConflictError(
                f"已有名为 {name} 的密钥。There is a key named {name}.",
                hint="Take another name, or rotate the key.",
            )

    def _published(self, action: str, name: str, detail: Mapping[str, Any] | None = None) -> KeyEntry:
        """Note what was done, and publish the certificate to those who verify."""
        self._note(action, name, dict(detail or {}))
        self._installation.publish_certificate(name)
        return self._deps.keystore.entry(name)

    def _note(self, action: str, name: str, detail: Mapping[str, Any]) -> None:
        with self._deps.sessions.begin() as session:
            session.add(
                AuditEvent(
                    occurred_at=self._deps.clock(),
                    action=action,
                    subject=name,
                    detail={**detail, "actor": self._actor},
                )
            )


@contextmanager
def _in_one_sentence(what: str, hint: str) -> Iterator[None]:
    """What the signing library refuses, in words for the person at the terminal. UnreadableInputError."""
    try:
        yield
    except SigningError as error:
        raise UnreadableInputError(f"{what}: {error}.", hint=hint) from error


def _next_name(name: str, taken: set[str]) -> str:
    base = re.sub(r"\.[0-9]+$", "", name)
    number = 2
    while f"{base}.{number}" in taken:
        number += 1
    return f"{base}.{number}"


def _require_same_owner(old: KeyEntry, new: KeyEntry, rules: ExtractionRules) -> None:
    """NotFoundError when the successor has no certificate; ConflictError when it names somebody else."""
    if old.certificate is None or new.certificate is None or new.state != "active":
        raise NotFoundError(f"密钥 {new.name} 不可用。The key {new.name} is not active.")
    if old.name == new.name:
        raise ConflictError("密钥不能由自己替换。A key does not replace itself.")
    if _owner_code(old.certificate, rules) != _owner_code(new.certificate, rules):
        raise ConflictError(
            f"密钥 {new.name} 的证书属于另一主体。The certificate of {new.name} names another owner.",
            hint="Rotate to a key of the same unified social credit code.",
        )


def _owner_code(certificate: bytes, rules: ExtractionRules) -> str:
    try:
        return extract_credit_code(certificate, rules)
    except CreditCodeError:
        return owner_of(certificate, rules).organisation
