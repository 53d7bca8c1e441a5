"""Alembic's environment: runs the migrations on the engine that the caller hands in, or on the configured one."""

from typing import Any

from alembic import context
from sqlalchemy import JSON, Column, Connection

from gateway.persistence.base import Base
from gateway.persistence.connecting import make_engine
from gateway.persistence.engines import is_postgresql
from gateway.persistence.models import Licence
from gateway.persistence.schema import unenforced_foreign_keys
from gateway.settings import read_settings

assert Licence.metadata is Base.metadata


def _compare_default(_: object, inspected: Column[Any], *__: object) -> bool | None:
    """Defaults are compared by Alembic, save those of JSON, which PostgreSQL cannot compare."""
    return False if isinstance(inspected.type, JSON) else None


def _run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=not is_postgresql(connection),
        compare_server_default=_compare_default,
        user_module_prefix="",
    )
    with context.begin_transaction():
        context.run_migrations()


handed_in = context.config.attributes.get("connection")
if handed_in is not None:
    _run(handed_in)
else:
    own_engine = make_engine(read_settings().resolved_database_url)
    with own_engine.connect() as own, unenforced_foreign_keys(own), own.begin():
        _run(own)
