"""COSE_Sign1 with SM2: what is made, what is taken, what is refused."""

import cbor2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signing import cbor, sm2
from signing.cose import (
    MAX_TOKEN_BYTES,
    SM2_WITH_SM3_ALG,
    Sign1,
    key_id_of,
    parse_sign1,
    sign1,
    verify_sign1,
)
from signing.errors import InvalidSignatureError, KeyRefusedError, MalformedDataError, SigningError
from signing.x509_fields import public_key_info
from tests.unit.signing.pki import ecdsa_key, pki

PAYLOAD = b"\xa1\x01\x02"
KEY_ID = key_id_of(public_key_info(pki().seal.certificate))
HEADER = {1: SM2_WITH_SM3_ALG, 4: KEY_ID}


def token():
    return sign1(PAYLOAD, pki().seal, key_id=KEY_ID)


def test_a_token_comes_back_and_verifies():
    message = parse_sign1(token())
    assert (message.algorithm, message.key_id, message.payload) == (SM2_WITH_SM3_ALG, KEY_ID, PAYLOAD)
    verify_sign1(message, pki().seal.private.public_key)


def test_the_algorithm_is_in_the_private_range_of_the_registry():
    assert SM2_WITH_SM3_ALG < -65_536


def test_the_key_id_is_the_start_of_the_keys_sm3_digest():
    assert key_id_of(pki().seal.private.public_key.spki) == KEY_ID
    assert sm2.sm3(pki().seal.private.public_key.spki).startswith(KEY_ID)
    assert len(KEY_ID) == 8


def test_another_cbor_library_reads_the_same_token_and_signed_bytes():
    tag = cbor2.loads(token())
    assert tag.tag == 18
    protected, unprotected, payload, signature = tag.value
    assert cbor2.loads(protected) == HEADER
    assert (unprotected, payload) == ({}, PAYLOAD)
    signed = cbor2.dumps(["Signature1", protected, b"", payload], canonical=True)
    sm2.verify(pki().seal.private.public_key, signed, sm2.signature_from_raw(signature))


def test_a_small_token_costs_ninety_bytes_beyond_its_payload():
    assert len(token()) - len(PAYLOAD) <= 90


@pytest.mark.parametrize("field", ["protected", "payload", "signature"])
def test_a_change_is_told(field):
    message = parse_sign1(token())
    values = {name: getattr(message, name) for name in message.__dataclass_fields__}
    changed = bytes((values[field][0], values[field][1] ^ 1)) + values[field][2:]
    with pytest.raises(InvalidSignatureError):
        verify_sign1(Sign1(**(values | {field: changed})), pki().seal.private.public_key)


def test_another_key_is_told():
    with pytest.raises(InvalidSignatureError):
        verify_sign1(parse_sign1(token()), pki().root.private.public_key)


def test_signatures_out_of_range_are_told():
    message = parse_sign1(cbor.dumps(cbor.Tagged(18, [cbor.dumps(HEADER), {}, PAYLOAD, bytes(64)])))
    with pytest.raises(InvalidSignatureError):
        verify_sign1(message, pki().seal.private.public_key)


def test_only_sm2_keys_sign():
    with pytest.raises(KeyRefusedError):
        sign1(PAYLOAD, ecdsa_key(), key_id=KEY_ID)


def made(*, header=HEADER, unprotected=None, payload=PAYLOAD, signature=bytes(64), tag=18, extra=()):
    return cbor.dumps(cbor.Tagged(tag, [cbor.dumps(header), unprotected or {}, payload, signature, *extra]))


REFUSED = {
    "nothing": b"",
    "text": b"not a token",
    "trailing byte": token() + b"\0",
    "cut off": token()[:-1],
    "untagged": token()[1:],
    "COSE_Mac0": made(tag=17),
    "CWT tag alone": made(tag=61),
    "five parts": made(extra=(b"",)),
    "detached payload": made(payload=None),
    "text payload": made(payload="text"),
    "short signature": made(signature=bytes(63)),
    "long signature": made(signature=bytes(65)),
    "unprotected key id": made(header={1: SM2_WITH_SM3_ALG}, unprotected={4: KEY_ID}),
    "unprotected extra": made(unprotected={5: b"iv"}),
    "ES256": made(header={1: -7, 4: KEY_ID}),
    "text algorithm": made(header={1: "SM2", 4: KEY_ID}),
    "no algorithm": made(header={4: KEY_ID}),
    "critical header": made(header=HEADER | {2: [1]}),
    "empty key id": made(header={1: SM2_WITH_SM3_ALG, 4: b""}),
    "long key id": made(header={1: SM2_WITH_SM3_ALG, 4: bytes(33)}),
    "text key id": made(header={1: SM2_WITH_SM3_ALG, 4: "key"}),
    "header that is an array": made(header=[]),
    "header in long form": cbor.dumps(cbor.Tagged(18, [b"\xb8\x02" + cbor.dumps(HEADER)[1:], {}, b"", bytes(64)])),
    "indefinite array": b"\xd2\x9f" + token()[2:] + b"\xff",
    "too long": made(payload=bytes(MAX_TOKEN_BYTES)),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_token_is_malformed(name):
    with pytest.raises(MalformedDataError):
        parse_sign1(REFUSED[name])


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_no_single_changed_byte_survives(data):
    changed = bytearray(GENUINE)
    changed[data.draw(st.integers(0, len(changed) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(SigningError):
        verify_sign1(parse_sign1(bytes(changed)), pki().seal.private.public_key)


GENUINE = token()
