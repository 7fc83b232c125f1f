"""Definitions that are as they must be, for tests to change one thing of, and rows to report.

What belongs here: valid definitions, a dataset of the warehouse, reports of its rows. What does
not: any test.
"""

from datetime import date
from typing import Any

import psycopg

from reporting_pipeline.domain.period import Period
from reporting_pipeline.exports.row_spool import psycopg_statement
from reporting_pipeline.registry.datasets import Dataset
from reporting_pipeline.registry.report_tables import SCHEMA, report_table
from reporting_pipeline.report_definitions.compile import compile_over
from reporting_pipeline.report_definitions.compiled import CompiledReport, Query
from reporting_pipeline.report_definitions.config import ReportConfig
from reporting_pipeline.report_definitions.parse import config_from
from reporting_pipeline_tests.report_rows import ORGANIZATION, insert_row

FEBRUARY = Period(first=date(2026, 2, 1), end=date(2026, 3, 1))


def definition(**config: object) -> dict[str, Any]:
    """A whole definition as its author writes it; fields of the config on top."""
    return {
        "slug": "daily-sales",
        "name": "Daily sales",
        "category": "sales",
        "schedule": "daily",
        "formats": ["csv"],
        "config": config_fields(**config),
    }


def config_fields(**fields: object) -> dict[str, Any]:
    """A config as its author writes it."""
    return {
        "dataset": "sales_daily",
        "columns": ["date", "channel", "currency", "net_count", "gross_minor"],
        "period": "previous_day",
    } | fields


def config(**fields: object) -> ReportConfig:
    """A config."""
    return config_from(config_fields(**fields))


def dataset_of_table(name: str) -> Dataset:
    """A report table itself as a dataset: what a test of statements needs, without dbt's views."""
    table = report_table(name)
    return Dataset(
        name=name.removeprefix("report_"),
        title=table.title,
        grain=table.grain,
        description=table.description,
        schema=SCHEMA,
        relation=name,
        columns=table.columns,
        rests_on=(name,),
    )


def sales(period: Period = FEBRUARY, **fields: object) -> CompiledReport:
    """A report of the table of sales."""
    dataset = dataset_of_table("report_sales_daily")
    return compile_over(dataset, config(**fields), ORGANIZATION, period)


def sell(connection: psycopg.Connection[Any], **values: object) -> None:
    """A row for it."""
    insert_row(connection, "report_sales_daily", **values)


def found(connection: psycopg.Connection[Any], query: Query | None) -> list[tuple[Any, ...]]:
    """What a statement of a report gives."""
    assert query is not None
    statement, parameters = psycopg_statement(query)
    return connection.execute(statement.encode(), parameters).fetchall()
