"""Questions to systems of others whose answers are signed: one place for who asks, time-outs, retries and the circuit breaker."""

import base64
import binascii
import json
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import urllib3
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from certs.errors import CertsError
from certs.outbound import Circuit, Outbound, OutboundError, OutboundLimits
from certs.private_files import read_password_file
from gateway.errors import ConfigurationError
from gateway.logs import correlation
from signing import sm2
from signing.errors import SigningError

VERSION = 1
_JSON = "application/json"
_LOOPBACK = ("http://127.0.0.1:", "http://[::1]:", "http://localhost:")
_FIRST_PAUSE_SECONDS = 0.2


@dataclass(frozen=True)
class CameBack:
    """What answered a question, whether it can be believed or not."""

    body: bytes
    signature: str
    """``X-Signature`` as it came; empty without one."""


Observe = Callable[[bytes, CameBack | None], None]
"""Given the question and what came back, None where nothing did, for each attempt."""


class OutsideDownError(Exception):
    """No answer that can be believed. The message is for the log and holds nothing of what was asked."""


@contextmanager
def opening(file: Path, *, hint: str) -> Iterator[None]:
    """What goes wrong while a configuration file is read, and what it names is opened, as a ConfigurationError that names it."""
    try:
        yield
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the file"
        raise ConfigurationError(f"{file}: {place}: {first['msg']}", hint=hint) from error
    except (OSError, ValueError, CertsError, SigningError) as error:
        raise ConfigurationError(f"{file}: {error}", hint=hint) from error


class OutsideSettings(BaseModel):
    """How one system is reached; paths are relative to the file that names it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[a-z][a-z0-9-]{0,29}$")
    url: str = Field(max_length=500)
    public_key_file: Path
    secret_file: Path | None = None
    client_certificate_file: Path | None = None
    client_key_file: Path | None = None
    ca_file: Path | None = None
    timeout_seconds: float = Field(default=3.0, gt=0, le=10)
    response_bytes: int = Field(default=16 * 1024, ge=1024, le=1 << 20)
    failures: int = Field(default=5, ge=1, le=100)
    rest_seconds: float = Field(default=30.0, gt=0, le=3600)

    @model_validator(mode="after")
    def _is_safe(self) -> "OutsideSettings":
        if not self.url.startswith(("https://", *_LOOPBACK)):
            raise ValueError("url must begin with https://; plain HTTP goes to this machine only")
        if (self.client_certificate_file is None) != (self.client_key_file is None):
            raise ValueError("a client certificate and its key go together")
        if self.secret_file is None and self.client_certificate_file is None:
            raise ValueError("secret_file or a client certificate is needed: the system must know who asks")
        return self


class OutsideSystem:
    """Asks one system, and leaves it alone for a while after failures."""

    def __init__(
        self,
        settings: OutsideSettings,
        folder: Path,
        *,
        attempts: int = 1,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """``attempts``: above one only for questions that may be asked twice. OSError, ValueError, CertsError, SigningError."""
        self._settings, self._attempts, self._sleep = settings, attempts, sleep
        self.circuit = Circuit(settings.failures, settings.rest_seconds)
        self.key = _public_key(folder / settings.public_key_file)
        self._headers = {"Content-Type": _JSON, "Accept": _JSON, "User-Agent": "licence-gateway"}
        if settings.secret_file is not None:
            secret = read_password_file(folder / settings.secret_file).decode("ascii")
            self._headers["Authorization"] = f"Bearer {secret}"
        limits = OutboundLimits(attempt_seconds=settings.timeout_seconds, response_bytes=settings.response_bytes)
        self._outbound = Outbound(limits, _http(settings, folder))

    @contextmanager
    def guarded(self) -> Iterator[None]:
        """One question under the circuit breaker; whatever fails in the block counts. OutsideDownError when it is open."""
        if not self.circuit.admits():
            raise OutsideDownError("left alone after failures")
        try:
            yield
        except BaseException:
            self.circuit.failed()
            raise
        self.circuit.succeeded()

    def ask(self, parameters: Mapping[str, Any], observe: Observe = lambda _question, _answer: None) -> tuple[Any, str]:
        """(document, nonce) of an answer that bears the system's signature. OutsideDownError."""
        for attempt in range(1, self._attempts + 1):
            try:
                return self._ask(parameters, observe)
            except OutboundError as error:
                # Only what did not arrive is asked again; a wrong signature stays wrong.
                if attempt == self._attempts:
                    raise OutsideDownError(str(error)) from error
                self._sleep(_FIRST_PAUSE_SECONDS * 2**attempt)
        raise AssertionError("the loop returns or raises")

    def _ask(self, parameters: Mapping[str, Any], observe: Observe) -> tuple[Any, str]:
        nonce = secrets.token_hex(16)
        document = {"version": VERSION, "nonce": nonce, **parameters}
        question = json.dumps(document, ensure_ascii=False).encode()
        settings = self._settings
        try:
            body, headers = self._outbound.post(
                settings.url,
                question,
                {**self._headers, **correlation()},
                media_type=_JSON,
                seconds=settings.timeout_seconds,
            )
        except OutboundError:
            observe(question, None)
            raise
        came = CameBack(body, headers.get("X-Signature", ""))
        observe(question, came)
        try:
            sm2.verify(self.key, body, base64.b64decode(came.signature, validate=True))
            return json.loads(body), nonce
        except (SigningError, binascii.Error) as error:
            raise OutsideDownError("the answer does not bear the system's signature") from error
        except (ValueError, RecursionError) as error:
            raise OutsideDownError("the answer is no JSON") from error


def _public_key(path: Path) -> sm2.PublicKey:
    """From a PEM SubjectPublicKeyInfo. ValueError when it is none."""
    lines = path.read_text("ascii").split("-----")
    if len(lines) < 3 or lines[1] != "BEGIN PUBLIC KEY":  # noqa: PLR2004 - text, label, body
        raise ValueError(f"{path} is no PEM public key")
    return sm2.load_public(base64.b64decode("".join(lines[2].split()), validate=True))


def _http(settings: OutsideSettings, folder: Path) -> urllib3.PoolManager:
    options: dict[str, Any] = {}
    if settings.client_certificate_file is not None and settings.client_key_file is not None:
        options["cert_file"] = str(folder / settings.client_certificate_file)
        options["key_file"] = str(folder / settings.client_key_file)
    if settings.ca_file is not None:
        options["ca_certs"] = str(folder / settings.ca_file)
    return urllib3.PoolManager(maxsize=8, retries=False, cert_reqs="CERT_REQUIRED", **options)
