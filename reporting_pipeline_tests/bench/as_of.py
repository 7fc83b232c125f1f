"""`python -m reporting_pipeline_tests.bench.as_of`: reading balances against length of history.

An organisation has 1,000 events, each with a row of a table on every third day of the history. Read
are what is owed and the event summary as of the last day, and the payout statement of the last
month, at 30 days and at three years of history. Each reading is planned again, as in production.
At 30 days a statement of the month has no opening balances to look up.

Milliseconds depend on what else the machine does; the pages that a reading touches do not.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import date
from uuid import UUID

import psycopg
from psycopg import sql
from sqlalchemy import URL

from reporting_pipeline.building.relations import ensure_relations, migrate
from reporting_pipeline.domain.period import Period
from reporting_pipeline.exports.row_spool import psycopg_statement
from reporting_pipeline.registry.report_tables import report_table
from reporting_pipeline.report_definitions.compile import compile_report
from reporting_pipeline.report_definitions.config import ReportConfig
from reporting_pipeline.report_definitions.parse import parse_config
from reporting_pipeline.warehouse.engine import conninfo
from reporting_pipeline_tests.bench.entries import server
from reporting_pipeline_tests.bench.measurement import machine, say

_ORGANIZATION = UUID(int=1)
_END = date(2026, 7, 1)
_SHORT, _LONG = 30, 1_095
_REPEATS = 25
_MOST = 1.5
_LAST_MONTH = Period(first=date(2026, 6, 1), end=_END)
_REPORTS: dict[str, ReportConfig] = {
    "owed as of a day, by event": parse_config(
        {
            "dataset": "payable_statement",
            "columns": ["event_id", "currency", "closing_minor"],
            "group_by": ["event_id", "currency"],
            "period": "month",
        }
    ),
    "payout statement of a month, by event": parse_config(
        {
            "dataset": "payable_statement",
            "columns": [
                *("event_id", "currency", "opening_minor", "organizer_share_minor"),
                *("payout_minor", "closing_minor"),
            ],
            "group_by": ["event_id", "currency"],
            "period": "month",
        }
    ),
    "event summary as of a day, by event": parse_config(
        {
            "dataset": "event_summary",
            "columns": ["event_id", "capacity_count", "sold_to_date_count", "sell_through_rate"],
            "group_by": ["event_id", "currency"],
            "period": "month",
        }
    ),
}


def main(arguments: Sequence[str]) -> int:
    """Print a line for each report; 1 if a reading takes too much longer with a long history."""
    options = _parser().parse_args(arguments)
    say(f"{machine()}\n\n")
    say("| report | events | rows at 30 days | rows at 3 years | ms | ms | times |")
    say(" pages | pages | times |\n|---|---|---|---|---|---|---|---|---|---|\n")
    worst = 0.0
    with server() as postgres:
        addresses = [postgres.url("short"), postgres.url("long")]
        rows = [
            _history(address, postgres.url("postgres"), days, options.events)
            for address, days in zip(addresses, (_SHORT, _LONG), strict=True)
        ]
        for name, config in _REPORTS.items():
            before, after = _seconds(addresses, config)
            few, many = (_pages(each, config) for each in addresses)
            if "as of a day" in name:
                worst = max(worst, after / before)
            say(
                f"| {name} | {options.events:,} | {rows[0]:,} | {rows[1]:,} | {before * 1e3:.1f} "
                f"| {after * 1e3:.1f} | {after / before:.2f} | {few:,} | {many:,} "
                f"| {many / few:.2f} |\n"
            )
    return 0 if worst < _MOST else 1


def _history(warehouse: URL, postgres: URL, days: int, events: int) -> int:
    """Create a warehouse with the rows of so many days; returns their number in a table."""
    with psycopg.connect(conninfo(postgres), autocommit=True) as connection:
        name = sql.Identifier(warehouse.database or "")
        connection.execute(sql.SQL("create database {}").format(name))
    migrate(warehouse)
    with psycopg.connect(conninfo(warehouse), autocommit=True) as connection:
        for table in ("report_revenue_daily", "report_event_summary"):
            _fill(connection, table, days, events)
        # The relations of the next version: they take the balances from the rows.
        connection.execute("drop table reporting.report_revenue_daily_balances cascade")
        connection.execute("comment on schema staging is null")
        ensure_relations(warehouse)
        connection.execute("vacuum analyze")
        counted = "select count(*) from reporting.report_revenue_daily"
        [(row_count,)] = connection.execute(counted).fetchall()
    return int(row_count)


def _fill(connection: psycopg.Connection, table: str, days: int, events: int) -> None:
    made = {
        "organization_id": sql.SQL("%(one)s::uuid"),
        "event_id": sql.SQL("md5('event ' || e)::uuid"),
        "date": sql.SQL("%(end)s::date - d"),
        "currency": sql.SQL("'EUR'"),
        "is_final": sql.SQL("false"),
    }
    values = [
        made.get(
            each.name, sql.SQL("null") if each.nullable else sql.SQL("(e * 7 + d * 13) %% 1009")
        )
        for each in report_table(table).columns
    ]
    statement = sql.SQL(
        "insert into {} ({}) select {} from"
        " generate_series(1, %(days)s) as d, generate_series(1, %(events)s) as e"
        " where (d + e) %% 3 = 0"
    ).format(
        sql.Identifier("reporting", table),
        sql.SQL(", ").join(sql.Identifier(each.name) for each in report_table(table).columns),
        sql.SQL(", ").join(values),
    )
    bound = {"one": _ORGANIZATION, "end": _END, "days": days, "events": events}
    connection.execute(statement, bound)


def _seconds(warehouses: Sequence[URL], config: ReportConfig) -> list[float]:
    """The least seconds of reading the report in each warehouse; in turns, as load varies."""
    statement, parameters = psycopg_statement(
        compile_report(config, _ORGANIZATION, _LAST_MONTH).rows
    )
    least = [float("inf")] * len(warehouses)
    with ExitStack() as stack:
        connections = [stack.enter_context(psycopg.connect(conninfo(each))) for each in warehouses]
        for _ in range(_REPEATS):
            for index, connection in enumerate(connections):
                began = time.perf_counter()
                found = connection.execute(statement.encode(), parameters, prepare=False)
                assert found.fetchall()
                least[index] = min(least[index], time.perf_counter() - began)
    return least


def _pages(warehouse: URL, config: ReportConfig) -> int:
    """The pages that reading the report touches, each as often as it is touched."""
    report = compile_report(config, _ORGANIZATION, _LAST_MONTH)
    statement, parameters = psycopg_statement(report.rows)
    explained = f"explain (analyze, buffers, format json) {statement}"
    with psycopg.connect(conninfo(warehouse)) as connection:
        found = connection.execute(explained.encode(), parameters, prepare=False).fetchall()
    [[[of_statement]]] = found
    plan = of_statement["Plan"]
    return int(plan["Shared Hit Blocks"]) + int(plan["Shared Read Blocks"])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000)
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
