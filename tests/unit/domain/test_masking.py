import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.catalogue import make_catalogue, seed_entries
from gateway.domain.masking import HIDDEN, mask_face, mask_text

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


@given(st.text())
def test_any_text_can_be_masked_and_masking_is_done_once(text):
    assert mask_text(mask_text(text)) == mask_text(text)
