"""The table that the benchmarks read: generated rows like ledger entries, and a report of them."""

import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from sqlalchemy import column as sql_column
from sqlalchemy import func, literal_column, select, table

from reporting_pipeline.embedded.account import private_folder, server_account
from reporting_pipeline.embedded.postgres import Postgres, PostgresInstall
from reporting_pipeline.registry.columns import ColumnType, Unit
from reporting_pipeline.report_definitions.compile import CompiledReport
from reporting_pipeline.settings import Settings
from reporting_pipeline.warehouse.engine import conninfo
from reporting_pipeline_tests.exports.documents import column

COLUMNS = (
    column("entry_id", ColumnType.UUID),
    column("transaction_id", ColumnType.UUID),
    column("date", ColumnType.DATE),
    column("posted_at", ColumnType.INSTANT),
    column("account", ColumnType.TEXT),
    column("kind", ColumnType.TEXT),
    column("currency", ColumnType.CURRENCY),
    column("amount_minor", ColumnType.BIGINT, Unit.MINOR),
    column("fee_rate", ColumnType.RATIO, Unit.RATE),
    column("memo", ColumnType.TEXT),
)

_CREATE = """
    create unlogged table entries as
    select
        n as position,
        md5('entry ' || n)::uuid as entry_id,
        md5('transaction ' || n / 2)::uuid as transaction_id,
        date '2024-01-01' + (n / 10000)::integer as date,
        timestamptz '2024-01-01 08:00+00' + n * interval '8.64 seconds' as posted_at,
        case n % 2 when 0 then 'receivable:card' else 'revenue:tickets' end as account,
        (array['sale', 'refund', 'fee', 'payout'])[1 + n % 4] as kind,
        (array['EUR', 'USD', 'JPY', 'KWD'])[1 + n % 4]::character(3) as currency,
        (n * 7919) %% 2000000 - 500000 as amount_minor,
        ((n %% 1000) / 10000.0)::numeric(12, 6) as fee_rate,
        case
            when n %% 50 = 0 then null
            when n %% 20 = 0 then 'Müller, "Anna"; Reihe 7'
            when n %% 97 = 0 then '=HYPERLINK("http://example.invalid")'
            else 'Order ' || n || ', block ' || n %% 40
        end as memo
    from generate_series(1, %s::bigint) as n
""".replace(" n % ", " n %% ")


@contextmanager
def entries(row_count: int) -> Iterator[str]:
    """A temporary PostgreSQL server with this many rows in `entries`; yields its address."""
    with server() as postgres:
        address = conninfo(postgres.url("postgres"))
        _fill(address, row_count)
        yield address


@contextmanager
def server() -> Iterator[Postgres]:
    """A temporary PostgreSQL server."""
    account = server_account()
    folder = Path(tempfile.mkdtemp(prefix="reporting-bench-"))
    install = PostgresInstall.find(Settings.from_environment().pg_bindir)
    try:
        private_folder(folder, account)
        postgres = Postgres(
            install=install.reachable_for(account, folder / "bin"),
            folder=folder / "postgres",
            account=account,
            password=secrets.token_urlsafe(),
            durable=False,
        )
        postgres.start()
        try:
            yield postgres
        finally:
            postgres.stop()
    finally:
        shutil.rmtree(folder)


def report(row_count: int) -> CompiledReport:
    """A report of the first rows of the table, in their order."""
    relation = table("entries", *(sql_column(each.name) for each in COLUMNS))
    is_included = literal_column("position") <= row_count
    return CompiledReport(
        columns=COLUMNS,
        key=("entry_id",),
        currency="currency",
        rows=select(*relation.c).where(is_included).order_by(literal_column("position")),
        count=select(func.count()).select_from(relation).where(is_included),
        totals=None,
        filters=(),
    )


def _fill(address: str, row_count: int) -> None:
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(_CREATE, (row_count,))
        connection.execute("alter table entries add primary key (position)")
        connection.execute("vacuum analyze entries")
