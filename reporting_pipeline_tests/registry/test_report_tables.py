"""The registry of report tables is complete and agrees with the contract and the bundled season."""

import csv
import re
from pathlib import Path

import pytest

import reporting_pipeline.samples.season
from reporting_pipeline.errors import UnknownReport
from reporting_pipeline.registry.columns import ColumnKind, ColumnType
from reporting_pipeline.registry.report_tables import REPORT_TABLES, ReportTable, report_table
from reporting_pipeline.sources.contract import TABLES

EXPECTED = Path(reporting_pipeline.samples.season.__file__).parent / "expected"
# Landing adds the report day to rows with a business clock, and to entries.
_REPORT_DAY = {f"{t.info['domain']}_{t.name}.report_day" for t in TABLES}
LANDING_COLUMNS = _REPORT_DAY | {
    f"{table.info['domain']}_{table.name}.{column.name}"
    for table in TABLES
    for column in table.columns
}
REPORT_COLUMNS = {f"{t.name}.{name}" for t in REPORT_TABLES for name in t.column_names}
COLUMNS = [column for table in REPORT_TABLES for column in table.columns]


@pytest.mark.parametrize("table", REPORT_TABLES, ids=lambda table: table.name)
def test_table_has_the_columns_of_the_published_files(table: ReportTable) -> None:
    with (EXPECTED / f"{table.name}.csv").open(encoding="utf-8") as file:
        assert set(next(csv.reader(file))) <= set(table.column_names)


@pytest.mark.parametrize("table", REPORT_TABLES, ids=lambda table: table.name)
def test_no_column_is_described_twice(table: ReportTable) -> None:
    assert len(set(table.column_names)) == len(table.columns)


def test_keys_are_those_of_the_contract() -> None:
    keys = {table.name: table.key for table in REPORT_TABLES}
    assert keys == {
        "report_sales_daily": (
            *("organization_id", "event_id", "date", "currency"),
            *("ticket_type_id", "channel"),
        ),
        "report_revenue_daily": ("organization_id", "event_id", "date", "currency"),
        "report_attendance_daily": (
            *("organization_id", "event_id", "date", "gate_id"),
            "ticket_type_id",
        ),
        "report_attendance_quarter_hourly": (
            *("organization_id", "event_id", "date", "gate_id"),
            "quarter_at",
        ),
        "report_occupancy_daily": ("organization_id", "event_id", "section_id", "date"),
        "report_event_summary": ("organization_id", "event_id", "date", "currency"),
        "report_reconciliation_breaks": (
            *("date", "organization_id", "event_id", "order_id"),
            *("transaction_id", "entry_id", "currency", "kind"),
        ),
        "report_tax_daily": (
            *("organization_id", "event_id", "date", "currency"),
            *("tax_jurisdiction", "tax_rate"),
        ),
        "report_account_movements_daily": (
            *("organization_id", "event_id", "account_kind"),
            *("currency", "date"),
        ),
    }


def test_figures_are_named_after_their_unit() -> None:
    figures = [c for c in COLUMNS if c.kind not in (ColumnKind.KEY, ColumnKind.ATTRIBUTE)]
    assert [c.name for c in figures if not c.name.endswith(f"_{c.unit}")] == []
    assert {c.unit for c in COLUMNS if c not in figures} == {None}


def test_only_ratios_and_the_rate_of_a_tax_are_fractions() -> None:
    fractions = {c.name for c in COLUMNS if c.type is ColumnType.RATIO}
    assert fractions == {c.name for c in COLUMNS if c.kind is ColumnKind.RATIO} | {"tax_rate"}


def test_descriptions_are_sentences() -> None:
    texts = [c.description for c in COLUMNS]
    texts += [text for table in REPORT_TABLES for text in (table.grain, table.description)]
    assert [text for text in texts if not re.fullmatch(r"[A-Z].*\.", text)] == []


def test_sources_exist() -> None:
    assert [c.name for c in COLUMNS if not c.sources] == []
    assert {source for c in COLUMNS for source in c.sources} <= LANDING_COLUMNS | REPORT_COLUMNS


def test_an_unknown_table_is_refused_with_a_list_of_the_known_ones() -> None:
    with pytest.raises(UnknownReport, match="'report_sales'; there are report_sales_daily, "):
        report_table("report_sales")
