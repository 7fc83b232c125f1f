"""`reporting export`: the reports that are due for a range of report days.

What belongs here: arguments and what a person reads. What does not: which reports are due, and
making them (`delivery`).
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from uuid import UUID

import click
from rich.console import Console

from reporting_pipeline.cli.report_table import (
    organization_names,
    plain,
    report_console,
    report_table,
)
from reporting_pipeline.cli.session import session
from reporting_pipeline.due.batch import Reason, ReportLine, generate_batch, reasons, report_lines
from reporting_pipeline.due.due_reports import DueReport, Selection, due_reports
from reporting_pipeline.publishing.generate import Publisher
from reporting_pipeline.report_definitions.definition import ReportFormat, Schedule
from reporting_pipeline.settings import Settings
from reporting_pipeline.warehouse.engine import warehouse_connection

_DAY = click.DateTime(formats=["%Y-%m-%d"])
_COLUMNS = (
    *("report", "organisation", "period", "format", "status", "edition"),
    *("rows", "bytes", "seconds"),
)


@click.command()
@click.option("--from", "first", type=_DAY, required=True, help="First report day.")
@click.option("--to", "last", type=_DAY, required=True, help="Last report day, included.")
@click.option(
    "--definition",
    "slugs",
    multiple=True,
    metavar="SLUG",
    help="Only this definition, in any status but archived, also a manual one; may be repeated.",
)
@click.option(
    "--organization",
    "organization_ids",
    type=click.UUID,
    multiple=True,
    help="Only of this organisation; may be repeated.",
)
@click.option(
    "--format",
    "formats",
    type=click.Choice([each.value for each in ReportFormat]),
    multiple=True,
    help="Only in this format, of those that a definition asks for; may be repeated.",
)
@click.option(
    "--schedule",
    "schedules",
    type=click.Choice([each.value for each in Schedule if each is not Schedule.MANUAL]),
    multiple=True,
    help="Only of this schedule; may be repeated.",
)
@click.option(
    "--provisional",
    is_flag=True,
    help="Publish financial reports over days that are held, stamped PROVISIONAL.",
)
def export(  # noqa: PLR0913 - one argument per option
    *,
    first: datetime,
    last: datetime,
    slugs: tuple[str, ...],
    organization_ids: tuple[UUID, ...],
    formats: tuple[str, ...],
    schedules: tuple[str, ...],
    provisional: bool,
) -> None:
    """Generate every report that is due for a range of report days.

    A report is due on the day after its period: daily ones for each of the days, weekly and monthly
    ones where a week or month ends within them, those of an event where its last day is among them.
    The same rows give the same bytes, and no new edition.

    Ends with code 1 if any report failed. Reports that are held by the seals of their days are
    listed with the reasons, and are no failure.
    """
    as_of_days = _as_of_days(first.date(), last.date())
    selection = Selection(
        schedules=tuple(map(Schedule, schedules)), slugs=slugs, organization_ids=organization_ids
    )
    with session() as settings:
        with warehouse_connection(settings.warehouse_url()) as connection:
            due = due_reports(connection, as_of_days, selection)
            names = organization_names(connection)
        wanted = [_allowed(each, is_provisional_allowed=provisional) for each in due]
        failed = _export(settings, wanted, tuple(map(ReportFormat, formats)), names)
    if failed:
        raise click.exceptions.Exit(1)


def _as_of_days(first: date, last: date) -> list[date]:
    if last < first:
        message = f"--to {last} is before --from {first}"
        raise click.BadParameter(message)
    return [first + timedelta(days=offset) for offset in range(1, (last - first).days + 2)]


def _allowed(due: DueReport, *, is_provisional_allowed: bool) -> DueReport:
    request = replace(due.request, is_provisional_allowed=is_provisional_allowed)
    return replace(due, request=request)


def _export(
    settings: Settings,
    due: Sequence[DueReport],
    formats: Sequence[ReportFormat],
    names: Mapping[UUID, str],
) -> bool:
    """Generate and tell; whether any failed."""
    console = report_console()
    publisher = Publisher.of(settings)
    lines: list[ReportLine] = []
    with console.status("") as status:
        results = generate_batch(
            publisher, due, formats=formats, redis_url=settings.redis_address()
        )
        for result in results:
            lines.extend(report_lines(result))
            status.update(f"{len(lines)} files; {len(due)} reports are due")
    _tell(console, lines, names)
    console.print(f"in {publisher.store.address}", soft_wrap=True)
    return any(line.status == "failed" for line in lines)


def _tell(console: Console, lines: Sequence[ReportLine], names: Mapping[UUID, str]) -> None:
    if lines:
        rows = [
            (
                *(line.slug, names.get(line.organization_id, line.organization_id), line.period),
                *(line.format, line.status, line.edition or None, line.row_count),
                *(line.byte_count, f"{line.seconds:.1f}"),
            )
            for line in lines
        ]
        console.print(report_table(_COLUMNS, rows))
        console.print()
    for reason in reasons(lines):
        console.print(plain(_said(reason, names)), soft_wrap=True)
    counts = Counter(line.status for line in lines)
    new_count = sum(line.is_new_edition for line in lines)
    console.print(
        f"{counts['ready']} files are ready, {new_count} of them new editions; "
        f"{counts['held']} held, {counts['failed']} failed"
        if lines
        else "no such report is due for these days"
    )


def _said(reason: Reason, names: Mapping[UUID, str]) -> str:
    name = names.get(reason.organization_id, reason.organization_id)
    report = f"{reason.slug} of {name}, {reason.period} ({reason.formats})"
    return f"{reason.what}: {report}: {reason.reason}"
