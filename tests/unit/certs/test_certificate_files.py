"""Certificates from a CA: forms, and what does not belong together."""

import base64
from dataclasses import replace

import pytest
from asn1crypto import pem

from certs.certificate_files import match_chain, read_certificates
from certs.errors import CertificateImportError
from certs.keystore import encode_pem
from certs.profiles import ISSUING_CA, SEAL_SIGNER, KeyUsage
from signing import der
from tests.pki import DAY, NOW, make_pki, make_stranger

GM_SIGNED_DATA, GM_DATA = "1.2.156.10197.6.1.4.2.2", "1.2.156.10197.6.1.4.2.1"


@pytest.fixture
def pki():
    return make_pki()


def spki(key):
    return key.private.public_key.spki


def gm_pkcs7(*certificates):
    """A bundle under the OIDs of GB/T 35275."""
    signed = der.sequence(
        der.integer(1),
        der.set_of(),
        der.sequence(der.oid(GM_DATA)),
        der.explicit(0, b"".join(certificates)),
        der.set_of(),
    )
    return der.sequence(der.oid(GM_SIGNED_DATA), der.explicit(0, signed))


def test_every_form_gives_the_same_certificates(pki):
    one, two = pki.leaf().certificate, pki.issuing.certificate
    both = [
        encode_pem([one, two]),
        gm_pkcs7(one, two),
        pem.armor("PKCS7", gm_pkcs7(one, two)),
        base64.encodebytes(gm_pkcs7(one, two)),
        pem.armor("PRIVATE KEY", b"\x30\x00") + encode_pem([one, two, one]),
    ]
    assert [read_certificates(data) for data in both] == [(one, two)] * len(both)
    assert read_certificates(one) == read_certificates(base64.b64encode(one)) == (one,)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"garbage",
        b"\x30\x03\x02\x01\x01",
        b"\x30\x82\xff\xff",
        pem.armor("CERTIFICATE", b"\x30\x00"),
        pem.armor("PRIVATE KEY", b"\x30\x00"),
        der.sequence(der.oid("1.2.840.113549.1.7.3"), der.explicit(0, der.sequence())),
        gm_pkcs7(),
        gm_pkcs7(b"\x30\x00"),
        b"0" * (4 * 1024 * 1024 + 1),
    ],
    ids=range(10),
)
def test_what_holds_no_readable_certificate_is_refused(data):
    with pytest.raises(CertificateImportError):
        read_certificates(data)


def test_the_chain_is_completed_from_what_is_known_without_the_root(pki):
    key = pki.leaf()
    found = match_chain(spki(key), [key.certificate], [pki.root.certificate, pki.issuing.certificate], at=NOW)
    assert (found.certificate, found.chain) == (key.certificate, (pki.issuing.certificate,))
    assert found.root == pki.root.certificate


def test_of_two_certificates_for_one_key_the_later_is_taken(pki):
    key = pki.leaf(until=100 * DAY)
    later = pki.leaf(until=200 * DAY)
    assert spki(later) != spki(key)
    everything = [pki.issuing.certificate, key.certificate, later.certificate, pki.root.certificate]
    assert match_chain(spki(key), everything, [], at=NOW).certificate == key.certificate
    assert match_chain(spki(later), everything, [], at=NOW).certificate == later.certificate


@pytest.mark.parametrize(
    ("arrange", "complaint"),
    [
        (
            lambda pki, key: ([pki.issuing.certificate], [pki.root.certificate]),
            "No certificate in the file is for this",
        ),
        (lambda pki, key: ([key.certificate], [pki.root.certificate]), "issuing certificate is missing: CN=测试签发"),
        (
            lambda pki, key: ([key.certificate, pki.issuing.certificate], []),
            "issuing certificate is missing: CN=测试根",
        ),
        (
            lambda pki, key: ([key.certificate, make_stranger().issuing.certificate], [pki.root.certificate]),
            "issuing certificate is missing",
        ),
    ],
    ids=["another key", "no issuer", "no root", "an issuer of the same name"],
)
def test_what_does_not_belong_together_is_said_with_the_way_out(arrange, complaint, pki):
    key = pki.leaf()
    certificates, known = arrange(pki, key)
    with pytest.raises(CertificateImportError, match=complaint):
        match_chain(spki(key), certificates, known, at=NOW)


@pytest.mark.parametrize("at", [NOW - 31 * DAY, NOW + 366 * DAY, NOW + 9000 * DAY])
def test_a_certificate_out_of_its_validity_is_refused(at, pki):
    key = pki.leaf()
    with pytest.raises(CertificateImportError, match="is not valid now"):
        match_chain(spki(key), [key.certificate], [pki.root.certificate, pki.issuing.certificate], at=at)


def test_a_certificate_that_may_not_sign_is_refused(pki):
    key = pki.leaf(replace(SEAL_SIGNER, key_usage=frozenset({KeyUsage.CRL_SIGN})))
    with pytest.raises(CertificateImportError, match="import the signing certificate"):
        match_chain(spki(key), [key.certificate], [pki.root.certificate, pki.issuing.certificate], at=NOW)


def test_a_ca_s_own_certificate_is_matched_too(pki):
    key = pki.authority(profile=ISSUING_CA)
    assert match_chain(spki(key), [key.certificate], [pki.root.certificate], at=NOW).chain == ()
