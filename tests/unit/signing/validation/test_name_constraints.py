"""Name constraints against names of every kind, and a chain that breaks them."""

import ipaddress
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from signing.validation.name_constraints import name_violation
from signing.validation.x509 import load_certificate
from tests.pki import NOW

KEY = ec.generate_private_key(ec.SECP256R1())


def name(common_name, organisation="机关", email=None):
    parts = [(NameOID.ORGANIZATION_NAME, organisation), (NameOID.COMMON_NAME, common_name)]
    parts += [(NameOID.EMAIL_ADDRESS, email)] if email else []
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in parts])


def certificate(subject, *, issuer=None, alternative=(), permitted=None, excluded=None):
    builder = (
        x509.CertificateBuilder(issuer or name("CA"), subject, KEY.public_key(), x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=1))
    )
    if alternative:
        builder = builder.add_extension(x509.SubjectAlternativeName(alternative), critical=False)
    if permitted or excluded:
        builder = builder.add_extension(x509.NameConstraints(permitted, excluded), critical=True)
    return load_certificate(builder.sign(KEY, hashes.SHA256()).public_bytes(Encoding.DER))


DNS, MAIL, URI, IP = x509.DNSName, x509.RFC822Name, x509.UniformResourceIdentifier, x509.IPAddress
NET = IP(ipaddress.ip_network("10.0.0.0/8"))


@pytest.mark.parametrize(
    ("within", "outside", "base"),
    [
        (DNS("a.example.test"), DNS("aexample.test"), DNS("example.test")),
        (DNS("EXAMPLE.test"), DNS("example.test.other"), DNS("example.test")),
        (MAIL("a@example.test"), MAIL("a@sub.example.test"), MAIL("example.test")),
        (MAIL("a@sub.example.test"), MAIL("a@example.test"), MAIL(".example.test")),
        (MAIL("a@example.test"), MAIL("b@example.test"), MAIL("a@example.test")),
        (URI("https://a.example.test/x"), URI("https://example.test/x"), URI(".example.test")),
        (URI("https://example.test:8/x"), URI("https://a.example.test"), URI("example.test")),
        (IP(ipaddress.ip_address("10.1.2.3")), IP(ipaddress.ip_address("11.1.2.3")), NET),
        (
            x509.DirectoryName(name("x")),
            x509.DirectoryName(name("x", "别的机关")),
            x509.DirectoryName(x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "机关")])),
        ),
    ],
)
def test_permitted_and_excluded(within, outside, base):
    plain = x509.DirectoryName(name("leaf"))
    subject = name("leaf")
    permitted = [base, plain] if not isinstance(base, x509.DirectoryName) else [base]
    ca = certificate(name("CA"), issuer=name("root"), permitted=permitted)
    assert name_violation((certificate(subject, alternative=[within]), ca)) is None
    assert "not permitted" in name_violation((certificate(subject, alternative=[outside]), ca))
    if not isinstance(base, x509.DirectoryName):
        forbidding = certificate(name("CA"), issuer=name("root"), excluded=[base])
        assert "excluded" in name_violation((certificate(subject, alternative=[within]), forbidding))
        assert name_violation((certificate(subject, alternative=[outside]), forbidding)) is None


def test_an_address_of_another_version_is_outside():
    ca = certificate(name("CA"), issuer=name("root"), permitted=[NET])
    six = certificate(name("leaf"), alternative=[IP(ipaddress.ip_address("::1"))])
    assert "not permitted" in name_violation((six, ca))


def test_the_subjects_mail_counts_where_there_is_no_other():
    ca = certificate(name("CA"), issuer=name("root"), excluded=[MAIL("example.test")])
    assert name_violation((certificate(name("leaf", email="a@example.test")), ca)) is not None
    assert name_violation((certificate(name("leaf", email="a@other.test")), ca)) is None


def test_a_uri_without_host_is_outside():
    ca = certificate(name("CA"), issuer=name("root"), permitted=[URI(".example.test")])
    for text in ("urn:x:y", "https://[broken"):
        assert name_violation((certificate(name("leaf"), alternative=[URI(text)]), ca)) is not None


def test_a_kind_that_cannot_be_compared_is_refused_only_where_it_is_constrained():
    other = x509.RegisteredID(x509.ObjectIdentifier("1.2.3"))
    leaf = certificate(name("leaf"), alternative=[other])
    assert "cannot be compared" in name_violation(
        (leaf, certificate(name("CA"), issuer=name("root"), permitted=[other]))
    )
    assert name_violation((leaf, certificate(name("CA"), issuer=name("root"), permitted=[DNS("example.test")]))) is None


def test_constraints_reach_through_every_ca_below():
    top = certificate(name("top"), issuer=name("root"), excluded=[DNS("example.test")])
    middle = certificate(name("CA"), issuer=name("top"))
    leaf = certificate(name("leaf"), alternative=[DNS("a.example.test")])
    assert name_violation((leaf, middle, top)) is not None
    assert name_violation((certificate(name("leaf")), middle, top)) is None


def test_a_ca_that_renews_itself_is_not_bound_by_its_parents_names_but_its_leaves_are():
    only = [x509.DirectoryName(x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "别的")]))]
    top = certificate(name("CA"), issuer=name("root"), permitted=only)
    renewed = certificate(name("CA"), issuer=name("CA"))
    assert name_violation((certificate(name("leaf", "别的")), renewed, top)) is None
    assert name_violation((certificate(name("leaf")), renewed, top)) is not None
