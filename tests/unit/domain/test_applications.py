import pytest

from gateway.domain.applications import parse_application
from gateway.domain.catalogue import make_catalogue, seed_entries
from gateway.errors import ValidationFailedError

CATALOGUE = make_catalogue(seed_entries("licence_types"), seed_entries("issuing_authorities"))


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


def test_the_catalogue_has_forty_items_and_guesses_no_code():
    assert len(CATALOGUE.licence_types) == 40
    assert not any(t.official for t in CATALOGUE.licence_types)
    confirmed = {t.licence_type_code for t in CATALOGUE.licence_types if t.licence_type_code}
    assert confirmed == {"11100000000019713D008", "11100000000019713D016", "11100000000019713D074"}
    assert all(len(t.identifier_type_code) == 21 for t in CATALOGUE.licence_types)


def test_every_licence_type_has_an_authority():
    assert all(any(a.may_issue(t) for a in CATALOGUE.authorities) for t in CATALOGUE.licence_types)
