"""Status lists: what they say of real licences, how soon, and how they are handed out."""

import secrets
from datetime import timedelta

import pytest
from sqlalchemy import select

from gateway.app import create_app
from gateway.container import Container
from gateway.domain.licence_code import LicenceClaims, decode_payload
from gateway.domain.status import LicenceStatus, china_day
from gateway.domain.status_list import PLACES, TOKEN_TYPE, ListedStatus, StatusList
from gateway.persistence.models import StatusPlace
from gateway.services import status_places
from gateway.services.conversion_rows import CHUNK_ROWS
from gateway.services.status_changes import StatusDecision
from signing.cose import parse_sign1, verify_sign1
from signing.sm2 import load_public
from signing.x509_fields import public_key_info
from tests.api.conftest import problem_of
from tests.conftest import container_at


@pytest.fixture
def licence(fresh, applications):
    later = china_day(fresh.clock() + timedelta(days=60)).isoformat()
    return fresh.licences.issue(next(each for each in applications if each.get("YXQJSRQ", "") > later))


def claims_of(licence):
    return LicenceClaims.decode(parse_sign1(decode_payload(licence.qr_text.rpartition("/")[2])).payload)


def authority_of(licence):
    return licence.licence_identifier.split(".")[6]


def address_of(licence):
    return f"/trust/status/{authority_of(licence)}/{claims_of(licence).status_index // PLACES}"


def said_of(client, licence):
    token = parse_sign1(client.get(address_of(licence)).data)
    return StatusList.decode(token.payload).status_of(claims_of(licence).status_index)


def decide(container, licence, status):
    decision = StatusDecision(status, legal_ground="依据", reason="原因")
    container.status_changes.record(licence.licence_identifier, decision)


def test_a_revocation_by_another_process_shows_within_ten_seconds(fresh, licence):
    # By a clock of the test's own: a machine that stands still for some seconds must not decide.
    now = revoked_at = fresh.clock()
    client = create_app(Container(fresh.settings, clock=lambda: now)).test_client()
    assert said_of(client, licence) is ListedStatus.VALID
    decide(Container(fresh.settings, clock=lambda: now), licence, LicenceStatus.REVOKED)
    # Copies that others keep serve for some seconds more.
    cached = client.get(address_of(licence)).headers["Cache-Control"]
    until = revoked_at + timedelta(seconds=10 - int(cached.rpartition("=")[2]))
    while said_of(client, licence) is not ListedStatus.INVALID:
        now += timedelta(seconds=0.2)
        assert now < until


@pytest.mark.parametrize(
    ("status", "said"),
    [(LicenceStatus.SUSPENDED, ListedStatus.SUSPENDED), (LicenceStatus.CANCELLED, ListedStatus.INVALID)],
)
def test_each_status_has_its_bits(fresh, licence, status, said):
    decide(fresh, licence, status)
    client = create_app(fresh).test_client()
    assert said_of(client, licence) is said
    if status is LicenceStatus.SUSPENDED:
        decide(fresh, licence, LicenceStatus.VALID)
        fresh.status_lists._kept.clear()
        assert said_of(client, licence) is ListedStatus.VALID


def test_the_list_is_signed_by_the_signer_of_lists(fresh, licence):
    response = create_app(fresh).test_client().get(address_of(licence))
    assert response.mimetype == TOKEN_TYPE
    message = parse_sign1(response.data)
    assert message.media_type == TOKEN_TYPE
    certificate = fresh.deps.trust_store.list_signer_by_key_id(message.key_id)
    verify_sign1(message, load_public(public_key_info(certificate)))
    assert fresh.deps.trust_store.certificate_by_key_id(message.key_id) is None


def test_processes_hand_out_one_token_and_it_is_not_sent_twice(fresh, licence):
    address = address_of(licence)
    first = create_app(fresh).test_client().get(address)
    other = create_app(container_at(fresh.settings.data_dir)).test_client()
    second = other.get(address)
    assert second.data == first.data
    unchanged = other.get(address, headers={"If-None-Match": first.headers["ETag"]})
    assert (unchanged.status_code, unchanged.data) == (304, b"")
    decide(fresh, licence, LicenceStatus.REVOKED)
    third = (
        create_app(container_at(fresh.settings.data_dir))
        .test_client()
        .get(address, headers={"If-None-Match": first.headers["ETag"]})
    )
    assert third.status_code == 200
    assert third.headers["ETag"] != first.headers["ETag"]


def test_the_index_names_every_list(fresh, licence):
    client = create_app(fresh).test_client()
    (entry,) = client.get("/trust/status/").json["status_lists"]
    assert entry["uri"] == f"{fresh.settings.public_base_url}{address_of(licence)}"


@pytest.mark.parametrize(
    "address",
    ["/trust/status/11441702G0000629X4/9", "/trust/status/11441702G0000629X4/600000000000", "/trust/status/X/0"],
)
def test_there_are_no_other_lists(client, address):
    problem_of(client.get(address), 404, "NOT_FOUND")


def test_places_are_drawn_by_lot_and_belong_to_one_licence_each(issued):
    with issued.deps.sessions() as session:
        places = session.execute(select(StatusPlace.authority_code, StatusPlace.place)).all()
    assert len(set(places)) == len(places) > 50
    of_one = sorted(place for code, place in places if code == places[0].authority_code)
    assert max(of_one) < PLACES
    assert of_one != list(range(of_one[0], of_one[0] + len(of_one)))


def test_each_place_is_in_the_lot_of_one_chunk_in_sixty_four():
    lots = [status_places.lot_of("9f86d081884c7d65", chunk) for chunk in range(64)]
    assert sorted(place for lot in lots for place in lot) == list(range(PLACES))
    assert min(map(len, lots)) > 8 * CHUNK_ROWS
    assert status_places.lot_of("9f86d081884c7d65", 64) == lots[0]
    # Another job's are others.
    assert len(set(lots[0]) & set(status_places.lot_of("a665a45920422f9d", 0))) < len(lots[0]) / 8


def test_many_places_come_out_of_their_lot(fresh, licence):
    lot = status_places.lot_of("9f86d081884c7d65", 3)
    several = [
        status_places.draw_places(fresh.deps.quick_reads, authority_of(licence), CHUNK_ROWS, lot) for _ in range(2)
    ]
    assert several[0] != several[1]
    for places in several:
        assert len(set(places)) == CHUNK_ROWS and set(places) <= set(lot)


def test_a_full_list_is_followed_by_the_next(fresh, licence, monkeypatch):
    monkeypatch.setattr(secrets, "choice", lambda lot: claims_of(licence).status_index)
    place = status_places.draw_place(fresh.deps.quick_reads, authority_of(licence))
    assert place == PLACES + claims_of(licence).status_index


def test_a_place_that_was_taken_meanwhile_is_drawn_again(fresh, applications, licence, monkeypatch):
    from gateway.services import licences

    taken, real = claims_of(licence).status_index, status_places.draw_place
    drawn = iter([taken])
    monkeypatch.setattr(licences, "draw_place", lambda *words, **asked: next(drawn, None) or real(*words, **asked))
    same = [
        each
        for each in applications
        if each["FZJGMC"] == licence.issuing_authority and each["ZZHM"] != licence.licence_number
    ]
    second = fresh.licences.issue(same[0])
    assert claims_of(second).status_index != taken
    assert next(drawn, None) is None
