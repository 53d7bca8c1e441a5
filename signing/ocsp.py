"""Certificate status on line (RFC 6960): requests and responses as DER bytes, with SM3, SHA-1 or SHA-256 CertIDs.

Parsing proves nothing: whether a responder may speak for a CA, and its signature, are the validation's affair.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import IntEnum, StrEnum
from typing import Any

# tsp and ocsp early: importing them after first use freezes asn1crypto's name maps without their entries.
from asn1crypto import core, ocsp, tsp  # noqa: F401

from signing import der
from signing.algorithms import DIGESTS, SCHEMES, SHA1_OID, SM3_OID, digest
from signing.errors import MalformedDataError, UnsupportedFormatError
from signing.keys import SigningKey
from signing.x509_fields import issuer_name, public_key_bits, public_key_info, serial_number, subject_name

MAX_REQUEST_BYTES = 16 * 1024
MAX_RESPONSE_BYTES = 1024 * 1024
"""A response holds some certificates and a status for each CertID; no responder makes a longer one."""
MOST_CERT_IDS = 64
"""CertIDs in one request or response; a chain has fewer than ten."""
MOST_NONCE_BYTES = 128
"""RFC 9654, 2.1."""
NEVER = datetime.min.replace(tzinfo=UTC)
"""``produced_at`` of a response that is an error and so holds no data."""

_BASIC_OID = "1.3.6.1.5.5.7.48.1.1"
_NONCE_OID = "1.3.6.1.5.5.7.48.1.2"
_ARCHIVE_CUTOFF_OID = "1.3.6.1.5.5.7.48.1.6"
_GOOD, _UNKNOWN = der.implicit(0, b""), der.implicit(2, b"")


class ResponseStatus(IntEnum):
    """OCSPResponseStatus (RFC 6960, 4.2.1)."""

    SUCCESSFUL = 0
    MALFORMED_REQUEST = 1
    INTERNAL_ERROR = 2
    TRY_LATER = 3
    SIG_REQUIRED = 5
    UNAUTHORIZED = 6


class CertStatus(StrEnum):
    """What a responder says of one certificate (RFC 6960, 2.2)."""

    GOOD = "good"
    REVOKED = "revoked"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class CertId:
    """Names a certificate by its issuer's digests and its serial number (RFC 6960, 4.1.1)."""

    digest_oid: str
    issuer_name_hash: bytes
    """Digest of the issuer's DER Name."""
    issuer_key_hash: bytes
    """Digest of the issuer's public key: the content of the BIT STRING without its unused-bits octet."""
    serial_number: int
    has_parameters: bool = field(default=True, compare=False, repr=False)
    """Whether the digest has NULL parameters or none: a response repeats it, since some clients compare octets."""


@dataclass(frozen=True)
class OcspRequest:
    """What a client asks for; a signature on the request is not looked at (RFC 6960, 4.1.2: optional)."""

    cert_ids: tuple[CertId, ...]
    nonce: bytes | None


@dataclass(frozen=True)
class SingleResponse:
    """The status of one certificate."""

    cert_id: CertId
    status: CertStatus
    revoked_at: datetime | None
    """Aware UTC; set when, and only when, revoked."""
    reason: int | None
    """CRLReason, when one is given."""
    this_update: datetime
    next_update: datetime | None
    archive_cutoff: datetime | None = None
    """Since when expired certificates are still answered for (RFC 6960, 4.4.4)."""


@dataclass(frozen=True)
class OcspResponse:
    """A parsed response. With a status other than 0 the rest is empty and ``produced_at`` is ``NEVER``."""

    response_status: int
    responder_name: bytes | None = None
    """DER Name (ResponderID byName)."""
    responder_key_hash: bytes | None = None
    """SHA-1 of the responder's public key (byKey)."""
    produced_at: datetime = NEVER
    responses: tuple[SingleResponse, ...] = ()
    nonce: bytes | None = None
    certificates: tuple[bytes, ...] = ()
    """DER, as embedded."""
    signature_oid: str = ""
    signature: bytes = b""
    signed: bytes = b""
    """DER ResponseData, over which the signature is."""


def cert_id(certificate: bytes, issuer: bytes, digest_oid: str = SM3_OID) -> CertId:
    """The CertID of a certificate (DER) under its issuer's (DER).

    MalformedDataError when either is no certificate, UnsupportedFormatError for an unknown digest.
    """
    return CertId(
        digest_oid=digest_oid,
        issuer_name_hash=digest(digest_oid, issuer_name(certificate)),
        issuer_key_hash=digest(digest_oid, public_key_bits(public_key_info(issuer))),
        serial_number=serial_number(certificate),
    )


def responder_key_hash(certificate: bytes) -> bytes:
    """SHA-1 of a responder's public key, 20 bytes (RFC 6960, 4.2.1: ResponderID byKey is always SHA-1)."""
    return digest(SHA1_OID, public_key_bits(public_key_info(certificate)))


def build_request(cert_ids: Iterable[CertId], *, nonce: bytes | None = None) -> bytes:
    """An unsigned OCSPRequest, DER."""
    requests = der.sequence(*(der.sequence(_encode_cert_id(identifier)) for identifier in cert_ids))
    return der.sequence(der.sequence(requests, *_nonce_extensions(2, nonce)))


def parse_request(encoded: bytes) -> OcspRequest:
    """An OCSPRequest.

    MalformedDataError when it is none, names no or too many certificates, or its nonce is empty or too long;
    UnsupportedFormatError for a critical extension that is not known here (RFC 6960, 4.4).
    """
    if len(encoded) > MAX_REQUEST_BYTES:
        raise MalformedDataError("the OCSP request is too long")
    with _reading("not an OCSP request"):
        fields = ocsp.OCSPRequest.load(encoded, strict=True)["tbs_request"]
        if fields["version"].native != "v1":
            raise MalformedDataError("an OCSP request has version 1")
        entries = list(fields["request_list"])
        for entry in entries:
            _extensions(entry["single_request_extensions"], known=frozenset())
        extensions = _extensions(fields["request_extensions"], known=frozenset({_NONCE_OID}))
        request = OcspRequest(tuple(_cert_id(entry["req_cert"]) for entry in entries), _nonce(extensions))
    if not 0 < len(request.cert_ids) <= MOST_CERT_IDS:
        raise MalformedDataError("an OCSP request names between one and 64 certificates")
    return request


def build_response(
    responses: Iterable[SingleResponse],
    *,
    key: SigningKey,
    produced_at: datetime,
    nonce: bytes | None = None,
    by_name: bool = False,
    with_certificates: bool = True,
) -> bytes:
    """A signed OCSPResponse with the key's certificate in it, DER.

    The responder is named by the SHA-1 of its key, or ``by_name``. ValueError for a naive instant.
    """
    scheme = SCHEMES[key.algorithm]
    responder = (
        der.explicit(1, subject_name(key.certificate))
        if by_name
        else der.explicit(2, der.octet_string(responder_key_hash(key.certificate)))
    )
    data = der.sequence(
        responder,
        der.generalized_time(produced_at),
        der.sequence(*(_encode_single(single) for single in responses)),
        *_nonce_extensions(1, nonce),
    )
    certificates = (der.explicit(0, der.sequence(key.certificate)),) if with_certificates else ()
    basic = der.sequence(data, scheme.algorithm_identifier, der.bit_string(key.sign(data)), *certificates)
    content = der.sequence(der.oid(_BASIC_OID), der.octet_string(basic))
    return der.sequence(_enumerated(ResponseStatus.SUCCESSFUL), der.explicit(0, content))


def build_error(status: ResponseStatus) -> bytes:
    """An unsigned OCSPResponse that only says why there is no answer, DER. ValueError for "successful"."""
    if status is ResponseStatus.SUCCESSFUL:
        raise ValueError("a successful response holds an answer")
    return der.sequence(_enumerated(status))


def parse_response(encoded: bytes) -> OcspResponse:
    """An OCSPResponse, an error as well as an answer.

    MalformedDataError when it is none, UnsupportedFormatError for another response type than id-pkix-ocsp-basic
    and for an unknown critical extension.
    """
    if len(encoded) > MAX_RESPONSE_BYTES:
        raise MalformedDataError("the OCSP response is too long")
    with _reading("not an OCSP response"):
        outer = ocsp.OCSPResponse.load(encoded, strict=True)
        status = int(outer["response_status"])
        if status != ResponseStatus.SUCCESSFUL:
            return OcspResponse(response_status=status)
        if outer["response_bytes"]["response_type"].dotted != _BASIC_OID:
            raise UnsupportedFormatError("the OCSP response is not of the basic type")
        basic = ocsp.BasicOCSPResponse.load(outer["response_bytes"]["response"].contents, strict=True)
        return _read_basic(basic)


def _read_basic(basic: ocsp.BasicOCSPResponse) -> OcspResponse:
    data = basic["tbs_response_data"]
    singles = list(data["responses"])
    if data["version"].native != "v1" or len(singles) > MOST_CERT_IDS:
        raise MalformedDataError("an OCSP response has version 1 and at most 64 answers")
    responder = data["responder_id"]
    extensions = _extensions(data["response_extensions"], known=frozenset({_NONCE_OID}))
    return OcspResponse(
        response_status=ResponseStatus.SUCCESSFUL,
        # Without the explicit tag around it.
        responder_name=der.content_of(responder.chosen.dump()) if responder.name == "by_name" else None,
        responder_key_hash=responder.chosen.native if responder.name == "by_key" else None,
        produced_at=_instant(data["produced_at"]),
        responses=tuple(_read_single(single) for single in singles),
        nonce=_nonce(extensions),
        certificates=tuple(certificate.dump() for certificate in basic["certs"]),
        signature_oid=basic["signature_algorithm"]["algorithm"].dotted,
        signature=basic["signature"].native,
        signed=data.dump(),
    )


def _read_single(single: ocsp.SingleResponse) -> SingleResponse:
    status, reason, revoked_at = CertStatus(single["cert_status"].name), None, None
    if status is CertStatus.REVOKED:
        details = single["cert_status"].chosen
        revoked_at = _instant(details["revocation_time"])
        given = details["revocation_reason"]
        reason = None if isinstance(given, core.Void) else int(given)
    extensions = _extensions(single["single_extensions"], known=frozenset({_ARCHIVE_CUTOFF_OID}))
    next_update, cutoff = single["next_update"], extensions.get(_ARCHIVE_CUTOFF_OID)
    return SingleResponse(
        cert_id=_cert_id(single["cert_id"]),
        status=status,
        revoked_at=revoked_at,
        reason=reason,
        this_update=_instant(single["this_update"]),
        next_update=None if isinstance(next_update, core.Void) else _instant(next_update),
        archive_cutoff=None if cutoff is None else _instant(core.GeneralizedTime.load(cutoff, strict=True)),
    )


def _cert_id(identifier: ocsp.CertId) -> CertId:
    """A CertID; MalformedDataError when a digest has another length than its algorithm makes."""
    algorithm = identifier["hash_algorithm"]
    found = CertId(
        digest_oid=algorithm["algorithm"].dotted,
        issuer_name_hash=identifier["issuer_name_hash"].native,
        issuer_key_hash=identifier["issuer_key_hash"].native,
        serial_number=identifier["serial_number"].native,
        has_parameters=not isinstance(algorithm["parameters"], core.Void),
    )
    if found.digest_oid in DIGESTS:
        length = len(digest(found.digest_oid, b""))
        if (len(found.issuer_name_hash), len(found.issuer_key_hash)) != (length, length):
            raise MalformedDataError("a digest in a CertID is not as long as its algorithm says")
    return found


def _extensions(found: Any, *, known: frozenset[str]) -> dict[str, bytes]:
    """Values by OID. MalformedDataError for one that comes twice, UnsupportedFormatError for an unknown critical one."""
    values: dict[str, bytes] = {}
    for extension in found:
        oid = extension["extn_id"].dotted
        if oid in values:
            raise MalformedDataError(f"the extension {oid} comes twice")
        if extension["critical"].native and oid not in known:
            raise UnsupportedFormatError(f"the critical extension {oid} is not supported")
        # The contents, not `.native`: that would parse values of kinds that do not matter here.
        values[oid] = extension["extn_value"].contents
    return values


def _nonce(extensions: dict[str, bytes]) -> bytes | None:
    encoded = extensions.get(_NONCE_OID)
    if encoded is None:
        return None
    nonce: bytes = core.OctetString.load(encoded, strict=True).native
    if not 0 < len(nonce) <= MOST_NONCE_BYTES:
        raise MalformedDataError("a nonce has between 1 and 128 octets")
    return nonce


def _instant(value: core.GeneralizedTime) -> datetime:
    instant: datetime = value.native
    if instant.tzinfo is None:
        raise MalformedDataError("an instant without its time zone")
    return instant.astimezone(UTC)


def _encode_cert_id(identifier: CertId) -> bytes:
    parameters = (der.NULL,) if identifier.has_parameters else ()
    return der.sequence(
        der.sequence(der.oid(identifier.digest_oid), *parameters),
        der.octet_string(identifier.issuer_name_hash),
        der.octet_string(identifier.issuer_key_hash),
        der.integer(identifier.serial_number),
    )


def _encode_single(single: SingleResponse) -> bytes:
    optional = []
    if single.next_update is not None:
        optional.append(der.explicit(0, der.generalized_time(single.next_update)))
    if single.archive_cutoff is not None:
        value = der.octet_string(der.generalized_time(single.archive_cutoff))
        optional.append(der.explicit(1, der.sequence(der.sequence(der.oid(_ARCHIVE_CUTOFF_OID), value))))
    return der.sequence(
        _encode_cert_id(single.cert_id), _encode_status(single), der.generalized_time(single.this_update), *optional
    )


def _encode_status(single: SingleResponse) -> bytes:
    """CertStatus; ValueError for a revoked one without its instant."""
    if single.status is not CertStatus.REVOKED:
        return _GOOD if single.status is CertStatus.GOOD else _UNKNOWN
    if single.revoked_at is None:
        raise ValueError("a revoked certificate has an instant of its revocation")
    reason = () if single.reason is None else (der.explicit(0, _enumerated(single.reason)),)
    return der.explicit(1, b"".join((der.generalized_time(single.revoked_at), *reason)))


def _enumerated(value: int) -> bytes:
    return der.tlv(0x0A, bytes((value,)))


def _nonce_extensions(number: int, nonce: bytes | None) -> tuple[bytes, ...]:
    """The tagged extension list that holds the nonce alone; empty without one."""
    if nonce is None:
        return ()
    value = der.octet_string(der.octet_string(nonce))
    return (der.explicit(number, der.sequence(der.sequence(der.oid(_NONCE_OID), value))),)


@contextmanager
def _reading(complaint: str) -> Iterator[None]:
    """asn1crypto parses on access and answers broken input with assorted exceptions: make them one."""
    try:
        yield
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
        raise MalformedDataError(complaint) from error
