"""A warehouse without rows, in which tests of telemetry count, and spans that are kept."""

import psycopg
import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from reporting_pipeline.telemetry import spans


@pytest.fixture
def begun(rolled_back: psycopg.Connection) -> psycopg.Connection:
    """In a transaction already: outside one, figures are kept at once, and would stay."""
    rolled_back.execute("select 1")
    return rolled_back


@pytest.fixture
def kept_spans(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    """The spans that end while a test runs; a process has one provider, which stays as it is."""
    kept = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(kept))
    monkeypatch.setattr(spans, "_TRACER", provider.get_tracer("tests"))
    return kept
