"""Loads a dump: stages and checks every file in every database, then writes, then commits.

Nothing is committed unless every statement in every database has succeeded.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from sqlalchemy import URL

from reporting_pipeline.addresses import session_parameters
from reporting_pipeline.errors import SourceContractBroken, SourceError, SourceUnavailable
from reporting_pipeline.sources.contract import DOMAINS, TABLES, tables_of
from reporting_pipeline.sources.dump.files import (
    REPORTED_MAX,
    DumpFile,
    Violation,
    dump_files,
    refusal,
)
from reporting_pipeline.sources.dump.rules import BrokenRule, broken_rules, exceeded_limits
from reporting_pipeline.sources.dump.tables import (
    TableLoad,
    create_staging,
    create_tables,
    grant_reading,
    merge,
    stage,
)
from reporting_pipeline.sources.inspect import contract_problems


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadResult:
    """The result of a load.

    Attributes:
        tables: `<schema>.<table>` -> counts, parents before children.
        unusable: The first loaded rows that landing will set aside.
        unusable_count: How many there are.
    """

    tables: dict[str, TableLoad]
    unusable: tuple[Violation, ...] = ()
    unusable_count: int = 0

    @property
    def new_count(self) -> int:
        """Number of new rows, over all tables."""
        return sum(table.new_count for table in self.tables.values())

    @property
    def replaced_count(self) -> int:
        """Number of rows that replaced an older version, over all tables."""
        return sum(table.replaced_count for table in self.tables.values())


def load_dump(
    directory: Path,
    admin_urls: Mapping[str, URL],
    reader_roles: Mapping[str, str] | None = None,
    *,
    is_strict: bool = False,
) -> LoadResult:
    """Load a dump into the source databases, all of it or nothing.

    Missing schemas, tables and indexes are created. A row that a source has already changes
    nothing; a mutable row is replaced unless the stored row has a newer `updated_at`. An instant
    without an offset is read as UTC.

    Args:
        directory: Folder of `<schema>.<table>.csv` or `.csv.gz`; no file means no rows.
        admin_urls: Domain -> its database, with a role that can create and write tables. Domains
            with the same address share one transaction.
        reader_roles: Domain -> the role that gets the right to read its tables.
        is_strict: Refuse rows that a source can hold and landing sets aside, too.

    Raises:
        DumpRefused: The dump breaks the contract; table, line and reason of the first violations.
        SourceContractBroken: An existing table differs from the contract.
        SourceUnavailable: A database cannot be reached, or was lost between two commits.
        SourceError: The admin role lacks a right, or the reader's role does not exist.
    """
    files, violations = dump_files(directory)
    with ExitStack() as stack:
        connections = open_connections(stack, admin_urls)
        for domain, connection in connections.items():
            with database_errors(domain):
                _prepare(connection, domain)
        unread = _stage(connections, files)
        violations += unread
        broken = _check_rules(connections, files, {violation.table for violation in violations})
        exceeding = _exceeding(connections, files, {violation.table for violation in violations})
        if is_strict:
            broken += exceeding
        if violations or broken:
            count = len(violations) + sum(each.count for each in broken)
            raise refusal(directory, _in_order(violations, broken, files), count=count)
        tables = _write(connections, files)
        for domain, role in (reader_roles or {}).items():
            with database_errors(domain):
                grant_reading(connections[domain], domain, role)
        commit_all(connections)
    return LoadResult(
        tables=tables,
        unusable=tuple(_in_order((), exceeding, files)[:REPORTED_MAX]),
        unusable_count=sum(each.count for each in exceeding),
    )


def open_connections(
    stack: ExitStack, admin_urls: Mapping[str, URL]
) -> dict[str, psycopg.Connection]:
    """One connection per domain, shared by domains with the same address; the stack closes it."""
    by_address: dict[URL, psycopg.Connection] = {}
    connections: dict[str, psycopg.Connection] = {}
    for domain in DOMAINS:
        address = admin_urls[domain]
        if address not in by_address:
            with database_errors(domain):
                connection = psycopg.connect(
                    **session_parameters(
                        address,
                        application_name="reporting sources load",
                        options="-c timezone=UTC -c datestyle=ISO,YMD",
                    )
                )
            by_address[address] = stack.enter_context(closing(connection))
        connections[domain] = by_address[address]
    return connections


def commit_all(connections: Mapping[str, psycopg.Connection]) -> None:
    """Commit every connection; only a lost connection can still fail."""
    for domain, connection in connections.items():
        with database_errors(domain):
            connection.execute("select 1")
    committed: list[str] = []
    for domain, connection in connections.items():
        try:
            connection.commit()
        except psycopg.Error as error:
            message = (
                f"source {domain} was lost while a dump was committed ({_first_line(error)}); "
                f"committed before: {', '.join(committed) or 'none'}; load the same dump again, "
                "which changes nothing in these databases"
            )
            raise SourceUnavailable(message, domain=domain) from error
        committed.append(domain)


def _prepare(connection: psycopg.Connection, domain: str) -> None:
    # Without the lock, two concurrent loads could both insert the same row.
    connection.execute(
        "select pg_advisory_xact_lock(hashtext('contract dump'), hashtext(%s))", [domain]
    )
    create_tables(connection, domain)
    problems = contract_problems(connection, domain)
    if problems:
        message = (
            f"source {domain} differs from the contract, nothing was loaded: "
            f"{'; '.join(map(str, problems))}; correct it, or load into an empty database"
        )
        raise SourceContractBroken(message, domain=domain)
    for table in tables_of(domain):
        create_staging(connection, table)


def _stage(
    connections: Mapping[str, psycopg.Connection], files: Iterable[DumpFile]
) -> list[Violation]:
    violations = []
    for file in files:
        domain = file.table.info["domain"]
        with database_errors(domain):
            violations.append(stage(connections[domain], file))
    return [violation for violation in violations if violation is not None]


def _check_rules(
    connections: Mapping[str, psycopg.Connection], files: Iterable[DumpFile], unread: set[str]
) -> list[BrokenRule]:
    """The broken rules; references to rows of a file that could not be read are not checked."""
    broken: list[BrokenRule] = []
    without = [table for table in TABLES if table.key in unread]
    for file in files:
        domain = file.table.info["domain"]
        if file.table not in without:
            with database_errors(domain):
                broken += broken_rules(connections[domain], file.table, without=without)
    return broken


def _exceeding(
    connections: Mapping[str, psycopg.Connection], files: Iterable[DumpFile], unread: set[str]
) -> list[BrokenRule]:
    """The rows that landing will set aside, of the files that could be read."""
    exceeding: list[BrokenRule] = []
    for file in files:
        domain = file.table.info["domain"]
        if file.table.key not in unread:
            with database_errors(domain):
                exceeding += exceeded_limits(connections[domain], file.table)
    return exceeding


def _in_order(
    violations: Iterable[Violation], broken: Iterable[BrokenRule], files: Iterable[DumpFile]
) -> list[Violation]:
    by_table = {file.table.key: file for file in files}
    found = list(violations)
    for each in broken:
        lines = by_table[each.table.key].first_lines(record for record, _ in each.first)
        found += [
            Violation(table=each.table.key, line=lines[record], reason=reason)
            for record, reason in each.first
        ]
    order = {table.key: number for number, table in enumerate(TABLES)}
    return sorted(found, key=lambda each: (order.get(each.table, -1), each.line or 0, each.reason))


def _write(
    connections: Mapping[str, psycopg.Connection], files: Iterable[DumpFile]
) -> dict[str, TableLoad]:
    nothing = TableLoad(new_count=0, replaced_count=0, unchanged_count=0)
    tables = {table.key: nothing for table in TABLES}
    for file in files:
        domain = file.table.info["domain"]
        with database_errors(domain):
            tables[file.table.key] = merge(connections[domain], file.table)
    return tables


@contextmanager
def database_errors(domain: str) -> Iterator[None]:
    """Raises errors of a source database as `SourceError`, with the name of the domain."""
    try:
        yield
    except psycopg.errors.InsufficientPrivilege as error:
        message = (
            f"source {domain} cannot be loaded: {_first_line(error)}; set "
            f"REPORTING_SOURCE_{domain.upper()}_ADMIN_URL to the address of its owner"
        )
        raise SourceError(message, domain=domain) from error
    except psycopg.OperationalError as error:
        message = f"source {domain} is down: {_first_line(error)}; nothing was loaded; try again"
        raise SourceUnavailable(message, domain=domain) from error
    except psycopg.Error as error:
        message = f"source {domain} refused the dump: {_first_line(error)}; nothing was loaded"
        raise SourceError(message, domain=domain) from error


def _first_line(error: psycopg.Error) -> str:
    return str(error).strip().partition("\n")[0]
