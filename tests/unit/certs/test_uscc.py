"""Check digits of GB 32100 and GB 11714."""

import json
from pathlib import Path

import pytest

from certs import uscc

REGISTRY = Path(__file__).parents[2] / "vectors" / "registry"
VALID = (REGISTRY / "uscc_valid.txt").read_text().split()
INVALID = json.loads((REGISTRY / "uscc_invalid.json").read_text())


def test_every_real_code_has_both_check_digits():
    assert len(VALID) > 100
    assert [code for code in VALID if not uscc.is_valid(code) or not uscc.organisation_check_fits(code)] == []


@pytest.mark.parametrize("text", INVALID)
def test_what_is_no_code_is_refused(text):
    assert not uscc.is_valid(text)


def test_every_single_changed_character_is_noticed():
    code = VALID[0]
    changed = [code[:i] + c + code[i + 1 :] for i in range(uscc.LENGTH) for c in uscc.ALPHABET if c != code[i]]
    assert len(changed) == 18 * 30
    assert not any(map(uscc.is_valid, changed))


def test_swapping_two_neighbours_is_noticed():
    code = "91441702MA9Y03WY4L"
    swapped = {code[:i] + code[i + 1] + code[i] + code[i + 2 :] for i in range(17)} - {code}
    assert len(swapped) > 10
    assert not any(map(uscc.is_valid, swapped))


def test_letters_in_the_first_places_are_allowed():
    assert uscc.is_valid("N2441704MFX0000134")


def test_the_check_digit_needs_seventeen_characters_of_the_alphabet():
    assert uscc.check_digit("91350100M000100Y4") == "3"
    with pytest.raises(ValueError, match="longer"):
        uscc.check_digit("91350100M000100Y")
    with pytest.raises(ValueError, match="substring not found"):
        uscc.check_digit("91350100M000100YI")


def test_the_organisation_code_has_its_own_check():
    good = "91441702MA9Y03WY4L"
    body = good[:16] + ("0" if good[16] != "0" else "1")
    code = body + uscc.check_digit(body)
    assert uscc.is_valid(code)
    assert not uscc.organisation_check_fits(code)
