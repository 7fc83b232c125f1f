"""An empty warehouse in a transaction, and a provider that keeps spans."""

import psycopg
import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from reporting_pipeline.telemetry import spans


@pytest.fixture
def begun(rolled_back: psycopg.Connection) -> psycopg.Connection:
    """A connection in an open transaction: outside of one, observations would be committed."""
    rolled_back.execute("select 1")
    return rolled_back


@pytest.fixture
def kept_spans(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    """The spans that end during a test; the provider of the process is not changed."""
    kept = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(kept))
    monkeypatch.setattr(spans, "_TRACER", provider.get_tracer("tests"))
    return kept
