"""Revocation (RFC 5280, 5 and 6.3; RFC 6960; EN 319 102-1, 5.2.5 and 5.2.6).

Each case has an issuing CA of its own, so that all lists lie in one trust folder. OCSP responses come in the file's own
DSS, as a signer that knows OCSP puts them there.
"""

from dataclasses import replace

from signing import der
from tests.corpus.case import case
from tests.corpus.documents import signed, stamped, with_evidence
from tests.corpus.makers.keys import SHA1, SM3, ecdsa_pair
from tests.corpus.makers.x509 import (
    DAY,
    KEY_CERT_SIGN,
    OCSP_SIGNING,
    RESPONDER,
    SIGNER,
    UNKNOWN,
    basic_constraints,
    certificate_id,
    crl,
    extended_key_usage,
    extension,
    key_usage,
    ocsp_response,
    ocsp_wrapper,
    revoked_status,
    single_response,
)
from tests.corpus.world import KEEPS_EXPIRED
from tests.pki import NOW

HOUR = DAY / 24
EARLIER = NOW - 2 * DAY


def _under_list(world, common_name, **options):
    """A licence under a CA whose list is made with ``options``."""
    authority = world.publish(world.authority(common_name, listed=False), **options)
    return signed(world.leaf(issuer=authority)).data


@case
def crl_missing(world):
    return signed(world.leaf(issuer=world.authority("缺名单", listed=False))).data


@case
def crl_missing_and_not_required(world):
    return signed(world.leaf(issuer=world.authority("缺名单二", listed=False))).data


@case
def crl_expired(world):
    return _under_list(world, "旧名单", this_update=NOW - 9 * DAY, next_update=NOW - DAY)


@case
def crl_of_the_future(world):
    return _under_list(world, "未来名单", this_update=NOW + DAY, next_update=NOW + 9 * DAY)


@case
def crl_without_next_update(world):
    return _under_list(world, "无期名单", next_update=None)


@case
def crl_signature_broken(world):
    return _under_list(world, "坏签名单", signature=world.signer.sign(b"something else"))


@case
def crl_from_a_namesake(world):
    """A list with the issuer's name and a stranger's signature."""
    authority = world.authority("被冒名", listed=False)
    world.publish(replace(authority, pair=world.stranger.pair, certificate=b"namesake"))
    return signed(world.leaf(issuer=authority)).data


@case
def crl_from_another_ca(world):
    """Another CA's good list lies at hand; it says nothing about this certificate."""
    return signed(world.leaf(issuer=world.authority("无己名单", listed=False))).data


@case
def crl_by_a_ca_without_the_right(world):
    """The CA's key usage has no cRLSign."""
    extensions = (basic_constraints(), key_usage(KEY_CERT_SIGN))
    return signed(world.leaf(issuer=world.authority("不得签单", extensions=extensions))).data


@case
def crl_delta_only(world):
    """A delta list (5.2.4) without its base lists only what is new."""
    delta = extension("2.5.29.27", der.integer(1), critical=True)
    return _under_list(world, "增量名单", extensions=(delta,))


@case
def crl_for_ca_certificates_only(world):
    """The issuing distribution point (5.2.5) says that signers are not listed here."""
    scope = extension("2.5.29.28", der.sequence(der.implicit(2, b"\xff")), critical=True)
    return _under_list(world, "只列机构", extensions=(scope,))


@case
def crl_with_unknown_critical_extension(world):
    return _under_list(world, "关键扩展", extensions=(extension("1.2.3.4.5", der.NULL, critical=True),))


@case
def revoked_without_proof(world):
    return signed(world.revoke(world.leaf())).data


@case
def revoked_before_timestamp(world):
    return signed(world.revoke(world.leaf(), NOW - 3 * DAY), unsigned=stamped(world.unit, EARLIER)).data


@case
def good_revoked_after_timestamp(world):
    return signed(world.revoke(world.leaf(), NOW - DAY), unsigned=stamped(world.unit, EARLIER)).data


@case
def revoked_after_a_strangers_timestamp(world):
    return signed(world.revoke(world.leaf(), NOW - DAY), unsigned=stamped(world.strange_unit, EARLIER)).data


@case
def revoked_ecdsa(world):
    signer, _ = world.family("ecdsa")
    authority = world.holder_of(signer.chain[0])
    leaf = world.leaf(issuer=authority, pair=ecdsa_pair())
    return signed(world.revoke(leaf, issuer=authority)).data


@case
def revoked_on_hold(world):
    """certificateHold may be lifted: try later (EN 319 102-1, 5.2.6.4)."""
    return signed(world.revoke(world.leaf(), reason=6)).data


@case
def revoked_and_expired(world):
    """Both, and proof of neither: the list keeps what has expired."""
    return signed(world.revoke(world.leaf(until=-DAY), NOW - 5 * DAY)).data


@case
def expired_and_dropped_from_the_list(world):
    """The list does not say that it keeps expired certificates: it says nothing about this one."""
    authority = world.publish(world.authority("不留过期", listed=False), extensions=())
    return signed(world.leaf(issuer=authority, until=-DAY), unsigned=stamped(world.unit, EARLIER)).data


@case
def revoked_ca(world):
    authority = world.authority("被吊销的签发")
    world.revoke(authority, issuer=world.root)
    return signed(world.leaf(issuer=authority)).data


@case
def good_same_serial_revoked_elsewhere(world):
    """Another CA revoked a certificate with this serial number."""
    from asn1crypto import x509

    other = world.authority("同号签发")
    serial = x509.Certificate.load(world.signer.certificate).serial_number
    world.revoke(world.leaf("同号", other, serial=serial), issuer=other)
    return signed(world.signer).data


@case
def revoked_on_the_newer_of_two_lists(world):
    """Both lists are within their time; the older one does not know yet."""
    authority = world.authority("新旧名单")
    leaf = world.leaf(issuer=authority)
    world.revoke(leaf, issuer=authority)
    older = crl(authority, this_update=NOW - 3 * DAY, next_update=NOW + 20 * DAY, extensions=(KEEPS_EXPIRED,))
    return with_evidence(signed(leaf), crls=(older,)).data


@case
def good_crl_in_the_document(world):
    """No list at hand but the one in the DSS, fresh enough to be used."""
    authority = world.authority("随附名单", listed=False)
    evidence = crl(authority, this_update=NOW - HOUR, next_update=NOW + DAY)
    return with_evidence(signed(world.leaf(issuer=authority)), crls=(evidence,)).data


# OCSP


def _responder(issuer, world, extensions=RESPONDER, **options):
    return world.leaf("响应者", issuer, extensions=extensions, **options)


def _answered(world, make, *, at=NOW - HOUR, until=NOW + DAY, digest_oid=SM3, status=None, unsigned=()):
    """A licence whose DSS holds what ``make`` makes of the CA, the signer and a single response about it."""
    authority = world.authority("在线签发", listed=False)
    signer = world.leaf(issuer=authority)
    singles = single_response(
        certificate_id(signer.certificate, authority, digest_oid),
        *(() if status is None else (status,)),
        this_update=at,
        next_update=until,
    )
    response = make(authority, signer, singles)
    return with_evidence(signed(signer, unsigned=unsigned), ocsp_responses=(response,)).data


def _delegated(world, **options):
    def make(authority, _signer, single):
        responder = _responder(authority, world)
        return ocsp_response(
            responder, [single], produced_at=NOW - HOUR, certificates=(responder.certificate,), **options
        )

    return make


@case
def good_ocsp_delegated(world):
    return _answered(world, _delegated(world))


@case
def good_ocsp_by_key_hash(world):
    return _answered(world, _delegated(world, by_key=True))


@case
def good_ocsp_sha1_certificate_id(world):
    """RFC 6960 clients name certificates by SHA-1; nothing rests on its strength."""
    return _answered(world, _delegated(world), digest_oid=SHA1)


@case
def good_ocsp_with_nonce(world):
    return _answered(world, _delegated(world, nonce=der.octet_string(b"8 octets")))


@case
def good_ocsp_by_the_ca_itself(world):
    return _answered(world, lambda ca, _signer, single: ocsp_response(ca, [single], produced_at=NOW - HOUR))


@case
def good_ocsp_among_others(world):
    def make(ca, _signer, single):
        other = single_response(certificate_id(world.signer.certificate, ca), UNKNOWN, this_update=NOW - HOUR)
        return ocsp_response(ca, [other, single], produced_at=NOW - HOUR)

    return _answered(world, make)


@case
def good_ocsp_revoked_after_timestamp(world):
    status = revoked_status(NOW - DAY)
    return _answered(world, _delegated(world), status=status, unsigned=stamped(world.unit, EARLIER))


@case
def ocsp_revoked(world):
    return _answered(world, _delegated(world), status=revoked_status(NOW - DAY))


@case
def ocsp_unknown(world):
    return _answered(world, _delegated(world), status=UNKNOWN)


@case
def ocsp_stale(world):
    return _answered(world, _delegated(world), at=NOW - 9 * DAY, until=NOW - DAY)


@case
def ocsp_of_the_future(world):
    return _answered(world, _delegated(world), at=NOW + DAY, until=NOW + 2 * DAY)


@case
def ocsp_delegated_without_purpose(world):
    """The responder's certificate lacks id-kp-OCSPSigning (RFC 6960, 4.2.2.2)."""

    def make(authority, _signer, single):
        responder = _responder(authority, world, SIGNER)
        return ocsp_response(responder, [single], produced_at=NOW - HOUR, certificates=(responder.certificate,))

    return _answered(world, make)


@case
def ocsp_responder_of_another_ca(world):
    """A rightful responder, but not of the CA that issued the certificate."""

    def make(_authority, _signer, single):
        responder = _responder(world.ca, world)
        return ocsp_response(responder, [single], produced_at=NOW - HOUR, certificates=(responder.certificate,))

    return _answered(world, make)


@case
def ocsp_responder_without_certificate(world):
    def make(authority, _signer, single):
        return ocsp_response(_responder(authority, world), [single], produced_at=NOW - HOUR)

    return _answered(world, make)


@case
def ocsp_responder_expired(world):
    def make(authority, _signer, single):
        responder = _responder(authority, world, since=-30 * DAY, until=-DAY)
        return ocsp_response(responder, [single], produced_at=NOW - HOUR, certificates=(responder.certificate,))

    return _answered(world, make)


@case
def ocsp_responder_may_not_sign(world):
    """The purpose is right, the key usage allows agreement only."""

    def make(authority, _signer, single):
        responder = _responder(authority, world, (key_usage(4), extended_key_usage(OCSP_SIGNING)))
        return ocsp_response(responder, [single], produced_at=NOW - HOUR, certificates=(responder.certificate,))

    return _answered(world, make)


@case
def ocsp_by_the_signer_itself(world):
    return _answered(
        world,
        lambda _ca, signer, single: ocsp_response(
            signer, [single], produced_at=NOW - HOUR, certificates=(signer.certificate,)
        ),
    )


@case
def ocsp_signature_broken(world):
    def make(authority, _signer, single):
        return ocsp_response(authority, [single], produced_at=NOW - HOUR, signature=authority.sign(b"other"))

    return _answered(world, make)


@case
def ocsp_for_another_certificate(world):
    def make(authority, _signer, _single):
        other = world.leaf("另一人", authority)
        single = single_response(
            certificate_id(other.certificate, authority), this_update=NOW - HOUR, next_update=NOW + DAY
        )
        return ocsp_response(authority, [single], produced_at=NOW - HOUR)

    return _answered(world, make)


@case
def ocsp_for_the_same_serial_elsewhere(world):
    """The right serial number under another issuer's hashes."""

    def make(authority, signer, _single):
        single = single_response(
            certificate_id(signer.certificate, world.ca), this_update=NOW - HOUR, next_update=NOW + DAY
        )
        return ocsp_response(authority, [single], produced_at=NOW - HOUR)

    return _answered(world, make)


@case
def ocsp_error_instead_of_answer(world):
    return _answered(world, lambda *_: ocsp_wrapper(3))


@case
def ocsp_rubbish(world):
    return _answered(world, lambda *_: b"\x30\x03\x0a\x01\x00rubbish")


@case
def ocsp_without_next_update(world):
    """Newer information is always available (RFC 6960, 4.2.2.1); how old an answer may be is the policy's affair."""
    return _answered(world, _delegated(world), until=None)


@case
def ocsp_good_but_older_than_the_list(world):
    """An answer of last week says good, the list of today says revoked."""
    authority = world.authority("先好后坏")
    signer = world.leaf(issuer=authority)
    world.revoke(signer, issuer=authority)
    single = single_response(
        certificate_id(signer.certificate, authority), this_update=NOW - 6 * DAY, next_update=NOW + DAY
    )
    response = ocsp_response(authority, [single], produced_at=NOW - 6 * DAY)
    return with_evidence(signed(signer), ocsp_responses=(response,)).data


@case
def ocsp_two_answers_differ(world):
    """A fresh revocation beside an older good answer, both in the file."""
    authority = world.authority("前后不一", listed=False)
    signer = world.leaf(issuer=authority)
    cert_id = certificate_id(signer.certificate, authority)
    older = single_response(cert_id, this_update=NOW - 2 * DAY, next_update=NOW + DAY)
    newer = single_response(cert_id, revoked_status(NOW - DAY), this_update=NOW - HOUR, next_update=NOW + DAY)
    responses = tuple(
        ocsp_response(authority, [single], produced_at=at)
        for single, at in ((older, NOW - 2 * DAY), (newer, NOW - HOUR))
    )
    return with_evidence(signed(signer), ocsp_responses=responses).data
