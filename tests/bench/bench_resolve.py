"""Resolving over HTTP: 20 real licences an enterprise, PostgreSQL, gunicorn with two workers, against its plain route.

*Warm*: a few enterprises are asked for again and again. *Cold*: a server that was just started is asked for each enterprise
once, so that no process has anything of it in memory; the signatures were checked before, within the bound that
docs/resolve-caching.md states. *Random*: codes drawn from all enterprises, of which most hold nothing. The rows of the other
enterprises are copied in between, so that growth is that from a thousand to a million.
"""

import random
import statistics
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path

import psycopg

from certs.uscc import ALPHABET, check_digit
from gateway.container import Container
from gateway.settings import read_settings
from tests.bench.result import BenchResult
from tests.department_server import BARE, serving
from tests.faults.fault_http import free_port
from tests.faults.gateway import APPLICATIONS, VECTORS, records
from tools.check_migrations import postgresql

HOLDERS, WARMING, LICENCES = 160, 40, 20
FEW, MANY = 1_000, 1_000_000
CLIENTS, ROUNDS, REQUESTS, WARM_HOLDERS = 4, 5, 600, 20


def run() -> BenchResult:
    """Medians of the rounds; each round asks the plain route and ours in turn."""
    with tempfile.TemporaryDirectory() as folder, postgresql(Path(folder) / "postgresql") as url:
        home = Path(folder) / "data"
        container = Container(read_settings({}, data_dir=home, key_iterations=1000, database_url=url))
        holders = set_up(container)
        others = copy_enterprises(url, FEW - len(holders))
        few = measure(home, url, holders, others)
        others += copy_enterprises(url, MANY - FEW, start=FEW)
        many = measure(home, url, holders, others)
        container.deps.engine.dispose()
    return BenchResult(
        ratios={
            "resolve_warm_vs_bare_flask": many["warm"] / many["bare"],
            "resolve_cold_vs_bare_flask": many["cold"] / many["bare"],
            "resolve_random_vs_bare_flask": many["random"] / many["bare"],
            "resolve_median_1000_vs_1000000": few["cold_p50"] / many["cold_p50"],
        },
        rates={
            "bare_flask_resolve_per_second": many["bare"],
            "resolve_warm_per_second": many["warm"],
            "resolve_cold_per_second": many["cold"],
            "resolve_random_per_second": many["random"],
            **{f"resolve_{name}_ms": many[name] * 1000 for name in many if name[-4:] in ("_p50", "_p99")},
            "resolve_growth_of_median": many["cold_p50"] / few["cold_p50"],
        },
    )


def set_up(container: Container) -> list[str]:
    """A gateway with enterprises that hold 20 licences each; gives their codes. Every file is checked once."""
    container.installation.initialise()
    enterprises = records(VECTORS / "registry" / "enterprises.jsonl")[:HOLDERS]
    container.installation.register_samples(enterprises)
    base = records(APPLICATIONS)
    for row, enterprise in enumerate(enterprises):
        for number in range(LICENCES):
            holder = {"CYRMC": enterprise["name"], "CYRSFZJHM": enterprise["unified_social_credit_code"]}
            container.licences.issue(base[number % len(base)] | holder | {"ZZHM": f"BENCH-{row:04}-{number:02}"})
    last: str | None = ""
    while last is not None:
        last = container.signature_checks.recheck(last, 500).last
    return [enterprise["unified_social_credit_code"] for enterprise in enterprises]


def copy_enterprises(url: str, how_many: int, start: int = 0) -> list[str]:
    """Put so many more enterprises into the table by COPY; gives their codes."""
    codes = [code_of(number) for number in range(start, start + how_many)]
    columns = "unified_social_credit_code, name, enterprise_type, area_code, address, registration_status"
    with psycopg.connect(url.replace("+psycopg", "", 1), autocommit=True) as connection:
        with connection.cursor().copy(f"COPY enterprises ({columns}) FROM STDIN") as copy:
            for number, code in enumerate(codes, start):
                name = f"阳江市某某{number:07}有限公司"
                copy.write_row((code, name, "有限责任公司", "441702", f"阳江市江城区某路{number}号", "registered"))
        connection.execute("ANALYZE")
    return codes


def code_of(number: int) -> str:
    """A credit code of its own, with the right check digit."""
    digits = []
    for _ in range(6):
        number, digit = divmod(number, len(ALPHABET))
        digits.append(ALPHABET[digit])
    body = f"91441799Q{''.join(digits)}00"
    return body + check_digit(body)


def measure(home: Path, url: str, holders: list[str], others: list[str]) -> dict[str, float]:
    """Requests per second and seconds, of a server that is started anew for each round."""
    rates: dict[str, list[float]] = {"bare": [], "warm": [], "filling": [], "cold": [], "random": []}
    taken: dict[str, list[float]] = {name: [] for name in rates}
    for _ in range(ROUNDS):
        port = free_port()
        with serving(home, port, database_url=url):
            ask(port, [BARE] * 60)
            # Some looks at enterprises that are not measured: what a process loads and compiles once is no cold answer.
            ask(port, list(map(path_of, holders[:WARMING])))
            everyone = random.sample(holders[WARMING:], len(holders) - WARMING)
            anyone = [random.choice(others) for _ in range(REQUESTS)]
            some = random.choices(holders[-WARM_HOLDERS:], k=REQUESTS)
            rounds = (
                ("bare", [BARE] * REQUESTS),
                ("cold", list(map(path_of, everyone))),
                ("random", list(map(path_of, anyone))),
                ("filling", list(map(path_of, some))),
                ("bare", [BARE] * REQUESTS),
                ("warm", list(map(path_of, some))),
            )
            for name, paths in rounds:
                seconds, each = ask(port, paths)
                rates[name].append(len(paths) / seconds)
                taken[name] += each
    found = {name: statistics.median(values) for name, values in rates.items()}
    for name in ("warm", "cold", "random"):
        found[f"{name}_p50"] = statistics.median(taken[name])
        found[f"{name}_p99"] = statistics.quantiles(taken[name], n=100)[98]
    return found


def path_of(code: str) -> str:
    """The address of an enterprise's list."""
    return f"/api/v1/enterprises/{code}/licences"


def ask(port: int, paths: list[str]) -> tuple[float, list[float]]:
    """Seconds for all of them by several clients at once, and seconds of each."""
    started = time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as pool:
        found = pool.map(lambda n: one_client(port, paths[n::CLIENTS]), range(CLIENTS))
        each = [seconds for share in found for seconds in share]
    return time.perf_counter() - started, each


def one_client(port: int, paths: list[str]) -> list[float]:
    """Seconds of each request."""
    connection, taken = HTTPConnection("127.0.0.1", port, timeout=60), []
    for path in paths:
        started = time.perf_counter()
        connection.request("GET", path)
        answer = connection.getresponse()
        content = answer.read()
        assert answer.status == 200, content
        taken.append(time.perf_counter() - started)
    connection.close()
    return taken
