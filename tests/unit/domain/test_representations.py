"""Records in both vocabularies: what goes out comes in again, without loss."""

import pytest

from gateway.domain.applications import parse_application
from gateway.domain.catalogue import make_catalogue, seed_entries
from gateway.domain.identifiers import LicenceIdentifier
from gateway.domain.orders import first_identifier
from gateway.domain.representations import RegisteredFacts, Vocabulary, applied, represent
from gateway.domain.status import NATIONAL_CODES


@pytest.fixture(scope="module")
def catalogue():
    return make_catalogue(seed_entries("licence_types"), seed_entries("issuing_authorities"))


@pytest.mark.parametrize("vocabulary", Vocabulary)
def test_every_application_survives_the_round_trip(catalogue, applications, vocabulary):
    for record in applications:
        application = parse_application(record, catalogue)
        facts = RegisteredFacts(first_identifier(application), "valid")
        out = represent(application, facts, vocabulary)
        assert LicenceIdentifier.parse(out["ZZBS"]) == facts.identifier
        assert (out["ZZBBH"], out["ZZZT"]) == ("001", "10")
        again = parse_application(applied(out), catalogue)
        assert again == application
        assert again.digest() == application.digest()


def test_the_guangdong_record_is_what_was_sent(catalogue, applications):
    record = applications[1]
    application = parse_application(record, catalogue)
    out = applied(represent(application, RegisteredFacts(first_identifier(application), "valid"), Vocabulary.GUANGDONG))
    assert {name: out[name] for name in record if name in out} == {n: v for n, v in record.items() if n in out}
    assert {name for name, value in record.items() if value} - set(out) == set()


@pytest.mark.parametrize(("status", "code"), NATIONAL_CODES.items())
def test_every_status_has_its_national_code(catalogue, applications, status, code):
    application = parse_application(applications[0], catalogue)
    facts = RegisteredFacts(first_identifier(application), status)
    assert represent(application, facts, Vocabulary.NATIONAL)["ZZZT"] == code
