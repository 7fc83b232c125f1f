"""Spans: what belongs to one piece of work, how long each part took, and what failed.

    with span("report", slug=definition.slug, period=period.token):
        ...

A span bears the ids that log records bear (`log_ids`), as `reporting.organization_id`. The API of
OpenTelemetry is all that is needed: without an SDK a span is nothing. A platform that runs this
package and has one sees our spans within its own; our own programs export theirs where the
environment says so (`span_export`).

What belongs here: making spans. What does not: where they go.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry import trace

from reporting_pipeline.telemetry.json_log import logged_ids

_PREFIX = "reporting"
_TRACER = trace.get_tracer("reporting_pipeline")


@contextmanager
def span(name: str, **attributes: str | int) -> Iterator[None]:
    """A span over what is done meanwhile; an error that passes through it is noted on it."""
    with _TRACER.start_as_current_span(name):
        tell_span(**{**logged_ids(), **attributes})
        yield


def tell_span(**attributes: str | int) -> None:
    """Note on the innermost span what has come of it."""
    current = trace.get_current_span()
    if current.is_recording():
        for key, value in attributes.items():
            current.set_attribute(f"{_PREFIX}.{key}", value)
