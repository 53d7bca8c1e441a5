"""Enterprise codes and dynamic codes through the adapter port, with every fault that the simulator knows."""

import json
import os
import socket
import subprocess
import sys
import time

import pytest
import structlog

from certs.outbound import Circuit, CircuitState
from gateway.domain.answers import CodeClass, Outcome
from gateway.domain.code_systems import CodeReading, CodeSystemDownError, ReadOutcome
from gateway.errors import ConfigurationError
from gateway.samr_simulator import DYNAMIC_SECONDS, Fault
from gateway.services.code_systems import CodeSystems, open_code_systems
from gateway.services.dependencies import system_clock
from signing.sm2 import sm3
from tests.conftest import VECTORS
from tests.gallery import RICH
from tests.samr import asking, simulated


def codes_of(resolution):
    return {each.code for each in resolution.reasons}


@pytest.fixture
def samr(tmp_path):
    with simulated(tmp_path / "samr") as (simulator, file):
        yield simulator, file


def test_an_enterprise_code_leads_to_the_list(fresh, samr, applications):
    simulator, file = samr
    gateway = asking(fresh, file)
    record = next(each for each in applications if each["CYRSFZJHM"] == RICH)
    fresh.licences.issue(record)
    answer = gateway.codes.resolve(simulator.entity_code(RICH))
    assert (answer.code_class, answer.outcome) == (CodeClass.ENTITY_CODE, Outcome.RESOLVED)
    assert [each.licence_number for each in answer.licences] == [record["ZZHM"]]
    assert answer.enterprise.registration_source == "samr"
    assert answer.enterprise.registration_as_of is not None
    assert "CODE_READ_BY_SYSTEM" in codes_of(answer)
    # Lifelong: the same code the next time.
    assert gateway.codes.resolve(simulator.entity_code(RICH)).unified_social_credit_code == RICH


def test_a_dynamic_code_serves_once(fresh, samr):
    simulator, file = samr
    gateway, code = asking(fresh, file), simulator.dynamic_code(RICH)
    first = gateway.codes.resolve(code)
    assert (first.code_class, first.unified_social_credit_code) == (CodeClass.DYNAMIC_CODE, RICH)
    again = gateway.codes.resolve(code)
    assert (again.code_class, again.outcome) == (CodeClass.DYNAMIC_CODE, Outcome.NOTHING_REGISTERED)
    assert codes_of(again) == {"DYNAMIC_CODE_EXPIRED"}


def test_a_dynamic_code_serves_for_a_minute(fresh, tmp_path):
    late = [0.0]

    def clock():
        return system_clock().fromtimestamp(system_clock().timestamp() + late[0], system_clock().tzinfo)

    with simulated(tmp_path / "samr", clock=clock) as (simulator, file):
        code = simulator.dynamic_code(RICH)
        late[0] = DYNAMIC_SECONDS + 2
        assert codes_of(asking(fresh, file).codes.resolve(code)) == {"DYNAMIC_CODE_EXPIRED"}


def test_what_the_system_does_not_know_is_told_apart_from_no_answer(fresh, samr):
    answer = asking(fresh, samr[1]).codes.resolve("QYM-0123456789")
    assert (answer.code_class, answer.outcome) == (CodeClass.UNKNOWN, Outcome.NOTHING_REGISTERED)
    assert codes_of(answer) == {"CODE_SYSTEM_KNOWS_NOT"}


def test_content_of_another_form_is_not_sent(fresh, samr):
    simulator, file = samr
    simulator.faults.append(Fault.ERROR)
    answer = asking(fresh, file).codes.resolve("eyJhbGciOiJ0b2tlbiJ9.7f3c9a51b2")
    assert codes_of(answer) == {"CODE_NEEDS_ADAPTER"}
    assert simulator.faults == [Fault.ERROR]


def test_without_systems_the_answer_names_who_can_read_it(fresh, samr):
    answer = fresh.codes.resolve(samr[0].entity_code(RICH))
    assert (answer.code_class, answer.outcome) == (CodeClass.UNKNOWN, Outcome.REFUSED)
    assert codes_of(answer) == {"CODE_NEEDS_ADAPTER"}


@pytest.mark.parametrize("fault", Fault)
def test_no_fault_says_anything_about_the_code(fresh, samr, fault):
    simulator, file = samr
    simulator.faults.append(fault)
    gateway, code = asking(fresh, file), simulator.entity_code(RICH)
    started = time.monotonic()
    answer = gateway.codes.resolve(code)
    assert time.monotonic() - started < simulator.fault_seconds / 2
    assert (answer.code_class, answer.outcome) == (CodeClass.UNKNOWN, Outcome.COULD_NOT_ASK)
    assert codes_of(answer) == {"CODE_SYSTEM_DOWN"}
    assert (answer.unified_social_credit_code, answer.enterprise, answer.licences) == (None, None, ())
    assert gateway.codes.resolve(code).unified_social_credit_code == RICH


def test_nobody_listens(fresh, tmp_path):
    with simulated(tmp_path / "samr") as (simulator, file):
        code = simulator.entity_code(RICH)
    assert codes_of(asking(fresh, file).codes.resolve(code)) == {"CODE_SYSTEM_DOWN"}


def test_a_wrong_secret_is_no_answer(fresh, samr):
    simulator, file = samr
    (file.parent / "samr.secret").write_text("another")
    assert asking(fresh, file).codes.resolve(simulator.entity_code(RICH)).outcome is Outcome.COULD_NOT_ASK


def test_a_system_that_fails_is_left_alone_and_tried_again(fresh, tmp_path):
    with simulated(tmp_path / "samr", failures=2, rest_seconds=0.3) as (simulator, file):
        gateway, code = asking(fresh, file), simulator.entity_code(RICH)
        simulator.faults += [Fault.ERROR, Fault.ERROR, Fault.ERROR]
        for _ in range(4):
            assert gateway.codes.resolve(code).outcome is Outcome.COULD_NOT_ASK
        assert simulator.faults == [Fault.ERROR]
        assert gateway.health.code_systems() == {"samr": CircuitState.OPEN}
        time.sleep(0.35)
        assert gateway.health.code_systems() == {"samr": CircuitState.HALF_OPEN}
        assert gateway.codes.resolve(code).outcome is Outcome.COULD_NOT_ASK
        assert gateway.health.code_systems() == {"samr": CircuitState.OPEN}
        time.sleep(0.35)
        assert gateway.codes.resolve(code).unified_social_credit_code == RICH
        assert gateway.health.code_systems() == {"samr": CircuitState.CLOSED}


def test_after_a_rest_one_question_goes_first():
    now = [0.0]
    circuit = Circuit(1, 10.0, lambda: now[0])
    circuit.failed()
    now[0] = 10.0
    assert [circuit.admits(), circuit.admits()] == [True, False]
    circuit.succeeded()
    assert [circuit.admits(), circuit.admits()] == [True, True]


def test_the_log_names_a_code_by_its_digest_only(fresh, samr):
    simulator, file = samr
    gateway, code = asking(fresh, file), simulator.dynamic_code(RICH)
    simulator.faults.append(Fault.GARBAGE)
    # An application that another test made may have set a level that leaves these lines out.
    structlog.reset_defaults()
    with structlog.testing.capture_logs() as lines:
        gateway.codes.resolve(code)
        gateway.codes.resolve(code)
    asked = [line for line in lines if line["event"] == "code_system_asked"]
    assert [line["outcome"] for line in asked] == ["down", "expired"]
    assert {line["content_sm3"] for line in asked} == {sm3(code.encode()).hex()}
    assert code not in repr(lines)
    database = b"".join(path.read_bytes() for path in gateway.settings.data_dir.glob("gateway.db*"))
    assert code.encode() not in database


def test_a_name_that_changed_and_an_end_are_told(fresh, samr):
    simulator, file = samr
    renamed = {**simulator.enterprises[RICH], "name": "阳江市新名称有限公司", "registration_status": "cancelled"}
    simulator.enterprises = {**simulator.enterprises, RICH: renamed}
    answer = asking(fresh, file).codes.resolve(simulator.entity_code(RICH))
    assert answer.enterprise.name == "阳江市新名称有限公司"
    assert {"ENTERPRISE_NAME_DIFFERS", "ENTERPRISE_CANCELLED"} <= codes_of(answer)


class Scripted:
    """A system that always answers the same."""

    def __init__(self, name, answer, prefix=""):
        self.name, self.answer, self.prefix, self.asked = name, answer, prefix, 0

    def takes(self, content):
        return content.startswith(self.prefix)

    def read(self, content):
        self.asked += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def test_several_systems_are_asked_in_order_until_one_knows():

    knows = CodeReading(ReadOutcome.EXPIRED, CodeClass.DYNAMIC_CODE, None)
    knows_not = CodeReading(ReadOutcome.UNKNOWN, CodeClass.UNKNOWN, None)
    down = CodeSystemDownError("x")
    assert CodeSystems((Scripted("a", knows_not), Scripted("b", knows))).read("c") == knows
    assert CodeSystems((Scripted("a", down), Scripted("b", knows))).read("c") == knows
    assert CodeSystems((Scripted("a", knows), last := Scripted("b", down))).read("c") == knows
    assert last.asked == 0
    assert CodeSystems((Scripted("a", knows, "z"),)).read("c") is None
    # One that might know it was not to be asked: the others' ignorance proves nothing.
    with pytest.raises(CodeSystemDownError):
        CodeSystems((Scripted("a", down), Scripted("b", knows_not))).read("c")


@pytest.mark.parametrize(
    "change",
    [
        {"url": "http://samr.example/v1/codes/read"},
        {"secret_file": None},
        {"secret_file": "nothing"},
        {"public_key_file": "samr.secret"},
        {"prefixes": []},
        {"name": "SAMR 系统"},
        {"time_out": 3},
        {"client_certificate_file": "c.pem"},
        {"timeout_seconds": 60},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_configuration_that_is_not_exactly_right_is_refused(tmp_path, change):
    with simulated(tmp_path / "samr") as (_, file):
        document = json.loads(file.read_text())
        document["systems"][0] |= change
        file.write_text(json.dumps({"systems": [{k: v for k, v in document["systems"][0].items() if v is not None}]}))
        with pytest.raises(ConfigurationError):
            open_code_systems(file, system_clock)


def test_nothing_but_the_configured_address_is_reached(fresh, samr, monkeypatch):
    simulator, file = samr
    gateway, port = asking(fresh, file), json.loads(file.read_text())["systems"][0]["url"].split(":")[2].split("/")[0]
    connect, reached = socket.socket.connect, []

    def watched(self, address):
        if self.family == socket.AF_INET:
            reached.append(address)
        return connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", watched)
    simulator.faults.append(Fault.REDIRECT)
    gateway.codes.resolve(simulator.entity_code(RICH))
    assert reached == [("127.0.0.1", int(port))]


def test_the_simulator_runs_as_a_process_of_its_own(fresh, tmp_path):
    folder = tmp_path / "samr"
    command = [sys.executable, "-m", "gateway.cli", "simulate", "samr", "--bind", "127.0.0.1:0", "--folder", folder]
    process = subprocess.Popen(
        [*command, "--enterprises", VECTORS / "registry" / "enterprises.jsonl", "--fault", "garbage"],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    try:
        file = process.stdout.readline().strip().split("=")[1]
        credit_code, entity, dynamic = process.stdout.readline().split()
        gateway = asking(fresh, file)
        assert gateway.codes.resolve(entity).outcome is Outcome.COULD_NOT_ASK
        assert gateway.codes.resolve(entity).unified_social_credit_code == credit_code
        assert gateway.codes.resolve(dynamic).code_class is CodeClass.DYNAMIC_CODE
    finally:
        process.terminate()
        process.wait(10)
