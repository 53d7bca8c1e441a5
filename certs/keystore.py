"""Private keys at rest: one folder, and for each key up to four files.

``NAME.p8`` is the private key under the store's password (PKCS#8, PBES2), or ``NAME.source`` tells which token or remote
signer holds it; ``NAME.pem`` is the certificate with its chain, written last, so that half a pair is no key;
``NAME.attributes`` says what the key is authorised for and whether it is retired. ``NAME.secret`` is a symmetric key under
the same password, which signs nothing and has no certificate.
"""

import json
import os
import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from asn1crypto import pem

from certs.errors import KeystoreError, KeyUseError
from certs.key_entries import KeyAttributes, KeyEntry, algorithm_or_none, open_source, read_attributes
from certs.key_uses import AuthorisedKey, KeyUseSink, NullSink, Purpose, purposes_of
from certs.private_files import FOLDER_MODE, read_password_file, write_private
from certs.secret_keys import open_secret, seal_secret
from signing import sm2
from signing.errors import SigningError
from signing.keys import SignatureAlgorithm, SigningKey
from signing.private_keys import AnyPrivateKey, SoftwareKey, open_key, public_half, seal_key, signing_key
from signing.x509_fields import public_key_info

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_NO_ATTRIBUTES = KeyAttributes()


class Keystore:
    """Stores keys and lets them sign. Unlocked keys stay in memory for the life of the object."""

    def __init__(
        self,
        folder: Path,
        password: bytes,
        *,
        iterations: int = 600_000,
        next_password: bytes | None = None,
        sink: KeyUseSink | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._folder = folder
        self._passwords = (password,) if next_password is None else (password, next_password)
        """The second one is there while the password is being changed."""
        self._iterations = iterations
        self._sink = sink or NullSink()
        self._clock = clock
        self._unlocked: dict[str, SigningKey] = {}
        self._attributes: dict[str, tuple[object, KeyAttributes]] = {}
        self._attribute_paths: dict[str, str] = {}

    def __contains__(self, name: str) -> bool:
        return self._has_private(name) and self._path(name, "pem").exists()

    def names(self) -> list[str]:
        """Names of the keys that have a certificate, retired ones too, sorted."""
        return [name for name in self._all_names() if name in self]

    def entries(self) -> list[KeyEntry]:
        """Every key, those without a certificate too, sorted by name. KeystoreError when a file cannot be read."""
        return [self.entry(name) for name in self._all_names()]

    def entry(self, name: str) -> KeyEntry:
        """One key. KeystoreError when there is none."""
        if not self._has_private(name):
            raise KeystoreError(_absent(name))
        certificate = self.certificate(name) if name in self else None
        kind = "file" if self._path(name, "p8").exists() else str(self._source(name).get("kind"))
        return KeyEntry(
            name=name,
            source=kind,
            certificate=certificate,
            algorithm=algorithm_or_none(certificate),
            purposes=frozenset() if certificate is None else self._purposes(name, certificate),
            attributes=self.attributes(name),
        )

    def store(self, name: str, key: SoftwareKey, *, purposes: frozenset[Purpose] | None = None) -> None:
        """Write a key and its certificates durably; the certificate last, so that half a pair is no key.

        KeystoreError when the certificate is not for this key: its signatures would verify for nobody.
        """
        _require_match(name, public_half(key.private), key.certificate)
        # Of a key that is written over, no half may be taken for a pair with a half of the new one.
        self._path(name, "pem").unlink(missing_ok=True)
        self.store_private(name, key.private, purposes=purposes)
        self._write_certificates(name, key.certificate, key.chain)
        self._unlocked[name] = key

    def store_private(self, name: str, private: AnyPrivateKey, *, purposes: frozenset[Purpose] | None = None) -> None:
        """Write a key that waits for its certificate; it signs nothing but its own request."""
        path = self._path(name, "p8")
        self._prepare()
        self._forget(name)
        write_private(path, seal_key(private, self._passwords[-1], iterations=self._iterations))
        if purposes is not None:
            self._write_attributes(name, KeyAttributes(purposes=purposes, created_at=self._clock()))

    def store_certificate(self, name: str, certificate: bytes, chain: tuple[bytes, ...] = ()) -> None:
        """Give a stored key its certificate, or a newer one. KeystoreError when it is for another key."""
        if self._path(name, "p8").exists():
            _require_match(name, public_half(self.private(name)), certificate)
        elif name not in self:
            raise KeystoreError(_absent(name))
        else:
            _require_match(name, public_key_info(self.certificate(name)), certificate)
        self._write_certificates(name, certificate, chain)
        self._forget(name)

    def store_source(
        self,
        name: str,
        source: Mapping[str, Any],
        certificate: bytes,
        chain: tuple[bytes, ...] = (),
        *,
        purposes: frozenset[Purpose] | None = None,
    ) -> None:
        """Enter a key that a token or a remote signer holds (fields: docs/keys.md). Errors of ``open_source``."""
        if self._has_private(name):
            raise KeystoreError(
                f"已有名为 {name} 的密钥，请换一个名称。There is a key named {name}; take another name."
            )
        open_source(source, certificate, chain, read_password_file)
        self._prepare()
        write_private(self._path(name, "source"), json.dumps(dict(source), indent=1).encode())
        if purposes is not None:
            self._write_attributes(name, KeyAttributes(purposes=purposes, created_at=self._clock()))
        self._write_certificates(name, certificate, chain)

    def remove_source(self, name: str) -> None:
        """Take back an entry of ``store_source`` whose key turned out not to sign."""
        self._path(name, "pem").unlink(missing_ok=True)
        for ending in ("attributes", "source"):
            self._path(name, ending).unlink(missing_ok=True)
        self._forget(name)

    def load(self, name: str, purpose: Purpose | None = None, *, actor: str = "gateway") -> AuthorisedKey:
        """The key, or the one that replaced it, ready to sign for ``purpose``; each signature is logged.

        Without a purpose it is logged with all that the key is for. KeystoreError when it is missing, damaged, or the
        password does not open it; KeyUseError when it is retired or not authorised.
        """
        name = self.current(name)
        self._require_active(name)
        certificate, *chain = self._certificates(name)
        allowed = self._purposes(name, certificate)
        if purpose is not None and purpose not in allowed | {Purpose.PROOF}:
            raise KeyUseError(
                f"密钥 {name} 未获准用于 {purpose}，只能用于：{'、'.join(sorted(allowed)) or '无'}。"
                f"The key {name} is not authorised for {purpose}, only for: {', '.join(sorted(allowed)) or 'nothing'}."
            )
        if name not in self._unlocked:
            self._unlocked[name] = self._open(name, certificate, tuple(chain))
        return AuthorisedKey(
            name=name,
            purpose="|".join(sorted(allowed)) if purpose is None else purpose.value,
            actor=actor,
            key=self._unlocked[name],
            sink=self._sink,
            clock=self._clock,
            require_active=lambda: self._require_active(name),
        )

    def private(self, name: str) -> AnyPrivateKey:
        """The private key itself, for a request or a renewal. KeystoreError when it is not in a file or does not open."""
        if not self._has_private(name):
            raise KeystoreError(_absent(name))
        return self._unlock(name)

    def current(self, name: str) -> str:
        """The name of the key that took this one's place, or its own."""
        seen = {name}
        while (successor := self.attributes(name).replaced_by) is not None and successor not in seen:
            seen.add(successor)
            name = successor
        return name

    def retire(self, name: str, *, replaced_by: str | None = None) -> None:
        """From now on, in every process, the key signs nothing; its certificate stays. KeystoreError when there is none."""
        if not self._has_private(name):
            raise KeystoreError(_absent(name))
        known = self.attributes(name)
        retired_at = known.retired_at or self._clock()
        self._write_attributes(name, replace(known, retired_at=retired_at, replaced_by=replaced_by))

    def attributes(self, name: str) -> KeyAttributes:
        """What is noted about a key; read again whenever the file changes. KeystoreError when it cannot be read."""
        path = self._attribute_paths.get(name) or str(self._path(name, "attributes"))
        self._attribute_paths[name] = path
        try:
            # Asked before every signature: a plain call, without the cost of a Path.
            status = os.stat(path)  # noqa: PTH116
        except FileNotFoundError:
            return _NO_ATTRIBUTES
        stamp = (status.st_mtime_ns, status.st_ino)
        known = self._attributes.get(name)
        if known is None or known[0] != stamp:
            try:
                known = (stamp, read_attributes(Path(path).read_bytes()))
            except (OSError, ValueError, TypeError) as error:
                raise KeystoreError(f"the attributes of the key {name} cannot be read") from error
            self._attributes[name] = known
        return known[1]

    def add_secret(self, name: str, key: bytes) -> None:
        """Store a symmetric key under the store's password. KeystoreError when there is one of this name."""
        path = self._path(name, "secret")
        self._prepare()
        try:
            write_private(path, seal_secret(key, self._passwords[-1], iterations=self._iterations), replace=False)
        except FileExistsError:
            raise KeystoreError(f"已有名为 {name} 的密钥。There is a key named {name}.") from None

    def secret(self, name: str) -> bytes:
        """A symmetric key. KeystoreError when it is missing, damaged, or the password does not open it."""
        try:
            sealed = self._path(name, "secret").read_bytes()
        except OSError:
            raise KeystoreError(_absent(name)) from None
        for password in self._passwords:
            with suppress(SigningError):
                return open_secret(sealed, password)
        raise KeystoreError(_closed(name))

    def secret_names(self) -> list[str]:
        """Names of the symmetric keys, sorted."""
        return sorted(path.stem for path in self._folder.glob("*.secret") if _NAME.fullmatch(path.stem))

    def certificate(self, name: str) -> bytes:
        """DER certificate of a stored key, without unlocking it. KeystoreError when it is missing or damaged."""
        return self._certificates(name)[0]

    def chain(self, name: str) -> tuple[bytes, ...]:
        """DER of the issuing certificates of a stored key. KeystoreError as for ``certificate``."""
        return tuple(self._certificates(name)[1:])

    def reseal(self, password: bytes) -> int:
        """Put every key file under another password; gives how many. May be repeated after a kill.

        A file that is already under it stays. KeystoreError when one opens with neither.
        """
        names = [name for name in self._all_names() if self._path(name, "p8").exists()]
        opened = {name: self._unlock(name) for name in names}
        secrets = {name: self.secret(name) for name in self.secret_names()}
        for name, key in opened.items():
            write_private(self._path(name, "p8"), seal_key(key, password, iterations=self._iterations))
        for name, secret in secrets.items():
            write_private(self._path(name, "secret"), seal_secret(secret, password, iterations=self._iterations))
        self._passwords = (password,)
        return len(opened) + len(secrets)

    def _open(self, name: str, certificate: bytes, chain: tuple[bytes, ...]) -> SigningKey:
        if not self._path(name, "p8").exists():
            try:
                return open_source(self._source(name), certificate, chain, read_password_file)
            except SigningError as error:
                raise KeystoreError(f"the key {name} cannot be used: {error}") from error
        private = self._unlock(name, algorithm_or_none(certificate))
        _require_match(name, public_half(private), certificate)
        return signing_key(private, certificate, chain)

    def _unlock(self, name: str, algorithm: SignatureAlgorithm | None = None) -> AnyPrivateKey:
        try:
            sealed = self._path(name, "p8").read_bytes()
        except OSError:
            sealed = b""
        for password in self._passwords:
            with suppress(SigningError):
                if algorithm is SignatureAlgorithm.SM2_WITH_SM3:
                    # The back end opens it itself, so that the plain key never lies in Python's memory.
                    return sm2.backend().load_private(sealed, password)
                return open_key(sealed, password)
        # What exactly failed is of use to an attacker only.
        raise KeystoreError(_closed(name)) from None

    def _purposes(self, name: str, certificate: bytes) -> frozenset[Purpose]:
        try:
            allowed = purposes_of(certificate)
        except SigningError as error:
            raise KeystoreError(f"the certificate of the key {name} cannot be read") from error
        declared = self.attributes(name).purposes
        return allowed if declared is None else allowed & declared

    def _require_active(self, name: str) -> None:
        if self.attributes(name).retired_at is not None:
            raise KeyUseError(f"密钥 {name} 已停用，不再签名。The key {name} is retired and signs nothing any more.")

    def _certificates(self, name: str) -> list[bytes]:
        if name not in self:
            raise KeystoreError(_absent(name))
        try:
            return decode_pem(self._path(name, "pem").read_bytes())
        except (OSError, KeystoreError) as error:
            raise KeystoreError(f"the certificate of the key {name} cannot be read") from error

    def _source(self, name: str) -> dict[str, Any]:
        try:
            source = json.loads(self._path(name, "source").read_bytes())
        except (OSError, ValueError) as error:
            raise KeystoreError(f"the source of the key {name} cannot be read") from error
        if not isinstance(source, dict):
            raise KeystoreError(f"the source of the key {name} is no JSON object")
        return source

    def _write_certificates(self, name: str, certificate: bytes, chain: tuple[bytes, ...]) -> None:
        write_private(self._path(name, "pem"), encode_pem([certificate, *chain]))

    def _write_attributes(self, name: str, attributes: KeyAttributes) -> None:
        write_private(self._path(name, "attributes"), attributes.to_json())

    def _prepare(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._folder.chmod(FOLDER_MODE)

    def _forget(self, name: str) -> None:
        self._unlocked.pop(name, None)

    def _has_private(self, name: str) -> bool:
        return self._path(name, "p8").exists() or self._path(name, "source").exists()

    def _all_names(self) -> list[str]:
        paths = (path for ending in ("p8", "source") for path in self._folder.glob(f"*.{ending}"))
        return sorted({path.stem for path in paths if _NAME.fullmatch(path.stem)})

    def _path(self, name: str, ending: str) -> Path:
        if not _NAME.fullmatch(name):
            raise KeystoreError("a key name has letters, digits, dot, dash and underscore only")
        return self._folder / f"{name}.{ending}"


def _absent(name: str) -> str:
    return f"没有名为 {name} 的密钥。There is no key named {name}; see: licence-gateway key list"


def _closed(name: str) -> str:
    return f"密钥 {name} 打不开：口令错误或文件损坏。The key {name} cannot be opened: wrong password or damaged file"


def _require_match(name: str, public: bytes, certificate: bytes) -> None:
    try:
        matches = public_key_info(certificate) == public
    except SigningError as error:
        raise KeystoreError(f"the certificate of the key {name} cannot be read") from error
    if not matches:
        raise KeystoreError(f"证书不属于密钥 {name}。The certificate of the key {name} is for another key")


def encode_pem(certificates: Iterable[bytes]) -> bytes:
    """PEM of DER certificates, in order."""
    return b"".join(pem.armor("CERTIFICATE", certificate) for certificate in certificates)


def decode_pem(text: bytes) -> list[bytes]:
    """DER certificates of a PEM file. KeystoreError when there is none."""
    try:
        blocks = [der for label, _, der in pem.unarmor(text, multiple=True) if label == "CERTIFICATE"]
    except ValueError as error:
        raise KeystoreError("not a PEM file") from error
    if not blocks:
        raise KeystoreError("no certificate in the PEM file")
    return blocks
