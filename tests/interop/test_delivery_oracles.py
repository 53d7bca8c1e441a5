"""What is delivered, verified by OpenSSL, npm sm-crypto and Python's own hmac: by the lines of docs/deliveries.md alone."""

import base64
import re
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from asn1crypto import pem, x509

from gateway.domain.deliveries import Signing
from tests.interop.test_sm2_oracles import sm_crypto
from tests.receivers import receiving
from tests.unit.services.test_deliveries import allowing, run_dry, subscribe

GUIDE = (Path(__file__).resolve().parents[2] / "docs" / "deliveries.md").read_text()


def block(heading, language):
    section = GUIDE.split(f"### {heading}\n")[1].split("\n## ")[0].split("\n### ")[0]
    return re.search(rf"```{language}\n(.*?)```", section, re.DOTALL)[1]


@pytest.fixture
def receiver():
    with receiving() as found:
        yield found


@pytest.fixture
def gateway(issued, receiver):
    issued.log.sequence()
    container = allowing(issued, receiver.port)
    yield container
    container.deps.engine.dispose()


def lower(headers):
    return {name.lower(): value for name, value in headers.items()}


def openssl_says(folder, certificate, headers, body):
    """Run the lines of the guide; what curl would fetch is there already."""
    lines = [line for line in block("How to verify SM2, with OpenSSL", "sh").splitlines() if "curl" not in line]
    (folder / "delivery-signer.pem").write_bytes(certificate)
    (folder / "body.json").write_bytes(body)
    names = {"ID": "webhook-id", "TIMESTAMP": "webhook-timestamp", "SIGNATURE": "webhook-signature"}
    environment = {"PATH": "/usr/bin:/bin"} | {name: headers[header] for name, header in names.items()}
    done = subprocess.run(
        ["bash", "-c", "\n".join(lines)], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    return done.returncode == 0 and "Verified OK" in done.stdout


def test_openssl_and_sm_crypto_verify_sm2_by_the_guide(gateway, receiver, tmp_path):
    subscribe(gateway, receiver.url)
    run_dry(gateway)
    path, headers, body = receiver.taken[0]
    headers = lower(headers)
    assert path == "/hooks" and headers["webhook-key"] == "delivery-signer"
    certificate = gateway.trust.file("certificates", f"{headers['webhook-key']}.pem").content
    assert openssl_says(tmp_path, certificate, headers, body)
    assert not openssl_says(tmp_path, certificate, headers, body + b" ")
    late = headers | {"webhook-timestamp": str(int(headers["webhook-timestamp"]) + 1)}
    assert not openssl_says(tmp_path, certificate, late, body)
    der = next(each for _, _, each in pem.unarmor(certificate, multiple=True))
    point = x509.Certificate.load(der).public_key["public_key"].native
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    signature = base64.b64decode(headers["webhook-signature"].removeprefix("v1sm2,"))
    job = {"mode": "verify", "point": point.hex(), "signature": signature.hex()}
    assert sm_crypto(message=signed.hex(), **job) is True
    assert sm_crypto(message=(signed + b"x").hex(), **job) is False


def test_python_verifies_hmac_by_the_guide_through_a_rotation(gateway, receiver):
    space = {}
    exec(block("How to verify HMAC-SM3, in Python", "python"), space)
    is_ours = space["is_ours"]
    made = subscribe(gateway, receiver.url, signing=Signing.HMAC_SM3)
    run_dry(gateway)
    _, headers, body = receiver.taken[-1]
    assert is_ours(made.secret, lower(headers), body)
    assert not is_ours(made.secret, lower(headers), body + b" ")
    old = lower(headers) | {"webhook-timestamp": str(int(lower(headers)["webhook-timestamp"]) - 400)}
    assert not is_ours(made.secret, old, body)
    new = gateway.subscriptions.rotate(made.id, old_ends_in=timedelta(days=1))
    gateway.delivery_letters.replay(made.id, 0)
    run_dry(gateway)
    _, headers, body = receiver.taken[-1]
    assert is_ours(made.secret, lower(headers), body) and is_ours(new.secret, lower(headers), body)
    last = gateway.subscriptions.rotate(made.id, old_ends_in=timedelta(0))
    gateway.delivery_letters.replay(made.id, 0)
    run_dry(gateway)
    _, headers, body = receiver.taken[-1]
    assert is_ours(last.secret, lower(headers), body)
    assert not is_ours(made.secret, lower(headers), body) and not is_ours(new.secret, lower(headers), body)
