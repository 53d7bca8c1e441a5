"""Who signs for an enterprise: by the register, by an authorisation, or by the word of the app; each lie has its reason."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.domain.authorisations import RoleBasis, SigningAuthorisation
from gateway.domain.instants import instant
from gateway.domain.signing_answers import AnswerForm, CertificateOffer, DocumentAnswer, SigningAnswer
from gateway.domain.signing_orders import DocumentOrder, SigningOrder
from gateway.domain.signing_requests import DocumentForm, SignerRole, SigningState
from gateway.elicence.cards import CardKind
from gateway.elicence.phone import Fault
from gateway.elicence.signers import sign_authorisation
from gateway.errors import ConflictError, RevocationUnknownError, SignatureRefusedError, ValidationFailedError
from gateway.services.enterprise_registrations import Registration
from signing.cose import key_id_of, parse_sign1, sign1
from signing.sm2 import sm3
from signing.x509_fields import public_key_info
from tests.elicence import HOLDER, phone_at, trust_phones
from tests.unit.services.test_signing_refusals import at
from tests.unit.services.test_signing_requests import actions

REPRESENTATIVE, ADMINISTRATOR, HANDLER = SignerRole
PURPOSE = "食品经营许可申请"


@pytest.fixture(scope="module")
def simulator(tmp_path_factory):
    return phone_at(tmp_path_factory.mktemp("elicence"), "http://127.0.0.1:1")


@pytest.fixture
def gateway(fresh, simulator):
    simulator.cards.card(HOLDER, CardKind.REVOKED)
    trust_phones(fresh, simulator)
    return fresh


@pytest.fixture
def department(fresh):
    return next(iter(fresh.catalogue.load().authorities_by_code))


@pytest.fixture
def make(gateway, department):
    def ask(role=HANDLER, **order):
        document = DocumentOrder("图纸", DocumentForm.BYTES, b"a drawing")
        asked = SigningOrder(HOLDER, PURPOSE, role, (document,), department_code=department, **order)
        return gateway.signing_requests.create(asked)

    return ask


@pytest.fixture
def card(simulator):
    return simulator.cards.card(HOLDER)


@pytest.fixture
def brought(simulator):
    """What the people of the simulator bring."""
    return lambda role=HANDLER, fault=None: simulator.national.signers.signer(HOLDER, role, PURPOSE, fault)


@pytest.fixture
def stated(brought):
    """What an administrator says who names a handling person."""
    return SigningAuthorisation.decode(parse_sign1(brought().authorisation).payload)


def offer(card, signer):
    return CertificateOffer(card.certificate, SignerRole(signer.role), signer.name, signer.authorisation)


def answer(card, view):
    values = (DocumentAnswer(d.document_id, AnswerForm.RAW, card.key.sign(d.to_be_signed)) for d in view.documents)
    return SigningAnswer(card.certificate, tuple(values))


def sign(container, card, request, signer):
    view = container.signing_sessions.offer(request.token, offer(card, signer))
    signed = container.signing_sessions.answer(request.token, answer(card, view))
    assert signed.standing.state is SigningState.SIGNED
    return container.signing_requests.show(request.request_id)


def refused(call, *arguments):
    with pytest.raises(SignatureRefusedError) as caught:
        call(*arguments)
    [error] = caught.value.errors
    return error.code, error.field


def name_representative(container, name):
    said = Registration(container.clock(), "gsxt", legal_representative=name)
    return container.enterprise_registrations.record(HOLDER, said)


def test_the_legal_representative_is_the_one_of_the_register(gateway, make, card, brought):
    before = sign(gateway, card, make(REPRESENTATIVE), brought(REPRESENTATIVE))
    assert before.evidence["role_basis"] == before.role_basis == "claimed"
    assert name_representative(gateway, " 林某某 ") is True
    assert name_representative(gateway, "林某某") is False
    assert actions(gateway, HOLDER).count("enterprise_representative_changed") == 1
    with pytest.raises(ValidationFailedError):
        name_representative(gateway, " ")
    request = make(REPRESENTATIVE)
    stranger = offer(card, brought(REPRESENTATIVE, Fault.WRONG_PERSON))
    assert refused(gateway.signing_sessions.offer, request.token, stranger) == ("WRONG_SIGNER", "signer_name")
    told = sign(gateway, card, request, brought(REPRESENTATIVE))
    assert (told.evidence["role_basis"], told.evidence["authorisation"], told.refusals) == ("registry", None, 1)
    assert told.to_json()["signer"]["role_basis"] == "registry"


def test_a_new_representative_is_noticed_between_offer_and_signature(gateway, make, card, brought):
    request = make(REPRESENTATIVE)
    view = gateway.signing_sessions.offer(request.token, offer(card, brought(REPRESENTATIVE)))
    name_representative(gateway, "何某某")
    late = answer(card, view)
    assert refused(gateway.signing_sessions.answer, request.token, late) == ("WRONG_SIGNER", "signer_name")


@pytest.mark.parametrize(("role", "links"), [(ADMINISTRATOR, 1), (HANDLER, 2)])
def test_an_authorisation_proves_the_role_and_is_kept(gateway, make, card, brought, role, links):
    name_representative(gateway, "林某某")
    request, signer = make(role, requires_authorisation=True), brought(role)
    told = sign(gateway, card, request, signer)
    found = told.evidence["authorisation"]
    assert (told.role_basis, found["representative_basis"], len(found["chain"])) == ("authorisation", "registry", links)
    assert found["chain"][0]["sm3"] == sm3(signer.authorisation).hex()
    assert all(link["certificate"]["is_accepted"] for link in found["chain"])
    # The evidence names nobody in clear; the statement, which does, is sealed in the database and told to the department.
    assert signer.name not in str(told.evidence)
    kept = told.to_json()["signer"]["authorisation"]
    assert (kept["person"], kept["role"], kept["sm3"]) == (signer.name, role, sm3(signer.authorisation).hex())
    assert kept["valid_until"] == found["valid_until"]


def test_without_one_it_is_the_word_of_the_app_where_that_is_enough(gateway, make, card, brought):
    bare = brought(HANDLER, Fault.NO_AUTHORISATION)
    told = sign(gateway, card, make(), bare)
    assert (told.role_basis, told.to_json()["signer"]["authorisation"]) == (RoleBasis.CLAIMED, None)
    request = make(requires_authorisation=True)
    found = refused(gateway.signing_sessions.offer, request.token, offer(card, bare))
    assert found == ("AUTHORISATION_MISSING", "authorisation")
    # What was refused did no harm, and a signature needs the better offer.
    with pytest.raises(ConflictError):
        gateway.signing_sessions.answer(request.token, SigningAnswer(card.certificate, ()))
    assert sign(gateway, card, request, brought()).role_basis == "authorisation"
    with pytest.raises(ValidationFailedError) as wrong:
        make(REPRESENTATIVE, requires_authorisation=True)
    assert [each.code for each in wrong.value.errors] == ["NOT_SUPPORTED"]


@pytest.mark.parametrize("required", [False, True])
def test_each_fault_of_the_simulated_phone_has_its_reason(gateway, make, card, brought, required):
    """One that is handed over is checked, whether it is asked for or not."""
    reasons = {
        Fault.AUTHORISATION_EXPIRED: ("AUTHORISATION_EXPIRED", "authorisation"),
        Fault.AUTHORISATION_OTHER_PURPOSE: ("AUTHORISATION_OTHER_PURPOSE", "authorisation"),
        Fault.AUTHORISATION_OTHER_ENTERPRISE: ("WRONG_ENTERPRISE", "authorisation"),
        Fault.WRONG_PERSON: ("WRONG_SIGNER", "signer_name"),
    }
    request, found = make(requires_authorisation=required), {}
    for fault in reasons:
        found[fault] = refused(gateway.signing_sessions.offer, request.token, offer(card, brought(HANDLER, fault)))
    assert found == reasons


def test_statements_that_do_not_hold(gateway, simulator, make, card, brought, stated, department):
    request, key = make(), card.key
    now = gateway.clock().replace(microsecond=0)
    other, revoked, over = (
        simulator.cards.card(simulator.cards.other(HOLDER)),
        simulator.cards.card(HOLDER, CardKind.REVOKED),
        simulator.cards.card(HOLDER, CardKind.EXPIRED),
    )
    administrator = brought(ADMINISTRATOR).authorisation
    named = SigningAuthorisation.decode(parse_sign1(administrator).payload)
    narrow = sign_authorisation(replace(named, purposes=("另一用途",)), key)
    forged = bytearray(brought().authorisation)
    forged[-1] ^= 1

    def by(holder, **changes):
        return sign_authorisation(replace(stated, certificate=holder.certificate, **changes), holder.key)

    def token(payload, media_type="application/signing-authorisation+json"):
        spki = public_key_info(card.certificate)
        return sign1(payload, key, key_id=key_id_of(spki), media_type=media_type)

    of_representative = {"giver": named.giver, "giver_role": REPRESENTATIVE, "under": None}
    wrong = {
        "no COSE": (b"x", "AUTHORISATION_INVALID"),
        "too long": (b"x" * 20_000, "AUTHORISATION_INVALID"),
        "altered": (bytes(forged), "AUTHORISATION_INVALID"),
        "signed by another key": (sign_authorisation(stated, other.key), "AUTHORISATION_INVALID"),
        "another kind of token": (token(stated.encode(), "application/json"), "AUTHORISATION_INVALID"),
        "not canonical": (token(stated.encode().replace(b":", b": ", 1)), "AUTHORISATION_INVALID"),
        "a field more": (token(stated.encode().replace(b"{", b'{"a":1,', 1)), "AUTHORISATION_INVALID"),
        "no object": (token(b"[]"), "AUTHORISATION_INVALID"),
        "an instant before all": (
            token(stated.encode().replace(instant(stated.valid_from).encode(), b"0001-01-01T00:00:00+14:00")),
            "AUTHORISATION_INVALID",
        ),
        "for another enterprise": (by(card, unified_social_credit_code="x"), "AUTHORISATION_INVALID"),
        "administrator without authorisation": (by(card, under=None), "AUTHORISATION_INVALID"),
        "given by somebody else": (by(card, giver="何某某"), "AUTHORISATION_INVALID"),
        "given by a handling person": (by(card, giver_role=HANDLER), "AUTHORISATION_INVALID"),
        "an administrator names one": (
            by(card, role=ADMINISTRATOR, person="黄某某"),
            "AUTHORISATION_INVALID",
        ),
        "a revoked certificate": (by(revoked), "CERTIFICATE_REVOKED"),
        "an expired certificate": (by(over), "CERTIFICATE_EXPIRED"),
        "another enterprise's above": (
            by(card, under=sign_authorisation(replace(named, certificate=other.certificate), other.key)),
            "WRONG_ENTERPRISE",
        ),
        "another role": (administrator, "WRONG_ROLE"),
        "of tomorrow": (by(card, valid_from=now + timedelta(days=1)), "AUTHORISATION_EXPIRED"),
        "longer than its giver's": (
            by(card, valid_until=named.valid_until + timedelta(days=1)),
            "AUTHORISATION_INVALID",
        ),
        "of tomorrow above": (
            by(card, under=sign_authorisation(replace(named, valid_from=now + timedelta(days=1)), key)),
            "AUTHORISATION_EXPIRED",
        ),
        "wider than its giver's": (by(card, under=narrow), "AUTHORISATION_OTHER_PURPOSE"),
        "another department": (by(card, departments=("x",)), "AUTHORISATION_OTHER_PURPOSE"),
    }
    found = {}
    for name, (statement, _) in wrong.items():
        # After twenty refusals a request fails: each lie has its own.
        asked = replace(offer(card, brought()), authorisation=statement)
        found[name], field = refused(gateway.signing_sessions.offer, make().token, asked)
        assert field == "authorisation", name
    assert found == {name: code for name, (_, code) in wrong.items()}

    good = by(card, departments=(department,), purposes=None, **of_representative)
    view = gateway.signing_sessions.offer(request.token, replace(offer(card, brought()), authorisation=good))
    assert view.role_basis == "authorisation"
    # The register knows by now that whom the statement calls legal representative is not.
    name_representative(gateway, "何某某")
    late = answer(card, view)
    assert refused(gateway.signing_sessions.answer, request.token, late)[0] == "AUTHORISATION_INVALID"


def test_one_that_ends_between_offer_and_signature(gateway, make, card, brought, stated):
    now = gateway.clock().replace(microsecond=0)
    short = sign_authorisation(replace(stated, valid_until=now + timedelta(minutes=5)), card.key)
    request = make()
    view = gateway.signing_sessions.offer(request.token, replace(offer(card, brought()), authorisation=short))
    late = at(gateway, timedelta(minutes=6))
    assert refused(late.signing_sessions.answer, request.token, answer(card, view))[0] == "AUTHORISATION_EXPIRED"


def test_the_last_offer_counts_and_unknown_revocation_is_no_refusal(gateway, simulator, make, card, brought):
    request, signer = make(), brought()
    for each in (brought(HANDLER, Fault.NO_AUTHORISATION), signer, signer):
        view = gateway.signing_sessions.offer(request.token, offer(card, each))
    assert view.role_basis == "authorisation"
    # Offered again, it changed nothing.
    assert actions(gateway, request.request_id).count("signing_certificate_offered") == 2
    [crl] = (gateway.deps.trust_dir / "crls").glob("elicence*")
    crl.unlink()
    with pytest.raises(RevocationUnknownError):
        at(gateway, timedelta(seconds=2)).signing_sessions.answer(request.token, answer(card, view))
    assert gateway.signing_requests.show(request.request_id).refusals == 0
