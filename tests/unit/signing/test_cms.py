"""CMS SignedData: what stands in it, and that it is DER."""

import pytest
from asn1crypto import cms as asn1_cms
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from signing import sm2
from signing.algorithms import SIGNATURE_TIMESTAMP_OID, SM2_WITH_SM3_OID, SM3_OID, digest
from signing.cms import assemble, attribute, build_signed_data, signed_attributes
from signing.errors import InvalidSignatureError, MalformedDataError
from signing.keys_sm2 import Sm2SigningKey
from signing.sm2 import sm3
from signing.validation.cms_reading import parse_cms
from tests.unit.signing.pki import ecdsa_key, pki

DIGEST = sm3(b"a licence")


def parsed(encoded):
    return asn1_cms.ContentInfo.load(encoded, strict=True)["content"]


def test_a_baseline_signature_holds_exactly_the_three_signed_attributes():
    key = pki().seal
    signed = parse_cms(build_signed_data(message_digest=DIGEST, key=key))
    attributes = asn1_cms.CMSAttributes.load(signed.signed_attributes)
    assert sorted(a["type"].native for a in attributes) == [
        "content_type",
        "message_digest",
        "signing_certificate_v2",
    ]
    assert signed.message_digest == DIGEST
    assert (signed.digest_oid, signed.signature_oid) == (SM3_OID, SM2_WITH_SM3_OID)
    assert signed.certificate_reference.digest_oid == SM3_OID
    assert signed.certificate_reference.digest == sm3(key.certificate)
    assert signed.encapsulated is None


def test_the_signature_is_over_the_attributes_as_a_set():
    key = pki().seal
    signed = parse_cms(build_signed_data(message_digest=DIGEST, key=key))
    sm2.verify(key.private.public_key, signed.signed_attributes, signed.signature)
    other = signed_attributes(message_digest=sm3(b"another licence"), key=key)
    with pytest.raises(InvalidSignatureError):
        sm2.verify(key.private.public_key, other, signed.signature)


def test_leaf_and_chain_are_embedded_in_der_order_without_the_root():
    key = pki().seal
    certificates = [c.chosen.dump() for c in parsed(build_signed_data(message_digest=DIGEST, key=key))["certificates"]]
    assert certificates == sorted((key.certificate, *key.chain))
    assert pki().root.certificate not in certificates


def test_certificates_can_be_left_out():
    encoded = build_signed_data(message_digest=DIGEST, key=pki().seal, with_certificates=False)
    assert parse_cms(encoded).certificates == ()


def test_versions_follow_the_content_type():
    key = pki().seal
    assert parsed(build_signed_data(message_digest=DIGEST, key=key))["version"].native == "v1"
    token = pki().unit.stamp(DIGEST)
    assert parsed(token)["version"].native == "v3"
    assert parse_cms(token).message_digest == sm3(parse_cms(token).encapsulated)


def test_ecdsa_keys_sign_with_sha256_and_leave_the_default_digest_out_of_the_reference():
    key = ecdsa_key()
    signed = parse_cms(build_signed_data(message_digest=digest("2.16.840.1.101.3.4.2.1", b"x"), key=key))
    key.private.public_key().verify(signed.signature, signed.signed_attributes, ec.ECDSA(hashes.SHA256()))
    assert signed.certificate_reference.digest == digest("2.16.840.1.101.3.4.2.1", key.certificate)
    assert bytes.fromhex("608648016503040201") not in signed.signed_attributes


def test_the_time_stamp_is_asked_for_over_the_signature_value():
    asked = []

    def timestamp(signature):
        asked.append(signature)
        return pki().unit.stamp(sm3(signature))

    signed = parse_cms(build_signed_data(message_digest=DIGEST, key=pki().seal, timestamp=timestamp))
    assert asked == [signed.signature]
    assert len(signed.timestamps) == 1


def test_signing_can_happen_elsewhere_between_attributes_and_assembly():
    key = pki().seal
    attributes = signed_attributes(message_digest=DIGEST, key=key)
    signature = key.sign(attributes)
    later = assemble(
        attributes=attributes,
        signature=signature,
        key=key,
        unsigned_attributes=(attribute(SIGNATURE_TIMESTAMP_OID, pki().unit.stamp(sm3(signature))),),
    )
    signed = parse_cms(later)
    sm2.verify(key.private.public_key, signed.signed_attributes, signed.signature)
    assert len(signed.timestamps) == 1


def test_asn1crypto_writes_the_same_bytes_again():
    encoded = build_signed_data(
        message_digest=DIGEST, key=pki().seal, timestamp=lambda value: pki().unit.stamp(sm3(value))
    )
    assert asn1_cms.ContentInfo.load(encoded, strict=True).copy().dump(force=True) == encoded


def test_a_key_without_a_certificate_is_refused():
    key = Sm2SigningKey(pki().seal.private, b"no certificate")
    with pytest.raises(MalformedDataError):
        build_signed_data(message_digest=DIGEST, key=key)


def test_the_key_tells_nothing_in_its_repr():
    assert "private" not in repr(pki().seal)
