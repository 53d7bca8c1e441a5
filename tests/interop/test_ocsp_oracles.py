"""SM2-signed OCSP responses against BouncyCastle, which knows nothing of this library."""

import pytest

from certs.profiles import OCSP_RESPONDER
from signing.algorithms import SHA1_OID, SHA256_OID, SM3_OID
from signing.keys import SignatureAlgorithm
from signing.ocsp import CertStatus, SingleResponse, build_response, cert_id
from tests.interop.bouncy_castle import ask
from tests.pki import DAY, NOW, make_pki

pytestmark = pytest.mark.interop


def judged(tmp_path, algorithm, oid, *, revoked=False, damage=False):
    pki = make_pki(algorithm)
    leaf = pki.leaf()
    single = SingleResponse(
        cert_id(leaf.certificate, pki.issuing.certificate, oid),
        CertStatus.REVOKED if revoked else CertStatus.GOOD,
        NOW - DAY if revoked else None,
        1 if revoked else None,
        NOW,
        NOW + DAY,
    )
    response = build_response([single], key=pki.leaf(OCSP_RESPONDER), produced_at=NOW, nonce=b"n" * 16)
    if damage:
        instant = f"{NOW + DAY:%Y%m%d%H%M%SZ}".encode()
        response = response.replace(instant, f"{NOW + 2 * DAY:%Y%m%d%H%M%SZ}".encode())
    paths = []
    for name, data in (("response", response), ("issuer", pki.issuing.certificate), ("leaf", leaf.certificate)):
        (tmp_path / name).write_bytes(data)
        paths.append(tmp_path / name)
    return ask("VerifyOcsp", *paths, oid)


@pytest.mark.parametrize(
    ("algorithm", "oid"),
    [
        (SignatureAlgorithm.SM2_WITH_SM3, SM3_OID),
        (SignatureAlgorithm.SM2_WITH_SM3, SHA1_OID),
        (SignatureAlgorithm.ECDSA_WITH_SHA256, SHA256_OID),
    ],
)
def test_bouncy_castle_believes_a_response(algorithm, oid, tmp_path):
    answer = judged(tmp_path, algorithm, oid)
    assert (answer.returncode, answer.stdout.strip()) == (0, "good"), answer.stderr


def test_bouncy_castle_reads_a_revocation_and_refuses_a_changed_response(tmp_path):
    algorithm = SignatureAlgorithm.SM2_WITH_SM3
    assert judged(tmp_path, algorithm, SM3_OID, revoked=True).stdout.strip() == "RevokedStatus"
    refused = judged(tmp_path, algorithm, SM3_OID, damage=True)
    assert refused.returncode != 0 and "signature does not fit" in refused.stderr
