from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.catalogue import make_catalogue, seed_entries
from gateway.domain.masking import HIDDEN, is_identity_number, mask_face, mask_text

CATALOGUE = make_catalogue(seed_entries("licence_types"), seed_entries("issuing_authorities"))
IDENTITY = "11010519491231002X"


@pytest.mark.parametrize(
    "personal",
    [
        IDENTITY,
        "11010519491231002x",
        "１１０１０５１９４９１２３１００２Ｘ",
        "110105 19491231 002X",
        "110105-19491231-002X",
        "110105–19491231–002X",
        "110105\u00a019491231\u200b002X",
        "1 1 0 1 0 5 1 9 4 9 1 2 3 1 0 0 2 X",
        "1-1-0-1-0-5-1-9-4-9-1-2-3-1-0-0-2-x",
        "١١٠١٠٥١٩٤٩١٢٣١٠٠٢X",
        "13800138000",
        "138 0013 8000",
        "１３８００１３８０００",
        "li.si@example.com",
    ],
)
def test_personal_numbers_in_free_text_are_hidden_whole(personal):
    assert mask_text(f"负责人{personal}，房间 12") == f"负责人{HIDDEN}，房间 12"


@pytest.mark.parametrize(
    "public",
    [
        "110105194912310021",
        "110105194913310028",
        "JY14417000010000",
        "91441702MA9Y03WY4L",
        "121200004013590816",
        "441700010004",
        "0662-3412345",
        "12315",
        "2024-05-25至2029-05-24",
    ],
)
def test_other_numbers_stay(public):
    assert mask_text(f"编号{public}。") == f"编号{public}。"


def test_sensitive_items_are_hidden_by_the_catalogue():
    licence_type = CATALOGUE.types_by_name["食品经营许可证"]
    items = (("签发人", "张三"), ("法定代表人（负责人）", "李四"), ("经营场所", f"海陵路1号 {IDENTITY}"))
    assert dict(mask_face(licence_type, items)) == {
        "签发人": HIDDEN,
        "法定代表人（负责人）": "李四",
        "经营场所": f"海陵路1号 {HIDDEN}",
    }


@pytest.mark.parametrize("before", ["ID", "身份证号：", "No.", "(", "a", "x", ""])
@pytest.mark.parametrize("after", ["", "。", "abc", "）", "，电话0662-3412345"])
def test_an_identity_number_is_hidden_whatever_touches_it(before, after):
    assert mask_text(f"{before}{IDENTITY}{after}") == f"{before}{HIDDEN}{after}"


def identity_number(seventeen):
    """With the check digit of ISO 7064 MOD 11-2, computed by powers of two rather than by a table."""
    total = sum(int(digit) * pow(2, 17 - place, 11) for place, digit in enumerate(seventeen))
    return seventeen + "0123456789X"[(12 - total) % 11]


@given(
    st.from_regex(r"[1-9][0-9]{5}", fullmatch=True),
    st.dates(min_value=date(1900, 1, 1), max_value=date(2030, 12, 31)),
    st.integers(0, 999),
    st.text(alphabet="甲乙，。 \n;:/", max_size=5),
)
def test_every_right_number_is_hidden_and_each_wrong_digit_is_noticed(area, birthday, sequence, around):
    number = identity_number(f"{area}{birthday:%Y%m%d}{sequence:03d}")
    assert is_identity_number(number)
    assert mask_text(f"{around}{number}{around}") == f"{around}{HIDDEN}{around}"
    for place in range(17):
        wrong = number[:place] + str((int(number[place]) + 1) % 10) + number[place + 1 :]
        assert not is_identity_number(wrong)


@given(st.text())
def test_any_text_can_be_masked_and_masking_is_done_once(text):
    assert mask_text(mask_text(text)) == mask_text(text)
