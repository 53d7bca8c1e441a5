"""A batch over a real server: answers come while it is at work, a cut in the middle is made good, memory stays bounded.

``make bench ARGS=batch`` does the same with 10,000 lines.
"""

import json
from http.client import HTTPConnection

import pytest
from sqlalchemy import func, select

from gateway.persistence.models import AuditEvent, Licence
from gateway.persistence.session import reading
from tests.batch_client import lines, send
from tests.department_server import department_headers, serving, workers_of
from tests.faults.fault_http import free_port

LINES, CUT_AFTER, EVERY = 120, 40, 20
MOST_GROWTH = 48 * 1024 * 1024


@pytest.fixture
def server(fresh):
    headers = department_headers(fresh)
    settings = fresh.settings
    database = {} if settings.database_url is None else {"database_url": settings.database_url}
    port = free_port()
    with serving(settings.data_dir, port, workers=1, public_base_url=settings.public_base_url, **database) as process:
        yield port, headers, process


def counted(container):
    with reading(container.deps.sessions) as session:
        licences = session.scalar(select(func.count()).select_from(Licence))
        return licences, session.scalar(select(func.count()).where(AuditEvent.action == "licence_issued"))


def test_a_batch_is_streamed_cut_off_resumed_and_issued_once(fresh, server, applications):
    port, headers, process = server
    (worker,) = workers_of(process)
    body = b"".join(lines(applications, LINES, "BATCH"))
    cut = send(port, headers, body, cut_after=CUT_AFTER, worker=worker, every=EVERY)
    assert [answer["line"] for answer in cut.answers] == list(range(1, CUT_AFTER + 1))
    assert cut.new == CUT_AFTER
    # The first answer came while the others were still to be made.
    assert cut.first_seconds < cut.seconds / 2
    whole = send(port, headers, body, worker=worker, every=EVERY)
    assert [answer["line"] for answer in whole.answers] == list(range(1, LINES + 1))
    assert {answer["status"] for answer in whole.answers} == {"issued"}
    first = [answer["licence_identifier"] for answer in cut.answers]
    assert [answer["licence_identifier"] for answer in whole.answers][:CUT_AFTER] == first
    replayed = [answer["newly_issued"] for answer in whole.answers].index(True) if whole.new else LINES
    # What was issued before the cut was noticed is a beginning of the batch, without a hole.
    assert replayed >= CUT_AFTER and whole.new == LINES - replayed
    assert counted(fresh) == (LINES, LINES)
    again = send(port, headers, body)
    assert again.new == 0
    assert [answer["licence_identifier"] for answer in again.answers] == [
        answer["licence_identifier"] for answer in whole.answers
    ]
    assert counted(fresh) == (LINES, LINES)
    memory = cut.memory + whole.memory
    assert max(memory) - memory[0] < MOST_GROWTH
    assert workers_of(process) == [worker]


def test_who_sends_all_before_it_reads_can_read_why_it_was_refused(server):
    """A reset would take the answer away. A second one is answered: the process that was sent all this is free again."""
    port, headers, _ = server
    stranger = {**headers, "Authorization": "Bearer no-such-token"}
    many = [b"x" * (1 << 20)] * 5
    for path, sent, body, status in (
        ("/api/v1/licence-batches", stranger, b"".join(many), 401),
        ("/api/v1/licence-batches", stranger, iter(many), 401),
        ("/api/v1/verifications", {"Content-Type": "application/pdf"}, b"x" * (21 << 20), 413),
    ):
        connection = HTTPConnection("127.0.0.1", port, timeout=20)
        connection.request("POST", path, body, sent)
        answer = connection.getresponse()
        assert (answer.status, answer.getheader("Content-Type")) == (status, "application/problem+json")
        assert json.loads(answer.read())["status"] == status


def test_a_refused_line_stands_at_its_place_and_stops_no_other(server, applications):
    port, headers, _ = server
    good = list(lines(applications, 3, "BATCH"))
    body = b"".join([good[0], b"{\n", good[1], b'{"record": {}}\n', good[2]])
    answers = send(port, headers, body).answers
    assert [(answer["line"], answer["status"]) for answer in answers] == [
        (1, "issued"),
        (2, "refused"),
        (3, "issued"),
        (4, "refused"),
        (5, "issued"),
    ]
    assert all(error["pointer"].startswith("/record/") for error in answers[3]["errors"])
    assert answers[1]["errors"]
