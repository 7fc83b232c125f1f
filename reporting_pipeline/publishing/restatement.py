"""The changes of a new edition: rows that are added, removed or changed, and the causes.

The rows of published editions are kept in the store, so that a later edition can be compared with
them. There is one compressed object per set of rows, under its digest: the formats of a report, and
editions with the same rows, share it.

The causes apply to the edition as a whole:

    definition      another version of the definition
    logic version   the meaning of a column has changed (CHANGELOG, "Report numbers")
    correction      a mutable row of the organisation, or a reversal, was recorded since
    late row        another row of these days was recorded since, or no other cause applies
    seal            the stamp PROVISIONAL or an accepted break differs; or, without another cause,
                    the seals and watermarks
    name            without another cause, a name or another text about the rows differs
    rendering       the same rows are shown differently, or the file was lost: another version of a
                    library has written it (`Manifest.made_with`)
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from psycopg import Connection, sql

from reporting_pipeline.catalogue.report_keys import rows_key
from reporting_pipeline.errors import ObjectNotFound
from reporting_pipeline.exports.manifest import Manifest
from reporting_pipeline.exports.row_spool import RowSpool
from reporting_pipeline.registry.columns import ColumnKind
from reporting_pipeline.store.object_store import ObjectStore

_CHUNK_BYTES = 1024 * 1024
_DIFFERENCES_OF_A_BLOCK = 100_000_000

_DIFFERENCES = """
    insert into catalogue.restated_rows (
        definition_id, period, former_rows_sha256, rows_sha256, position, change, row_key,
        column_name, former_value, new_value
    )
    select
        %(definition_id)s, %(period)s, %(former)s, %(new)s,
        %(offset)s + row_number() over (order by row_key collate "C", place), change,
        %(prefix)s || row_key, column_name, former_value, new_value
    from ({differences}) as differences
    on conflict do nothing
"""

# Rows with a key: those that only one side has, and each value that differs. No column of a report
# has a space in its name.
_BY_KEY = """
    with
    former as (
        select {key} as "the key", {former_row} as "the row", former_rows.* from former_rows
    ),
    new as (select {key} as "the key", {new_row} as "the row", new_rows.* from new_rows)
    select
        'removed' as change, 0 as place, former."the key" as row_key, null as column_name,
        former."the row" as former_value, null as new_value
    from former where not exists (select from new where new."the key" = former."the key")
    union all
    select 'added', 0, new."the key", null, null, new."the row"
    from new where not exists (select from former where former."the key" = new."the key")
    union all
    select
        'changed', cell.place, new."the key", cell.column_name, cell.former_value, cell.new_value
    from new
    inner join former on former."the key" = new."the key"
    cross join lateral (values {cells}) as cell (place, column_name, former_value, new_value)
    where cell.former_value is distinct from cell.new_value
"""

# Rows without a key are compared whole, and equal ones are counted.
_WHOLE = """
    select 'removed' as change, 0 as place, whole as row_key, null as column_name,
        whole as former_value, null as new_value
    from (select {former_row} as whole from former_rows
        except all select {new_row} from new_rows) as removed
    union all
    select 'added', 0, whole, null, null, whole
    from (select {new_row} as whole from new_rows
        except all select {former_row} from former_rows) as added
"""

_DESCRIBING = frozenset({ColumnKind.KEY, ColumnKind.ATTRIBUTE})
_ARE_DISTINCT = """
    select
        (select count(*) = count(distinct {key}) from former_rows)
        and (select count(*) = count(distinct {key}) from new_rows)
"""

_RECORDED_SINCE = """
    with event as (
        select id from landing.ticketing_events where organization_id = %(organization_id)s
    )
    select
        exists (
            select from landing.ledger_transactions
            where report_day >= %(first)s and report_day < %(end)s and recorded_at > %(since)s
                and organization_id = %(organization_id)s and reverses_transaction_id is not null
        )
        or exists (
            select from landing.ticketing_orders
            where organization_id = %(organization_id)s and updated_at > %(since)s
                and placed_at <= %(since)s
        )
        or exists (
            select from landing.ticketing_events
            where organization_id = %(organization_id)s and updated_at > %(since)s
        )
        or exists (
            select from landing.ticketing_ticket_types
            where event_id in (select id from event) and updated_at > %(since)s
        ) as is_corrected,
        exists (
            select from landing.ledger_transactions
            where report_day >= %(first)s and report_day < %(end)s and recorded_at > %(since)s
                and organization_id = %(organization_id)s and reverses_transaction_id is null
        )
        or exists (
            select from landing.ticketing_order_line_movements as movement
            inner join landing.ticketing_orders as placed on placed.id = movement.order_id
            where movement.report_day >= %(first)s and movement.report_day < %(end)s
                and movement.recorded_at > %(since)s and placed.event_id in (select id from event)
        )
        or exists (
            select from landing.scanning_scans
            where report_day >= %(first)s and report_day < %(end)s and received_at > %(since)s
                and event_id in (select id from event)
        ) as is_late
"""


def causes_of(
    connection: Connection[Any], former: Manifest, new: Manifest, since: datetime | None
) -> list[str]:
    """The causes why an edition differs from the former one.

    Args:
        connection: To the warehouse.
        former: The manifest of the former edition.
        new: The manifest of the new one.
        since: The greatest record clock landed when the former edition was made.
    """
    causes = []
    if former.definition.version != new.definition.version:
        causes.append("definition")
    if former.logic_version != new.logic_version:
        causes.append("logic version")
    if former.rows_sha256 != new.rows_sha256:
        recorded = _recorded_since(connection, new, since)
        causes.extend(recorded or ([] if causes else ["late row"]))
    if (former.is_provisional, former.accepted_breaks) != (
        new.is_provisional,
        new.accepted_breaks,
    ):
        causes.append("seal")
    return causes or [_cause_of_same_rows(former, new)]


def _cause_of_same_rows(former: Manifest, new: Manifest) -> str:
    """The cause if rows, stamp and definition are the same."""
    if (former.seals, former.watermarks) != (new.seals, new.watermarks):
        return "seal"
    return "rendering" if former.within_file() == new.within_file() else "name"


@dataclass(frozen=True, slots=True, kw_only=True)
class RestatedBlock:
    """The block of two editions whose rows are compared.

    Attributes:
        name: Its name; empty of a report without blocks.
        position: Its place among the blocks.
        former: The digest of all rows of the former edition.
        new: The digest of all rows of the new one.
    """

    name: str
    position: int
    former: str
    new: str


def record_restatement(
    connection: Connection[Any],
    former: tuple[Manifest, Path],
    new: tuple[Manifest, Path],
    block: RestatedBlock | None = None,
) -> None:
    """Record the differences between the rows of two editions, given as files of canonical rows.

    PostgreSQL compares the rows, so memory use does not grow with them. A repeated call changes
    nothing. Columns that only one edition has are not compared. If the report does not show the key
    of its rows, all shown columns except figures identify a row, if they are unique; otherwise
    whole rows are compared.
    """
    former_manifest, former_path = former
    new_manifest, new_path = new
    _load(connection, "former_rows", former_manifest, former_path)
    _load(connection, "new_rows", new_manifest, new_path)
    common = [name for name in _names(new_manifest) if name in _names(former_manifest)]
    key = _identifying_columns(connection, former_manifest, new_manifest)
    connection.execute(
        sql.SQL(_DIFFERENCES).format(differences=_differences(key, common)),
        {
            "definition_id": new_manifest.definition.id,
            "period": new_manifest.period.token,
            "former": block.former if block else former_manifest.rows_sha256,
            "new": block.new if block else new_manifest.rows_sha256,
            "offset": block.position * _DIFFERENCES_OF_A_BLOCK if block else 0,
            "prefix": f"{block.name}: " if block and block.name else "",
        },
    )
    connection.execute("drop table former_rows, new_rows")


def keep_rows(store: ObjectStore, manifest: Manifest, rows: RowSpool) -> None:
    """Keep a report's rows in the store, unless they are kept already."""
    import pyarrow as pa

    key = rows_key(manifest)
    if store.exists(key):
        return
    compressed = rows.path.with_suffix(".zst")
    try:
        with (
            rows.path.open("rb") as source,
            pa.CompressedOutputStream(str(compressed), "zstd") as target,
        ):
            while chunk := source.read(_CHUNK_BYTES):
                target.write(chunk)
        store.put(key, chunks(compressed))
    finally:
        compressed.unlink(missing_ok=True)


def fetch_rows(store: ObjectStore, manifest: Manifest, folder: Path) -> Path | None:
    """The canonical rows of a published edition, as a file in `folder`; None if they are gone."""
    import pyarrow as pa

    compressed = folder / f"{manifest.rows_sha256}.zst"
    rows = folder / f"{manifest.rows_sha256}.rows"
    try:
        with compressed.open("wb") as target:
            for chunk in store.get(rows_key(manifest)):
                target.write(chunk)
    except ObjectNotFound:
        return None
    with pa.CompressedInputStream(str(compressed), "zstd") as source, rows.open("wb") as target:
        while chunk := source.read(_CHUNK_BYTES):
            target.write(chunk)
    compressed.unlink()
    return rows


def chunks(path: Path) -> Iterator[bytes]:
    """A file's bytes in chunks of a mebibyte."""
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            yield chunk


def _recorded_since(
    connection: Connection[Any], manifest: Manifest, since: datetime | None
) -> list[str]:
    bound = {
        "organization_id": manifest.organization.id,
        "first": manifest.period.first or manifest.period.end.replace(year=1),
        "end": manifest.period.end,
        "since": since,
    }
    found = connection.execute(_RECORDED_SINCE, bound).fetchone() or (False, False)
    return [cause for cause, is_so in zip(("correction", "late row"), found, strict=True) if is_so]


def _load(connection: Connection[Any], table: str, manifest: Manifest, path: Path) -> None:
    columns = sql.SQL(", ").join(
        sql.SQL("{} text").format(sql.Identifier(name)) for name in _names(manifest)
    )
    create = sql.SQL("create temporary table {} ({}) on commit drop")
    connection.execute(create.format(sql.Identifier(table), columns))
    load = sql.SQL("copy {} from stdin (format csv, encoding 'UTF8')")
    with (
        connection.cursor() as cursor,
        cursor.copy(load.format(sql.Identifier(table))) as copy,
        path.open("rb") as file,
    ):
        while chunk := file.read(_CHUNK_BYTES):
            copy.write(chunk)
    connection.execute(sql.SQL("analyze {}").format(sql.Identifier(table)))


def _identifying_columns(
    connection: Connection[Any], former: Manifest, new: Manifest
) -> Sequence[str]:
    """The columns that identify a row on both sides; empty if there are none."""
    if new.row_key == former.row_key != ():
        return new.row_key
    shown = set(_names(former))
    names = [each.name for each in new.columns if each.kind in _DESCRIBING and each.name in shown]
    statement = sql.SQL(_ARE_DISTINCT).format(key=_json_object(names))
    found = connection.execute(statement).fetchone()
    return names if found == (True,) else ()


def _differences(key: Iterable[str], common: list[str]) -> sql.Composed:
    rows = {"former_row": _json_object(common), "new_row": _json_object(common)}
    if not key:
        return sql.SQL(_WHOLE).format(**rows)
    cells = sql.SQL(", ").join(
        sql.SQL("({place}, {name}, former.{column}, new.{column})").format(
            place=sql.Literal(place), name=sql.Literal(name), column=sql.Identifier(name)
        )
        for place, name in enumerate(common, start=1)
        if name not in set(key)
    )
    if not cells.as_string():
        cells = sql.Composed([sql.SQL("(0, null, null, null)")])
    return sql.SQL(_BY_KEY).format(key=_json_object(key), **rows, cells=cells)


def _json_object(names: Iterable[str]) -> sql.Composed:
    # JSON text keeps the order of the report; jsonb sorts names by length.
    columns = list(names)
    return sql.SQL("json_object(array[{names}]::text[], array[{values}]::text[])::text").format(
        names=sql.SQL(", ").join(map(sql.Literal, columns)),
        values=sql.SQL(", ").join(map(sql.Identifier, columns)),
    )


def _names(manifest: Manifest) -> list[str]:
    return [column.name for column in manifest.columns]
