"""What the patient reader refuses before it begins."""

import time

import pytest

from signing.errors import ResourceLimitError
from signing.pyhanko_reading import read_structure
from signing.validation.policy import Limits
from tests.unit.signing.pki import plain_pdf
from tests.unit.signing.revisions import updated


@pytest.mark.parametrize("number", [b"9" * 2_000_000, b"-" + b"0" * 1000, b"1" * 1000 + b".5"])
def test_a_number_without_end_is_not_read(number):
    started = time.process_time()
    with pytest.raises(ResourceLimitError, match="more than a thousand digits"):
        read_structure(updated(plain_pdf(), {150: b"[ %b ]" % number}), Limits())
    assert time.process_time() - started < 1


@pytest.mark.parametrize("value", [b"9" * 900, b"<" + b"0" * 20_000 + b">", b"<30" + b"0" * 20_000 + b">"])
def test_other_digits_are_no_such_number(value):
    data = updated(plain_pdf(), {150: b"[ %b ]" % value})
    assert len(read_structure(data, Limits()).fields) == 0
