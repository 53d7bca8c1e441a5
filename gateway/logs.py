"""The log: one JSON object a line, with the id of the request or the name of the work, and nothing that names a person.

Paths, bodies and queries never enter it. Errors do by their kind and the lines of code that they went through; what an error says
is logged of those alone that speak of the gateway itself, and personal numbers, credit codes and licence identifiers are hidden
in whatever is logged.
"""

import logging
import re
import sys
import traceback
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import structlog

from certs.errors import CertsError
from gateway.domain.masking import HIDDEN, mask_text
from gateway.errors import (
    BusyError,
    ConfigurationError,
    KeyUnavailableError,
    LogBrokenError,
    RegistryBusyError,
    RegistryUnavailableError,
    StorageError,
    TimestampsUnavailableError,
)
from gateway.tracing import outgoing

_OF_THE_GATEWAY = (
    BusyError,
    CertsError,
    ConfigurationError,
    KeyUnavailableError,
    LogBrokenError,
    RegistryBusyError,
    RegistryUnavailableError,
    StorageError,
    TimestampsUnavailableError,
)
"""Errors whose words are about disks, keys and databases, not about what someone sent."""
_OURS = frozenset({"event", "level", "timestamp", "request_id", "route", "method", "kind", "task", "work_id", "trace"})
"""Fields that hold words of ours; the others are looked through."""
_CREDIT_CODE = re.compile(r"(?<![0-9A-Za-z])[0-9A-HJ-NP-RTUWXY]{17}[0-9A-Z](?![0-9A-Za-z])")
_IDENTIFIER = re.compile(r"1\.2\.156\.[0-9A-Z.]+")
_MOST_FRAMES = 30

Event = MutableMapping[str, Any]


def configure_logs(level: str = "INFO", *, aside: bool = False) -> None:
    """Set the log of this process up. ``aside``: to standard error, since standard output is for what a command was asked."""
    # Looked up each time: whoever put another stream in its place may have closed that.
    factory = (lambda *_: structlog.PrintLogger(sys.stderr)) if aside else structlog.PrintLoggerFactory()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _frames,
            _unnamed,
            structlog.processors.JSONRenderer(ensure_ascii=False, default=lambda value: type(value).__name__),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level)),
        logger_factory=factory,
        cache_logger_on_first_use=False,
    )


@contextmanager
def logged_as(**names: str) -> Iterator[None]:
    """Whatever this thread logs within bears these names, such as ``task`` and ``work_id``."""
    with structlog.contextvars.bound_contextvars(**names):
        yield


def request_id() -> str:
    """The id of the request, or of the work, that this thread is at; empty outside of any."""
    known = structlog.contextvars.get_contextvars()
    found: str = known.get("request_id") or known.get("work_id") or ""
    return found


def correlation() -> dict[str, str]:
    """Headers by which other systems can name what we asked of them: the id of the request or work, and the trace."""
    found = request_id()
    return {**({"X-Request-Id": found} if found else {}), **outgoing()}


def said(error: BaseException) -> dict[str, str]:
    """What is logged of an error: its kind, and its words where they are about the gateway itself."""
    if isinstance(error, _OF_THE_GATEWAY):
        return {"kind": type(error).__name__, "message": str(error)}
    if isinstance(error, OSError) and error.strerror:
        return {"kind": type(error).__name__, "message": error.strerror}
    return {"kind": type(error).__name__}


def _frames(_logger: object, _method: str, event: Event) -> Event:
    """Where an error came from, without what it says: that may hold a value."""
    error = event.pop("exc_info", None)
    if isinstance(error, BaseException):
        lines = traceback.extract_tb(error.__traceback__)[-_MOST_FRAMES:]
        event["trace"] = [f"{Path(line.filename).name}:{line.lineno} {line.name}" for line in lines]
        causes = []
        while (error := error.__cause__ or error.__context__) is not None:
            causes.append(type(error).__name__)
        event["causes"] = causes
    return event


def _unnamed(_logger: object, _method: str, event: Event) -> Event:
    """Hide what names someone, wherever it got in."""
    for name, value in event.items():
        if name not in _OURS and isinstance(value, str):
            event[name] = hidden(value)
    return event


def hidden(text: str) -> str:
    """``text`` without personal numbers, credit codes and licence identifiers."""
    # The longest first: an identifier holds a credit code.
    return mask_text(_CREDIT_CODE.sub(HIDDEN, _IDENTIFIER.sub(HIDDEN, text)))
