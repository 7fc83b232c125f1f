"""A log record is one line of JSON with the ids of the current work."""

import io
import json
import logging
import sys
from collections.abc import Iterator
from uuid import UUID

import pytest

from reporting_pipeline.telemetry.json_log import JsonFormatter, log_as_json, log_ids

LOG = logging.getLogger("reporting_pipeline.tests")


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """Receives the log of this test."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    stream = io.StringIO()
    log_as_json(stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)


def records(stream: io.StringIO) -> list[dict[str, str]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_record_has_the_ids_of_the_current_work(stream: io.StringIO) -> None:
    with log_ids(run_id="r1", organization_id=UUID(int=1)), log_ids(report_id=7, run_id=None):
        LOG.warning("held: %s", "a break")
    LOG.info("later")
    held, later = records(stream)
    assert held["message"] == "held: a break"
    assert held["level"] == "WARNING"
    assert held["at"].endswith("+00:00")
    assert (held["run_id"], held["report_id"]) == ("r1", "7")
    assert held["organization_id"] == str(UUID(int=1))
    assert "run_id" not in later


def test_an_error_and_its_traceback_are_on_one_line(stream: io.StringIO) -> None:
    try:
        int("x")
    except ValueError:
        LOG.exception("two\nlines")
    [logged] = records(stream)
    assert logged["message"] == "two\nlines"
    assert "ValueError: invalid literal" in logged["error"]


def test_a_second_call_does_not_write_records_twice(stream: io.StringIO) -> None:
    log_as_json(sys.stderr)
    LOG.warning("once")
    assert [each["message"] for each in records(stream)] == ["once"]


def test_an_argument_of_any_type_can_be_logged() -> None:
    record = logging.LogRecord("x", logging.INFO, "f", 1, "%s", (object(),), None)
    assert json.loads(JsonFormatter().format(record))["message"].startswith("<object")


def test_the_progress_of_migrations_is_not_logged(stream: io.StringIO) -> None:
    logging.getLogger("alembic.runtime.migration").info("Context impl PostgresqlImpl.")
    assert records(stream) == []
