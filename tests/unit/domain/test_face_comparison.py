from dataclasses import replace
from datetime import date

import pytest

from gateway.domain.face_comparison import FaceSource, RegisteredFace, compare_claims, compare_document
from tests.unit.domain.test_licence_code import IDENTIFIER, claims

FACE = RegisteredFace(
    licence_identifier=IDENTIFIER,
    local_type_code="food_business",
    licence_number="JY14417020012345",
    holder_name="阳江市江城区漠江泰和餐饮服务有限公司",
    holder_code="91441702MA9Y03WY4L",
    authority_code="11441702G0000629X4",
    issued_on=date(2024, 5, 25),
    valid_from=date(2024, 5, 25),
    valid_until=date(2029, 5, 24),
    items={"经营项目": "热食类食品制售", "经营场所": "海陵路91号"},
)


def document(**changes):
    said = {
        "licence_identifier": IDENTIFIER,
        "licence_type": {"name": "食品经营许可证", "local_code": "food_business"},
        "licence_number": "JY14417020012345",
        "holder": {"name": FACE.holder_name, "code": FACE.holder_code},
        "issuing_authority": {"name": "某局", "code": "11441702G0000629X4"},
        "issued_on": "2024-05-25",
        "valid_from": "2024-05-25",
        "valid_until": "2029-05-24",
        "face": [{"label": "经营项目", "value": "热食类食品制售"}, {"label": "经营场所", "value": "海陵路91号"}],
    }
    return said | changes


def test_what_agrees_has_no_difference():
    assert compare_claims(claims(), FACE) == ()
    assert compare_document(document(), FACE) == ()


def test_the_years_are_named():
    (found,) = compare_claims(claims(), replace(FACE, valid_until=date(2027, 5, 24)))
    assert (found.field, found.code, found.source) == ("valid_until", "VALID_UNTIL_DIFFERS", FaceSource.QR_CODE)
    assert found.sentence.zh == "有效期至：证照上的二维码写“2029-05-24”，登记簿是“2027-05-24”"
    assert found.sentence.en == "Valid until: the code on the licence says “2029-05-24”, the register “2027-05-24”"


def test_without_limit_is_a_value_too():
    (found,) = compare_claims(claims(valid_until=None), FACE)
    assert (found.presented, found.registered) == ("长期", "2029-05-24")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"licence_number": "JY1"}, "LICENCE_NUMBER_DIFFERS"),
        ({"licence_type": {"local_code": "other"}}, "LICENCE_TYPE_DIFFERS"),
        ({"holder": {"name": "某公司", "code": FACE.holder_code}}, "HOLDER_NAME_DIFFERS"),
        ({"holder": {"name": FACE.holder_name, "code": "X"}}, "HOLDER_CODE_DIFFERS"),
        ({"issuing_authority": {"code": "X"}}, "ISSUING_AUTHORITY_DIFFERS"),
        ({"issued_on": "2020-01-01"}, "ISSUED_ON_DIFFERS"),
        ({"valid_from": None}, "VALID_FROM_DIFFERS"),
        ({"valid_until": None}, "VALID_UNTIL_DIFFERS"),
        ({"licence_identifier": 7}, "LICENCE_IDENTIFIER_DIFFERS"),
        ({"face": [{"label": "经营项目", "value": "酒类"}, document()["face"][1]]}, "FACE_ITEM_DIFFERS"),
        ({"face": [document()["face"][0]]}, "FACE_ITEM_DIFFERS"),
    ],
)
def test_every_field_of_a_document_has_its_code(change, code):
    (found,) = compare_document(document(**change), FACE)
    assert (found.code, found.source) == (code, FaceSource.DOCUMENT)


@pytest.mark.parametrize("change", [{"face": "x"}, {"face": [1, {"label": 2}]}, {"holder": []}, {"licence_type": None}])
def test_odd_documents_are_compared_all_the_same(change):
    assert compare_document(document(**change), FACE)


def test_numbers_of_people_are_not_repeated():
    change = {"face": [{"label": "经营项目", "value": "联系 13800138000"}, document()["face"][1]]}
    (found,) = compare_document(document(**change), FACE)
    assert "13800138000" not in found.presented


def test_a_presented_value_is_repeated_up_to_a_length():
    (found,) = compare_document(document(licence_number="9" * 100_000), FACE)
    assert len(found.presented) <= 300
