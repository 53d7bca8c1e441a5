"""Traces for who wants them (OpenTelemetry): off unless an address is set, and then nothing of it is even imported.

A span names what was done and how it ended: never a licence, holder, caller or path. Its context comes in and goes out as the
header ``traceparent`` (W3C Trace Context).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from gateway.errors import ConfigurationError

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import SpanProcessor
    from opentelemetry.sdk.trace.export import SpanExporter

Attribute = str | int | float | bool
_SERVICE = "licence-gateway"
_HINT = "Install what requirements-tracing.lock names, or unset GATEWAY_TRACE_ENDPOINT."
_OFF: AbstractContextManager[None] = nullcontext()


class _Tracing:
    """The tracer of this process; None while traces are off."""

    tracer: Any = None
    stop: Callable[[], None] = staticmethod(lambda: None)


def is_on() -> bool:
    """Whether spans are made."""
    return _Tracing.tracer is not None


def span(name: str, **attributes: Attribute) -> AbstractContextManager[Any]:
    """What the block does, as a part of what goes on around it. An error that ends the block is named by its kind alone."""
    tracer = _Tracing.tracer
    return _OFF if tracer is None else _recorded(tracer, name, attributes)


@contextmanager
def _recorded(tracer: Any, name: str, attributes: Mapping[str, Attribute]) -> Iterator[Any]:
    # Its own way to record an error would keep the message, which may name someone.
    with tracer.start_as_current_span(
        name, attributes=attributes, record_exception=False, set_status_on_exception=False
    ) as made:
        try:
            yield made
        except BaseException as error:
            fail(made, type(error).__name__)
            raise


def begun(name: str, headers: Iterable[tuple[str, str]] | None = None, **attributes: Attribute) -> "Begun | None":
    """A span that ends by ``Begun.end``; part of the trace that ``headers`` name, if any. None while traces are off."""
    return None if _Tracing.tracer is None else Begun(name, headers, attributes)


class Begun:
    """A span that goes on, and is what later ones of this thread are a part of where it came with headers."""

    def __init__(
        self, name: str, headers: Iterable[tuple[str, str]] | None, attributes: Mapping[str, Attribute]
    ) -> None:
        from opentelemetry import context, trace  # noqa: PLC0415 - only where traces are on

        around = None if headers is None else _propagator().extract({name.lower(): value for name, value in headers})
        kind = trace.SpanKind.INTERNAL if headers is None else trace.SpanKind.SERVER
        self._span = _Tracing.tracer.start_span(name, context=around, kind=kind, attributes=attributes)
        self._token = None if headers is None else context.attach(trace.set_span_in_context(self._span))

    def end(self, *, failed: str = "", **attributes: Attribute) -> None:
        """End it; ``failed`` is the kind of the error that ended it."""
        from opentelemetry import context  # noqa: PLC0415 - only where traces are on

        self._span.set_attributes(attributes)
        if failed:
            fail(self._span, failed)
        self._span.end()
        if self._token is not None:
            context.detach(self._token)


def fail(made: Any, kind: str) -> None:
    """Mark a span as one that an error of this kind ended."""
    from opentelemetry.trace import Status, StatusCode  # noqa: PLC0415 - only where traces are on

    made.set_attribute("error.type", kind)
    made.set_status(Status(StatusCode.ERROR))


def outgoing() -> dict[str, str]:
    """Headers that hand the trace on; none while traces are off, or outside of any span."""
    headers: dict[str, str] = {}
    if _Tracing.tracer is not None:
        _propagator().inject(headers)
    return headers


def start(endpoint: str | None, share: float, *, exporter: "SpanExporter | None" = None) -> None:
    """Make spans in this process from now on, and send them to ``endpoint`` (OTLP over HTTP); nothing without one.

    ``share`` of the traces that begin here are kept; of those that come in, whoever began them decided. ``exporter`` takes them
    instead, at once. ConfigurationError when the packages are not installed.
    """
    if endpoint is None and exporter is None:
        return
    try:
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415 - only where traces are on
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased  # noqa: PLC0415

        processor = _processor(endpoint, exporter)
    except ImportError as error:
        raise ConfigurationError(f"没有安装链路追踪组件。Traces need packages: {error.name}.", hint=_HINT) from error
    stop()
    provider = TracerProvider(
        resource=Resource({"service.name": _SERVICE}),
        sampler=ParentBased(TraceIdRatioBased(share)),
        shutdown_on_exit=True,
    )
    provider.add_span_processor(processor)
    _Tracing.tracer, _Tracing.stop = provider.get_tracer(_SERVICE), provider.shutdown


def stop() -> None:
    """Send what waits, and make no more spans."""
    _Tracing.stop()
    _Tracing.tracer, _Tracing.stop = None, lambda: None


def _processor(endpoint: str | None, exporter: "SpanExporter | None") -> "SpanProcessor":
    from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor  # noqa: PLC0415 - as above

    if exporter is not None:
        return SimpleSpanProcessor(exporter)
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415 - as above

    return BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint))


def _propagator() -> Any:
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator  # noqa: PLC0415 - as above

    return TraceContextTextMapPropagator()
