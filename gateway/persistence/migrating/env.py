"""Alembic's environment: runs the migrations on the engine that the caller hands in, or on the configured one."""

from alembic import context
from sqlalchemy import Connection

from gateway.persistence.base import Base
from gateway.persistence.models import Licence
from gateway.persistence.session import make_engine
from gateway.settings import read_settings

assert Licence.metadata is Base.metadata


def _run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        compare_server_default=True,
        user_module_prefix="",
    )
    with context.begin_transaction():
        context.run_migrations()


handed_in = context.config.attributes.get("connection")
if handed_in is not None:
    _run(handed_in)
else:
    with make_engine(read_settings().resolved_database_url).begin() as own_connection:
        _run(own_connection)
