import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.answers import CodeClass
from gateway.domain.codes import MAX_CHARACTERS, classify
from tests.conftest import VECTORS

OWN = frozenset({"127.0.0.1:8000", "zz.example.gov.cn"})
EXPECTED = json.loads((VECTORS / "qr" / "expected.json").read_text())
BROKEN = json.loads((VECTORS / "registry" / "uscc_invalid.json").read_text())
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
        f"www.gsxt.gov.cn/index.html?uniscid={CODE}",
        f"http://www.gsxt.gov.cn./index.html?uniscid={CODE}",
        f"https://gsxt.gov.cn:443/?%75niscid={CODE}#top",
        f"https://WWW.GSXT.GOV.CN/index.html?UNISCID={CODE.lower()}",
        f"http://gd.gsxt.gov.cn/index.html?uniscid={CODE}&a=1",
        f"http://www.gsxt.gov.cn:80/index.html?uniscid={CODE}",
        f"gd.gsxt.gov.cn?uniscid={CODE}",
        f"//www.gsxt.gov.cn/index.html?uniscid={CODE}",
        f"www.gsxt.gov.cn:443/index.html?uniscid={CODE}",
        f"https://www.gsxt.gov.cn/#/index?uniscid={CODE}",
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
        (f"http://www.gsхt.gov.cn/?uniscid={CODE}", "URL_FOREIGN_LETTERS"),
        (f"http://xn--gst-1cd.gov.cn/?uniscid={CODE}", "URL_FOREIGN_LETTERS"),
        (f"http://evil.example;.gsxt.gov.cn/?uniscid={CODE}", "URL_MALFORMED"),
        (f"http://evil.example .gsxt.gov.cn/?uniscid={CODE}", "URL_MALFORMED"),
        (f"http://www..gsxt.gov.cn/?uniscid={CODE}", "URL_MALFORMED"),
        (f"http://[www.gsxt.gov.cn]/?uniscid={CODE}", "URL_MALFORMED"),
        (f"http:www.gsxt.gov.cn/?uniscid={CODE}", "URL_MALFORMED"),
        ("http://zz.yangjiang.gov.cn.evil.example/", "URL_LOOKALIKE"),
        ("http://shop.example/?uniscid=", "URL_FOREIGN"),
        (f"http://www-gsxt.example/?uniscid={CODE}", "URL_LOOKALIKE"),
        (f"http://shop.example/?uniscid={CODE}", "URL_FOREIGN"),
        (f"http://www.gxst.gov.cn/?uniscid={CODE}", "URL_LOOKALIKE"),
        ("http://www.g5xt.gov.cn/", "URL_LOOKALIKE"),
        (f"www.gsxt.gov.cn.evil.example?uniscid={CODE}", "URL_LOOKALIKE"),
        (f"www.gsxt.gov.cn@evil.example/?uniscid={CODE}", "URL_HIDES_HOST"),
        (f"www.gsxt.gov.cn:80@evil.example/?uniscid={CODE}", "URL_HIDES_HOST"),
        (f"shop.example/?uniscid={CODE}", "URL_FOREIGN"),
        (f"ｈｔｔｐ：／／ｗｗｗ．ｇｓｘｔ．ｇｏｖ．ｃｎ／？ｕｎｉｓｃｉｄ＝{CODE}", "URL_FOREIGN_LETTERS"),
        (f"http：//www.gsxt.gov.cn/?uniscid={CODE}", "URL_FOREIGN_LETTERS"),
        (f"http://www。gsxt。gov。cn/?uniscid={CODE}", "URL_FOREIGN_LETTERS"),
        (f"www。gsxt。gov。cn/?uniscid={CODE}", "URL_FOREIGN_LETTERS"),
        ("http://zz.examp1e.gov.cn/Q/2KCEJIQ", "URL_CLONES_US"),
        ("https://zz.example.gov.cn:8443/q/2kcejiq", "URL_CLONES_US"),
        ("https://zz.example.gov.cn@evil.example/q/2KCEJIQ", "URL_HIDES_HOST"),
        (f"http://www.gsxt.gov.cn:99999/?uniscid={CODE}", "URL_MALFORMED"),
        (f"http://www.gsxt.gov.cn:8080/?uniscid={CODE}", "URL_ODD_PORT"),
        ("javascript:alert(1)", "SCHEME_NOT_WEB"),
        ("data:text/html,x", "SCHEME_NOT_WEB"),
        ("JavaScript:alert(1)//www.gsxt.gov.cn/", "SCHEME_NOT_WEB"),
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
    for same in ("https://ZZ.example.gov.cn:443", "https://zz.example.gov.cn.", "zz.example.gov.cn"):
        assert classify(f"{same}/q/{payload}", own_hosts=OWN).licence_payload == payload
    for other in ("http://evil.example", "http://127.0.0.1", "https://zz.example.gov.cn:444", "evil.zz.example.gov.cn"):
        assert classify(f"{other}/q/{payload}", own_hosts=OWN).licence_payload is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "CODE_EMPTY"),
        (" \u3000", "CODE_EMPTY"),
        ("\x00", "CODE_INVISIBLE_CHARACTERS"),
        (f"{CODE}\u200b", "CODE_INVISIBLE_CHARACTERS"),
        (f"\u202e{CODE}", "CODE_INVISIBLE_CHARACTERS"),
        (f"{CODE}\n{CODE}", "CODE_INVISIBLE_CHARACTERS"),
        (f"{CODE}\u2028{CODE}", "CODE_INVISIBLE_CHARACTERS"),
        ("a" * (MAX_CHARACTERS + 1), "CODE_TOO_LONG"),
        (CODE[:-1], "CODE_LENGTH_WRONG"),
        (f"{CODE}L", "CODE_LENGTH_WRONG"),
        (f"http://www.gsxt.gov.cn/?uniscid={CODE[:-1]}", "CODE_LENGTH_WRONG"),
        (f"http://www.gsxt.gov.cn/?uniscid={CODE};uniscid={CODE}", "CODE_LENGTH_WRONG"),
        ("http://www.gsxt.gov.cn/?uniscid=", "CODE_LENGTH_WRONG"),
        (f"http://www.gsxt.gov.cn/?uniscid={CODE}&UNISCID={CODE}", "PARAMETER_REPEATED"),
        (f"http://www.gsxt.gov.cn/?uniscid={CODE}&%75niscid=", "PARAMETER_REPEATED"),
        (f"http://www.gsxt.gov.cn/?uniscid={CODE}&uniscid%20={CODE}", "PARAMETER_REPEATED"),
        (f"http://www.gsxt.gov.cn/?uniscid={CODE}#/?uniscid={CODE}", "PARAMETER_REPEATED"),
        (f"{CODE[:-1]}X", "CHECK_DIGIT_WRONG"),
    ],
)
def test_malformed_content_is_refused_by_name(text, reason):
    code = classify(text, own_hosts=OWN)
    assert code.code_class is CodeClass.MALFORMED
    assert [r.code for r in code.reasons] == [reason]
    assert code.unified_social_credit_code is None
    assert not {c for c in code.text if not c.isprintable()}


def test_a_wrong_length_is_told():
    assert "17" in classify(CODE[:-1], own_hosts=OWN).reasons[0].message_zh


@pytest.mark.parametrize(
    "typed",
    [
        " 91441702 MA9Y03WY 4L ",
        "９１４４１７０２ＭＡ９Ｙ０３ＷＹ４Ｌ",
        "91441702-ma9y03wy-4l",
        "91441702－MA9Y03WY·4L\n",
    ],
)
def test_plain_codes_as_people_type_them(typed):
    code = classify(typed, own_hosts=OWN)
    assert (code.code_class, code.unified_social_credit_code) == (CodeClass.PLAIN_CODE, CODE)


@pytest.mark.parametrize("text", BROKEN)
def test_broken_codes_give_no_code(text):
    code = classify(text, own_hosts=OWN)
    assert code.code_class in (CodeClass.MALFORMED, CodeClass.UNKNOWN)
    assert code.unified_social_credit_code is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("https://scan.example.invalid/e/7f3c9a51b2", "CODE_NEEDS_ADAPTER"),
        ("eyJhbGciOiJ0b2tlbiJ9.7f3c9a51b2", "CODE_NEEDS_ADAPTER"),
        ("1765432109876543210", "CODE_NEEDS_ADAPTER"),
        ("http://www.gsxt.gov.cn/index.html", "CODE_NEEDS_ADAPTER"),
        ("阳江市某某餐饮店", "CODE_UNKNOWN"),
        ("hello", "CODE_UNKNOWN"),
    ],
)
def test_what_cannot_be_read_here_is_unknown(text, reason):
    code = classify(text, own_hosts=OWN)
    assert code.code_class is CodeClass.UNKNOWN
    assert [r.code for r in code.reasons] == [reason]


@pytest.mark.parametrize(
    "url",
    [
        "http://www.gsxt.gov.cn/%7B5A8F0C1D-1514764800000%7D",
        "http://zj.gsxt.gov.cn/%7b5A8F0C1D-1514764800000%7d",
        "https://bt.gsxt.gov.cn/{5A8F0C1D-1514764800000}",
    ],
)
def test_session_links_ask_for_the_code(url):
    code = classify(url, own_hosts=OWN)
    assert code.code_class is CodeClass.BUSINESS_LICENCE_SESSION_URL
    assert [r.code for r in code.reasons] == ["SESSION_CODE"]


@given(st.text(max_size=200))
def test_anything_gets_a_class_and_a_reason(text):
    code = classify(text, own_hosts=OWN)
    assert code.reasons or code.licence_payload


@given(st.text(alphabet="htps:/.@%?=&#\\gsxtovcn0123456789uniscdABCY[]", max_size=80))
def test_a_code_is_only_taken_from_the_publicity_system_or_from_plain_text(tail):
    code = classify("http://" + tail, own_hosts=frozenset())
    if code.unified_social_credit_code:
        assert code.code_class is CodeClass.BUSINESS_LICENCE_URL
