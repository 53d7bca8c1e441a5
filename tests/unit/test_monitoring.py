"""What is said of the metrics is what is exported."""

import re

from prometheus_client.parser import text_string_to_metric_families

from gateway.metrics import METRICS, REGISTRY
from gateway.services.measurements import GAUGES
from tests.conftest import container_at
from tests.department_server import ROOT


def exported():
    """Name: type, labels, help of every metric; that of a counter as it is read."""
    counted = {
        metric._name + ("_total" if metric._type == "counter" else ""): (
            metric._type,
            metric._labelnames,
            metric._documentation,
        )
        for metric in METRICS
    }
    return counted | {name: ("gauge", labels, said) for name, (said, labels) in GAUGES.items()}


def test_every_metric_stands_in_the_documentation_with_its_own_words():
    rows = re.findall(r"^\| `(gateway_\w+)` \|(.*)\|$", (ROOT / "docs" / "monitoring.md").read_text(), re.MULTILINE)
    told = {name: [cell.strip() for cell in rest.split(" | ")] for name, rest in rows}
    assert set(told) == set(exported())
    for name, (kind, labels, said) in exported().items():
        words = told[name][1:] if name not in GAUGES else told[name]
        assert words == [", ".join(f"`{label}`" for label in labels), said], name
        assert name in GAUGES or told[name][0].lstrip("| ") == kind


def test_every_metric_is_in_the_list_and_has_a_label_where_processes_count():
    assert set(METRICS) == set(REGISTRY._collector_to_names)
    assert all(metric._labelnames for metric in METRICS)


def test_a_gateway_exports_what_is_asked_of_its_register(issued):
    issued.log.sequence()
    container = container_at(issued.settings.data_dir)
    families = text_string_to_metric_families(container.metrics.exposition().decode())
    found = {family.name for family in families if family.name in GAUGES}
    # Of what is not there (a conversion, a receiver, a backlog, a kept check) there is no age.
    absent = {
        "gateway_log_queue_oldest_timestamp_seconds",
        "gateway_deliveries",
        "gateway_delivery_oldest_timestamp_seconds",
        "gateway_receivers_away",
        "gateway_conversion_oldest_job_timestamp_seconds",
        "gateway_signature_check_oldest_timestamp_seconds",
        "gateway_status_list_oldest_timestamp_seconds",
    }
    assert set(GAUGES) - found <= absent
    container.deps.engine.dispose()
