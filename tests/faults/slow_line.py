"""A line to a server that can be made slow, silent, or cut: a TCP port of this machine that hands on to a Unix socket."""

import contextlib
import socket
import threading
import time
from socketserver import BaseRequestHandler, ThreadingTCPServer

_PIECE = 65536


class SlowLine(ThreadingTCPServer):
    """``delay`` is how long each piece of an answer is held back; while it is ``shut`` nobody gets through."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, target):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.target, self.delay, self.shut = target, 0.0, False
        self._open, self._lock = set(), threading.Lock()
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def port(self):
        """Where it listens."""
        return self.server_address[1]

    def cut(self):
        """Break every connection, and let none through until ``mend``."""
        self.shut = True
        with self._lock:
            for each in self._open:
                with contextlib.suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)

    def mend(self):
        """Let connections through again, at once."""
        self.shut, self.delay = False, 0.0

    def end(self):
        """Stop for good."""
        self.cut()
        self.shutdown()
        self.server_close()

    def handle_error(self, request, client_address):
        """Broken connections are what this is for."""

    def join(self, caller):
        """Hand on both ways until one side ends."""
        if self.shut:
            return
        with socket.socket(socket.AF_UNIX) as server:
            server.connect(self.target)
            with self._lock:
                self._open |= {caller, server}
            there = threading.Thread(target=self._hand_on, args=(caller, server, False), daemon=True)
            there.start()
            self._hand_on(server, caller, True)
            there.join()
            with self._lock:
                self._open -= {caller, server}

    def _hand_on(self, source, target, is_answer):
        with contextlib.suppress(OSError):
            while piece := source.recv(_PIECE):
                if is_answer and self.delay:
                    time.sleep(self.delay)
                target.sendall(piece)
        for each in (source, target):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)


class _Handler(BaseRequestHandler):
    def handle(self):
        self.server.join(self.request)
