"""Jobs for worker processes that do what no honest job does."""

import os
import pickle
import resource
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

from signing.errors import MalformedDataError, ResourceLimitError
from signing.validation.report import Coverage


def add(one, other=0):
    return one + other


def process_id():
    return os.getpid()


def refuse():
    raise MalformedDataError("no good")


def stumble():
    raise KeyError("inside")


def swell():
    return len(bytearray(4 << 30))


def spin():
    while True:
        pass


def hang():
    time.sleep(60)


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def leave():
    os._exit(0)


def flood():
    return bytes(1 << 22)


def bring_code():
    """An answer that would run a command where it is taken in."""
    return pickle.PickleBuffer, Trap()


class Trap:
    def __reduce__(self):
        return os.getpid, ()


def plain_answer():
    return {"coverage": Coverage.ENTIRE_FILE, "limits": (1, b"x", None, 2.5)}


def open_socket():
    return socket.socket()


def connect():
    return socket.create_connection(("127.0.0.1", 9))


def run_program():
    return subprocess.run(["true"], check=True)


def run_shell():
    return os.system("true")


def fork():
    return os.fork()


def write_file(path):
    Path(path).write_text("x")


def append_to_open_descriptor():
    os.write(1, b"noise between the frames\n")
    print("more noise")
    return "heard nothing"


def start_thread():
    found = []
    thread = threading.Thread(target=lambda: found.append(1))
    thread.start()
    thread.join()
    return found


def environment():
    return dict(os.environ)


def limits():
    return resource.getrlimit(resource.RLIMIT_AS)[0], resource.getrlimit(resource.RLIMIT_CORE)[0]


def over():
    raise ResourceLimitError("too much")
