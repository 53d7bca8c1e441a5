"""Certificates, revocation lists and stored keys against OpenSSL and BouncyCastle, which know nothing of this library."""

import re
import subprocess
from dataclasses import replace

import pytest
from asn1crypto import pem
from cryptography import x509

from certs.authority import CertificateAuthority, NameConstraints, PublicationUrls, Subject, directory_name
from certs.keystore import Keystore
from certs.private_files import create_password_file
from certs.profiles import ELECTRONIC_BUSINESS_LICENCE, ISSUING_CA, SEAL_SIGNER, TIMESTAMPING_UNIT
from certs.revocation import RevocationReason
from signing import sm2
from signing.keys import SignatureAlgorithm
from signing.private_keys import generate, public_half, signing_key
from signing.validation.policy import Use
from signing.validation.process import validate_certificate
from signing.validation.report import Conclusion
from tests.interop.bouncy_castle import ask
from tests.pki import CREDIT_CODE, DAY, NOW, make_pki, make_stranger

pytestmark = pytest.mark.interop

DISTID = ("-vfyopt", "distid:1234567812345678")


def run(*command):
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture
def pki():
    return make_pki()


@pytest.fixture
def write(tmp_path):
    """Writes DER or PEM to a file of its own."""
    count = iter(range(1000))

    def written(data, label=None):
        path = tmp_path / f"file-{next(count)}"
        path.write_bytes(pem.armor(label, data) if label else data)
        return path

    return written


def openssl_verifies(write, issuer, certificate):
    """One link: OpenSSL hands the signer's identity to the first signature only, so that links go one by one."""
    files = ("-trusted", write(issuer, "CERTIFICATE"), write(certificate, "CERTIFICATE"))
    return run("openssl", "verify", "-partial_chain", *DISTID, "-attime", int(NOW.timestamp()), *files)


@pytest.mark.parametrize("profile", [SEAL_SIGNER, TIMESTAMPING_UNIT, ELECTRONIC_BUSINESS_LICENCE], ids=lambda p: p.name)
def test_openssl_verifies_every_link(profile, pki, write):
    leaf = pki.leaf(profile)
    links = ((pki.root, pki.root), (pki.root, pki.issuing), (pki.issuing, leaf))
    for issuer, subject in links:
        verified = openssl_verifies(write, issuer.certificate, subject.certificate)
        assert verified.returncode == 0, verified.stderr


def test_openssl_refuses_another_issuer_and_a_changed_certificate(pki, write):
    leaf = pki.leaf()
    assert openssl_verifies(write, make_stranger().issuing.certificate, leaf.certificate).returncode != 0
    changed = leaf.certificate.replace(CREDIT_CODE.encode(), b"9144030071526726XG")
    assert changed != leaf.certificate
    refused = openssl_verifies(write, pki.issuing.certificate, changed)
    assert refused.returncode != 0
    assert "signature failure" in refused.stderr


def test_openssl_prints_what_the_certificate_says(pki, write):
    urls = PublicationUrls(crl="http://ca.invalid/issuing.crl", issuer="http://ca.invalid/issuing.cer")
    subject = Subject("阳江市江城区市场监督管理局", "江城区", CREDIT_CODE)
    key = sm2.generate().public_key
    encoded = CertificateAuthority(pki.issuing, urls=urls).issue(SEAL_SIGNER, subject, key, now=NOW)
    shown = run(
        "openssl",
        "x509",
        "-noout",
        "-text",
        "-nameopt",
        "utf8,sep_comma_plus_space",
        "-in",
        write(encoded, "CERTIFICATE"),
    )
    assert shown.returncode == 0, shown.stderr
    for expected in (
        "Signature Algorithm: SM2-with-SM3",
        "ASN1 OID: SM2",
        f"serialNumber={CREDIT_CODE}, CN=阳江市江城区市场监督管理局",
        "X509v3 Key Usage: critical\n                Digital Signature, Non Repudiation\n",
        "1.2.156.10260.4.1.4:",
        "URI:http://ca.invalid/issuing.crl",
        "CA Issuers - URI:http://ca.invalid/issuing.cer",
    ):
        assert expected in shown.stdout, expected


def test_openssl_prints_ca_and_time_stamping_profiles(pki, write):
    issuing = run("openssl", "x509", "-noout", "-text", "-in", write(pki.issuing.certificate, "CERTIFICATE")).stdout
    assert "X509v3 Basic Constraints: critical\n                CA:TRUE, pathlen:0\n" in issuing
    assert "Certificate Sign, CRL Sign" in issuing
    unit = pki.leaf(TIMESTAMPING_UNIT).certificate
    shown = run("openssl", "x509", "-noout", "-text", "-in", write(unit, "CERTIFICATE")).stdout
    assert "X509v3 Extended Key Usage: critical\n                Time Stamping\n" in shown


def test_openssl_verifies_and_prints_a_revocation_list(pki, write):
    leaf = pki.leaf()
    pki.revoke(leaf, NOW - DAY, RevocationReason.SUPERSEDED)
    crl = write(pki.crls()[1], "X509 CRL")
    shown = run("openssl", "crl", "-noout", "-text", "-in", crl)
    assert shown.returncode == 0, shown.stderr
    number = x509.load_der_x509_certificate(leaf.certificate).serial_number
    assert f"Serial Number: {number:X}" in shown.stdout
    assert "Superseded" in shown.stdout
    assert re.search(r"X509v3 CRL Number: \n\s+1\n", shown.stdout)
    # The crl command cannot be told the signer's identity: the signature value is checked by itself.
    parsed = x509.load_der_x509_crl(pki.crls()[1])
    key = write(pki.issuing.private.public_key.spki, "PUBLIC KEY")

    def verify(message):
        files = ("-pubin", "-inkey", key, "-in", write(message), "-sigfile", write(parsed.signature))
        options = ("-rawin", "-digest", "sm3", "-pkeyopt", "distid:1234567812345678")
        return run("openssl", "pkeyutl", "-verify", *files, *options)

    assert "Verified Successfully" in verify(parsed.tbs_certlist_bytes).stdout
    assert verify(parsed.tbs_certlist_bytes + b"\0").returncode != 0


def openssl_validates(write, pki, leaf, lists):
    """The whole path with revocation; possible where no identity has to be handed on, so not for SM2."""
    trusted = write(pki.root.certificate, "CERTIFICATE")
    between = write(b"".join(pem.armor("CERTIFICATE", one) for one in leaf.chain))
    revocation = write(b"".join(pem.armor("X509 CRL", one) for one in lists))
    options = ("-x509_strict", "-crl_check_all", "-CRLfile", revocation, "-attime", int(NOW.timestamp()))
    files = ("-CAfile", trusted, "-untrusted", between, write(leaf.certificate, "CERTIFICATE"))
    return run("openssl", "verify", *options, *files)


@pytest.mark.parametrize(
    "algorithm", [SignatureAlgorithm.ECDSA_WITH_SHA256, SignatureAlgorithm.RSA_WITH_SHA256], ids=str
)
def test_openssl_validates_a_whole_chain_with_its_revocation_lists(algorithm, write):
    pki = make_pki(algorithm)
    good, bad = pki.leaf(), pki.leaf()
    pki.revoke(bad, NOW - DAY)
    verified = openssl_validates(write, pki, good, pki.crls())
    assert verified.returncode == 0, verified.stderr
    assert "certificate revoked" in openssl_validates(write, pki, bad, pki.crls()).stderr
    old = pki.crls(this_update=NOW - 9 * DAY, next_update=NOW - DAY)
    assert "CRL has expired" in openssl_validates(write, pki, good, old).stderr
    strangers = make_pki(SignatureAlgorithm.SM2_WITH_SM3).crls()
    assert "unable to get certificate CRL" in openssl_validates(write, pki, good, strangers).stderr


def test_openssl_verifies_the_signature_of_an_ecdsa_revocation_list(write):
    pki = make_pki(SignatureAlgorithm.ECDSA_WITH_SHA256)
    anchor = write(pki.issuing.certificate, "CERTIFICATE")
    good = pki.crls()[1]
    changed = good[:-1] + bytes([good[-1] ^ 1])
    for encoded, word in ((good, "verify OK"), (changed, "verify failure"), (pki.crls()[0], "getting CRL issuer")):
        shown = run("openssl", "crl", "-noout", "-in", write(encoded, "X509 CRL"), "-CAfile", anchor)
        assert word in shown.stdout + shown.stderr


def constrained(pki, country):
    """A leaf in China under a CA that may certify names in ``country`` only, and the lists of all."""
    inside = Subject("名称受限签发", "测试")
    private = generate(pki.root.algorithm)
    limits = NameConstraints(permitted=(directory_name(("C", country)),))
    ca = CertificateAuthority(pki.root).issue(
        ISSUING_CA, inside, public_half(private), now=NOW - DAY, name_constraints=limits
    )
    issuer = signing_key(private, ca)
    own = CertificateAuthority(issuer).crl(number=1, this_update=NOW - DAY / 24, next_update=NOW + DAY)
    private = generate(pki.root.algorithm)
    holder = Subject("江城区市场监督管理局", "江城区市场监督管理局", CREDIT_CODE)
    leaf = CertificateAuthority(issuer).issue(SEAL_SIGNER, holder, public_half(private), now=NOW - DAY / 2)
    return signing_key(private, leaf, (ca,)), (pki.crls()[0], own)


@pytest.mark.parametrize(("country", "holds"), [("CN", True), ("FR", False)])
def test_openssl_bouncy_castle_and_we_judge_name_constraints_alike(country, holds, write, bouncy_castle):
    pki = make_pki(SignatureAlgorithm.ECDSA_WITH_SHA256)
    leaf, lists = constrained(pki, country)
    by_openssl = openssl_validates(write, pki, leaf, lists)
    assert (by_openssl.returncode == 0, "permitted subtree violation" in by_openssl.stderr) == (holds, not holds)
    pki = make_pki()
    leaf, lists = constrained(pki, country)
    by_bouncy_castle = bouncy_castle(pki.root.certificate, path_of(leaf), lists)
    assert (by_bouncy_castle.returncode == 0) == holds, by_bouncy_castle.stderr
    policy = replace(pki.policy(crls=lists), certificates=leaf.chain)
    ours = validate_certificate(leaf.certificate, policy, at=NOW, use=Use.SIGNATURE)
    assert (ours.conclusion is Conclusion.PASSED) == holds


def test_openssl_opens_a_stored_key_with_the_password_from_a_file(pki, tmp_path):
    password = tmp_path / "password"
    key = pki.leaf()
    Keystore(tmp_path / "keys", create_password_file(password), iterations=10_000).store("seal", key)
    sealed = tmp_path / "keys" / "seal.p8"
    asked = ("-inform", "DER", "-in", sealed, "-passin", f"file:{password}")
    public = run("openssl", "pkey", *asked, "-pubout")
    assert public.returncode == 0, public.stderr
    assert pem.unarmor(public.stdout.encode())[2] == key.private.public_key.spki
    plain = run("openssl", "pkcs8", *asked, "-nocrypt", "-topk8", "-outform", "PEM")
    assert plain.returncode == 0, plain.stderr
    again = sm2.backend().load_private(pem.unarmor(plain.stdout.encode())[2])
    assert again.public_key == key.private.public_key
    password.write_bytes(b"another")
    assert run("openssl", "pkey", *asked, "-pubout").returncode != 0


def test_a_key_that_openssl_sealed_is_loaded_and_kept(pki, tmp_path):
    password = tmp_path / "password"
    secret = create_password_file(password)
    made = run("openssl", "genpkey", "-algorithm", "SM2", "-out", tmp_path / "plain")
    assert made.returncode == 0, made.stderr
    sealing = ("-topk8", "-v2", "aes-256-cbc", "-v2prf", "hmacWithSHA256", "-outform", "DER")
    sealed = run(
        "openssl", "pkcs8", *sealing, "-in", tmp_path / "plain", "-passout", f"file:{password}", "-out", tmp_path / "p8"
    )
    assert sealed.returncode == 0, sealed.stderr
    private = sm2.backend().load_private((tmp_path / "p8").read_bytes(), secret)
    public = run("openssl", "pkey", "-in", tmp_path / "plain", "-pubout").stdout
    assert private.public_key.spki == pem.unarmor(public.encode())[2]


@pytest.fixture
def bouncy_castle(write):
    """Validates root, certificates from the leaf upwards, and CRLs at an instant."""

    def validate(root, certificates, crls, at=NOW):
        files = [f"cert={write(c)}" for c in (root, *certificates)] + [f"crl={write(c)}" for c in crls]
        return ask("VerifyChain", int(at.timestamp() * 1000), *files)

    return validate


def path_of(key):
    return (key.certificate, *key.chain)


def test_bouncy_castle_validates_the_path_with_its_revocation_lists(pki, bouncy_castle):
    pki.revoke(pki.leaf())
    answer = bouncy_castle(pki.root.certificate, path_of(pki.leaf()), pki.crls())
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.splitlines() == ["crl number 1", "crl number 1", "path holds for EC"]


def test_bouncy_castle_validates_four_levels(pki, bouncy_castle):
    upper = pki.authority(profile=replace(ISSUING_CA, path_length=1), name="上级")
    lower = pki.authority(issuer=upper, name="下级")
    lists = [
        CertificateAuthority(key).crl(number=2, this_update=NOW - DAY, next_update=NOW + DAY)
        for key in (pki.root, upper, lower)
    ]
    answer = bouncy_castle(pki.root.certificate, path_of(pki.leaf(issuer=lower)), lists)
    assert answer.returncode == 0, answer.stderr


def revoked(pki):
    leaf = pki.leaf()
    pki.revoke(leaf, NOW - DAY)
    return path_of(leaf), pki.crls()


def expired(pki):
    return path_of(pki.leaf(until=-DAY)), pki.crls()


def under_another_root(pki):
    return path_of(make_stranger().leaf()), make_stranger().crls()


def one_ca_too_many(pki):
    lower = pki.authority(issuer=pki.issuing, name="多余")
    lists = [
        CertificateAuthority(key).crl(number=2, this_update=NOW - DAY, next_update=NOW + DAY)
        for key in (pki.root, pki.issuing, lower)
    ]
    return path_of(pki.leaf(issuer=lower)), lists


def under_a_leaf(pki):
    return path_of(pki.leaf(issuer=pki.leaf())), pki.crls()


def without_lists(pki):
    return path_of(pki.leaf()), ()


@pytest.mark.parametrize(
    ("case", "complaint"),
    [
        (revoked, "Certificate revocation after 20"),
        (expired, "certificate expired on"),
        (under_another_root, "Trust anchor for certification path not found"),
        (one_ca_too_many, "Max path length not greater than zero"),
        (under_a_leaf, "Intermediate certificate lacks BasicConstraints"),
        (without_lists, "No CRLs found for issuer"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_bouncy_castle_refuses_what_the_test_pki_makes_wrong(case, complaint, pki, bouncy_castle):
    answer = bouncy_castle(pki.root.certificate, *case(pki))
    assert answer.returncode != 0
    assert complaint in answer.stderr, answer.stderr
