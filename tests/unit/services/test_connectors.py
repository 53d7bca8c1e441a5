"""Connectors against simulators that take nothing that is not as documented: what they hold is what the register says."""

import threading
from contextlib import contextmanager
from datetime import timedelta

import pytest

from gateway.delivery_simulator import RefusedError, Simulated, check_creation, check_record, serve_receiver
from gateway.domain.deliveries import ConnectorKind
from gateway.domain.publicity_record import LONG_TERM_DAY, publicity_record
from gateway.domain.status import LicenceStatus
from gateway.errors import ValidationFailedError
from gateway.services.status_changes import StatusDecision
from gateway.services.subscriptions import SubscriptionSpec
from tests.unit.services.test_deliveries import allowing, change, identifiers, run_dry

SECRETS = {
    ConnectorKind.PUBLICITY: {"caller": "yangjiang", "token": "t" * 32},
    ConnectorKind.DATA_SHARING: {"caller": "yangjiang", "token": "s" * 32},
    ConnectorKind.LICENCE_LIBRARY: {"app_key": "k", "app_secret": "s", "account": "a", "password": "p"},
}


@contextmanager
def simulated(kind, clock):
    receiver = Simulated(kind, SECRETS[kind], clock)
    with serve_receiver(receiver, "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield receiver, server.server_port
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def connected(issued, kind, path="", **options):
    """A gateway that delivers everything to a simulator."""
    issued.log.sequence()
    with simulated(kind, issued.deps.clock) as (receiver, port):
        gateway = allowing(issued, port, delivery_attempts=2)
        spec = SubscriptionSpec(
            "接收方", kind, f"http://127.0.0.1:{port}{path}", from_start=True, secret=SECRETS[kind], **options
        )
        made = gateway.subscriptions.create(spec)
        try:
            yield gateway, receiver, made.id
        finally:
            gateway.deps.engine.dispose()


def library_options(container):
    types = sorted(container.catalogue.load().types_by_code)
    return {code: f"{number:09d}" for number, code in enumerate(types, 100)}


def test_publicity_systems_hold_every_licence_as_it_stands(issued):
    with connected(issued, ConnectorKind.PUBLICITY) as (gateway, receiver, _):
        run_dry(gateway)
        assert receiver.refused == []
        assert len(receiver.records) == len(identifiers(gateway))
        first, *_ = identifiers(gateway)
        gateway.status_changes.record(first, StatusDecision(LicenceStatus.REVOKED, "《某法》第一条", "违法"))
        gateway.log.sequence()
        run_dry(gateway)
        number = gateway.licence_records.get(first).facts["licence_number"]
        [record] = [each for each in receiver.records.values() if each["XK_XKBH"] == number]
        assert record["XK_ZT"] == "2" and "违法" not in str(record)
        assert len(receiver.records) == len(identifiers(gateway)), "a record takes the place of the one before"


def test_the_public_record_has_the_fields_of_the_licence(issued, applications):
    with issued.deps.sessions() as session:
        from gateway.persistence.models import Licence

        ids = [row.id for row in session.query(Licence)]
    sent = {application["ZZHM"]: application for application in applications}
    for licence_id in ids:
        licence = issued.connectors.standing(licence_id)
        record = publicity_record(licence.application, licence.facts.status, {"category": "03"})
        check_record(record)
        applied = sent[record["XK_XKBH"]]
        until = applied["YXQJSRQ"]
        assert {
            name: record[name] for name in ("XK_XDR_MC", "XK_XDR_SHXYM", "XK_XKZS", "XK_XKJG", "XK_JDRQ", "XK_YXQZ")
        } == {
            "XK_XDR_MC": applied["CYRMC"],
            "XK_XDR_SHXYM": applied["CYRSFZJHM"],
            "XK_XKZS": applied["ZZMC"],
            "XK_XKJG": applied["FZJGMC"],
            "XK_JDRQ": applied["FZRQ"],
            "XK_YXQZ": applied["YXQKSRQ"],
        }
        assert record["XK_YXQZI"] == (LONG_TERM_DAY.isoformat() if until == "长期" else until)
        assert (record["XK_XKLB"], record["XK_ZT"]) == ("03", "1" if licence.facts.status == "valid" else "2")
        hidden = [
            v for label, v in licence.application.items if label in licence.application.licence_type.sensitive_labels
        ]
        assert not any(value in str(record) for value in hidden if value), "what is personal is not published"


def test_the_simulators_are_strict(issued):
    licence = issued.connectors.standing(1)
    record = publicity_record(licence.application, licence.facts.status, {})
    for change_of in (
        {"XK_ZT": "3"},
        {"XK_XDR_SHXYM": record["XK_XDR_SHXYM"][:-1] + "?"},
        {"XK_YXQZI": "长期"},
        {"XK_JDRQ": "2999-01-01"},
        {"XK_XKLB": "1"},
        {"XK_XDR_LB": "企业"},
        {"XK_XKBH": ""},
        {"MORE": "1"},
    ):
        with pytest.raises((RefusedError, ValueError)):
            check_record(record | change_of)
    with pytest.raises(RefusedError):
        check_creation({"name": "x"})


def test_the_data_sharing_platform_gets_every_event_signed(issued):
    with connected(issued, ConnectorKind.DATA_SHARING, "/events?system=licences") as (gateway, receiver, _):
        change(gateway, identifiers(gateway)[0])
        run_dry(gateway)
        assert receiver.refused == [] and len(receiver.events) == len(identifiers(gateway)) + 2
        receiver.credentials = receiver.credentials | {"token": "another"}
        change(gateway, identifiers(gateway)[0])
        run_dry(gateway)
        assert set(receiver.refused) == {"events?system=licences: signature"}


def test_the_library_creates_issues_and_abolishes(issued):
    options = library_options(issued)
    with connected(issued, ConnectorKind.LICENCE_LIBRARY, "/license-app/v1", options=options) as (gateway, receiver, _):
        run_dry(gateway)
        assert receiver.refused == []
        held = receiver.licences.values()
        assert sorted(each["data_fields"]["ZZBS"] for each in held) == sorted(identifiers(gateway))
        assert {each["license_status"] for each in held} == {"ISSUED"}
        first, *_ = identifiers(gateway)
        gateway.status_changes.record(
            first, StatusDecision(LicenceStatus.CANCELLED, "《行政许可法》第七十条", "申请注销")
        )
        gateway.log.sequence()
        run_dry(gateway)
        [gone] = [each for each in receiver.licences.values() if each["license_status"] == "ABOLISHED"]
        assert (gone["data_fields"]["ZZBS"], gone["abolish_reason"]) == (first, "cancelled")
        assert receiver.refused == []


@pytest.mark.parametrize("lost", ["create", "issue"])
def test_a_lost_answer_of_the_library_makes_no_second_licence(issued, monkeypatch, lost):
    options = library_options(issued)
    with connected(issued, ConnectorKind.LICENCE_LIBRARY, "/license-app/v1", options=options) as (
        gateway,
        receiver,
        made,
    ):
        take, missed = receiver.take, []

        def forgetful(path, headers, body):
            answer = take(path, headers, body)
            if path.endswith(f"/{lost}") and len(missed) < 3:
                missed.append(path)
                return 500, {}
            return answer

        monkeypatch.setattr(receiver, "take", forgetful)
        run_dry(gateway, minutes=10)
        assert len(missed) == 3 and receiver.refused == []
        numbers = [each["id_code"] for each in receiver.licences.values()]
        assert sorted(numbers) == sorted(set(numbers))
        assert {each["license_status"] for each in receiver.licences.values()} == {"ISSUED"}
        [view] = [each for each in gateway.delivery_letters.receivers() if each.id == made]
        assert (view.pending, view.dead) == (0, 0)


def test_a_type_that_the_library_is_not_told_of_is_a_dead_letter_that_says_so(issued):
    with connected(issued, ConnectorKind.LICENCE_LIBRARY, "/license-app/v1") as (gateway, receiver, _):
        run_dry(gateway, hours=1)
        assert receiver.licences == {}
        assert all("is missing" in each.last_error for each in gateway.delivery_letters.listed())


def test_credentials_are_exactly_those_that_the_kind_needs(issued):
    gateway = allowing(issued, 9)
    for kind, secret in (
        (ConnectorKind.PUBLICITY, {}),
        (ConnectorKind.LICENCE_LIBRARY, SECRETS[ConnectorKind.PUBLICITY]),
    ):
        with pytest.raises(ValidationFailedError, match="secret"):
            gateway.subscriptions.create(SubscriptionSpec("x", kind, "http://127.0.0.1:9/", secret=secret))
    gateway.deps.engine.dispose()


def test_new_credentials_are_used_at_once(issued):
    with connected(issued, ConnectorKind.DATA_SHARING) as (gateway, receiver, made):
        new = {"caller": "yangjiang", "token": "n" * 32}
        gateway.subscriptions.rotate(made, new, old_ends_in=timedelta(days=1))
        receiver.credentials = new
        run_dry(gateway)
        assert receiver.refused == [] and receiver.events
