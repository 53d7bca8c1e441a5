"""Trust material as files: anchors with attributes, further certificates, revocation lists.

Layout of a full store: ``anchors/``, ``anchors.json`` (attributes by file name), ``certificates/``, ``crls/``. A folder
without ``anchors/``, or a single file, is read as anchors (and CRLs) only: what a counterparty has at hand.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from asn1crypto import pem
from cryptography import x509

from certs.credit_code import extract_credit_code
from certs.errors import CreditCodeError, TrustStoreError
from signing.cose import key_id_of
from signing.errors import MalformedDataError
from signing.validation.policy import Revocation, TrustAnchor, Use, ValidationPolicy
from signing.x509_fields import public_key_info

_CERTIFICATE_SUFFIXES = frozenset({".pem", ".cer", ".crt", ".der"})
_CRL_SUFFIXES = frozenset({".crl", ".pem"})
_MOST_FILES = 10_000
_ALL_USES = frozenset(Use)


@dataclass(frozen=True)
class _Material:
    anchors: tuple[TrustAnchor, ...]
    certificates: tuple[bytes, ...]
    crls: tuple[bytes, ...]
    by_key_id: dict[bytes, bytes]


class TrustStore:
    """Reads trust material and reads it again when files change; a bad file leaves the last good set in force."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp: object = None
        self._material: _Material | None = None
        self.warning: str | None = None
        """Why the files as they are now could not be taken, None when they were."""

    def policy(self, *, revocation: str = Revocation.REQUIRED) -> ValidationPolicy:
        """The validation policy with this material. TrustStoreError when there never was a good set."""
        material = self._current()
        return ValidationPolicy(
            trust_anchors=material.anchors,
            certificates=material.certificates,
            crls=material.crls,
            revocation=Revocation(revocation),
            read_credit_code=_credit_code,
        )

    def certificate_by_key_id(self, key_id: bytes) -> bytes | None:
        """DER of the published certificate whose public key has this key id."""
        return self._current().by_key_id.get(key_id)

    def _current(self) -> _Material:
        try:
            stamp = _stamp(self._path)
            if stamp != self._stamp:
                self._material = _read(self._path)
                self._stamp, self.warning = stamp, None
        except TrustStoreError as error:
            self.warning = str(error)
            if self._material is None:
                raise
        if self._material is None:
            raise TrustStoreError(f"there is no trust material in {self._path}")
        return self._material


def _stamp(path: Path) -> object:
    """What changes whenever a file is added, removed or replaced."""
    try:
        files = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file())
        if len(files) > _MOST_FILES:
            raise TrustStoreError(f"{path} holds more than {_MOST_FILES} files")
        return tuple((str(p), (s := p.stat()).st_mtime_ns, s.st_size) for p in files)
    except OSError as error:
        raise TrustStoreError(f"{path} cannot be read: {error.strerror}") from error


def _read(path: Path) -> _Material:
    if not path.exists():
        raise TrustStoreError(f"there is no trust material in {path}")
    full = path.is_dir() and (path / "anchors").is_dir()
    attributes = _attributes(path / "anchors.json") if full else {}
    anchors = [
        _anchor(der, attributes.get(file.name, {}), file)
        for file in _files(path / "anchors" if full else path, _CERTIFICATE_SUFFIXES)
        for der in _blocks(file, "CERTIFICATE")
    ]
    certificates = [
        der for file in _files(path / "certificates", _CERTIFICATE_SUFFIXES) for der in _blocks(file, "CERTIFICATE")
    ]
    crls = [der for file in _files(path / "crls" if full else path, _CRL_SUFFIXES) for der in _blocks(file, "X509 CRL")]
    if not anchors:
        raise TrustStoreError(f"there is no trust anchor in {path}")
    return _Material(
        anchors=tuple(anchors),
        certificates=tuple(certificates),
        crls=tuple(crls),
        by_key_id={key_id_of(public_key_info(der)): der for der in certificates},
    )


def _files(path: Path, suffixes: frozenset[str]) -> list[Path]:
    if path.is_file():
        return [path]
    return sorted(p for p in path.glob("*") if p.is_file() and p.suffix.lower() in suffixes)


def _blocks(file: Path, label: str) -> list[bytes]:
    """DER values of this kind in a PEM or DER file; a PEM file may hold other kinds besides."""
    try:
        content = file.read_bytes()
    except OSError as error:
        raise TrustStoreError(f"{file} cannot be read: {error.strerror}") from error
    try:
        if not pem.detect(content):
            if (file.suffix.lower() == ".crl") != (label == "X509 CRL"):
                return []
            blocks = [content]
        else:
            blocks = [der for kind, _, der in pem.unarmor(content, multiple=True) if kind == label]
        for der in blocks:
            _require_parsable(der, label)
    except (ValueError, TypeError, MalformedDataError) as error:
        raise TrustStoreError(f"{file} is no readable {label.lower()}") from error
    return blocks


def _require_parsable(der: bytes, label: str) -> None:
    if label == "CERTIFICATE":
        x509.load_der_x509_certificate(der)
        public_key_info(der)
    else:
        x509.load_der_x509_crl(der)


def _attributes(file: Path) -> dict[str, dict[str, Any]]:
    if not file.exists():
        return {}
    try:
        found = json.loads(file.read_text())
    except (OSError, ValueError) as error:
        raise TrustStoreError(f"{file} is no readable JSON") from error
    if not isinstance(found, dict) or not all(isinstance(value, dict) for value in found.values()):
        raise TrustStoreError(f"{file} must map file names to attributes")
    return found


def _anchor(der: bytes, attributes: dict[str, Any], file: Path) -> TrustAnchor:
    try:
        uses = frozenset(Use(use) for use in attributes.get("uses", _ALL_USES))
    except ValueError as error:
        raise TrustStoreError(f"anchors.json names an unknown use for {file.name}: {error}") from error
    return TrustAnchor(certificate=der, egov_qualified=attributes.get("egov_qualified") is True, uses=uses)


def _credit_code(certificate: bytes) -> str | None:
    try:
        return extract_credit_code(certificate)
    except CreditCodeError:
        return None
