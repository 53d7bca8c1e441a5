from dataclasses import replace
from datetime import timedelta

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.answers import CodeClass, Genuine, Resolution
from gateway.domain.signed_list import SignedList, SignedListError
from signing.cbor import dumps, loads
from tests.parity_vectors import stated
from tests.pki import NOW


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"enterprise_name": None, "enterprise_status": None},
        {"licences": (), "reported": (), "authorities": ()},
        {"checkpoint": "log\n1\nroot\n\n— log sig\n"},
    ],
)
def test_a_list_comes_back(changes):
    sent = stated(**changes)
    assert SignedList.decode(sent.encode()) == sent


def test_another_library_reads_the_claims():
    claims = cbor2.loads(stated().encode())
    assert claims.keys() == {1, 2, 4, 6, -65602}
    listed = claims[-65602]
    assert listed["count"] == 2 == len(listed["licences"])
    assert listed["licences"][1]["valid_until"] is None
    assert len(listed["licences"][0]["sm3"]) == 32
    assert cbor2.dumps(claims, canonical=True) == stated().encode()


def test_it_is_complete_when_every_authority_answered():
    assert not stated().is_complete
    answered = tuple(each for each in stated().authorities if each.state == "answered")
    assert stated(authorities=answered).is_complete


def test_what_is_no_list_of_an_enterprise_becomes_no_statement():
    refused = Resolution(CodeClass.UNKNOWN, None, None, (), NOW, ())
    with pytest.raises(ValueError, match="no list"):
        SignedList.of(refused, issuer="x", valid_for=timedelta(hours=1), checkpoint=None)


def change_first(field, value):
    def change(claims):
        claims[-65602]["licences"][0][field] = value

    return change


def change_list(field, value):
    def change(claims):
        claims[-65602][field] = value

    return change


def change_claim(claim, value):
    def change(claims):
        claims[claim] = value

    return change


@pytest.mark.parametrize(
    "change",
    [
        change_list("count", 3),
        change_list("count", True),
        change_list("more", 1),
        change_list("licences", {}),
        change_list("enterprise", {"name": "x"}),
        change_list("checkpoint", 5),
        change_first("sm3", b"short"),
        change_first("sm3", "0" * 64),
        change_first("status", "fine"),
        change_first("genuine", "maybe"),
        change_first("issued_on", "20240525"),
        change_first("issued_on", "2024-13-01"),
        change_first("identifier", "1.2.3"),
        change_first("holder", None),
        change_claim(2, "91441702MA9Y03WY4X"),
        change_claim(6, "now"),
        change_claim(6, 1 << 62),
        change_claim(5, 1),
        change_claim(-65602, []),
    ],
)
def test_what_is_nearly_a_list_is_refused(change):
    claims = loads(stated().encode())
    change(claims)
    with pytest.raises(SignedListError):
        SignedList.decode(dumps(claims))


@given(st.binary(max_size=300))
def test_any_octets_are_a_list_or_refused(data):
    with pytest.raises(SignedListError):
        SignedList.decode(data)


def test_the_json_says_the_same():
    said = stated().to_json()
    assert said["count"] == 2
    assert [each["genuine"] for each in said["licences"]] == [Genuine.YES, Genuine.YES]
    assert said["authorities"][1] == {
        "code": "91441702MA9Y03WY4L",
        "name": "阳江市某局",
        "state": "never_reported",
        "last_report_at": None,
        "stale_after_seconds": 172_800,
    }
    unknown = replace(stated(), enterprise_name=None, enterprise_status=None)
    assert unknown.to_json()["enterprise"] is None
