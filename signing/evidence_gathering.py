"""Gathers what a validator will need when the CAs are gone: issuers and revocation data, from what is at hand.

Nothing is fetched here: lists are handed in, and on-line answers come through a callable of the caller's.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from cryptography import x509
from cryptography.x509.oid import ExtensionOID

from signing.errors import EvidenceMissingError, MalformedDataError
from signing.ocsp import OcspResponse, parse_response
from signing.validation.cryptographic import issued_by
from signing.validation.evidence import ValidationData
from signing.validation.x509 import Certificate, load_certificate
from signing.x509_fields import subject_name

OcspAnswers = Callable[[bytes, bytes], bytes | None]
"""(certificate, issuer), both DER -> OCSPResponse (DER), None when there is none."""


class ValidationDataSource(Protocol):
    """Whoever has, or gets, the evidence for certificates."""

    def gather(self, leaves: Iterable[bytes], known: Iterable[bytes]) -> ValidationData:
        """Chains and revocation data for ``leaves``; ``known`` are certificates that came along. All DER.

        EvidenceMissingError names the certificate that lacks its issuer or its revocation data; MalformedDataError
        when something that was handed in cannot be read.
        """
        ...


@dataclass(frozen=True)
class EvidenceAtHand:
    """Implements ``ValidationDataSource`` with lists that were loaded before, and OCSP where it is offered."""

    certificates: tuple[bytes, ...] = ()
    """Issuers and roots."""
    crls: tuple[bytes, ...] = ()
    ocsp: OcspAnswers | None = None
    """Asked first: an answer on one certificate is newer and shorter than a list."""

    def gather(self, leaves: Iterable[bytes], known: Iterable[bytes]) -> ValidationData:
        """See ``ValidationDataSource``."""
        pool = _by_subject((*known, *self.certificates))
        waiting, certificates = list(leaves), dict[bytes, None]()
        lists, answers = dict[bytes, None](), dict[bytes, None]()
        while waiting:
            encoded = waiting.pop(0)
            certificate = load_certificate(encoded)
            if encoded in certificates:
                continue
            certificates[encoded] = None
            if certificate.is_issued_by(certificate):
                continue
            issuer = _issuer(certificate, pool)
            waiting.append(issuer.der)
            if _is_exempt(certificate):
                continue
            answer = None if self.ocsp is None else self.ocsp(encoded, issuer.der)
            parsed = None if answer is None else parse_response(answer)
            if answer is not None and parsed is not None and _is_about(parsed, certificate):
                answers[answer] = None
                waiting += parsed.certificates
            else:
                lists[_newest_list(certificate, issuer, self.crls)] = None
        return ValidationData(tuple(certificates), tuple(lists), tuple(answers))


def _by_subject(certificates: Iterable[bytes]) -> dict[bytes, list[Certificate]]:
    pool: dict[bytes, list[Certificate]] = {}
    for encoded in certificates:
        pool.setdefault(subject_name(encoded), []).append(load_certificate(encoded))
    return pool


def _issuer(certificate: Certificate, pool: dict[bytes, list[Certificate]]) -> Certificate:
    for candidate in pool.get(certificate.parsed.issuer.public_bytes(), ()):
        if certificate.is_issued_by(candidate):
            return candidate
    raise EvidenceMissingError(f"the issuer of {certificate.name} is not at hand")


def _is_exempt(certificate: Certificate) -> bool:
    """Whether it is an OCSP responder that is not itself checked (RFC 6960, 4.2.2.2.1)."""
    return any(extension.oid == ExtensionOID.OCSP_NO_CHECK for extension in certificate.parsed.extensions)


def _newest_list(certificate: Certificate, issuer: Certificate, crls: Iterable[bytes]) -> bytes:
    found = []
    for encoded in crls:
        try:
            parsed = x509.load_der_x509_crl(encoded)
        except ValueError as error:
            raise MalformedDataError("a revocation list cannot be parsed") from error
        signed = (parsed.tbs_certlist_bytes, parsed.signature, parsed.signature_algorithm_oid.dotted_string)
        if parsed.issuer == issuer.parsed.subject and issued_by(*signed, issuer.spki):
            found.append((parsed.last_update_utc, encoded))
    if not found:
        raise EvidenceMissingError(f"there is no revocation data for {certificate.name}")
    return max(found)[1]


def _is_about(answer: OcspResponse, certificate: Certificate) -> bool:
    """Whether the responder answered at all, and on this certificate; "try later" is no evidence."""
    return any(single.cert_id.serial_number == certificate.parsed.serial_number for single in answer.responses)
