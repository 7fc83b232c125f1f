"""Tests of the protection of every table, by PostgreSQL's own catalogue."""

import psycopg
import pytest

from reporting_pipeline_tests.warehouse.row_security import leaks

_TABLE = "create table reporting.planted (organization_id uuid); "
_REPORT = "reporting.report_sales_daily"


def test_every_table_shows_a_reader_one_organisation(rolled_back: psycopg.Connection) -> None:
    assert leaks(rolled_back) == []


@pytest.mark.parametrize(
    ("planted", "fault"),
    [
        (_TABLE, "reporting.planted: no row-level security, or not for its owner"),
        (
            f"{_TABLE} alter table reporting.planted enable row level security",
            "reporting.planted: no row-level security, or not for its owner",
        ),
        (
            f"drop policy tenant on {_REPORT}",
            f"{_REPORT}: the reader has no policy, or a further one",
        ),
        (
            f"create policy planted on {_REPORT} using (true)",
            f"{_REPORT}: the reader has no policy, or a further one",
        ),
        (f"drop policy pipeline on {_REPORT}", f"{_REPORT}: its owner sees no row"),
        (
            f"alter table {_REPORT} no force row level security",
            f"{_REPORT}: no row-level security, or not for its owner",
        ),
        (
            f"create view datasets.planted as table {_REPORT}",
            "datasets.planted: the view reads with the rights of its owner",
        ),
        (
            f"create materialized view datasets.planted as table {_REPORT}",
            "datasets.planted: it can have no row-level security",
        ),
        (f"grant truncate on {_REPORT} to reporting_reader", f"{_REPORT}: the reader may write it"),
        (
            "grant select on landing.scanning_scans_held_back to reporting_reader",
            "landing.scanning_scans_held_back: the reader may read a partition, past the policy of"
            " its table",
        ),
        (
            "create function landing.planted() returns bigint language sql security definer"
            " return (select count(*) from landing.ticketing_orders)",
            "landing.planted(): it has the rights of its owner",
        ),
    ],
)
def test_a_planted_leak_is_found(planted: str, fault: str, rolled_back: psycopg.Connection) -> None:
    rolled_back.execute(planted.encode())

    assert fault in leaks(rolled_back)
