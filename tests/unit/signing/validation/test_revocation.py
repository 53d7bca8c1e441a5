"""Revocation data: which list or answer counts, for which certificate, and for how long."""

from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtensionOID

from certs.profiles import OCSP_RESPONDER, SEAL_SIGNER
from certs.revocation import RevocationReason
from signing import der
from signing.algorithms import SHA1_OID, SHA256_OID, SM3_OID
from signing.keys import SignatureAlgorithm
from signing.ocsp import CertStatus, SingleResponse, build_response, cert_id
from signing.validation.freshness import fresh_until, is_fresh
from signing.validation.policy import Revocation
from signing.validation.process import validate_certificate
from signing.validation.revocation_data import load_crl
from tests.pki import DAY, NOW, make_pki, make_stranger

HOUR = timedelta(hours=1)


def sub_of(leaf, policy, at=NOW):
    return validate_certificate(leaf.certificate, policy, at=at, use="signature").sub_indication


def with_root_list(pki, *answers):
    """The root's list for the CA, and these answers for the leaf."""
    return replace(pki.policy(crls=pki.crls()[:1]), ocsp_responses=answers)


def answer(pki, leaf, responder, *, status=CertStatus.GOOD, digest_oid=SM3_OID, at=NOW - HOUR, **options):
    single = SingleResponse(
        cert_id=options.pop("about", None) or cert_id(leaf.certificate, pki.issuing.certificate, digest_oid),
        status=status,
        revoked_at=options.pop("revoked_at", None),
        reason=options.pop("reason", None),
        this_update=at,
        next_update=options.pop("until", at + DAY),
        archive_cutoff=options.pop("cutoff", None),
    )
    return build_response([single], key=responder, produced_at=options.pop("produced_at", at), **options)


@pytest.fixture
def pki():
    return make_pki()


@pytest.fixture
def responder(pki):
    return pki.leaf(OCSP_RESPONDER)


@pytest.mark.parametrize("digest_oid", [SM3_OID, SHA1_OID, SHA256_OID])
def test_a_delegated_responder_answers_for_any_digest(pki, responder, digest_oid):
    leaf = pki.leaf()
    assert sub_of(leaf, with_root_list(pki)) == "TRY_LATER"
    assert sub_of(leaf, with_root_list(pki, answer(pki, leaf, responder, digest_oid=digest_oid))) is None


@pytest.mark.parametrize("options", [{"by_name": True}, {"nonce": b"12345678"}])
def test_the_forms_of_an_answer(pki, responder, options):
    leaf = pki.leaf()
    assert sub_of(leaf, with_root_list(pki, answer(pki, leaf, responder, **options))) is None


def test_the_ca_itself_answers_without_its_certificate(pki):
    leaf = pki.leaf()
    assert sub_of(leaf, with_root_list(pki, answer(pki, leaf, pki.issuing, with_certificates=False))) is None


def test_an_ecdsa_ca_answers(pki):
    western = make_pki(SignatureAlgorithm.ECDSA_WITH_SHA256)
    leaf, responder = western.leaf(), western.leaf(OCSP_RESPONDER)
    assert sub_of(leaf, with_root_list(western, answer(western, leaf, responder, digest_oid=SHA1_OID))) is None


def test_a_revoked_answer(pki, responder):
    leaf = pki.leaf()
    revoked = answer(pki, leaf, responder, status=CertStatus.REVOKED, revoked_at=NOW - DAY, reason=1)
    assert sub_of(leaf, with_root_list(pki, revoked)) == "REVOKED_NO_POE"
    on_hold = answer(pki, leaf, responder, status=CertStatus.REVOKED, revoked_at=NOW - DAY, reason=6)
    assert sub_of(leaf, with_root_list(pki, on_hold)) == "TRY_LATER"


def bad_answers():
    pki = make_pki()
    leaf, other, responder = pki.leaf(), pki.leaf(), pki.leaf(OCSP_RESPONDER)
    without_purpose = replace(SEAL_SIGNER, needs_credit_code=False)
    elsewhere = cert_id(leaf.certificate, pki.root.certificate, SM3_OID)
    good = answer(pki, leaf, responder)
    return (
        pki,
        leaf,
        {
            "unknown": answer(pki, leaf, responder, status=CertStatus.UNKNOWN),
            "stale": answer(pki, leaf, responder, at=NOW - 3 * DAY),
            "of the future": answer(pki, leaf, responder, at=NOW + HOUR),
            "without an end": answer(pki, leaf, responder, until=None),
            "for another certificate": answer(pki, other, responder),
            "for the serial number of another CA": answer(pki, leaf, responder, about=elsewhere),
            "by a signer": answer(pki, leaf, pki.leaf(without_purpose)),
            "by the certificate itself": answer(pki, leaf, leaf),
            "by the responder of another CA": answer(pki, leaf, make_stranger().leaf(OCSP_RESPONDER)),
            "by an expired responder": answer(pki, leaf, pki.leaf(OCSP_RESPONDER, until=-DAY)),
            "by a responder that may be revoked": answer(
                pki, leaf, pki.leaf(replace(OCSP_RESPONDER, ocsp_no_check=False))
            ),
            "without the responder's certificate": answer(pki, leaf, responder, with_certificates=False),
            "broken": good[:-1] + bytes([good[-1] ^ 1]),
            "cut off": good[:-1],
            "empty": b"",
        },
    )


PKI, LEAF, BAD = bad_answers()


@pytest.mark.parametrize("flaw", BAD)
def test_what_proves_nothing_is_as_good_as_nothing(flaw):
    assert sub_of(LEAF, with_root_list(PKI, BAD[flaw])) == "TRY_LATER"


def test_a_responder_without_nocheck_needs_the_list_of_its_ca(pki):
    leaf, responder = pki.leaf(), pki.leaf(replace(OCSP_RESPONDER, ocsp_no_check=False))
    half_an_hour_ago = NOW - HOUR / 2
    found = answer(pki, leaf, responder, status=CertStatus.REVOKED, revoked_at=NOW - DAY, at=half_an_hour_ago)
    assert sub_of(leaf, replace(pki.policy(), ocsp_responses=(found,))) == "REVOKED_NO_POE"
    pki.revoke(responder, NOW - 5 * DAY)
    assert sub_of(leaf, replace(pki.policy(), ocsp_responses=(found,))) is None


def test_the_newest_evidence_decides(pki, responder):
    leaf = pki.leaf()
    old = answer(pki, leaf, responder, at=NOW - 6 * HOUR)
    pki.revoke(leaf, NOW - 2 * HOUR)
    assert sub_of(leaf, replace(pki.policy(), ocsp_responses=(old,))) == "REVOKED_NO_POE"


def test_an_answer_after_the_expiry_needs_its_archive(pki, responder):
    """A responder that forgets expired certificates answers "good" for a revoked one."""
    leaf = pki.leaf(until=-DAY)
    for cutoff, expected in ((None, 0), (NOW - 400 * DAY, 1)):
        policy = with_root_list(pki, answer(pki, leaf, responder, cutoff=cutoff))
        checks = validate_certificate(leaf.certificate, policy, at=NOW, use="signature").checks
        assert sum(check.name == "revocation.status" for check in checks) == 1 + expected


def test_if_available_notes_and_passes(pki):
    leaf = pki.leaf()
    found = validate_certificate(
        leaf.certificate, pki.policy(crls=(), revocation=Revocation.IF_AVAILABLE), at=NOW, use="signature"
    )
    assert found.sub_indication is None
    assert sum(c.conclusion == "NOT_APPLICABLE" for c in found.checks if c.name == "revocation.freshness") == 2


def test_a_hold_on_a_list_is_not_for_ever(pki):
    leaf = pki.leaf()
    pki.revoke(leaf, NOW - DAY, RevocationReason.CERTIFICATE_HOLD)
    assert sub_of(leaf, pki.policy()) == "TRY_LATER"


KEY = ec.generate_private_key(ec.SECP256R1())
POINT = x509.UniformResourceIdentifier("http://crl.example.test/a.crl")


def crl(*extensions, until=NOW + DAY, entry_extensions=()):
    entry = x509.RevokedCertificateBuilder().serial_number(7).revocation_date(NOW - DAY)
    for extension, critical in entry_extensions:
        entry = entry.add_extension(extension, critical)
    builder = x509.CertificateRevocationListBuilder(x509.Name([]), NOW - HOUR, until)
    builder = builder.add_revoked_certificate(entry.build())
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return builder.sign(KEY, hashes.SHA256()).public_bytes(Encoding.DER)


def scope(**parts):
    fields = dict.fromkeys(("full_name", "relative_name", "only_some_reasons"))
    flags = ("only_contains_user_certs", "only_contains_ca_certs", "indirect_crl", "only_contains_attribute_certs")
    return x509.IssuingDistributionPoint(**fields | dict.fromkeys(flags, False) | parts)


@pytest.mark.parametrize(
    "partial",
    [
        crl((scope(indirect_crl=True), True)),
        crl((scope(only_some_reasons=frozenset({x509.ReasonFlags.key_compromise})), True)),
        crl((scope(only_contains_attribute_certs=True), True)),
        crl((x509.DeltaCRLIndicator(1), True)),
        crl((x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3"), b"\x05\x00"), True)),
        crl(entry_extensions=[(x509.CertificateIssuer([x509.DirectoryName(x509.Name([]))]), True)]),
        b"",
        crl()[:-2],
    ],
)
def test_partial_indirect_and_delta_lists_prove_nothing(partial):
    assert load_crl(partial) is None


def test_a_full_list_says_when_and_why():
    loaded = load_crl(
        crl((x509.CRLNumber(1), False), entry_extensions=[(x509.CRLReason(x509.ReasonFlags.superseded), False)])
    )
    assert (loaded.entries[7].revoked_at, loaded.entries[7].reason) == (NOW - DAY, "superseded")


def certificate(*, ca=False, points=()):
    builder = x509.CertificateBuilder(x509.Name([]), x509.Name([]), KEY.public_key(), 7, NOW - DAY, NOW + DAY)
    builder = builder.add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    if points:
        point = x509.DistributionPoint(list(points), None, None, None)
        builder = builder.add_extension(x509.CRLDistributionPoints([point]), critical=False)
    from signing.validation.x509 import load_certificate

    return load_certificate(builder.sign(KEY, hashes.SHA256()).public_bytes(Encoding.DER))


@pytest.mark.parametrize(
    ("limited", "asked", "expected"),
    [
        (scope(only_contains_user_certs=True), {}, True),
        (scope(only_contains_user_certs=True), {"ca": True}, False),
        (scope(only_contains_ca_certs=True), {}, False),
        (scope(full_name=[POINT]), {"points": [POINT]}, True),
        (scope(full_name=[POINT]), {}, False),
    ],
)
def test_a_limited_list_speaks_for_those_within_its_scope(limited, asked, expected):
    assert load_crl(crl((limited, True))).speaks_for(certificate(**asked)) is expected


def test_freshness_ends_with_the_next_update_or_the_policys_age(pki):
    policy = pki.policy()
    status = type("Status", (), {"issued_at": NOW, "next_update": NOW + 3 * DAY})()
    assert fresh_until(status, policy) == NOW + 3 * DAY
    assert fresh_until(status, replace(policy, revocation_maximum_age=DAY)) == NOW + DAY
    assert fresh_until(status, replace(policy, revocation_maximum_age=9 * DAY)) == NOW + 3 * DAY
    assert not is_fresh(status, policy, NOW - HOUR)
    endless = type("Status", (), {"issued_at": NOW, "next_update": None})()
    assert not is_fresh(endless, policy, NOW + HOUR)


def test_our_own_lists_keep_what_expired():
    [root_list, _] = make_pki().crls()
    assert load_crl(root_list).keeps_expired_since < NOW
    assert der.oid("2.5.29.60") in root_list
    assert ExtensionOID.CRL_NUMBER in {e.oid for e in load_crl(root_list).parsed.extensions}


@pytest.mark.parametrize("tag", [0x03, 0x02])
def test_a_list_whose_issuer_cannot_be_read_proves_nothing(tag):
    crl = make_pki().crls()[0]
    name = crl.index("测试".encode()) - 2
    assert crl[name] == 0x0C
    assert load_crl(crl) is not None
    assert load_crl(crl[:name] + bytes((tag,)) + crl[name + 1 :]) is None
