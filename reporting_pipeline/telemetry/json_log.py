"""Logs as JSON, one object per line, with the ids of what is worked on.

    {"at": "2026-01-01T12:00:00.123456+00:00", "level": "ERROR", "logger": "reporting_pipeline...",
     "message": "...", "run_id": "...", "organization_id": "...", "report_id": "..."}

Within a trace that is exported, `trace_id` too. Whoever begins to work on something says its ids
once (`log_ids`); every record of that thread bears them, those of libraries too.

What belongs here: the form of a record. What does not: which records there are.
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

_NOTHING: Mapping[str, str] = MappingProxyType({})
_IDS: ContextVar[Mapping[str, str]] = ContextVar("reporting_log_ids", default=_NOTHING)


@contextmanager
def log_ids(**ids: object) -> Iterator[None]:
    """Let every log record of this thread bear ids meanwhile: run_id, organization_id, report_id.

    An id that is None is left out; an inner one replaces an outer one of the same name.
    """
    added = {name: str(value) for name, value in ids.items() if value is not None}
    token = _IDS.set({**_IDS.get(), **added})
    try:
        yield
    finally:
        _IDS.reset(token)


def logged_ids() -> Mapping[str, str]:
    """The ids that records of this thread bear now."""
    return _IDS.get()


class JsonFormatter(logging.Formatter):
    """A record as one line of JSON, its time in UTC."""

    @override
    def format(self, record: logging.LogRecord) -> str:
        """The record with the ids of what is worked on."""
        told = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **_IDS.get(),
        }
        traced = trace.get_current_span().get_span_context()
        if traced.is_valid:
            told["trace_id"] = trace.format_trace_id(traced.trace_id)
        if record.exc_info:
            told["error"] = self.formatException(record.exc_info)
        return json.dumps(told, ensure_ascii=False)


def log_as_json(stream: TextIO = sys.stderr) -> None:
    """Write the log of this process, from INFO on, to a stream as JSON; done again, no change."""
    root = logging.getLogger()
    if any(isinstance(each.formatter, JsonFormatter) for each in root.handlers):
        return
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
