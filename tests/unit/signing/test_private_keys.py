"""Private keys: reading, sealing, matching."""

import pytest
from asn1crypto import pem
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa

from signing import der, sm2, sm2_gmssl
from signing.errors import KeyRefusedError
from signing.keys import SignatureAlgorithm
from signing.outside_keys import accept, algorithm_of
from signing.pkcs8 import plain_sm2, seal, unseal
from signing.private_keys import generate, load_scalar, open_key, public_half, seal_key, signing_key
from tests.unit.signing.key_material import KINDS, certified, private

PASSWORD = "口令 with spaces".encode()

each_kind = pytest.mark.parametrize("kind", KINDS, ids=str)


@each_kind
def test_a_sealed_key_opens_with_its_password_only(kind):
    sealed = seal_key(private(kind), PASSWORD, iterations=1000)
    assert public_half(open_key(sealed, PASSWORD)) == public_half(private(kind))
    armored = pem.armor("ENCRYPTED PRIVATE KEY", sealed)
    assert public_half(open_key(armored, PASSWORD)) == public_half(private(kind))
    with pytest.raises(KeyRefusedError, match="password does not open"):
        open_key(sealed, PASSWORD + b"x")
    with pytest.raises(KeyRefusedError, match="name the file that holds its password"):
        open_key(sealed)


@each_kind
def test_a_signature_of_each_kind_is_accepted_for_its_certificate_only(kind):
    key, other = certified(kind), certified(kind, 1)
    assert key.algorithm is algorithm_of(key.certificate) is kind
    value = key.sign(b"message")
    assert accept(key.certificate, b"message", value) == value
    for certificate, message in ((other.certificate, b"message"), (key.certificate, b"other")):
        with pytest.raises(Exception, match="not used"):
            accept(certificate, message, value)


@each_kind
def test_no_representation_shows_the_key(kind):
    shown = repr(certified(kind))
    assert "private" not in shown.lower()
    assert "object at" not in shown


def test_the_seal_names_a_strong_derivation():
    sealed = seal_key(private(SignatureAlgorithm.ECDSA_WITH_SHA256), PASSWORD, iterations=600_000)
    assert der.integer(600_000) in sealed
    assert der.oid("1.2.840.113549.2.9") in sealed
    assert der.oid("2.16.840.1.101.3.4.1.42") in sealed


@pytest.mark.parametrize("damage", range(8))
def test_a_damaged_file_is_refused_in_one_sentence(damage):
    sealed = bytearray(seal_key(private(KINDS[damage % 3]), PASSWORD, iterations=1000))
    place = (len(sealed) - 1) * damage // 7
    sealed[place] ^= 0x55
    with pytest.raises(KeyRefusedError) as caught:
        open_key(bytes(sealed), PASSWORD)
    assert len(str(caught.value)) < 150
    assert PASSWORD.decode() not in str(caught.value)


@pytest.mark.parametrize(
    "content", [b"", b"\x30", b"\x30\x00", b"\x30\x80\x00\x00", b"garbage", b"\x30\x03\x02\x01\x00"]
)
def test_what_is_no_key_is_refused(content):
    with pytest.raises(KeyRefusedError):
        open_key(content, PASSWORD)
    with pytest.raises(KeyRefusedError):
        open_key(content)


def test_a_file_may_not_make_us_derive_for_minutes():
    excessive = seal(plain_sm2(b"\x01" * 32), PASSWORD, 1000)
    # Written by hand: PBKDF2 with two thousand million rounds.
    parameters = der.sequence(der.octet_string(b"saltsalt"), der.integer(2_000_000_000))
    scheme = der.sequence(
        der.oid("1.2.840.113549.1.5.13"),
        der.sequence(
            der.sequence(der.oid("1.2.840.113549.1.5.12"), parameters),
            der.sequence(der.oid("2.16.840.1.101.3.4.1.42"), der.octet_string(bytes(16))),
        ),
    )
    with pytest.raises(KeyRefusedError, match="rounds of derivation"):
        unseal(der.sequence(scheme, der.octet_string(excessive[-16:])), PASSWORD)


def test_scrypt_may_not_take_all_memory():
    parameters = der.sequence(der.octet_string(b"saltsalt"), der.integer(1 << 30), der.integer(8), der.integer(1))
    scheme = der.sequence(
        der.oid("1.2.840.113549.1.5.13"),
        der.sequence(
            der.sequence(der.oid("1.3.6.1.4.1.11591.4.11"), parameters),
            der.sequence(der.oid("2.16.840.1.101.3.4.1.42"), der.octet_string(bytes(16))),
        ),
    )
    with pytest.raises(KeyRefusedError, match="too much memory"):
        unseal(der.sequence(scheme, der.octet_string(bytes(16))), PASSWORD)


@pytest.mark.parametrize(
    ("key", "complaint"),
    [
        (ec.generate_private_key(ec.SECP384R1()), "P-256"),
        (rsa.generate_private_key(65537, 1024), "2048 bits or more"),
        (dsa.generate_private_key(1024), "neither SM2, ECDSA nor RSA"),
    ],
    ids=["P-384", "RSA-1024", "DSA"],
)
def test_keys_that_do_not_sign_here_are_refused(key, complaint):
    plain = key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    with pytest.raises(KeyRefusedError, match=complaint):
        open_key(plain)


@pytest.mark.parametrize("scalar", [0, sm2.N - 1, sm2.N, 1 << 256], ids=["0", "n-1", "n", "too long"])
def test_a_scalar_out_of_range_is_refused(scalar):
    with pytest.raises(KeyRefusedError):
        load_scalar(scalar.to_bytes(33))


def test_a_key_sealed_by_one_back_end_opens_in_the_other():
    other = sm2_gmssl.load_gmssl_pyx()
    made = other.generate()
    assert open_key(other.dump_private(made, PASSWORD, iterations=1000), PASSWORD).public_key == made.public_key
    ours = generate(SignatureAlgorithm.SM2_WITH_SM3)
    assert other.load_private(seal_key(ours, PASSWORD, iterations=1000), PASSWORD).public_key == ours.public_key


def test_old_pem_encryption_is_named_with_the_way_out():
    headers = b"Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00"
    text = b"-----BEGIN EC PRIVATE KEY-----\n%b\n\nAAAA\n-----END EC PRIVATE KEY-----\n" % headers
    with pytest.raises(KeyRefusedError, match="openssl pkcs8 -topk8"):
        open_key(text, PASSWORD)


def test_a_certificate_alone_holds_no_private_key():
    with pytest.raises(KeyRefusedError, match="holds no private key"):
        open_key(pem.armor("CERTIFICATE", certified(KINDS[0]).certificate))


def test_a_signing_key_of_each_kind_is_made():
    for kind in KINDS:
        assert signing_key(private(kind), b"").algorithm is kind
