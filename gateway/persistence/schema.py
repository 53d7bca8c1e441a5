"""The database schema through its migrations."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import IntegrityError

from gateway.persistence.engines import is_postgresql

ENVIRONMENT = Path(__file__).resolve().parent / "migrating"
MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"


def alembic_config() -> Config:
    """Alembic's configuration without an ini file."""
    config = Config()
    config.set_main_option("script_location", str(ENVIRONMENT))
    config.set_main_option("version_locations", str(MIGRATIONS))
    config.set_main_option("path_separator", "newline")
    return config


def upgrade(engine: Engine) -> None:
    """Bring the schema to the newest revision; nothing happens when it is there already."""
    config = alembic_config()
    with engine.connect() as connection, unenforced_foreign_keys(connection), connection.begin():
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


@contextmanager
def unenforced_foreign_keys(connection: Connection) -> Iterator[None]:
    """SQLite changes a table by copying and dropping it, which rows that refer to it would forbid.

    The keys are judged again when the migration is done: IntegrityError names the first table that breaks one.
    """
    if is_postgresql(connection):
        yield
        return
    driver = connection.connection.dbapi_connection
    assert driver is not None
    # The pragma does nothing inside a transaction, so that it goes past SQLAlchemy, which would begin one.
    driver.execute("PRAGMA foreign_keys=OFF")
    try:
        yield
        broken = driver.execute("PRAGMA foreign_key_check").fetchone()
        if broken is not None:
            raise IntegrityError(f"foreign keys of {broken[0]}", None, ValueError("a row refers to nothing"))
    finally:
        driver.execute("PRAGMA foreign_keys=ON")


def is_current(engine: Engine) -> bool:
    """Whether the schema is at the newest revision."""
    with engine.connect() as connection:
        found = MigrationContext.configure(connection).get_current_revision()
    return found == _newest()


def can_be_served(engine: Engine) -> bool:
    """Whether this release can work on the schema: it is at the newest revision, or at one of a later release.

    Migrations are safe under the release before (``tools/check_migrations.py``), which serves on while the next one takes over.
    """
    with engine.connect() as connection:
        found = MigrationContext.configure(connection).get_current_revision()
    return found is not None and (found == _newest() or found not in _known())


@lru_cache
def _newest() -> str | None:
    """The newest revision of this release: reading all migrations takes a while, and they do not change."""
    return ScriptDirectory.from_config(alembic_config()).get_current_head()


@lru_cache
def _known() -> frozenset[str]:
    """Every revision of this release."""
    return frozenset(each.revision for each in ScriptDirectory.from_config(alembic_config()).walk_revisions())
