"""Small gateways for the transparency log, on SQLite or a real PostgreSQL: a schema, the log's key, and nothing else."""

from datetime import UTC, datetime

from sqlalchemy import text

from certs.key_uses import Purpose
from certs.private_files import create_password_file
from gateway.container import Container
from gateway.persistence.models import AuditEvent
from gateway.persistence.schema import upgrade
from gateway.services.dependencies import LOG_KEY
from gateway.settings import read_settings
from tests.pki import make_pki

URL = "http://log.example"


def container_at(home, url=None):
    return Container(
        read_settings({}, data_dir=home, database_url=url, key_iterations=1000, public_base_url=URL, log_level="ERROR")
    )


def small_gateway(home, url=None):
    home.mkdir(parents=True)
    container = container_at(home, url)
    create_password_file(container.settings.resolved_key_password_file)
    upgrade(container.deps.engine)
    container.deps.keystore.store(LOG_KEY, make_pki().leaf(), purposes=frozenset({Purpose.LOG}))
    return container


def event(number, subject="1.2.156.1"):
    return AuditEvent(
        occurred_at=datetime(2026, 1, 1, tzinfo=UTC),
        action="licence_status_changed",
        subject=subject,
        detail={"status": "revoked", "reason": f"第{number}号"},
        actor={"kind": "operator", "id": "o", "name": "王小明"},
    )


def insert_events(container, count, first=0):
    """Each in a transaction of its own, as acts are."""
    for number in range(first, first + count):
        with container.deps.sessions.begin() as session:
            session.add(event(number))


def behind_the_triggers(container, *statements):
    """What somebody with all rights on the database can do."""
    engine = container.deps.engine
    if engine.dialect.name == "postgresql":
        with engine.begin() as connection:
            connection.execute(text("SET LOCAL session_replication_role = replica"))
            for statement in statements:
                connection.execute(text(statement))
        return
    with engine.connect() as connection:
        driver = connection.connection.dbapi_connection
        driver.execute("PRAGMA foreign_keys=OFF")
        triggers = driver.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in triggers:
            driver.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            driver.execute(statement)
        for _, sql in triggers:
            driver.execute(sql)
        driver.execute("PRAGMA foreign_keys=ON")
