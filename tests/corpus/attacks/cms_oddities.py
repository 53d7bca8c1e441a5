"""Oddities of the CMS in /Contents (RFC 5652, EN 319 122-1, GM/T 0010): signers, algorithms, attributes, encodings."""

import secrets

from signing import der, sm2
from tests.corpus.case import case
from tests.corpus.documents import signed, sm3
from tests.corpus.makers import cms
from tests.corpus.makers.keys import (
    ECDSA_WITH_SHA256,
    MD5,
    SHA1,
    SHA256,
    SM2_BARE,
    Holder,
    algorithm_identifier,
    rsa_sha1,
    sm2_pair,
)
from tests.corpus.makers.x509 import SIGNER, certificate
from tests.corpus.world import FAR_OFF, LONG_AGO

ADOBE = {"sub_filter": "adbe.pkcs7.detached"}
RSA_ENCRYPTION = "1.2.840.113549.1.1.1"
ENVELOPED_DATA = "1.2.840.113549.1.7.3"


def _with_info(world, make_info, **options):
    """A licence whose only signer info is made by a function of its digest."""

    def make(content):
        info = make_info(sm3(content))
        return cms.signed_data([info], (world.signer.certificate, *world.signer.chain))

    return signed(world.signer, make=make, **options).data


def _with_attributes(world, make_attributes, **options):
    return _with_info(world, lambda value: cms.signer_info(world.signer, make_attributes(value)), **options)


def _with_certificates(world, certificates, **options):
    return signed(
        world.signer, make=lambda content: cms.pades(world.signer, sm3(content), certificates=certificates), **options
    ).data


def _with_signature(world, twist, **options):
    """The signature value twisted by a function of its two integers; the attributes are in order."""

    def make_info(value):
        attributes = cms.usual_attributes(world.signer, value)
        genuine = world.signer.sign(der.tlv(0x31, b"".join(sorted(attributes))))
        return cms.signer_info(world.signer, attributes, signature=twist(*sm2.parse_signature(genuine)))

    return _with_info(world, make_info, **options)


# Good ones, so that a verifier that refuses everything does not look safe.


@case
def good_sm2(world):
    return signed(world.signer).data


@case
def good_sm2_uncertified(world):
    return signed(world.signer, certify=None).data


@case
def good_ecdsa(world):
    return signed(world.family("ecdsa")[0]).data


@case
def good_rsa(world):
    return signed(world.family("rsa")[0]).data


@case
def good_adobe_sub_filter(world):
    return signed(world.signer, **ADOBE).data


@case
def good_bare_sm2_oid(world):
    """301.1 stands for the curve's signature scheme; GB/T 35275 files write it instead of 501."""
    return _with_info(
        world,
        lambda value: cms.signer_info(world.signer, cms.usual_attributes(world.signer, value), signature_oid=SM2_BARE),
    )


@case
def good_bare_rsa_oid(world):
    """PKCS#7 v1.5 names rsaEncryption and leaves the digest to the signer info."""
    signer = world.family("rsa")[0]
    return signed(
        signer, make=lambda content: cms.pades(signer, cms.digest(SHA256, content), signature_oid=RSA_ENCRYPTION)
    ).data


@case
def good_named_by_key_identifier(world):
    identifier = cms.subject_key_id(world.signer.certificate)
    return signed(world.signer, make=lambda c: cms.pades(world.signer, sm3(c), identifier=identifier, version=3)).data


@case
def good_with_unknown_attributes(world):
    odd = cms.attribute("1.2.3.4.5.6", der.utf8("whatever"))
    return signed(world.signer, make=lambda c: cms.pades(world.signer, sm3(c), extra=(odd,), unsigned=(odd,))).data


@case
def good_with_signing_time(world):
    """EN 319 142-1 says the time in /M; older signers say it here as well."""
    return signed(
        world.signer, make=lambda c: cms.pades(world.signer, sm3(c), extra=(cms.signing_time(world.at),))
    ).data


# Signers


@case
def cms_two_signer_infos(world):
    def make(content):
        infos = [cms.signer_info(h, cms.usual_attributes(h, sm3(content))) for h in (world.signer, world.leaf())]
        return cms.signed_data(infos, (world.signer.certificate, *world.signer.chain))

    return signed(world.signer, make=make).data


@case
def cms_second_signer_is_a_stranger(world):
    def make(content):
        signers = (world.signer, world.stranger)
        infos = [cms.signer_info(h, cms.usual_attributes(h, sm3(content))) for h in signers]
        return cms.signed_data(infos, [c for h in signers for c in (h.certificate, *h.chain)])

    return signed(world.signer, make=make).data


@case
def cms_no_signer_info(world):
    return signed(world.signer, make=lambda _: cms.signed_data([], (world.signer.certificate,))).data


@case
def cms_certificate_missing(world):
    return _with_certificates(world, ())


@case
def cms_certificate_of_someone_else(world):
    other = world.leaf()
    return _with_certificates(world, (other.certificate, *other.chain))


@case
def cms_certificate_with_the_same_serial(world):
    """Another key under the issuer and serial number of the signer: only the signed reference tells them apart."""
    from asn1crypto import x509

    serial = x509.Certificate.load(world.signer.certificate).serial_number
    double = world.leaf(serial=serial)
    return _with_certificates(world, (double.certificate, *double.chain))


@case
def cms_key_of_an_attacker(world):
    """The authority's certificate, the attacker's key."""
    forged = Holder(sm2_pair(), world.signer.certificate, world.signer.name, world.signer.chain)
    return signed(forged).data


@case
def cms_self_made_certificate(world):
    """A self-signed certificate with the authority's name."""
    pair = sm2_pair()
    made = certificate(world.signer.name, pair, None, since=LONG_AGO, until=FAR_OFF, extensions=SIGNER)
    return signed(Holder(pair, made, world.signer.name)).data


@case
def cms_identifier_of_another_issuer(world):
    other = cms.issuer_and_serial(world.stranger.certificate)
    return signed(world.signer, make=lambda content: cms.pades(world.signer, sm3(content), identifier=other)).data


@case
def cms_rubbish_among_the_certificates(world):
    """The bag of certificates is not signed; what cannot be read in it does no harm."""
    rubbish = der.sequence(der.integer(1))
    return _with_certificates(world, (world.signer.certificate, *world.signer.chain, rubbish))


@case
def cms_forty_certificates_too_many(world):
    strangers = [world.leaf(f"无关{n}").certificate for n in range(40)]
    return _with_certificates(world, (world.signer.certificate, *world.signer.chain, *strangers), digits=60_000)


# Digests and algorithms


@case
def cms_digest_of_another_document(world):
    return signed(world.signer, make=lambda _: cms.pades(world.signer, sm3(b"another document"))).data


@case
def cms_digest_cut_short(world):
    """Four octets of the right digest: a comparison of the common length would take them."""
    return signed(world.signer, make=lambda content: cms.pades(world.signer, sm3(content)[:4])).data


@case
def cms_digest_empty(world):
    return signed(world.signer, make=lambda _: cms.pades(world.signer, b"")).data


@case
def cms_digest_algorithm_swapped(world):
    """The signer info says SHA-256, the digest is SM3: both have 32 octets."""
    return signed(world.signer, make=lambda content: cms.pades(world.signer, sm3(content), digest_oid=SHA256)).data


@case
def cms_digest_algorithm_unknown(world):
    return signed(world.signer, make=lambda content: cms.pades(world.signer, sm3(content), digest_oid="1.2.3.4")).data


@case
def cms_digest_sha1(world):
    signer = world.family("rsa")[0]
    old = Holder(rsa_sha1(signer.pair), signer.certificate, signer.name, signer.chain)
    return signed(old).data


@case
def cms_digest_md5(world):
    signer = world.family("rsa")[0]

    def make(content):
        attributes = cms.usual_attributes(signer, cms.digest(MD5, content))
        return cms.signed_data(
            [cms.signer_info(signer, attributes, digest_oid=MD5)], (signer.certificate, *signer.chain)
        )

    return signed(signer, make=make).data


@case
def cms_digest_sha1_under_sm2(world):
    def make_info(content):
        return cms.signer_info(
            world.signer, cms.usual_attributes(world.signer, cms.digest(SHA1, content)), digest_oid=SHA1
        )

    return signed(
        world.signer,
        make=lambda content: cms.signed_data([make_info(content)], (world.signer.certificate, *world.signer.chain)),
    ).data


@case
def cms_signature_algorithm_swapped(world):
    """ECDSA claimed for an SM2 key."""
    return signed(world.signer, make=lambda c: cms.pades(world.signer, sm3(c), signature_oid=ECDSA_WITH_SHA256)).data


@case
def cms_signature_algorithm_unknown(world):
    return signed(
        world.signer, make=lambda content: cms.pades(world.signer, sm3(content), signature_oid="1.2.3.4")
    ).data


@case
def cms_sm2_claimed_for_an_ecdsa_key(world):
    signer = world.family("ecdsa")[0]
    return signed(
        signer, make=lambda c: cms.pades(signer, cms.digest(SHA256, c), signature_oid="1.2.156.10197.1.501")
    ).data


@case
def cms_wrong_user_id(world):
    """SM2 with the signer identity of another product: Z_A differs."""
    return signed(world.leaf(pair=sm2_pair(b"ALICE123@YAHOO.COM"))).data


@case
def cms_empty_user_id(world):
    """What OpenSSL does when it is not told the identity."""
    return signed(world.leaf(pair=sm2_pair(b""))).data


# Signature values


@case
def cms_value_of_other_attributes(world):
    def make_info(value):
        return cms.signer_info(
            world.signer, cms.usual_attributes(world.signer, value), signature=world.signer.sign(b"x")
        )

    return _with_info(world, make_info)


@case
def cms_value_with_leading_zeros(world):
    """r and s with octets more than DER allows (X.690, 8.3.2)."""
    return _with_signature(world, lambda r, s: der.sequence(*(der.tlv(2, bytes(2) + n.to_bytes(32)) for n in (r, s))))


@case
def cms_value_with_long_form_length(world):
    return _with_signature(world, lambda r, s: b"\x30\x81" + sm2.signature_from_scalars(r, s)[1:])


@case
def cms_value_with_trailing_bytes(world):
    return _with_signature(world, lambda r, s: sm2.signature_from_scalars(r, s) + b"\x00\x00")


@case
def cms_value_negative(world):
    return _with_signature(world, lambda r, s: der.sequence(der.integer(r - sm2.N), der.integer(s)))


@case
def cms_value_zero(world):
    return _with_signature(world, lambda _r, _s: der.sequence(der.integer(0), der.integer(0)))


@case
def cms_value_beyond_the_order(world):
    """r + n is the same residue, and not a signature (GB/T 32918.2, 7.1)."""
    return _with_signature(world, lambda r, s: der.sequence(der.integer(r + sm2.N), der.integer(s)))


@case
def cms_value_sums_to_the_order(world):
    return _with_signature(world, lambda r, _s: der.sequence(der.integer(r), der.integer(sm2.N - r)))


@case
def cms_value_with_s_negated(world):
    """Right for ECDSA, where (r, -s) is a signature too; for SM2 it is none."""
    return _with_signature(world, lambda r, s: der.sequence(der.integer(r), der.integer(sm2.N - s)))


@case
def cms_value_empty(world):
    return _with_signature(world, lambda _r, _s: b"")


@case
def cms_value_raw_in_flavour_a(world):
    """64 octets instead of DER: a custom of the GM profiles, not of CMS with PKCS#7 identifiers (GM/T 0009, 7.3)."""
    return _with_signature(world, lambda r, s: r.to_bytes(32) + s.to_bytes(32))


# Attributes


@case
def cms_signing_certificate_missing(world):
    return _with_attributes(world, lambda value: (cms.content_type(), cms.message_digest(value)))


@case
def cms_signing_certificate_missing_adobe(world):
    return _with_attributes(world, lambda value: (cms.content_type(), cms.message_digest(value)), **ADOBE)


@case
def cms_signing_certificate_by_sha1(world):
    """The first version of the attribute (RFC 2634) binds the certificate by SHA-1 alone."""
    reference = cms.signing_certificate_v1(world.signer.certificate)
    return _with_attributes(world, lambda value: (cms.content_type(), cms.message_digest(value), reference))


@case
def cms_signing_certificate_of_another(world):
    reference = cms.signing_certificate_v2(world.stranger.certificate)
    return _with_attributes(world, lambda value: (cms.content_type(), cms.message_digest(value), reference))


@case
def cms_attribute_twice(world):
    return _with_attributes(
        world, lambda value: (*cms.usual_attributes(world.signer, value), cms.message_digest(sm3(b"another")))
    )


@case
def cms_attribute_with_two_values(world):
    def attributes(value):
        both = cms.attribute(cms.MESSAGE_DIGEST, der.octet_string(value), der.octet_string(sm3(b"another")))
        return cms.content_type(), both, cms.signing_certificate_v2(world.signer.certificate)

    return _with_attributes(world, attributes)


@case
def cms_message_digest_missing(world):
    reference = cms.signing_certificate_v2(world.signer.certificate)
    return _with_attributes(world, lambda _: (cms.content_type(), reference))


@case
def cms_content_type_missing(world):
    reference = cms.signing_certificate_v2(world.signer.certificate)
    return _with_attributes(world, lambda value: (cms.message_digest(value), reference))


@case
def cms_content_type_mismatch(world):
    """The signed attributes say TSTInfo, the content is data."""
    reference = cms.signing_certificate_v2(world.signer.certificate)
    return _with_attributes(world, lambda v: (cms.content_type(cms.TST_INFO), cms.message_digest(v), reference))


def _without_attributes(world, **options):
    certificates = (world.signer.certificate, *world.signer.chain)

    def make(content):
        return cms.signed_data([cms.signer_info(world.signer, (), message=content)], certificates)

    return signed(world.signer, make=make, **options).data


@case
def cms_attributes_missing(world):
    """Nothing but the bytes are signed: allowed in CMS, not in a PAdES baseline signature (EN 319 142-1, 6.3)."""
    return _without_attributes(world)


@case
def cms_attributes_missing_adobe(world):
    return _without_attributes(world, **ADOBE)


@case
def cms_attributes_out_of_order(world):
    """The attributes are signed as they stand, and they do not stand in the order of DER."""

    def make_info(value):
        attributes = sorted(cms.usual_attributes(world.signer, value), reverse=True)
        return cms.signer_info(world.signer, attributes, sort=False)

    return _with_info(world, make_info)


@case
def cms_content_encapsulated(world):
    """The CMS brings its own content along; what is signed then is that content, not the PDF."""

    def make(content):
        own = b"the content that the attacker had signed elsewhere"
        info = cms.signer_info(world.signer, cms.usual_attributes(world.signer, sm3(own)))
        return cms.signed_data([info], (world.signer.certificate, *world.signer.chain), content=own)

    return signed(world.signer, make=make).data


@case
def cms_content_encapsulated_beside_the_right_digest(world):
    """The digest is that of the PDF, but something else is encapsulated (EN 319 142-1, 6.3 d forbids it)."""

    def make(content):
        info = cms.signer_info(world.signer, cms.usual_attributes(world.signer, sm3(content)))
        return cms.signed_data([info], (world.signer.certificate, *world.signer.chain), content=b"something else")

    return signed(world.signer, make=make).data


# Encodings


def _twisted(world, twist):
    return signed(world.signer, make=lambda content: twist(cms.pades(world.signer, sm3(content)))).data


@case
def cms_trailing_bytes(world):
    return _twisted(world, lambda value: value + b"\x00\x00\x01")


@case
def cms_second_cms_behind(world):
    return _twisted(world, lambda value: value + value)


@case
def cms_indefinite_length(world):
    """BER where DER is asked for (ISO 32000-2, 12.8.3.3.1)."""
    return _twisted(world, cms.indefinite)


@case
def cms_truncated(world):
    return _twisted(world, lambda value: value[: len(value) // 2])


@case
def cms_length_beyond_the_contents(world):
    return _twisted(world, lambda value: b"\x30\x84\x7f\xff\xff\xff" + value[4:])


@case
def cms_nested_two_thousand_deep(world):
    nest = b""
    for _ in range(2000):
        nest = der.sequence(nest)
    return signed(world.signer, make=lambda _: nest, digits=40_000).data


@case
def cms_enveloped_data(world):
    return _twisted(
        world, lambda _: der.sequence(der.oid(ENVELOPED_DATA), der.explicit(0, der.sequence(der.integer(0))))
    )


@case
def cms_a_certificate_instead(world):
    return _twisted(world, lambda _: world.signer.certificate)


@case
def cms_a_bare_signature_instead(world):
    return signed(world.signer, make=world.signer.sign).data


@case
def cms_random_bytes_instead(world):
    return _twisted(world, lambda _: b"\x30\x82\x01\x00" + secrets.token_bytes(256))


@case
def cms_a_timestamp_instead(world):
    """A time-stamp token over the right bytes in a field that claims to hold a signature."""
    return signed(world.signer, make=lambda content: cms.token(world.unit, sm3(content), world.at)).data


@case
def cms_algorithm_with_odd_parameters(world):
    """SM3 with NULL parameters: some middleware writes them; they change nothing."""
    plain = algorithm_identifier(world.signer.pair.digest_oid)
    odd = der.sequence(der.oid(world.signer.pair.digest_oid), der.NULL)

    def make(content):
        info = cms.signer_info(world.signer, cms.usual_attributes(world.signer, sm3(content)))
        fields = der.content_of(info).replace(plain, odd, 1)
        return cms.signed_data([der.sequence(fields)], (world.signer.certificate, *world.signer.chain))

    return signed(world.signer, make=make).data
