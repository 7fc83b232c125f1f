"""The differences between two sets of rows, value by value, and their causes."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from psycopg import Connection
from sqlalchemy import URL

from reporting_pipeline.exports.manifest import (
    ColumnPart,
    DefinitionPart,
    Manifest,
    OrganizationPart,
    PeriodPart,
    SealPart,
)
from reporting_pipeline.publishing.restatement import causes_of, record_restatement
from reporting_pipeline.warehouse.engine import warehouse_connection

ORGANIZATION = UUID(int=1)
SINCE = datetime(2025, 5, 9, tzinfo=UTC)


def manifest(rows: str, *columns: str, key: tuple[str, ...] = ("day",), version: int = 1) -> Any:
    """A manifest of rows whose digest is `rows`."""
    return Manifest(
        definition=DefinitionPart(
            id=UUID(int=2),
            slug="any",
            name="Any",
            version=version,
            category="sales",
            dataset="sales_daily",
        ),
        organization=OrganizationPart(id=ORGANIZATION, name="Any"),
        period=PeriodPart(
            first=date(2025, 5, 1),
            end=date(2025, 5, 2),
            event_id=None,
            token=date(2025, 5, 1).isoformat(),
        ),
        logic_version=1,
        time_zone="UTC",
        locale="en_GB",
        csv_profile="machine",
        filters=(),
        columns=tuple(
            ColumnPart(
                name=name,
                header=name,
                type="text",
                unit=None,
                kind="measure" if name.endswith("_minor") else "key",
            )
            for name in columns or ("day", "what", "gross_minor")
        ),
        row_key=key,
        row_count=1,
        rows_sha256=rows,
        totals=(),
        watermarks=(),
        seals=(),
        is_provisional=False,
    )


@pytest.fixture
def connection(warehouse_url: URL) -> Iterator[Connection]:
    with warehouse_connection(warehouse_url) as opened:
        yield opened


def changes(
    connection: Connection, folder: Path, former: tuple[Any, str], new: tuple[Any, str]
) -> list[tuple[Any, ...]]:
    """The recorded differences of rows given as CSV."""
    paths = [folder / "former", folder / "new"]
    for path, (_, rows) in zip(paths, (former, new), strict=True):
        path.write_text(rows, encoding="utf-8", newline="")
    for _ in range(2):  # the second time it changes nothing
        record_restatement(connection, (former[0], paths[0]), (new[0], paths[1]))
    return connection.execute(
        "select change, row_key, column_name, former_value, new_value"
        " from catalogue.restated_rows order by position"
    ).fetchall()


def test_rows_are_matched_by_their_key(connection: Connection, tmp_path: Path) -> None:
    found = changes(
        connection,
        tmp_path,
        (manifest("a"), '1,"=x, ""y""",10\n2,gone,5\n3,same,\n'),
        (manifest("b"), '1,"",11\n3,same,\n4,東京,7\n'),
    )

    assert found == [
        ("changed", '{"day" : "1"}', "what", '=x, "y"', ""),
        ("changed", '{"day" : "1"}', "gross_minor", "10", "11"),
        (
            "removed",
            '{"day" : "2"}',
            None,
            '{"day" : "2", "what" : "gone", "gross_minor" : "5"}',
            None,
        ),
        (
            "added",
            '{"day" : "4"}',
            None,
            None,
            '{"day" : "4", "what" : "東京", "gross_minor" : "7"}',
        ),
    ]


def test_a_null_differs_from_an_empty_text(connection: Connection, tmp_path: Path) -> None:
    found = changes(connection, tmp_path, (manifest("a"), '1,"",3\n'), (manifest("b"), "1,,3\n"))

    assert found == [("changed", '{"day" : "1"}', "what", "", None)]


def test_rows_without_a_key_are_counted(connection: Connection, tmp_path: Path) -> None:
    found = changes(
        connection,
        tmp_path,
        (manifest("a", key=()), "1,x,3\n1,x,3\n2,y,4\n"),
        (manifest("b", key=()), "1,x,3\n2,y,5\n"),
    )

    assert [row[0] for row in found] == ["removed", "removed", "added"]


def test_rows_whose_key_is_not_shown_are_matched_by_the_shown_columns(
    connection: Connection, tmp_path: Path
) -> None:
    found = changes(
        connection,
        tmp_path,
        (manifest("a", key=()), "1,x,3\n1,y,3\n1,,4\n"),
        (manifest("b", key=()), "1,x,3\n1,y,5\n1,,5\n2,y,5\n"),
    )

    assert [row[:4] for row in found] == [
        ("changed", '{"day" : "1", "what" : "y"}', "gross_minor", "3"),
        ("changed", '{"day" : "1", "what" : null}', "gross_minor", "4"),
        ("added", '{"day" : "2", "what" : "y"}', None, None),
    ]


def test_a_column_may_have_any_name(connection: Connection, tmp_path: Path) -> None:
    columns = ("row_key", "whole", "place", "gross_minor")
    found = changes(
        connection,
        tmp_path,
        (manifest("a", *columns, key=("row_key",)), "1,x,p,3\n"),
        (manifest("b", *columns, key=("row_key",)), "1,x,p,5\n"),
    )

    assert found == [("changed", '{"row_key" : "1"}', "gross_minor", "3", "5")]


def test_rows_may_have_many_columns(connection: Connection, tmp_path: Path) -> None:
    columns = ["day", *(f"c{number}_minor" for number in range(60))]
    zeros = ",0" * 59

    found = changes(
        connection,
        tmp_path,
        (manifest("a", *columns), f"1,1{zeros}\n2,1{zeros}\n"),
        (manifest("b", *columns), f"1,2{zeros}\n"),
    )

    assert [row[:3] for row in found] == [
        ("changed", '{"day" : "1"}', "c0_minor"),
        ("removed", '{"day" : "2"}', None),
    ]


def test_only_common_columns_are_compared(connection: Connection, tmp_path: Path) -> None:
    found = changes(
        connection,
        tmp_path,
        (manifest("a", "day", "what"), "1,x\n"),
        (manifest("b", "day", "gross_minor", "what"), "1,7,z\n"),
    )

    assert found == [("changed", '{"day" : "1"}', "what", "x", "z")]


def test_a_report_of_keys_alone_has_added_and_removed_rows(
    connection: Connection, tmp_path: Path
) -> None:
    found = changes(
        connection, tmp_path, (manifest("a", "day"), "1\n"), (manifest("b", "day"), "2\n")
    )

    assert [row[0] for row in found] == ["removed", "added"]


def test_the_causes_of_an_edition(connection: Connection) -> None:
    former = manifest("a")

    assert causes_of(connection, former, manifest("a", version=2), SINCE) == ["definition"]
    assert causes_of(connection, former, manifest("b"), SINCE) == ["late row"]
    newer = former.model_copy(update={"logic_version": 2, "rows_sha256": "b"})
    assert causes_of(connection, former, newer, SINCE) == ["logic version"]
    assert causes_of(connection, former, former, SINCE) == ["rendering"]
    stamped = former.model_copy(update={"is_provisional": True})
    assert causes_of(connection, stamped, former, SINCE) == ["seal"]
    assert causes_of(connection, stamped, manifest("b"), SINCE) == ["late row", "seal"]
    sealed = SealPart(first=date(2025, 5, 1), end=date(2025, 5, 2), state="final", reasons=())
    resealed = former.model_copy(update={"seals": (sealed,)})
    assert causes_of(connection, former, resealed, SINCE) == ["seal"]
    renamed = former.model_copy(update={"filters": ("Event is Renamed",)})
    assert causes_of(connection, former, renamed, SINCE) == ["name"]
    connection.execute(
        "insert into landing.ticketing_events (id, organization_id, name, timezone, day_cutoff,"
        " currency, status, starts_at, ends_at, updated_at)"
        " values (%s, %s, 'renamed', 'UTC', '00:00', 'USD', 'ended', now(), now(), %s)",
        (UUID(int=9), ORGANIZATION, datetime(2025, 5, 10, tzinfo=UTC)),
    )
    assert causes_of(connection, former, manifest("b"), SINCE) == ["correction"]
