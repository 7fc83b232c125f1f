"""`reporting verify`: whether a report's file is what was published.

What belongs here: arguments and what a person reads. What does not: verifying (`exports.verify`,
`publishing.verify_against_warehouse`).
"""

from pathlib import Path

import click

from reporting_pipeline.cli.report_table import plain, report_console, report_table
from reporting_pipeline.cli.session import session
from reporting_pipeline.exports.verify.difference import Verification
from reporting_pipeline.exports.verify.verify_file import read_manifest, verify_file
from reporting_pipeline.publishing.verify_against_warehouse import verify_against_warehouse

_MAX_SHOWN = 20


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--manifest",
    "manifest_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="What the file should be. Default: the manifest beside it, else the one inside it.",
)
@click.option(
    "--against-warehouse",
    is_flag=True,
    help="Compare with the report tables too, cell by cell, and these with the ledger.",
)
def verify(file: Path, manifest_file: Path | None, against_warehouse: bool) -> None:
    """Prove that FILE is what was published, or name what differs.

    FILE may be of any export format. Without --against-warehouse it needs the file and its
    manifest, and nothing else. The exit code is 1 where anything differs.
    """
    found = verify_file(file, None if manifest_file is None else read_manifest(manifest_file))
    if against_warehouse:
        with session() as settings:
            found = verify_against_warehouse(settings.warehouse_url(), file, found)
    _show(file, found)
    if not found.is_proven:
        raise click.exceptions.Exit(1)


def _show(file: Path, found: Verification) -> None:
    console, manifest = report_console(), found.manifest
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
        console.print(report_table(("what", "found as expected"), rows))
        return
    differences = found.differences
    console.print(plain(f"{file.name} is NOT what was published:"), soft_wrap=True)
    for each in differences[:_MAX_SHOWN]:
        console.print(plain(f"  {each}"), soft_wrap=True)
    if len(differences) > _MAX_SHOWN:
        console.print(plain(f"  and {len(differences) - _MAX_SHOWN} more"), soft_wrap=True)
