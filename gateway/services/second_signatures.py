"""Second signatures: which authorities sign twice, and the embedded CA that gives them ECDSA keys for tests.

PDF readers of other countries know no SM2; a second signature by ECDSA, over the whole document and the SM2 signature
in it, tells them what domestic verifiers read from the first.
"""

from certs.authority import CertificateAuthority, Subject, self_signed_root
from certs.key_uses import Purpose
from certs.profiles import ISSUING_CA, ROOT, SEAL_SIGNER, TIMESTAMPING_UNIT, Profile
from gateway.domain.catalogue import IssuingAuthority
from gateway.services.dependencies import SECOND_TIMESTAMPING_KEY, Dependencies
from gateway.settings import Settings
from signing.keys import SignatureAlgorithm
from signing.private_keys import generate, public_half, signing_key

SECOND_ROOT_KEY, SECOND_ISSUING_KEY = "root-ecdsa", "issuing-ca-ecdsa"
OPERATOR = "阳江市电子证照签发核验网关（测试）"
"""Whom the certificates of the embedded CAs name."""

_ALL = "*"


def signs_twice(authority: IssuingAuthority, settings: Settings) -> bool:
    """Whether the licences of this authority get a second signature, by the catalogue or by the setting."""
    chosen = settings.second_signature_authorities
    return authority.second_signature or _ALL in chosen or authority.code in chosen


def second_key_name(seal_key_name: str) -> str:
    """Name in the key store of the key that signs after the seal's own."""
    return f"{seal_key_name}-ecdsa"


def make_second_key(deps: Dependencies, seal_key_name: str, subject: Subject) -> None:
    """A key and certificate for an authority that signs twice, and the CA and time-stamping unit behind it.

    What is there already stays, so that keys from a qualified CA take the place of these when they are stored first.
    """
    name = second_key_name(seal_key_name)
    if name in deps.keystore:
        return
    if SECOND_ROOT_KEY not in deps.keystore:
        private = generate(SignatureAlgorithm.ECDSA_WITH_SHA256)
        root = self_signed_root(ROOT, Subject("测试根证书（ECDSA）", OPERATOR), private, now=deps.clock())
        deps.keystore.store(SECOND_ROOT_KEY, root)
    _issue(deps, SECOND_ISSUING_KEY, SECOND_ROOT_KEY, ISSUING_CA, Subject("测试签发证书（ECDSA）", OPERATOR))
    unit = Subject("测试时间戳（ECDSA）", OPERATOR)
    _issue(deps, SECOND_TIMESTAMPING_KEY, SECOND_ISSUING_KEY, TIMESTAMPING_UNIT, unit)
    _issue(deps, name, SECOND_ISSUING_KEY, SEAL_SIGNER, subject)


def _issue(deps: Dependencies, name: str, issuer_name: str, profile: Profile, subject: Subject) -> None:
    """An ECDSA key with a certificate from the CA of that name, unless it is there."""
    if name in deps.keystore:
        return
    issuer = deps.keystore.load(issuer_name, Purpose.CERTIFICATE)
    private = generate(SignatureAlgorithm.ECDSA_WITH_SHA256)
    certificate = CertificateAuthority(issuer).issue(profile, subject, public_half(private), now=deps.clock())
    chain = () if issuer_name == SECOND_ROOT_KEY else (issuer.certificate,)
    deps.keystore.store(name, signing_key(private, certificate, chain))
