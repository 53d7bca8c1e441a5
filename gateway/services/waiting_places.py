"""Places for requests that wait. Each keeps a process of the server busy, so that only a few may wait at once on a machine."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from gateway.settings import Settings

_FOLDER = "waits"


@contextmanager
def waiting_place(settings: Settings) -> Iterator[bool]:
    """Whether one of the places, which all processes on this machine share, was free; it is held meanwhile.

    A process that dies gives its place back. No process that is started meanwhile inherits it.
    """
    folder = settings.data_dir / _FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    for number in range(settings.waiting_requests):
        descriptor = os.open(folder / str(number), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            continue
        try:
            yield True
        finally:
            os.close(descriptor)
        return
    yield False
