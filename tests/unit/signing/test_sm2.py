import os
import resource
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signing import der, sm2, sm2_gmssl, sm2_libcrypto
from signing.algorithms import EC_PUBLIC_KEY_OID, SM2_CURVE_OID
from signing.errors import (
    BackendUnavailableError,
    InvalidSignatureError,
    KeyRefusedError,
    MalformedSignatureError,
    SigningError,
)

BACKENDS = [sm2_libcrypto.load(), sm2_gmssl.load_gmssl_pyx(), sm2_gmssl.load_gmssl()]
SIGNERS = [b for b in BACKENDS if b.can_sign]
SCALAR = 0x3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8
POINT = bytes.fromhex(
    "0409F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020"
    "CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13"
)
KEY = sm2.public_key_from_point(POINT)
R = 0xF5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3
S = 0xB1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA
E = bytes.fromhex("F0B43E94BA45ACCAACE692ED534382EB17E6AB5A19CE7B31F4486FDFC0D28640")

each_backend = pytest.mark.parametrize("backend", BACKENDS, ids=lambda b: b.name)
each_signer = pytest.mark.parametrize("backend", SIGNERS, ids=lambda b: b.name)


def pkcs8(scalar, point=POINT, curve=SM2_CURVE_OID):
    key = der.sequence(der.integer(1), der.octet_string(scalar.to_bytes(32)), der.explicit(1, der.bit_string(point)))
    algorithm = der.sequence(der.oid(EC_PUBLIC_KEY_OID), der.oid(curve))
    return der.sequence(der.integer(0), algorithm, der.octet_string(key))


@pytest.mark.parametrize(
    ("data", "digest"),
    [
        (b"", "1ab21d8355cfa17f8e61194831e81a8f22bec8c728fefb747ed035eb5082aa2b"),
        (b"abc", "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"),
        (b"abcd" * 16, "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732"),
        ("阳江市".encode(), "e66b30cfb1da0bb07ece0e0ea6fb7200187555ac4bbfe686191d0d8dc867bea5"),
    ],
)
def test_sm3_vectors(data, digest):
    assert sm2.sm3(data).hex() == digest


def test_z_and_e_of_the_standard():
    assert sm2.z_a(KEY).hex().upper() == "B2E14C5C79C6DF5B85F4FE7ED8DB7A262B9DA7E07CCB0EA9F4747B8CCDA8A4F3"
    assert sm2.message_digest(KEY, b"message digest") == E


@each_backend
def test_the_standards_signature_verifies(backend):
    backend.verify_digest(KEY, E, sm2.signature_from_scalars(R, S))


@each_backend
def test_self_test_passes(backend):
    sm2.self_test(backend)


@each_backend
@pytest.mark.parametrize("change", [(1, 0, 0), (0, 1, 0), (0, 0, 1)])
def test_a_changed_signature_or_digest_is_refused(backend, change):
    e = (int.from_bytes(E) ^ change[2]).to_bytes(32)
    with pytest.raises(InvalidSignatureError):
        backend.verify_digest(KEY, e, sm2.signature_from_scalars(R ^ change[0], S ^ change[1]))


@each_backend
@pytest.mark.parametrize(
    "signature",
    [
        b"",
        sm2.signature_from_scalars(R, S)[:-1],
        sm2.signature_from_scalars(R, S) + b"\0",
        sm2.signature_from_scalars(0, S),
        sm2.signature_from_scalars(R, 0),
        sm2.signature_from_scalars(sm2.N, S),
        sm2.signature_from_scalars(R, sm2.N + 1),
        sm2.signature_from_scalars(R, sm2.N - R),
        R.to_bytes(32) + S.to_bytes(32),
        der.sequence(b"\x02\x22\x00\x00" + R.to_bytes(32), der.integer(S)),
        der.sequence(b"\x02\x20" + R.to_bytes(32), der.integer(S)),
        b"\x30\x81" + sm2.signature_from_scalars(R, S)[1:],
        der.sequence(der.integer(R), der.integer(S), der.integer(1)),
    ],
)
def test_malformed_signatures_are_refused_before_any_arithmetic(backend, signature):
    with pytest.raises(MalformedSignatureError):
        backend.verify_digest(KEY, E, signature)


@pytest.mark.parametrize("scalar", [0, sm2.N - 1, sm2.N, sm2.N + 5])
@each_signer
def test_private_keys_out_of_range_are_refused(backend, scalar):
    with pytest.raises(KeyRefusedError):
        backend.load_private(pkcs8(scalar))


def test_a_mismatched_public_half_is_refused():
    other = sm2.generate().public_key.point
    with pytest.raises(KeyRefusedError):
        sm2_libcrypto.load().load_private(pkcs8(SCALAR, other))


@each_signer
def test_the_standards_private_key_gives_its_public_key(backend):
    assert backend.load_private(pkcs8(SCALAR)).public_key == KEY


@each_signer
def test_another_curve_is_no_sm2_key(backend):
    with pytest.raises(KeyRefusedError):
        backend.load_private(pkcs8(SCALAR, curve="1.2.840.10045.3.1.7"))


@pytest.mark.parametrize(
    "point", [b"", POINT[:-1], b"\x02" + POINT[1:33], b"\x04" + bytes(64), POINT[:-1] + b"\x14", b"\x04" + b"\xff" * 64]
)
def test_points_off_the_curve_are_refused(point):
    with pytest.raises(KeyRefusedError):
        sm2.public_key_from_point(point)


def test_an_spki_of_another_curve_is_refused():
    p256 = der.sequence(der.sequence(der.oid(EC_PUBLIC_KEY_OID), der.oid("1.2.840.10045.3.1.7")), der.bit_string(POINT))
    with pytest.raises(KeyRefusedError):
        sm2.load_public(p256)


def test_an_empty_identity_does_not_verify():
    key = sm2.generate()
    signature = sm2.sign(key, b"m", signer_id=b"")
    sm2.verify(key.public_key, b"m", signature, signer_id=b"")
    with pytest.raises(InvalidSignatureError):
        sm2.verify(key.public_key, b"m", signature)


@each_signer
def test_every_backend_verifies_what_this_one_signs(backend):
    key = backend.generate()
    signature = backend.sign_digest(key, E)
    for other in BACKENDS:
        other.verify_digest(key.public_key, E, signature)


@each_signer
def test_encrypted_keys_are_read_by_every_signer(backend):
    key = backend.generate()
    sealed = backend.dump_private(key, b"a password", iterations=1000)
    for other in SIGNERS:
        assert other.load_private(sealed, b"a password").public_key == key.public_key
        with pytest.raises(KeyRefusedError):
            other.load_private(sealed, b"another")


@each_signer
@pytest.mark.parametrize("data", [b"", b"\x30\x00", b"not a key", pkcs8(SCALAR)[:-5]])
def test_broken_key_files_are_refused(backend, data):
    for password in (None, b"p"):
        with pytest.raises(KeyRefusedError):
            backend.load_private(data, password)


def test_gmssl_never_signs_and_never_makes_keys():
    backend = sm2_gmssl.load_gmssl()
    for call in (
        backend.generate,
        lambda: backend.load_private(pkcs8(SCALAR)),
        lambda: backend.sign_digest(None, E),
        lambda: backend.dump_private(None, b"p"),
    ):
        with pytest.raises(BackendUnavailableError):
            call()


def test_the_forgery_that_gmssl_accepts_is_refused_here():
    """gmssl's plain verify() takes the message as a number: R' and e can then be chosen from the public key alone."""
    from gmssl import sm2 as gmssl_sm2

    curve = gmssl_sm2.CryptSM2(private_key=None, public_key=POINT[1:].hex())
    s, t = 12345, 67890
    p1, p2 = curve._kg(s, curve.ecc_table["g"]), curve._kg(t, POINT[1:].hex())
    x = int(curve._convert_jacb_to_nor(curve._add_point(p1, p2))[:64], 16)
    r = (t - s) % sm2.N
    message = ((r - x) % sm2.N).to_bytes(32)
    forged = r.to_bytes(32) + s.to_bytes(32)
    assert curve.verify(forged.hex(), message)
    for backend in BACKENDS:
        with pytest.raises(InvalidSignatureError):
            backend.verify_digest(KEY, sm2.message_digest(KEY, message), sm2.signature_from_raw(forged))


def test_a_signing_key_shows_no_secret():
    for backend in SIGNERS:
        key = backend.load_private(pkcs8(SCALAR))
        assert f"{SCALAR:x}" not in repr(key).lower()
        assert str(SCALAR.to_bytes(32)) not in repr(key)


def test_forked_children_sign_with_other_nonces():
    key = sm2.generate()
    read, write = os.pipe()
    for _ in range(2):
        child = os.fork()
        if child == 0:
            os.write(write, sm2.signature_to_raw(sm2.sign(key, b"m")))
            os._exit(0)
        os.waitpid(child, 0)
    signatures = {os.read(read, 64), os.read(read, 64), sm2.signature_to_raw(sm2.sign(key, b"m"))}
    assert len({s[:32] for s in signatures}) == 3


def test_tables_serve_many_threads():
    backend, key = sm2_libcrypto.load(), sm2.generate()
    signature = sm2.sign(key, b"m")
    e, failures = sm2.message_digest(key.public_key, b"m"), []

    def work():
        try:
            for _ in range(200):
                backend.verify_digest(key.public_key, e, signature)
        except SigningError as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert failures == []


@given(st.binary(max_size=200))
@settings(max_examples=50)
def test_table_and_plain_verification_agree(message):
    backend = sm2_libcrypto.load()
    key = sm2.generate()
    e = sm2.message_digest(key.public_key, message)
    signature = backend.sign_digest(key, e)
    for verify in (backend.verify_digest, backend.verify_digest_plain):
        verify(key.public_key, e, signature)
        with pytest.raises(InvalidSignatureError):
            verify(key.public_key, sm2.sm3(e), signature)


def test_nothing_leaks():
    backend = sm2_libcrypto.load()
    for _ in range(300):
        backend.load_private(backend.dump_private(backend.generate(), b"p", iterations=1), b"p")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(3000):
        key = backend.load_private(backend.dump_private(backend.generate(), b"p", iterations=1), b"p")
        backend.sign_digest(key, E)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 8 * 1024


def test_raw_and_der_forms_convert():
    signature = sm2.sign(sm2.generate(), b"m")
    assert sm2.signature_from_raw(sm2.signature_to_raw(signature)) == signature
    for raw in (b"", bytes(64), b"\xff" * 64, bytes(63)):
        with pytest.raises(MalformedSignatureError):
            sm2.signature_from_raw(raw)


def test_the_best_backend_is_chosen_and_a_broken_one_is_passed_over(monkeypatch):
    assert sm2.backend().name.startswith("libcrypto")
    sm2.backend.cache_clear()

    def broken():
        raise BackendUnavailableError("gone")

    monkeypatch.setattr(sm2_libcrypto, "load", broken)
    try:
        assert sm2.backend().name == "gmssl-pyx"
    finally:
        sm2.backend.cache_clear()
