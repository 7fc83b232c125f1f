"""The reports of the demo: which of the season's are generated, and where a person finds them.

What belongs here: choosing, and words. What does not: generating, which is the jobs' (and the
step's time with it), and the rest of the demo (`demo`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from psycopg import Connection
from rich.console import Console

from reporting_pipeline.building.build import day_ranges
from reporting_pipeline.catalogue.definition_store import apply_definitions, known_organizations
from reporting_pipeline.catalogue.generated_reports import GeneratedReport, generated_reports
from reporting_pipeline.cli.report_table import plain
from reporting_pipeline.report_definitions.definition import ReportFormat
from reporting_pipeline.report_definitions.files import (
    STARTER_SET,
    for_organizations,
    read_folder,
)
from reporting_pipeline.settings import Settings
from reporting_pipeline.store import open_store
from reporting_pipeline.warehouse.engine import warehouse_connection

_DAY = timedelta(days=1)
# A PDF takes a second or two, and the demo is watched.
_DAYS_PER_ORGANIZATION = 1
_SHOWN_FIRST = "event-settlement"

_LAST_DAYS = """
    select distinct date
    from (
        select date, dense_rank() over (partition by organization_id order by date desc) as place
        from reporting.report_sales_daily
    ) as ranked
    where place <= %s
    order by date
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """Partitions of one job, from the first to the last."""

    job_name: str
    first: str
    last: str


def apply_starter_set(settings: Settings) -> int:
    """Give every organisation the starter definitions; how many there are."""
    declared = read_folder(STARTER_SET)
    with warehouse_connection(settings.warehouse_url()) as connection:
        wanted = for_organizations(declared, known_organizations(connection))
        apply_definitions(connection, wanted, datetime.now(UTC))
    return len(wanted)


def deliveries(settings: Settings, events: list[str]) -> Iterator[Delivery]:
    """The last days with sales of each organisation, their weeks and months, and all events."""
    with warehouse_connection(settings.warehouse_url()) as connection:
        days = _last_days(connection)
    weeks = sorted({day - day.weekday() * _DAY for day in days})
    months = sorted({day.replace(day=1) for day in days})
    for first, end in day_ranges(days):
        yield Delivery(job_name="daily_build", first=str(first), last=str(end - _DAY))
    for week in weeks:
        yield Delivery(job_name="deliver_weekly_reports", first=str(week), last=str(week))
    for month in months:
        yield Delivery(job_name="deliver_monthly_reports", first=str(month), last=str(month))
    if events:
        yield Delivery(job_name="deliver_event_reports", first=events[0], last=events[-1])


def tell_reports(settings: Settings, console: Console) -> None:
    """Say how many files there are, where an event's settlement is, and how to check one."""
    store = open_store(settings.store_address())
    with warehouse_connection(settings.warehouse_url()) as connection:
        files = [each for each in generated_reports(connection) if each.storage_path is not None]
    console.print(f"files   {len(files)} report files in {store.address}", soft_wrap=True)
    shown = _shown(files)
    if shown is None or shown.storage_path is None:
        return
    location = store.location(shown.storage_path)
    console.print("look    ", plain(location), end="", soft_wrap=True)
    console.print()
    console.print(
        "prove   [bold]reporting verify[/] FILE, offline: its rows, totals and bytes; or "
        "[bold]reporting reports[/]: all files",
        soft_wrap=True,
    )


def _last_days(connection: Connection) -> list[date]:
    return [day for (day,) in connection.execute(_LAST_DAYS, (_DAYS_PER_ORGANIZATION,))]


def _shown(files: list[GeneratedReport]) -> GeneratedReport | None:
    """A settlement as PDF, the one with the most rows; any file where there is none."""
    best = [each for each in files if each.slug == _SHOWN_FIRST]
    as_pdf = [each for each in best if each.format == ReportFormat.PDF]
    return max(as_pdf or best or files, key=lambda each: each.row_count or 0, default=None)
