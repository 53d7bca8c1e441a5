"""What stands beside a key in the key store: its attributes, and where a key is that is not in the store. No secrets."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from certs.errors import KeystoreError
from certs.key_uses import Purpose
from signing.errors import SigningError
from signing.keys import SignatureAlgorithm, SigningKey
from signing.keys_remote import RemoteSigner, RemoteSigningKey
from signing.outside_keys import algorithm_of

ReadSecret = Callable[[Path], bytes]
"""Reads a secret from a file that only its owner may touch."""

_TOKEN_FIELDS = frozenset({"kind", "module", "token", "key_label", "key_id", "sm2_mechanism", "pin_file"})
_REMOTE_FIELDS = frozenset(
    {
        "kind",
        "url",
        "key",
        "ca_file",
        "client_certificate_file",
        "client_key_file",
        "token_file",
        "timeout_seconds",
        "attempts",
    }
)


@dataclass(frozen=True)
class KeyAttributes:
    """The fate of a key; an absent file means none of these was ever set."""

    purposes: frozenset[Purpose] | None = None
    """What the key is authorised for, within what its certificate allows; None for all of that."""
    created_at: datetime | None = None
    retired_at: datetime | None = None
    """From then on it signs nothing; its certificate stays, so that what it signed stays verifiable."""
    replaced_by: str | None = None
    """Name of the key that took its place."""

    def to_json(self) -> bytes:
        """UTF-8 JSON."""
        values = {
            "purposes": None if self.purposes is None else sorted(self.purposes),
            "created_at": self.created_at and self.created_at.isoformat(),
            "retired_at": self.retired_at and self.retired_at.isoformat(),
            "replaced_by": self.replaced_by,
        }
        return json.dumps(values, indent=1).encode()


def read_attributes(content: bytes) -> KeyAttributes:
    """The attributes in a file. ValueError when it is not as ``to_json`` makes it: a limit must not get lost."""
    values = json.loads(content)
    if not isinstance(values, dict) or values.keys() != KeyAttributes.__dataclass_fields__.keys():
        raise ValueError("unknown or missing attributes")
    purposes = values["purposes"]
    return KeyAttributes(
        purposes=None if purposes is None else frozenset(map(Purpose, purposes)),
        created_at=_instant(values["created_at"]),
        retired_at=_instant(values["retired_at"]),
        replaced_by=values["replaced_by"],
    )


def _instant(text: str | None) -> datetime | None:
    if text is None:
        return None
    value = datetime.fromisoformat(text)
    if value.tzinfo is None:
        raise ValueError("an instant needs its time zone")
    return value


@dataclass(frozen=True)
class KeyEntry:
    """One key as lists show it."""

    name: str
    source: str
    """``file``, ``pkcs11`` or ``remote``."""
    certificate: bytes | None
    """DER; None while the key waits for its certificate."""
    algorithm: SignatureAlgorithm | None
    purposes: frozenset[Purpose]
    """Authorised and allowed by the certificate."""
    attributes: KeyAttributes

    @property
    def state(self) -> str:
        """``active``, ``retired`` or ``pending`` (without a certificate)."""
        if self.attributes.retired_at is not None:
            return "retired"
        return "pending" if self.certificate is None else "active"


def open_source(
    values: Mapping[str, Any], certificate: bytes, chain: tuple[bytes, ...], read_secret: ReadSecret
) -> SigningKey:
    """The key that a source file names. KeystoreError when the file is wrong, SigningError when the key is refused."""
    fields = {"pkcs11": _TOKEN_FIELDS, "remote": _REMOTE_FIELDS}.get(str(values.get("kind")))
    if fields is None or not values.keys() <= fields:
        raise KeystoreError(
            f"a key source has the kind pkcs11 or remote, and only the fields of {sorted(fields or ())}"
        )
    try:
        if values["kind"] == "pkcs11":
            return _open_token(values, certificate, chain, read_secret)
        return _open_remote(values, certificate, chain, read_secret)
    except (KeyError, TypeError, ValueError) as error:
        raise KeystoreError(f"the key source is wrong: {type(error).__name__} {error}") from error


def _open_token(
    values: Mapping[str, Any], certificate: bytes, chain: tuple[bytes, ...], read_secret: ReadSecret
) -> SigningKey:
    try:
        # Imported only where a token is in use: not every platform has the wheel.
        from signing.keys_pkcs11 import Pkcs11SigningKey, TokenReference  # noqa: PLC0415
    except ImportError as error:
        raise KeystoreError("python-pkcs11 is not installed, so that no token can be used") from error
    pin_file = Path(values["pin_file"])
    reference = TokenReference(
        module=Path(values["module"]),
        token_label=str(values["token"]),
        key_label=values.get("key_label"),
        key_id=None if values.get("key_id") is None else bytes.fromhex(values["key_id"]),
        sm2_mechanism=None if values.get("sm2_mechanism") is None else int(str(values["sm2_mechanism"]), 0),
    )
    return Pkcs11SigningKey(reference, lambda: read_secret(pin_file).decode(), certificate, chain)


def _open_remote(
    values: Mapping[str, Any], certificate: bytes, chain: tuple[bytes, ...], read_secret: ReadSecret
) -> SigningKey:
    signer = RemoteSigner(
        url=str(values["url"]),
        key=str(values["key"]),
        ca_file=_path(values, "ca_file"),
        client_certificate_file=_path(values, "client_certificate_file"),
        client_key_file=_path(values, "client_key_file"),
        timeout_seconds=float(values.get("timeout_seconds", RemoteSigner.timeout_seconds)),
        attempts=int(values.get("attempts", RemoteSigner.attempts)),
    )
    token_file = values.get("token_file")
    read_token = None if token_file is None else lambda: read_secret(Path(token_file)).decode()
    return RemoteSigningKey(signer, read_token, certificate, chain)


def _path(values: Mapping[str, Any], name: str) -> Path | None:
    return None if values.get(name) is None else Path(values[name])


def algorithm_or_none(certificate: bytes | None) -> SignatureAlgorithm | None:
    """What the key of a certificate signs with; None when that cannot be told."""
    try:
        return None if certificate is None else algorithm_of(certificate)
    except SigningError:
        return None
