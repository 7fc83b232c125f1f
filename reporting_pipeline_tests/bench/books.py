"""Generated books for the cases: sources with rows, warehouses, and the newest rows held back."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import cast

import psycopg
from sqlalchemy import URL
from sqlalchemy.dialects import postgresql

from reporting_pipeline.building.build import build, known_days
from reporting_pipeline.building.relations import migrate
from reporting_pipeline.building.touched_days import TouchedDays
from reporting_pipeline.embedded.postgres import Postgres
from reporting_pipeline.samples.generator import Plan, generate_dump
from reporting_pipeline.settings import SOURCE_DOMAINS
from reporting_pipeline.sources.contract import TABLES
from reporting_pipeline.sources.dump import load_dump
from reporting_pipeline.sources.landing import LandingResult
from reporting_pipeline.sources.landing import land as land_sources
from reporting_pipeline.warehouse.engine import conninfo
from reporting_pipeline_tests.bench.entries import server

_CLOCKS = " union all ".join(
    f"select {table.info['record_clock']} as clock from {table.schema}.{table.name}"  # noqa: S608
    for table in TABLES
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """A server for one case, and a folder."""

    postgres: Postgres
    folder: Path

    def database(self, name: str) -> URL:
        """The address of a new, empty database."""
        with psycopg.connect(conninfo(self.postgres.url("postgres")), autocommit=True) as admin:
            admin.execute(f"drop database if exists {name} with (force)".encode())
            admin.execute(f"create database {name}".encode())
        return self.postgres.url(name)

    def sources(self, name: str, *, orders: int, days: int, organizations: int = 5) -> URL:
        """A database with the four domains, filled by the generator; the last day is fixed."""
        plan = Plan(
            seed=1,
            order_count=orders,
            day_count=days,
            organization_count=organizations,
            first_day=date.fromordinal(date(2026, 1, 1).toordinal() - days),
        )
        address = self.database(name)
        dump = generate_dump(plan, self.folder / name)
        load_dump(dump, dict.fromkeys(SOURCE_DOMAINS, address))
        vacuum(address)
        return address

    def warehouse(self, name: str) -> URL:
        """A warehouse without rows."""
        address = self.database(name)
        migrate(address)
        return address

    def psql(self, *arguments: str) -> list[str]:
        """The command line of psql, without the user's own settings."""
        program = str(self.postgres.install.bin / "psql")
        return [program, "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", *arguments]


@contextmanager
def bench(folder: Path) -> Iterator[Bench]:
    """A temporary server."""
    with server() as postgres:
        yield Bench(postgres=postgres, folder=folder)


def land(sources: URL, warehouse: URL) -> LandingResult:
    """Land all four domains, as the schedule does."""
    return land_sources(
        dict.fromkeys(SOURCE_DOMAINS, sources),
        warehouse,
        listener=TouchedDays(),
        overlap_seconds=900,
        timeout_seconds=3600,
    )


def built_warehouse(
    one: Bench, name: str, *, orders: int, days: int, organizations: int = 5
) -> URL:
    """A warehouse with generated organisations, landed and built."""
    sources = one.sources(f"{name}_sources", orders=orders, days=days, organizations=organizations)
    warehouse = one.warehouse(name)
    land(sources, warehouse)
    build(known_days(warehouse), warehouse=warehouse)
    vacuum(warehouse)
    return warehouse


@contextmanager
def small_warehouse(folder: Path) -> Iterator[tuple[Mapping[str, str], str]]:
    """The environment of a small warehouse, and one of its last days."""
    with bench(folder) as one:
        warehouse = built_warehouse(one, "warehouse", orders=300, days=30)
        address = warehouse.render_as_string(hide_password=False)
        sources = one.postgres.url("warehouse_sources").render_as_string(hide_password=False)
        environment = {
            "REPORTING_DATABASE_URL": address,
            "REPORTING_DAGSTER_URL": address,
            "REPORTING_STORE_URL": (folder / "store").as_uri(),
            "REPORTING_FIRST_DAY": str(known_days(warehouse)[0]),
            "REPORTING_HOME": str(folder / "home"),
            "DAGSTER_HOME": str(folder),
        }
        environment |= {
            f"REPORTING_SOURCE_{domain}_URL": sources
            for domain in ("LEDGER", "TICKETING", "SEATING", "SCANNING")
        }
        yield environment, "2025-12-20"


def newest_clock(sources: URL, behind: int = 0) -> datetime:
    """The newest record clock of all tables; `behind`: without so many newer rows."""
    with psycopg.connect(conninfo(sources)) as connection:
        newest = f"select clock from ({_CLOCKS}) as rows order by clock desc offset %s limit 1"  # noqa: S608
        [(clock,)] = connection.execute(newest.encode(), (behind,)).fetchall()
    return cast("datetime", clock)


def hold_back(sources: URL, *, since: datetime) -> None:
    """Move the rows of all tables with this record clock, or a later one, out of the tables."""
    cut = since.isoformat()
    with unchecked(sources) as connection:
        connection.execute("create schema if not exists held")
        for table in TABLES:
            name, clock = f"{table.schema}.{table.name}", table.info["record_clock"]
            kept = f"create table held.{table.schema}_{table.name} as select * from {name}"  # noqa: S608
            connection.execute(f"{kept} where {clock} >= '{cut}'".encode())
            connection.execute(f"delete from {name} where {clock} >= '{cut}'".encode())  # noqa: S608
    vacuum(sources)


def give_back(sources: URL) -> int:
    """Put the rows back that were held back; return how many."""
    row_count = 0
    with unchecked(sources) as connection:
        for table in TABLES:
            held = f"held.{table.schema}_{table.name}"
            statement = f"insert into {table.schema}.{table.name} select * from {held}"  # noqa: S608
            row_count += connection.execute(statement.encode()).rowcount
    return row_count


def vacuum(address: URL) -> None:
    """Vacuum and analyze, as autovacuum does some time after the rows have come."""
    with psycopg.connect(conninfo(address), autocommit=True) as connection:
        connection.execute("vacuum analyze")


def row_count(address: URL) -> int:
    """The number of rows of the four domains."""
    with psycopg.connect(conninfo(address)) as connection:
        statement = f"select count(*) from ({_CLOCKS}) as rows"  # noqa: S608
        [(count,)] = connection.execute(statement.encode()).fetchall()
    return int(count)


def columns_of_tables() -> Mapping[str, str]:
    """The columns of each source table, with their types, by the table's qualified name."""
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    return {
        f"{table.schema}.{table.name}": ", ".join(
            f"{column.name} {column.type.compile(dialect=dialect)}" for column in table.columns
        )
        for table in TABLES
    }


@contextmanager
def unchecked(sources: URL) -> Iterator[psycopg.Connection]:
    """A transaction in which foreign keys are not checked."""
    with psycopg.connect(conninfo(sources)) as connection:
        connection.execute("set session_replication_role = replica")
        yield connection
