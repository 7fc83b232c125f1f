"""A warehouse with the bundled season, landed and built, on which the tests run checks.

The rows are copied from the season's files, not made by landing and dbt, so the figures are right
even if landing or a model has a fault.
"""

from collections.abc import Collection, Iterator
from datetime import date
from pathlib import Path
from typing import Protocol

import psycopg
import pytest
from psycopg import Connection, sql
from psycopg.rows import TupleRow

from reporting_pipeline.checks.checks import CHECKS
from reporting_pipeline.checks.findings import Findings
from reporting_pipeline.embedded.postgres import SUPERUSER, Postgres, create_database, drop_database
from reporting_pipeline.registry.columns import ColumnKind
from reporting_pipeline.registry.report_tables import REPORT_TABLES, SCHEMA
from reporting_pipeline.sources.contract import TABLES
from reporting_pipeline.warehouse.engine import conninfo

_DATABASE = "season_books"

# Every event and organisation of the season is known, so each row has its day.
_REPORT_DAYS = """
    update landing.ticketing_order_line_movements as movement
    set report_day = landing.report_day(movement.occurred_at, event.timezone, event.day_cutoff)
    from landing.ticketing_orders as booking, landing.ticketing_events as event
    where movement.order_id = booking.id and booking.event_id = event.id;

    update landing.seating_inventory_movements as movement
    set report_day = landing.report_day(movement.occurred_at, event.timezone, event.day_cutoff)
    from landing.ticketing_events as event
    where movement.event_id = event.id;

    update landing.scanning_scans as scan
    set report_day = landing.report_day(scan.scanned_at, event.timezone, event.day_cutoff)
    from landing.ticketing_events as event
    where scan.event_id = event.id;

    update landing.ledger_transactions as txn
    set report_day = landing.report_day(txn.effective_at, event.timezone, event.day_cutoff)
    from landing.ticketing_events as event
    where txn.event_id = event.id;

    update landing.ledger_transactions as txn
    set report_day = landing.report_day(txn.effective_at, organization.timezone, '00:00')
    from landing.ticketing_organizations as organization
    where txn.event_id is null and txn.organization_id = organization.id;

    update landing.ledger_entries as entry
    set report_day = txn.report_day
    from landing.ledger_transactions as txn
    where entry.transaction_id = txn.id;
"""


class RunCheck(Protocol):
    """Runs a check by its name; several checks of one name need the report table too."""

    def __call__(
        self, name: str, days: Collection[date], report_table: str | None = None
    ) -> Findings: ...


@pytest.fixture(scope="session")
def _season_database(
    postgres: Postgres,
    superuser: Connection[TupleRow],
    season_dump: Path,
    _warehouse_template: str,
) -> Iterator[str]:
    url = postgres.url(_DATABASE)
    create_database(superuser, _DATABASE, SUPERUSER, template=_warehouse_template)
    with psycopg.connect(conninfo(url)) as connection:
        for table in TABLES:
            source = season_dump / f"{table.schema}.{table.name}.csv"
            if source.exists():  # the season is of version 1.0
                _copy(connection, source, sql.Identifier("landing", f"{table.schema}_{table.name}"))
        connection.execute(_REPORT_DAYS)
        for report in REPORT_TABLES:
            relation = sql.Identifier(SCHEMA, report.name)
            for column in report.columns:
                if column.kind is ColumnKind.MEASURE:  # 0 if newer than the files
                    default = sql.SQL("alter table {} alter column {} set default 0")
                    connection.execute(default.format(relation, sql.Identifier(column.name)))
            _copy(connection, season_dump / "expected" / f"{report.name}.csv", relation)
        connection.execute("analyze")
    yield conninfo(url)
    drop_database(superuser, _DATABASE)


@pytest.fixture
def books(_season_database: str) -> Iterator[Connection[TupleRow]]:
    """A connection to the season, landed and built; changes of a test are rolled back."""
    with psycopg.connect(_season_database) as connection:
        yield connection
        connection.rollback()


@pytest.fixture
def run_check(books: Connection[TupleRow]) -> RunCheck:
    """Runs a check over `books`."""

    def run(name: str, days: Collection[date], report_table: str | None = None) -> Findings:
        [check] = [
            each
            for each in CHECKS
            if each.name == name and report_table in (None, each.report_table)
        ]
        return check.find(books, days)

    return run


def _copy(connection: Connection[TupleRow], source: Path, table: sql.Identifier) -> None:
    with source.open(encoding="utf-8") as file:
        columns = sql.SQL(", ").join(map(sql.Identifier, file.readline().strip().split(",")))
        statement = sql.SQL("copy {} ({}) from stdin (format csv)").format(table, columns)
        with connection.cursor().copy(statement) as copy:
            while block := file.read(1 << 20):
                copy.write(block)
