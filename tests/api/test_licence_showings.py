"""A licence that is shown as its object is asked of the national service, and kept with the evidence."""

import base64
from base64 import b64decode

import pytest

from gateway.app import create_app
from gateway.domain.actors import Scope
from gateway.domain.licence_showings import ShowingOutcome, judge_facts
from gateway.elicence.cards import CardKind
from gateway.elicence.national import NationalFault
from gateway.errors import ConflictError, EnterpriseSignerUnavailableError, NotFoundError
from gateway.persistence.models import AuditEvent, LicenceShowing, SignerExchange
from gateway.services.enterprise_registrations import Registration
from signing import sm2
from signing.sm2 import sm3
from tests.api.conftest import conforms, problem_of
from tests.elicence import HOLDER

OTHER = "91441702MA88G4T870"


@pytest.fixture
def service_settings():
    return {"attempts": 1}


def test_what_the_service_tells_of_a_shown_licence_is_kept(gateway, simulator):
    showings, entity = gateway.licence_showings, simulator.cards.card(HOLDER).certificate
    held = showings.show(HOLDER, entity)
    assert (held.outcome, held.facts["unified_social_credit_code"]) == (ShowingOutcome.HELD, HOLDER)
    expired = showings.show(HOLDER, simulator.cards.card(HOLDER, CardKind.EXPIRED).certificate)
    assert (expired.outcome, expired.facts) == (ShowingOutcome.NOT_HELD, {})
    other = next(code for code in simulator.cards.enterprises if code != HOLDER)
    assert showings.show(HOLDER, simulator.cards.card(other).certificate).outcome is ShowingOutcome.OTHER_ENTERPRISE
    gateway.enterprise_registrations.record(HOLDER, Registration(gateway.clock(), "gsxt", name="阳江市新名称有限公司"))
    differs = showings.show(HOLDER, entity)
    [found] = differs.differences
    told = held.facts["name"]
    assert (differs.outcome, found.field, found.told, found.known) == ("differs", "name", told, "阳江市新名称有限公司")
    kept = showings.of_enterprise(HOLDER)
    assert (len(kept), differs in kept) == (4, True)
    assert [each.shown_at for each in kept] == sorted((each.shown_at for each in kept), reverse=True)
    with gateway.deps.sessions() as session:
        events = session.query(AuditEvent).filter_by(action="elicence_shown").all()
    assert {event.detail["outcome"] for event in events} == {"held", "not_held", "other_enterprise", "differs"}


def test_its_evidence_verifies_and_the_object_is_nowhere(gateway, simulator):
    entity = simulator.cards.card(HOLDER).certificate
    shown = gateway.licence_showings.show(HOLDER, entity)
    view, exchanges = gateway.licence_showings.exchanges(HOLDER, shown.showing_id)
    assert (view, view.entity_sm3) == (shown, sm3(entity).hex())
    assert [each.operation for each in exchanges] == ["BusinessLicenceCheck", "BusinessLicenceGetLicenceInfo"]
    text = base64.b64encode(entity)
    for each in exchanges:
        said = gateway.licence_showings.said(HOLDER, shown.showing_id, each.id)
        assert text not in said.question
        assert sm3(said.question.replace(b"__hidden__", text)).hex() == each.request_sm3
        sm2.verify(sm2.load_public(said.public_key), said.answer, b64decode(said.signature))
    with pytest.raises(NotFoundError):
        gateway.licence_showings.said(OTHER, shown.showing_id, exchanges[0].id)


def test_no_answer_decides_nothing(gateway, simulator, fresh):
    simulator.national.faults.append(NationalFault.FORGED)
    with pytest.raises(EnterpriseSignerUnavailableError):
        gateway.licence_showings.show(HOLDER, b"object")
    with pytest.raises(ConflictError, match="No national service"):
        fresh.licence_showings.show(HOLDER, b"object")
    with pytest.raises(NotFoundError):
        gateway.licence_showings.show("91441702MA0000000X", b"object")
    with gateway.deps.sessions() as session:
        assert session.query(LicenceShowing).count() == 0
        assert session.query(SignerExchange).one().outcome == "not_believed"


def test_days_are_compared_in_every_form_and_codes_by_their_check_digit():
    told = {"unified_social_credit_code": HOLDER, "established_on": "2019年5月6日", "address": "江城区"}
    assert judge_facts(told, HOLDER, {"established_on": "2019-05-06", "name": "甲"}) == (ShowingOutcome.HELD, ())
    outcome, [day] = judge_facts(told | {"established_on": "20190507"}, HOLDER, {"established_on": "2019-05-06"})
    assert (outcome, day.field) == (ShowingOutcome.DIFFERS, "established_on")
    for code in (HOLDER[:-1] + "M", "441702000012345", None):
        facts = {} if code is None else {"unified_social_credit_code": code}
        assert judge_facts(facts, HOLDER, {})[0] is ShowingOutcome.NO_CREDIT_CODE


def test_departments_ask(gateway, simulator, as_client):
    department = as_client(create_app(gateway), {Scope.LICENCES_ISSUE, Scope.LICENCES_READ})
    path, entity = f"/api/v1/enterprises/{HOLDER}/licence-showings", simulator.cards.card(HOLDER).certificate
    made = department.post(path, json={"licence_entity": base64.b64encode(entity).decode()})
    assert (made.status_code, conforms(made.get_json(), "LicenceShowing")["outcome"]) == (201, "held")
    assert department.get(path).get_json() == {"items": [made.get_json()]}
    one = department.get(f"{path}/{made.get_json()['showing_id']}").get_json()
    said = department.get(f"{path}/{one['showing_id']}/exchanges/{one['exchanges'][0]['id']}")
    conforms(said.get_json(), "SignerExchangeContent")
    problem_of(department.post(path, json={"licence_entity": "x!x!"}), 422, "VALIDATION_FAILED")
    simulator.national.faults.append(NationalFault.ERROR)
    body = {"licence_entity": base64.b64encode(b"another").decode()}
    problem_of(department.post(path, json=body), 503, "ENTERPRISE_SIGNER_UNAVAILABLE")
