"""`reporting export`, `reports` and `verify`: publishes, lists and verifies report files."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID

import click
from rich.console import Console

from reporting_pipeline.catalogue.generated_reports import GeneratedReport, generated_reports
from reporting_pipeline.cli.choices import (
    ORGANIZATION,
    chosen_organization,
    chosen_organizations,
    require_definition,
)
from reporting_pipeline.cli.listing import listing, listing_console, plain
from reporting_pipeline.cli.parameters import DAY, FILE, TEXT, require_range
from reporting_pipeline.cli.pipeline import print_unrecorded, recorded_failure
from reporting_pipeline.cli.session import session
from reporting_pipeline.cli.store_audit import or_store
from reporting_pipeline.cli.work_limits import limited_work
from reporting_pipeline.domain.names import name_or_id
from reporting_pipeline.due.batch import (
    DueResult,
    Reason,
    ReportLine,
    generate_batch,
    reasons,
    report_lines,
)
from reporting_pipeline.due.due_reports import DueReport, Selection, due_reports
from reporting_pipeline.errors import StoreError
from reporting_pipeline.exports.signing import PublicKey
from reporting_pipeline.exports.verify.difference import Verification, Word
from reporting_pipeline.exports.verify.unproven import words
from reporting_pipeline.exports.verify.verify_file import read_manifest, verify_file
from reporting_pipeline.publishing.generate import Publisher
from reporting_pipeline.publishing.verify_against_warehouse import verify_against_warehouse
from reporting_pipeline.report_definitions.definition import ReportFormat, Schedule
from reporting_pipeline.settings import Settings
from reporting_pipeline.sources.landed_names import LandedNames, organization_names
from reporting_pipeline.store import open_store
from reporting_pipeline.warehouse.engine import warehouse_connection

_EXPORT_COLUMNS = (
    *("report", "organisation", "period", "format", "status", "edition"),
    *("rows", "bytes", "seconds"),
)
_REPORT_COLUMNS = ("name", "status", "edition", "rows", "bytes", "file")
_MAX_DIFFERENCES = 20
_HEADLINES = {
    Word.CONSISTENT: "is consistent with its manifest",
    Word.AS_PUBLISHED: "is as published",
    Word.AUTHENTIC: "is authentic",
    Word.RESTATED: "is as published, and the warehouse has something else now",
    Word.NOT_AUTHENTIC: "is NOT authentic",
    Word.DIFFERENT: "is NOT what was published",
}
_UNSEEN = "not proven without the manifest beside the file"
_UNPROVEN = "not proven without a signature (--key) or the warehouse (--against-warehouse)"


@click.command()
@click.option("--from", "first", type=DAY, required=True, help="First report day.")
@click.option("--to", "last", type=DAY, required=True, help="Last report day, included.")
@click.option(
    "--definition",
    "slugs",
    type=TEXT,
    multiple=True,
    metavar="SLUG",
    help="Only this definition, also a draft, paused or manual one; may be repeated.",
)
@click.option(
    "--organization",
    "organizations",
    type=ORGANIZATION,
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
    help="Also publish reports whose days are held, stamped PROVISIONAL.",
)
@click.option(
    "--again",
    is_flag=True,
    help="Also read and render reports that have not changed since they were generated.",
)
def export(  # noqa: PLR0913 - one argument per option
    *,
    first: date,
    last: date,
    slugs: tuple[str, ...],
    organizations: tuple[str, ...],
    formats: tuple[str, ...],
    schedules: tuple[str, ...],
    provisional: bool,
    again: bool,
) -> None:
    """Publish every report that is due for a range of report days.

    A report is due on the day after its period: a daily one for each of the days, a weekly or
    monthly one if its week or month ends within them, one of an event if its last day is among
    them. A report that has not changed since it was generated is not rendered again. The same rows
    give the same bytes, and no new edition.

    The exit code is 1 if a report failed. A report that is held by the seals of its days is listed
    with the reasons, and is not a failure.
    """
    as_of_days = _as_of_days(first, last)
    with session() as settings, recorded_failure("export"):
        with warehouse_connection(settings.warehouse_url()) as connection:
            selection = Selection(
                schedules=tuple(map(Schedule, schedules)),
                slugs=slugs,
                organization_ids=chosen_organizations(connection, organizations),
            )
            due = due_reports(connection, as_of_days, selection)
            names = LandedNames.read(connection, [each.request.period.event_id for each in due])
        chosen = [each.allowing_provisional(is_allowed=provisional) for each in due]
        failed = _export(settings, chosen, tuple(map(ReportFormat, formats)), names, again=again)
    if failed:
        raise click.exceptions.Exit(1)


def _as_of_days(first: date, last: date) -> list[date]:
    if last < first:
        message = f"--to {last} is before --from {first}"
        raise click.UsageError(message)
    require_range(first, last)
    return [first + timedelta(days=offset) for offset in range(1, (last - first).days + 2)]


def _export(
    settings: Settings,
    due: Sequence[DueReport],
    formats: Sequence[ReportFormat],
    names: LandedNames,
    *,
    again: bool,
) -> bool:
    """Publish the reports and print the result; True if any failed."""
    console, begun_at = listing_console(), datetime.now(UTC)
    publisher = Publisher.of(settings)
    lines: list[ReportLine] = []
    done: list[DueResult] = []
    with console.status("") as status:
        results = generate_batch(
            publisher,
            due,
            formats=formats,
            redis_url=settings.redis_address(),
            are_all_rendered=again,
        )
        try:
            for result in results:
                done.append(result)
                lines.extend(report_lines(result))
                status.update(f"{len(lines)} files; {len(due)} reports are due")
        except StoreError:
            if lines:
                _print_lines(console, lines, names)
            raise
    _print_lines(console, lines, names)
    console.print(f"in {publisher.store.address}", soft_wrap=True)
    if done:
        # Imported here because it takes seconds; the files are published before that.
        from reporting_pipeline.orchestration.command_runs import record_export

        print_unrecorded(record_export(settings, done, begun_at))
    return any(line.status == "failed" for line in lines)


def _print_lines(console: Console, lines: Sequence[ReportLine], names: LandedNames) -> None:
    if lines:
        rows = [
            (
                *(line.slug, _owner(line, names)),
                names.period(line.period, line.event_id, line.organization_id),
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
    unchanged_count = sum(line.is_unchanged for line in lines)
    console.print(
        f"{counts['ready']} files are ready, {new_count} of them new editions; "
        f"{counts['held']} held, {counts['failed']} failed"
        f"{', ' + str(counts['empty']) + ' empty' if counts['empty'] else ''}"
        f"{f'; {unchanged_count} have not changed' if unchanged_count else ''}"
        if lines
        else "no such report is due for these days"
    )


def _owner(of: ReportLine | Reason, names: LandedNames) -> str:
    return name_or_id(names.organizations.get(of.organization_id), of.organization_id)


def _reason_line(reason: Reason, names: LandedNames) -> str:
    period = names.period(reason.period, reason.event_id, reason.organization_id)
    report = f"{reason.slug} of {_owner(reason, names)}, {period} ({reason.formats})"
    return f"{reason.what}: {report}: {reason.reason}"


@click.command()
@click.option("--organization", type=ORGANIZATION, help="Only this organisation.")
@click.option("--definition", "slug", type=TEXT, metavar="SLUG", help="Only this definition.")
def reports(organization: str | None, slug: str | None) -> None:
    """List the published reports: the name of each file, and its key in the store.

    The newest period comes first. Edition, rows and bytes are those of the current file, also where
    a later attempt was held or failed.
    """
    with session() as settings:
        with warehouse_connection(settings.warehouse_url()) as connection:
            organization_id = chosen_organization(connection, organization)
            listed = generated_reports(connection, organization_id=organization_id)
            if slug is not None:
                require_definition(connection, slug, organization_id)
            names = organization_names(connection)
        console = listing_console()
        rows = [
            (
                each.file_name or _unpublished(each, names),
                *(each.status, each.edition or None, each.row_count, each.byte_count),
                each.storage_path or "none yet",
            )
            for each in listed
            if slug is None or each.slug == slug
        ]
        console.print(listing(_REPORT_COLUMNS, rows) if rows else "no report is published")
        console.print(f"in {open_store(settings.store_address()).address}", soft_wrap=True)


def _unpublished(report: GeneratedReport, names: Mapping[UUID, str]) -> str:
    of = name_or_id(names.get(report.organization_id), report.organization_id)
    return f"{of}: {report.slug}, {report.period}, {report.format}"


@click.command()
@click.argument("file", required=False, type=FILE)
@click.option(
    "--manifest",
    "manifest_file",
    type=FILE,
    help="The expected manifest. Default: the manifest beside the file, else the one inside it.",
)
@click.option(
    "--against-warehouse",
    is_flag=True,
    help="Also compare each cell with the report tables, and these with the ledger.",
)
@click.option(
    "--key",
    "key_files",
    type=FILE,
    multiple=True,
    help="A public key that you trust: one of them must have signed the manifest. May be repeated.",
)
@or_store
def verify(
    file: Path,
    manifest_file: Path | None,
    against_warehouse: bool,
    key_files: tuple[Path, ...],
) -> None:
    """Compare FILE with its manifest and say what that proves, or name the differences.

    FILE may be of any export format. Without --against-warehouse only the file and its manifest
    are needed: then the word is "consistent", and the fields that nothing proves are listed. With
    it the catalogue proves every field. With --key the word is "authentic", if one of the keys has
    signed. The exit code is 1 if anything differs, or the signature is missing or wrong.

    With --store every published file in the store is compared with the catalogue instead.
    """
    manifest = None if manifest_file is None else read_manifest(manifest_file)
    with limited_work(file.name):
        found = verify_file(file, manifest, [PublicKey.read(each) for each in key_files])
    if against_warehouse:
        with session() as settings:
            found = verify_against_warehouse(settings.warehouse_url(), file, found)
    _print_verification(file, found)
    if not found.agrees:
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
    console.print(plain(f"{file.name} {_HEADLINES[found.word]}:"), soft_wrap=True)
    if found.agrees:
        rows = [(each.what, each.value) for each in found.proofs]
        console.print(listing(("checked", "found as expected"), rows))
        if found.unproven:
            fields = ", ".join(map(words, found.unproven))
            missing = _UNSEEN if found.word is Word.AUTHENTIC else _UNPROVEN
            console.print(plain(f"{missing}: {fields}"), soft_wrap=True)
        return
    differences = found.differences
    for each in differences[:_MAX_DIFFERENCES]:
        console.print(plain(f"  {each}"), soft_wrap=True)
    if len(differences) > _MAX_DIFFERENCES:
        console.print(plain(f"  and {len(differences) - _MAX_DIFFERENCES} more"), soft_wrap=True)
