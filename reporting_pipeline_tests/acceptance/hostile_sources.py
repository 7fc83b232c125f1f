"""Puts hostile rows into the sources of a case, all of the case's first organisation."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID, uuid5

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb
from sqlalchemy import URL, Table

from reporting_pipeline.sources.contract import TABLES, metadata
from reporting_pipeline.warehouse.engine import conninfo
from reporting_pipeline_tests.cases.hostile_rows import HostileRow
from reporting_pipeline_tests.oracle.books import Books

FIRST = "c0c38867-7d77-4474-930e-facfd2eddaa4"
SECOND = "f52a3eef-dedb-4202-ade1-cf6169ee8834"
FIRST_EVENT = "d329b4c7-30d4-4f50-9249-e09c44887b5b"
SECOND_EVENT = "2ea482e5-aaac-451d-8aad-16b4d84d5530"
FIRST_SALE = "79dd03d9-17bd-44ac-8262-745617f8a4ff"
_WORDS = UUID("00000000-0000-4000-8000-000000000000")
_NEWER = "2026-06-01T00:00:00Z"
# Tables of which the case has no row.
_DEFAULTS: Mapping[str, Mapping[str, object]] = {
    "ticketing.event_series": {"organization_id": FIRST, "name": "Series"},
    "seating.venues": {"name": "Hall", "city": "Berlin", "country": "DE"},
    "seating.sections": {"venue_id": "hall", "name": "Floor", "is_seated": False},
    "seating.inventory_movements": {
        "event_id": FIRST_EVENT,
        "section_id": "floor",
        "kind": "capacity",
        "quantity": 100,
        "occurred_at": "2026-05-01T09:00:00Z",
    },
    "ledger.payout_items": {
        "transaction_id": FIRST_SALE,
        "event_id": FIRST_EVENT,
        "amount_minor": 100,
        "currency": "EUR",
    },
}


def drop_promises(sources: Mapping[str, URL]) -> None:
    """Let each table of the sources hold any rows of its types: no keys, no checks, nulls."""
    with psycopg.connect(conninfo(sources["ledger"])) as connection:
        for table in TABLES:
            statement = (
                "create table {copy} as select * from {table}; drop table {table} cascade;"
                " alter table {copy} rename to {name}"
            )
            connection.execute(
                sql.SQL(statement).format(
                    copy=sql.Identifier(str(table.schema), f"{table.name}_copy"),
                    table=sql.Identifier(str(table.schema), table.name),
                    name=sql.Identifier(table.name),
                )
            )


def insert(sources: Mapping[str, URL], books: Books, rows: Iterable[HostileRow]) -> dict[str, UUID]:
    """Insert rows, each as a copy of a right row of the first organisation; the id of each kind."""
    ids: dict[str, UUID] = {}
    with psycopg.connect(conninfo(sources["ledger"])) as connection:
        for row in rows:
            table = metadata.tables[row.table]
            values = {
                **_right_row(table, books),
                "id": row.kind,
                table.info["record_clock"]: _NEWER,
                **row.values,
            }
            record = {name: _value(table, name, value) for name, value in values.items()}
            statement = "insert into {} select * from jsonb_populate_record(null::{}, %s)"
            name = sql.Identifier(str(table.schema), table.name)
            connection.execute(sql.SQL(statement).format(name, name), (Jsonb(record),))
            ids[row.kind] = UUID(str(record["id"]))
    return ids


def _right_row(table: Table, books: Books) -> dict[str, Any]:
    """A right row of a table, of the first organisation: its rows come first in the case."""
    for row in books[table.key].values():
        return {name: str(value) if value is not None else None for name, value in row.items()}
    return dict(_DEFAULTS[table.key])


def _value(table: Table, column: str, value: object) -> object:
    """The value; a word in place of an id becomes the id of this word."""
    is_id = str(table.columns[column].type) == "UUID"
    if not is_id or value is None or _is_uuid(str(value)):
        return value
    return str(uuid5(_WORDS, str(value)))


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
