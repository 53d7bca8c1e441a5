import json

import pytest

from certs import uscc
from gateway.domain.catalogue import SEED, make_catalogue, seed_entries
from gateway.domain.licence_code import MAX_TEXT_BYTES

CATALOGUE = make_catalogue(seed_entries("licence_types"), seed_entries("issuing_authorities"))
PLACEHOLDER = "11441700000000019L"
CONFIRMED = {
    "道路运输经营许可证": "11100000000019713D008",
    "道路危险货物运输许可证": "11100000000019713D016",
    "网络预约出租汽车经营许可证": "11100000000019713D074",
}


def test_the_catalogue_has_the_forty_items_of_the_reform():
    items = json.loads((SEED / "licence_types.json").read_text())["licence_types"]
    assert [entry["item"] for entry in items] == list(range(1, 41))
    assert {entry["item"] for entry in seed_entries("licence_types")} == set(range(1, 41))
    assert not any(t.official for t in CATALOGUE.licence_types)


def test_no_type_code_is_guessed():
    assert {t.name: t.licence_type_code for t in CATALOGUE.licence_types if t.licence_type_code} == CONFIRMED


def test_names_and_codes_are_never_shared():
    types, authorities = CATALOGUE.licence_types, CATALOGUE.authorities
    assert len(CATALOGUE.types_by_name) == len(CATALOGUE.types_by_code) == len(types)
    assert len({t.identifier_type_code for t in types}) == len(types)
    assert len(CATALOGUE.authorities_by_name) == len(CATALOGUE.authorities_by_code) == len(authorities)


@pytest.mark.parametrize("licence_type", CATALOGUE.licence_types, ids=lambda t: t.name)
def test_every_type_is_complete(licence_type):
    assert uscc.is_valid(PLACEHOLDER)
    assert licence_type.local_type_code.startswith(PLACEHOLDER)
    assert len(licence_type.identifier_type_code) == 21
    assert uscc.is_valid(licence_type.identifier_type_code[:18])
    labels = [item.label for item in licence_type.face_items]
    assert len(set(labels)) == len(labels)
    assert any(item.required for item in licence_type.face_items)
    assert all(0 < item.max_length <= 500 for item in licence_type.face_items)
    assert any(authority.may_issue(licence_type) for authority in CATALOGUE.authorities)
    # Half of the room in a QR code at least remains for the holder's name.
    assert len(licence_type.name.encode()) < MAX_TEXT_BYTES * 0.6


@pytest.mark.parametrize("entry", seed_entries("issuing_authorities"), ids=lambda e: e["name"])
def test_every_authority_has_an_invented_code_of_its_area(entry):
    assert entry["fictitious_code"] is True
    assert uscc.is_valid(entry["code"])
    assert uscc.organisation_check_fits(entry["code"])
    assert entry["code"].startswith(f"11{entry['area_code']}")


def test_items_of_the_samples_are_exactly_those_required(applications):
    header = {"ZZMC", "ZZHM", "CYRMC", "CYRSFZJLX", "CYRSFZJHM", "FZJGMC", "FZRQ", "YXQKSRQ", "YXQJSRQ"}
    for record in applications:
        rules = CATALOGUE.types_by_name[record["ZZMC"]].face_items
        given_items = set(record) - header
        assert {rule.label for rule in rules if rule.required} <= given_items <= {rule.label for rule in rules}
