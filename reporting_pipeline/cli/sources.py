"""`reporting sources`: checks, loads or generates the source domains."""

import tempfile
from datetime import datetime
from pathlib import Path

import click
from sqlalchemy import URL

from reporting_pipeline.cli.session import session
from reporting_pipeline.errors import SourceContractBroken, SourceUnavailable, SourceWritable
from reporting_pipeline.samples.generator import Plan, generate_dump
from reporting_pipeline.settings import Settings
from reporting_pipeline.sources.contract import DOMAINS
from reporting_pipeline.sources.dump import LoadResult, load_dump
from reporting_pipeline.sources.inspect import Inspection, inspect_source

_LOADED = "{:<34}{:>10}{:>10}{:>11}"
_CHECKED = "{:<11}{:<9}{}"
_FOLDER = click.Path(path_type=Path, file_okay=False)


@click.group()
def sources() -> None:
    """Check, load or generate the source domains."""


@sources.command()
@click.argument("directory", type=_FOLDER)
def load(directory: Path) -> None:
    """Load a contract dump from DIRECTORY, all or nothing.

    Its files are named <schema>.<table>.csv or .csv.gz. Missing schemas and tables are created.
    """
    with session() as settings:
        click.echo(_loaded(_load(settings, directory)))


@sources.command()
def check() -> None:
    """Compare the sources with the contract, and check that their roles can only read.

    More tables and columns than the contract has are allowed. The parts of version 1.1 are
    optional; the last line of each source lists the missing ones. The exit code is 1 if a source
    breaks the contract, is down, or has a role that may write; warnings do not change it.
    """
    with session() as settings:
        click.echo(_CHECKED.format("source", "result", "finding"))
        broken, writable, down = [], [], []
        for domain in DOMAINS:
            try:
                inspection = _inspect(settings, domain)
            except SourceUnavailable as error:
                click.echo(_CHECKED.format(domain, "error", error.message))
                down.append(domain)
                continue
            click.echo(_inspected(inspection))
            if inspection.writable_rights:
                writable.append(domain)
            if inspection.is_broken:
                broken.append(domain)
    _refuse(writable=writable, broken=broken, down=down)


@sources.command()
@click.option("--seed", type=int, default=1, show_default=True, help="Same seed, same bytes.")
@click.option("--orders", type=click.IntRange(min=0), default=10_000, show_default=True)
@click.option("--days", type=click.IntRange(min=1), default=90, show_default=True)
@click.option("--organizations", type=click.IntRange(min=1), default=5, show_default=True)
@click.option(
    "--events",
    type=click.IntRange(min=1),
    help="Events of each organisation, default as many as fit the days: 8 for 90.",
)
@click.option(
    "--first-day",
    type=click.DateTime(formats=["%Y-%m-%d"]),
    default="2025-01-01",
    show_default=True,
    help="The first report day.",
)
@click.option("--out", type=_FOLDER, help="Write a dump into this folder instead of loading it.")
@click.option("--gzip", "is_packed", is_flag=True, help="Write .csv.gz files.")
def generate(  # noqa: PLR0913, PLR0917 - one argument per option
    seed: int,
    orders: int,
    days: int,
    organizations: int,
    events: int | None,
    first_day: datetime,
    out: Path | None,
    is_packed: bool,
) -> None:
    """Generate valid, reconciled sample data of any size, into the sources or a folder."""
    plan = Plan(
        seed=seed,
        order_count=orders,
        day_count=days,
        organization_count=organizations,
        first_day=first_day.date(),
        event_count=events,
    )
    if out is not None:
        click.echo(f"{orders} orders in {generate_dump(plan, out, is_packed=is_packed)}")
        return
    with session() as settings, tempfile.TemporaryDirectory() as folder:
        dump = generate_dump(plan, Path(folder) / "dump")
        click.echo(_loaded(_load(settings, dump)))


def _load(settings: Settings, directory: Path) -> LoadResult:
    admin_urls = {domain: settings.source_admin_url(domain) for domain in DOMAINS}
    return load_dump(directory, admin_urls, _reader_roles(settings, admin_urls))


def _reader_roles(settings: Settings, admin_urls: dict[str, URL]) -> dict[str, str]:
    """The reading role of each domain where it differs from the role that loads."""
    readers = {domain: settings.source_url(domain).username for domain in DOMAINS}
    return {
        domain: reader
        for domain, reader in readers.items()
        if reader is not None and reader != admin_urls[domain].username
    }


def _loaded(result: LoadResult) -> str:
    lines = [_LOADED.format("table", "new", "replaced", "unchanged")]
    lines += [
        _LOADED.format(table, load.new_count, load.replaced_count, load.unchanged_count)
        for table, load in result.tables.items()
    ]
    lines.append(f"{result.new_count} new, {result.replaced_count} replaced")
    return "\n".join(lines)


def _inspect(settings: Settings, domain: str) -> Inspection:
    url, timeout_seconds = settings.source_url(domain), settings.source_timeout_seconds
    return inspect_source(url, domain, timeout_seconds=timeout_seconds)


def _inspected(inspection: Inspection) -> str:
    lines = [
        _CHECKED.format(inspection.domain, "warning" if found.is_warning else "error", found)
        for found in (*inspection.problems, *inspection.writable_rights)
    ]
    if not inspection.is_broken and not inspection.writable_rights:
        lines.append(_CHECKED.format(inspection.domain, "ok", "matches the contract, read only"))
    lines.append(_CHECKED.format(inspection.domain, "optional", _optional_parts(inspection)))
    return "\n".join(lines)


def _optional_parts(inspection: Inspection) -> str:
    if inspection.missing_parts:
        return f"missing, of version 1.1: {_listed(list(inspection.missing_parts))}"
    return "all parts of version 1.1 are present"


def _refuse(*, writable: list[str], broken: list[str], down: list[str]) -> None:
    if writable:
        message = (
            f"the role that reads {_listed(writable)} may write there: set REPORTING_SOURCE_"
            "<DOMAIN>_URL to a role with SELECT only"
        )
        raise SourceWritable(message, domain=writable[0])
    if broken:
        message = f"these sources break the contract: {_listed(broken)}; the findings are above"
        raise SourceContractBroken(message, domain=broken[0])
    if down:
        message = f"could not be checked: {_listed(down)}; the reasons are above"
        raise SourceUnavailable(message, domain=down[0])


def _listed(domains: list[str]) -> str:
    return ", ".join(domains)
