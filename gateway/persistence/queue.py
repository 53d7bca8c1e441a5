"""The work queue that several machines share: procrastinate on PostgreSQL. The only module that knows it (docs/operations.md).

It says who looks next, never what is done: that stands in our own tables, so that work given twice is done once.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta

import structlog
from procrastinate import App, PsycopgConnector, SyncPsycopgConnector
from procrastinate.schema import SchemaManager
from procrastinate.types import JSONValue
from sqlalchemy import Connection, make_url, text

from gateway.persistence.engines import is_postgresql
from gateway.persistence.liveness import SERVER_SETTINGS, client_settings

_SCHEMA = "procrastinate"
"""Its tables have a schema of PostgreSQL to themselves; migrations of the registry do not see them."""
_LOOKS_EVERY_SECONDS = 5.0
_HEARTBEAT_SECONDS = 3.0
_DEAD_AFTER_SECONDS = 15.0
"""A worker without a sign of life for so long was killed; its job goes back into the queue."""
_GRACE_SECONDS = 30.0

Task = Callable[..., object]


def install_queue(connection: Connection) -> None:
    """Make the tables of the queue; for a migration. Does nothing where the database is not PostgreSQL."""
    if is_postgresql(connection):
        connection.exec_driver_sql(f"CREATE SCHEMA {_SCHEMA}")
        before = connection.exec_driver_sql("SHOW search_path").scalar_one()
        connection.exec_driver_sql(f"SET LOCAL search_path TO {_SCHEMA}")
        connection.exec_driver_sql(SchemaManager.get_schema().replace("%", "%%"))
        connection.exec_driver_sql(f"SET LOCAL search_path TO {before}")


def remove_queue(connection: Connection) -> None:
    """The opposite."""
    if is_postgresql(connection):
        connection.exec_driver_sql(f"DROP SCHEMA {_SCHEMA} CASCADE")


class WorkQueue:
    """Jobs by the name of their task."""

    def __init__(self, database_url: str) -> None:
        # libpq reads the same URL, once the name of SQLAlchemy's driver is gone from it.
        plain = make_url(database_url).set(drivername="postgresql").render_as_string(hide_password=False)
        self._conninfo = plain
        watched = " ".join(f"-c {name}={value}" for name, value in SERVER_SETTINGS.items())
        self._options = client_settings(make_url(database_url)) | {"options": f"-c search_path={_SCHEMA} {watched}"}

    def put(self, task: str, arguments: Sequence[dict[str, JSONValue]], *, priority: int) -> None:
        """Queue one job for each set of arguments; higher ``priority`` first, interactive work is 0."""
        app = App(connector=SyncPsycopgConnector(conninfo=self._conninfo, kwargs=self._options, min_size=1, max_size=1))
        with app.open():
            app.configure_task(task, queue=task, priority=priority).batch_defer(*arguments)

    def has_worker(self, connection: Connection) -> bool:
        """Whether some worker, on whatever machine, gave a sign of life lately."""
        asked = text(f"SELECT 1 FROM {_SCHEMA}.procrastinate_workers WHERE last_heartbeat > now() - :age LIMIT 1")  # noqa: S608 # no input
        return connection.execute(asked, {"age": timedelta(seconds=2 * _DEAD_AFTER_SECONDS)}).first() is not None

    def run(self, tasks: Mapping[str, Task], look_after: Callable[[], object]) -> None:
        """Work until a signal says stop; the job at work is finished before.

        ``look_after`` is called now and then while nothing is queued, to queue what was lost.
        """
        asyncio.run(self._run(tasks, look_after))

    async def _run(self, tasks: Mapping[str, Task], look_after: Callable[[], object]) -> None:
        app = App(connector=PsycopgConnector(conninfo=self._conninfo, kwargs=self._options, min_size=1, max_size=3))
        for name, task in tasks.items():
            app.task(name=name, queue=name)(task)
        async with app.open_async():
            looking = asyncio.create_task(_look(app, look_after))
            try:
                await app.run_worker_async(
                    queues=list(tasks),
                    concurrency=1,
                    delete_jobs="always",
                    fetch_job_polling_interval=1.0,
                    update_heartbeat_interval=_HEARTBEAT_SECONDS,
                    stalled_worker_timeout=_DEAD_AFTER_SECONDS,
                    shutdown_graceful_timeout=_GRACE_SECONDS,
                )
            finally:
                looking.cancel()


async def _look(app: App, look_after: Callable[[], object]) -> None:
    """Take the jobs of dead workers back, and see to what no queue knows of."""
    log = structlog.get_logger()
    while True:
        try:
            for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=_DEAD_AFTER_SECONDS):
                await app.job_manager.retry_job(job)
            queues = await app.job_manager.list_queues_async()
            if not any(queue["todo"] + queue["doing"] for queue in queues):
                await asyncio.to_thread(look_after)
        except Exception as error:  # noqa: BLE001 - a database that is away for a while must not end the worker
            log.error("work_queue", kind=type(error).__name__)  # noqa: TRY400 - no trace each time
        await asyncio.sleep(_LOOKS_EVERY_SECONDS)
