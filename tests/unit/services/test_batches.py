"""A batch is made as fast as its answers are read, and goes on where it was left."""

from contextlib import closing

from sqlalchemy import func, select

from gateway.api.schemas.licence_batches import read_line
from gateway.persistence.models import AuditEvent, Licence
from gateway.persistence.session import reading
from tests.batch_client import lines


def issued(container):
    with reading(container.deps.sessions) as session:
        return session.scalar(select(func.count()).select_from(Licence))


def ended(container):
    with reading(container.deps.sessions) as session:
        query = select(AuditEvent.detail).where(AuditEvent.action == "licence_batch_ended")
        return list(session.scalars(query))


def test_who_reads_slowly_slows_the_issuing_down(fresh, applications):
    batch = list(lines(applications, 5, "BATCH"))
    with closing(fresh.batches.issue("B-1", batch, read_line)) as answers:
        assert issued(fresh) == 0
        first = [next(answers) for _ in range(2)]
        # What nobody has asked for yet is not issued.
        assert issued(fresh) == 2
    assert (issued(fresh), ended(fresh)) == (2, [])
    whole = list(fresh.batches.issue("B-1", batch, read_line))
    assert [answer["newly_issued"] for answer in whole] == [False, False, True, True, True]
    identifiers = [answer["licence_identifier"] for answer in whole]
    assert [answer["licence_identifier"] for answer in first] == identifiers[:2]
    assert (issued(fresh), ended(fresh)) == (5, [{"issued": 5}])
