"""The production WSGI server: gunicorn with sync workers, which it kills when a handler hangs."""

import atexit
import gc
import os
import ssl
import sys
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.workers.sync import SyncWorker

from gateway import background, tracing
from gateway.api.licence_batches import ALIVE
from gateway.app import create_app
from gateway.container import Container
from gateway.persistence.metric_files import MetricFiles
from gateway.persistence.visit_counts import VisitCounts
from gateway.settings import Settings

_TIMEOUT_SECONDS = 60
_GRACE_SECONDS = 30
_COLLECT_AFTER = (20_000, 20, 20)
"""Thresholds of the collector's generations."""


class StreamingWorker(SyncWorker):  # type: ignore[misc] # gunicorn has no types
    """A sync worker that lets an answer of many lines say that it still goes on; only one that hangs is killed."""

    def load_wsgi(self) -> None:
        """Hand the application this worker's sign of life."""
        super().load_wsgi()
        application: Any = self.wsgi  # type: ignore[has-type] # gunicorn has no types

        def with_sign_of_life(environ: dict[str, Any], start_response: Any) -> Any:
            environ[ALIVE] = self.notify
            return application(environ, start_response)

        self.wsgi = with_sign_of_life


class _Server(BaseApplication):  # type: ignore[misc] # gunicorn has no types
    def __init__(self, settings: Settings, bind: str, workers: int) -> None:
        self._settings = settings
        # Made before the workers are: what one of them counts, all of them see.
        self._visit_counts = VisitCounts()
        MetricFiles(settings.data_dir).share()
        self._options: dict[str, Any] = {
            "bind": bind,
            "workers": workers,
            "worker_class": StreamingWorker,
            "timeout": _TIMEOUT_SECONDS,
            "graceful_timeout": _GRACE_SECONDS,
            "control_socket_disable": True,
            "worker_exit": _end_worker,
            "proc_name": "licence-gateway",
            "loglevel": settings.log_level.lower(),
        } | _tls(settings)
        super().__init__()

    def load_config(self) -> None:
        """Hand our options to gunicorn."""
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """The application, made in each worker so that no key or connection crosses a fork."""
        # In each worker: what sends traces is a thread, which no fork takes along.
        tracing.start(self._settings.trace_endpoint, self._settings.trace_share)
        container = Container(self._settings, visit_counts=self._visit_counts)
        container.deps.workers.warm()
        background.begin(container)
        application = create_app(container)
        # What was loaded until now stays for good: the collector need not walk over it while someone waits.
        gc.collect()
        gc.freeze()
        # A request makes thousands of objects, nearly none in circles: to look for these every 700 objects takes a
        # twentieth of the time of an issue.
        gc.set_threshold(*_COLLECT_AFTER)
        return application


def _tls(settings: Settings) -> dict[str, Any]:
    """Options for a server that ends TLS itself; a client may show its certificate, and need not (RFC 8705)."""
    if settings.tls_certificate_file is None:
        return {}
    options = {"certfile": settings.tls_certificate_file, "keyfile": settings.tls_key_file}
    if settings.tls_client_ca_file is not None:
        options["ca_certs"] = settings.tls_client_ca_file
    given = {name: str(path) for name, path in options.items() if path is not None}
    return given | ({"cert_reqs": ssl.CERT_OPTIONAL} if "ca_certs" in given else {})


def _end_worker(_server: object, worker: SyncWorker) -> None:
    """The end of a worker process, once gunicorn is done with it.

    The interpreter is not taken apart: threads of ours are at work in it, and what ``gc.freeze`` set aside is never
    collected, which extension modules report as leaks. What is registered for the end is run, and the exit status kept.
    """
    if worker.pid != os.getpid():
        # Gunicorn's master says so too, of a worker that it finds gone.
        return
    error = sys.exc_info()[1]
    code = error.code if isinstance(error, SystemExit) else 1
    atexit._run_exitfuncs()  # noqa: SLF001 # there is no public way to run them
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(code if isinstance(code, int) else 0)


def serve(settings: Settings, *, bind: str, workers: int) -> None:
    """Serve until stopped. One process at least is kept from those who wait for events."""
    settings = settings.model_copy(update={"event_waiters": min(settings.event_waiters, workers - 1)})
    _Server(settings, bind, workers).run()
