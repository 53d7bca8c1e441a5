"""What gives way is tried again a few times, and nothing else is."""

import ast
from pathlib import Path

import pytest
from sqlalchemy import text

from gateway.errors import ConflictError, RegistryBusyError, RegistryUnavailableError
from gateway.persistence import connecting
from gateway.persistence.retrying import MOST_ATTEMPTS, retried


def failing(times, error):
    seen = []

    @retried
    def write():
        seen.append(1)
        if len(seen) <= times:
            raise error("x")
        return len(seen)

    return write, seen


def test_a_write_that_gave_way_is_tried_again_a_few_times():
    write, _ = failing(MOST_ATTEMPTS - 1, RegistryBusyError)
    assert write() == MOST_ATTEMPTS
    never, seen = failing(1000, RegistryBusyError)
    with pytest.raises(RegistryBusyError):
        never()
    assert len(seen) == MOST_ATTEMPTS


@pytest.mark.parametrize("error", [ConflictError, RegistryUnavailableError, ValueError])
def test_no_other_error_is_tried_again(error):
    write, seen = failing(1, error)
    with pytest.raises(error):
        write()
    assert len(seen) == 1


def test_a_lock_that_does_not_come_is_busy_and_rubbish_is_unavailable(tmp_path, monkeypatch):
    monkeypatch.setattr(connecting, "BUSY_TIMEOUT_MS", 50)
    url = f"sqlite:///{tmp_path / 'a.db'}"
    one, other = connecting.make_engine(url), connecting.make_engine(url)
    with one.begin(), pytest.raises(RegistryBusyError), other.begin():
        pass
    (tmp_path / "b.db").write_bytes(b"rubbish" * 1000)
    with pytest.raises(RegistryUnavailableError, match="SQLITE_NOTADB"):
        connecting.make_engine(f"sqlite:///{tmp_path / 'b.db'}").connect()
    with pytest.raises(RegistryUnavailableError, match="SQLITE_CANTOPEN"):
        connecting.make_engine(f"sqlite:///{tmp_path / 'no' / 'c.db'}").connect()
    with pytest.raises(RegistryUnavailableError):
        connecting.make_engine("postgresql+psycopg://u:secret@127.0.0.1:9/x").connect()
    with one.connect() as connection, pytest.raises(RegistryUnavailableError, match="SQLITE_ERROR"):
        connection.execute(text("SELECT * FROM nowhere"))


ROOT = Path(__file__).parents[3]
EXEMPT = {
    "authentication._count": "counts in two rounds of its own",
    "batches._answers": "a generator: its lines are issued one by one, each of them retried",
    "catalogue.seed": "init, which is repeated as a whole",
    "certificates._note": "a note on what a key did, which cannot be done again",
    "conversions._stage": "its batches are retried, and a broken reading is begun anew",
    "enterprises.register": "reads its records from an iterator once",
    "holder_certificates.certified_codes": "only reads",
    "installation.recover": "start of a process, which is repeated as a whole",
    "installation._make_seal": "init, which is repeated as a whole",
    "keys._move_seal": "a ceremony at the terminal, which says that it is to be repeated",
    "keys._note": "as certificates._note",
    "log._take_batch": "the sequencer comes round every second",
    "log._sign": "as log._take_batch",
    "papers._end": "its callers are retried",
    "recording._stored": "its callers are retried",
    "sealed_rows._each": "at the terminal, safe to repeat",
    "storage._note": "as certificates._note",
}
"""Writes that are not begun anew when they met another, and why not."""


def test_every_write_of_a_service_is_begun_anew_when_it_gives_way():
    writes, retried_ones = set(), set()
    for path in (ROOT / "gateway" / "services").glob("*.py"):
        source = path.read_text()
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.FunctionDef) and "sessions.begin()" in (ast.get_source_segment(source, node) or ""):
                name = f"{path.stem}.{node.name}"
                writes.add(name)
                if any("retried" in ast.unparse(decorator) for decorator in node.decorator_list):
                    retried_ones.add(name)
    assert writes - retried_ones == set(EXEMPT)
