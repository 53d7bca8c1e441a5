"""A small version of `make faults ARGS=convert`: processes and PostgreSQL are killed, and every row still counts once."""

from tests.faults.fault_convert import on_database, server_at


def test_conversion_survives_kills_on_sqlite(tmp_path):
    result = on_database(tmp_path / "gateway", None, ("worker", "command"), 2)
    assert result.held, result.detail


def test_conversion_survives_kills_on_postgresql(tmp_path):
    with server_at(tmp_path / "server") as server:
        result = on_database(tmp_path / "gateway", server, ("PostgreSQL", "worker", "command"), 3)
    assert result.held, result.detail
