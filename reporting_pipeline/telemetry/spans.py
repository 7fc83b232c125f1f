"""OpenTelemetry spans: making them, and exporting them to a collector.

    with span("report", slug=definition.slug, period=period.token):
        ...

A span carries the ids of `log_ids` as attributes, such as `reporting.organization_id`. Only the
OpenTelemetry API is needed; without an SDK a span does nothing. In a platform that has an SDK, our
spans are part of its traces. Our own programs export their spans if the environment says so:

    OTEL_TRACES_EXPORTER         otlp; with any other value, or none, nothing is exported
    OTEL_EXPORTER_OTLP_ENDPOINT  default http://localhost:4318
    OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES, OTEL_TRACES_SAMPLER, OTEL_BSP_...

The SDK, which `pip install reporting-pipeline[tracing]` installs, reads all of these but the first.
It sends spans in the background and when the process ends. If the collector cannot be reached, its
spans are lost and the work continues.
"""

import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.util import Finalize

from opentelemetry import trace

from reporting_pipeline.errors import SettingsError
from reporting_pipeline.telemetry.json_log import current_log_ids

_PREFIX = "reporting"
_TRACER = trace.get_tracer("reporting_pipeline")
_OTLP = "otlp"
_SDK_MODULES = ("opentelemetry.sdk", "opentelemetry.exporter.otlp.proto.http")


@contextmanager
def span(name: str, **attributes: str | int) -> Iterator[None]:
    """A span over the block; an exception that leaves the block is recorded on the span."""
    with _TRACER.start_as_current_span(name):
        annotate_span(**{**current_log_ids(), **attributes})
        yield


def annotate_span(**attributes: str | int) -> None:
    """Set attributes on the innermost span, each with the prefix `reporting.`."""
    current = trace.get_current_span()
    if current.is_recording():
        for key, value in attributes.items():
            current.set_attribute(f"{_PREFIX}.{key}", value)


def export_spans(exporter: str | None, *, service: str) -> None:
    """Start exporting the spans of this process; a second call changes nothing.

    Args:
        exporter: The value of OTEL_TRACES_EXPORTER.
        service: The name of the program, unless OTEL_SERVICE_NAME is set.

    Raises:
        SettingsError: The exporter is otlp, but the SDK is not installed.
    """
    if exporter != _OTLP or _has_provider():
        return
    if not all(map(_is_installed, _SDK_MODULES)):
        message = (
            "OTEL_TRACES_EXPORTER is otlp, but the OpenTelemetry SDK is not installed: "
            "run `pip install 'reporting-pipeline[tracing]'`, or set it to none"
        )
        raise SettingsError(message)
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import OTELResourceDetector, Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    configured = OTELResourceDetector().detect().attributes
    resource = Resource.create({"service.name": service, **configured})
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    # The process of a Dagster run ends without calling `atexit` functions, but it calls this one.
    Finalize(None, provider.shutdown, exitpriority=0)


def _has_provider() -> bool:
    return not isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider)


def _is_installed(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # a parent package is missing
        return False
