"""The metrics as Prometheus reads them: what processes counted, and what is asked of the register."""

from collections.abc import Iterable
from itertools import chain

from prometheus_client import CollectorRegistry, Metric, generate_latest, start_http_server
from prometheus_client.registry import Collector

from gateway.persistence.metric_files import MetricFiles
from gateway.services.dependencies import Dependencies
from gateway.services.measurements import Measurements


class Metrics(Collector):
    """Gives them out."""

    def __init__(self, deps: Dependencies) -> None:
        self._files = MetricFiles(deps.settings.data_dir)
        self._measurements = Measurements(deps)
        self._registry = CollectorRegistry()
        self._registry.register(self)

    def collect(self) -> Iterable[Metric]:
        """As a registry asks for it."""
        return chain(self._files.collector().collect(), self._measurements.collect())

    def describe(self) -> Iterable[Metric]:
        """Nothing: to be registered is not to be asked."""
        return ()

    def exposition(self) -> bytes:
        """Everything, in the text format."""
        return generate_latest(self._registry)

    def serve(self, address: str) -> None:
        """Give them out at HOST:PORT by a thread of this process. OSError when it cannot be bound."""
        host, _, port = address.rpartition(":")
        start_http_server(int(port), host.strip("[]"), self._registry)
