"""PKCS#12 and .sm2 files of our own making, sound and broken; those of other tools are in tests/interop."""

import base64
import contextlib
import hashlib

import pytest
from cryptography.hazmat.primitives import padding, serialization
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509 import load_der_x509_certificate
from hypothesis import given, settings
from hypothesis import strategies as st

from signing import der, sm2_gmssl
from signing.errors import KeyRefusedError, UnsupportedFormatError
from signing.keys import SignatureAlgorithm
from signing.pbes import pkcs12_derive
from signing.pkcs12 import is_container, read_pkcs12
from signing.private_keys import open_key, public_half, seal_key
from tests.unit.signing.key_material import KINDS, certified, private

PASSWORD = "口令1234".encode()
GM_DATA = "1.2.156.10197.6.1.4.2.1"


def sm2_file(password=PASSWORD, cipher="1.2.156.10197.1.104"):
    """The layout that CFCA hands out, written from its description."""
    backend = sm2_gmssl.load_gmssl_pyx()
    key = backend.generate()
    secret = hashlib.new("sm3", password + b"\0\0\0\x01").digest()
    padder = padding.PKCS7(128).padder()
    encryptor = Cipher(algorithms.SM4(secret[16:]), modes.CBC(secret[:16])).encryptor()
    sealed = encryptor.update(padder.update(key.scalar) + padder.finalize()) + encryptor.finalize()
    certificate = certified(SignatureAlgorithm.SM2_WITH_SM3).certificate
    encoded = der.sequence(
        der.integer(1),
        der.sequence(der.oid(GM_DATA), der.oid(cipher), der.octet_string(sealed)),
        der.sequence(der.oid(GM_DATA), der.octet_string(certificate)),
    )
    return key, encoded


def pfx(kind=SignatureAlgorithm.ECDSA_WITH_SHA256, password=PASSWORD):
    key = certified(kind)
    return pkcs12.serialize_key_and_certificates(
        "名称".encode(),
        key.private,
        load_der_x509_certificate(key.certificate),
        [load_der_x509_certificate(c) for c in key.chain],
        serialization.BestAvailableEncryption(password),
    )


@pytest.mark.parametrize("encode", [bytes, base64.b64encode, base64.encodebytes], ids=["DER", "base64", "lines"])
def test_a_ca_s_sm2_file_gives_key_and_certificate(encode):
    key, encoded = sm2_file()
    found = read_pkcs12(encode(encoded), PASSWORD)
    assert public_half(found.keys[0]) == key.public_key.spki
    assert found.certificates == (certified(SignatureAlgorithm.SM2_WITH_SM3).certificate,)
    assert is_container(encode(encoded))


def test_a_ca_s_sm2_file_does_not_open_with_another_password():
    _, encoded = sm2_file()
    for wrong in (b"", b"x", PASSWORD[:-1]):
        with pytest.raises(KeyRefusedError):
            read_pkcs12(encoded, wrong)


def test_an_sm2_file_under_another_cipher_is_named():
    _, encoded = sm2_file(cipher="2.16.840.1.101.3.4.1.2")
    with pytest.raises(UnsupportedFormatError, match="not under SM4"):
        read_pkcs12(encoded, PASSWORD)


@pytest.mark.parametrize("kind", KINDS[1:], ids=str)
def test_pkcs12_of_another_writer_is_read(kind):
    found = read_pkcs12(pfx(kind), PASSWORD)
    assert [public_half(key) for key in found.keys] == [public_half(private(kind))]
    assert set(found.certificates) == {certified(kind).certificate, *certified(kind).chain}


def test_a_changed_file_is_refused_wherever_it_was_changed():
    data = pfx()
    for place in range(0, len(data), len(data) // 40):
        changed = bytearray(data)
        changed[place] ^= 1
        with pytest.raises((KeyRefusedError, UnsupportedFormatError)):
            read_pkcs12(bytes(changed), PASSWORD)
    for end in range(0, len(data), len(data) // 20):
        with pytest.raises((KeyRefusedError, UnsupportedFormatError)):
            read_pkcs12(data[:end], PASSWORD)


def test_a_wrong_password_tells_nothing():
    with pytest.raises(KeyRefusedError) as caught:
        read_pkcs12(pfx(), b"not the password")
    assert "not the password" not in str(caught.value)
    assert str(caught.value) == "the password does not open the file, or the file is damaged"


def test_a_file_without_integrity_check_is_refused():
    safe = der.sequence(der.oid("1.2.840.113549.1.7.1"), der.explicit(0, der.octet_string(der.sequence())))
    with pytest.raises(KeyRefusedError, match="no integrity check"):
        read_pkcs12(der.sequence(der.integer(3), safe), PASSWORD)


def test_a_file_under_a_public_key_is_named():
    safe = der.sequence(der.oid("1.2.840.113549.1.7.2"), der.explicit(0, der.sequence()))
    with pytest.raises(UnsupportedFormatError, match="public key"):
        read_pkcs12(der.sequence(der.integer(3), safe), PASSWORD)


def test_too_large_a_file_is_not_parsed():
    with pytest.raises(UnsupportedFormatError, match="at most"):
        read_pkcs12(b"\x30" * (1024 * 1024 + 1), PASSWORD)


def test_private_key_files_are_no_containers():
    for kind in KINDS:
        assert not is_container(seal_key(private(kind), PASSWORD, iterations=1000))
    plain = private(KINDS[1]).private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    assert not is_container(plain)
    assert not is_container(b"-----BEGIN PRIVATE KEY-----")
    assert is_container(pfx())


def test_the_representation_holds_no_key():
    assert "keys" not in repr(read_pkcs12(pfx(), PASSWORD))


def test_the_derivation_of_rfc_7292_gives_what_its_published_example_gives():
    # From the test vectors that BouncyCastle and others share: password "smeg", SHA-1, one iteration.
    salt = bytes.fromhex("0a58cf64530d823f")
    expected = "8aaae6297b6cb04642ab5b077851284eb7128f1a2a7fbca3"
    assert pkcs12_derive("sha1", 1, b"smeg", salt, 1, 24).hex() == expected
    assert pkcs12_derive("sha1", 2, b"smeg", salt, 1, 8).hex() == "79993dfe048d3b76"


MUTATIONS = st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=4)
SAMPLES = {"pfx": pfx(), "sm2": sm2_file()[1], "p8": seal_key(private(KINDS[0]), PASSWORD, iterations=1)}


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(SAMPLES)), MUTATIONS, st.integers(0, 40))
def test_a_mutated_file_is_refused_or_read_and_nothing_else(name, mutations, cut):
    data = bytearray(SAMPLES[name])
    for place, value in mutations:
        data[place % len(data)] = value
    for read in (read_pkcs12, open_key):
        with contextlib.suppress(KeyRefusedError, UnsupportedFormatError):
            read(bytes(data[: len(data) - cut]), PASSWORD)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_refused(data):
    for read in (read_pkcs12, open_key):
        with pytest.raises((KeyRefusedError, UnsupportedFormatError)):
            read(data, PASSWORD)
