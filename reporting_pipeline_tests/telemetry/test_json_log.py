"""A log record is one line of JSON that says what was worked on."""

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
    """Where the log of this test goes."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    stream = io.StringIO()
    log_as_json(stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)


def records(stream: io.StringIO) -> list[dict[str, str]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_record_bears_the_ids_of_what_is_worked_on(stream: io.StringIO) -> None:
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


def test_an_error_stays_on_its_line(stream: io.StringIO) -> None:
    try:
        int("x")
    except ValueError:
        LOG.exception("two\nlines")
    [told] = records(stream)
    assert told["message"] == "two\nlines"
    assert "ValueError: invalid literal" in told["error"]


def test_asked_again_it_writes_each_record_once(stream: io.StringIO) -> None:
    log_as_json(sys.stderr)
    LOG.warning("once")
    assert [each["message"] for each in records(stream)] == ["once"]


def test_a_value_that_is_no_text_is_still_a_record() -> None:
    record = logging.LogRecord("x", logging.INFO, "f", 1, "%s", (object(),), None)
    assert json.loads(JsonFormatter().format(record))["message"].startswith("<object")
