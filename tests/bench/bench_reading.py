"""Reading a licence's structure, and what it costs to have it validated in a worker process. Wall clock, rounds alternate.

The pool is measured with a worker that is warm, as in a service; what starting one costs is told beside it.
"""

import statistics
import time

from signing import pyhanko_reading
from signing.pdf.reading import read_structure
from signing.validation.policy import Limits
from signing.validation.process import validate_pdf
from signing.workers import WorkerPool
from tests.bench.bench_render import ours
from tests.bench.result import BenchResult
from tests.hostile_pdfs import HOSTILE
from tests.pki import NOW, make_pki
from tests.unit.documents.faces import application_faces
from tests.unit.signing.pki import plain_pdf
from tests.unit.signing.revisions import long_lived

ROUNDS, TIMES = 7, 20


def run():
    """`read_structure_vs_pyhanko`, for a licence and for one with validation data and archive time-stamp; the pool's overhead."""
    pki = make_pki()
    policy, data = pki.policy(), ours(application_faces()[0], pki.leaf())
    archived = long_lived(plain_pdf(), pki)
    pool = WorkerPool(preload=("signing.validation.process", "certs.trust_store"))
    started = time.perf_counter()
    pool.run(validate_pdf, data, policy, at=NOW)
    start = time.perf_counter() - started
    works = {
        "ours": lambda: read_structure(data, Limits()),
        "theirs": lambda: pyhanko_reading.read_structure(data, Limits()),
        "ours_archived": lambda: read_structure(archived, Limits()),
        "theirs_archived": lambda: pyhanko_reading.read_structure(archived, Limits()),
        "here": lambda: validate_pdf(data, policy, at=NOW),
        "in_a_worker": lambda: pool.run(validate_pdf, data, policy, at=NOW),
    }
    times = {name: [] for name in works}
    for number in range(ROUNDS + 1):
        for name, work in works.items():
            times[name] += [seconds_of(work)] if number else []  # the first round warms up
    median = {name: statistics.median(values) for name, values in times.items()}
    bomb = HOSTILE["cross_reference_bomb"]()
    bomb_seconds = seconds_of(lambda: refused(pool, bomb), times=1)
    pool.close()
    return BenchResult(
        ratios={
            "read_structure_vs_pyhanko": median["theirs"] / median["ours"],
            "read_archived_structure_vs_pyhanko": median["theirs_archived"] / median["ours_archived"],
        },
        rates={
            "read_structure_ms": median["ours"] * 1e3,
            "pool_overhead_ms": (median["in_a_worker"] - median["here"]) * 1e3,
            "pool_job_ms": median["in_a_worker"] * 1e3,
            "pool_start_ms": start * 1e3,
            "cross_reference_bomb_ms": bomb_seconds * 1e3,
        },
    )


def seconds_of(work, times=TIMES):
    started = time.perf_counter()
    for _ in range(times):
        work()
    return (time.perf_counter() - started) / times


def refused(pool, data):
    try:
        pool.run(read_structure, data, Limits())
    except Exception as error:  # noqa: BLE001 - what is measured is how soon it ends
        return error
