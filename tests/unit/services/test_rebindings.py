"""A later certificate is bound by a signed statement; the chain explains itself and shows what was changed."""

import json
from datetime import timedelta

import pytest

from gateway.domain.answers import Genuine
from gateway.domain.rebindings import TOKEN_TYPE, RebindingReason, RebindingStatement
from gateway.errors import BindingRefusedError, ForbiddenError, NotFoundError, TransitionRefusedError
from gateway.persistence.models import AuditEvent, Rebinding
from gateway.services.enterprise_registrations import Registration
from gateway.services.installation import LICENCE_ROOT_KEY
from gateway.services.status_changes import StatusDecision
from signing.cose import parse_sign1, sign1
from signing.sm2 import sm3
from tests.unit.services.actors import client
from tests.unit.services.test_binding import revoke
from tests.unit.services.test_holder_certificates import new_certificate


@pytest.fixture
def licence(fresh, applications):
    return fresh.licences.issue(applications[0])


@pytest.fixture
def code(applications):
    return applications[0]["CYRSFZJHM"]


def renew(container, code, **options):
    certificate = new_certificate(container, code, **options)
    check, run = container.rebindings.register(certificate)
    assert check.is_accepted
    return check.certificate_sm3, run


def test_a_renewed_certificate_is_bound_by_a_statement_that_the_log_holds(fresh, licence, code):
    identifier = licence.licence_identifier
    certificate_sm3, run = renew(fresh, code)
    assert (run.bound, run.refused) == ((identifier,), ())
    first, second = fresh.rebindings.chain(identifier)
    assert (first.number, first.reason, second.genuine) == (0, None, Genuine.YES)
    assert (second.certificate_sm3, second.reason) == (certificate_sm3, RebindingReason.RENEWAL)
    token = fresh.rebindings.statement(identifier, 1)
    stated = RebindingStatement.decode(parse_sign1(token).payload)
    assert stated.licence_sm3.hex() == licence.electronic_sm3
    assert stated.certificate_before.hex() == first.certificate_sm3
    with fresh.deps.sessions() as session:
        event = session.query(AuditEvent).filter_by(action="licence_rebound").one()
    assert (event.subject, event.detail["statement_sm3"]) == (identifier, sm3(token).hex())
    fresh.log.sequence()
    told = [event.to_json("us") for event in fresh.events.page(-1, 10).events]
    assert [event["type"] for event in told] == ["licence_issued", "licence_rebound"]
    assert told[1]["data"]["detail"]["reason"] == "renewal"
    entries = [json.loads(proof.entry) for proof in fresh.log_proofs.of_licence(identifier).proofs]
    assert [entry["action"] for entry in entries] == ["licence_issued", "licence_rebound"]
    assert entries[1]["detail"]["holder_certificate_sm3"] == certificate_sm3


def test_what_is_bound_already_stays_and_a_new_name_is_the_reason_given(fresh, licence, code):
    renew(fresh, code)
    assert fresh.rebindings.rebind(licence.licence_identifier) is False
    assert fresh.rebindings.rebind_enterprise(code).bound == ()
    fresh.enterprise_registrations.record(code, Registration(fresh.clock(), "gsxt", name="阳江市新名称有限公司"))
    later = type(fresh)(fresh.settings, clock=lambda: fresh.clock() + timedelta(seconds=5))
    renew(later, code, days=60)
    *_, last = later.rebindings.chain(licence.licence_identifier)
    assert (last.number, last.reason, last.genuine) == (2, RebindingReason.NAME_CHANGE, Genuine.YES)
    zh, en = last.sentence()
    assert "企业名称变更后改绑" in zh and "changed its name" in en
    stated = RebindingStatement.decode(parse_sign1(later.rebindings.statement(licence.licence_identifier, 2)).payload)
    assert stated.holder_name == "阳江市新名称有限公司"
    assert stated.previous_sm3 == sm3(later.rebindings.statement(licence.licence_identifier, 1))
    later.deps.engine.dispose()


def test_an_earlier_certificate_serves_when_the_newest_is_revoked(fresh, licence, code):
    """The watch finds it, a statement binds the licence back, and issuing goes on with the earlier one."""
    identifier = licence.licence_identifier
    first = fresh.rebindings.chain(identifier)[0].certificate_sm3
    newest = new_certificate(fresh, code)
    fresh.rebindings.register(newest)
    fresh.certificate_watch.all()
    revoke(fresh, code, newest)
    later = type(fresh)(fresh.settings, clock=lambda: fresh.clock() + timedelta(seconds=5))
    assert later.certificate_watch.all().changed == 1
    *_, last = later.rebindings.chain(identifier)
    assert (last.certificate_sm3, last.reason, last.genuine) == (
        first,
        RebindingReason.EARLIER_CERTIFICATE,
        Genuine.YES,
    )
    assert later.rebindings.rebind_enterprise(code).bound == ()
    assert later.enterprises.binding(code, None).certificate_sm3 == first
    later.deps.engine.dispose()


def test_what_could_not_be_checked_is_not_passed_over(fresh, licence, code):
    fresh.rebindings.register(new_certificate(fresh, code))
    (fresh.deps.trust_dir / "crls" / f"{LICENCE_ROOT_KEY}.crl").unlink()
    with pytest.raises(BindingRefusedError):
        fresh.enterprises.binding(code, None)


def test_the_report_on_the_file_explains_the_chain(fresh, licence, code):
    renew(fresh, code)
    report = fresh.verifications.verify(licence.electronic_file.read_bytes(), "a.pdf")
    assert [step.genuine for step in report.registry.bindings] == [None, Genuine.YES]
    assert "证书更新后改绑" in report.to_json()["registry"]["bindings"][1]["message"]["zh"]
    assert fresh.verifications.kept_report(report.report_number) == report


@pytest.mark.parametrize("how", ["another certificate", "another signer", "another kind", "rubbish"])
def test_a_statement_that_was_changed_is_shown_to_be(fresh, licence, code, how):
    renew(fresh, code)
    identifier = licence.licence_identifier
    token = fresh.rebindings.statement(identifier, 1)
    message = parse_sign1(token)
    keys = fresh.deps.keystore
    strange = keys.load("seal-11441700G00002221C")
    made = {
        "another certificate": token,
        "another signer": sign1(message.payload, strange, key_id=message.key_id, media_type=TOKEN_TYPE),
        "another kind": sign1(message.payload, strange, key_id=message.key_id, media_type="application/x"),
        "rubbish": b"rubbish",
    }
    with fresh.deps.sessions.begin() as session:
        row = session.query(Rebinding).one()
        row.statement = made[how]
        if how == "another certificate":
            row.certificate_sm3 = fresh.rebindings.chain(identifier)[0].certificate_sm3
    assert fresh.rebindings.chain(identifier)[1].genuine is Genuine.NO


def test_another_authority_cannot_bind_the_licence(fresh, licence, code):
    renew(fresh, code)
    identifier = licence.licence_identifier
    message = parse_sign1(fresh.rebindings.statement(identifier, 1))
    other = next(a for a in fresh.catalogue.load().authorities if a.code not in identifier)
    seal = fresh.seals.in_use(other)
    with fresh.deps.sessions.begin() as session:
        row = session.query(Rebinding).one()
        row.statement = sign1(message.payload, seal.key, key_id=bytes.fromhex(seal.key_id), media_type=TOKEN_TYPE)
    assert fresh.rebindings.chain(identifier)[1].genuine is Genuine.NO


def test_an_ended_licence_and_a_foreign_department_bind_nothing(fresh, licence, code):
    identifier = licence.licence_identifier
    with pytest.raises(ForbiddenError):
        fresh.rebindings.rebind(identifier, actor=client({"licences:read"}))
    with pytest.raises(NotFoundError):
        fresh.rebindings.chain("1.2.3")
    fresh.status_changes.record(identifier, StatusDecision("cancelled", legal_ground="法", reason="注销"))
    assert renew(fresh, code)[1].bound == ()
    with pytest.raises(TransitionRefusedError):
        fresh.rebindings.rebind(identifier)


def test_a_certificate_that_does_not_serve_binds_nothing_and_is_told(fresh, licence, code):
    fresh.holder_certificates.register(new_certificate(fresh, code, days=10))
    later = type(fresh)(fresh.settings, clock=lambda: fresh.clock() + timedelta(days=4000))
    ((identifier, error),) = later.rebindings.rebind_enterprise(code).refused
    assert identifier == licence.licence_identifier and isinstance(error, BindingRefusedError)
    later.deps.engine.dispose()
