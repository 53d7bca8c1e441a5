"""Certificates and revocation lists, read back with a parser that knows nothing of their writer."""

from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

from certs.authority import (
    CREDIT_CODE_OID,
    CertificateAuthority,
    CertificateRequest,
    CreditCodeField,
    NameConstraints,
    PublicationUrls,
    Subject,
    directory_name,
    self_signed_root,
)
from certs.credit_code import extract_credit_code
from certs.errors import ProfileError
from certs.lint import lint
from certs.profiles import (
    ELECTRONIC_BUSINESS_LICENCE,
    GATEWAY_SIGNER,
    ISSUING_CA,
    OCSP_RESPONDER,
    ROOT,
    SEAL_SIGNER,
    TIMESTAMPING_UNIT,
    KeyUsage,
)
from certs.profiles import (
    PROFILES as ALL_PROFILES,
)
from signing import der, sm2
from signing.algorithms import ECDSA_SHA256_OID, RSA_SHA256_OID, SM2_WITH_SM3_OID
from signing.errors import InvalidSignatureError
from signing.keys import SignatureAlgorithm
from signing.keys_sm2 import Sm2SigningKey
from signing.private_keys import generate, public_half
from signing.validation.cryptographic import verify_value
from signing.x509_fields import public_key_info
from tests.pki import CREDIT_CODE, DAY, NOW, make_pki

HOLDER = Subject("阳江市江城区漠江泰和餐饮服务有限公司", "漠江泰和", CREDIT_CODE)
PROFILES = [ISSUING_CA, SEAL_SIGNER, TIMESTAMPING_UNIT, ELECTRONIC_BUSINESS_LICENCE, GATEWAY_SIGNER]
ALGORITHMS = {
    SignatureAlgorithm.SM2_WITH_SM3: SM2_WITH_SM3_OID,
    SignatureAlgorithm.ECDSA_WITH_SHA256: ECDSA_SHA256_OID,
    SignatureAlgorithm.RSA_WITH_SHA256: RSA_SHA256_OID,
}


class CountingKey:
    """A CA key that counts how often it signs."""

    def __init__(self, key):
        self.certificate, self.chain, self.algorithm, self._key, self.count = key.certificate, (), key.algorithm, key, 0

    def sign(self, message):
        self.count += 1
        return self._key.sign(message)


@pytest.fixture
def issuer():
    return CountingKey(make_pki().root)


def issue(issuer, profile=SEAL_SIGNER, subject=HOLDER, urls=None, **options):
    key = sm2.generate().public_key
    encoded = CertificateAuthority(issuer, urls=urls).issue(profile, subject, key, now=NOW, **options)
    return x509.load_der_x509_certificate(encoded), encoded, key


def value(certificate, kind):
    return certificate.extensions.get_extension_for_class(kind).value


@pytest.mark.parametrize("profile", PROFILES, ids=lambda p: p.name)
def test_a_certificate_is_signed_by_its_issuer_and_says_what_its_profile_says(profile, issuer):
    certificate, encoded, key = issue(issuer, profile)
    ca_key = sm2.load_public(public_key_info(issuer.certificate))
    sm2.verify(ca_key, certificate.tbs_certificate_bytes, certificate.signature)
    with pytest.raises(InvalidSignatureError):
        sm2.verify(ca_key, certificate.tbs_certificate_bytes + b"\0", certificate.signature)
    assert issuer.count == 1
    assert public_key_info(encoded) == key.spki
    assert certificate.signature_algorithm_oid.dotted_string == "1.2.156.10197.1.501"
    usage = value(certificate, x509.KeyUsage)
    assert usage.digital_signature is usage.content_commitment is not profile.is_ca
    assert usage.key_cert_sign is usage.crl_sign is profile.is_ca
    assert certificate.not_valid_after_utc == NOW + timedelta(days=profile.days)
    assert certificate.not_valid_before_utc < NOW


@pytest.mark.parametrize("profile", ALL_PROFILES.values(), ids=lambda p: p.name)
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_every_profile_is_issued_under_every_kind_of_key(algorithm, profile):
    ca = CountingKey(make_pki(algorithm).root)
    encoded = CertificateAuthority(ca).issue(profile, HOLDER, public_half(generate(algorithm)), now=NOW)
    certificate = x509.load_der_x509_certificate(encoded)
    assert (ca.count, certificate.signature_algorithm_oid.dotted_string) == (1, ALGORITHMS[algorithm])
    spki = public_key_info(ca.certificate)
    verify_value(spki, ALGORITHMS[algorithm], "", certificate.tbs_certificate_bytes, certificate.signature)
    with pytest.raises(InvalidSignatureError):
        verify_value(spki, ALGORITHMS[algorithm], "", certificate.tbs_certificate_bytes + b"\0", certificate.signature)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_ca_certifies_keys_of_every_kind(algorithm, issuer):
    spki = public_half(generate(algorithm))
    encoded = CertificateAuthority(issuer).issue(GATEWAY_SIGNER, Subject("签名", "测试"), spki, now=NOW)
    assert public_key_info(encoded) == spki


@pytest.mark.parametrize(
    "key",
    [
        ec.generate_private_key(ec.SECP384R1()),
        ec.generate_private_key(ec.SECP256K1()),
        rsa.generate_private_key(65537, 1024),
        rsa.generate_private_key(3, 2048),
        ed25519.Ed25519PrivateKey.generate(),
    ],
    ids=["P-384", "secp256k1", "RSA-1024", "exponent 3", "Ed25519"],
)
def test_a_key_that_does_not_sign_here_is_not_certified(key, issuer):
    spki = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    with pytest.raises(ProfileError, match="public key"):
        CertificateAuthority(issuer).issue(GATEWAY_SIGNER, Subject("签名", "测试"), spki, now=NOW)
    assert issuer.count == 0


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_revocation_list_is_signed_with_the_cas_own_kind_of_key(algorithm):
    ca = make_pki(algorithm).root
    encoded = CertificateAuthority(ca).crl(number=1, this_update=NOW, next_update=NOW + DAY)
    parsed = x509.load_der_x509_crl(encoded)
    spki = public_key_info(ca.certificate)
    verify_value(spki, ALGORITHMS[algorithm], "", parsed.tbs_certlist_bytes, parsed.signature)


def test_an_issuer_that_others_certified_is_named_by_its_own_identifier():
    root = make_pki().root
    identifier = value(x509.load_der_x509_certificate(root.certificate), x509.SubjectKeyIdentifier).digest
    theirs = bytes(20)
    brought = CountingKey(root)
    brought.certificate = root.certificate.replace(der.octet_string(identifier), der.octet_string(theirs))
    certificate, *_ = issue(brought)
    assert value(certificate, x509.AuthorityKeyIdentifier).key_identifier == theirs


def test_a_responder_may_answer_for_its_ca_and_nobody_asks_about_it(issuer):
    certificate, *_ = issue(issuer, OCSP_RESPONDER)
    assert [oid.dotted_string for oid in value(certificate, x509.ExtendedKeyUsage)] == ["1.3.6.1.5.5.7.3.9"]
    assert value(certificate, x509.OCSPNoCheck) == x509.OCSPNoCheck()
    usage = value(certificate, x509.KeyUsage)
    assert (usage.digital_signature, usage.content_commitment, usage.key_cert_sign) == (True, False, False)


def test_a_ca_may_be_bound_to_names(issuer):
    ours, theirs = directory_name(("C", "CN"), ("O", "测试")), directory_name(("C", "XX"))
    subject = Subject("受限签发", "测试")
    encoded = CertificateAuthority(issuer).issue(
        ISSUING_CA,
        subject,
        sm2.generate().public_key,
        now=NOW,
        name_constraints=NameConstraints(permitted=(ours,), excluded=(theirs,)),
    )
    extension = x509.load_der_x509_certificate(encoded).extensions.get_extension_for_class(x509.NameConstraints)
    assert extension.critical
    [permitted], [excluded] = extension.value.permitted_subtrees, extension.value.excluded_subtrees
    assert permitted.value.public_bytes() == ours
    assert excluded.value.public_bytes() == theirs
    assert issue(issuer, ISSUING_CA, name_constraints=NameConstraints())[0].issuer


def test_only_a_ca_is_bound_to_names(issuer):
    with pytest.raises(ProfileError, match="name constraints"):
        issue(issuer, name_constraints=NameConstraints(permitted=(HOLDER.encode(),)))
    assert issuer.count == 0


def test_key_identifiers_link_a_certificate_to_its_issuer(issuer):
    certificate, *_ = issue(issuer)
    root = x509.load_der_x509_certificate(issuer.certificate)
    link = value(certificate, x509.AuthorityKeyIdentifier).key_identifier
    assert (
        link == value(root, x509.SubjectKeyIdentifier).digest == value(root, x509.AuthorityKeyIdentifier).key_identifier
    )
    assert link != value(certificate, x509.SubjectKeyIdentifier).digest


def test_serial_numbers_are_long_and_differ(issuer):
    numbers = {issue(issuer)[0].serial_number for _ in range(50)}
    assert len(numbers) == 50
    assert {n.bit_length() for n in numbers} == {128}


@pytest.mark.parametrize(
    ("field", "oid"), [("serialNumber", NameOID.SERIAL_NUMBER), ("OU", NameOID.ORGANIZATIONAL_UNIT_NAME)]
)
def test_the_credit_code_stands_in_the_extension_and_in_the_subject(field, oid, issuer):
    certificate, encoded, _ = issue(issuer, subject=replace(HOLDER, credit_code_field=CreditCodeField(field)))
    extension = certificate.extensions.get_extension_for_oid(x509.ObjectIdentifier(CREDIT_CODE_OID))
    assert extension.value.value == der.utf8(CREDIT_CODE)
    assert [a.value for a in certificate.subject.get_attributes_for_oid(oid)] == [CREDIT_CODE]
    assert extract_credit_code(encoded) == CREDIT_CODE


def test_addresses_stand_in_certificates_only_when_there_are_any(issuer):
    urls = PublicationUrls(
        crl="http://ca.invalid/root.crl", issuer="http://ca.invalid/root.cer", ocsp="http://ca.invalid/ocsp"
    )
    certificate, *_ = issue(issuer, urls=urls)
    [point] = value(certificate, x509.CRLDistributionPoints)
    assert [name.value for name in point.full_name] == [urls.crl]
    access = {a.access_method: a.access_location.value for a in value(certificate, x509.AuthorityInformationAccess)}
    assert access == {
        AuthorityInformationAccessOID.OCSP: urls.ocsp,
        AuthorityInformationAccessOID.CA_ISSUERS: urls.issuer,
    }
    bare, *_ = issue(issuer)
    names = {type(e.value) for e in bare.extensions}
    assert not names & {x509.CRLDistributionPoints, x509.AuthorityInformationAccess}


def test_the_time_stamping_usage_is_critical_and_alone(issuer):
    certificate, *_ = issue(issuer, TIMESTAMPING_UNIT)
    extension = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    assert extension.critical
    assert [oid.dotted_string for oid in extension.value] == ["1.3.6.1.5.5.7.3.8"]


def test_only_cas_have_basic_constraints_and_the_issuing_ca_has_none_below(issuer):
    certificate, *_ = issue(issuer, ISSUING_CA)
    constraints = value(certificate, x509.BasicConstraints)
    assert (constraints.ca, constraints.path_length) == (True, 0)
    with pytest.raises(x509.ExtensionNotFound):
        value(issue(issuer)[0], x509.BasicConstraints)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_root_is_signed_with_its_own_key(algorithm):
    key = self_signed_root(ROOT, Subject("根", "测试"), generate(algorithm), now=NOW)
    certificate = x509.load_der_x509_certificate(key.certificate)
    assert (key.algorithm, certificate.subject) == (algorithm, certificate.issuer)
    spki = public_half(key.private)
    verify_value(spki, ALGORITHMS[algorithm], "", certificate.tbs_certificate_bytes, certificate.signature)


WRONG = {
    "no credit code": ({"subject": Subject("无码", "测试")}, "no unified social credit code"),
    "a credit code that fails its check": (
        {"subject": replace(HOLDER, unified_social_credit_code=CREDIT_CODE[:-1] + "A")},
        "credit code",
    ),
    "another code glued to the name": (
        {"subject": replace(HOLDER, organisation="9144030071526726XG某公司")},
        "differing",
    ),
    "a validity of no length": ({"days": -1}, "validity that is not empty"),
    "a validity over the profile's": ({"days": SEAL_SIGNER.days + 2}, "no longer than its profile's"),
    "a name over the upper bound": ({"subject": replace(HOLDER, common_name="名" * 65)}, "lengths of RFC 5280"),
    "no common name": ({"subject": replace(HOLDER, common_name="")}, "."),
    "a country in lower case": ({"subject": replace(HOLDER, country="cn")}, "lengths of RFC 5280"),
    "a country of three letters": ({"subject": replace(HOLDER, country="CHN")}, "."),
}


@pytest.mark.parametrize(("options", "complaint"), WRONG.values(), ids=WRONG)
def test_a_wrong_certificate_is_refused_before_the_real_key_is_used(options, complaint, issuer):
    with pytest.raises(ProfileError, match=complaint):
        issue(issuer, **options)
    assert issuer.count == 0


@pytest.mark.parametrize(
    ("made", "judged", "complaint"),
    [
        (SEAL_SIGNER, ISSUING_CA, "key usage"),
        (ISSUING_CA, GATEWAY_SIGNER, "key usage"),
        (ISSUING_CA, ROOT, "basic constraints"),
        (replace(ISSUING_CA, path_length=1), ISSUING_CA, "basic constraints"),
        (replace(ISSUING_CA, is_ca=False), ISSUING_CA, "basic constraints"),
        (replace(SEAL_SIGNER, is_ca=True, path_length=0), SEAL_SIGNER, "basic constraints"),
        (replace(SEAL_SIGNER, key_usage=frozenset({KeyUsage.DIGITAL_SIGNATURE})), SEAL_SIGNER, "key usage"),
        (TIMESTAMPING_UNIT, SEAL_SIGNER, "extended key usage"),
        (SEAL_SIGNER, TIMESTAMPING_UNIT, "extended key usage"),
        (replace(SEAL_SIGNER, extended_key_usage="1.3.6.1.5.5.7.3.9"), TIMESTAMPING_UNIT, "extended key usage"),
        (replace(OCSP_RESPONDER, ocsp_no_check=False), OCSP_RESPONDER, "ocsp-nocheck"),
        (replace(GATEWAY_SIGNER, ocsp_no_check=True), GATEWAY_SIGNER, "ocsp-nocheck"),
    ],
)
def test_the_lint_tells_the_profiles_apart(made, judged, complaint, issuer):
    _, encoded, _ = issue(issuer, made)
    lint(encoded, made)
    with pytest.raises(ProfileError, match=f"^{judged.name}: the certificate must have .*{complaint}"):
        lint(encoded, replace(judged, days=made.days))


@pytest.mark.parametrize("data", [b"", b"0", b"no certificate", b"\x30\x80\0\0"])
def test_the_lint_refuses_what_is_no_certificate(data):
    with pytest.raises(ProfileError, match="cannot be parsed"):
        lint(data, ROOT)


def test_the_lint_refuses_another_algorithm_and_another_curve(issuer):
    _, encoded, _ = issue(issuer, GATEWAY_SIGNER)
    plain = der.oid("1.2.156.10197.1.501")
    with pytest.raises(ProfileError, match="SM2 with SM3"):
        lint(encoded.replace(plain, der.oid("1.2.156.10197.1.502")), GATEWAY_SIGNER)
    with pytest.raises(ProfileError, match="SM2 public key"):
        lint(encoded.replace(der.oid("1.2.156.10197.1.301"), der.oid("1.2.156.10197.1.302")), GATEWAY_SIGNER)


@pytest.mark.parametrize("bits", [32, 64, 160])
def test_a_serial_number_that_can_be_guessed_or_is_too_long_is_refused(bits, issuer, monkeypatch):
    monkeypatch.setattr("certs.authority._SERIAL_BITS", bits)
    with pytest.raises(ProfileError, match="random serial number of at most 20 octets"):
        issue(issuer)
    assert issuer.count == 0


def test_the_lint_refuses_a_doubled_extension(issuer):
    _, encoded, _ = issue(issuer, GATEWAY_SIGNER)
    with pytest.raises(ProfileError, match="cannot be parsed"):
        lint(encoded.replace(der.oid("2.5.29.14"), der.oid("2.5.29.35")), GATEWAY_SIGNER)


def test_the_lint_refuses_a_critical_extension_that_validators_do_not_know(issuer):
    _, encoded, _ = issue(issuer, TIMESTAMPING_UNIT)
    unknown = encoded.replace(der.oid("2.5.29.37"), der.oid("2.5.29.99"))
    with pytest.raises(ProfileError, match="no other critical extension"):
        lint(unknown, replace(TIMESTAMPING_UNIT, extended_key_usage=None))


def test_a_naive_time_is_refused(issuer):
    request = CertificateRequest(GATEWAY_SIGNER, HOLDER, sm2.generate().public_key, NOW.replace(tzinfo=None), NOW)
    with pytest.raises(ValueError, match="time zone"):
        CertificateAuthority(issuer).sign_request(request)


def test_the_test_pki_makes_what_its_options_say():
    pki = make_pki()
    below = pki.authority(issuer=pki.authority(profile=replace(ISSUING_CA, path_length=1)), name="再下一级")
    leaf = pki.leaf(issuer=below, since=-3 * DAY, until=-DAY)
    assert isinstance(leaf, Sm2SigningKey)
    assert len(leaf.chain) == 2
    certificate = x509.load_der_x509_certificate(leaf.certificate)
    assert (certificate.not_valid_before_utc, certificate.not_valid_after_utc) == (NOW - 3 * DAY, NOW - DAY)
