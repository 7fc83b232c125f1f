"""A report table that differs from the registry is found, fault by fault."""

from datetime import date

import pytest
from psycopg import Connection
from psycopg.rows import TupleRow

from reporting_pipeline.checks.table_contract import table_contract

DAY = date(2025, 9, 1)
TABLE = "report_sales_daily"


@pytest.mark.parametrize(
    ("change", "faults"),
    [
        (
            "alter table reporting.report_sales_daily drop column channel cascade",
            [
                "expected column channel text not null",
                "expected a unique key (nulls not distinct) over organization_id, event_id, date, "
                "currency, ticket_type_id, channel, found none",
            ],
        ),
        (
            "alter table reporting.report_sales_daily add column extra text",
            ["found column extra text"],
        ),
        (
            "alter table reporting.report_sales_daily alter column net_count type integer",
            [
                "expected column net_count bigint not null",
                "found column net_count integer not null",
            ],
        ),
        (
            "alter table reporting.report_sales_daily alter column net_count drop not null",
            ["expected column net_count bigint not null", "found column net_count bigint"],
        ),
        ("drop table reporting.report_sales_daily", ["it does not exist; run the migrations"]),
    ],
    ids=["column and key lost", "column added", "type changed", "null allowed", "table lost"],
)
def test_a_change_of_the_table_is_found(
    change: str, faults: list[str], books: Connection[TupleRow]
) -> None:
    books.execute("drop schema datasets cascade")  # its views would forbid the change
    books.execute(change.encode())

    found = table_contract(books, [DAY], table_name=TABLE)[DAY]

    prefix = f"reporting.{TABLE} is not what the registry says: "
    assert [
        each.message.removeprefix(prefix)[: len(fault)]
        for each, fault in zip(found, faults, strict=True)
    ] == faults


def test_a_fault_is_reported_for_each_day(books: Connection[TupleRow]) -> None:
    books.execute("alter table reporting.report_sales_daily add column extra text")

    findings = table_contract(books, [DAY, date(2025, 9, 2)], table_name=TABLE)

    assert [len(found) for found in findings.values()] == [1, 1]
