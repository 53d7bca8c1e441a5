"""Signing keys in another machine, over a small JSON protocol on HTTPS (docs/keys.md).

``POST <url>`` with ``{"key", "algorithm", "digest"}`` (base64; SM2: e = SM3(Z_A || M), else SHA-256) gives
``{"signature"}`` (base64; DER or r || s). Only the digest leaves, and the answer is verified before it is used.
"""

import base64
import binascii
import json
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from urllib.parse import urlsplit

import urllib3

from signing.errors import KeyRefusedError, KeySourceUnavailableError, KeySourceWrongError
from signing.keys import SignatureAlgorithm
from signing.outside_keys import accept, algorithm_of, digest_to_sign

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_MOST_BYTES = 64 * 1024
_OK, _TOO_MANY, _SERVER_ERROR = 200, 429, 500
_FIRST_PAUSE_SECONDS = 0.2


@dataclass(frozen=True)
class RemoteSigner:
    """Where a remote signer is and how to speak to it. Holds no secret."""

    url: str
    """HTTPS; plain HTTP only on this machine."""
    key: str
    """The key's name there."""
    ca_file: Path | None = None
    """PEM of the CAs that the server's certificate must lead to; None for the system's."""
    client_certificate_file: Path | None = None
    """PEM for mutual TLS, with ``client_key_file``."""
    client_key_file: Path | None = None
    timeout_seconds: float = 5.0
    """For connecting and for each read."""
    attempts: int = 3

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        is_safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
        if not is_safe or parts.username or parts.query or parts.fragment:
            raise KeyRefusedError("a remote signer has an https:// address without user, query or fragment")
        if not (0 < self.timeout_seconds <= 60 and 1 <= self.attempts <= 10):  # noqa: PLR2004 - a licence waits meanwhile
            raise KeyRefusedError("a remote signer has a time-out of up to 60 seconds and up to 10 attempts")


@dataclass(frozen=True)
class RemoteSigningKey:
    """Implements ``SigningKey`` with a key that a remote signer holds."""

    signer: RemoteSigner
    read_token: Callable[[], str] | None = field(repr=False)
    """Gives the bearer token (RFC 6750); None when mutual TLS is enough. Asked each time, so that it can be renewed."""
    certificate: bytes
    """DER."""
    chain: tuple[bytes, ...] = ()
    """DER of the issuing certificates, the leaf's issuer first, without the root."""

    @cached_property
    def algorithm(self) -> SignatureAlgorithm:
        """What the certificate's key signs with."""
        return algorithm_of(self.certificate)

    def sign(self, message: bytes) -> bytes:
        """Signature over ``message``, hashed here. KeySourceUnavailableError, KeySourceWrongError."""
        digest = digest_to_sign(self.certificate, message)
        return accept(self.certificate, message, self._ask(digest))

    def _ask(self, digest: bytes) -> bytes:
        """The value of the answer; what may pass by itself is tried again, a refusal is not."""
        request = {"key": self.signer.key, "algorithm": self.algorithm, "digest": base64.b64encode(digest).decode()}
        body = json.dumps(request).encode()
        reason = ""
        for attempt in range(self.signer.attempts):
            if attempt:
                time.sleep(_FIRST_PAUSE_SECONDS * 2 ** (attempt - 1))
            try:
                status, answer = self._post(body)
            except (urllib3.exceptions.HTTPError, OSError) as error:
                reason = type(error).__name__
                continue
            if status == _OK:
                return _signature(answer)
            reason = f"HTTP {status}"
            if status < _SERVER_ERROR and status != _TOO_MANY:
                break
        raise KeySourceUnavailableError(f"the remote signer {self.signer.url} does not sign: {reason}")

    def _post(self, body: bytes) -> tuple[int, bytes]:
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if self.read_token is not None:
            headers["Authorization"] = f"Bearer {self.read_token()}"
        response = self._pool.request(
            "POST", self.signer.url, body=body, headers=headers, retries=False, redirect=False, preload_content=False
        )
        try:
            answer = response.read(_MOST_BYTES + 1)
        finally:
            response.release_conn()
        if len(answer) > _MOST_BYTES:
            raise KeySourceWrongError(f"the remote signer {self.signer.url} answers with more than {_MOST_BYTES} bytes")
        return response.status, answer

    @cached_property
    def _pool(self) -> urllib3.PoolManager:
        signer = self.signer
        context = ssl.create_default_context(cafile=signer.ca_file)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if signer.client_certificate_file is not None:
            try:
                # Without a password callback OpenSSL would ask on the terminal for that of an encrypted key.
                context.load_cert_chain(signer.client_certificate_file, signer.client_key_file, password=lambda: "")
            except (OSError, ssl.SSLError) as error:
                raise KeySourceUnavailableError(
                    f"the client certificate {signer.client_certificate_file} cannot be used"
                ) from error
        timeout = urllib3.Timeout(connect=signer.timeout_seconds, read=signer.timeout_seconds)
        return urllib3.PoolManager(ssl_context=context, timeout=timeout, maxsize=4)


def _signature(answer: bytes) -> bytes:
    try:
        return base64.b64decode(json.loads(answer)["signature"], validate=True)
    except (ValueError, TypeError, KeyError, RecursionError, binascii.Error) as error:
        raise KeySourceWrongError("the remote signer's answer holds no signature") from error
