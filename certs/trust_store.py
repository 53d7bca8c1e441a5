"""Trust material as files: anchors with attributes, further certificates, revocation lists, OCSP responses.

Layout of a full store: ``anchors/``, ``anchors.json`` (attributes by file name), ``certificates/``, ``signers/`` (of lists:
what only the gateway signs), ``crls/`` and ``ocsp/`` (responses in DER, ``.ors`` or ``.der``). Attributes
of an anchor: ``egov_qualified`` (boolean), ``uses`` (list of ``signature``, ``timestamp``, ``enterprise``; all when left
out), ``valid_from`` and ``valid_until`` (instants with time zone between which it is trusted).

A folder without ``anchors/``, or a single file, is what a counterparty has at hand: its self-issued certificates are
the anchors, or every certificate when none is self-issued.
"""

import json
import os
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from threading import Lock
from types import MappingProxyType
from typing import Any

from asn1crypto import pem
from cryptography import x509

from certs.credit_code import DEFAULT_RULES, ExtractionRules, extract_credit_code
from certs.errors import CreditCodeError, TrustStoreError
from signing.cose import key_id_of
from signing.errors import MalformedDataError, SigningError
from signing.ocsp import ResponseStatus, parse_response
from signing.sm2 import sm3
from signing.validation.policy import Revocation, TrustAnchor, Use, ValidationPolicy
from signing.validation.policy_files import read_policy
from signing.x509_fields import public_key_info

_CERTIFICATE, _CRL, _OCSP = "CERTIFICATE", "X509 CRL", "OCSP RESPONSE"
_SUFFIXES = {
    _CERTIFICATE: frozenset({".pem", ".cer", ".crt", ".der"}),
    _CRL: frozenset({".crl", ".pem"}),
    _OCSP: frozenset({".ors", ".der"}),
}
_MOST_FILES = 10_000
_MOST_BYTES = 32 * 1024 * 1024
"""Size of one file; the CRL of a large CA has some megabytes."""
_MOST_BYTES_IN_ALL = 256 * 1024 * 1024
_MOST_READINGS = 3
"""How often a folder that changes while it is read is read again at once; the next call goes on."""
_BEGIN, _END = re.compile(rb"^-----BEGIN ", re.MULTILINE), re.compile(rb"^-----END [A-Z0-9 ]+-----\s*?$", re.MULTILINE)
_LAYOUT = ("anchors", "anchors.json", "certificates", "signers", "crls", "ocsp")
_EARLIEST, _LATEST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
_ATTRIBUTES = frozenset({"egov_qualified", "uses", "valid_from", "valid_until"})


@dataclass(frozen=True)
class _Anchor:
    trusted: TrustAnchor
    valid_from: datetime
    valid_until: datetime


@dataclass(frozen=True)
class _Material:
    anchors: tuple[_Anchor, ...]
    certificates: tuple[bytes, ...]
    crls: tuple[bytes, ...]
    ocsp_responses: tuple[bytes, ...]
    by_key_id: dict[bytes, bytes]
    list_signers: dict[bytes, bytes]
    digest: str


class TrustStore:
    """Reads trust material and reads it again when files change; a bad file leaves the last good set in force."""

    def __init__(
        self,
        path: Path,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        rules: ExtractionRules = DEFAULT_RULES,
        look_again_seconds: float = 0.0,
    ) -> None:
        """``look_again_seconds``: how long a file that was written over in its place may go unnoticed. Files that are
        added, removed or replaced by renaming show at once; 0 looks at every file each time.
        """
        self._path = path
        self._looked_at = tuple(str(place) for place in (path, *(path / name for name in _LAYOUT)))
        self._look_again_seconds = look_again_seconds
        self._looks_again_at = 0.0
        self._folders: object = None
        self._clock = clock
        self._read_credit_code = partial(_credit_code, rules=rules)
        self._lock = Lock()
        self._stamp: object = None
        self._material: _Material | None = None
        self.warning: str | None = None
        """Why the files as they are now could not be taken, with the file's name; None when they were."""

    def policy(self, *, revocation: str | None = None, rules: ValidationPolicy | None = None) -> ValidationPolicy:
        """The validation policy with this material; anchors that are not to be trusted now are left out.

        ``rules`` is a policy without material, the built-in default when left out; ``revocation`` overrides its rule.
        TrustStoreError when there never was a good set.
        """
        material, now, base = self._current(), self._clock(), rules or read_policy("default")
        return replace(
            base,
            trust_anchors=tuple(a.trusted for a in material.anchors if a.valid_from <= now <= a.valid_until),
            certificates=material.certificates,
            crls=material.crls,
            ocsp_responses=material.ocsp_responses,
            revocation=base.revocation if revocation is None else Revocation(revocation),
            read_credit_code=self._read_credit_code,
        )

    def digest(self) -> str:
        """SM3 over whom this material trusts and what it says is revoked, lower-case hexadecimal.

        The next revocation list with the same entries leaves it as it is: it makes no verdict other than fresher.
        """
        return self._current().digest

    def certificate_by_key_id(self, key_id: bytes) -> bytes | None:
        """DER of the published certificate whose public key has this key id (``signing.cose.key_id_of``)."""
        return self._current().by_key_id.get(key_id)

    def known_keys(self) -> tuple[Mapping[bytes, bytes], Mapping[bytes, bytes]]:
        """Certificates (DER) by key id: those whose keys may sign licence codes, and those that may sign lists."""
        material = self._current()
        return MappingProxyType(material.by_key_id), MappingProxyType(material.list_signers)

    def list_signer_by_key_id(self, key_id: bytes) -> bytes | None:
        """DER of the certificate of a gateway that signs lists, with this key id.

        Of a full store those in ``signers/`` alone: no seal may speak for the register. Who has only certificates at hand
        chose them, and any of them may.
        """
        return self._current().list_signers.get(key_id)

    def _current(self) -> _Material:
        # One thread reads; the others wait for it rather than find nothing yet.
        with self._lock:
            folders, now = _folders(self._looked_at), time.monotonic()
            if self._material is not None and folders == self._folders and now < self._looks_again_at:
                return self._material
            self._folders, self._looks_again_at = folders, now + self._look_again_seconds
            for _ in range(_MOST_READINGS):
                # Looked at again after reading: files that were replaced meanwhile must not leave a mixed set in force.
                if not self._has_read_anew():
                    break
            if self._material is None:
                raise TrustStoreError(self.warning or f"there is no trust material in {self._path}")
            return self._material

    def _has_read_anew(self) -> bool:
        """Read the files if they are not those of the last time, and say whether they were."""
        try:
            stamp = _stamp(self._path)
            if stamp == self._stamp:
                return False
            # Noted before reading: a bad set is read once, not on every call, until its files change again.
            self._stamp = stamp
            self._material, self.warning = _read(self._path), None
        except TrustStoreError as error:
            self.warning = str(error)
        return True


def _folders(paths: tuple[str, ...]) -> object:
    """What changes when a file is added, removed or renamed: a look at each of hundreds costs a tenth of an issue."""
    found = []
    for path in paths:
        try:
            status = os.stat(path)  # noqa: PTH116 - before every answer: a plain call, without the cost of a Path
        except OSError:
            found.append(0)
        else:
            found.append(status.st_mtime_ns + status.st_ino)
    return found


def _stamp(path: Path) -> object:
    """What changes whenever a file is added, removed or replaced."""
    try:
        files = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file())
        if len(files) > _MOST_FILES:
            raise TrustStoreError(f"{path} holds more than {_MOST_FILES} files")
        stamp = tuple((str(p), (s := p.stat()).st_mtime_ns, s.st_size, s.st_ino) for p in files)
    except OSError as error:
        raise TrustStoreError(f"{path} cannot be read: {error.strerror}") from error
    # One file that is too large is refused by its own name when it is read.
    if sum(min(size, _MOST_BYTES) for _, _, size, _ in stamp) > _MOST_BYTES_IN_ALL:
        raise TrustStoreError(f"{path} holds more than {_MOST_BYTES_IN_ALL} bytes")
    return stamp


def _read(path: Path) -> _Material:
    if not path.exists():
        raise TrustStoreError(f"there is no trust material in {path}")
    if path.is_dir() and (path / "anchors").is_dir():
        anchors = _anchors(path)
        signers = _load(path / "signers", _CERTIFICATE)
        certificates = _load(path / "certificates", _CERTIFICATE)
        crls, responses = _load(path / "crls", _CRL), _load(path / "ocsp", _OCSP)
    else:
        found, crls, responses = _load(path, _CERTIFICATE), _load(path, _CRL), []
        roots = [der for der in found if _is_self_issued(der)] or found
        anchors = [_anchor(der, {}, path) for der in roots]
        certificates = [der for der in found if der not in roots]
        signers = found
    if not anchors:
        raise TrustStoreError(f"there is no trust anchor in {path}")
    published = [a.trusted.certificate for a in anchors] + certificates
    return _Material(
        anchors=tuple(anchors),
        certificates=tuple(dict.fromkeys((*certificates, *signers))),
        crls=tuple(crls),
        ocsp_responses=tuple(responses),
        by_key_id=_by_key_id(published),
        list_signers=_by_key_id(signers),
        digest=_digest(anchors, certificates, crls, responses),
    )


def _digest(anchors: list[_Anchor], certificates: list[bytes], crls: list[bytes], responses: list[bytes]) -> str:
    said = [repr((a.trusted.egov_qualified, sorted(a.trusted.uses), a.valid_from, a.valid_until)) for a in anchors]
    parts = [
        *(text.encode() + a.trusted.certificate for text, a in zip(said, anchors, strict=True)),
        *sorted(certificates),
        *sorted(_revoked(der) for der in crls),
        *sorted(responses),
    ]
    return sm3(b"".join(len(part).to_bytes(4) + part for part in parts)).hex()


def _revoked(crl: bytes) -> bytes:
    """What a revocation list says, without its number and its times."""
    parsed = x509.load_der_x509_crl(crl)
    entries = sorted((entry.serial_number, entry.revocation_date_utc.isoformat()) for entry in parsed)
    return repr((parsed.issuer.public_bytes().hex(), entries)).encode()


def _by_key_id(certificates: list[bytes]) -> dict[bytes, bytes]:
    """Of several certificates for one key the one that ends last is the one to ask."""
    return {key_id_of(public_key_info(der)): der for der in sorted(certificates, key=_not_after)}


def _anchors(path: Path) -> list[_Anchor]:
    """The anchors of a full store with their attributes."""
    attributes = read_attributes(path / "anchors.json")
    files = _files(path / "anchors", _CERTIFICATE)
    unknown = sorted(attributes.keys() - {file.name for file in files})
    if unknown:
        # A misspelt name would lift the limits of the anchor that was meant.
        raise TrustStoreError(f"{path / 'anchors.json'} names {unknown[0]}, which is not in anchors/")
    return [_anchor(der, attributes.get(file.name, {}), file) for file in files for der in _blocks(file, _CERTIFICATE)]


def _load(path: Path, kind: str) -> list[bytes]:
    """DER values of this kind in a file or folder."""
    return [der for file in _files(path, kind) for der in _blocks(file, kind)]


def _files(path: Path, kind: str) -> list[Path]:
    if path.is_file():
        return [path]
    names = (p for p in path.glob("*") if not p.name.startswith("."))
    return sorted(p for p in names if p.is_file() and p.suffix.lower() in _SUFFIXES[kind])


def _blocks(file: Path, kind: str) -> list[bytes]:
    """DER values of this kind in a PEM or DER file; a PEM file may hold other kinds besides."""
    try:
        if file.stat().st_size > _MOST_BYTES:
            raise TrustStoreError(f"{file} is larger than {_MOST_BYTES} bytes")
        content = file.read_bytes()
    except OSError as error:
        raise TrustStoreError(f"{file} cannot be read: {error.strerror}") from error
    try:
        if pem.detect(content):
            _require_ended(content)
            blocks = [der for label, _, der in pem.unarmor(content, multiple=True) if label == kind]
        else:
            blocks = [content] if (file.suffix.lower() == ".crl") == (kind == _CRL) else []
        for der in blocks:
            _require_parsable(der, kind)
    except (ValueError, TypeError, SigningError, x509.DuplicateExtension) as error:
        raise TrustStoreError(f"{file} is no readable {kind.lower()}") from error
    return blocks


def _require_ended(content: bytes) -> None:
    """MalformedDataError for a PEM file that is still being written; its parser takes half an end line for one."""
    if len(_BEGIN.findall(content)) != len(_END.findall(content)):
        raise MalformedDataError("a PEM block does not end")


def _require_parsable(der: bytes, kind: str) -> None:
    if kind == _CERTIFICATE:
        _ = x509.load_der_x509_certificate(der).extensions
        public_key_info(der)
    elif kind == _OCSP:
        if parse_response(der).response_status != ResponseStatus.SUCCESSFUL:
            raise MalformedDataError("an OCSP error says nothing of any certificate")
    else:
        _ = x509.load_der_x509_crl(der).extensions


def _is_self_issued(der: bytes) -> bool:
    parsed = x509.load_der_x509_certificate(der)
    return parsed.subject == parsed.issuer


def _not_after(der: bytes) -> datetime:
    return x509.load_der_x509_certificate(der).not_valid_after_utc


def read_attributes(file: Path) -> dict[str, dict[str, Any]]:
    """The attributes of anchors by file name (``anchors.json``); none without the file. TrustStoreError."""
    if not file.exists():
        return {}
    if not file.is_file():
        # A pipe would keep its reader waiting for ever.
        raise TrustStoreError(f"{file} is no file")
    try:
        found = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise TrustStoreError(f"{file} is no readable JSON") from error
    if not isinstance(found, dict) or not all(isinstance(value, dict) for value in found.values()):
        raise TrustStoreError(f"{file} must map file names to attributes")
    return found


def _anchor(der: bytes, attributes: dict[str, Any], file: Path) -> _Anchor:
    """An anchor. TrustStoreError for attributes that are unknown or of another type: a limit must not get lost."""
    qualified = attributes.get("egov_qualified", False)
    if not attributes.keys() <= _ATTRIBUTES or not isinstance(qualified, bool):
        raise TrustStoreError(
            f"anchors.json is wrong for {file.name}: unknown attribute, or egov_qualified is not true or false"
        )
    try:
        uses = frozenset(Use(use) for use in attributes.get("uses", list(Use)))
        valid_from = _instant(attributes.get("valid_from"), _EARLIEST)
        valid_until = _instant(attributes.get("valid_until"), _LATEST)
    except (ValueError, TypeError) as error:
        raise TrustStoreError(f"anchors.json is wrong for {file.name}: {error}") from error
    return _Anchor(TrustAnchor(certificate=der, egov_qualified=qualified, uses=uses), valid_from, valid_until)


def _instant(text: str | None, otherwise: datetime) -> datetime:
    """An ISO 8601 instant with its time zone; ``otherwise`` when there is none."""
    value = otherwise if text is None else datetime.fromisoformat(text)
    if value.tzinfo is None:
        raise ValueError(f"{text} has no time zone")
    return value


def _credit_code(certificate: bytes, rules: ExtractionRules) -> str | None:
    try:
        return extract_credit_code(certificate, rules)
    except CreditCodeError:
        return None
