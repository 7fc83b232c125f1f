"""Errors of the layers below as failures of a step: one clear message, retried where that may help.

What belongs here: how an error looks in a run. What does not: discrepancies, which are check
results.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from reporting_pipeline.errors import ReportingError
from reporting_pipeline.telemetry.json_log import log_ids

# A server that restarts is back within a minute; longer outages are the next run's.
RETRIES = dg.RetryPolicy(max_retries=2, delay=20, backoff=dg.Backoff.EXPONENTIAL)


@contextmanager
def step_failures() -> Iterator[None]:
    """Let an expected error fail the step with its message, at once unless it is retryable.

    What is logged meanwhile bears the run's id.
    """
    try:
        with log_ids(run_id=_run_id()):
            yield
    except ReportingError as error:
        facts = {name: str(value) for name, value in error.facts.items()}
        raise dg.Failure(
            description=error.message, metadata=facts, allow_retries=error.retryable
        ) from error


def _run_id() -> str | None:
    try:
        return dg.OpExecutionContext.get().run_id
    except dg.DagsterInvariantViolationError:  # no step is running: a test
        return None
