"""Receivers of deliveries for tests: real HTTP servers on this machine that do what they are told.

``python -m tests.receivers ADDRESS PORT FILE`` takes everything, and writes each event with the address it came from to a file.
"""

import json
import sys
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class Receiver:
    """Takes POSTs and keeps them in order. ``answers`` are used up one a request: a status, ``"slow"``, or ``"lost"``
    (taken, and the connection closed without an answer); when there are none left it says 200.
    """

    def __init__(self):
        self.taken, self.answers, self.slow_seconds = [], [], 3.0
        self.per_path, self.lock = {}, threading.Lock()

    @property
    def events(self):
        return [json.loads(body) for _, _, body in self.taken]

    def take(self, handler):
        body = handler.rfile.read(int(handler.headers["Content-Length"]))
        with self.lock:
            answer = self.answers.pop(0) if self.answers else 200
            if answer in (200, "lost", "slow"):
                self.taken.append((handler.path, dict(handler.headers.items()), body))
        return answer


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    receiver = None

    def do_POST(self):
        answer = self.receiver.take(self)
        if answer == "slow":
            time.sleep(self.receiver.slow_seconds)
        if answer in ("lost", "slow"):
            self.close_connection = True
            return
        self.send_response(answer)
        if answer == 307:
            self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments):
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 64

    def handle_error(self, request, client_address):
        pass


@contextmanager
def receiving(receiver=None, port=0):
    """A running receiver, and its address."""
    receiver = receiver or Receiver()
    handler = type("Handler", (_Handler,), {"receiver": receiver})
    with _Server(("127.0.0.1", port), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            receiver.port = server.server_port
            receiver.url = f"http://127.0.0.1:{server.server_port}/hooks"
            yield receiver
        finally:
            server.shutdown()
            thread.join()


class Recorder(Receiver):
    """Takes everything; what it took is in the file before it says so."""

    def __init__(self, path):
        super().__init__()
        self._file = Path(path).open("a", buffering=1)  # noqa: SIM115 - open for as long as the process lives

    def take(self, handler):
        body = handler.rfile.read(int(handler.headers["Content-Length"]))
        with self.lock:
            self._file.write(json.dumps([json.loads(body), handler.client_address[0]]) + "\n")
        return 200


if __name__ == "__main__":
    address, port, path = sys.argv[1:]
    _Server((address, int(port)), type("Handler", (_Handler,), {"receiver": Recorder(path)})).serve_forever()
