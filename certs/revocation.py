"""Revocation lists (RFC 5280, 5): what is revoked, since when, and why; written, read and looked up.

Whether a list is to be believed is judged in ``signing.validation``: reading one here verifies no signature.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from functools import cached_property

from cryptography import x509

from certs.errors import RevocationListError
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
    REMOVE_FROM_CRL = 8
    PRIVILEGE_WITHDRAWN = 9
    AA_COMPROMISE = 10


@dataclass(frozen=True)
class RevokedEntry:
    """One revoked certificate."""

    serial_number: int
    revoked_at: datetime
    reason: RevocationReason = RevocationReason.UNSPECIFIED


@dataclass(frozen=True)
class RevocationList:
    """What a full CRL says."""

    issuer: bytes
    """DER Name."""
    number: int
    this_update: datetime
    next_update: datetime
    entries: tuple[RevokedEntry, ...]

    def find(self, serial_number: int) -> RevokedEntry | None:
        """The entry of a certificate, None when it is not revoked."""
        return self._by_serial_number.get(serial_number)

    @cached_property
    def _by_serial_number(self) -> dict[int, RevokedEntry]:
        return {entry.serial_number: entry for entry in self.entries}


def read_revocation_list(encoded: bytes) -> RevocationList:
    """A full CRL (DER). RevocationListError when it is none, or lacks its number or its next update."""
    try:
        parsed = x509.load_der_x509_crl(encoded)
        number = parsed.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
        if any(extension.critical for extension in parsed.extensions) or parsed.next_update_utc is None:
            raise RevocationListError("not a full revocation list")
        entries = tuple(
            RevokedEntry(entry.serial_number, entry.revocation_date_utc, _reason(entry)) for entry in parsed
        )
        issuer = parsed.issuer.public_bytes()
    except (ValueError, TypeError, x509.DuplicateExtension, x509.ExtensionNotFound) as error:
        raise RevocationListError("not a readable revocation list with a number") from error
    return RevocationList(issuer, number, parsed.last_update_utc, parsed.next_update_utc, entries)


def merge(known: Iterable[RevokedEntry], added: Iterable[RevokedEntry]) -> tuple[RevokedEntry, ...]:
    """Both without repetition; of two entries for one certificate the earlier revocation stays."""
    merged: dict[int, RevokedEntry] = {}
    for entry in (*known, *added):
        present = merged.get(entry.serial_number)
        if present is None or entry.revoked_at < present.revoked_at:
            merged[entry.serial_number] = entry
    return tuple(merged.values())


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


def _reason(entry: x509.RevokedCertificate) -> RevocationReason:
    try:
        flag = entry.extensions.get_extension_for_class(x509.CRLReason).value.reason
    except x509.ExtensionNotFound:
        return RevocationReason.UNSPECIFIED
    return RevocationReason[flag.name.upper()]
