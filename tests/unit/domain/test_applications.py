from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.applications import parse_application
from gateway.domain.catalogue import make_catalogue, seed_entries
from gateway.errors import ValidationFailedError

CATALOGUE = make_catalogue(seed_entries("licence_types"), seed_entries("issuing_authorities"))
FIELDS = ["ZZMC", "ZZHM", "CYRMC", "CYRSFZJHM", "FZJGMC", "FZRQ", "YXQKSRQ", "YXQJSRQ", "ZZBH", "CZZT", "经营场所"]


def errors(record):
    with pytest.raises(ValidationFailedError) as caught:
        parse_application(record, CATALOGUE)
    return {(e.field, e.code) for e in caught.value.errors}


def test_all_sample_applications_pass(applications):
    parsed = [parse_application(record, CATALOGUE) for record in applications]
    assert len({a.digest() for a in parsed}) == len(applications)


def test_both_vocabularies_say_the_same(applications):
    guangdong = applications[0]
    names = {
        "ZZHM": "ZZBH", "CYRMC": "CZZT", "CYRSFZJHM": "CZZTDM", "CYRSFZJLX": "CZZTDMLX",
        "FZJGMC": "ZZBFJG", "FZRQ": "ZZBFRQ", "YXQKSRQ": "ZZYXQQSRQ", "YXQJSRQ": "ZZYXQJZRQ",
    }  # fmt: skip
    national = {names.get(key, key): value for key, value in guangdong.items()}
    national["ZZBFRQ"] = national["ZZBFRQ"].replace("-", "")
    national |= {"CZZTDMLXDM": "001", "ZZLXDM": CATALOGUE.types_by_name[guangdong["ZZMC"]].identifier_type_code}
    assert parse_application(national, CATALOGUE).digest() == parse_application(guangdong, CATALOGUE).digest()


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"CYRSFZJHM": "91441702MA9Y03WY4X"}, ("CYRSFZJHM", "CREDIT_CODE_INVALID")),
        ({"ZZMC": "不存在的许可证"}, ("ZZMC", "TYPE_UNKNOWN")),
        ({"FZJGMC": "某某局"}, ("FZJGMC", "AUTHORITY_UNKNOWN")),
        ({"FZJGMC": "阳江市应急管理局"}, ("FZJGMC", "AUTHORITY_NOT_COMPETENT")),
        ({"FZRQ": "2024年5月"}, ("FZRQ", "NOT_A_DATE")),
        ({"FZRQ": "2024-02-30"}, ("FZRQ", "NOT_A_DATE")),
        ({"YXQJSRQ": ""}, ("YXQJSRQ", "MISSING")),
        ({"YXQJSRQ": "2019-01-01"}, ("YXQJSRQ", "ENDS_BEFORE_START")),
        ({"经营项目": "  "}, ("经营项目", "MISSING")),
        ({"经营项目": "甲" * 501}, ("经营项目", "TOO_LONG")),
        ({"经营场所": "江城区\x07"}, ("经营场所", "CONTROL_CHARACTER")),
        ({"额外项": "x"}, ("额外项", "ITEM_UNKNOWN")),
        ({"CYRSFZJLX": "居民身份证"}, ("CYRSFZJLX", "CODE_TYPE_UNSUPPORTED")),
        ({"ZZHM": 5}, ("ZZHM", "NOT_TEXT")),
        ({"ZZHM": None}, ("ZZHM", "NOT_TEXT")),
        ({"ZZHM": "甲" * 65}, ("ZZHM", "TOO_LONG")),
        ({"CYRMC": "泰和\u202e公司"}, ("CYRMC", "CONTROL_CHARACTER")),
        ({"CYRMC": "泰和\n公司"}, ("CYRMC", "CONTROL_CHARACTER")),
        ({"CYRMC": "泰和\ue000公司"}, ("CYRMC", "CONTROL_CHARACTER")),
        ({"FZRQ": "２０２４-05-25"}, ("FZRQ", "NOT_A_DATE")),
        ({"FZRQ": "0024-05-25"}, ("FZRQ", "NOT_A_DATE")),
        ({"YXQJSRQ": "9999-12-31"}, ("YXQJSRQ", "NOT_A_DATE")),
        ({"FZJGSSXZQHDM": "441781"}, ("FZJGSSXZQHDM", "AUTHORITY_AREA_DIFFERS")),
        ({"ZZBH": "1"}, ("ZZBH", "ITEM_UNKNOWN")),
        ({"CYRMC": ""}, ("CYRMC", "MISSING")),
        ({"FZJGZZJGDM": "11441700000000019L"}, ("FZJGZZJGDM", "AUTHORITY_CODE_DIFFERS")),
    ],
)
def test_each_broken_field_is_named(applications, change, expected):
    assert expected in errors(applications[0] | change)


def test_all_errors_come_at_once(applications):
    found = errors(applications[0] | {"CYRSFZJHM": "x", "FZRQ": "x", "经营项目": ""})
    assert {field for field, _ in found} >= {"CYRSFZJHM", "FZRQ", "经营项目"}


def test_long_term_is_no_date(applications):
    assert parse_application(applications[0] | {"YXQJSRQ": "长期"}, CATALOGUE).valid_until is None


def test_a_like_named_type_is_issued_under_its_own_title(applications):
    record = {k: v for k, v in applications[0].items() if k not in ("主体业态", "经营项目")} | {"生产品种": "糕点"}
    named = {
        name: parse_application(record | {"ZZMC": name}, CATALOGUE) for name in ("食品小作坊登记证", "小餐饮登记证")
    }
    assert {name: found.licence_type.name for name, found in named.items()} == {name: name for name in named}
    assert len({found.licence_type.identifier_type_code for found in named.values()}) == len(named)


def test_a_licence_dated_after_today_is_refused(applications):
    issued_on = date.fromisoformat(applications[0]["FZRQ"])
    assert parse_application(applications[0], CATALOGUE, today=issued_on).issued_on == issued_on
    with pytest.raises(ValidationFailedError, match="FZRQ"):
        parse_application(applications[0], CATALOGUE, today=issued_on - timedelta(days=1))


def test_codes_beside_the_names_must_agree(applications):
    road = next(record for record in applications if record["ZZMC"] == "道路运输经营许可证")
    authority = CATALOGUE.authorities_by_name[road["FZJGMC"]]
    agreeing = {"FZJGZZJGDM": authority.code, "FZJGSSXZQHDM": authority.area_code}
    assert parse_application(road | agreeing, CATALOGUE) == parse_application(road, CATALOGUE)


def test_an_empty_optional_item_is_left_out(applications):
    assert parse_application(applications[0] | {"住所": ""}, CATALOGUE) == parse_application(applications[0], CATALOGUE)


@given(
    st.dictionaries(st.text(max_size=8) | st.sampled_from(FIELDS), st.none() | st.integers() | st.text(max_size=200))
)
def test_any_record_is_an_application_or_names_its_errors(record):
    assert errors(record)


@given(st.sampled_from(FIELDS), st.none() | st.booleans() | st.integers())
def test_any_value_that_is_no_text_is_named(applications, field, value):
    found = errors(applications[0] | {field: value})
    assert (field, "NOT_TEXT") in found or (field, "ITEM_UNKNOWN") in found


def test_an_error_repeats_little_of_what_was_sent(applications):
    with pytest.raises(ValidationFailedError) as caught:
        parse_application(applications[0] | {"ZZMC": "证" * 10**6, "FZJGMC": "局" * 10**6}, CATALOGUE)
    assert len(caught.value.message) < 1000
