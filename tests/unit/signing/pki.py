"""Signing keys under a small CA, and PDFs prepared for signatures, for the tests of this room."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from certs.authority import CertificateAuthority, Subject, self_signed_root
from certs.profiles import ISSUING_CA, ROOT, SEAL_SIGNER, TIMESTAMPING_UNIT, Profile
from certs.tsa import TimestampingUnit
from signing import sm2
from signing.keys import PreparedPdf, SignatureAlgorithm
from signing.keys_sm2 import Sm2SigningKey
from signing.pades import CONTENTS_HEX_DIGITS

NOW = datetime.now(UTC).replace(microsecond=0)
POLICY_OID = "1.2.3.4.5"
CREDIT_CODE = "91110000600037341L"


@dataclass(frozen=True)
class Pki:
    root: Sm2SigningKey
    issuing: Sm2SigningKey
    seal: Sm2SigningKey
    timestamping: Sm2SigningKey

    @property
    def unit(self) -> TimestampingUnit:
        return TimestampingUnit(self.timestamping, policy_oid=POLICY_OID, clock=lambda: NOW)

    def crls(self) -> tuple[bytes, ...]:
        times = {"this_update": NOW - timedelta(minutes=1), "next_update": NOW + timedelta(days=1)}
        return tuple(CertificateAuthority(key).crl(number=1, **times) for key in (self.root, self.issuing))


@cache
def pki() -> Pki:
    root = self_signed_root(ROOT, Subject("测试根", "测试机构"), sm2.generate(), now=NOW)
    issuing = _issued(root, ISSUING_CA, Subject("测试签发机构", "测试机构"), chain=())
    seal = Subject("阳江市江城区市场监督管理局", "阳江市江城区市场监督管理局", CREDIT_CODE)
    return Pki(
        root,
        issuing,
        _issued(issuing, SEAL_SIGNER, seal, chain=(issuing.certificate,)),
        _issued(issuing, TIMESTAMPING_UNIT, Subject("时间戳", "测试机构"), chain=(issuing.certificate,)),
    )


def _issued(issuer: Sm2SigningKey, profile: Profile, subject: Subject, chain: tuple[bytes, ...]) -> Sm2SigningKey:
    private = sm2.generate()
    certificate = CertificateAuthority(issuer).issue(profile, subject, private.public_key, now=NOW)
    return Sm2SigningKey(private, certificate, chain)


@dataclass(frozen=True)
class EcdsaKey:
    private: ec.EllipticCurvePrivateKey
    certificate: bytes
    chain: tuple[bytes, ...] = ()
    algorithm: SignatureAlgorithm = SignatureAlgorithm.ECDSA_WITH_SHA256

    def sign(self, message: bytes) -> bytes:
        return self.private.sign(message, ec.ECDSA(hashes.SHA256()))


@cache
def ecdsa_key() -> EcdsaKey:
    """A P-256 key with a self-signed certificate."""
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ecdsa signer")])
    usage = dict.fromkeys(
        ("key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign"), False
    )
    certificate = (
        x509.CertificateBuilder(name, name, private.public_key(), x509.random_serial_number())
        .not_valid_before(NOW - timedelta(hours=1))
        .not_valid_after(NOW + timedelta(days=1))
        .add_extension(
            x509.KeyUsage(
                digital_signature=True,
                content_commitment=True,
                encipher_only=False,
                decipher_only=False,
                **usage,
            ),
            critical=True,
        )
        .sign(private, hashes.SHA256())
    )
    return EcdsaKey(private, certificate.public_bytes(serialization.Encoding.DER))


def plain_pdf() -> bytes:
    """One empty page, no signature field."""
    return _assemble(
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]>>",
    )


def prepared_pdf(hex_digits: int = CONTENTS_HEX_DIGITS) -> PreparedPdf:
    """One page with a certified signature field whose contents are a run of zeros."""
    signature = (
        b"<</Type/Sig/Filter/Adobe.PPKLite/SubFilter/ETSI.CAdES.detached/M(D:%b)/ByteRange[0 %b]/Contents<%b>"
        b"/Reference[<</Type/SigRef/TransformMethod/DocMDP"
        b"/TransformParams<</Type/TransformParams/P 1/V/1.2>>>>]>>"
    ) % (f"{NOW:%Y%m%d%H%M%SZ}".encode(), b" " * 30, b"0" * hex_digits)
    data = _assemble(
        b"<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[4 0 R]/SigFlags 3>>/Perms<</DocMDP 5 0 R>>>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]/Annots[4 0 R]>>",
        b"<</Type/Annot/Subtype/Widget/FT/Sig/T(Signature1)/V 5 0 R/P 3 0 R/Rect[0 0 0 0]/F 132>>",
        signature,
    )
    start = data.index(b"/Contents<") + len(b"/Contents")
    end = start + hex_digits + 2
    blank = b"/ByteRange[0 " + b" " * 30
    ranges = b"/ByteRange[0 %d %d %d" % (start, end, len(data) - end)
    return PreparedPdf(data.replace(blank, ranges.ljust(len(blank))), start, end)


def _assemble(*objects: bytes) -> bytes:
    body, offsets = b"%PDF-1.7\n%\xe4\xbd\xa0\xe5\xa5\xbd\n", []
    for number, content in enumerate(objects, 1):
        offsets.append(len(body))
        body += b"%d 0 obj\n%b\nendobj\n" % (number, content)
    rows = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    size = len(objects) + 1
    return body + b"xref\n0 %d\n0000000000 65535 f \n%btrailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (
        size,
        rows,
        size,
        len(body),
    )
