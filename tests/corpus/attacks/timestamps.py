"""Time-stamps (RFC 3161, EN 319 102-1, 5.4 and 5.5.4): what proves a time, what does not, and what that changes.

A token that proves nothing is left out (5.5.4, step 3): it neither breaks a signature nor lifts its level.
"""

from dataclasses import replace

from signing import der
from tests.corpus.case import case
from tests.corpus.documents import MINUTE, signed, sm3, stamped
from tests.corpus.makers import cms
from tests.corpus.makers.keys import SHA1, SHA256, ecdsa_pair
from tests.corpus.makers.x509 import (
    CODE_SIGNING,
    DAY,
    DIGITAL_SIGNATURE,
    SIGNER,
    TIME_STAMPING,
    UNIT,
    extended_key_usage,
    key_usage,
)
from tests.pki import NOW

EARLIER = NOW - 2 * DAY


def _with_token(world, make_token, signer=None):
    """A licence with one token, made by a function of the imprint."""
    signer = signer or world.signer
    unsigned = lambda signature: (cms.signature_timestamp(make_token(sm3(signature))),)  # noqa: E731
    return signed(signer, unsigned=unsigned).data


def _by(world, unit, at=EARLIER, **options):
    return signed(world.signer, unsigned=stamped(unit, at, **options)).data


@case
def good_timestamp(world):
    return _by(world, world.unit)


@case
def good_timestamp_sha256(world):
    return signed(
        world.signer,
        unsigned=lambda s: (
            cms.signature_timestamp(cms.token(world.unit, cms.digest(SHA256, s), EARLIER, imprint_oid=SHA256)),
        ),
    ).data


@case
def good_timestamp_by_ecdsa(world):
    return _by(world, world.family("ecdsa")[1])


@case
def good_timestamp_by_rsa(world):
    return _by(world, world.family("rsa")[1])


@case
def good_timestamp_with_nonce(world):
    return _by(world, world.unit, nonce=2**63 + 1)


@case
def good_timestamp_ecdsa_on_ecdsa(world):
    signer, unit = world.family("ecdsa")
    return signed(signer, unsigned=stamped(unit, EARLIER)).data


@case
def good_timestamp_rsa_on_rsa(world):
    signer, unit = world.family("rsa")
    return signed(signer, unsigned=stamped(unit, EARLIER)).data


@case
def good_two_timestamps(world):
    return signed(
        world.signer,
        unsigned=lambda s: (
            cms.signature_timestamp(*(cms.token(world.unit, sm3(s), at) for at in (NOW - DAY, EARLIER))),
        ),
    ).data


@case
def good_two_timestamp_attributes(world):
    """Unsigned attributes may be given more than once (EN 319 122-1, 5.3)."""
    return signed(
        world.signer,
        unsigned=lambda s: tuple(
            cms.signature_timestamp(cms.token(world.unit, sm3(s), at)) for at in (NOW - DAY, EARLIER)
        ),
    ).data


@case
def timestamp_one_good_one_of_other_data(world):
    return signed(
        world.signer,
        unsigned=lambda s: (
            cms.signature_timestamp(
                cms.token(world.unit, sm3(s), EARLIER), cms.token(world.unit, sm3(b"other"), NOW - 9 * DAY)
            ),
        ),
    ).data


@case
def timestamp_of_other_data(world):
    return _with_token(world, lambda _: cms.token(world.unit, sm3(b"other data"), EARLIER))


@case
def timestamp_of_the_document(world):
    """The imprint of the PDF instead of the signature value."""

    def make(content):
        token = cms.token(world.unit, sm3(content), EARLIER)
        return cms.pades(world.signer, sm3(content), unsigned=(cms.signature_timestamp(token),))

    return signed(world.signer, make=make).data


@case
def timestamp_of_the_future(world):
    return _by(world, world.unit, NOW + DAY)


@case
def timestamp_of_a_stranger(world):
    return _by(world, world.strange_unit)


@case
def timestamp_without_purpose(world):
    """The unit's certificate lacks id-kp-timeStamping (RFC 3161, 2.3)."""
    return _by(world, world.leaf("无用途", extensions=SIGNER))


@case
def timestamp_purpose_not_critical(world):
    usages = (key_usage(DIGITAL_SIGNATURE), extended_key_usage(TIME_STAMPING, critical=False))
    return _by(world, world.leaf("不关键", extensions=usages))


@case
def timestamp_purpose_not_alone(world):
    usages = (key_usage(DIGITAL_SIGNATURE), extended_key_usage(TIME_STAMPING, CODE_SIGNING))
    return _by(world, world.leaf("两用途", extensions=usages))


@case
def timestamp_by_the_signer(world):
    return _by(world, world.signer)


@case
def timestamp_unit_expired(world):
    """The unit was good when it stamped, and has expired since; nothing newer vouches for the token."""
    return _by(world, world.leaf("过期单元", extensions=UNIT, since=-30 * DAY, until=-DAY))


@case
def timestamp_unit_expired_before(world):
    return _by(world, world.leaf("早过期单元", extensions=UNIT, since=-30 * DAY, until=-3 * DAY))


@case
def timestamp_unit_not_yet_valid(world):
    return _by(world, world.leaf("未生效单元", extensions=UNIT, since=-DAY), NOW - 2 * DAY)


@case
def timestamp_unit_revoked(world):
    unit = world.leaf("吊销单元", extensions=UNIT)
    world.revoke(unit, NOW - DAY)
    return _by(world, unit)


@case
def timestamp_unit_without_revocation_data(world):
    authority = world.authority("无名单签发", listed=False)
    return _by(world, world.leaf("无名单单元", authority, extensions=UNIT))


@case
def timestamp_without_certificate(world):
    return _by(world, world.unit, certificates=())


@case
def timestamp_not_bound_to_its_certificate(world):
    """No signing-certificate attribute (RFC 3161, 2.4.2): whose token it is can be changed."""
    return _by(world, world.unit, bind=False)


@case
def timestamp_corrupted(world):
    def broken(imprint):
        token = cms.token(world.unit, imprint, EARLIER)
        return token.replace(f"{EARLIER:%Y%m%d%H%M%S}Z".encode(), f"{EARLIER - DAY:%Y%m%d%H%M%S}Z".encode())

    return _with_token(world, broken)


@case
def timestamp_signed_by_another_key(world):
    forged = replace(world.unit, pair=world.stranger.pair)
    return _by(world, forged)


@case
def timestamp_is_rubbish(world):
    return _with_token(world, lambda _: der.octet_string(b"no token"))


@case
def timestamp_is_a_signature(world):
    """CMS of the signer's own instead of a token."""
    return _with_token(world, lambda imprint: cms.pades(world.signer, imprint))


@case
def timestamp_attribute_empty(world):
    return signed(world.signer, unsigned=lambda _: (cms.attribute(cms.SIGNATURE_TIMESTAMP),)).data


@case
def timestamp_imprint_sha1(world):
    return signed(
        world.signer,
        unsigned=lambda s: (
            cms.signature_timestamp(cms.token(world.unit, cms.digest(SHA1, s), EARLIER, imprint_oid=SHA1)),
        ),
    ).data


@case
def timestamp_of_version_two(world):
    return _by(world, world.unit, version=2)


# What the proven time does to certificates that are out of their validity.


@case
def good_expired_after_timestamp(world):
    """Expired since yesterday, signed two days ago: proof of existence saves it (5.5.4)."""
    return signed(world.leaf(until=-DAY), unsigned=stamped(world.unit, EARLIER)).data


@case
def expired_without_proof(world):
    return signed(world.leaf(until=-DAY)).data


@case
def expired_before_timestamp(world):
    return signed(world.leaf(until=-3 * DAY), unsigned=stamped(world.unit, EARLIER)).data


@case
def expired_with_timestamp_of_a_stranger(world):
    return signed(world.leaf(until=-DAY), unsigned=stamped(world.strange_unit, EARLIER)).data


@case
def expired_with_timestamp_of_other_data(world):
    return _with_token(world, lambda _: cms.token(world.unit, sm3(b"other"), EARLIER), world.leaf(until=-DAY))


@case
def expired_ecdsa_after_timestamp(world):
    signer, unit = world.family("ecdsa")
    authority = world.holder_of(signer.chain[0])
    return signed(world.leaf(issuer=authority, pair=ecdsa_pair(), until=-DAY), unsigned=stamped(unit, EARLIER)).data


@case
def not_yet_valid(world):
    return signed(world.leaf(since=DAY)).data


@case
def timestamp_before_the_certificate(world):
    """The token proves that the signature is older than its certificate (5.5.4: NOT_YET_VALID)."""
    return signed(world.leaf(since=-DAY), unsigned=stamped(world.unit, EARLIER)).data


@case
def signed_minutes_after_expiry(world):
    return signed(world.leaf(until=-2 * DAY - MINUTE), unsigned=stamped(world.unit, EARLIER)).data


# Content time-stamps: proof that the signature is younger than something.


def _with_content_timestamp(world, signer, at, **options):
    def make(content):
        token = cms.attribute(cms.CONTENT_TIMESTAMP, cms.token(world.unit, sm3(content), at))
        return cms.pades(signer, sm3(content), extra=(token,), **options)

    return signed(signer, make=make).data


@case
def good_content_timestamp(world):
    return _with_content_timestamp(world, world.signer, EARLIER)


@case
def content_timestamp_after_expiry(world):
    """Proof that the certificate had expired when it signed (5.3.4)."""
    return _with_content_timestamp(world, world.leaf(until=-3 * DAY), EARLIER)


@case
def content_timestamp_after_revocation(world):
    """Proof that the certificate had been revoked when it signed (5.3.4)."""
    return _with_content_timestamp(world, world.revoke(world.leaf(), NOW - 3 * DAY), EARLIER)


@case
def content_timestamp_after_signature_timestamp(world):
    """The signature is older than the content that it signs: the times contradict each other (5.5.4)."""
    return _with_content_timestamp(world, world.signer, NOW - DAY, unsigned=stamped(world.unit, NOW - 5 * DAY))
