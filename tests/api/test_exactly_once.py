"""A write and the answer that is kept of it stand together, or neither does, wherever a process is killed."""

import json
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import delete, func, select

from gateway.app import create_app
from gateway.domain.actors import Scope
from gateway.domain.status import china_day
from gateway.persistence.models import AuditEvent, IdempotencyRecord, Licence, PurposeCopy
from gateway.persistence.session import reading
from tests.department_server import department_headers
from tests.faults.fault_http import KEYS, TIMES, storm

KILLED_AT = ("gateway.persistence.session.Whole.change", "gateway.persistence.session.Whole.commit")
"""After the copy was written and before its answer is; and with both written, before they are committed."""

DIE = """
import importlib, json, os, signal, sys
from pathlib import Path
from gateway.app import create_app
from tests.conftest import container_at

folder, at, path, headers, body = json.loads(sys.stdin.read())
module, kind, name = at.rsplit(".", 2)
setattr(getattr(importlib.import_module(module), kind), name, lambda *_: os.kill(os.getpid(), signal.SIGKILL))
create_app(container_at(Path(folder))).test_client().post(path, headers=headers, json=body)
"""


@pytest.fixture
def department(fresh, as_client):
    return as_client(create_app(fresh), frozenset(Scope) - {Scope.ADMINISTER})


@pytest.fixture
def copy_request(fresh, department, applications):
    """Path and body of a request for a purpose copy of a licence in force."""
    today = china_day(fresh.deps.clock())
    current = next(a for a in applications if a["YXQJSRQ"] == "长期" or a["YXQJSRQ"] > str(today + timedelta(days=30)))
    issued = department.post("/api/v1/licences", json={"record": current}).get_json()
    body = {"purpose": "招标", "user_name": "某招标中心", "expires_on": str(today + timedelta(days=7))}
    return f"/api/v1/licences/{issued['licence_identifier']}/copies", body


def count(container, entity, *conditions):
    with reading(container.deps.sessions) as session:
        return session.scalar(select(func.count()).select_from(entity).where(*conditions))


@pytest.mark.parametrize("at", KILLED_AT)
def test_a_process_that_is_killed_leaves_no_copy_without_its_answer(fresh, department, copy_request, at):
    path, body = copy_request
    headers = department.department | {"Idempotency-Key": "the-only-one"}

    given = json.dumps([str(fresh.settings.data_dir), at, path, headers, body])
    ended = subprocess.run([sys.executable, "-c", DIE], input=given, text=True, check=False, capture_output=True)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    assert count(fresh, PurposeCopy) == 0
    assert count(fresh, AuditEvent, AuditEvent.action == "purpose_copy_made") == 0

    # The lease of the dead process runs out; the same request is executed, and its answer kept, once.
    later = fresh.deps.clock() + timedelta(seconds=fresh.settings.idempotency_lease_seconds + 1)
    object.__setattr__(fresh.deps, "clock", lambda: later)
    first, again = (department.post(path, headers=headers, json=body) for _ in range(2))
    assert (first.status_code, again.headers["Idempotency-Replayed"]) == (201, "true")
    assert first.get_json() == again.get_json()
    assert count(fresh, PurposeCopy) == 1
    assert count(fresh, IdempotencyRecord, IdempotencyRecord.status.is_(None)) == 0


def test_who_was_taken_over_changes_nothing(fresh, department, monkeypatch, copy_request):
    """A process that was thought dead, and was only slow, finds its request done by another."""
    path, body = copy_request
    headers = {"Idempotency-Key": "k"}
    make, clock = fresh.purpose_copies.make, fresh.deps.clock
    answers = []

    def slow(*arguments, **named):
        if not answers:
            answers.append(None)
            later = clock() + timedelta(seconds=fresh.settings.idempotency_lease_seconds + 1)
            object.__setattr__(fresh.deps, "clock", lambda: later)
            answers[0] = _in_another_thread(lambda: department.post(path, headers=headers, json=body))
        return make(*arguments, **named)

    monkeypatch.setattr(fresh.purpose_copies, "make", slow)
    late = department.post(path, headers=headers, json=body)
    assert answers[0].status_code == 201
    assert (late.status_code, late.get_json()["code"]) == (409, "IDEMPOTENCY_CONFLICT")
    assert department.post(path, headers=headers, json=body).get_json() == answers[0].get_json()
    assert count(fresh, PurposeCopy) == 1


def test_whose_claim_was_lost_changes_nothing(fresh, department, monkeypatch, copy_request):
    """PostgreSQL does not wait for the disk with a claim: one that is killed may forget it, though not what comes after it."""
    path, body = copy_request
    headers = {"Idempotency-Key": "k"}
    make = fresh.purpose_copies.make

    def forgotten(*arguments, **named):
        with fresh.deps.engine.begin() as connection:
            assert connection.execute(delete(IdempotencyRecord).where(IdempotencyRecord.key == "k")).rowcount == 1
        return make(*arguments, **named)

    with monkeypatch.context() as patch:
        patch.setattr(fresh.purpose_copies, "make", forgotten)
        lost = department.post(path, headers=headers, json=body)
    assert (lost.status_code, lost.get_json()["code"]) == (409, "IDEMPOTENCY_CONFLICT")
    assert count(fresh, PurposeCopy) == 0
    assert department.post(path, headers=headers, json=body).status_code == 201
    assert count(fresh, PurposeCopy) == 1


def _in_another_thread(call):
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(call).result()


def test_64_requests_with_8_keys_and_a_killed_worker_give_8_licences(fresh):
    """The short form of `make faults ARGS=http`."""
    url = fresh.settings.database_url
    settings = {"idempotency_lease_seconds": 5} | ({} if url is None else {"database_url": url})
    answers = storm(fresh.settings.data_dir, settings, department_headers(fresh))
    assert len(answers) == KEYS * TIMES
    assert len({answer["licence_identifier"] for answer in answers}) == KEYS
    assert count(fresh, Licence) == KEYS
    assert count(fresh, AuditEvent, AuditEvent.action == "licence_issued") == KEYS
