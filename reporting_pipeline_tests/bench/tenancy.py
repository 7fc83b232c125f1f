"""Cases of the separation of organisations: a daily report as the reader of one of them.

The yardstick of the whole report is the same report while no policy concerns the reader's role.
That of its rows alone is the same statement in a transaction of a superuser. All use a kept
connection, as a batch does.
"""

from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path
from statistics import median
from uuid import UUID

from psycopg import IsolationLevel
from sqlalchemy import URL

from reporting_pipeline.addresses import READER
from reporting_pipeline.building.build import known_days
from reporting_pipeline.checks.seals import seal_days
from reporting_pipeline.exports.row_spool import canonical, psycopg_statement
from reporting_pipeline.publishing.generate import Publisher, generate
from reporting_pipeline.publishing.snapshot import ReportRequest, platform_snapshot
from reporting_pipeline.report_definitions.compile import compile_report
from reporting_pipeline.report_definitions.parse import parse_definition
from reporting_pipeline.store import open_store
from reporting_pipeline.warehouse.engine import KeptConnections, warehouse_connection
from reporting_pipeline.warehouse.tenancy import tenant_session
from reporting_pipeline_tests.bench.books import bench, built_warehouse
from reporting_pipeline_tests.bench.case import Aim, Case, Measured, Size
from reporting_pipeline_tests.bench.measurement import turns
from reporting_pipeline_tests.sample_reports import NOW, REVENUE, define, one_day

_ROUNDS = 7
_READINGS = 100
_REPORTS = 40
_ORDERS = {Size.SMALL: 5_000, Size.LARGE: 500_000}
_SIZES = {size: f"{orders:,} orders in 100 days" for size, orders in _ORDERS.items()}
_BUSIEST = """
    select date, organization_id from reporting.report_revenue_daily
    group by date, organization_id
    order by count(*) desc, date, organization_id
    limit 1
"""


def _whole(size: Size, folder: Path) -> Measured:
    with bench(folder) as one:
        warehouse = built_warehouse(one, "warehouse", orders=_ORDERS[size], days=100)
        day, organization_id = _busiest(warehouse)
        seal_days(warehouse, known_days(warehouse), NOW)
        request = ReportRequest(
            definition=define(warehouse, REVENUE, organization_id),
            period=one_day(day),
            is_provisional_allowed=True,
        )
        publisher = Publisher(
            warehouse=warehouse,
            store=open_store((folder / "store").as_uri()),
            final_delay_seconds=7200,
        )
        kept = KeptConnections(warehouse)

        def generated(policies: str) -> None:
            _alter_reader(warehouse, policies)
            for _ in range(_REPORTS):
                [outcome] = kept.context().run(generate, publisher, request)
                if outcome.report.status != "ready":
                    raise RuntimeError(f"the report is {outcome.report.status}")

        ours, theirs = partial(generated, "nobypassrls"), partial(generated, "bypassrls")
        ours()
        theirs()
        measured = turns(ours, theirs, rounds=_ROUNDS)
        kept.close()
    milliseconds = median(each.ours.wall_seconds for each in measured) / _REPORTS * 1e3
    return Measured(turns=measured, facts={"milliseconds of a report": f"{milliseconds:.1f}"})


def _daily(size: Size, folder: Path) -> Measured:
    with bench(folder) as one:
        warehouse = built_warehouse(one, "warehouse", orders=_ORDERS[size], days=100)
        day, organization_id = _busiest(warehouse)
        statement, values = _statement(organization_id, day)
        kept = KeptConnections(warehouse)

        def as_reader() -> None:
            level = IsolationLevel.REPEATABLE_READ
            with tenant_session(warehouse, organization_id, isolation_level=level) as connection:
                connection.execute(statement, values).fetchall()

        ours = partial(_repeat, kept, as_reader)
        theirs = partial(_repeat, kept, partial(_as_superuser, warehouse, statement, values))
        ours()
        theirs()
        measured = turns(ours, theirs, rounds=_ROUNDS)
        kept.close()
    milliseconds = median(each.ours.wall_seconds for each in measured) / _READINGS * 1e3
    return Measured(turns=measured, facts={"milliseconds of a reading": f"{milliseconds:.1f}"})


def _busiest(warehouse: URL) -> tuple[date, UUID]:
    """The day and the organisation with the most rows of revenue."""
    with warehouse_connection(warehouse) as connection:
        [(day, organization_id)] = connection.execute(_BUSIEST).fetchall()
    return day, organization_id


def _alter_reader(warehouse: URL, policies: str) -> None:
    with warehouse_connection(warehouse) as connection:
        connection.execute(f"alter role {READER} {policies}".encode())


def _statement(organization_id: UUID, day: date) -> tuple[bytes, dict[str, object]]:
    definition = parse_definition({**REVENUE, "organization_id": str(organization_id)})
    [part] = definition.config.parts
    report = compile_report(part, organization_id, one_day(day))
    statement, values = psycopg_statement(canonical(report))
    return statement.encode(), values


def _repeat(kept: KeptConnections, read: Callable[[], None]) -> None:
    for _ in range(_READINGS):
        kept.context().run(read)


def _as_superuser(warehouse: URL, statement: bytes, values: dict[str, object]) -> None:
    with warehouse_connection(warehouse) as connection, platform_snapshot(connection):
        connection.execute(statement, values).fetchall()


CASES = (
    Case(
        name="a daily report is generated under the policies",
        yardstick="the same report, while no policy concerns the reader",
        sizes=_SIZES,
        aim=Aim(limit=1.05, by="cpu"),
        bound=(
            "each statement of a report is planned under the policies of the tables that it names; "
            "rounds differ by a fifth"
        ),
        run=_whole,
    ),
    Case(
        name="a tenant session reads a daily report",
        yardstick="a superuser runs the same statement; no policy applies to it",
        sizes=_SIZES,
        aim=Aim(limit=1.05, by="cpu"),
        bound=(
            "planning takes most of the time of such a small statement; the policies of the tables "
            "behind the names add 0.7 of 3.3 ms, the statement that names the organisation adds "
            "0.3 ms"
        ),
        run=_daily,
    ),
)
