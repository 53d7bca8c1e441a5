"""What is said of the metrics is what is exported."""

import json
import re

import yaml
from prometheus_client.parser import text_string_to_metric_families

from gateway.metrics import METRICS, REGISTRY
from gateway.services.measurements import GAUGES
from tests.conftest import container_at
from tests.department_server import ROOT

FILES = ROOT / "docs" / "monitoring"


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


def expressions():
    """Every question that the dashboard and the alert rules put, with where it stands."""
    dashboard = json.loads((FILES / "grafana-dashboard.json").read_text())
    for panel in dashboard["panels"]:
        yield from ((panel["title"], target["expr"]) for target in panel.get("targets", ()))
    for group in yaml.safe_load((FILES / "prometheus-alerts.yml").read_text())["groups"]:
        yield from ((rule["alert"], rule["expr"]) for rule in group["rules"])


def families(expression):
    """The metrics that it names, as they are listed, each with the labels that are asked of it."""
    for name, asked in re.findall(r"\b(gateway_\w+)(\{[^}]*\})?", expression):
        base = re.sub(r"_(bucket|sum|count)$", "", name)
        found = base if exported().get(base, ("",))[0] == "histogram" else name
        yield found, re.findall(r"(\w+)\s*(?:=|!)", asked)


def test_dashboard_and_alerts_ask_for_what_is_exported_and_for_all_of_it():
    known, seen = exported(), set()
    for where, expression in expressions():
        metrics = dict(families(expression))
        assert metrics or expression.startswith("up{"), where
        assert set(metrics) <= set(known), where
        assert all(set(asked) <= set(known[name][1]) for name, asked in metrics.items()), where
        grouped = {word.strip() for group in re.findall(r"\bby \(([^)]*)\)", expression) for word in group.split(",")}
        assert grouped <= {"le", "instance"}.union(*(known[name][1] for name in metrics)), where
        assert expression.count("(") == expression.count(")"), where
        seen |= set(metrics)
    assert set(known) - seen == set()


def test_every_alert_says_in_both_languages_what_it_is_and_what_to_do():
    [group] = yaml.safe_load((FILES / "prometheus-alerts.yml").read_text())["groups"]
    rules = group["rules"]
    assert len({rule["alert"] for rule in rules}) == len(rules) > 15
    for rule in rules:
        assert rule["labels"]["severity"] in {"warning", "critical"}
        assert re.search(r"[\u4e00-\u9fff].*[A-Za-z]{3}", rule["annotations"]["summary"])
        assert rule["annotations"]["action"]
        labels = set().union(*(known for _, known, _ in (exported()[name] for name, _ in families(rule["expr"]))))
        assert set(re.findall(r"\$labels\.(\w+)", str(rule["annotations"]))) <= labels | {"instance"}


def test_panels_of_the_dashboard_have_their_own_places():
    panels = json.loads((FILES / "grafana-dashboard.json").read_text())["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken = [
        (x, y)
        for place in (panel["gridPos"] for panel in panels)
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(taken) == len(set(taken)) and max(x for x, _ in taken) < 24
