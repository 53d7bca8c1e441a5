"""An OCSP responder (RFC 6960, with the caching of RFC 5019) that answers from the CAs' own revocation lists.

It signs with delegated keys: each CA that it answers for has certified one for this use (4.2.2.2).
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from threading import Lock

from certs.revocation import RevocationList, RevocationReason
from signing.algorithms import DIGESTS, digest
from signing.errors import MalformedDataError, UnsupportedFormatError
from signing.keys import SigningKey
from signing.ocsp import (
    CertId,
    CertStatus,
    OcspRequest,
    ResponseStatus,
    SingleResponse,
    build_error,
    build_response,
    parse_request,
)
from signing.x509_fields import not_after, not_before, public_key_bits, public_key_info, subject_name

VALIDITY = timedelta(hours=12)
"""How long an answer may be believed: a revocation reaches everyone within it."""
_MOST_CACHED = 4096


@dataclass(frozen=True)
class AnsweredCa:
    """A CA that the responder answers for."""

    certificate: bytes
    """DER of the CA's certificate."""
    revocation_list: RevocationList
    is_issued: Callable[[int], bool]
    """Whether the CA issued a certificate with this serial number."""
    key: SigningKey
    """The delegated key; the CA itself issued its certificate."""


@dataclass(frozen=True)
class OcspAnswer:
    """A response and how long caches may keep it."""

    encoded: bytes
    """DER OCSPResponse."""
    this_update: datetime | None = None
    next_update: datetime | None = None
    """None when the answer is for this request alone: with a nonce, an error, or about something unknown."""


class OcspResponder:
    """Answers requests about the certificates of some CAs."""

    def __init__(self, cas: Callable[[], Iterable[AnsweredCa]], *, clock: Callable[[], datetime]) -> None:
        self._cas = cas
        self._clock = clock
        self._signed: OrderedDict[object, OcspAnswer] = OrderedDict()
        self._lock = Lock()

    def answer(self, encoded: bytes) -> OcspAnswer:
        """The response to a request (DER); an unreadable request is answered with an error, never raised."""
        try:
            request = parse_request(encoded)
        except (MalformedDataError, UnsupportedFormatError):
            return OcspAnswer(build_error(ResponseStatus.MALFORMED_REQUEST))
        cas = tuple(self._cas())
        # One response has one signer, who speaks for one CA: that of the first certificate that is ours.
        ca = next((ca for identifier in request.cert_ids for ca in cas if _names(identifier, ca)), None)
        if ca is None:
            # Nobody here may say anything about these (RFC 6960, 2.3).
            return OcspAnswer(build_error(ResponseStatus.UNAUTHORIZED))
        if not self._may_answer(ca):
            return OcspAnswer(build_error(ResponseStatus.TRY_LATER))
        return self._sign(ca, request) if request.nonce is not None else self._kept(ca, request)

    def _may_answer(self, ca: AnsweredCa) -> bool:
        """Whether the list is fresh enough to call anything good, and the key within its validity."""
        now, certificate = self._clock(), ca.key.certificate
        return now < ca.revocation_list.next_update and not_before(certificate) <= now < not_after(certificate)

    def _kept(self, ca: AnsweredCa, request: OcspRequest) -> OcspAnswer:
        """The answer that was signed before, while half of its life is left and the list is the same."""
        spelling = tuple(identifier.has_parameters for identifier in request.cert_ids)
        name = (ca.certificate, ca.key.certificate, ca.revocation_list.number, request.cert_ids, spelling)
        with self._lock:
            kept = self._signed.get(name)
        if kept is not None and self._is_fresh(kept):
            return kept
        answer = self._sign(ca, request)
        if answer.next_update is None:
            return answer
        with self._lock:
            self._signed[name] = answer
            self._signed.move_to_end(name)
            while len(self._signed) > _MOST_CACHED:
                self._signed.popitem(last=False)
        return answer

    def _is_fresh(self, answer: OcspAnswer) -> bool:
        if answer.this_update is None or answer.next_update is None:
            return False
        return self._clock() < answer.this_update + (answer.next_update - answer.this_update) / 2

    def _sign(self, ca: AnsweredCa, request: OcspRequest) -> OcspAnswer:
        now = self._clock()
        until = min(now + VALIDITY, ca.revocation_list.next_update, not_after(ca.key.certificate))
        singles = [_single(identifier, ca, now, until) for identifier in request.cert_ids]
        encoded = build_response(singles, key=ca.key, produced_at=now, nonce=request.nonce)
        # What is unknown now may be issued in a minute: such an answer is not for keeping.
        may_be_kept = request.nonce is None and all(single.status is not CertStatus.UNKNOWN for single in singles)
        return OcspAnswer(encoded, now, until if may_be_kept else None)


def _single(identifier: CertId, ca: AnsweredCa, now: datetime, until: datetime) -> SingleResponse:
    status, revoked_at, reason = CertStatus.UNKNOWN, None, None
    if _names(identifier, ca):
        entry = ca.revocation_list.find(identifier.serial_number)
        if entry is not None:
            status, revoked_at = CertStatus.REVOKED, entry.revoked_at
            # As in lists, an absent reason means unspecified.
            reason = None if entry.reason is RevocationReason.UNSPECIFIED else int(entry.reason)
        elif ca.is_issued(identifier.serial_number):
            status = CertStatus.GOOD
    return SingleResponse(
        cert_id=identifier,
        status=status,
        revoked_at=revoked_at,
        reason=reason,
        this_update=now,
        next_update=until,
        # Our lists keep expired entries, so that old signatures can still be judged (RFC 6960, 4.4.4).
        archive_cutoff=None if status is CertStatus.UNKNOWN else not_before(ca.certificate),
    )


def _names(identifier: CertId, ca: AnsweredCa) -> bool:
    """Whether this CA is the issuer that a CertID names."""
    if identifier.digest_oid not in DIGESTS:
        return False
    return (identifier.issuer_name_hash, identifier.issuer_key_hash) == _hashes(ca.certificate, identifier.digest_oid)


@lru_cache(maxsize=256)
def _hashes(certificate: bytes, digest_oid: str) -> tuple[bytes, bytes]:
    key = public_key_bits(public_key_info(certificate))
    return digest(digest_oid, subject_name(certificate)), digest(digest_oid, key)
