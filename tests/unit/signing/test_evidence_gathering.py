"""Chains and revocation data from what is at hand, lists and on-line answers."""

import pytest

from certs.profiles import OCSP_RESPONDER
from signing.augmentation import add_evidence
from signing.errors import EvidenceMissingError, MalformedDataError
from signing.evidence_gathering import EvidenceAtHand
from signing.ocsp import CertStatus, ResponseStatus, SingleResponse, build_error, build_response, cert_id
from signing.pades import sign_prepared
from signing.validation.policy import TrustAnchor, ValidationPolicy
from signing.validation.process import validate_pdf
from signing.validation.report import Indication
from tests.pki import DAY, make_pki
from tests.pki import NOW as TODAY
from tests.unit.signing.pki import pki, prepared_pdf
from tests.unit.signing.western_pki import western_pki


def test_the_chain_ends_at_the_root_and_each_link_has_its_list():
    chain, lists = (pki().root.certificate, pki().issuing.certificate), pki().crls()
    found = EvidenceAtHand(chain, lists).gather([pki().seal.certificate], [])
    assert found.certificates == (pki().seal.certificate, pki().issuing.certificate, pki().root.certificate)
    assert set(found.crls) == set(lists)
    assert found.ocsp_responses == ()


def test_certificates_that_came_along_serve_as_issuers():
    found = EvidenceAtHand((pki().root.certificate,), pki().crls()).gather(
        [pki().seal.certificate], [pki().issuing.certificate]
    )
    assert len(found.certificates) == 3


def test_the_newest_list_wins_and_lists_of_others_are_left_out():
    old, new = western_pki().crl_at(-2), western_pki().crl_at(0)
    others = pki().crls()
    found = EvidenceAtHand((western_pki().root,), (new, *others, old)).gather([western_pki().seal.certificate], [])
    assert found.crls == (new,)


def test_an_on_line_answer_goes_before_a_list():
    asked, house = [], western_pki()

    def answers(certificate, issuer):
        asked.append((certificate, issuer))
        return house.answer

    found = EvidenceAtHand((house.root,), (house.crl,), answers).gather([house.seal.certificate], [])
    assert asked == [(house.seal.certificate, house.root)]
    assert found.ocsp_responses == (house.answer,)
    assert found.crls == ()


def test_without_a_usable_answer_the_list_serves():
    house = western_pki()
    about_another = house.answer
    for leaf, answer in (
        (house.seal.certificate, build_error(ResponseStatus.TRY_LATER)),
        (house.seal.certificate, None),
        (house.unit._key.certificate, about_another),
    ):
        found = EvidenceAtHand((house.root,), (house.crl,), lambda *_, answer=answer: answer).gather([leaf], [])
        assert (found.crls, found.ocsp_responses) == ((house.crl,), ())
    with pytest.raises(MalformedDataError):
        EvidenceAtHand((house.root,), (house.crl,), lambda *_: b"\x30\x00").gather([house.seal.certificate], [])


def test_a_delegated_responder_comes_with_its_answer():
    """SM2 answers by a responder that nobody asks about (id-pkix-ocsp-nocheck); the CA itself has a list."""
    office = make_pki()
    responder, leaf = office.leaf(OCSP_RESPONDER), office.leaf()

    def answers(certificate, issuer):
        if issuer != office.issuing.certificate:
            return None
        identifier = cert_id(certificate, issuer)
        single = SingleResponse(identifier, CertStatus.GOOD, None, None, TODAY, TODAY + DAY)
        return build_response([single], key=responder, produced_at=TODAY)

    unit = office.unit()
    source = EvidenceAtHand((office.root.certificate, office.issuing.certificate), office.crls()[:1], answers)
    found = source.gather([leaf.certificate], [])
    assert responder.certificate in found.certificates
    assert (len(found.ocsp_responses), len(found.crls)) == (1, 1)
    document = add_evidence(sign_prepared(prepared_pdf(), leaf, timestamps=unit), source)
    [report] = validate_pdf(document, ValidationPolicy((TrustAnchor(office.root.certificate),)), at=TODAY).signatures
    assert (report.level, report.indication) == ("PAdES-B-LT", Indication.TOTAL_PASSED), report.checks


def test_a_list_that_another_key_signed_is_none():
    forged = western_pki(western_pki().seal.algorithm).forged_crl
    with pytest.raises(EvidenceMissingError, match="no revocation data"):
        EvidenceAtHand((western_pki().root,), (forged,)).gather([western_pki().seal.certificate], [])
    with pytest.raises(MalformedDataError):
        EvidenceAtHand((western_pki().root,), (b"\x30\x00",)).gather([western_pki().seal.certificate], [])
