"""The production WSGI server: gunicorn with sync workers, which it kills when a handler hangs."""

import ssl
import threading
import time
from typing import Any

import structlog
from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.workers.sync import SyncWorker

from gateway.api.licence_batches import ALIVE
from gateway.app import create_app
from gateway.container import Container
from gateway.settings import Settings

_TIMEOUT_SECONDS = 60
_GRACE_SECONDS = 30
_LOG_SECONDS = 1.0
"""How often the transparency log takes in what was recorded since."""


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
        self._options: dict[str, Any] = {
            "bind": bind,
            "workers": workers,
            "worker_class": StreamingWorker,
            "timeout": _TIMEOUT_SECONDS,
            "graceful_timeout": _GRACE_SECONDS,
            "control_socket_disable": True,
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
        container = Container(self._settings)
        container.deps.workers.warm()
        threading.Thread(target=keep_log, args=(container,), name="transparency-log", daemon=True).start()
        return create_app(container)


def _tls(settings: Settings) -> dict[str, Any]:
    """Options for a server that ends TLS itself; a client may show its certificate, and need not (RFC 8705)."""
    if settings.tls_certificate_file is None:
        return {}
    options = {"certfile": settings.tls_certificate_file, "keyfile": settings.tls_key_file}
    if settings.tls_client_ca_file is not None:
        options["ca_certs"] = settings.tls_client_ca_file
    given = {name: str(path) for name, path in options.items() if path is not None}
    return given | ({"cert_reqs": ssl.CERT_OPTIONAL} if "ca_certs" in given else {})


def keep_log(container: Container) -> None:
    """Sequence the transparency log for ever, in a thread of each worker process.

    An event waits for one round at most. Whatever goes wrong is logged and tried again: the log is behind then, and
    issuing goes on.
    """
    log = structlog.get_logger()
    while True:
        try:
            container.log.sequence()
        except Exception as error:  # noqa: BLE001 - the thread must outlive a database or key that is away for a while
            log.error("transparency_log", kind=type(error).__name__, message=str(error))  # noqa: TRY400 - no trace each second
        time.sleep(_LOG_SECONDS)


def serve(settings: Settings, *, bind: str, workers: int) -> None:
    """Serve until stopped."""
    _Server(settings, bind, workers).run()
