"""Databases for tests: SQLite in the gateway's folder, or one on a real PostgreSQL server that lives as long as the run.

A folder whose gateway is on PostgreSQL has a file that names its database beside it; to copy such a folder copies its
database too (``CREATE DATABASE ... TEMPLATE``).
"""

import os
import secrets
import shutil
import tempfile
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from sqlalchemy import create_engine, make_url, text

ROOT = Path(__file__).parent
BOTH = (ROOT / "api", ROOT / "unit" / "services")


def needs_both(path):
    """Whether the tests in this file run on both engines."""
    return any(folder in path.parents for folder in BOTH)


@contextmanager
def sqlite():
    """The database that a gateway makes in its own folder."""
    yield lambda home: None


@contextmanager
def postgresql():
    """A server of our own; it is started when the first test needs it and stopped when the last one has run."""
    from tools.check_migrations import postgresql as server

    with tempfile.TemporaryDirectory() as folder, server(Path(folder) / "server") as url:
        _be_quick(url)

        def make(home):
            _note(home, _create(url))

        yield make


ENGINES = {"sqlite": sqlite, "postgresql": postgresql}


def database_of(home):
    """The URL of a folder's database; None: SQLite in the folder."""
    note = _beside(home)
    return note.read_text() if note.exists() else None


def copy_home(source, target):
    """Copy a gateway's folder, its database included. Nothing may be connected to that on PostgreSQL."""
    shutil.copytree(source, target, copy_function=_copy)
    url = database_of(source)
    if url is not None:
        _note(target, _create(url, template=make_url(url).database))


def _copy(source, target):
    # Two files of three are the simulator's keys of enterprises, which are made once and never written again.
    return os.link(source, target) if "/simulator/keys/" in source else shutil.copy2(source, target)


def forget_home(home):
    """Drop the database of a folder that a test is done with."""
    url = database_of(home)
    if url is not None:
        _run(url, f'DROP DATABASE IF EXISTS "{make_url(url).database}" WITH (FORCE)')


def break_database(home):
    """Make the database of a folder one that cannot be asked."""
    if database_of(home) is None:
        (home / "gateway.db").write_bytes(b"this is no database any more" * 100)
    else:
        forget_home(home)


def _be_quick(url):
    """Nothing here outlives the run, so that nothing need wait for the disk; servers that are killed are others."""
    for name in ("fsync", "synchronous_commit", "full_page_writes"):
        _run(url, f"ALTER SYSTEM SET {name} = off")
    _run(url, "SELECT pg_reload_conf()")


def _create(url, template="template1"):
    name = f"gateway_{secrets.token_hex(8)}"
    if template != "template1":
        # A template may have no connection; pools of containers that are done with are thrown out.
        _run(url, f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{template}'")
    _run(url, f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    return make_url(url).set(database=name).render_as_string(hide_password=False)


def _run(url, statement):
    with _administration(make_url(url).set(database="postgres").render_as_string(hide_password=False)).connect() as on:
        on.execute(text(statement))


@cache
def _administration(url):
    return create_engine(url, isolation_level="AUTOCOMMIT")


def _note(home, url):
    note = _beside(home)
    note.parent.mkdir(parents=True, exist_ok=True)
    note.write_text(url)


def _beside(home):
    return Path(home).with_name(f"{Path(home).name}.database-url")
