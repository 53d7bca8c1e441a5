"""Requests that meet: each licence once, no update lost, no blank form printed twice, one successor; on both engines."""

import json
import random
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import func, select

from gateway.domain.orders import VersionKind
from gateway.domain.status import LicenceStatus
from gateway.errors import ConflictError, GatewayError, StaleStateError
from gateway.persistence.models import AuditEvent, BlankMovement, Licence, LicenceVersion, StoredFile
from gateway.services.papers import BlankChoice
from gateway.services.status_changes import StatusDecision
from gateway.services.versions import VersionRequest
from tests.conftest import BASE_URL, container_at

KEYS, TIMES = 8, 8
FORM = "卫生许可证正本"


def at_once(work, arguments, threads=16):
    """What ``work`` gave or raised for each argument."""

    def tried(argument):
        try:
            return work(argument)
        except GatewayError as error:
            return error

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(tried, arguments))


def whole(container):
    """Counts of licences; every file is named by one version or paper and can be read."""
    with container.deps.sessions() as session:
        versions = session.scalars(select(LicenceVersion)).all()
        used = Counter(v.electronic_sm3 for v in versions) + Counter(p.paper_sm3 for v in versions for p in v.paper)
        files = session.scalars(select(StoredFile)).all()
        events = session.scalar(select(func.count()).where(AuditEvent.action == "licence_issued"))
    assert set(used) == {file.sm3 for file in files}
    assert set(used.values()) <= {1}
    assert all(container.deps.files.read(file.sm3, file.suffix, file.sha256) for file in files)
    assert events == len(versions)
    return len(versions)


def test_64_requests_for_8_licences_by_threads(fresh, applications):
    wanted = [applications[n % KEYS] for n in range(KEYS * TIMES)]
    answers = at_once(fresh.licences.issue, wanted, threads=KEYS * TIMES)
    assert not [answer for answer in answers if isinstance(answer, GatewayError)]
    assert sum(answer.newly_issued for answer in answers) == KEYS
    assert len({answer.licence_identifier for answer in answers}) == KEYS
    assert whole(fresh) == KEYS
    assert not [file for file in fresh.deps.files.held() if file.sm3 not in named(fresh)]


def named(container):
    with container.deps.sessions() as session:
        return set(session.scalars(select(StoredFile.sm3)))


def issuer(container, source):
    environment = {
        "GATEWAY_KEY_ITERATIONS": "1000",
        "GATEWAY_PUBLIC_BASE_URL": BASE_URL,
        "GATEWAY_DATA_DIR": str(container.settings.data_dir),
        "GATEWAY_DATABASE_URL": container.settings.resolved_database_url,
        "PATH": "/usr/bin:/bin",
    }
    command = [sys.executable, "-m", "gateway.cli", "issue", str(source), "--json"]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)


def count(container):
    with container.deps.sessions() as session:
        return session.scalar(select(func.count()).select_from(LicenceVersion))


def test_64_requests_for_8_licences_by_processes_some_of_which_are_killed(fresh, applications, tmp_path):
    lines = [json.dumps(application) for application in applications[:KEYS]] * 2
    sources = []
    for number in range(4):
        random.Random(number).shuffle(lines)
        sources.append(tmp_path / f"{number}.jsonl")
        sources[-1].write_text("\n".join(lines))
    processes = [issuer(fresh, source) for source in sources]
    limit = time.monotonic() + 60
    while count(fresh) < 2 and time.monotonic() < limit:
        time.sleep(0.02)
    for process in processes[:2]:
        process.kill()
    summaries = [json.loads(process.communicate(timeout=120)[0]) for process in processes[2:]]
    for process in processes[:2]:
        process.communicate()
    assert all(summary["refused"] == 0 for summary in summaries)
    assert sum(summary["issued"] for summary in summaries) <= KEYS
    again = [json.loads(issuer(fresh, source).communicate(timeout=120)[0]) for source in sources[:2]]
    assert [(summary["issued"], summary["already_issued"]) for summary in again] == [(0, 2 * KEYS)] * 2
    assert whole(container_at(fresh.settings.data_dir)) == KEYS


def test_no_update_is_lost(fresh, applications):
    identifier = fresh.licences.issue(applications[1]).licence_identifier
    turns = {LicenceStatus.VALID: LicenceStatus.SUSPENDED, LicenceStatus.SUSPENDED: LicenceStatus.VALID}

    def change(number):
        """Look, decide on what was seen, and look again when somebody was quicker."""
        for _ in range(1000):
            history = fresh.histories.of(identifier)
            new = turns[LicenceStatus(history.changes[-1].status)]
            try:
                return fresh.status_changes.record(
                    identifier,
                    StatusDecision(new, "测试", f"{number}"),
                    expected_revision=history.revision,
                ).revision
            except StaleStateError:
                continue
        raise AssertionError("never came to its turn")

    changes = 24
    revisions = at_once(change, range(changes), threads=6)
    assert sorted(revisions) == list(range(2, changes + 2))
    history = fresh.histories.of(identifier)
    assert history.revision == changes + 1
    statuses = [change.status for change in history.changes]
    assert statuses == ["valid", "suspended"] * (changes // 2) + ["valid"]
    assert sorted(int(change.reason) for change in history.changes[1:]) == list(range(changes))


def test_of_those_that_saw_the_same_state_one_changes_it(fresh, applications):
    identifier = fresh.licences.issue(applications[1]).licence_identifier
    decision = StatusDecision(LicenceStatus.SUSPENDED, "测试", "测试")
    answers = at_once(
        lambda _: fresh.status_changes.record(identifier, decision, expected_revision=1), range(16), threads=16
    )
    assert sorted(type(answer).__name__ for answer in answers) == ["RecordedStatus"] + ["StaleStateError"] * 15


def test_a_blank_form_is_printed_once(fresh, applications):
    licences = [fresh.licences.issue(applications[1] | {"ZZHM": f"粤卫公证字〔2024〕第{n}号"}) for n in range(6)]
    authority = licences[0].licence_identifier.split(".")[6]
    fresh.blank_forms.receive(authority, FORM, "WS0001", "WS0002")
    tries = [(licence.licence_identifier, serial) for licence in licences for serial in ("WS0001", "WS0002")]
    answers = at_once(lambda pair: fresh.papers.print(pair[0], 0, BlankChoice(FORM, pair[1])), tries, threads=12)
    printed = [answer.blank_serial_number for answer in answers if not isinstance(answer, GatewayError)]
    assert sorted(printed) == ["WS0001", "WS0002"]
    with fresh.deps.sessions() as session:
        assert session.scalar(select(func.count()).where(BlankMovement.state == "issued")) == 2


def test_a_version_has_one_successor(fresh, applications):
    identifier = fresh.licences.issue(applications[1]).licence_identifier
    requests = [
        VersionRequest(VersionKind.AMENDMENT, applications[1] | {"许可项目": f"宾馆{n}"}, "变更") for n in range(8)
    ]
    answers = at_once(lambda request: fresh.versions.issue(identifier, request), requests, threads=8)
    made = [answer for answer in answers if not isinstance(answer, GatewayError)]
    assert len(made) == 1
    assert all(isinstance(answer, ConflictError) for answer in answers if answer is not made[0])
    with fresh.deps.sessions() as session:
        assert session.scalar(select(func.count()).select_from(Licence)) == 1
        assert session.scalar(select(func.count()).select_from(LicenceVersion)) == 2
        assert session.scalar(select(Licence.revision)) == 2
