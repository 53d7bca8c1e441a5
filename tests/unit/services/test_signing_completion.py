"""A process that dies between receiving a signature and completing the request: another one completes it, exactly once."""

import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select

from gateway.domain.signing_orders import DocumentOrder, SigningOrder
from gateway.domain.signing_requests import DocumentForm, SigningState
from gateway.domain.signing_views import evidence_entries
from gateway.errors import ConflictError, TimestampsUnavailableError, TransitionRefusedError
from gateway.persistence.models import SigningRequest, StoredFile
from gateway.persistence.session import reading
from gateway.services.signing_completion import LEASE, PAUSE
from tests.phones import ROLE, phone_of
from tests.unit.services.test_signing_requests import actions
from tests.unit.signing.pki import plain_pdf

DIE = """
import importlib, itertools, os, signal, sys
from pathlib import Path
from tests.conftest import container_at
from tests.phones import phone_of

folder, at, code, token = sys.argv[1:]
container = container_at(Path(folder))
at, number = at.split("#")
module, kind, name = at.rsplit(".", 2)
owner = getattr(importlib.import_module(module), kind)
real, calls = getattr(owner, name), itertools.count(1)
def call(*given, **named):
    if next(calls) == int(number):
        os.kill(os.getpid(), signal.SIGKILL)
    return real(*given, **named)
setattr(owner, name, call)
phone_of(container, code).sign(container, token)
"""
KILLED_AT = (
    "gateway.persistence.folder_store.FolderStore.publish#1",
    "gateway.services.signing_completion.SigningCompletion.complete#1",
    "gateway.services.signing_completion.SigningCompletion._keep#1",
    "gateway.services.signing_completion.SigningCompletion._recorded#1",
    "gateway.persistence.folder_store.FolderStore.publish#2",
)
"""After the signature was received, with its evidence staged; with that in its place; after the time-stamps; with the files
staged; with everything recorded."""


@pytest.fixture
def code(applications):
    return applications[0]["CYRSFZJHM"]


@pytest.fixture
def request_(fresh, code):
    department = next(iter(fresh.catalogue.load().authorities_by_code))
    documents = (
        DocumentOrder("承诺书", DocumentForm.PDF, plain_pdf()),
        DocumentOrder("表", DocumentForm.JSON, b'{"a":1}'),
    )
    return fresh.signing_requests.create(SigningOrder(code, "申请", ROLE, documents, department_code=department))


def at(container, later):
    """The same gateway at another time."""
    moved = type(container)(container.settings, clock=lambda: container.clock() + later)
    moved.deps.__dict__["engine"] = container.deps.engine
    return moved


def finished_once(container, request_id):
    assert container.signing_requests.show(request_id).standing.state is SigningState.SIGNED
    for number in "12":
        assert container.signing_requests.signed(request_id, number).content
    for each in evidence_entries(container.signing_requests.show(request_id).evidence):
        assert container.signing_requests.evidence(request_id, each["sha256"]).content
    found = actions(container, request_id)
    assert (found.count("signing_request_received"), found.count("signing_request_signed")) == (1, 1)


@pytest.mark.parametrize("killed_at", KILLED_AT)
def test_a_process_that_is_killed_loses_nothing(fresh, code, request_, killed_at):
    command = [sys.executable, "-c", DIE, str(fresh.settings.data_dir), killed_at, code, request_.token]
    ended = subprocess.run(command, check=False, capture_output=True, text=True)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    fresh.installation.recover()
    standing = fresh.signing_requests.show(request_.request_id).standing
    assert standing.received_at is not None
    if not killed_at.endswith("#2"):
        assert standing.state is SigningState.PRESENTED
        # Nobody takes over before the lease is over; nothing expires or is taken back after it was received.
        assert fresh.signing_completion.resume() == 0
        with pytest.raises(TransitionRefusedError):
            fresh.signing_requests.cancel(request_.request_id)
        late = at(fresh, timedelta(days=2))
        assert late.signing_requests.show(request_.request_id).standing.state is SigningState.PRESENTED
    later = at(fresh, LEASE + timedelta(seconds=1))
    with ThreadPoolExecutor(4) as pool:
        moved = list(pool.map(lambda _: later.signing_completion.resume(), range(4)))
    assert any(moved) is not killed_at.endswith("#2")
    finished_once(fresh, request_.request_id)
    assert later.signing_completion.resume() == 0


def test_a_signature_stands_while_the_time_stamps_are_away(fresh, code, request_, monkeypatch):
    def away(*_):
        raise TimestampsUnavailableError("away")

    completion = fresh.signing_completion
    with monkeypatch.context() as patch:
        patch.setattr(type(completion), "_make", away)
        patch.setattr(fresh.signing_sessions, "_sleep", lambda _: None)
        patch.setattr(fresh.signing_sessions, "_monotonic", iter(range(0, 1000, 3)).__next__)
        view = phone_of(fresh, code).sign(fresh, request_.token)
        assert (view.standing.state, view.standing.received_at is not None) == (SigningState.PRESENTED, True)
        assert completion.resume() == 0
    # It is tried again after a pause, and not before: what cannot be completed must keep nothing else waiting.
    assert completion.resume() == 0
    assert at(fresh, PAUSE + timedelta(seconds=1)).signing_completion.resume() == 1
    finished_once(fresh, request_.request_id)


def test_who_was_thought_dead_and_comes_late_changes_nothing(fresh, code, request_):
    """A slow process finishes its work after another one took it over."""
    completion = fresh.signing_completion
    make, done = completion._make, []

    def slow(request_id):
        made = make(request_id)
        if not done:
            done.append(None)
            assert at(fresh, LEASE + timedelta(seconds=1)).signing_completion.complete(request_id)
        return made

    completion._make = slow
    phone_of(fresh, code).sign(fresh, request_.token)
    finished_once(fresh, request_.request_id)


def test_twenty_phones_post_the_same_answer_at_once(fresh, code, request_):
    phone = phone_of(fresh, code)
    answer = phone.answer(fresh.signing_sessions.offer(request_.token, phone.offer()))
    with ThreadPoolExecutor(20) as pool:
        views = list(pool.map(lambda _: fresh.signing_sessions.answer(request_.token, answer), range(20)))
    assert {view.standing.state for view in views} == {SigningState.SIGNED}
    finished_once(fresh, request_.request_id)


def test_two_phones_with_two_answers_give_one_signature(fresh, code, request_):
    phone = phone_of(fresh, code)
    view = fresh.signing_sessions.offer(request_.token, phone.offer())

    def post(answer):
        try:
            return fresh.signing_sessions.answer(request_.token, answer).standing.state
        except ConflictError:
            return None

    with ThreadPoolExecutor(6) as pool:
        states = list(pool.map(post, [phone.answer(view) for _ in range(6)]))
    assert sorted(map(str, states)) == ["None"] * 5 + ["signed"]
    finished_once(fresh, request_.request_id)


def test_the_round_notes_what_is_over_once(fresh, request_):
    late = at(fresh, timedelta(hours=2))
    assert late.signing_requests.show(request_.request_id).standing.state is SigningState.EXPIRED
    assert [late.signing_completion.resume() for _ in range(2)] == [1, 0]
    with reading(fresh.deps.sessions) as session:
        assert session.scalar(select(SigningRequest.state)) == "expired"
    assert actions(fresh, request_.request_id) == ["signing_request_created", "signing_request_expired"]


def test_the_same_bytes_in_two_forms_are_one_file(fresh, code):
    """A machine that was restored from a backup has it under one ending."""
    department = next(iter(fresh.catalogue.load().authorities_by_code))
    documents = tuple(DocumentOrder(form, form, b'{"b":2}') for form in (DocumentForm.JSON, DocumentForm.BYTES))
    made = fresh.signing_requests.create(SigningOrder(code, "申请", ROLE, documents, department_code=department))
    with reading(fresh.deps.sessions) as session:
        stored = session.get(StoredFile, made.documents[0].sm3)
    [other] = {".json", ".bin"} - {stored.suffix}
    (fresh.deps.settings.data_dir / "files" / stored.sm3[:2] / f"{stored.sm3}{other}").unlink(missing_ok=True)
    phone_of(fresh, code).sign(fresh, made.token)
    finished_once(fresh, made.request_id)
