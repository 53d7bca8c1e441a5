"""A key in another machine: only the digest leaves, nothing wrong is used, waiting is bounded."""

import base64
import json
import time
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from signing import sm2
from signing.algorithms import SHA256_OID, digest
from signing.errors import KeyRefusedError, KeySourceUnavailableError, KeySourceWrongError
from signing.keys import SignatureAlgorithm
from signing.keys_remote import RemoteSigner, RemoteSigningKey
from signing.outside_keys import accept
from signing.x509_fields import public_key_info
from tests.pki import DAY, NOW
from tests.remote_signer import RemoteSignerState, remote_signer, server_context
from tests.unit.signing.key_material import KINDS, certified, private

SM2 = SignatureAlgorithm.SM2_WITH_SM3


@pytest.fixture
def state():
    return RemoteSignerState({str(kind): private(kind) for kind in KINDS})


def key_at(url, kind=SM2, token=None, **options):
    key = certified(kind)
    signer = RemoteSigner(url=url, key=str(kind), timeout_seconds=0.5, **options)
    return RemoteSigningKey(signer, None if token is None else lambda: token, key.certificate, key.chain)


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_only_the_digest_leaves_and_the_signature_verifies(state, kind):
    with remote_signer(state) as url:
        key = key_at(url, kind)
        value = key.sign(b"message")
    assert accept(key.certificate, b"message", value) == value
    spki = public_key_info(key.certificate)
    expected = sm2.message_digest(sm2.load_public(spki), b"message") if kind is SM2 else digest(SHA256_OID, b"message")
    asked = state.requests[0]
    assert base64.b64decode(asked["digest"]) == expected
    assert (asked["key"], asked["algorithm"]) == (str(kind), str(kind))
    assert set(asked) == {"key", "algorithm", "digest", "authorization"}


def test_raw_values_become_der(state):
    state.raw = True
    with remote_signer(state) as url:
        assert sm2.parse_signature(key_at(url).sign(b"message"))


def test_the_bearer_token_is_read_each_time_and_shown_nowhere(state):
    state.token = "first-secret"
    tokens = iter(["first-secret", "second-secret"])
    with remote_signer(state) as url:
        key = key_at(url, token="unused")
        renewed = RemoteSigningKey(key.signer, lambda: next(tokens), key.certificate, key.chain)
        renewed.sign(b"message")
        with pytest.raises(KeySourceUnavailableError, match="HTTP 401") as caught:
            renewed.sign(b"message")
    assert "secret" not in repr(renewed) + str(caught.value)


def test_a_signature_of_another_key_is_not_used(state):
    state.keys[str(SM2)] = sm2.generate()
    with remote_signer(state) as url, pytest.raises(KeySourceWrongError, match="not used"):
        key_at(url).sign(b"message")


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"[]",
        b"{}",
        b"null",
        b'{"signature": 1}',
        b'{"signature": "!"}',
        b'{"signature": ""}',
        b"[" * 50_000,
        json.dumps({"signature": base64.b64encode(b"\x30" * 64).decode()}).encode(),
        json.dumps({"signature": base64.b64encode(bytes(64)).decode()}).encode(),
        b'{"signature": "' + b"A" * 70_000 + b'"}',
    ],
    ids=range(11),
)
def test_an_answer_that_holds_no_signature_is_named(state, answer):
    state.answer = answer
    with remote_signer(state) as url, pytest.raises(KeySourceWrongError):
        key_at(url).sign(b"message")


def test_what_may_pass_is_tried_again_and_no_more_than_said(state):
    state.statuses = [503, 429]
    with remote_signer(state) as url:
        key_at(url, attempts=3).sign(b"message")
        assert len(state.requests) == 3
        state.statuses = [500] * 5
        with pytest.raises(KeySourceUnavailableError, match="HTTP 500"):
            key_at(url, attempts=2).sign(b"message")
        assert len(state.requests) == 5


@pytest.mark.parametrize("status", [301, 307, 400, 403, 404])
def test_a_refusal_or_a_redirect_is_final(state, status):
    state.statuses = [status]
    with remote_signer(state) as url, pytest.raises(KeySourceUnavailableError, match=f"HTTP {status}"):
        key_at(url).sign(b"message")
    assert len(state.requests) == 1


def test_a_silent_signer_costs_a_bounded_time(state):
    state.pause = 60
    with remote_signer(state) as url:
        started = time.monotonic()
        with pytest.raises(KeySourceUnavailableError, match="ReadTimeoutError"):
            key_at(url, attempts=2).sign(b"message")
        assert time.monotonic() - started < 20


def test_a_closed_port_is_unavailable():
    with remote_signer(RemoteSignerState({})) as url:
        pass
    with pytest.raises(KeySourceUnavailableError):
        key_at(url, attempts=1).sign(b"message")


@pytest.mark.parametrize(
    "url",
    [
        "http://signer.invalid/sign",
        "ftp://127.0.0.1/",
        "https://user:password@signer.invalid/",
        "https://signer.invalid/?token=secret",
        "file:///etc/passwd",
        "",
    ],
)
def test_an_address_that_would_leak_is_refused(url):
    with pytest.raises(KeyRefusedError, match="https://"):
        RemoteSigner(url=url, key="key")


@pytest.mark.parametrize(
    "options", [{"timeout_seconds": 0}, {"timeout_seconds": 61}, {"attempts": 0}, {"attempts": 11}]
)
def test_limits_that_are_none_are_refused(options):
    with pytest.raises(KeyRefusedError, match="time-out"):
        RemoteSigner(url="https://signer.invalid/", key="key", **options)


def self_signed(folder, name):
    """A TLS certificate and key for the loopback, as PEM files."""
    private_key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    address = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder(subject, subject, private_key.public_key(), x509.random_serial_number())
        .not_valid_before(NOW - DAY)
        .not_valid_after(NOW + DAY)
        .add_extension(address, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(private_key, hashes.SHA256())
    )
    paths = folder / f"{name}.pem", folder / f"{name}.key"
    paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        private_key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return paths


def test_mutual_tls_is_spoken_and_a_stranger_is_not_believed(state, tmp_path):
    server, client, stranger = (self_signed(tmp_path, name) for name in ("server", "client", "stranger"))
    with remote_signer(state, server_context(*server, client_ca=client[0])) as url:
        assert url.startswith("https://")
        ours = {"client_certificate_file": client[0], "client_key_file": client[1]}
        key_at(url, ca_file=server[0], **ours).sign(b"message")
        with pytest.raises(KeySourceUnavailableError):
            key_at(url, ca_file=stranger[0], attempts=1, **ours).sign(b"message")
        with pytest.raises(KeySourceUnavailableError):
            key_at(url, ca_file=server[0], attempts=1).sign(b"message")
        missing = {"client_certificate_file": tmp_path / "none", "client_key_file": client[1]}
        with pytest.raises(KeySourceUnavailableError, match="client certificate"):
            key_at(url, ca_file=server[0], attempts=1, **missing).sign(b"message")
