"""Loading a dump: every file staged and judged in every database, then written, then committed.

What belongs here: the order of the steps. What does not: the steps.
"""

from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import psycopg
from sqlalchemy import URL

from reporting_pipeline.errors import SourceContractBroken
from reporting_pipeline.sources.contract import TABLES, tables_of
from reporting_pipeline.sources.dump.connections import commit_all, named, open_connections
from reporting_pipeline.sources.dump.files import DumpFile, dump_files
from reporting_pipeline.sources.dump.merge import TableLoad, merge
from reporting_pipeline.sources.dump.rules import Broken, broken_rules
from reporting_pipeline.sources.dump.schema import create_tables, grant_reading
from reporting_pipeline.sources.dump.staging import create_staging, stage
from reporting_pipeline.sources.dump.violation import Violation, refusal
from reporting_pipeline.sources.inspect import contract_problems


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadResult:
    """What one load did: `<schema>.<table>` -> counts, parents before children."""

    tables: dict[str, TableLoad]

    @property
    def new_count(self) -> int:
        """Rows that were not there, over all tables."""
        return sum(table.new_count for table in self.tables.values())

    @property
    def replaced_count(self) -> int:
        """Rows that took the place of an older state, over all tables."""
        return sum(table.replaced_count for table in self.tables.values())


def load_dump(
    directory: Path, admin_urls: Mapping[str, URL], reader_roles: Mapping[str, str] | None = None
) -> LoadResult:
    """Load a contract dump into the source databases, all or nothing over all of them.

    Missing schemas, tables and indexes are made. A row that is there already changes nothing; a
    mutable row is replaced unless the one there has a newer `updated_at`. An instant without an
    offset is read as UTC.

    Args:
        directory: Folder of `<schema>.<table>.csv` or `.csv.gz`; a missing file holds no rows.
        admin_urls: Domain -> its database, as a role that may create and write. Domains at one
            address share one transaction.
        reader_roles: Domain -> role that is given the right to read its tables.

    Raises:
        DumpRefused: The dump breaks the contract; table, line and reason of the first violations.
        SourceContractBroken: A table that is there already is not what the contract promises.
        SourceUnavailable: A database cannot be reached, or was lost between two commits.
        SourceError: The admin role lacks a right, or the reader's role does not exist.
    """
    files, violations = dump_files(directory)
    with ExitStack() as stack:
        connections = open_connections(stack, admin_urls)
        for domain, connection in connections.items():
            with named(domain):
                _prepare(connection, domain)
        unread = _stage(connections, files)
        violations += unread
        broken = _judge(connections, files, {violation.table for violation in violations})
        if violations or broken:
            count = len(violations) + sum(each.count for each in broken)
            raise refusal(directory, _in_order(violations, broken, files), count=count)
        tables = _write(connections, files)
        for domain, role in (reader_roles or {}).items():
            with named(domain):
                grant_reading(connections[domain], domain, role)
        commit_all(connections)
    return LoadResult(tables=tables)


def _prepare(connection: psycopg.Connection, domain: str) -> None:
    # Two loads at once would both find the same row missing.
    connection.execute(
        "select pg_advisory_xact_lock(hashtext('contract dump'), hashtext(%s))", [domain]
    )
    create_tables(connection, domain)
    problems = contract_problems(connection, domain)
    if problems:
        message = (
            f"source {domain} is not what the contract promises, nothing was loaded: "
            f"{'; '.join(map(str, problems))}; mend it, or load into an empty database"
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
        with named(domain):
            violations.append(stage(connections[domain], file))
    return [violation for violation in violations if violation is not None]


def _judge(
    connections: Mapping[str, psycopg.Connection], files: Iterable[DumpFile], unread: set[str]
) -> list[Broken]:
    """What breaks the rules; what refers to a file that could not be read cannot be judged."""
    broken: list[Broken] = []
    without = [table for table in TABLES if table.key in unread]
    for file in files:
        domain = file.table.info["domain"]
        if file.table not in without:
            with named(domain):
                broken += broken_rules(connections[domain], file.table, without=without)
    return broken


def _in_order(
    violations: Iterable[Violation], broken: Iterable[Broken], files: Iterable[DumpFile]
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
        with named(domain):
            tables[file.table.key] = merge(connections[domain], file.table)
    return tables
