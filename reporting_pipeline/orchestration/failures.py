"""Errors of the layers below as failures of a step: one clear message, retried where that may help.

What belongs here: how an error looks in a run, and what is read of it there. What does not:
discrepancies, which are check results.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg
from dagster._core.events import JobFailureData
from dagster._core.execution.plan.objects import StepFailureData

from reporting_pipeline.errors import ReportingError, SourceError
from reporting_pipeline.telemetry.json_log import log_ids
from reporting_pipeline.telemetry.spans import span

# A server that restarts is back within a minute; longer outages are the next run's.
RETRIES = dg.RetryPolicy(max_retries=2, delay=20, backoff=dg.Backoff.EXPONENTIAL)

TOLD_BY = "told_by"
"""Metadata of a failure whose cause has an alert of its own: what tells of it."""


@contextmanager
def step_failures() -> Iterator[None]:
    """Let an expected error fail the step with its message, at once unless it is retryable.

    What is logged meanwhile bears the run's id.
    """
    try:
        with log_ids(run_id=_run_id()), span("step"):
            yield
    except ReportingError as error:
        facts = {name: str(value) for name, value in error.facts.items()}
        if isinstance(error, SourceError):  # landing has written it down
            facts[TOLD_BY] = "an alert of the source"
        raise dg.Failure(
            description=error.message, metadata=facts, allow_retries=error.retryable
        ) from error


def is_told_elsewhere(event: dg.DagsterEvent) -> bool:
    """Whether the cause of a step's failure has an alert of its own."""
    data = event.step_failure_data.user_failure_data
    return data is not None and TOLD_BY in data.metadata


def reason_of(event: dg.DagsterEvent) -> str:
    """Why a step or a run failed: what its failure says, or the first cause of a fault."""
    data = event.event_specific_data  # None of a run that was ended from outside
    told = data.user_failure_data if isinstance(data, StepFailureData) else None
    if told is not None and told.description is not None:
        return told.description
    error = data.error if isinstance(data, StepFailureData | JobFailureData) else None
    while error is not None and error.cause is not None:
        error = error.cause
    message = error.message if error is not None else event.message
    return (message or "no reason was recorded").strip()


def _run_id() -> str | None:
    try:
        return dg.OpExecutionContext.get().run_id
    except dg.DagsterInvariantViolationError:  # no step is running: a test
        return None
