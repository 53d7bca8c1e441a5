"""What holds for any mutation of any file of the corpus, whatever the table says of the file itself."""

import re

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from signing.errors import SigningError
from signing.validation.process import validate_pdf
from signing.validation.report import Indication
from tests.corpus.case import rows
from tests.corpus.judges import by_library

MANY = settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
EVERY = sorted(row.id for row in rows().values() if not row.bomb)
WHOLE = sorted(
    row.id
    for row in rows().values()
    if row.answer[1] == "0" and row.revocation == "required" and not row.bomb
    if len(row.signatures) == 1 and row.signatures[0][3] == "ENTIRE_FILE"
)
"""Good files with one signature that covers them to the last byte."""
SHARES = st.floats(0, 1, exclude_max=True)
FLIPS = st.lists(st.tuples(SHARES, st.integers(1, 255)), min_size=1, max_size=4)


def _flipped(data, flips):
    changed = bytearray(data)
    for share, mask in flips:
        changed[int(share * len(data))] ^= mask
    return bytes(changed)


def _covered(data):
    """The bytes that the only signature is over, as its ByteRange says."""
    numbers = re.search(rb"/ByteRange ?\[\s*(\d+)\s+(\d+)\s+(\d+)\s+(\d+)", data)
    start, length, second, rest = map(int, numbers.groups())
    return data[start : start + length] + data[second : second + rest], (length, second), second + rest


@MANY
@given(name=st.sampled_from(EVERY), flips=FLIPS)
def test_a_changed_byte_never_escapes(corpus, policies, name, flips):
    """Any answer or any SigningError, and no other exception."""
    data = corpus.files[name] or b"\0"
    try:
        validate_pdf(_flipped(data, flips), policies["required"], at=corpus.world.at)
    except SigningError:
        return


@MANY
@given(name=st.sampled_from(EVERY), other=st.sampled_from(EVERY), shares=st.tuples(SHARES, SHARES, SHARES))
def test_a_spliced_file_never_escapes(corpus, policies, name, other, shares):
    """A piece of one file in the middle of another."""
    data, source = corpus.files[name], corpus.files[other]
    start, end = sorted(int(share * len(source)) for share in shares[:2])
    place = int(shares[2] * len(data))
    try:
        validate_pdf(data[:place] + source[start:end] + data[place:], policies["required"], at=corpus.world.at)
    except SigningError:
        return


@MANY
@given(name=st.sampled_from(WHOLE), flips=FLIPS)
def test_changed_signed_bytes_never_pass(corpus, policies, name, flips):
    """A byte that is changed within the covered range leaves no signature passed and no file genuine."""
    data = corpus.files[name]
    changed = _flipped(data, flips)
    before, (gap_start, gap_end), end = _covered(data)
    after = changed[:gap_start] + changed[gap_end:end]
    if after == before:
        return
    try:
        signatures = validate_pdf(changed, policies["required"], at=corpus.world.at).signatures
    except SigningError:
        return
    assert all(s.indication is not Indication.TOTAL_PASSED for s in signatures)
    assert by_library(changed, policies["required"], corpus.world.at).genuine != "yes"


@MANY
@given(name=st.sampled_from(WHOLE), share=SHARES, piece=st.binary(min_size=1, max_size=40))
def test_a_longer_file_is_another_file(corpus, policies, name, share, piece):
    """Bytes that are put in anywhere are noticed."""
    data = corpus.files[name]
    place = int(share * len(data))
    assert by_library(data[:place] + piece + data[place:], policies["required"], corpus.world.at).genuine != "yes"


@MANY
@given(name=st.sampled_from(WHOLE), share=SHARES, length=st.integers(1, 5000))
def test_a_shorter_file_is_another_file(corpus, policies, name, share, length):
    data = corpus.files[name]
    place = int(share * len(data))
    assert by_library(data[:place] + data[place + length :], policies["required"], corpus.world.at).genuine != "yes"


@MANY
@given(name=st.sampled_from(WHOLE), tail=st.binary(min_size=1, max_size=60))
def test_nothing_may_follow(corpus, policies, name, tail):
    assert by_library(corpus.files[name] + tail, policies["required"], corpus.world.at).genuine != "yes"
