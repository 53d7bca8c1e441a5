"""Takes CAs of others into the trust store, each for what it may vouch for and nothing else."""

import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from asn1crypto import pem
from cryptography import x509

from certs.keystore import encode_pem
from certs.trust_store import read_attributes
from gateway.domain.actors import OPERATOR
from gateway.errors import FieldError, ValidationFailedError
from gateway.persistence.models import AuditEvent
from gateway.persistence.retrying import retried
from gateway.services.dependencies import Dependencies
from gateway.services.embedded_cas import ANCHORS
from gateway.services.installation import write_published
from signing.sm2 import sm3
from signing.validation.policy import Use

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")


class TrustAnchors:
    """Adds anchors; what the trust store then says of them, everyone can read."""

    def __init__(self, deps: Dependencies) -> None:
        self._deps = deps

    @retried
    def admit(
        self, name: str, certificates: Sequence[bytes], uses: Iterable[Use], revocation_lists: Iterable[bytes] = ()
    ) -> None:
        """Trust CA certificates (DER) for ``uses``, with their revocation lists (DER), under a name of the operator's choice.

        The same name again replaces what stood under it. ValidationFailedError for a name of the gateway's own, no
        certificate, no use, or what cannot be read.
        """
        allowed = sorted(set(uses))
        lists = list(revocation_lists)
        self._check(name, certificates, allowed, lists)
        folder, now = self._deps.trust_dir, self._deps.clock()
        # The limit first: until its certificate follows, the store keeps to what it had before.
        attributes = read_attributes(folder / "anchors.json") | {f"{name}.pem": {"uses": list(map(str, allowed))}}
        write_published(folder / "anchors.json", json.dumps(attributes, indent=1).encode())
        write_published(folder / "anchors" / f"{name}.pem", encode_pem(certificates))
        for number, encoded in enumerate(lists):
            path = folder / "crls" / (f"{name}.crl" if number == 0 else f"{name}-{number}.crl")
            write_published(path, pem.armor("X509 CRL", encoded))
        with self._deps.sessions.begin() as session:
            detail = {"uses": list(map(str, allowed)), "certificate_sm3": [sm3(each).hex() for each in certificates]}
            session.add(
                AuditEvent(
                    occurred_at=now,
                    action="trust_anchor_admitted",
                    subject=name,
                    detail=detail,
                    actor=OPERATOR.audit(),
                )
            )

    def _check(self, name: str, certificates: Sequence[bytes], uses: Sequence[Use], lists: Sequence[bytes]) -> None:
        errors = []
        if not _NAME.fullmatch(name) or name in ANCHORS:
            message = (
                "应为小写字母、数字和连字符，不得与自有的重名。Lower-case letters, digits, hyphens; no name of ours."
            )
            errors.append(FieldError("name", "NAME_INVALID", message))
        if not uses:
            errors.append(FieldError("uses", "MISSING", "请指明用途。Say what it may vouch for."))
        if not certificates or not _are_readable(certificates, lists):
            message = "不是可读的证书或吊销列表。No readable certificate or revocation list."
            errors.append(FieldError("certificates", "UNREADABLE", message))
        if errors:
            raise ValidationFailedError(errors)


def _are_readable(certificates: Sequence[bytes], lists: Sequence[bytes]) -> bool:
    try:
        for each in certificates:
            x509.load_der_x509_certificate(each)
        for each in lists:
            x509.load_der_x509_crl(each)
    except ValueError:
        return False
    return True


def pem_blocks(path: Path, label: str) -> list[bytes]:
    """DER values in a PEM file, or the file itself when it is DER. OSError, ValueError."""
    content = path.read_bytes()
    if not pem.detect(content):
        return [content]
    return [der for found, _, der in pem.unarmor(content, multiple=True) if found == label]
