"""Definitions that are as they must be, for tests to change one thing of.

What belongs here: valid definitions and a dataset of the warehouse. What does not: any test.
"""

from typing import Any

from reporting_pipeline.reports.datasets.dataset import Dataset
from reporting_pipeline.reports.definitions.config import ReportConfig
from reporting_pipeline.reports.definitions.parse import config_from
from reporting_pipeline.reports.tables import SCHEMA, report_table


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
