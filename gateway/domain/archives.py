"""What an archive package says of itself: its manifest, a signed statement on every member (docs/archives.md)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.domain.instants import instant
from signing.sm2 import sm3

FORMAT = "licence-gateway/archive/1"
TOKEN_TYPE = "application/licence-archive+cose"  # noqa: S105 - a media type
MANIFEST, RECORD = "manifest.cose", "record.json"
UNDECIDED = "undecided"
LOG, LISTS, STATUS, TRUST = "log/", "lists/", "status/", "trust/"
REQUESTS, EVIDENCE = "signing-requests/", "evidence/"


class ManifestError(ValueError):
    """A payload is no manifest."""


@dataclass(frozen=True)
class ArchiveManifest:
    """What a package holds, as of when, and who said so."""

    issuer: str
    """Address of the gateway."""
    subject: str
    """Licence identifier or credit code whose record it is."""
    made_at: datetime
    members: dict[str, str]
    """SM3 of every other member by name, lower-case hexadecimal."""
    log_certificates: tuple[bytes, ...]
    """DER: whose signatures on checkpoints count."""

    @classmethod
    def of(
        cls,
        members: Mapping[str, bytes],
        *,
        issuer: str,
        subject: str,
        made_at: datetime,
        log_certificates: tuple[bytes, ...],
    ) -> "ArchiveManifest":
        """The manifest of these members."""
        digests = {name: sm3(content).hex() for name, content in sorted(members.items())}
        return cls(issuer, subject, made_at, digests, log_certificates)

    def encode(self) -> bytes:
        """JSON, in one form only."""
        return _json(
            {
                "format": FORMAT,
                "issuer": self.issuer,
                "subject": self.subject,
                "made_at": instant(self.made_at),
                "members": self.members,
                "log_certificates": [certificate.hex() for certificate in self.log_certificates],
            }
        )

    @classmethod
    def decode(cls, payload: bytes) -> "ArchiveManifest":
        """What was signed. ManifestError for anything that ``encode`` does not write."""
        try:
            fields: dict[str, Any] = json.loads(payload)
            found = cls(
                issuer=fields["issuer"],
                subject=fields["subject"],
                made_at=datetime.fromisoformat(fields["made_at"]),
                members=dict(fields["members"]),
                log_certificates=tuple(bytes.fromhex(each) for each in fields["log_certificates"]),
            )
            is_ours = found.encode() == payload
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise ManifestError("the manifest cannot be read") from error
        if not is_ours:
            raise ManifestError("the manifest is not written as ours are")
        return found


@dataclass(frozen=True)
class ArchiveFault:
    """One thing in a package that is not as it should be."""

    member: str
    code: str
    """altered, missing, extra, not_genuine, proof_broken: proof of change; undecided: what could not be checked to the end"""
    detail: str
    """One sentence, Chinese and English."""


def differing(members: Mapping[str, bytes], manifest: ArchiveManifest) -> list[ArchiveFault]:
    """Members that were altered, are missing, or were added."""
    words = {
        "altered": "内容与签署的清单不符。It is not what was signed for.",
        "missing": "清单所列的文件缺失。It was signed for and is not there.",
        "extra": "清单未列的文件。Nobody signed for it.",
    }
    faults = []
    for name in sorted(members.keys() | manifest.members.keys()):
        if name not in manifest.members:
            code = "extra"
        elif name not in members:
            code = "missing"
        elif sm3(members[name]).hex() != manifest.members[name]:
            code = "altered"
        else:
            continue
        faults.append(ArchiveFault(name, code, words[code]))
    return faults


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
