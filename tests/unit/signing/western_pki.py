"""A small CA with ECDSA or RSA keys, made by cryptography alone, with signers, a time-stamping unit and a list."""

from dataclasses import dataclass
from datetime import timedelta
from functools import cache, cached_property

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from certs.tsa import TimestampingUnit
from signing.evidence_gathering import EvidenceAtHand
from signing.keys import SignatureAlgorithm
from tests.unit.signing.pki import NOW, POLICY_OID


@dataclass(frozen=True)
class WesternKey:
    """Implements SigningKey."""

    private: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
    certificate: bytes
    chain: tuple[bytes, ...] = ()

    @property
    def algorithm(self):
        is_rsa = isinstance(self.private, rsa.RSAPrivateKey)
        return SignatureAlgorithm.RSA_WITH_SHA256 if is_rsa else SignatureAlgorithm.ECDSA_WITH_SHA256

    def sign(self, message):
        if isinstance(self.private, rsa.RSAPrivateKey):
            return self.private.sign(message, padding.PKCS1v15(), hashes.SHA256())
        return self.private.sign(message, ec.ECDSA(hashes.SHA256()))


@dataclass(frozen=True)
class WesternPki:
    root: bytes
    seal: WesternKey
    unit: TimestampingUnit
    root_key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

    @cached_property
    def crl(self):
        return self.crl_at(0)

    @cached_property
    def forged_crl(self):
        """A list in the name of this CA, signed by another key."""
        return self.crl_at(0, ec.generate_private_key(ec.SECP256R1()))

    def crl_at(self, hours, key=None):
        """An empty list of one month, made ``hours`` from now."""
        title = x509.load_der_x509_certificate(self.root).subject
        made = NOW + timedelta(hours=hours - 1)
        builder = x509.CertificateRevocationListBuilder(title, made, made + timedelta(days=30))
        signed = builder.add_extension(x509.CRLNumber(1), critical=False).sign(key or self.root_key, hashes.SHA256())
        return signed.public_bytes(Encoding.DER)

    @cached_property
    def answer(self):
        """An on-line answer of the CA itself: the seal's certificate is good."""
        seal, root = (x509.load_der_x509_certificate(der) for der in (self.seal.certificate, self.root))
        builder = (
            ocsp.OCSPResponseBuilder()
            .add_response(seal, root, hashes.SHA1(), ocsp.OCSPCertStatus.GOOD, NOW, NOW + timedelta(days=1), None, None)
            .responder_id(ocsp.OCSPResponderEncoding.HASH, root)
        )
        return builder.sign(self.root_key, hashes.SHA256()).public_bytes(Encoding.DER)

    @property
    def evidence(self):
        return EvidenceAtHand((self.root,), (self.crl,))


def _generate(algorithm):
    if algorithm is SignatureAlgorithm.RSA_WITH_SHA256:
        return rsa.generate_private_key(65537, 2048)
    return ec.generate_private_key(ec.SECP256R1())


def _usage(*names):
    every = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement")
    bits = dict.fromkeys((*every, "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"), False)
    return x509.KeyUsage(**bits | dict.fromkeys(names, True))


def _builder(name, issuer, public):
    return (
        x509.CertificateBuilder(issuer, name, public, x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=365))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )


def western_pki(algorithm=SignatureAlgorithm.ECDSA_WITH_SHA256):
    """One house for each algorithm."""
    return _made(algorithm)


@cache
def _made(algorithm):
    root_key, title = _generate(algorithm), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"root {algorithm}")])
    root = (
        _builder(title, title, root_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(_usage("key_cert_sign", "crl_sign"), critical=True)
        .sign(root_key, hashes.SHA256())
    )

    def leaf(common_name, *, stamps=False):
        private = _generate(algorithm)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
        builder = _builder(name, title, private.public_key()).add_extension(
            _usage("digital_signature", "content_commitment"), critical=True
        )
        if stamps:
            builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
        return WesternKey(private, builder.sign(root_key, hashes.SHA256()).public_bytes(Encoding.DER))

    return WesternPki(
        root.public_bytes(Encoding.DER),
        leaf("阳江市江城区市场监督管理局"),
        TimestampingUnit(leaf("time-stamps", stamps=True), policy_oid=POLICY_OID, clock=lambda: NOW),
        root_key,
    )
