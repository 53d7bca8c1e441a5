"""Whatever a code holds: it gets a class, in bounded time, and nobody is called."""

import socket
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.answers import CodeClass
from gateway.domain.codes import MAX_CHARACTERS, classify

CODE = "91441702MA9Y03WY4L"
OWN = frozenset({"zz.example.gov.cn"})
HOSTS = (
    "www.gsxt.gov.cn",
    "gsxt.gov.cn",
    "evil.example",
    "zz.example.gov.cn",
    "[::1]",
    "www.gsxt.gov.cn.",
    "xn--gst-1cd.cn",
    "",
)
TRICKS = st.sampled_from(
    (
        *("http://", "HTTPS://", "//", "javascript:", "\\", "@", ":", "8080", "/", "?", "#", "&", "uniscid=", CODE),
        *(
            "%00",
            "%7B",
            "%7D",
            "%ff",
            "/q/",
            "\x00",
            "\u202e",
            "\ud800",
            "\uff11",
            "\u0445",
            "[",
            "]",
            " ",
            "\n",
            *HOSTS,
        ),
    )
)
ADDRESSES = st.one_of(
    st.text(max_size=200),
    st.lists(TRICKS, max_size=14).map("".join),
    st.binary(max_size=100).map(lambda octets: octets.decode("latin-1")),
)


@pytest.fixture(autouse=True, scope="module")
def nobody_to_call():
    """Any socket and any look-up of a name fails the test."""

    def called(*words, **options):
        raise AssertionError(f"somebody was called: {words}")

    with pytest.MonkeyPatch.context() as patch:
        for name in ("connect", "connect_ex", "sendto"):
            patch.setattr(socket.socket, name, called)
        for name in ("getaddrinfo", "gethostbyname", "create_connection"):
            patch.setattr(socket, name, called)
        with pytest.raises(AssertionError, match="somebody was called"):
            socket.create_connection(("127.0.0.1", 9))
        yield


@given(ADDRESSES)
def test_anything_gets_a_class(text):
    code = classify(text, own_hosts=OWN)
    assert code.reasons or code.licence_payload
    for each in code.reasons:
        assert each.message_zh
        assert each.message_en
    if code.code_class is CodeClass.UNTRUSTED_URL:
        assert (code.unified_social_credit_code, code.licence_payload) == (None, None)


@pytest.mark.parametrize("unit", ["[", "%", "http://", "a.", "{", "@", "/q/", "9"])
def test_no_content_of_the_greatest_length_takes_long(unit):
    content = ("http://" + unit * MAX_CHARACTERS)[:MAX_CHARACTERS]
    started = time.process_time()
    classify(content, own_hosts=OWN)
    classify(content[7:], own_hosts=OWN)
    assert time.process_time() - started < 0.2


def test_binary_content_is_refused_by_name():
    code = classify("\x7fELF\x02\x01\x00", own_hosts=OWN)
    assert [each.code for each in code.reasons] == ["CODE_INVISIBLE_CHARACTERS"]
    assert "\x00" not in code.text
