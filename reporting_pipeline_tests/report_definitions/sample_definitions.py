"""Valid definitions and configs for tests to change one field of, and rows to report."""

from datetime import date
from typing import Any

import psycopg

from reporting_pipeline.domain.period import Period
from reporting_pipeline.exports.row_spool import psycopg_statement
from reporting_pipeline.registry.datasets import Dataset
from reporting_pipeline.registry.report_tables import SCHEMA, report_table
from reporting_pipeline.report_definitions.compile import CompiledReport, compile_over
from reporting_pipeline.report_definitions.conditions import Query
from reporting_pipeline.report_definitions.config import ReportConfig
from reporting_pipeline.report_definitions.parse import parse_config
from reporting_pipeline_tests.report_rows import ORGANIZATION, insert_row

FEBRUARY = Period(first=date(2026, 2, 1), end=date(2026, 3, 1))


def definition(**config: object) -> dict[str, Any]:
    """A valid definition as its author writes it, with these fields of the config."""
    return {
        "slug": "daily-sales",
        "name": "Daily sales",
        "category": "sales",
        "schedule": "daily",
        "formats": ["csv"],
        "config": config_fields(**config),
    }


def config_fields(**fields: object) -> dict[str, Any]:
    """A valid config as its author writes it, with these fields."""
    return {
        "dataset": "sales_daily",
        "columns": ["date", "channel", "currency", "net_count", "gross_minor"],
        "period": "previous_day",
    } | fields


def config(**fields: object) -> ReportConfig:
    """A valid config with these fields."""
    return parse_config(config_fields(**fields))


def dataset_of_table(name: str) -> Dataset:
    """A report table as a dataset, so that tests of statements need no views of dbt."""
    table = report_table(name)
    return Dataset(
        name=name.removeprefix("report_"),
        title=table.title,
        grain=table.grain,
        description=table.description,
        schema=SCHEMA,
        relation=name,
        columns=table.columns,
        depends_on=(name,),
        balances=table.balances,
    )


def sales(period: Period = FEBRUARY, **fields: object) -> CompiledReport:
    """A report of report_sales_daily."""
    dataset = dataset_of_table("report_sales_daily")
    return compile_over(dataset, config(**fields), ORGANIZATION, period)


def sell(connection: psycopg.Connection[Any], **values: object) -> None:
    """Insert a row into report_sales_daily."""
    insert_row(connection, "report_sales_daily", **values)


def found(connection: psycopg.Connection[Any], query: Query | None) -> list[tuple[Any, ...]]:
    """The rows that a statement of a report returns."""
    assert query is not None
    statement, parameters = psycopg_statement(query)
    return connection.execute(statement.encode(), parameters).fetchall()
