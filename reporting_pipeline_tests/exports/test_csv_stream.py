"""The CSV of one organisation and day: its bytes, its order, and that nothing is missing."""

import csv
import io
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import URL

from reporting_pipeline.errors import ExportIncomplete
from reporting_pipeline.exports.csv_stream import OrganizationDay, csv_chunks, organization_days
from reporting_pipeline.reports.tables import report_table
from reporting_pipeline.warehouse.engine import conninfo, warehouse_connection
from reporting_pipeline_tests.report_rows import (
    DAY,
    EVENT,
    ORGANIZATION,
    OTHER_ORGANIZATION,
    insert_many,
    insert_row,
)

SALES = report_table("report_sales_daily")
REVENUE = report_table("report_revenue_daily")
SUMMARY = report_table("report_event_summary")

HOSTILE_TEXTS = [
    'a "quoted" word',
    '"',
    "comma, separated",
    "two\nlines",
    "carriage\rreturn",
    "both\r\n",
    " spaces around ",
    "",
    "\\.",
    "\\N",
    "null",
    "=1+1",
    "\ufeffmark",
    "e\u0301 \u202e \U0001f9d1\u200d\U0001f680 東京",
]


@pytest.fixture
def connection(warehouse_url: URL) -> Iterator[psycopg.Connection]:
    with warehouse_connection(warehouse_url) as opened:
        yield opened


def part(row_count: int = 1, organization_id: UUID = ORGANIZATION) -> OrganizationDay:
    return OrganizationDay(organization_id=organization_id, day=DAY, row_count=row_count)


def exported(connection: psycopg.Connection, row_count: int = 1) -> bytes:
    return b"".join(csv_chunks(connection, SALES, part(row_count)))


def test_types_are_written_in_one_fixed_form(connection: psycopg.Connection) -> None:
    insert_row(
        connection,
        SUMMARY.name,
        capacity_count=2000,
        sell_through_rate=Decimal("0.5"),
        attendance_rate=Decimal(0),
        payable_to_date_minor=-12345678901234567,
        is_final=True,
    )

    content = b"".join(csv_chunks(connection, SUMMARY, part()))

    assert content == (
        b"organization_id,event_id,date,currency,capacity_count,hold_count,kill_count,"
        b"sellable_count,sold_today_count,sold_to_date_count,comped_to_date_count,unsold_count,"
        b"sell_through_rate,admission_to_date_count,no_show_count,attendance_rate,occupancy_rate,"
        b"gross_to_date_minor,refund_to_date_minor,net_revenue_to_date_minor,"
        b"platform_fee_to_date_minor,processing_fee_to_date_minor,payable_to_date_minor,"
        b"other_currency_count,is_final\n"
        b"00000001-0000-4000-8000-00000000000a,00000002-0000-4000-8000-00000000000a,2026-02-28,"
        b"EUR,2000,0,0,0,0,0,0,0,0.500000,0,,0.000000,,0,0,0,0,0,-12345678901234567,0,true\n"
    )


@pytest.mark.parametrize(
    "options",
    [
        "-c DateStyle=German,DMY",
        "-c TimeZone=Pacific/Kiritimati -c IntervalStyle=sql_standard",
        "-c extra_float_digits=-15 -c bytea_output=escape",
        "-c client_encoding=LATIN1",
        "-c search_path=pg_catalog -c enable_sort=off -c enable_seqscan=off",
    ],
)
def test_bytes_do_not_depend_on_the_session(warehouse_url: URL, options: str) -> None:
    with warehouse_connection(warehouse_url) as connection:
        insert_row(connection, SALES.name, channel="é東")
        insert_row(connection, SALES.name, channel="b", is_admission=False)
        usual = exported(connection, 2)

    with psycopg.connect(conninfo(warehouse_url), options=options) as other:
        assert exported(other, 2) == usual


def test_bytes_do_not_depend_on_the_order_of_arrival(connection: psycopg.Connection) -> None:
    events: list[UUID | None] = [*(UUID(int=n) for n in range(20)), None]
    seen = set()
    for arrived in (events, events[::-1], events[7:] + events[:7], events[::2] + events[1::2]):
        connection.execute("truncate reporting.report_revenue_daily")
        for event in arrived:
            insert_row(connection, REVENUE.name, event_id=event)
        seen.add(b"".join(csv_chunks(connection, REVENUE, part(len(events)))))

    assert len(seen) == 1


def test_rows_stand_in_the_order_of_the_key_with_nulls_last(
    connection: psycopg.Connection,
) -> None:
    for event, currency in [(None, "EUR"), (EVENT, "USD"), (EVENT, "EUR"), (UUID(int=1), "JPY")]:
        insert_row(connection, REVENUE.name, event_id=event, currency=currency)

    content = b"".join(csv_chunks(connection, REVENUE, part(4))).decode()

    rows = list(csv.DictReader(io.StringIO(content)))
    assert [(row["event_id"], row["currency"]) for row in rows] == [
        (str(UUID(int=1)), "JPY"),
        (str(EVENT), "EUR"),
        (str(EVENT), "USD"),
        ("", "EUR"),
    ]


def test_texts_sort_by_code_point(connection: psycopg.Connection) -> None:
    for channel in ["a", "B", "é", "_", "Z", "b"]:
        insert_row(connection, SALES.name, channel=channel)

    rows = list(csv.DictReader(io.StringIO(exported(connection, 6).decode())))

    assert [row["channel"] for row in rows] == ["B", "Z", "_", "a", "b", "é"]


def test_any_text_comes_back_unchanged_from_another_csv_reader(
    connection: psycopg.Connection,
) -> None:
    for text in HOSTILE_TEXTS:
        insert_row(connection, SALES.name, channel=text)

    content = exported(connection, len(HOSTILE_TEXTS)).decode("utf-8")

    rows = list(csv.DictReader(io.StringIO(content, newline=""), strict=True))
    assert sorted(row["channel"] for row in rows) == sorted(HOSTILE_TEXTS)


def test_an_empty_text_is_not_a_null(connection: psycopg.Connection) -> None:
    insert_row(connection, SALES.name, channel="")

    assert b',"",true,' in exported(connection)


def test_lines_end_with_lf_and_there_is_no_byte_order_mark(
    connection: psycopg.Connection,
) -> None:
    insert_row(connection, SALES.name)

    content = exported(connection)

    assert content.startswith(b"organization_id,event_id,date,")
    assert content.endswith(b"\n")
    assert b"\r" not in content


def test_only_the_organisation_and_day_asked_for_are_written(
    connection: psycopg.Connection,
) -> None:
    insert_row(connection, SALES.name, sold_count=7)
    insert_row(connection, SALES.name, organization_id=OTHER_ORGANIZATION)
    insert_row(connection, SALES.name, date=DAY + timedelta(days=1))
    insert_row(connection, SALES.name, date=DAY - timedelta(days=1))

    (row,) = csv.DictReader(io.StringIO(exported(connection).decode()))

    assert (row["organization_id"], row["date"]) == (str(ORGANIZATION), str(DAY))
    assert row["sold_count"] == "7"


@pytest.mark.parametrize("promised", [2, 4])
def test_other_rows_than_counted_are_refused_before_the_stream_ends(
    connection: psycopg.Connection, promised: int
) -> None:
    for channel in ("web", "api", "kiosk"):
        insert_row(connection, SALES.name, channel=channel)
    chunks = csv_chunks(connection, SALES, part(promised))

    with pytest.raises(ExportIncomplete, match=f"has 3 rows, the table {promised}"):
        next(chunks)


def test_a_large_day_comes_in_chunks_of_bounded_size(warehouse_url: URL) -> None:
    insert_many(warehouse_url, SUMMARY.name, days=1, rows_per_day=40_000)

    with warehouse_connection(warehouse_url) as connection:
        sizes = [len(chunk) for chunk in csv_chunks(connection, SUMMARY, part(40_000))]

    assert len(sizes) == 5
    assert max(sizes) < 1024 * 1024 + 4096


def test_organisations_are_counted_by_day(connection: psycopg.Connection) -> None:
    later = DAY + timedelta(days=1)
    insert_row(connection, SALES.name, organization_id=OTHER_ORGANIZATION)
    insert_row(connection, SALES.name, date=later)
    insert_row(connection, SALES.name, channel="api")
    insert_row(connection, SALES.name, channel="web")
    insert_row(connection, SALES.name, date=DAY - timedelta(days=1))

    assert organization_days(connection, SALES, [later, DAY]) == [
        OrganizationDay(organization_id=ORGANIZATION, day=DAY, row_count=2),
        OrganizationDay(organization_id=OTHER_ORGANIZATION, day=DAY, row_count=1),
        OrganizationDay(organization_id=ORGANIZATION, day=later, row_count=1),
    ]


def test_no_days_are_no_rows(connection: psycopg.Connection) -> None:
    insert_row(connection, SALES.name)

    assert organization_days(connection, SALES, []) == []
