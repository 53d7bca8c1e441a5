"""The production WSGI server: gunicorn with sync workers, which it kills when a handler hangs.

`serve` begins it by gateway/holder.py, which owns the socket and has another server follow on this one.
"""

import atexit
import contextlib
import gc
import mmap
import os
import signal
import socket
import ssl
import sys
import time
from pathlib import Path
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.workers.sync import SyncWorker

from certs.errors import CertsError
from gateway import tracing
from gateway.api.health import LEAVING
from gateway.api.licence_batches import ALIVE
from gateway.app import create_app
from gateway.background import Background
from gateway.cli_frame import complain
from gateway.container import Container
from gateway.errors import GatewayError
from gateway.persistence.metric_files import MetricFiles
from gateway.persistence.visit_counts import VisitCounts
from gateway.settings import Settings, read_settings
from signing.errors import SigningError

_TIMEOUT_SECONDS = 60
_GRACE_SECONDS = 30
_REST_SECONDS, _REST_BYTES, _REST_CHUNK = 5.0, 64 * 1024 * 1024, 1 << 16
"""How much, and for how long, is read of a request that was answered before it was read."""


class StreamingWorker(SyncWorker):  # type: ignore[misc] # gunicorn has no types
    """A sync worker that lets an answer of many lines say that it still goes on; only one that hangs is killed."""

    def load_wsgi(self) -> None:
        """Hand the application this worker's sign of life, and whether the server is about to go."""
        super().load_wsgi()
        application: Any = self.wsgi  # type: ignore[has-type] # gunicorn has no types

        def with_signs(environ: dict[str, Any], start_response: Any) -> Any:
            environ[ALIVE] = self.notify
            environ[LEAVING] = self.app.is_leaving
            return application(environ, start_response)

        self.wsgi = with_signs

    def handle_request(self, listener: Any, req: Any, client: socket.socket, addr: Any) -> None:
        """As gunicorn does, and let a client read why its request was refused that sends all of it before it reads."""
        super().handle_request(listener, req, client, addr)
        reader = req.body.reader
        # Of a body without a length its parser is left, of one with a length what is missing.
        if getattr(reader, "length", 0) or getattr(reader, "parser", None):
            _take_the_rest(client)


def _take_the_rest(client: socket.socket) -> None:
    """Read what is still sent, and throw it away. A connection that is closed on unread data is reset, and what was answered is
    lost on its way (RFC 9112, 9.6); gunicorn itself reads 64 KiB.
    """
    until, left = time.monotonic() + _REST_SECONDS, _REST_BYTES
    with contextlib.suppress(OSError):
        client.shutdown(socket.SHUT_WR)
        while left > 0 and (seconds := until - time.monotonic()) > 0:
            client.settimeout(seconds)
            taken = len(client.recv(min(_REST_CHUNK, left)))
            left -= taken or left


class _Master(Arbiter):  # type: ignore[misc] # gunicorn has no types
    """Gunicorn's own, but for the ways in which it ends."""

    def handle_term(self) -> None:
        """Be missed first: `/readyz` says that we go, and everything is answered until whoever asks it has seen that."""
        self.app.leave()
        due = time.monotonic() + self.app.drain_seconds
        while time.monotonic() < due and not self._is_hurried():
            self.reap_workers()
            self.murder_workers()
            self.manage_workers()
        # Its loop then ends each worker as soon as that has answered what it has in hand.
        raise StopIteration

    def handle_usr2(self) -> None:
        """Another server has taken over the socket: whoever comes from now on finds that one."""
        raise StopIteration

    def handle_hup(self) -> None:
        """Nothing: the holder hears it too when a terminal is closed, and begins the next server."""

    def maybe_promote_master(self) -> None:
        """Called about once a second: end with the holder, however that ended, so that the address becomes free."""
        if self.app.holder not in (None, os.getppid()):
            raise StopIteration

    def _is_hurried(self) -> bool:
        return bool(set(self.wait_for_signals(timeout=0.2)) & {signal.SIGTERM, signal.SIGINT, signal.SIGQUIT})


class _Server(BaseApplication):  # type: ignore[misc] # gunicorn has no types
    def __init__(
        self, settings: Settings, bind: str, workers: int, *, holder: int | None = None, ready: int = -1
    ) -> None:
        self._settings = settings
        self.holder = holder
        """Process without which this one ends."""
        self.drain_seconds = settings.drain_seconds
        self._ready = ready
        self._background: Background | None = None
        self._leaving = mmap.mmap(-1, 1)
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
            "post_worker_init": self._tell_ready,
            "worker_exit": _end_worker,
            "proc_name": "licence-gateway",
            "loglevel": settings.log_level.lower(),
        } | _tls(settings)
        super().__init__()

    def load_config(self) -> None:
        """Hand our options to gunicorn."""
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def run(self) -> None:
        """Serve until stopped."""
        _Master(self).run()

    def leave(self) -> None:
        """Tell all workers that the server is about to go."""
        self._leaving[0] = 1

    def is_leaving(self) -> bool:
        """Whether the server is about to go."""
        return self._leaving[0] == 1

    def _tell_ready(self, _worker: SyncWorker) -> None:
        """A worker can answer. Whoever was told of the first ones has closed the pipe when one is replaced."""
        if self._ready >= 0:
            with contextlib.suppress(OSError):
                os.write(self._ready, b".")

    def end_background(self) -> None:
        """In a worker that ends: finish what goes on beside the requests, so that another process can go on at once."""
        if self._background is not None:
            self._background.stop()

    def load(self) -> Flask:
        """The application, made in each worker so that no key or connection crosses a fork."""
        # In each worker: what sends traces is a thread, which no fork takes along.
        tracing.start(self._settings.trace_endpoint, self._settings.trace_share)
        container = Container(self._settings, visit_counts=self._visit_counts)
        container.deps.workers.warm()
        self._background = Background(container)
        application = create_app(container)
        # What was loaded until now stays for good: the collector need not walk over it while someone waits.
        gc.collect()
        gc.freeze()
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
    worker.app.end_background()
    code = error.code if isinstance(error, SystemExit) else 1
    atexit._run_exitfuncs()  # noqa: SLF001 # there is no public way to run them
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(code if isinstance(code, int) else 0)


def serve(settings: Settings, *, bind: str, workers: int, holder: int | None = None, ready: int = -1) -> None:
    """Serve until stopped. One process at least is kept from those who wait."""
    settings = settings.model_copy(update={"waiting_requests": min(settings.waiting_requests, workers - 1)})
    _Server(settings, bind, workers, holder=holder, ready=ready).run()


def main() -> None:
    """What the holder begins. Arguments: the socket and the pipe to tell that workers are ready, as numbers of descriptors; the
    number of workers; and perhaps the data directory.
    """
    socket, ready, workers, *data_dir = sys.argv[1:]
    holder = os.getppid()
    os.set_inheritable(int(ready), False)
    try:
        settings = read_settings(data_dir=Path(data_dir[0]) if data_dir else None)
        container = Container(settings)
        container.installation.require()
        container.installation.publish_trust()
        container.deps.engine.dispose()
    except (GatewayError, CertsError, SigningError, OSError) as error:
        complain(error)
        sys.exit(1)
    serve(settings, bind=f"fd://{socket}", workers=int(workers), holder=holder, ready=int(ready))


if __name__ == "__main__":
    main()
