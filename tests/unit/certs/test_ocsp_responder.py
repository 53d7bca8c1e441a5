"""The OCSP responder: what it says of which certificate, by whose key, and for how long."""

from dataclasses import replace
from datetime import timedelta

import pytest

from certs.authority import CertificateAuthority
from certs.ocsp_responder import VALIDITY, AnsweredCa, OcspResponder
from certs.profiles import OCSP_RESPONDER
from certs.revocation import RevocationReason, read_revocation_list
from signing.algorithms import SHA1_OID, SHA256_OID, SM3_OID
from signing.keys import SignatureAlgorithm
from signing.ocsp import CertId, CertStatus, ResponseStatus, build_request, cert_id, parse_response
from signing.validation.cryptographic import verify_value
from signing.x509_fields import not_before, public_key_info, serial_number
from tests.pki import DAY, NOW, make_pki, make_stranger


class Counting:
    """A delegated key that counts how often it signs."""

    def __init__(self, key):
        self.certificate, self.chain, self.algorithm, self._key, self.count = key.certificate, (), key.algorithm, key, 0

    def sign(self, message):
        self.count += 1
        return self._key.sign(message)


class Desk:
    """A responder for the issuing CA of a PKI, whose clock and list can be set."""

    def __init__(self, algorithm=SignatureAlgorithm.SM2_WITH_SM3):
        self.pki, self.now = make_pki(algorithm), NOW
        self.leaf = self.pki.leaf()
        self.issued = {serial_number(self.leaf.certificate)}
        self.key = Counting(self.pki.leaf(OCSP_RESPONDER))
        self.publish()
        self.responder = OcspResponder(lambda: [self.ca], clock=lambda: self.now)

    def publish(self, number=1, next_update=NOW + 30 * DAY):
        ca = CertificateAuthority(self.pki.issuing)
        crl = ca.crl(number=number, this_update=NOW, next_update=next_update, revoked=self.pki.revoked)
        self.ca = AnsweredCa(
            self.pki.issuing.certificate, read_revocation_list(crl), self.issued.__contains__, self.key
        )

    def identifier(self, digest_oid=SM3_OID):
        return cert_id(self.leaf.certificate, self.pki.issuing.certificate, digest_oid)

    def ask(self, *identifiers, nonce=None):
        answer = self.responder.answer(build_request(identifiers or (self.identifier(),), nonce=nonce))
        return parse_response(answer.encoded), answer


@pytest.fixture
def desk():
    return Desk()


@pytest.mark.parametrize("algorithm", SignatureAlgorithm)
@pytest.mark.parametrize("digest_oid", [SM3_OID, SHA1_OID, SHA256_OID])
def test_a_certificate_in_force_is_good_and_the_delegated_key_says_so(digest_oid, algorithm):
    desk = Desk(algorithm)
    response, _ = desk.ask(desk.identifier(digest_oid), nonce=b"n" * 32)
    [single] = response.responses
    assert (single.status, single.cert_id, single.revoked_at) == (
        CertStatus.GOOD,
        desk.identifier(digest_oid),
        None,
    )
    assert (single.this_update, single.next_update) == (NOW, NOW + VALIDITY)
    assert single.archive_cutoff == not_before(desk.pki.issuing.certificate)
    assert (response.nonce, response.certificates) == (b"n" * 32, (desk.key.certificate,))
    verify_value(public_key_info(desk.key.certificate), response.signature_oid, "", response.signed, response.signature)


@pytest.mark.parametrize(
    ("reason", "said"),
    [(RevocationReason.KEY_COMPROMISE, 1), (RevocationReason.SUPERSEDED, 4), (RevocationReason.UNSPECIFIED, None)],
)
def test_a_revoked_certificate_is_revoked_with_instant_and_reason(reason, said, desk):
    desk.pki.revoke(desk.leaf, NOW - DAY, reason)
    desk.publish()
    [single] = desk.ask()[0].responses
    assert (single.status, single.revoked_at, single.reason) == (CertStatus.REVOKED, NOW - DAY, said)


def test_a_certificate_that_was_never_issued_is_unknown(desk):
    [single] = desk.ask(replace(desk.identifier(), serial_number=12345))[0].responses
    assert (single.status, single.archive_cutoff) == (CertStatus.UNKNOWN, None)


def test_several_certificates_are_answered_in_one_response(desk):
    other = desk.pki.leaf()
    desk.issued.add(serial_number(other.certificate))
    desk.pki.revoke(other, NOW - DAY)
    desk.publish()
    stranger = make_stranger()
    identifiers = (
        cert_id(stranger.issuing.certificate, stranger.root.certificate),
        desk.identifier(SHA1_OID),
        cert_id(other.certificate, desk.pki.issuing.certificate),
        CertId("1.2.3.4", b"x", b"y", 1),
    )
    response, _ = desk.ask(*identifiers)
    assert [single.cert_id for single in response.responses] == list(identifiers)
    assert [single.status for single in response.responses] == ["unknown", "good", "revoked", "unknown"]
    assert desk.key.count == 1


def test_of_other_cas_nothing_is_said(desk):
    stranger = make_stranger()
    response, answer = desk.ask(cert_id(stranger.issuing.certificate, stranger.root.certificate))
    assert response.response_status == ResponseStatus.UNAUTHORIZED
    assert (answer.next_update, desk.key.count) == (None, 0)


@pytest.mark.parametrize("data", [b"", b"no request", b"\x30\x80", b"\0" * 100_000])
def test_what_is_no_request_is_answered_as_malformed(data, desk):
    answer = desk.responder.answer(data)
    assert parse_response(answer.encoded).response_status == ResponseStatus.MALFORMED_REQUEST


def test_each_ca_speaks_through_its_own_delegate():
    desks = [Desk(), Desk(SignatureAlgorithm.ECDSA_WITH_SHA256)]
    responder = OcspResponder(lambda: [desk.ca for desk in desks], clock=lambda: NOW)
    for desk in desks:
        response = parse_response(responder.answer(build_request([desk.identifier()])).encoded)
        assert response.certificates == (desk.key.certificate,)
        assert response.responses[0].status is CertStatus.GOOD


def test_without_a_nonce_one_signature_serves_many(desk):
    answers = {desk.ask()[1] for _ in range(5)}
    assert (len(answers), desk.key.count) == (1, 1)
    assert answers.pop().next_update == NOW + VALIDITY
    desk.now += VALIDITY / 2 - timedelta(seconds=1)
    desk.ask()
    assert desk.key.count == 1
    desk.now += timedelta(seconds=1)
    assert desk.ask()[1].this_update == desk.now
    assert desk.key.count == 2


def test_with_a_nonce_every_answer_is_its_own(desk):
    answers = [desk.ask(nonce=bytes([number] * 16)) for number in range(3)]
    assert [response.nonce for response, _ in answers] == [bytes([number] * 16) for number in range(3)]
    assert desk.key.count == 3
    assert {answer.next_update for _, answer in answers} == {None}, "no cache may keep these"


def test_a_revocation_ends_what_was_kept(desk):
    assert desk.ask()[0].responses[0].status is CertStatus.GOOD
    desk.pki.revoke(desk.leaf, NOW)
    desk.publish(number=2)
    assert desk.ask()[0].responses[0].status is CertStatus.REVOKED


def test_what_is_unknown_now_may_be_issued_in_a_minute(desk):
    later = replace(desk.identifier(), serial_number=77)
    response, answer = desk.ask(later)
    assert (response.responses[0].status, answer.next_update) == (CertStatus.UNKNOWN, None)
    desk.issued.add(77)
    assert desk.ask(later)[0].responses[0].status is CertStatus.GOOD


def test_a_request_is_answered_in_its_own_spelling(desk):
    with_null, without = desk.identifier(), replace(desk.identifier(), has_parameters=False)
    assert desk.ask(with_null)[0].responses[0].cert_id.has_parameters
    assert not desk.ask(without)[0].responses[0].cert_id.has_parameters


def test_an_answer_ends_with_the_list_it_rests_on(desk):
    desk.publish(next_update=NOW + timedelta(hours=1))
    assert desk.ask()[0].responses[0].next_update == NOW + timedelta(hours=1)
    desk.now += timedelta(hours=1)
    assert desk.ask()[0].response_status == ResponseStatus.TRY_LATER


@pytest.mark.parametrize(("since", "until"), [(-30 * DAY, -DAY), (DAY, 30 * DAY)])
def test_a_key_outside_its_validity_says_nothing(since, until, desk):
    desk.key = Counting(desk.pki.leaf(OCSP_RESPONDER, since=since, until=until))
    desk.publish()
    assert desk.ask()[0].response_status == ResponseStatus.TRY_LATER
    assert desk.key.count == 0


def test_kept_answers_do_not_grow_without_end(desk, monkeypatch):
    monkeypatch.setattr("certs.ocsp_responder._MOST_CACHED", 3)
    desk.issued.update(range(1, 11))
    for number in range(10):
        desk.ask(replace(desk.identifier(), serial_number=number + 1))
    assert len(desk.responder._signed) == 3
