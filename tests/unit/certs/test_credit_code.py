"""Reading the credit code out of certificates of every kind that is met (domain facts 4.3)."""

import re

import pytest

from certs.credit_code import DEFAULT_RULES, ExtractionRules, extract_credit_code, read_rules
from certs.errors import CreditCodeError
from signing import der
from tests.pki import CREDIT_CODE, NOW, make_pki

OTHER_CODE = "9144030071526726XG"
REGISTER, NEWER, NEWEST = "1.2.156.10260.4.1.4", "1.2.156.10260.4.4", "1.2.156.10260.4.4.4"
CN, ORGANISATION, UNIT, SERIAL = "2.5.4.3", "2.5.4.10", "2.5.4.11", "2.5.4.5"
ENCODINGS = {
    "UTF8String": der.utf8,
    "PrintableString": der.printable,
    "IA5String": der.ia5,
    "BMPString": lambda text: der.tlv(0x1E, text.encode("utf-16-be")),
    "[0] over UTF8String": lambda text: der.explicit(0, der.utf8(text)),
    "[0] implicit": lambda text: der.implicit(0, text.encode()),
    "OCTET STRING": lambda text: der.octet_string(text.encode()),
    "bare ASCII": str.encode,
}


def certificate(*, subject=(), extensions=()):
    """An unsigned certificate with these subject attributes and extensions, in (OID, value) pairs."""
    algorithm = der.sequence(der.oid("1.2.156.10197.1.501"))
    name = der.sequence(*(der.set_of(der.sequence(der.oid(oid), der.utf8(text))) for oid, text in subject))
    listed = [der.sequence(der.oid(oid), der.octet_string(value)) for oid, value in extensions]
    tbs = der.sequence(
        der.explicit(0, der.integer(2)),
        der.integer(1),
        algorithm,
        der.sequence(),
        der.sequence(der.time(NOW), der.time(NOW)),
        name,
        make_pki().root.private.public_key.spki,
        *((der.explicit(3, der.sequence(*listed)),) if listed else ()),
    )
    return der.sequence(tbs, algorithm, der.bit_string(b"signature"))


@pytest.mark.parametrize("encode", ENCODINGS.values(), ids=ENCODINGS)
@pytest.mark.parametrize("oid", [REGISTER, NEWER, NEWEST, "1.2.86.11.7.4"])
def test_an_extension_is_read_however_it_is_encoded(oid, encode):
    assert extract_credit_code(certificate(extensions=[(oid, encode(CREDIT_CODE))])) == CREDIT_CODE


@pytest.mark.parametrize(
    ("oid", "text"),
    [
        (SERIAL, CREDIT_CODE),
        (UNIT, CREDIT_CODE),
        (ORGANISATION, "115300000151003540云南省住房和城乡建设厅"),
        (CN, f"esID {CREDIT_CODE}"),
        (CN, f"{CREDIT_CODE}@漠江泰和"),
    ],
)
def test_the_subject_is_searched(oid, text):
    assert extract_credit_code(certificate(subject=[(CN, "某单位"), (oid, text)])) in text


def test_the_same_code_in_several_places_is_one_code():
    twice = certificate(
        subject=[(SERIAL, CREDIT_CODE), (UNIT, CREDIT_CODE)], extensions=[(REGISTER, der.utf8(CREDIT_CODE))]
    )
    assert extract_credit_code(twice) == CREDIT_CODE


@pytest.mark.parametrize(
    "differing",
    [
        {"subject": [(SERIAL, CREDIT_CODE), (ORGANISATION, f"{OTHER_CODE}某公司")]},
        {"subject": [(SERIAL, OTHER_CODE)], "extensions": [(REGISTER, der.utf8(CREDIT_CODE))]},
        {"extensions": [(REGISTER, der.utf8(CREDIT_CODE)), (NEWER, der.utf8(OTHER_CODE))]},
        {"extensions": [(REGISTER, der.sequence(der.utf8(CREDIT_CODE), der.utf8(OTHER_CODE)))]},
    ],
)
def test_differing_codes_are_an_error_that_names_them(differing):
    with pytest.raises(CreditCodeError, match=f"differing.*{re.escape(OTHER_CODE)}"):
        extract_credit_code(certificate(**differing))


@pytest.mark.parametrize(
    "without",
    [
        {},
        {"subject": [(CN, "某单位")]},
        {"subject": [(SERIAL, CREDIT_CODE[:-1] + "A")]},
        {"subject": [(SERIAL, CREDIT_CODE[:-1])]},
        {"subject": [(SERIAL, CREDIT_CODE.lower())]},
        {"subject": [("2.5.4.7", CREDIT_CODE)]},
        {"extensions": [("1.2.156.10260.4.1.1", der.utf8(CREDIT_CODE))]},
    ],
)
def test_no_code_is_an_error(without):
    with pytest.raises(CreditCodeError, match="no unified social credit code"):
        extract_credit_code(certificate(**without))


def test_a_long_random_number_is_not_taken_for_a_code():
    # Its area code would have letters, though the check digit happens to fit.
    text = "0A1B2C3D4E5F607180"
    with pytest.raises(CreditCodeError, match="no unified social credit code"):
        extract_credit_code(certificate(subject=[(SERIAL, text[:17] + _check(text[:17]))]))


def _check(body):
    from certs.uscc import check_digit

    return check_digit(body)


def test_the_rules_are_configurable():
    found = certificate(subject=[("2.5.4.7", CREDIT_CODE)], extensions=[("1.2.3.4", OTHER_CODE.encode())])
    place = ExtractionRules(extension_oids=(), subject_fields=("2.5.4.7",))
    private = ExtractionRules(extension_oids=("1.2.3.4",), subject_fields=())
    enterprises_only = ExtractionRules(pattern=r"9[0-9]{7}[0-9A-Z]{10}")
    assert extract_credit_code(found, place) == CREDIT_CODE
    assert extract_credit_code(found, private) == OTHER_CODE
    with pytest.raises(CreditCodeError):
        extract_credit_code(certificate(subject=[(SERIAL, "11441700000000019L")]), enterprises_only)


@pytest.mark.parametrize("data", [b"", b"no certificate", b"\x30\x03\x02\x01\x05", b"\x30\x84\xff\xff\xff\xff"])
def test_what_is_no_certificate_is_an_error(data):
    with pytest.raises(CreditCodeError):
        extract_credit_code(data)


def test_no_single_changed_byte_gives_another_exception():
    good = make_pki().leaf().certificate
    for position in range(len(good)):
        for flip in (0x01, 0x80, 0xFF):
            damaged = good[:position] + bytes((good[position] ^ flip,)) + good[position + 1 :]
            try:
                assert extract_credit_code(damaged) != ""
            except CreditCodeError:
                continue


def test_rules_come_from_a_file(tmp_path):
    file = tmp_path / "rules.json"
    file.write_text('{"extension_oids": ["1.2.5.29.1"], "subject_fields": []}')
    rules = read_rules(file)
    # As a provincial CA writes it: the digits of the code and nothing around them.
    bare = certificate(subject=[(SERIAL, OTHER_CODE)], extensions=[("1.2.5.29.1", b"115300000151003540")])
    assert extract_credit_code(bare, rules) == "115300000151003540"
    assert rules.pattern == DEFAULT_RULES.pattern
    file.write_text("{}")
    assert read_rules(file) == DEFAULT_RULES


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "[" * 100_000,
        '{"extension_oid": []}',
        '{"extension_oids": "1.2.3"}',
        '{"extension_oids": ["x"]}',
        '{"subject_fields": [5]}',
        '{"pattern": "("}',
        '{"pattern": "(a)"}',
        '{"pattern": 5}',
    ],
)
def test_rules_that_are_wrong_are_refused_with_the_files_name(text, tmp_path):
    (tmp_path / "rules.json").write_text(text)
    with pytest.raises(CreditCodeError, match=r"rules\.json"):
        read_rules(tmp_path / "rules.json")


def test_missing_rules_are_refused(tmp_path):
    with pytest.raises(CreditCodeError, match="nowhere"):
        read_rules(tmp_path / "nowhere.json")
