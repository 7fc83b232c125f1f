"""The source contract, version 1.1, as SQLAlchemy tables: what each source domain promises.

One module per domain lists its tables. To add a domain, see docs/how-to/add-a-source-domain.md.

Each table's `info` has `domain`, `mutable` (rows have `updated_at` and can change; otherwise the
table is append-only), `record_clock` (the column that shows which rows are new) and
`business_clock` (the column that decides the report day; None if the table has none). A check
constraint's `info` has the `reason` that a person reads when a row breaks it.

What version 1.1 adds is optional (`columns.is_optional`): a source of version 1.0 lacks these
tables and columns, and is read as it is.

What belongs here: tables, columns and rules. What does not: reading or loading a source, and giving
rows their report day.
"""

from sqlalchemy import Table

from reporting_pipeline.sources.contract import ledger, scanning, seating, ticketing
from reporting_pipeline.sources.contract.columns import metadata

__all__ = ["DOMAINS", "TABLES", "metadata", "tables_of"]

# Domain -> its tables, parents before children: the order in which rows are loaded and landed.
_TABLES_BY_DOMAIN: dict[str, tuple[Table, ...]] = {
    "ticketing": ticketing.TABLES,
    "seating": seating.TABLES,
    "scanning": scanning.TABLES,
    "ledger": ledger.TABLES,
}
DOMAINS = tuple(_TABLES_BY_DOMAIN)
TABLES = tuple(table for tables in _TABLES_BY_DOMAIN.values() for table in tables)


def tables_of(domain: str) -> tuple[Table, ...]:
    """The tables of one domain, parents before children."""
    return _TABLES_BY_DOMAIN[domain]
