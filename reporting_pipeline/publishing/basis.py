"""The basis of a report: everything that its file depends on, as one digest.

    days        how often its days were built, and their seals changed (`reporting.day_changes`)
    waiting     landed rows of these days that are not built yet
    names       how often the names that it can show have changed (`landing.name_changes`)
    gate        accepted breaks, findings about rows of the sources, faults of the sources, and how
                far the sources have landed, as far as it matters to its days
    definition  its version
    program     our own code, the dbt project, the database, and the libraries of the format

A report whose basis is that of its last generation would get the same file, or be held for the same
reasons. The basis is read in the snapshot of the rows, so a day that changes meanwhile gives
another one. No clock decides: counters only grow, and other facts are compared as they are.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias
from uuid import UUID

from psycopg import Connection

from reporting_pipeline.building.dbt import project_digest
from reporting_pipeline.catalogue.generated_reports import GeneratedReport
from reporting_pipeline.exports.formats import FORMATS
from reporting_pipeline.exports.made_with import made_with
from reporting_pipeline.publishing.snapshot import ReportRequest, seal_scope
from reporting_pipeline.registry.report_tables import LOGIC_VERSION
from reporting_pipeline.report_definitions.definition import ReportFormat
from reporting_pipeline.warehouse.engine import database_version

# A ticket's row has its status, its first admission and whether its holder stayed away, which come
# on later days than its own: each landing can change it.
_OF_ALL_LANDINGS = frozenset({"tickets"})
_CODE = ("*.py", "*.sql", "*.po", "*.css")
_STATES = Path(__file__).with_name("bases.sql")
# Instants as numbers: their text depends on the session.
_SOURCES = """
    select
        array(
            select domain || ' ' || extract(epoch from complete_through) from landing.source_reads
            order by domain
        ),
        array(
            select domain from landing.source_faults where error = 'SourceReplaced' order by domain
        ),
        array(
            select
                domain || ' ' || table_name || ' ' || extract(epoch from landed_at)
                || ' ' || coalesce(extract(epoch from record_clock), 0)
            from landing.watermarks
            order by domain, table_name
        )
"""

_Scope: TypeAlias = tuple[UUID, date, date]


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """The basis of one report, whatever its format.

    Attributes:
        facts: The facts of the warehouse and of the definition.
        database: The name and version of the database.
        has_blocks: The report has several blocks.
    """

    facts: tuple[object, ...]
    database: str
    has_blocks: bool

    def digest(self, format_: ReportFormat, *, is_permitted: bool = False) -> str:
        """The SHA-256 of the basis for a format, as the catalogue keeps it.

        Args:
            format_: The format of the file.
            is_permitted: It is published only because the caller allows a provisional file.
        """
        is_archive = self.has_blocks and FORMATS[format_].archives_blocks
        versions = _versions(format_, self.database, is_archive=is_archive)
        return hashlib.sha256(repr((self.facts, versions, is_permitted)).encode()).hexdigest()

    def is_of(self, report: GeneratedReport, request: ReportRequest) -> bool:
        """True if the last generation of a report had this basis, and would end the same way.

        A held report is held again only if the caller does not allow a provisional file.
        """
        if report.basis is None or report.upcoming is not None:
            return False
        format_, is_allowed = ReportFormat(report.format), request.is_provisional_allowed
        if report.status == "held":
            return not is_allowed and report.basis == self.digest(format_)
        return report.status in {"ready", "empty"} and (
            report.basis == self.digest(format_)
            or (is_allowed and report.basis == self.digest(format_, is_permitted=True))
        )


def basis_of(
    connection: Connection[Any], request: ReportRequest, *, delay_seconds: int
) -> Basis | None:
    """The basis of one report in the current snapshot; see `bases_of`."""
    [basis] = bases_of(connection, [request], delay_seconds=delay_seconds)
    return basis


def bases_of(
    connection: Connection[Any], requests: Sequence[ReportRequest], *, delay_seconds: int
) -> list[Basis | None]:
    """The bases of reports in the current snapshot, in two statements whatever their number.

    Args:
        connection: To the warehouse; nothing is written.
        requests: The reports.
        delay_seconds: How long after a day's end late rows are awaited.

    Returns:
        One per request. None for a report that depends on no report day: it is always read again.

    Raises:
        UnknownDataset: A definition has a dataset that is not known.
    """
    scopes = [_scope(each) for each in requests]
    distinct = list(dict.fromkeys(each for each in scopes if each is not None))
    if not distinct:
        return [None] * len(requests)
    [(reads, faults, landings)] = connection.execute(_SOURCES).fetchall()
    states = _states(connection, distinct)
    program, database = _program(), database_version(connection)
    bases: list[Basis | None] = []
    for request, scope in zip(requests, scopes, strict=True):
        if scope is None:
            bases.append(None)
            continue
        config = request.definition.config
        settled_at, state = states[scope]
        is_of_landings = not _OF_ALL_LANDINGS.isdisjoint(config.datasets)
        facts = (
            *(program, request.definition.version, delay_seconds, state, faults),
            *_landed(reads, settled_at + timedelta(seconds=delay_seconds)),
            (landings, reads) if is_of_landings else (),
        )
        bases.append(Basis(facts=facts, database=database, has_blocks=bool(config.blocks)))
    return bases


def _scope(request: ReportRequest) -> _Scope | None:
    scope = seal_scope(request)
    if not scope.report_tables:
        return None
    return scope.organization_id, scope.first or date.min, scope.end


def _states(
    connection: Connection[Any], scopes: Sequence[_Scope]
) -> dict[_Scope, tuple[datetime, tuple[object, ...]]]:
    """When the last day of each scope ends, and the state of everything that its days show."""
    organization_ids, first_days, end_days = (list(each) for each in zip(*scopes, strict=True))
    bound = {
        "organization_ids": organization_ids,
        "first_days": first_days,
        "end_days": end_days,
    }
    found = connection.execute(_STATES.read_bytes(), bound).fetchall()
    return {
        (organization_id, first, end): (ends_at, tuple(map(str, state)))
        for organization_id, first, end, ends_at, *state in found
    }


def _landed(reads: Sequence[str], settled_at: datetime) -> Iterable[str]:
    """How far each source has landed; beyond the last delay of a report it does not matter."""
    for each in reads:
        domain, _, instant = each.partition(" ")
        yield f"{domain} settled" if float(instant) >= settled_at.timestamp() else each


@cache
def _versions(format_: ReportFormat, database: str, *, is_archive: bool) -> str:
    return repr(made_with(FORMATS[format_], database=database, is_archive=is_archive))


@cache
def _program() -> str:
    """A digest of our own code, and of the dbt project."""
    digest = hashlib.sha256(f"{LOGIC_VERSION} {project_digest()}".encode())
    package = Path(__file__).parents[1]
    for path in sorted(path for pattern in _CODE for path in package.rglob(pattern)):
        digest.update(path.relative_to(package).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()
