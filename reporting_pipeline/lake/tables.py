"""The tables of the lake and their columns.

A table of days has the columns of a view of `reporting_bi` without names: a name changes on other
days than its rows. Its rows follow from the builds of the report tables that it depends on, so a
day's file is right until one of these days is built again. Balances that sum all days before them
(statements) and lists that change with each landing (`tickets`) are left out.

A table of names has the names of an id, as they are known when it is written.
"""

from dataclasses import dataclass

from reporting_pipeline.registry.bi_views import bi_view
from reporting_pipeline.registry.columns import Column, ColumnKind
from reporting_pipeline.report_definitions.balances import ORGANIZATION

DAY = "date"
"""The column of the report day, and the name of its partitions."""

_DAY_TABLES = (
    "sales_daily",
    "revenue_daily",
    "tax_daily",
    "account_movements_daily",
    "attendance_daily",
    "attendance_quarter_hourly",
    "occupancy_daily",
    "event_summary",
    "reconciliation_breaks",
    "order_movements",
    "ledger_entries",
    "scans",
    "bridge",
    "payouts",
)
# Table of names -> the view that has all ids with rows, and the id.
_NAME_TABLES = {
    "events": ("event_summary", "event_id"),
    "ticket_types": ("sales_daily", "ticket_type_id"),
    "gates": ("attendance_daily", "gate_id"),
    "sections": ("occupancy_daily", "section_id"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LakeTable:
    """One table of the lake.

    Attributes:
        view: The view of `reporting_bi` that its rows are read from.
        columns: The columns of its files; the partitions have organisation and day.
        depends_on: The report tables whose builds change its rows.
    """

    name: str
    view: str
    columns: tuple[Column, ...]
    depends_on: tuple[str, ...]


def day_tables() -> tuple[LakeTable, ...]:
    """The tables with a file for each organisation and day."""
    return tuple(_table(name, name, _facts(name)) for name in _DAY_TABLES)


def name_tables() -> tuple[LakeTable, ...]:
    """The tables with one file for each organisation."""
    return tuple(
        _table(name, view, _names(view, id_)) for name, (view, id_) in _NAME_TABLES.items()
    )


def _table(name: str, view: str, columns: tuple[Column, ...]) -> LakeTable:
    return LakeTable(name=name, view=view, columns=columns, depends_on=bi_view(view).depends_on)


def _facts(view: str) -> tuple[Column, ...]:
    return tuple(
        each
        for each in bi_view(view).columns
        if each.kind is not ColumnKind.NAME and each.name not in {ORGANIZATION, DAY}
    )


def _names(view: str, id_: str) -> tuple[Column, ...]:
    columns = bi_view(view).columns
    return tuple(each for each in columns if id_ in {each.name, each.names})
