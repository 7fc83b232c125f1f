"""`reporting export`, `reports` and `verify`: publishes, lists and verifies report files."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from uuid import UUID

import click
from rich.console import Console

from reporting_pipeline.catalogue.definition_store import organization_names
from reporting_pipeline.catalogue.generated_reports import generated_reports
from reporting_pipeline.cli.listing import listing, listing_console, plain
from reporting_pipeline.cli.session import session
from reporting_pipeline.due.batch import Reason, ReportLine, generate_batch, reasons, report_lines
from reporting_pipeline.due.due_reports import DueReport, Selection, due_reports
from reporting_pipeline.exports.verify.difference import Verification
from reporting_pipeline.exports.verify.verify_file import read_manifest, verify_file
from reporting_pipeline.publishing.generate import Publisher
from reporting_pipeline.publishing.verify_against_warehouse import verify_against_warehouse
from reporting_pipeline.report_definitions.definition import ReportFormat, Schedule
from reporting_pipeline.settings import Settings
from reporting_pipeline.store import open_store
from reporting_pipeline.warehouse.engine import warehouse_connection

_DAY = click.DateTime(formats=["%Y-%m-%d"])
_EXPORT_COLUMNS = (
    *("report", "organisation", "period", "format", "status", "edition"),
    *("rows", "bytes", "seconds"),
)
_REPORT_COLUMNS = ("organisation", "status", "edition", "rows", "bytes", "file")
_MAX_DIFFERENCES = 20


@click.command()
@click.option("--from", "first", type=_DAY, required=True, help="First report day.")
@click.option("--to", "last", type=_DAY, required=True, help="Last report day, included.")
@click.option(
    "--definition",
    "slugs",
    multiple=True,
    metavar="SLUG",
    help="Only this definition, also a draft, paused or manual one; may be repeated.",
)
@click.option(
    "--organization",
    "organization_ids",
    type=click.UUID,
    multiple=True,
    help="Only this organisation; may be repeated.",
)
@click.option(
    "--format",
    "formats",
    type=click.Choice([each.value for each in ReportFormat]),
    multiple=True,
    help="Only this format, of those that a definition has; may be repeated.",
)
@click.option(
    "--schedule",
    "schedules",
    type=click.Choice([each.value for each in Schedule if each is not Schedule.MANUAL]),
    multiple=True,
    help="Only this schedule; may be repeated.",
)
@click.option(
    "--provisional",
    is_flag=True,
    help="Also publish financial reports whose days are held, stamped PROVISIONAL.",
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
    """Publish every report that is due for a range of report days.

    A report is due on the day after its period: a daily one for each of the days, a weekly or
    monthly one if its week or month ends within them, one of an event if its last day is among
    them. The same rows give the same bytes, and no new edition.

    The exit code is 1 if a report failed. A report that is held by the seals of its days is listed
    with the reasons, and is not a failure.
    """
    as_of_days = _as_of_days(first.date(), last.date())
    selection = Selection(
        schedules=tuple(map(Schedule, schedules)), slugs=slugs, organization_ids=organization_ids
    )
    with session() as settings:
        with warehouse_connection(settings.warehouse_url()) as connection:
            due = due_reports(connection, as_of_days, selection)
            names = organization_names(connection)
        chosen = [each.allowing_provisional(is_allowed=provisional) for each in due]
        failed = _export(settings, chosen, tuple(map(ReportFormat, formats)), names)
    if failed:
        raise click.exceptions.Exit(1)


def _as_of_days(first: date, last: date) -> list[date]:
    if last < first:
        message = f"--to {last} is before --from {first}"
        raise click.BadParameter(message)
    return [first + timedelta(days=offset) for offset in range(1, (last - first).days + 2)]


def _export(
    settings: Settings,
    due: Sequence[DueReport],
    formats: Sequence[ReportFormat],
    names: Mapping[UUID, str],
) -> bool:
    """Publish the reports and print the result; True if any failed."""
    console = listing_console()
    publisher = Publisher.of(settings)
    lines: list[ReportLine] = []
    with console.status("") as status:
        results = generate_batch(
            publisher, due, formats=formats, redis_url=settings.redis_address()
        )
        for result in results:
            lines.extend(report_lines(result))
            status.update(f"{len(lines)} files; {len(due)} reports are due")
    _print_lines(console, lines, names)
    console.print(f"in {publisher.store.address}", soft_wrap=True)
    return any(line.status == "failed" for line in lines)


def _print_lines(console: Console, lines: Sequence[ReportLine], names: Mapping[UUID, str]) -> None:
    if lines:
        rows = [
            (
                *(line.slug, names.get(line.organization_id, line.organization_id), line.period),
                *(line.format, line.status, line.edition or None, line.row_count),
                *(line.byte_count, f"{line.seconds:.1f}"),
            )
            for line in lines
        ]
        console.print(listing(_EXPORT_COLUMNS, rows))
        console.print()
    for reason in reasons(lines):
        console.print(plain(_reason_line(reason, names)), soft_wrap=True)
    counts = Counter(line.status for line in lines)
    new_count = sum(line.is_new_edition for line in lines)
    console.print(
        f"{counts['ready']} files are ready, {new_count} of them new editions; "
        f"{counts['held']} held, {counts['failed']} failed"
        f"{', ' + str(counts['empty']) + ' empty' if counts['empty'] else ''}"
        if lines
        else "no such report is due for these days"
    )


def _reason_line(reason: Reason, names: Mapping[UUID, str]) -> str:
    name = names.get(reason.organization_id, reason.organization_id)
    report = f"{reason.slug} of {name}, {reason.period} ({reason.formats})"
    return f"{reason.what}: {report}: {reason.reason}"


@click.command()
@click.option("--organization", "organization_id", type=click.UUID, help="Only this organisation.")
@click.option("--definition", "slug", metavar="SLUG", help="Only this definition.")
def reports(organization_id: UUID | None, slug: str | None) -> None:
    """List the published reports, with their files in the store.

    The newest period comes first. Edition, rows and bytes are those of the current file, also where
    a later attempt was held or failed.
    """
    with session() as settings:
        with warehouse_connection(settings.warehouse_url()) as connection:
            listed = generated_reports(connection, organization_id=organization_id)
            names = organization_names(connection)
        console = listing_console()
        rows = [
            (
                *(names.get(each.organization_id, each.organization_id), each.status),
                *(each.edition or None, each.row_count, each.byte_count),
                each.storage_path or f"none yet: {each.slug}, {each.period}, {each.format}",
            )
            for each in listed
            if slug is None or each.slug == slug
        ]
        console.print(listing(_REPORT_COLUMNS, rows) if rows else "no report is published")
        console.print(f"in {open_store(settings.store_address()).address}", soft_wrap=True)


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--manifest",
    "manifest_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The expected manifest. Default: the manifest beside the file, else the one inside it.",
)
@click.option(
    "--against-warehouse",
    is_flag=True,
    help="Also compare each cell with the report tables, and these with the ledger.",
)
def verify(file: Path, manifest_file: Path | None, against_warehouse: bool) -> None:
    """Prove that FILE is what was published, or name the differences.

    FILE may be of any export format. Without --against-warehouse only the file and its manifest
    are needed. The exit code is 1 if anything differs.
    """
    found = verify_file(file, None if manifest_file is None else read_manifest(manifest_file))
    if against_warehouse:
        with session() as settings:
            found = verify_against_warehouse(settings.warehouse_url(), file, found)
    _print_verification(file, found)
    if not found.is_proven:
        raise click.exceptions.Exit(1)


def _print_verification(file: Path, found: Verification) -> None:
    console, manifest = listing_console(), found.manifest
    stamp = ", PROVISIONAL" if manifest.is_provisional else ""
    console.print(
        plain(
            f"{manifest.definition.name}, version {manifest.definition.version}, "
            f"{manifest.organization.name}, {manifest.period.token}{stamp}"
        ),
        soft_wrap=True,
    )
    if found.is_proven:
        console.print(plain(f"{file.name} is proven:"), soft_wrap=True)
        rows = [(each.what, each.value) for each in found.proofs]
        console.print(listing(("checked", "found as expected"), rows))
        return
    differences = found.differences
    console.print(plain(f"{file.name} is NOT what was published:"), soft_wrap=True)
    for each in differences[:_MAX_DIFFERENCES]:
        console.print(plain(f"  {each}"), soft_wrap=True)
    if len(differences) > _MAX_DIFFERENCES:
        console.print(plain(f"  and {len(differences) - _MAX_DIFFERENCES} more"), soft_wrap=True)
