"""The figures of an organisation for a dashboard: of a report day, and up to its end.

They are the rows that a report of these columns by currency has, so that a dashboard and a report
agree. The day need not be final.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from types import MappingProxyType
from typing import Any
from uuid import UUID

from psycopg import Connection
from sqlalchemy import URL

from reporting_pipeline.domain.period import Period
from reporting_pipeline.exports.row_spool import psycopg_statement
from reporting_pipeline.publishing.snapshot import report_snapshot
from reporting_pipeline.report_definitions.compile import compile_report
from reporting_pipeline.report_definitions.config import ReportConfig
from reporting_pipeline.report_definitions.parse import parse_config

_OF_DAY = ("gross_minor", "refund_minor", "net_revenue_minor", "payable_change_minor")
_TO_DATE = (
    "sold_to_date_count",
    "admission_to_date_count",
    "gross_to_date_minor",
    "net_revenue_to_date_minor",
    "payable_to_date_minor",
)
COLUMNS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"revenue_daily": _OF_DAY, "event_summary": _TO_DATE}
)
"""The figures, by the dataset that describes them."""

_CONFIGS = tuple(
    parse_config(
        {
            "dataset": name,
            "columns": ["currency", *columns],
            "group_by": ["currency"],
            "period": "previous_day",
        }
    )
    for name, columns in COLUMNS.items()
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DayFigure:
    """One figure of an organisation.

    Attributes:
        name: A column of the dataset.
        currency: Of the rows that it sums; None: of rows without a currency.
        value: Money in minor units.
    """

    dataset: str
    name: str
    currency: str | None
    value: int


def day_figures(warehouse: URL, organization_id: UUID, day: date) -> tuple[DayFigure, ...]:
    """The figures of a report day and up to its end, over all events of an organisation.

    Raises:
        FigureTooLarge: A sum leaves 64 bits.
        WarehouseUnavailable: The warehouse cannot be reached.
    """
    period = Period(first=day, end=day + timedelta(days=1))
    with report_snapshot(warehouse, organization_id) as connection:
        return tuple(
            figure
            for config in _CONFIGS
            for figure in _figures(connection, config, organization_id, period)
        )


def _figures(
    connection: Connection[Any], config: ReportConfig, organization_id: UUID, period: Period
) -> list[DayFigure]:
    report = compile_report(config, organization_id, period)
    statement, parameters = psycopg_statement(report.rows)
    return [
        DayFigure(dataset=config.dataset, name=name, currency=currency, value=value)
        for currency, *values in connection.execute(statement.encode(), parameters)
        for name, value in zip(COLUMNS[config.dataset], values, strict=True)
        if value is not None
    ]
