"""Logs as JSON, one object per line, with the ids of the current work.

    {"at": "2026-01-01T12:00:00.123456+00:00", "level": "ERROR", "logger": "reporting_pipeline...",
     "message": "...", "run_id": "...", "organization_id": "...", "report_id": "..."}

Within an exported trace a record also has `trace_id`. Code that starts work on a run, report or
request sets its ids once (`log_ids`); then every record of this thread has them, also the records
of libraries.
"""

import json
import logging
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TextIO

from opentelemetry import trace
from typing_extensions import override

_NO_IDS: Mapping[str, str] = MappingProxyType({})
_IDS: ContextVar[Mapping[str, str]] = ContextVar("reporting_log_ids", default=_NO_IDS)


@contextmanager
def log_ids(**ids: object) -> Iterator[None]:
    """Add ids to every log record of this thread while the context is open.

    An id that is None is omitted; an inner id replaces an outer id of the same name. The names in
    use: run_id, organization_id, definition_id, report_id, request_id, call_id.
    """
    added = {name: str(value) for name, value in ids.items() if value is not None}
    token = _IDS.set({**_IDS.get(), **added})
    try:
        yield
    finally:
        _IDS.reset(token)


def current_log_ids() -> Mapping[str, str]:
    """The ids that log records of this thread have now."""
    return _IDS.get()


class JsonFormatter(logging.Formatter):
    """Formats a record as one line of JSON, its time in UTC."""

    @override
    def format(self, record: logging.LogRecord) -> str:
        """The record as JSON, with the current ids."""
        fields = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **_IDS.get(),
        }
        context = trace.get_current_span().get_span_context()
        if context.is_valid:
            fields["trace_id"] = trace.format_trace_id(context.trace_id)
        if record.exc_info:
            fields["error"] = self.formatException(record.exc_info)
        return json.dumps(fields, ensure_ascii=False)


def is_logged_as_json() -> bool:
    """True if this process writes its log as JSON."""
    return any(isinstance(each.formatter, JsonFormatter) for each in logging.getLogger().handlers)


def log_as_json(stream: TextIO = sys.stderr) -> None:
    """Write the log of this process, from INFO, to a stream; a second call changes nothing."""
    if is_logged_as_json():
        return
    root = logging.getLogger()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    logging.getLogger("alembic").setLevel(logging.WARNING)  # it logs each connection
