"""Sending spans to a collector, as the standard variables of OpenTelemetry say.

    OTEL_TRACES_EXPORTER         otlp; anything else, or nothing: none are exported
    OTEL_EXPORTER_OTLP_ENDPOINT  default http://localhost:4318
    OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES, OTEL_TRACES_SAMPLER, OTEL_BSP_...

All but the first are read by the SDK, which `pip install reporting-pipeline[tracing]` brings. Spans
are sent in the background and when the process ends; a collector that is away costs them, and the
work nothing.

What belongs here: whether, and until when. What does not: spans (`spans`).
"""

import importlib.util
from multiprocessing.util import Finalize

from opentelemetry import trace

from reporting_pipeline.errors import SettingsError

_OTLP = "otlp"
_MODULES = ("opentelemetry.sdk", "opentelemetry.exporter.otlp.proto.http")


def export_spans(exporter: str | None, *, service: str) -> None:
    """Begin to export the spans of this process; done again, no change.

    Args:
        exporter: What OTEL_TRACES_EXPORTER says.
        service: What the program is called, unless OTEL_SERVICE_NAME says so.

    Raises:
        SettingsError: They are to be exported, and the SDK is not installed.
    """
    if exporter != _OTLP or _has_provider():
        return
    if not all(map(_is_installed, _MODULES)):
        message = (
            "OTEL_TRACES_EXPORTER is otlp, and the SDK of OpenTelemetry is not installed: "
            "`pip install 'reporting-pipeline[tracing]'`, or set it to none"
        )
        raise SettingsError(message)
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import OTELResourceDetector, Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    told = OTELResourceDetector().detect().attributes
    resource = Resource.create({"service.name": service, **told})
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    # A run of Dagster is a process that ends without `atexit`; this comes at its end too.
    Finalize(None, provider.shutdown, exitpriority=0)


def _has_provider() -> bool:
    return not isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider)


def _is_installed(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # of a package above it
        return False
