"""Compiled reports, run on the warehouse: their rows, their order and their sums."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest

from reporting_pipeline.domain.period import Period
from reporting_pipeline.errors import DefinitionInvalid, UnknownDataset
from reporting_pipeline.exports.row_spool import psycopg_statement, spool_rows
from reporting_pipeline.report_definitions.compile import compile_over, compile_report
from reporting_pipeline.report_definitions.period_rules import resolve
from reporting_pipeline_tests.report_definitions.sample_definitions import (
    FEBRUARY,
    config,
    dataset_of_table,
    found,
    sales,
    sell,
)
from reporting_pipeline_tests.report_rows import (
    DAY,
    EVENT,
    ORGANIZATION,
    OTHER_ORGANIZATION,
    insert_row,
)

SALES = dataset_of_table("report_sales_daily")
SUMMARY = dataset_of_table("report_event_summary")
BREAKS = dataset_of_table("report_reconciliation_breaks")
OTHER_EVENT = UUID("00000002-0000-4000-8000-00000000000b")
Connection = psycopg.Connection[Any]


def test_a_report_has_the_rows_of_one_organisation_and_period(rolled_back: Connection) -> None:
    sell(rolled_back, gross_minor=1)
    sell(rolled_back, gross_minor=2, date=date(2026, 2, 1))
    sell(rolled_back, gross_minor=4, date=date(2026, 3, 1))
    sell(rolled_back, gross_minor=8, date=date(2026, 1, 31))
    sell(rolled_back, gross_minor=16, organization_id=OTHER_ORGANIZATION, event_id=OTHER_EVENT)

    report = sales(columns=["date", "currency", "gross_minor"])

    assert found(rolled_back, report.rows) == [(date(2026, 2, 1), "EUR", 2), (DAY, "EUR", 1)]
    assert found(rolled_back, report.count) == [(2,)]
    assert found(rolled_back, report.totals) == [("EUR", 3)]


def test_an_event_period_begins_with_the_event(rolled_back: Connection) -> None:
    sell(rolled_back, gross_minor=1, date=date(2024, 5, 1))
    sell(rolled_back, gross_minor=2)
    sell(rolled_back, gross_minor=4, date=date(2026, 3, 1))
    sell(rolled_back, gross_minor=8, event_id=OTHER_EVENT)

    period = resolve(config(period="event_to_date").period, date(2026, 3, 1), EVENT)
    report = sales(period, columns=["currency", "gross_minor"])

    assert [row[1] for row in found(rolled_back, report.rows)] == [1, 2]


def test_an_event_period_needs_a_dataset_with_events() -> None:
    columns = tuple(each for each in SALES.columns if each.name != "event_id")
    freshness = replace(SALES, name="freshness", columns=columns)
    period = Period(first=None, end=date(2026, 3, 1), event_id=EVENT)
    with pytest.raises(
        DefinitionInvalid, match="covers one event; dataset freshness has no column"
    ):
        compile_over(freshness, config(), ORGANIZATION, period)
    with pytest.raises(DefinitionInvalid, match=r"period\.rule: event_to_date covers one event"):
        compile_over(freshness, config(period="event_to_date"), ORGANIZATION, FEBRUARY)


def test_groups_sum_measures_within_their_currency(rolled_back: Connection) -> None:
    sell(rolled_back, channel="web", gross_minor=5, net_count=1)
    sell(rolled_back, channel="api", gross_minor=7, net_count=2, date=date(2026, 2, 27))
    sell(rolled_back, channel="web", gross_minor=100, net_count=3, currency="JPY")

    report = sales(
        columns=["currency", "net_count", "gross_minor"], group_by=["currency"], totals=True
    )

    assert found(rolled_back, report.rows) == [("EUR", 3, 12), ("JPY", 3, 100)]
    assert found(rolled_back, report.count) == [(2,)]
    assert found(rolled_back, report.totals) == [("EUR", 3, 12), ("JPY", 3, 100)]
    assert report.key == ("currency",)
    assert report.currency == "currency"


def test_a_currency_filtered_to_one_value_needs_no_grouping(rolled_back: Connection) -> None:
    sell(rolled_back, channel="web", gross_minor=5)
    sell(rolled_back, channel="api", gross_minor=7)
    sell(rolled_back, channel="web", gross_minor=100, currency="JPY")

    report = sales(
        columns=["channel", "currency", "gross_minor"],
        group_by=["channel"],
        filters=[{"column": "currency", "operator": "=", "value": "EUR"}],
    )

    assert found(rolled_back, report.rows) == [("api", "EUR", 7), ("web", "EUR", 5)]


def test_a_sum_beyond_64_bits_is_an_error(rolled_back: Connection) -> None:
    largest = 2**63 - 1
    sell(rolled_back, gross_minor=largest, channel="web")
    sell(rolled_back, gross_minor=largest, channel="api")

    ungrouped = sales(columns=["currency", "gross_minor"])
    assert found(rolled_back, ungrouped.totals) == [("EUR", 2 * largest)]
    grouped = sales(columns=["currency", "gross_minor"], group_by=["currency"])
    with pytest.raises(psycopg.errors.NumericValueOutOfRange):
        found(rolled_back, grouped.rows)


def test_a_group_has_the_balances_of_its_last_row_and_their_ratio(rolled_back: Connection) -> None:
    for day, capacity, no_shows, admissions in (
        *((26, 10, 4, 3), (27, 20, None, 4)),
        (28, 15, None, 5),
    ):
        insert_row(
            rolled_back,
            "report_event_summary",
            date=date(2026, 2, day),
            capacity_count=capacity,
            no_show_count=no_shows,
            admission_to_date_count=admissions,
            sold_to_date_count=9,
            comped_to_date_count=6,
            sold_today_count=1,
        )

    report = compile_over(
        SUMMARY,
        config(
            dataset="event_summary",
            columns=[
                *("event_id", "capacity_count", "no_show_count", "sold_today_count"),
                "attendance_rate",
            ],
            group_by=["event_id", "currency"],
        ),
        ORGANIZATION,
        FEBRUARY,
    )

    assert found(rolled_back, report.rows) == [(EVENT, 15, None, 3, Decimal("0.333333"))]
    summed = [column.name for column in report.columns if column.is_summed]
    assert summed == [
        *("capacity_count", "no_show_count", "sold_today_count"),
        "attendance_rate",
    ]


def test_totals_without_money_have_no_currency(rolled_back: Connection) -> None:
    report = sales(columns=["channel", "net_count"])
    assert found(rolled_back, report.totals) == []

    sell(rolled_back, channel="web", net_count=1)
    sell(rolled_back, channel="api", net_count=2, currency="JPY")
    assert found(rolled_back, report.totals) == [(None, 3)]
    assert report.currency is None


def test_a_report_without_measures_has_no_totals() -> None:
    assert sales(columns=["date", "channel"]).totals is None


def test_the_order_is_total_by_bytes_and_nulls_are_last(rolled_back: Connection) -> None:
    keys = dict.fromkeys(("order_id", "transaction_id", "entry_id"))
    for event, kind in ((None, "timing"), (EVENT, "amount"), (None, "Zebra"), (EVENT, "épée")):
        insert_row(
            rolled_back,
            "report_reconciliation_breaks",
            event_id=event,
            kind=kind,
            proof_ids=[],
            **keys,
        )

    def kinds(*sort: object) -> list[str]:
        report = compile_over(
            BREAKS,
            config(
                dataset="reconciliation_breaks",
                columns=["kind", "currency", "difference_minor"],
                sort=list(sort),
            ),
            ORGANIZATION,
            FEBRUARY,
        )
        return [kind for kind, *_ in found(rolled_back, report.rows)]

    assert kinds("kind") == ["Zebra", "amount", "timing", "épée"]
    assert kinds({"column": "kind", "descending": True}) == ["épée", "timing", "amount", "Zebra"]
    assert kinds({"column": "event_id", "descending": True}) == [
        "amount",
        "épée",
        "Zebra",
        "timing",
    ]
    assert kinds() == ["amount", "épée", "Zebra", "timing"]


def test_no_text_of_a_definition_is_in_the_statement() -> None:
    text = "x' or 1=1 --"
    filters = [{"column": "kind", "operator": "=", "value": text}]
    columns = [{"name": "kind", "label": text}, "currency"]
    # The registry lists the kinds; a column of free text takes any text.
    free = tuple(replace(each, values=()) for each in BREAKS.columns)
    breaks = replace(BREAKS, columns=free)
    report = compile_over(breaks, config(columns=columns, filters=filters), ORGANIZATION, FEBRUARY)
    for query in (report.rows, report.count):
        statement, parameters = psycopg_statement(query)
        assert text not in statement
        assert text in parameters.values()


def test_the_key_is_known_where_the_report_shows_all_of_it() -> None:
    shown = ["event_id", "date", "currency", "ticket_type_id", "channel", "net_count"]
    assert sales(columns=shown).key == tuple(shown[:5])
    assert sales(columns=shown[1:]).key == ()
    period = Period(first=None, end=date(2026, 3, 1), event_id=EVENT)
    assert sales(period, columns=shown[1:]).key == tuple(shown[1:5])


def test_rows_are_spooled_in_the_order_of_the_columns(
    rolled_back: Connection, tmp_path: Path
) -> None:
    sell(rolled_back, channel="web", gross_minor=5)
    sell(rolled_back, channel="api", gross_minor=7, is_admission=False)
    report = sales(
        columns=[
            "is_admission",
            {"name": "channel", "label": "Sold by"},
            "currency",
            "gross_minor",
        ],
        sort=[{"column": "gross_minor", "descending": True}],
    )

    spool = spool_rows(rolled_back, report, tmp_path / "rows")

    assert (tmp_path / "rows").read_text() == "false,api,EUR,7\ntrue,web,EUR,5\n"
    assert spool.row_count == 2
    assert [column.header for column in spool.columns] == [
        "Admission ticket",
        "Sold by",
        "Currency",
        "Gross",
    ]


def test_a_grouped_report_is_spooled_too(rolled_back: Connection, tmp_path: Path) -> None:
    sell(rolled_back, channel="web", gross_minor=5)
    report = sales(
        columns=["is_admission", "currency", "gross_minor"], group_by=["is_admission", "currency"]
    )
    spool_rows(rolled_back, report, tmp_path / "rows")
    assert (tmp_path / "rows").read_text() == "true,EUR,5\n"


def test_datasets_come_from_the_registry() -> None:
    report = compile_report(config(), ORGANIZATION, FEBRUARY)
    assert "datasets.sales_daily" in str(report.rows)
    with pytest.raises(UnknownDataset):
        compile_report(config(dataset="nothing"), ORGANIZATION, FEBRUARY)


@pytest.mark.parametrize(
    ("filters", "is_summed"),
    [
        ([], False),
        ([{"column": "account_kind", "operator": "=", "value": "bank"}], True),
    ],
)
def test_balances_have_a_total_only_within_one_kind_of_account(
    filters: list[dict[str, str]], is_summed: bool
) -> None:
    report = compile_report(
        config(
            dataset="account_statement",
            columns=["account_kind", "currency", "opening_minor", "debit_minor", "closing_minor"],
            group_by=["account_kind", "currency"],
            filters=filters,
            totals=True,
        ),
        ORGANIZATION,
        FEBRUARY,
    )

    assert [each.is_summed for each in report.columns[2:]] == [is_summed, True, is_summed]


def test_the_lines_of_a_settlement_have_no_total() -> None:
    report = compile_report(
        config(
            dataset="settlement_lines",
            columns=["line_number", "currency", "amount_minor"],
            group_by=["line_number", "currency"],
        ),
        ORGANIZATION,
        FEBRUARY,
    )

    assert report.totals is None


@pytest.mark.parametrize(
    ("filters", "is_summed"),
    [([], False), ([{"column": "tax_jurisdiction", "operator": "=", "value": "DE"}], True)],
)
def test_taxable_amounts_have_a_total_only_within_one_jurisdiction(
    filters: list[dict[str, str]], is_summed: bool
) -> None:
    report = compile_report(
        config(
            dataset="tax_daily",
            columns=["tax_jurisdiction", "currency", "taxable_minor", "tax_minor"],
            group_by=["tax_jurisdiction", "currency"],
            filters=filters,
            totals=True,
        ),
        ORGANIZATION,
        FEBRUARY,
    )

    assert [each.is_summed for each in report.columns[2:]] == [is_summed, True]
