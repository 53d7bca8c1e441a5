"""Counts what keys and time-stamp services are used for, around those who do it."""

import time
from dataclasses import dataclass

from certs.errors import KeyUseError
from certs.key_uses import KeyUse, KeyUseSink
from gateway.metrics import SIGNATURES, SIGNATURES_REFUSED, TIMESTAMP_AT, TIMESTAMP_SECONDS, TIMESTAMPS
from gateway.tracing import span
from signing.algorithms import SM3_OID
from signing.timestamp import TimestampSource

OWN, PROVIDER = "own", "provider"
"""Sources of time-stamps: the units in this process, or others over HTTP."""


@dataclass(frozen=True)
class CountedUses:
    """Implements ``KeyUseSink``: counts by purpose what another one keeps."""

    sink: KeyUseSink

    def record(self, use: KeyUse) -> None:
        """As the other one."""
        try:
            self.sink.record(use)
        except KeyUseError:
            SIGNATURES_REFUSED.labels(use.purpose).inc()
            raise
        SIGNATURES.labels(use.purpose, use.algorithm).inc()


@dataclass(frozen=True)
class CountedTimestamps:
    """Implements ``TimestampSource``: counts and times what another one does."""

    source: TimestampSource
    name: str
    """``own`` or ``provider``."""

    def stamp(self, imprint: bytes, digest_oid: str = SM3_OID) -> bytes:
        """As the other one."""
        started, outcome = time.perf_counter(), "failed"
        try:
            with span("time-stamp", source=self.name):
                token = self.source.stamp(imprint, digest_oid)
            outcome = "stamped"
        finally:
            TIMESTAMPS.labels(self.name, outcome).inc()
        TIMESTAMP_SECONDS.labels(self.name).observe(time.perf_counter() - started)
        TIMESTAMP_AT.labels(self.name).set(time.time())
        return token
