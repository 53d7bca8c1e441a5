import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certs import uscc
from gateway.domain.identifiers import (
    CodeError,
    LicenceIdentifier,
    check_character,
    check_unified_social_credit_code,
)
from tests.conftest import VECTORS

VALID = (VECTORS / "registry" / "uscc_valid.txt").read_text().split()
INVALID = json.loads((VECTORS / "registry" / "uscc_invalid.json").read_text())
IDENTIFIERS = json.loads((VECTORS / "identifiers" / "licence_identifiers.json").read_text())


@pytest.mark.parametrize("code", VALID)
def test_real_public_codes_pass(code):
    checked = check_unified_social_credit_code(code)
    assert checked.code == code
    assert checked.warnings == ()


@pytest.mark.parametrize("code", INVALID)
def test_broken_codes_are_refused(code):
    with pytest.raises(CodeError):
        check_unified_social_credit_code(code)


@pytest.mark.parametrize(
    "typed",
    [
        "９１３５０１００Ｍ０００１００Ｙ４３",
        "91350100m000100y43",
        " 91350100 M000100Y 43 ",
        "91350100-M000100Y-43",
        "91350100－M000100Y—43",
    ],
)
def test_codes_are_read_as_people_type_them(typed):
    assert check_unified_social_credit_code(typed).code == "91350100M000100Y43"


@given(st.sampled_from(VALID), st.integers(0, 16), st.sampled_from(uscc.ALPHABET))
def test_any_single_wrong_character_is_noticed(code, position, character):
    changed = code[:position] + character + code[position + 1 :]
    assert uscc.is_valid(changed) is (changed == code)


@given(st.sampled_from(VALID), st.integers(0, 16))
def test_swapped_neighbours_are_noticed(code, position):
    swapped = code[:position] + code[position + 1] + code[position] + code[position + 2 :]
    assert uscc.is_valid(swapped) is (swapped == code)


@pytest.mark.parametrize("text", IDENTIFIERS["valid"])
def test_published_licence_identifiers_are_read_and_written_alike(text):
    assert str(LicenceIdentifier.parse(text)) == text


@pytest.mark.parametrize("text", IDENTIFIERS["invalid"])
def test_wrong_licence_identifiers_are_refused(text):
    with pytest.raises(CodeError):
        LicenceIdentifier.parse(text)


def test_check_character_of_the_well_known_sample():
    assert check_character("A12425GABC1234002") == "M"
