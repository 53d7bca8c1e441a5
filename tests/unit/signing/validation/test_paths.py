"""Certification paths: several anchors, cross certificates, bounds, and what no certificate may be used for."""

import time
from dataclasses import replace

import pytest

from certs.authority import CertificateAuthority, CertificateRequest, Subject, self_signed_root
from certs.profiles import GATEWAY_SIGNER, ISSUING_CA, OCSP_RESPONDER, ROOT, SEAL_SIGNER, TIMESTAMPING_UNIT
from signing.private_keys import generate, public_half, signing_key
from signing.validation.material import material_of
from signing.validation.paths import find_paths
from signing.validation.policy import TrustAnchor, Use
from signing.validation.process import validate_certificate
from signing.validation.report import Trust
from signing.validation.x509 import load_certificate
from tests.pki import DAY, NOW, make_pki, make_stranger

FREE = replace(ISSUING_CA, path_length=None)


def judge(leaf, policy, use="signature", at=NOW):
    return validate_certificate(leaf.certificate, policy, at=at, use=use)


def certificate_for(key, issuer, subject="另一签发", profile=FREE):
    """A further certificate for a key that has one: cross certification."""
    request = CertificateRequest(
        profile, Subject(subject, "测试"), public_half(key.private), NOW - 400 * DAY, NOW + 900 * DAY
    )
    return CertificateAuthority(issuer).sign_request(request)


def with_lists(policy, *authorities):
    times = {"this_update": NOW - DAY / 24, "next_update": NOW + DAY}
    return replace(policy, crls=(*policy.crls, *(CertificateAuthority(a).crl(number=1, **times) for a in authorities)))


def test_a_certificate_is_found_through_whichever_anchor_vouches_for_the_use():
    pki, other = make_pki(), make_stranger()
    leaf = pki.leaf()
    both = replace(
        pki.policy(egov_qualified=True),
        trust_anchors=(
            TrustAnchor(other.root.certificate),
            TrustAnchor(pki.root.certificate, egov_qualified=True, uses=frozenset({Use.SIGNATURE})),
        ),
    )
    assert judge(leaf, both).trust is Trust.EGOV_QUALIFIED
    assert judge(pki.leaf(TIMESTAMPING_UNIT), both, "timestamp").sub_indication == "NO_CERTIFICATE_CHAIN_FOUND"


def test_an_anchor_may_be_the_certificate_itself():
    pki = make_pki()
    leaf = pki.leaf()
    found = judge(leaf, replace(pki.policy(crls=()), trust_anchors=(TrustAnchor(leaf.certificate),)))
    assert (found.sub_indication, found.trust) == (None, Trust.TRUSTED)


def test_a_cross_certificate_leads_to_the_other_root():
    """The CA hangs under a root that nobody trusts any more and was certified by one that is trusted."""
    pki, other = make_pki(), make_stranger()
    authority = other.authority(profile=FREE)
    leaf = pki.leaf(issuer=authority)
    crossed = certificate_for(authority, pki.root)
    policy = with_lists(pki.policy(), authority)
    assert judge(leaf, policy).sub_indication == "NO_CERTIFICATE_CHAIN_FOUND"
    policy = replace(policy, certificates=(authority.certificate, crossed))
    assert judge(leaf, policy).sub_indication is None


def test_a_sound_path_is_taken_before_a_flawed_one():
    """One of two certificates of the same CA forbids what the other allows."""
    pki = make_pki()
    authority = pki.authority(profile=FREE)
    narrow = certificate_for(authority, pki.root, profile=replace(GATEWAY_SIGNER, days=1300))
    policy = replace(with_lists(pki.policy(), authority), certificates=(narrow, authority.certificate))
    assert judge(pki.leaf(issuer=authority), policy).sub_indication is None
    only = replace(policy, certificates=(narrow,))
    assert judge(pki.leaf(issuer=authority), only).sub_indication == "CHAIN_CONSTRAINTS_FAILURE"


def test_path_length_counts_cas_and_not_renewals():
    pki = make_pki()
    limited = pki.authority(profile=replace(ISSUING_CA, path_length=1), name="限一层")
    middle = pki.authority(limited, FREE, "中层")
    lower = pki.authority(middle, FREE, "下层")
    policy = with_lists(pki.policy(), limited, middle, lower)
    policy = replace(policy, certificates=tuple(k.certificate for k in (limited, middle, lower)))
    assert judge(pki.leaf(issuer=middle), policy).sub_indication is None
    assert judge(pki.leaf(issuer=lower), policy).sub_indication == "CHAIN_CONSTRAINTS_FAILURE"
    # The lower CA bears the middle one's name: a renewal, which the limit does not count (RFC 5280, 6.1.4 (l)).
    renewed = pki.authority(middle, FREE, "中层")
    policy = with_lists(
        replace(policy, certificates=(limited.certificate, middle.certificate, renewed.certificate)), renewed
    )
    assert judge(pki.leaf(issuer=renewed), policy).sub_indication is None


@pytest.mark.parametrize(
    ("profile", "use", "allowed"),
    [
        (SEAL_SIGNER, "signature", True),
        (TIMESTAMPING_UNIT, "signature", False),
        (OCSP_RESPONDER, "signature", False),
        (ISSUING_CA, "signature", False),
        (TIMESTAMPING_UNIT, "timestamp", True),
        (SEAL_SIGNER, "timestamp", False),
        (replace(GATEWAY_SIGNER, extended_key_usage="1.3.6.1.5.5.7.3.3"), "signature", False),
        (replace(GATEWAY_SIGNER, extended_key_usage="1.3.6.1.5.5.7.3.1"), "signature", False),
        (replace(GATEWAY_SIGNER, extended_key_usage="1.3.6.1.5.5.7.3.4"), "signature", True),
        (replace(GATEWAY_SIGNER, extended_key_usage="1.3.6.1.5.5.7.3.36"), "signature", True),
    ],
)
def test_who_may_do_what(profile, use, allowed):
    pki = make_pki()
    issuer = pki.root if profile.is_ca else pki.issuing
    found = judge(pki.leaf(profile, issuer=issuer), pki.policy(), use)
    assert found.sub_indication == (None if allowed else "CHAIN_CONSTRAINTS_FAILURE")


def test_a_web_of_namesakes_is_searched_within_bounds():
    """Thirty certificates that all certify one another: without a bound there are more paths than atoms."""
    pki = make_pki()
    private = generate(pki.root.algorithm)
    subject = Subject("同名", "测试")
    root = self_signed_root(ROOT, subject, private, now=NOW - 500 * DAY)
    web = tuple(certificate_for(root, root, "同名") for _ in range(30))
    leaf = load_certificate(pki.leaf(issuer=root).certificate)
    policy = replace(pki.policy(), certificates=web)
    started = time.process_time()
    assert find_paths(leaf, (), material_of(policy), Use.SIGNATURE, policy.limits) == ()
    assert time.process_time() - started < 5


def test_names_are_compared_as_rfc_5280_says():
    """A CA that writes its own name in other letters is still the issuer."""
    pki = make_pki()
    private = generate(pki.root.algorithm)
    request = CertificateRequest(
        FREE, Subject("Example  CA", "TEST"), public_half(private), NOW - 400 * DAY, NOW + 900 * DAY
    )
    authority = signing_key(private, CertificateAuthority(pki.root).sign_request(request))
    renamed = signing_key(private, certificate_for(authority, pki.root, "x"))
    shouting = CertificateRequest(
        FREE, Subject("EXAMPLE CA", "test"), public_half(private), NOW - 400 * DAY, NOW + 900 * DAY
    )
    loud = signing_key(private, CertificateAuthority(pki.root).sign_request(shouting))
    policy = replace(with_lists(pki.policy(), authority), certificates=(loud.certificate, renamed.certificate))
    assert judge(pki.leaf(issuer=authority), policy).sub_indication is None


def test_equal_material_is_one_index_and_other_material_another():
    pki = make_pki()
    policy = pki.policy()
    assert material_of(policy) is material_of(replace(policy, name="x"))
    assert material_of(policy) is not material_of(replace(policy, crls=()))
