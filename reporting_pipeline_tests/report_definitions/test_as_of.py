"""Balances of grouped reports, against sums over rows that the test reads one by one."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from random import Random
from typing import Any
from uuid import UUID

import psycopg
import pytest

from reporting_pipeline.domain.period import Period
from reporting_pipeline.registry.datasets import Dataset
from reporting_pipeline.report_definitions.additivity import invalid_fields
from reporting_pipeline.report_definitions.compile import CompiledReport, compile_over
from reporting_pipeline_tests.report_definitions.sample_definitions import (
    FEBRUARY,
    config,
    dataset_of_table,
    found,
)
from reporting_pipeline_tests.report_rows import ORGANIZATION, OTHER_ORGANIZATION, insert_row

SUMMARY = dataset_of_table("report_event_summary")
STATEMENT = "statement_of_balances"
EVENTS = [None, *(UUID(int=number) for number in range(1, 6))]
WHOLE_LIFE = Period(first=None, end=date(2026, 3, 1), event_id=EVENTS[2])
Connection = psycopg.Connection[Any]


@dataclass(frozen=True)
class Row:
    """A row of the dataset: its leaf, its day, what changed, and the balance after it."""

    event_id: UUID | None
    currency: str
    date: date
    change: int
    closing: int


def test_groups_have_the_balances_of_all_their_leaves(rolled_back: Connection) -> None:
    rows = list(_rows(Random(3)))  # noqa: S311 - rows, not secrets
    dataset = _statement(rolled_back, rows)

    for period in (FEBRUARY, Period(first=date(2026, 3, 3), end=date(2026, 3, 9)), WHOLE_LIFE):
        for group_by in (["currency"], ["event_id", "currency"]):
            report = _report(dataset, period, group_by)
            actual = sorted(found(rolled_back, report.rows), key=str)
            assert actual == sorted(_expected(rows, period, group_by), key=str)
            assert actual


def test_a_report_of_days_has_the_balances_as_of_each_day(rolled_back: Connection) -> None:
    rows = list(_rows(Random(4)))  # noqa: S311 - rows, not secrets
    dataset = _statement(rolled_back, rows)

    for period in (FEBRUARY, WHOLE_LIFE):
        report = _report(dataset, period, ["date", "currency"])
        actual = sorted(found(rolled_back, report.rows), key=str)
        days = sorted({each.date for each in rows})
        expected = [
            (day, *of_day)
            for day in days
            if (period.first or day) <= day < period.end
            for of_day in _expected(
                rows, replace(period, first=day, end=day + timedelta(days=1)), ["currency"]
            )
            if any(
                (each.date, each.currency) == (day, of_day[0]) and _is_of(each, period)
                for each in rows
            )
        ]
        assert actual == sorted(expected, key=str)
        assert actual


def test_totals_are_those_of_the_rows_shown(rolled_back: Connection) -> None:
    rows = list(_rows(Random(5)))  # noqa: S311 - rows, not secrets
    report = _report(_statement(rolled_back, rows), FEBRUARY, ["event_id", "currency"])

    shown = found(rolled_back, report.rows)

    for code, *sums in found(rolled_back, report.totals):
        of_currency = [row[2:] for row in shown if row[1] == code]
        assert sums == [sum(column) for column in zip(*of_currency, strict=True)]


def test_a_balance_stands_however_long_ago_its_row_is(rolled_back: Connection) -> None:
    row = Row(EVENTS[1], "EUR", date(2020, 1, 1), 7, 7)
    report = _report(_statement(rolled_back, [row]), FEBRUARY, ["event_id", "currency"])

    assert found(rolled_back, report.rows) == [(EVENTS[1], "EUR", 0, 7, 7)]


def test_a_leaf_without_a_balance_and_without_a_row_is_left_out(rolled_back: Connection) -> None:
    rows = [
        Row(EVENTS[1], "EUR", date(2020, 1, 1), 7, 7),
        Row(EVENTS[1], "EUR", date(2020, 1, 2), -7, 0),
    ]
    report = _report(_statement(rolled_back, rows), FEBRUARY, ["event_id", "currency"])

    assert found(rolled_back, report.rows) == []


def test_every_event_that_has_begun_is_in_a_report_of_its_counts(rolled_back: Connection) -> None:
    for event, day, sold in ((1, date(2025, 1, 1), 0), (2, date(2026, 2, 3), 5)):
        insert_row(
            rolled_back,
            "report_event_summary",
            event_id=UUID(int=event),
            date=day,
            sold_to_date_count=sold,
            sellable_count=3,
            sold_today_count=1,
        )
    insert_row(rolled_back, "report_event_summary", date=date(2026, 3, 1))

    def report(*group_by: str, **fields: object) -> CompiledReport:
        columns = ["currency", "sold_to_date_count", "sold_today_count", "sell_through_rate"]
        asked = config(
            dataset="event_summary", columns=columns, group_by=[*group_by, "currency"], **fields
        )
        return compile_over(SUMMARY, asked, ORGANIZATION, FEBRUARY)

    assert found(rolled_back, report("event_id").rows) == [
        ("EUR", 0, 0, Decimal(0)),
        ("EUR", 5, 1, Decimal("1.666667")),
    ]
    assert found(rolled_back, report().rows) == [("EUR", 5, 1, Decimal("0.833333"))]
    assert found(rolled_back, report("event_id").totals) == [(None, 5, 1, Decimal("0.833333"))]
    having = [{"column": "sell_through_rate", "operator": "range", "from": 1}]
    assert found(rolled_back, report("event_id", having=having).totals) == [
        (None, 5, 1, Decimal("1.666667"))
    ]


@pytest.mark.parametrize(
    ("filters", "reason"),
    [
        ({"column": "sold_today_count", "operator": "=", "value": 1}, "a figure of single rows"),
        ({"column": "capacity_count", "operator": "=", "value": 1}, "a figure of single rows"),
        ({"column": "date", "operator": "range", "from": "2026-02-02"}, "which the period names"),
    ],
)
def test_filters_that_choose_single_rows_are_refused_beside_balances(
    filters: dict[str, object], reason: str
) -> None:
    asked = config(
        dataset="event_summary",
        columns=["event_id", "capacity_count"],
        group_by=["event_id"],
        filters=[filters],
    )
    [fault] = invalid_fields(asked, SUMMARY)
    assert fault.field == "filters[0].column"
    assert reason in fault.reason


def test_filters_choose_leaves(rolled_back: Connection) -> None:
    rows = list(_rows(Random(6)))  # noqa: S311 - rows, not secrets
    filters = [{"column": "currency", "operator": "=", "value": "EUR"}]
    report = _report(_statement(rolled_back, rows), FEBRUARY, ["currency"], filters=filters)

    euros = [each for each in rows if each.currency == "EUR"]
    assert found(rolled_back, report.rows) == _expected(euros, FEBRUARY, ["currency"])


def _statement(connection: Connection, rows: list[Row]) -> Dataset:
    connection.execute(
        f"create temp table {STATEMENT} (organization_id uuid, event_id uuid, currency char(3),"
        " date date, refund_to_date_minor bigint, opening_minor bigint, closing_minor bigint)"
    )
    for each in rows:
        of_owner = (each.event_id, each.currency, each.date, each.change)
        for owner, closing in ((ORGANIZATION, each.closing), (OTHER_ORGANIZATION, 1_000)):
            connection.execute(
                f"insert into {STATEMENT} values (%s, %s, %s, %s, %s, %s, %s)",  # noqa: S608
                (owner, *of_owner, closing - each.change, closing),
            )
    change = replace(
        dataset_of_table("report_sales_daily").column("gross_minor"), name="change_minor"
    )
    balance = SUMMARY.column("payable_to_date_minor")
    named = {each.name: each for each in SUMMARY.columns}
    return replace(
        SUMMARY,
        schema="pg_temp",
        relation=STATEMENT,
        balances="carried",
        columns=(
            named["organization_id"],
            replace(named["event_id"], nullable=True),
            named["currency"],
            named["date"],
            replace(change, name="refund_to_date_minor"),
            replace(balance, name="opening_minor"),
            replace(balance, name="closing_minor"),
        ),
    )


def _report(
    dataset: Dataset, period: Period, group_by: list[str], **fields: object
) -> CompiledReport:
    columns = [*group_by, "refund_to_date_minor", "opening_minor", "closing_minor"]
    asked = config(columns=columns, group_by=group_by, totals=False, **fields)
    return compile_over(dataset, asked, ORGANIZATION, period)


def _rows(dice: Random) -> Iterator[Row]:
    for event in EVENTS:
        for currency in ("EUR", "JPY"):
            closing, day = 0, date(2026, 1, 1)
            for _ in range(dice.randrange(12)):
                day += timedelta(days=dice.randrange(1, 20))
                change = dice.choice((-closing, dice.randrange(-50, 50)))
                closing += change
                yield Row(event, currency, day, change, closing)


def _is_of(row: Row, period: Period) -> bool:
    return period.event_id in {None, row.event_id}


def _expected(rows: list[Row], period: Period, group_by: list[str]) -> list[tuple[Any, ...]]:
    groups: dict[tuple[Any, ...], dict[tuple[Any, Any], list[Row]]] = {}
    for each in rows:
        if _is_of(each, period):
            group = tuple(getattr(each, name) for name in group_by)
            groups.setdefault(group, {}).setdefault((each.event_id, each.currency), []).append(each)
    expected = []
    for group, leaves in groups.items():
        change = opening = closing = 0
        has_row = False
        for of_leaf in leaves.values():
            of_period = [
                row for row in of_leaf if (period.first or row.date) <= row.date < period.end
            ]
            before = [row for row in of_leaf if period.first and row.date < period.first]
            until = [row for row in of_leaf if row.date < period.end]
            has_row |= bool(of_period)
            change += sum(row.change for row in of_period)
            opening += before[-1].closing if before else 0
            closing += until[-1].closing if until else 0
        if has_row or opening or closing:
            expected.append((*group, change, opening, closing))
    return expected


def test_ratios_are_rounded_half_away_from_zero(rolled_back: Connection) -> None:
    for sold, sellable in ((1, 2_000_000), (-1, 2_000_000), (1, 3)):
        insert_row(
            rolled_back,
            "report_event_summary",
            event_id=UUID(int=sellable + sold),
            sold_to_date_count=sold,
            sellable_count=sellable,
        )
    asked = config(
        dataset="event_summary",
        columns=["event_id", "sell_through_rate"],
        group_by=["event_id"],
        sort=["sell_through_rate"],
    )
    report = compile_over(SUMMARY, asked, ORGANIZATION, FEBRUARY)

    exact = [Decimal(-1) / 2_000_000, Decimal(1) / 2_000_000, Decimal(1) / 3]
    expected = [each.quantize(Decimal("0.000001"), ROUND_HALF_UP) for each in exact]
    assert [rate for _, rate in found(rolled_back, report.rows)] == expected
