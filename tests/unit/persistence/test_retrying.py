"""What gives way is tried again a few times, and nothing else is."""

import pytest
from sqlalchemy import text

from gateway.errors import ConflictError, RegistryBusyError, RegistryUnavailableError
from gateway.persistence import session
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
    monkeypatch.setattr(session, "BUSY_TIMEOUT_MS", 50)
    url = f"sqlite:///{tmp_path / 'a.db'}"
    one, other = session.make_engine(url), session.make_engine(url)
    with one.begin(), pytest.raises(RegistryBusyError), other.begin():
        pass
    (tmp_path / "b.db").write_bytes(b"rubbish" * 1000)
    with pytest.raises(RegistryUnavailableError, match="SQLITE_NOTADB"):
        session.make_engine(f"sqlite:///{tmp_path / 'b.db'}").connect()
    with pytest.raises(RegistryUnavailableError, match="SQLITE_CANTOPEN"):
        session.make_engine(f"sqlite:///{tmp_path / 'no' / 'c.db'}").connect()
    with pytest.raises(RegistryUnavailableError):
        session.make_engine("postgresql+psycopg://u:secret@127.0.0.1:9/x").connect()
    with one.connect() as connection, pytest.raises(RegistryUnavailableError, match="SQLITE_ERROR"):
        connection.execute(text("SELECT * FROM nowhere"))
