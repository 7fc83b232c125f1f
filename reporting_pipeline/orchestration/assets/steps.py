"""The step of every asset and check: its owners, its retries, and its failures."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from itertools import islice

import dagster as dg

from reporting_pipeline.due.stale_reports import days_of_scans_alone
from reporting_pipeline.errors import ReportingError, SourceError
from reporting_pipeline.exports.formats import FORMATS
from reporting_pipeline.orchestration.instance.runs import HAS_ALERT
from reporting_pipeline.orchestration.partitions import days_outside
from reporting_pipeline.orchestration.resources import Timing, Warehouse
from reporting_pipeline.telemetry.json_log import log_ids
from reporting_pipeline.telemetry.spans import span
from reporting_pipeline.warehouse.engine import warehouse_connection

PLATFORM_TEAM = "team:data-platform"
"""Owner of the landing tables."""

REPORTING_TEAM = "team:finance-reporting"
"""Owner of everything that is made from them."""

_MAX_KINDS = 3
FILE_KINDS = frozenset(
    islice((each.name.value for each in FORMATS.values() if each.formats_values), _MAX_KINDS)
)
"""Kinds of the assets that make report files: formats for people, as many as Dagster shows."""

# A server that restarts is back within a minute; the next run covers longer outages.
RETRIES = dg.RetryPolicy(max_retries=2, delay=20, backoff=dg.Backoff.EXPONENTIAL)


@contextmanager
def step_failures() -> Iterator[None]:
    """Turn an expected error into a failure with its message; retry only a retryable error.

    Everything that is logged meanwhile has the run's id.

    Raises:
        dagster.Failure: In place of a ReportingError; other errors pass unchanged.
    """
    try:
        with log_ids(run_id=_run_id()), span("step"):
            yield
    except ReportingError as error:
        facts = {name: str(value) for name, value in error.facts.items()}
        if isinstance(error, SourceError):  # landing has recorded it
            facts[HAS_ALERT] = "an alert of the source"
        raise dg.Failure(
            description=error.message, metadata=facts, allow_retries=error.retryable
        ) from error


def device_days(
    warehouse: Warehouse, timing: Timing, partitions: dg.DailyPartitionsDefinition
) -> list[date]:
    """The waiting days of scans alone that have no partition: clocks of devices that are wrong.

    Each run builds and seals them with its own days. So the summary of an event, which counts the
    scans of all its days, agrees with its attendance by day.
    """
    with warehouse_connection(warehouse.address()) as connection:
        found = days_of_scans_alone(connection)
    return days_outside(found, partitions, timing.now())


def _run_id() -> str | None:
    try:
        return dg.OpExecutionContext.get().run_id
    except dg.DagsterInvariantViolationError:  # no step is running: a test
        return None
