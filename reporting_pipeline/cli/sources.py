"""`reporting sources`: checks, loads, generates or compares the source domains."""

import tempfile
from datetime import date, timedelta
from pathlib import Path

import click
from sqlalchemy import URL

from reporting_pipeline.cli.listing import say
from reporting_pipeline.cli.parameters import (
    DAY,
    FOLDER,
    LAST_DAY,
    MAX_RANGE_DAYS,
    NEW_FOLDER,
    WholeNumber,
)
from reporting_pipeline.cli.session import session
from reporting_pipeline.cli.source_findings import accept, compare, findings, take_back
from reporting_pipeline.errors import SourceContractBroken, SourceUnavailable, SourceWritable
from reporting_pipeline.samples.generator import Plan, generate_dump
from reporting_pipeline.settings import Settings
from reporting_pipeline.sources.contract import DOMAINS
from reporting_pipeline.sources.dump import LoadResult, load_dump
from reporting_pipeline.sources.inspect import Inspection, inspect_source
from reporting_pipeline.sources.inspect_rows import inspect_rows

_LOADED = "{:<34}{:>10}{:>10}{:>11}"
_SEED = WholeNumber(0)
_CHECKED = "{:<11}{:<9}{}"
_INSPECTED_ROWS_MAX = 5_000_000
# A load of more would take days, and the generator keeps all rows in memory.
_MAX_ORDERS, _MAX_ORGANIZATIONS, _MAX_EVENTS = 20_000_000, 10_000, 10_000


@click.group()
def sources() -> None:
    """Check, load, generate or compare the source domains."""


for _command in (findings, accept, take_back, compare):
    sources.add_command(_command)


@sources.command()
@click.argument("directory", type=FOLDER)
@click.option(
    "--strict", "is_strict", is_flag=True, help="Refuse rows that landing would set aside."
)
def load(directory: Path, is_strict: bool) -> None:
    """Load a contract dump from DIRECTORY, all or nothing.

    Its files are named <schema>.<table>.csv or .csv.gz. Missing schemas and tables are created. A
    row that breaks a constraint of the contract is refused. A row that a source can hold and
    reports cannot show, such as an instant of the year 52000, is loaded with a warning: landing
    sets it aside.
    """
    with session() as settings:
        say(_loaded(_load(settings, directory, is_strict=is_strict)))


@sources.command()
def check() -> None:
    """Compare the sources with the contract, and check that their roles can only read.

    More tables and columns than the contract has are allowed. The parts of version 1.1 are
    optional; a line of each source lists the missing ones. Rows that landing sets aside are listed
    by rule, with their ids. The exit code is 1 if a source breaks the contract, is down, or has a
    role that may write; warnings and rows do not change it.
    """
    with session() as settings:
        say(_CHECKED.format("source", "result", "finding"))
        broken, writable, down = [], [], []
        for domain in DOMAINS:
            try:
                inspection = _inspect(settings, domain)
            except SourceUnavailable as error:
                say(_CHECKED.format(domain, "error", error.message))
                down.append(domain)
                continue
            say(_inspected(inspection))
            if not inspection.is_broken:
                _echo_rows(settings, domain)
            if inspection.writable_rights:
                writable.append(domain)
            if inspection.is_broken:
                broken.append(domain)
    _refuse(writable=writable, broken=broken, down=down)


@sources.command()
@click.option("--seed", type=_SEED, default=1, show_default=True, help="Same seed, same bytes.")
@click.option("--orders", type=WholeNumber(0, _MAX_ORDERS), default=10_000, show_default=True)
@click.option("--days", type=WholeNumber(1, MAX_RANGE_DAYS), default=90, show_default=True)
@click.option(
    "--organizations", type=WholeNumber(1, _MAX_ORGANIZATIONS), default=5, show_default=True
)
@click.option(
    "--events",
    type=WholeNumber(1, _MAX_EVENTS),
    help="Events of each organisation, default as many as fit the days: 8 for 90.",
)
@click.option(
    "--first-day",
    type=DAY,
    default="2025-01-01",
    show_default=True,
    help="The first report day.",
)
@click.option("--out", type=NEW_FOLDER, help="Write a dump into this folder instead of loading it.")
@click.option("--gzip", "is_packed", is_flag=True, help="Write .csv.gz files.")
def generate(  # noqa: PLR0913, PLR0917 - one argument per option
    seed: int,
    orders: int,
    days: int,
    organizations: int,
    events: int | None,
    first_day: date,
    out: Path | None,
    is_packed: bool,
) -> None:
    """Generate valid, reconciled sample data of any size, into the sources or a folder."""
    if first_day > LAST_DAY - timedelta(days=days):
        message = f"--first-day {first_day} and --days {days} end after {LAST_DAY}"
        raise click.UsageError(message)
    plan = Plan(
        seed=seed,
        order_count=orders,
        day_count=days,
        organization_count=organizations,
        first_day=first_day,
        event_count=events,
    )
    if out is not None:
        say(f"{orders} orders in {generate_dump(plan, out, is_packed=is_packed)}")
        return
    with session() as settings, tempfile.TemporaryDirectory(prefix="reporting-") as folder:
        dump = generate_dump(plan, Path(folder) / "dump")
        say(_loaded(_load(settings, dump)))


def _load(settings: Settings, directory: Path, *, is_strict: bool = False) -> LoadResult:
    admin_urls = {domain: settings.source_admin_url(domain) for domain in DOMAINS}
    readers = _reader_roles(settings, admin_urls)
    return load_dump(directory, admin_urls, readers, is_strict=is_strict)


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
    if result.unusable:
        lines.append(f"{result.unusable_count} faults of loaded rows, which landing sets aside:")
        lines += [f"  {each}" for each in result.unusable]
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


def _echo_rows(settings: Settings, domain: str) -> None:
    """List the rows that landing will set aside."""
    found = inspect_rows(
        settings.source_url(domain),
        domain,
        timeout_seconds=settings.source_timeout_seconds,
        rows_max=_INSPECTED_ROWS_MAX,
    )
    for each in found.unusable:
        say(_CHECKED.format(domain, "rows", each))
    if found.unread:
        skipped = f"not read, more than {_INSPECTED_ROWS_MAX} rows: {_listed(list(found.unread))}"
        say(_CHECKED.format(domain, "rows", skipped))


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
