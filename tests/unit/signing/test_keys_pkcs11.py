"""Tokens: what is refused before any token is asked. Real tokens are in tests/interop."""

from pathlib import Path

import pytest
from pkcs11.mechanisms import Mechanism

from signing.errors import KeyRefusedError, KeySourceUnavailableError
from signing.keys import SignatureAlgorithm
from signing.keys_pkcs11 import Pkcs11SigningKey, TokenReference, sm2_mechanism
from tests.unit.signing.key_material import certified

SM2, ECDSA = SignatureAlgorithm.SM2_WITH_SM3, SignatureAlgorithm.ECDSA_WITH_SHA256


def pin():
    raise AssertionError("nobody may ask for the PIN yet")


def key(kind, **options):
    reference = TokenReference(Path("/nowhere/token.so"), "token", **({"key_label": "key"} | options))
    return Pkcs11SigningKey(reference, pin, certified(kind).certificate)


@pytest.mark.parametrize(
    "number", [None, 0, -1, 1 << 32, int(Mechanism.ECDSA), int(Mechanism.ECDSA_SHA256), 0x00001057]
)
def test_what_is_no_vendor_s_mechanism_is_refused_for_sm2(number):
    with pytest.raises(KeyRefusedError, match="vendor's"):
        key(SM2, sm2_mechanism=number)


@pytest.mark.parametrize("number", [0x80000003, 0x80000000, 0x00010002, 0xFFFFF002])
def test_a_vendor_s_number_is_passed_on_without_becoming_known(number):
    mechanism = sm2_mechanism(number)
    assert int(mechanism) == number
    assert isinstance(mechanism, Mechanism)
    assert key(SM2, sm2_mechanism=number).algorithm is SM2
    assert number == int(Mechanism._VENDOR_DEFINED) or number not in [int(m) for m in Mechanism]


def test_a_key_without_label_and_id_is_refused():
    with pytest.raises(KeyRefusedError, match="label or its id"):
        key(ECDSA, key_label=None)


def test_a_missing_library_is_named():
    with pytest.raises(KeySourceUnavailableError, match="no PKCS#11 library /nowhere"):
        Pkcs11SigningKey(
            TokenReference(Path("/nowhere/token.so"), "token", "key"), lambda: "1234", certified(ECDSA).certificate
        ).sign(b"message")


def test_what_is_no_library_is_named(tmp_path):
    fake = tmp_path / "fake.so"
    fake.write_text("no library")
    with pytest.raises(KeySourceUnavailableError, match="cannot be loaded"):
        Pkcs11SigningKey(TokenReference(fake, "token", "key"), lambda: "1234", certified(ECDSA).certificate).sign(b"m")


def test_the_representation_holds_no_way_to_the_pin():
    assert "pin" not in repr(key(ECDSA)).replace("read_pin", "pin")
