"""Indications and their identifiers (EN 319 102-1, table 6; TS 119 102-2, 4.3.4)."""

import pytest

from signing.validation.checks import broken, decisive, not_applicable, passed
from signing.validation.report import INDICATION_OF, Conclusion, Indication, SubIndication


def test_each_sub_indication_belongs_to_one_indication_that_is_no_pass():
    assert set(INDICATION_OF) == set(SubIndication)
    assert set(INDICATION_OF.values()) == {Indication.TOTAL_FAILED, Indication.INDETERMINATE}


@pytest.mark.parametrize(
    "name", ["FORMAT_FAILURE", "HASH_FAILURE", "SIG_CRYPTO_FAILURE", "REVOKED", "EXPIRED", "NOT_YET_VALID"]
)
def test_what_is_proven_fails(name):
    assert SubIndication(name).indication is Indication.TOTAL_FAILED


@pytest.mark.parametrize(
    "name",
    [
        "REVOKED_NO_POE",
        "OUT_OF_BOUNDS_NO_POE",
        "TRY_LATER",
        "NO_CERTIFICATE_CHAIN_FOUND",
        "TIMESTAMP_ORDER_FAILURE",
        "CUSTOM",
    ],
)
def test_what_is_open_stays_open(name):
    assert SubIndication(name).indication is Indication.INDETERMINATE


def test_identifiers():
    assert Indication.TOTAL_PASSED.urn == "urn:etsi:019102:mainindication:total-passed"
    assert SubIndication.HASH_FAILURE.urn == "urn:etsi:019102:subindication:HASH_FAILURE"
    assert Conclusion.INDETERMINATE.urn == "urn:etsi:019102:mainindication:indeterminate"
    assert Conclusion.NOT_APPLICABLE.urn == "urn:etsi:019102:constraintStatus:disabled"
    urns = [member.urn for kind in (Indication, SubIndication) for member in kind]
    assert len(set(urns)) == len(urns)


def test_a_proof_decides_before_an_open_question_and_the_first_before_the_next():
    undecided, failed = broken("b", SubIndication.TRY_LATER, ""), broken("c", SubIndication.HASH_FAILURE, "")
    later = broken("d", SubIndication.FORMAT_FAILURE, "")
    assert decisive([passed("a"), undecided, failed, later]) is failed
    assert decisive([not_applicable("a", "")]) is None
    assert (undecided.conclusion, failed.conclusion) == (Conclusion.INDETERMINATE, Conclusion.FAILED)
