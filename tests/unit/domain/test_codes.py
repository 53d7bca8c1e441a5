import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.answers import CodeClass
from gateway.domain.codes import MAX_CHARACTERS, classify
from tests.conftest import VECTORS

OWN = frozenset({"127.0.0.1:8000", "zz.example.gov.cn"})
EXPECTED = json.loads((VECTORS / "qr" / "expected.json").read_text())
CODE = "91441702MA9Y03WY4L"


@pytest.mark.parametrize("name", EXPECTED)
def test_scanned_samples(name):
    code = classify(EXPECTED[name]["text"], own_hosts=OWN)
    assert (code.code_class, code.unified_social_credit_code) == (EXPECTED[name]["class"], EXPECTED[name]["code"])
    assert code.reasons


@pytest.mark.parametrize(
    "url",
    [
        f"http://www.gsxt.gov.cn/index.html?uniscid={CODE}",
        f"https://WWW.GSXT.GOV.CN/index.html?UNISCID={CODE.lower()}",
        f"http://gd.gsxt.gov.cn/index.html?uniscid={CODE}&a=1",
        f"http://www.gsxt.gov.cn:80/index.html?uniscid={CODE}",
    ],
)
def test_forms_of_the_business_licence_url(url):
    code = classify(url, own_hosts=OWN)
    assert (code.code_class, code.unified_social_credit_code) == (CodeClass.BUSINESS_LICENCE_URL, CODE)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        (f"http://www.gsxt.gov.cn.evil.example/?uniscid={CODE}", "URL_LOOKALIKE"),
        (f"http://www.gsxt.gov.cn@evil.example/?uniscid={CODE}", "URL_HIDES_HOST"),
        (f"http://www.gsxt.gov.cn:8080@evil.example/?uniscid={CODE}", "URL_HIDES_HOST"),
        (f"http://www.gsxt.gov.cn%2eevil.example/?uniscid={CODE}", "URL_MALFORMED"),
        (f"http://evil.example\\@www.gsxt.gov.cn/?uniscid={CODE}", "URL_MALFORMED"),
        (f"http://www.gsхt.gov.cn/?uniscid={CODE}", "URL_LOOKALIKE"),
        (f"http://xn--gst-1cd.gov.cn/?uniscid={CODE}", "URL_LOOKALIKE"),
        (f"http://www-gsxt.example/?uniscid={CODE}", "URL_LOOKALIKE"),
        (f"http://shop.example/?uniscid={CODE}", "URL_FOREIGN"),
        (f"http://www.gsxt.gov.cn:99999/?uniscid={CODE}", "URL_MALFORMED"),
        (f"http://www.gsxt.gov.cn:8080/?uniscid={CODE}", "URL_LOOKALIKE"),
        ("javascript:alert(1)", "SCHEME_NOT_WEB"),
        ("data:text/html,x", "SCHEME_NOT_WEB"),
    ],
)
def test_dangerous_addresses_are_refused_by_name(url, reason):
    code = classify(url, own_hosts=OWN)
    assert code.code_class is CodeClass.UNTRUSTED_URL
    assert [r.code for r in code.reasons] == [reason]
    assert code.unified_social_credit_code is None


def test_our_own_code_is_known_by_its_host_only():
    payload = "ABCDEFGH234567"
    assert classify(f"HTTP://127.0.0.1:8000/Q/{payload}", own_hosts=OWN).licence_payload == payload
    assert classify(f"https://zz.example.gov.cn/prefix/q/{payload.lower()}", own_hosts=OWN).licence_payload == payload
    assert classify(f"http://evil.example/q/{payload}", own_hosts=OWN).licence_payload is None


@pytest.mark.parametrize("text", ["", " ", "\x00", f"{CODE}\u200b", "a" * (MAX_CHARACTERS + 1), "\u202e" + CODE])
def test_unreadable_content_is_refused(text):
    code = classify(text, own_hosts=OWN)
    assert code.code_class is CodeClass.MALFORMED
    assert code.unified_social_credit_code is None


@given(st.text(max_size=200))
def test_anything_gets_a_class_and_a_reason(text):
    code = classify(text, own_hosts=OWN)
    assert code.reasons or code.licence_payload


@given(st.text(alphabet="htps:/.@%?=&#\\gsxtovcn0123456789uniscdABCY[]", max_size=80))
def test_a_code_is_only_taken_from_the_publicity_system_or_from_plain_text(tail):
    code = classify("http://" + tail, own_hosts=frozenset())
    if code.unified_social_credit_code:
        assert code.code_class is CodeClass.BUSINESS_LICENCE_URL
