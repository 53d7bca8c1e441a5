"""Each use of a key is authorised and logged before the signature is made."""

import atexit
import errno
import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Protocol

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from certs.errors import KeyUseError
from signing.keys import SignatureAlgorithm, SigningKey
from signing.sm2 import sm3
from signing.validation.x509 import load_certificate

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_FILE_MODE, _FOLDER_MODE = 0o600, 0o700


class Purpose(StrEnum):
    """What a signature is made for. Values stand in the log and in the attributes of keys."""

    LICENCE = "licence"
    """A licence's PDF and the code that is printed on it."""
    LIST = "list"
    """A signed list or record of many licences."""
    RECEIPT = "receipt"
    """A record that something was asked or done."""
    REPORT = "report"
    """A verification report."""
    COPY = "copy"
    """A purpose copy (加注件) of a licence, in the gateway's own name."""
    TIMESTAMP = "timestamp"
    OCSP = "ocsp"
    CERTIFICATE = "certificate"
    CRL = "crl"
    LOG = "log"
    """A checkpoint of the transparency log."""
    PROOF = "proof"
    """That the key is at hand: a certificate request or a test message. Every key may."""


_SIGNER = frozenset({Purpose.LICENCE, Purpose.LIST, Purpose.RECEIPT, Purpose.REPORT, Purpose.LOG, Purpose.COPY})
_AUTHORITY = frozenset({Purpose.CERTIFICATE, Purpose.CRL})


@lru_cache(maxsize=512)
def purposes_of(certificate: bytes) -> frozenset[Purpose]:
    """The purposes that a certificate (DER) leaves its key (RFC 5280, 4.2.1.3, 4.2.1.9 and 4.2.1.12).

    MalformedDataError when it is no certificate.
    """
    extensions = load_certificate(certificate).parsed.extensions
    usage = next((e.value for e in extensions if isinstance(e.value, x509.KeyUsage)), None)
    extended = next((e.value for e in extensions if isinstance(e.value, x509.ExtendedKeyUsage)), ())
    if usage is not None and (usage.key_cert_sign or usage.crl_sign):
        return _AUTHORITY
    if ExtendedKeyUsageOID.TIME_STAMPING in extended:
        return frozenset({Purpose.TIMESTAMP})
    if ExtendedKeyUsageOID.OCSP_SIGNING in extended:
        return frozenset({Purpose.OCSP})
    signs = usage is None or usage.digital_signature or usage.content_commitment
    return _SIGNER if signs else frozenset()


@dataclass(frozen=True)
class KeyUse:
    """One signature, as it is logged."""

    at: datetime
    actor: str
    """Who let the key sign: the part of the gateway, or the account at the command line."""
    key: str
    """Name in the key store."""
    purpose: str
    """A ``Purpose``, or the key's own purposes joined by ``|`` where the caller named none."""
    algorithm: SignatureAlgorithm
    certificate_sm3: str
    """SM3 of the DER certificate, lower-case hexadecimal."""
    message_sm3: str
    """SM3 of the bytes that were signed, lower-case hexadecimal."""

    def to_line(self) -> bytes:
        """One line of JSON."""
        # The instance's own dictionary, not a copy: three of these are written for each licence.
        values = {**self.__dict__, "at": self.at.astimezone(UTC).isoformat().replace("+00:00", "Z")}
        return _encode(values).encode() + b"\n"


class KeyUseSink(Protocol):
    """Whoever keeps the uses: a log file, or a register."""

    def record(self, use: KeyUse) -> None:
        """Keep it. KeyUseError when it cannot be kept; then nothing is signed."""
        ...


class NullSink:
    """Keeps nothing: for keys that belong to tests and samples."""

    def record(self, use: KeyUse) -> None:
        """Forget it."""


@dataclass(frozen=True)
class AuthorisedKey:
    """Implements ``SigningKey``: a key for one purpose, whose every signature is checked and logged first."""

    name: str
    purpose: str
    actor: str
    key: SigningKey = field(repr=False)
    sink: KeyUseSink = field(repr=False)
    clock: Callable[[], datetime] = field(repr=False)
    require_active: Callable[[], None] = field(repr=False)
    """Raises KeyUseError once the key is retired, by whichever process."""

    @property
    def algorithm(self) -> SignatureAlgorithm:
        """What ``sign`` makes."""
        return self.key.algorithm

    @property
    def certificate(self) -> bytes:
        """DER of the certificate of this key."""
        return self.key.certificate

    @property
    def chain(self) -> tuple[bytes, ...]:
        """DER of the issuing certificates, the leaf's issuer first, without the root."""
        return self.key.chain

    def sign(self, message: bytes) -> bytes:
        """The signature, logged before it is made. KeyUseError when it may not be or cannot be logged."""
        self.require_active()
        self.sink.record(
            KeyUse(
                at=self.clock(),
                actor=self.actor,
                key=self.name,
                purpose=self.purpose,
                algorithm=self.algorithm,
                certificate_sm3=_digest(self.certificate),
                message_sm3=sm3(message).hex(),
            )
        )
        return self.key.sign(message)


@lru_cache(maxsize=512)
def _digest(certificate: bytes) -> str:
    return sm3(certificate).hex()


class KeyUseLog:
    """Implements ``KeyUseSink`` on a file of JSON lines that only grows, shared by all processes of the gateway.

    Each use is handed to the kernel before the signature is made, so that a killed process loses none; it reaches the
    disk ``sync_seconds`` later at most, or before the signature when that is 0. Only a power cut can lose the batch.
    """

    def __init__(self, path: Path, *, sync_seconds: float = 1.0) -> None:
        self._path = path
        self._sync_seconds = sync_seconds
        self._lock = threading.Lock()
        self._descriptor: int | None = None
        self._process = 0
        self._unsynced = threading.Event()

    def record(self, use: KeyUse) -> None:
        """Append one line. KeyUseError when the disk does not take it."""
        try:
            descriptor = self._open()
            _append(descriptor, use.to_line())
            if not self._sync_seconds:
                os.fdatasync(descriptor)
            elif not self._unsynced.is_set():
                self._unsynced.set()
        except OSError as error:
            raise KeyUseError(
                f"密钥使用记录写不进 {self._path}，因此不签名。"
                f"The use of the key cannot be logged in {self._path} ({error.strerror}), so nothing is signed."
            ) from error

    def close(self) -> None:
        """Bring what is not yet on the disk there."""
        if self._descriptor is not None and self._process == os.getpid():
            os.fdatasync(self._descriptor)

    def _open(self) -> int:
        if self._descriptor is not None and self._process == os.getpid():
            return self._descriptor
        with self._lock:
            if self._descriptor is None or self._process != os.getpid():
                self._path.parent.mkdir(parents=True, exist_ok=True, mode=_FOLDER_MODE)
                descriptor = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, _FILE_MODE)
                _end_torn_line(descriptor)
                self._descriptor, self._process = descriptor, os.getpid()
                if self._sync_seconds:
                    atexit.register(self.close)
                    threading.Thread(target=self._keep_synced, args=(descriptor,), daemon=True).start()
            return self._descriptor

    def _keep_synced(self, descriptor: int) -> None:
        """In a thread of its own, since the disk takes milliseconds that no signature should wait for."""
        while True:
            self._unsynced.wait()
            time.sleep(self._sync_seconds)
            self._unsynced.clear()
            os.fdatasync(descriptor)


def _append(descriptor: int, line: bytes) -> None:
    """One write with O_APPEND, so that the lines of several processes do not mix."""
    if os.write(descriptor, line) != len(line):
        raise OSError(errno.ENOSPC, "the line was not written whole")


def _end_torn_line(descriptor: int) -> None:
    """What a power cut left half written gets its line end, so that the next line is whole."""
    size = os.fstat(descriptor).st_size
    if size and os.pread(descriptor, 1, size - 1) != b"\n":
        os.write(descriptor, b"\n")


def read_uses(path: Path, *, key: str | None = None) -> Iterator[dict[str, str]]:
    """The logged uses, oldest first, of one key or of all; a torn line is left out. Nothing when there is no log."""
    if not path.exists():
        return
    with path.open("rb") as lines:
        for line in lines:
            try:
                use = json.loads(line)
            except ValueError:
                continue
            if isinstance(use, dict) and key in (None, use.get("key")):
                yield use
