"""`reporting verify --store`: compares every file in the store with the catalogue."""

import json
from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any

import click

from reporting_pipeline.catalogue.generated_reports import GeneratedReport, generated_report
from reporting_pipeline.catalogue.stored_files import StoreFinding
from reporting_pipeline.cli.choices import ORGANIZATION, chosen_organization
from reporting_pipeline.cli.listing import listing_console, plain
from reporting_pipeline.cli.session import session
from reporting_pipeline.publishing.generate import Publisher
from reporting_pipeline.publishing.store_audit import AuditScope, StoreAudit, audit_store
from reporting_pipeline.settings import Settings
from reporting_pipeline.sources.landed_names import organization_names
from reporting_pipeline.warehouse.engine import warehouse_connection


def or_store(verify: Callable[..., None]) -> Callable[..., None]:
    """The command that verifies one file, or with `--store` all files in the store."""

    @click.option("--store", "is_store", is_flag=True, help="Compare all files in the store.")
    @click.option("--organization", type=ORGANIZATION, help="With --store: only this organisation.")
    @click.option(
        "--restore",
        "is_restoring",
        is_flag=True,
        help="With --store: generate files again that are gone or altered.",
    )
    @click.option("--json", "is_json", is_flag=True, help="With --store: print JSON.")
    @wraps(verify)
    def run(
        *,
        is_store: bool,
        organization: str | None,
        is_restoring: bool,
        is_json: bool,
        **options: Any,
    ) -> None:
        if not is_store:
            if options["file"] is None or organization or is_restoring or is_json:
                message = "name a FILE, or --store for all files; the other options need --store"
                raise click.UsageError(message)
            verify(**options)
        elif any(options.values()):
            message = "--store compares all files: leave out FILE and its options"
            raise click.UsageError(message)
        elif not verify_store(organization, is_restoring=is_restoring, is_json=is_json):
            raise click.exceptions.Exit(1)

    return run


def verify_store(organization: str | None, *, is_restoring: bool, is_json: bool) -> bool:
    """Compare every file, print one line per finding, and return whether the store is right now."""
    console = listing_console()
    with session() as settings:
        with warehouse_connection(settings.warehouse_url()) as connection:
            organization_id = chosen_organization(connection, organization)
        scope = AuditScope(
            organization_ids=None if organization_id is None else [organization_id],
            is_restoring=is_restoring,
            is_forced=is_restoring,
        )
        with console.status("") as status:

            def show(audit: StoreAudit) -> None:
                status.update(
                    f"{audit.folder_count} folders, {audit.read_count} files are read, "
                    f"{len(audit.findings)} findings"
                )

            audit = audit_store(Publisher.of(settings), scope, show)
        lines = _described(settings, audit.findings)
    if is_json:
        click.echo(json.dumps(_summary(audit) | {"findings": lines}, indent=2))
    else:
        for line in lines:
            console.print(plain(_sentence(line)), soft_wrap=True)
        console.print(
            f"{audit.file_count} files of {audit.folder_count} organisations were compared, "
            f"{audit.read_byte_count} bytes read: {len(audit.findings)} findings, "
            f"{audit.restored_count} of them restored",
            soft_wrap=True,
        )
    return audit.restored_count == len(audit.findings)


def _summary(audit: StoreAudit) -> dict[str, Any]:
    return {
        "file_count": audit.file_count,
        "organization_count": audit.folder_count,
        "read_byte_count": audit.read_byte_count,
        "finding_count": len(audit.findings),
        "restored_count": audit.restored_count,
    }


def _described(settings: Settings, findings: Iterable[StoreFinding]) -> list[dict[str, Any]]:
    """The findings with the names of their reports and organisations."""
    with warehouse_connection(settings.warehouse_url()) as connection:
        names = organization_names(connection)
        return [
            _line(
                each,
                None if each.report_id is None else generated_report(connection, each.report_id),
                None if each.organization_id is None else names.get(each.organization_id),
            )
            for each in findings
        ]


def _line(
    found: StoreFinding, report: GeneratedReport | None, organization: str | None
) -> dict[str, Any]:
    return {
        "finding": str(found.finding),
        "object": found.storage_path,
        "organization_id": None if found.organization_id is None else str(found.organization_id),
        "organization": organization,
        "report": None if report is None else report.slug,
        "period": None if report is None else report.period,
        "format": None if report is None else report.format,
        "edition": None if report is None else report.edition,
        "expected": found.expected,
        "found": found.found,
        "consequence": found.consequence,
    }


def _sentence(line: dict[str, Any]) -> str:
    of = line["organization"] or line["organization_id"] or "no organisation"
    report = f"{line['report']} of {of}, {line['period']} ({line['format']})"
    return (
        f"{line['finding']}: {report if line['report'] else of}: {line['object']}: expected "
        f"{line['expected']}, found {line['found']}; {line['consequence']}"
    )
