"""Expected errors become failures with their message; only transient ones are retried."""

import json
import logging

import dagster as dg
import pytest

from reporting_pipeline.errors import ReportingError, SourceContractBroken, SourceUnavailable
from reporting_pipeline.orchestration.assets.steps import step_failures
from reporting_pipeline.telemetry.json_log import JsonFormatter


@pytest.mark.parametrize(
    ("error", "is_retried"), [(SourceUnavailable, True), (SourceContractBroken, False)]
)
def test_an_error_fails_the_step_with_its_message_and_facts(
    error: type[ReportingError], is_retried: bool
) -> None:
    message = "source ledger is down"
    with pytest.raises(dg.Failure) as raised, step_failures():
        raise error(message, domain="ledger")

    assert raised.value.description == message
    assert raised.value.metadata["domain"].value == "ledger"
    assert raised.value.allow_retries is is_retried


def test_an_unexpected_error_is_not_changed() -> None:
    with pytest.raises(ZeroDivisionError), step_failures():
        raise ZeroDivisionError


def test_log_records_of_a_step_have_the_id_of_the_run() -> None:
    lines: list[dict[str, str]] = []

    @dg.asset
    def logs() -> None:
        with step_failures():
            record = logging.LogRecord("x", logging.INFO, "f", 1, "working", (), None)
            lines.append(json.loads(JsonFormatter().format(record)))

    result = dg.materialize([logs], instance=dg.DagsterInstance.ephemeral())
    assert [each["run_id"] for each in lines] == [result.run_id]
