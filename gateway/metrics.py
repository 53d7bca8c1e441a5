"""Every metric that is counted as things happen (docs/monitoring.md); what is asked of the register stands in
``services/measurements.py``.

Labels are words of fixed lists, routes, names of the configuration: none names a licence, a holder or a caller, and the number
of series is bounded. Each metric has a label, so that no value is made before it is settled where values are kept
(``persistence/metric_files.py``).
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics

disable_created_metrics()
REGISTRY = CollectorRegistry()
_FAST = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
"""Seconds: what a person waits for."""
_OUTSIDE = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Seconds: what another system is asked."""

REQUESTS = Counter("gateway_requests", "Requests by route and status.", ("route", "status"), registry=REGISTRY)
REQUEST_SECONDS = Histogram(
    "gateway_request_duration_seconds", "Time to answer by route.", ("route",), registry=REGISTRY, buckets=_FAST
)
ERRORS = Counter(
    "gateway_errors", "Requests that ended with an error of ours, by its code.", ("code",), registry=REGISTRY
)
ISSUED = Counter(
    "gateway_licences_issued",
    "Versions of licences issued, by why, and samples apart.",
    ("kind", "is_sample"),
    registry=REGISTRY,
)
ISSUE_SECONDS = Histogram(
    "gateway_issue_duration_seconds",
    "Time to draft a version (render and sign) and to record one or several.",
    ("step",),
    registry=REGISTRY,
    buckets=_FAST,
)
VERIFICATIONS = Counter(
    "gateway_verifications", "Presented files by what came of it.", ("genuine", "in_force"), registry=REGISTRY
)
VERIFICATION_SECONDS = Histogram(
    "gateway_verification_duration_seconds",
    "Time to verify a presented file.",
    ("kind",),
    registry=REGISTRY,
    buckets=_FAST,
)
RESOLUTIONS = Counter(
    "gateway_resolutions", "Codes resolved, by kind of code and outcome.", ("code_class", "outcome"), registry=REGISTRY
)
LIST_SECONDS = Histogram(
    "gateway_list_duration_seconds",
    "Time to say what an enterprise holds: held without asking the database, warm when nothing had changed, else cold.",
    ("cache",),
    registry=REGISTRY,
    buckets=_FAST,
)
SIGNATURES = Counter(
    "gateway_signatures",
    "Signatures that keys were let make, by purpose and algorithm.",
    ("purpose", "algorithm"),
    registry=REGISTRY,
)
SIGNATURES_REFUSED = Counter(
    "gateway_signatures_refused",
    "Signatures that were not made since their use could not be logged.",
    ("purpose",),
    registry=REGISTRY,
)
TIMESTAMPS = Counter(
    "gateway_timestamps", "Time-stamps asked for, by source and outcome.", ("source", "outcome"), registry=REGISTRY
)
TIMESTAMP_SECONDS = Histogram(
    "gateway_timestamp_duration_seconds",
    "Time until a time-stamp came.",
    ("source",),
    registry=REGISTRY,
    buckets=_OUTSIDE,
)
TIMESTAMP_AT = Gauge(
    "gateway_timestamp_last_success_timestamp_seconds",
    "When the last time-stamp came.",
    ("source",),
    registry=REGISTRY,
    multiprocess_mode="max",
)
DELIVERIES = Counter(
    "gateway_delivery_attempts",
    "Attempts to deliver events, by kind of receiver and outcome.",
    ("kind", "outcome"),
    registry=REGISTRY,
)
DELIVERY_SECONDS = Histogram(
    "gateway_delivery_duration_seconds",
    "Time of an attempt to deliver.",
    ("kind",),
    registry=REGISTRY,
    buckets=_OUTSIDE,
)
CONVERTED = Counter(
    "gateway_conversion_rows",
    "Rows of registers of paper licences that were settled, by status.",
    ("status",),
    registry=REGISTRY,
)
CODE_SYSTEM_ANSWERS = Counter(
    "gateway_code_system_answers", "Answers of other systems.", ("system", "outcome"), registry=REGISTRY
)
CODE_SYSTEM_LEFT_ALONE = Gauge(
    "gateway_code_system_left_alone",
    "1 while a system is left alone after failures.",
    ("system",),
    registry=REGISTRY,
    multiprocess_mode="livemax",
)
BACKGROUND_AT = Gauge(
    "gateway_background_last_round_timestamp_seconds",
    "When a round of background work last ended well.",
    ("task",),
    registry=REGISTRY,
    multiprocess_mode="max",
)
BACKGROUND_FAILURES = Counter(
    "gateway_background_failures", "Rounds of background work that failed.", ("task",), registry=REGISTRY
)
DATABASE_CONNECTIONS = Gauge(
    "gateway_database_connections",
    "Connections to the database: open, and in_use of these.",
    ("state",),
    registry=REGISTRY,
    multiprocess_mode="livesum",
)
DATABASE_ERRORS = Counter(
    "gateway_database_errors",
    "Statements that failed: busy (gave way, tried again) or unavailable.",
    ("kind",),
    registry=REGISTRY,
)
STANDBY_LOOK_UPS = Counter(
    "gateway_standby_look_ups",
    "Look-ups that could go to a hot standby: answered there, or by the database itself (absent there, failed there, none "
    "fresh).",
    ("outcome",),
    registry=REGISTRY,
)
STANDBY_LEFT_ALONE = Gauge(
    "gateway_standby_left_alone",
    "1 while a hot standby is left alone since it failed or did not answer in time, by its place in the setting.",
    ("standby",),
    registry=REGISTRY,
    multiprocess_mode="livemax",
)
METRICS = (
    REQUESTS,
    REQUEST_SECONDS,
    ERRORS,
    ISSUED,
    ISSUE_SECONDS,
    VERIFICATIONS,
    VERIFICATION_SECONDS,
    RESOLUTIONS,
    LIST_SECONDS,
    SIGNATURES,
    SIGNATURES_REFUSED,
    TIMESTAMPS,
    TIMESTAMP_SECONDS,
    TIMESTAMP_AT,
    DELIVERIES,
    DELIVERY_SECONDS,
    CONVERTED,
    CODE_SYSTEM_ANSWERS,
    CODE_SYSTEM_LEFT_ALONE,
    BACKGROUND_AT,
    BACKGROUND_FAILURES,
    DATABASE_CONNECTIONS,
    DATABASE_ERRORS,
    STANDBY_LOOK_UPS,
    STANDBY_LEFT_ALONE,
)


@contextmanager
def timed(histogram: Histogram, *labels: str) -> Iterator[None]:
    """Observe how long the block takes, where it ends without an error."""
    started = time.perf_counter()
    yield
    histogram.labels(*labels).observe(time.perf_counter() - started)
