"""Chains and revocation data from what is at hand, lists and on-line answers."""

import pytest
from asn1crypto import ocsp

from signing.errors import EvidenceMissingError, MalformedDataError
from signing.evidence_gathering import EvidenceAtHand
from tests.unit.signing.pki import pki
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
    asked = []
    answer = ocsp.OCSPResponse({"response_status": "try_later"}).dump()

    def answers(certificate, issuer):
        asked.append((certificate, issuer))
        return western_pki().answer if certificate == western_pki().seal.certificate else None

    found = EvidenceAtHand((western_pki().root,), (), answers).gather([western_pki().seal.certificate], [])
    assert asked == [(western_pki().seal.certificate, western_pki().root)]
    assert found.ocsp_responses == (western_pki().answer,)
    assert found.crls == ()
    with pytest.raises(MalformedDataError):
        EvidenceAtHand((western_pki().root,), (), lambda *_: answer).gather([western_pki().seal.certificate], [])


def test_a_list_that_another_key_signed_is_none():
    forged = western_pki(western_pki().seal.algorithm).forged_crl
    with pytest.raises(EvidenceMissingError, match="no revocation data"):
        EvidenceAtHand((western_pki().root,), (forged,)).gather([western_pki().seal.certificate], [])
    with pytest.raises(MalformedDataError):
        EvidenceAtHand((western_pki().root,), (b"\x30\x00",)).gather([western_pki().seal.certificate], [])
