"""The embedded CAs besides the first: OCSP responders, and the ECDSA branch for readers that know no SM2."""

from datetime import timedelta

from certs.authority import Subject, self_signed_root
from certs.profiles import ISSUING_CA, OCSP_RESPONDER, ROOT, SEAL_SIGNER, TIMESTAMPING_UNIT, Profile
from gateway.services.dependencies import ECDSA_TIMESTAMPING_KEY, Dependencies
from gateway.services.second_signatures import second_key_name
from signing.keys import SignatureAlgorithm
from signing.outside_keys import algorithm_of
from signing.private_keys import generate, public_half, signing_key
from signing.x509_fields import not_after

ROOT_KEY, ISSUING_KEY, LICENCE_ROOT_KEY = "root", "issuing-ca", "business-licence-root"
ECDSA_ROOT_KEY, ECDSA_ISSUING_KEY = "ecdsa-root", "ecdsa-issuing-ca"
ANCHORS = {
    ROOT_KEY: ("signature", "timestamp"),
    ECDSA_ROOT_KEY: ("signature", "timestamp"),
    LICENCE_ROOT_KEY: ("enterprise",),
}
"""The roots and what each may vouch for."""
CA_KEYS = (ROOT_KEY, ISSUING_KEY, LICENCE_ROOT_KEY, ECDSA_ROOT_KEY, ECDSA_ISSUING_KEY)
OPERATOR = "阳江市电子证照签发核验网关（测试）"
_RENEWED_BEFORE = timedelta(days=45)
"""Half of a responder's certificate: the next publication always comes in time."""


def responder_name(ca: str) -> str:
    """Key name of the OCSP responder for a CA's key name."""
    return f"{ca}-ocsp"


class EmbeddedCas:
    """Makes what is missing and renews what is about to end; safe to repeat."""

    def __init__(self, deps: Dependencies) -> None:
        self._deps = deps

    def make_ecdsa_branch(self) -> None:
        """Root, issuing CA and time-stamping unit with P-256 keys."""
        keystore = self._deps.keystore
        if ECDSA_ROOT_KEY not in keystore:
            subject = Subject(common_name="测试根证书 ECDSA", organisation=OPERATOR)
            private = generate(SignatureAlgorithm.ECDSA_WITH_SHA256)
            keystore.store(ECDSA_ROOT_KEY, self_signed_root(ROOT, subject, private, now=self._deps.clock()))
        self._ensure(ECDSA_ISSUING_KEY, ECDSA_ROOT_KEY, ISSUING_CA, "测试签发证书 ECDSA")
        self._ensure(ECDSA_TIMESTAMPING_KEY, ECDSA_ISSUING_KEY, TIMESTAMPING_UNIT, "测试时间戳 ECDSA")

    def renew_responders(self) -> None:
        """An OCSP responder for each CA, with a new key when its certificate ends soon (RFC 6960, 4.2.2.2.1)."""
        keystore = self._deps.keystore
        for ca in CA_KEYS:
            name = responder_name(ca)
            if name in keystore and not_after(keystore.certificate(name)) > self._deps.clock() + _RENEWED_BEFORE:
                continue
            self._make(name, ca, OCSP_RESPONDER, Subject(f"测试状态查询 {ca}", OPERATOR))

    def ecdsa_seal(self, code: str, authority: str) -> str:
        """Name of an authority's P-256 key for the second signature; made, with its certificate, when it is first wanted."""
        name = second_key_name(code)
        if name not in self._deps.keystore:
            self._make(name, ECDSA_ISSUING_KEY, SEAL_SIGNER, Subject(authority, authority, code))
        return name

    def _ensure(self, name: str, ca: str, profile: Profile, title: str) -> None:
        if name not in self._deps.keystore:
            self._make(name, ca, profile, Subject(common_name=title, organisation=OPERATOR))

    def _make(self, name: str, ca: str, profile: Profile, subject: Subject) -> None:
        """A key of the CA's own kind with its certificate."""
        issuer = self._deps.certificate_authority(ca)
        private = generate(algorithm_of(issuer.certificate))
        certificate = issuer.issue(profile, subject, public_half(private), now=self._deps.clock())
        is_root = ca in ANCHORS
        self._deps.keystore.store(name, signing_key(private, certificate, () if is_root else (issuer.certificate,)))
