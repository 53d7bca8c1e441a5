"""What an older release left is counted by chunk when the database is brought up to date."""

import os
import subprocess
import sys
from pathlib import Path

from sqlalchemy import select

from gateway.domain.status_list import PLACES
from gateway.persistence.models import ConversionChunk, StatusPlace
from gateway.persistence.session import reading
from gateway.services.status_places import lot_of
from tests.unit.domain.cleaning_rows import GOOD
from tests.unit.services.test_conversions import numbered, register, source

ROOT = Path(__file__).resolve().parents[3]


def chunks(container):
    with reading(container.deps.sessions) as session:
        rows = session.scalars(select(ConversionChunk).order_by(ConversionChunk.job_id, ConversionChunk.first)).all()
    return [(row.job_id, row.first, row.pending, row.settled, row.counts, row.settled_at) for row in rows]


def alembic(container, *words):
    container.deps.engine.dispose()
    environment = {"GATEWAY_DATABASE_URL": container.settings.resolved_database_url, "PATH": os.environ["PATH"]}
    command = [str(Path(sys.executable).with_name("alembic")), *words]
    subprocess.run(command, env=environment, cwd=ROOT, check=True, capture_output=True)


def test_rows_of_before_are_counted_on_upgrade(fresh, tmp_path):
    path = register(tmp_path, *numbered(120), GOOD | {"有效期止": ""}, GOOD | {"证照名称": "无此证"})
    job = fresh.conversions.begin(source(fresh, path))
    first, _ = fresh.conversions.pending_chunks(job.id)
    fresh.conversions.work(*first)
    before = chunks(fresh)
    assert [(row[1], row[2], row[3]) for row in before] == [(0, 0, 100), (100, 20, 0)]
    alembic(fresh, "downgrade", "0018")
    alembic(fresh, "upgrade", "head")
    assert chunks(fresh) == before


def test_chunks_draw_their_places_from_lots_of_their_own(fresh, tmp_path):
    job = fresh.conversions.begin(source(fresh, register(tmp_path, *numbered(130))))
    taken = set()
    for number, (job_id, first) in enumerate(fresh.conversions.pending_chunks(job.id)):
        fresh.conversions.work(job_id, first)
        with reading(fresh.deps.sessions) as session:
            places = set(session.scalars(select(StatusPlace.place)))
        of_chunk = {place % PLACES for place in places - taken}
        assert len(of_chunk) == (100, 30)[number]
        assert of_chunk <= set(lot_of(job.id, number))
        taken = places
