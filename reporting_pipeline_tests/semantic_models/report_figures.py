"""The figures that a report shows, as what a BI tool has to show for the same groups."""

from datetime import date
from typing import Any
from uuid import UUID

import psycopg

from reporting_pipeline.domain.period import Period
from reporting_pipeline.exports.row_spool import psycopg_statement
from reporting_pipeline.report_definitions.compile import compile_report
from reporting_pipeline.report_definitions.parse import parse_config
from reporting_pipeline.semantic_models.semantic_model import Measure, Rule, SemanticModel

WHOLE = Period(first=date(2020, 1, 1), end=date(2030, 1, 1))
"""A period with all days of the sample books."""


def groups_of(model: SemanticModel) -> tuple[str, ...]:
    """The columns of which some measure needs one value; the event where none does."""
    names = dict.fromkeys(name for each in model.measures for name in each.single)
    return tuple(names) or ("event_id",)


def in_reports(model: SemanticModel) -> list[Measure]:
    """The measures that a grouped report can show."""
    shown = {Rule.SUM, Rule.LAST, Rule.RATIO}
    return [each for each in model.measures if each.rule in shown]


def report_rows(
    connection: psycopg.Connection,
    model: SemanticModel,
    organization_id: UUID,
    period: Period = WHOLE,
) -> dict[tuple[object, ...], dict[str, Any]]:
    """The rows of a grouped report with all figures of a view, by their group."""
    group, figures = groups_of(model), [each.name for each in in_reports(model)]
    config = parse_config(
        {
            "dataset": model.name,
            "columns": [*group, *figures],
            "group_by": list(group),
            "period": "month",
        }
    )
    report = compile_report(config, organization_id, period)
    statement, parameters = psycopg_statement(report.rows)
    rows = connection.execute(statement.encode(), parameters).fetchall()
    return {
        tuple(row[: len(group)]): dict(zip(figures, row[len(group) :], strict=True)) for row in rows
    }
