import zlib

import cbor2
import pytest

from gateway.domain.status_list import PLACES, ListedStatus, StatusList, StatusListError, pack
from tests.pki import DAY, NOW

# draft-ietf-oauth-status-list, 4.1: twelve statuses of two bits, and the list that they make.
DRAFT_STATUSES = (1, 2, 0, 3, 0, 1, 0, 1, 1, 2, 3, 3)
DRAFT_BYTES, DRAFT_COMPRESSED = bytes.fromhex("c944f9"), bytes.fromhex("78da3be9f2130003df0207")


def a_list(statuses, **changes):
    values = {
        "authority_code": "11441702G0000629X4",
        "number": 3,
        "statuses": pack(statuses),
        "signed_at": NOW,
        "expires_at": NOW + DAY,
        "ttl": DAY / 24,
    }
    return StatusList(**values | changes)


def test_the_bits_are_those_of_the_draft():
    packed = pack({place: ListedStatus(status) for place, status in enumerate(DRAFT_STATUSES)})
    assert packed[:3] == DRAFT_BYTES == zlib.decompress(DRAFT_COMPRESSED)
    assert len(packed) == PLACES // 4
    assert not any(packed[3:])


def test_a_list_comes_back():
    first = 3 * PLACES
    sent = a_list({first: ListedStatus.INVALID, first + PLACES - 1: ListedStatus.SUSPENDED, first + 5: ListedStatus(3)})
    received = StatusList.decode(sent.encode("http://127.0.0.1:8000/"))
    assert received == sent
    said = [received.status_of(first + offset) for offset in (0, 1, 5, PLACES - 1)]
    assert said == [ListedStatus.INVALID, ListedStatus.VALID, ListedStatus.SUPERSEDED, ListedStatus.SUSPENDED]


@pytest.mark.parametrize("place", [0, 3 * PLACES - 1, 4 * PLACES])
def test_places_of_other_lists_are_not_answered(place):
    with pytest.raises(IndexError):
        a_list({}).status_of(place)


def test_the_claims_are_those_of_the_draft():
    claims = cbor2.loads(a_list({}).encode("https://example.test"))
    assert claims.keys() == {2, 4, 6, 65533, 65534}
    assert claims[2] == "https://example.test/trust/status/11441702G0000629X4/3"
    assert claims[65533]["bits"] == 2
    assert zlib.decompress(claims[65533]["lst"]) == bytes(PLACES // 4)


@pytest.mark.parametrize(
    "change",
    [
        {2: "https://example.test/trust/status/short/3"},
        {2: 7},
        {4: "tomorrow"},
        {65533: {"bits": 1, "lst": zlib.compress(bytes(PLACES // 4))}},
        {65533: {"bits": 2, "lst": zlib.compress(bytes(PLACES // 4 - 1))}},
        {65533: {"bits": 2, "lst": zlib.compress(bytes(1 << 24))}},
        {65533: {"bits": 2, "lst": zlib.compress(bytes(PLACES // 4)) + b"x"}},
        {65533: {"bits": 2, "lst": b"\x78\xda"}},
        {65533: {"bits": 2}},
        {65533: [2]},
        {7: 7},
    ],
)
def test_what_is_no_list_is_refused(change):
    claims = cbor2.loads(a_list({}).encode("https://example.test"))
    with pytest.raises(StatusListError):
        StatusList.decode(cbor2.dumps(claims | change, canonical=True))
    with pytest.raises(StatusListError):
        StatusList.decode(b"\xff")
