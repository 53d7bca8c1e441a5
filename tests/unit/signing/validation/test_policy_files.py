"""Policies as files: what they say reaches the verdict, and what is not exactly a policy is refused."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib import resources

import pytest

from signing.algorithms import SHA1_OID, SM3_OID
from signing.errors import MalformedDataError
from signing.pades import sign_prepared
from signing.validation.algorithm_constraints import FOREVER, NEVER
from signing.validation.policy import Limits, PermittedChange, Revocation, ValidationPolicy
from signing.validation.policy_files import BUILT_IN, parse_policy, read_policy
from signing.validation.process import validate_pdf
from signing.validation.report import Trust
from tests.pki import DAY, NOW, make_pki
from tests.unit.signing.pki import prepared_pdf


def document(**changes):
    text = resources.files("signing.validation").joinpath("policies", "default.json").read_text("utf-8")
    return {**json.loads(text), **changes}


def test_the_built_in_default_is_what_a_policy_is_without_a_file():
    policy = read_policy("default")
    assert policy == ValidationPolicy((), algorithms=policy.algorithms)
    assert policy.algorithms.digest_until(SM3_OID) == FOREVER
    assert policy.algorithms.digest_until(SHA1_OID) == datetime(2017, 1, 1, tzinfo=UTC)
    assert policy.algorithms.digest_until("1.2.3") == NEVER


def test_the_strict_one_is_stricter():
    default, strict = map(read_policy, BUILT_IN)
    assert strict.required_trust is Trust.EGOV_QUALIFIED
    assert strict.algorithms.digest_until(SHA1_OID) == NEVER
    assert strict.revocation_maximum_age == timedelta(days=7)
    certified = {PermittedChange.SIGNATURES_IN_CERTIFIED_FIELDS}
    assert certified <= strict.permitted_changes
    assert strict.permitted_changes - certified < default.permitted_changes
    assert strict.limits.document_bytes < default.limits.document_bytes


def test_a_file_of_the_operator_is_read(tmp_path):
    file = tmp_path / "ours.json"
    rules = document(
        name="ours",
        revocation={"rule": "if_available", "maximum_age_hours": 12},
        permitted_changes=["annotations"],
        limits={"signatures": 3},
    )
    file.write_text(json.dumps(rules))
    policy = read_policy(file)
    assert (policy.name, policy.revocation) == ("ours", Revocation.IF_AVAILABLE)
    assert policy.revocation_maximum_age == timedelta(hours=12)
    assert policy.permitted_changes == {PermittedChange.ANNOTATIONS}
    assert policy.limits == Limits(signatures=3)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"nmae": "x"}, "nmae"),
        ({"name": 3}, "name"),
        ({"revocation": {"rule": "sometimes", "maximum_age_hours": None}}, "sometimes"),
        ({"revocation": {"rule": "required", "maximum_age_hours": 0}}, "greater than 0"),
        ({"revocation": {"rule": "required", "maximum_age_hours": True}}, "revocation"),
        ({"revocation": "required"}, "revocation"),
        ({"permitted_changes": ["everything"]}, "everything"),
        ({"permitted_changes": "annotations"}, "permitted_changes"),
        ({"required_trust": "full"}, "full"),
        ({"required_extended_key_usages": ["mail"]}, "mail"),
        ({"requires_certificate_reference": "yes"}, "requires_certificate_reference"),
        ({"limits": {"objcets": 1}}, "objcets"),
        ({"limits": {"objects": -1}}, "objects"),
        ({"description": {"zh": "", "en": 1}}, "description.en"),
    ],
)
def test_what_is_not_exactly_a_policy_is_refused_by_name(changes, named):
    with pytest.raises(MalformedDataError, match=named):
        parse_policy(json.dumps(document(**changes)))


@pytest.mark.parametrize(
    ("part", "rows"),
    [
        ("digests", [{"oid": SM3_OID, "name": "SM3", "until": "2030-01-01T00:00:00"}]),
        ("digests", [{"oid": SM3_OID, "name": "SM3", "until": "soon"}]),
        ("digests", [{"oid": SM3_OID, "name": "SM3"}]),
        ("digests", [{"oid": SM3_OID, "name": "SM3", "until": None}] * 2),
        ("signatures", {"oid": SM3_OID}),
        ("keys", [{"type": "DSA", "least_bits": 1024, "until": None}]),
    ],
)
def test_algorithms_are_read_strictly(part, rows):
    algorithms = {**document()["algorithms"], part: rows}
    with pytest.raises(MalformedDataError, match=part):
        parse_policy(json.dumps(document(algorithms=algorithms)))


def test_what_cannot_be_read_is_refused(tmp_path):
    for text in ("", "[]", '{"name": 1, "name": 2}', "[" * 100_000):
        with pytest.raises(MalformedDataError):
            parse_policy(text)
    with pytest.raises(MalformedDataError, match=r"absent\.json"):
        read_policy(tmp_path / "absent.json")


def verdict(policy, at=NOW, **signing):
    pki = make_pki()
    report = validate_pdf(sign_prepared(prepared_pdf(), pki.leaf(), **signing), policy, at=at).signatures[0]
    return report.indication, report.sub_indication


def with_material(name, **options):
    ours = make_pki().policy(**options)
    rules = read_policy(name)
    return replace(rules, trust_anchors=ours.trust_anchors, certificates=ours.certificates, crls=ours.crls)


def test_the_required_trust_decides():
    assert verdict(with_material("default")) == ("TOTAL-PASSED", None)
    assert verdict(with_material("strict")) == ("INDETERMINATE", "CHAIN_CONSTRAINTS_FAILURE")
    assert verdict(with_material("strict", egov_qualified=True)) == ("TOTAL-PASSED", None)
    nobody = replace(read_policy("default"), required_trust=Trust.NONE)
    assert verdict(nobody) == ("TOTAL-PASSED", None)


def test_the_maximum_age_decides():
    policy = replace(with_material("default"), revocation_maximum_age=timedelta(hours=12))
    assert verdict(policy) == ("TOTAL-PASSED", None)
    assert verdict(policy, at=NOW + DAY) == ("INDETERMINATE", "TRY_LATER")
    assert verdict(with_material("default"), at=NOW + DAY) == ("TOTAL-PASSED", None)


def test_the_extended_key_usage_that_is_asked_for_decides():
    policy = replace(with_material("default"), required_extended_key_usages=frozenset({"1.2.3"}))
    assert verdict(policy) == ("INDETERMINATE", "CHAIN_CONSTRAINTS_FAILURE")


def test_the_end_of_an_algorithm_decides_and_a_time_stamp_saves():
    policy = with_material("default")
    ended = replace(policy.algorithms, signatures={**policy.algorithms.signatures, "1.2.156.10197.1.501": NOW - DAY})
    # Everything here is signed with the algorithm that ended, chain and time-stamp as well: nothing can prove anything.
    assert verdict(replace(policy, algorithms=ended)) == ("INDETERMINATE", "CRYPTO_CONSTRAINTS_FAILURE_NO_POE")


def test_a_change_of_policy_is_never_answered_from_a_cache():
    data = sign_prepared(prepared_pdf(), make_pki().leaf())
    good, revoked_pki = make_pki().policy(), make_pki()

    def judge(policy):
        return validate_pdf(data, policy, at=NOW).signatures[0].sub_indication

    assert judge(good) is None
    assert judge(replace(good, trust_anchors=())) == "NO_CERTIFICATE_CHAIN_FOUND"
    assert judge(replace(good, crls=())) == "TRY_LATER"
    revoked_pki.revoke(make_pki().issuing, NOW - DAY)
    assert judge(replace(good, crls=revoked_pki.crls())) == "REVOKED_CA_NO_POE"
    assert judge(replace(good, limits=replace(good.limits, path_length=1))) == "NO_CERTIFICATE_CHAIN_FOUND"
    assert judge(good) is None
