"""Keys of each kind with certificates of the test CA."""

from functools import cache

from certs.authority import CertificateAuthority, Subject
from certs.profiles import GATEWAY_SIGNER
from signing.keys import SignatureAlgorithm
from signing.private_keys import generate, public_half, signing_key
from tests.pki import NOW, make_pki

KINDS = list(SignatureAlgorithm)


@cache
def private(kind):
    return generate(kind)


@cache
def certified(kind, number=0):
    """A signing key of its kind; another number has another SM2 or ECDSA key."""
    pki = make_pki()
    key = private(kind) if number == 0 else generate(kind)
    certificate = CertificateAuthority(pki.issuing).issue(
        GATEWAY_SIGNER, Subject("签名者", "测试机构"), public_half(key), now=NOW
    )
    return signing_key(key, certificate, (pki.issuing.certificate,))
