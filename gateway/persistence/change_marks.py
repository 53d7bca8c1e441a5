"""Tells the processes of one machine that one of them committed something, without asking the database."""

import mmap
import os
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, event

CHANGES = "changes"
"""Name of the file in the data directory."""
_LENGTH = 8
_COMMITTED = "committed"


class ChangeMark:
    """Octets in a file that every process with the same data directory maps; each commit replaces them by random ones.

    Whoever reads them before it reads the database, and finds them as they were later on, knows that no process of this machine
    has ended a write in between. Of other machines they say nothing.
    """

    def __init__(self, file: Path) -> None:
        self._memory = _mapped(file)

    def seen(self) -> bytes | None:
        """What stands there now; None where no file can be mapped, so that nothing is known."""
        return None if self._memory is None else self._memory[:_LENGTH]

    def watch(self, engine: Engine) -> None:
        """Change the octets after every commit on this engine, when its connection goes back, before anyone is answered; and when
        the database fails, so that nobody goes on as if it answered.
        """

        def committing(connection: Connection) -> None:
            connection.info[_COMMITTED] = True

        def given_back(_: Any, record: Any) -> None:
            if record.info.pop(_COMMITTED, False):
                self._change()

        event.listen(engine, "commit", committing)
        event.listen(engine, "handle_error", lambda _: self._change())
        event.listen(engine, "checkin", given_back)

    def _change(self) -> None:
        if self._memory is not None:
            self._memory[:_LENGTH] = os.urandom(_LENGTH)


def _mapped(file: Path) -> mmap.mmap | None:
    try:
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            # With its space set aside: where a disk is full, a write into memory without it ends the process.
            os.posix_fallocate(descriptor, 0, _LENGTH)
            return mmap.mmap(descriptor, _LENGTH)
        finally:
            os.close(descriptor)
    except OSError:
        return None
