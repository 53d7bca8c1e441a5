"""Parts of CRLs (RFC 5280, 5): what is revoked, since when, and why."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

from signing import der


class RevocationReason(IntEnum):
    """CRLReason (RFC 5280, 5.3.1)."""

    UNSPECIFIED = 0
    KEY_COMPROMISE = 1
    CA_COMPROMISE = 2
    AFFILIATION_CHANGED = 3
    SUPERSEDED = 4
    CESSATION_OF_OPERATION = 5
    CERTIFICATE_HOLD = 6


@dataclass(frozen=True)
class RevokedEntry:
    """One revoked certificate."""

    serial_number: int
    revoked_at: datetime
    reason: RevocationReason = RevocationReason.UNSPECIFIED


def revoked_list(entries: Iterable[RevokedEntry]) -> bytes:
    """revokedCertificates, DER; empty bytes when there is none, since the field is then left out."""
    encoded = [_entry(entry) for entry in entries]
    return der.sequence(*encoded) if encoded else b""


def crl_extensions(number: int, issuer_key_identifier: bytes, keeps_expired_since: datetime) -> bytes:
    """crlExtensions: the authority key identifier, the CRL number, and since when expired entries are kept."""
    return der.explicit(
        0,
        der.sequence(
            der.sequence(
                der.oid("2.5.29.35"),
                der.octet_string(der.sequence(der.implicit(0, issuer_key_identifier))),
            ),
            der.sequence(der.oid("2.5.29.20"), der.octet_string(der.integer(number))),
            # expiredCertsOnCRL (X.509): entries stay, so that old signatures can still be judged.
            der.sequence(der.oid("2.5.29.60"), der.octet_string(der.generalized_time(keeps_expired_since))),
        ),
    )


def _entry(entry: RevokedEntry) -> bytes:
    # An absent reason means unspecified; writing that value out is forbidden.
    extensions = (
        ()
        if entry.reason is RevocationReason.UNSPECIFIED
        else (
            der.sequence(der.sequence(der.oid("2.5.29.21"), der.octet_string(der.tlv(0x0A, bytes((entry.reason,)))))),
        )
    )
    return der.sequence(der.integer(entry.serial_number), der.time(entry.revoked_at), *extensions)
