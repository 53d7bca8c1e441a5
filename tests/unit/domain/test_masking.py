from gateway.domain.catalogue import make_catalogue, seed_entries
from gateway.domain.masking import HIDDEN, mask_face, mask_text

CATALOGUE = make_catalogue(seed_entries("licence_types"), seed_entries("issuing_authorities"))
IDENTITY = "11010519491231002X"


def test_identity_numbers_in_free_text_are_hidden_whole():
    assert mask_text(f"负责人{IDENTITY}，电话") == f"负责人{HIDDEN}，电话"


def test_other_long_numbers_stay():
    assert mask_text("110105194912310021") == "110105194912310021"
    assert mask_text("JY14417000010000") == "JY14417000010000"


def test_sensitive_items_are_hidden_by_the_catalogue():
    licence_type = CATALOGUE.types_by_name["食品经营许可证"]
    masked = dict(mask_face(licence_type, (("法定代表人（负责人）", "张三"), ("经营场所", f"海陵路1号 {IDENTITY}"))))
    assert masked == {"法定代表人（负责人）": HIDDEN, "经营场所": f"海陵路1号 {HIDDEN}"}
