"""Lists that somebody changed: whatever the change, no check raises and none of them is genuine."""

import base64
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from certs.profiles import GATEWAY_SIGNER
from certs.trust_store import TrustStore
from gateway.domain.answers import Genuine
from gateway.domain.signed_list import TOKEN_TYPE
from gateway.services.list_checks import check_signed_list
from signing.cose import sign1
from signing.validation.policy import Revocation
from tests.interop.test_parity import vectors
from tests.parity_vectors import key_id
from tests.pki import make_pki

GOOD = base64.b64decode(vectors("lists")["cases"][0]["content_base64"])


@pytest.fixture(scope="module")
def checked(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trust")
    for part, ending in (("anchors", "pem"), ("certificates", "pem"), ("signers", "pem"), ("crls", "crl")):
        (folder / part).mkdir()
        for number, text in enumerate(vectors("lists")["trust"][part]):
            (folder / part / f"{number}.{ending}").write_text(text)
    store, at = TrustStore(folder), datetime.fromisoformat(vectors("lists")["at"])
    policy = store.policy(revocation=Revocation.REQUIRED)
    return lambda token: check_signed_list(token, store, policy, at=at)


def test_the_original_is_genuine(checked):
    assert checked(GOOD).genuine is Genuine.YES


@settings(max_examples=300, deadline=None)
@given(position=st.integers(0, len(GOOD) - 1), change=st.integers(1, 255))
def test_no_octet_may_change(checked, position, change):
    altered = bytearray(GOOD)
    altered[position] ^= change
    found = checked(bytes(altered))
    assert found.genuine is not Genuine.YES
    assert len(found.reasons) == 1


@settings(max_examples=100, deadline=None)
@given(start=st.integers(0, len(GOOD)), length=st.integers(1, 200), put=st.binary(max_size=60))
def test_no_piece_may_be_taken_out_or_put_in(checked, start, length, put):
    altered = GOOD[:start] + put + GOOD[start + length :]
    if altered != GOOD:
        assert checked(altered).genuine is not Genuine.YES


@settings(max_examples=100, deadline=None)
@given(payload=st.binary(max_size=200))
def test_what_a_stranger_signs_is_never_genuine(checked, payload):
    key = make_pki().leaf(GATEWAY_SIGNER)
    token = sign1(payload, key, key_id=key_id(key), media_type=TOKEN_TYPE)
    assert checked(token).genuine is Genuine.UNKNOWN
