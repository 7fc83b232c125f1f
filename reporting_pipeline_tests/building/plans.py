"""Runs a query and returns the scans of its plan: the tables, conditions and rows that it reads."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import psycopg
from psycopg import sql

_PARTITION = re.compile(r"(?P<table>.+)_(?P<month>\d{4}_\d\d|held_back)")
_KEY = re.compile(r"\.(order_id|transaction_id|ticket_id|device_id|reverts_scan_id|event_id|id) = ")


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One scan of a table or partition in an executed plan.

    Attributes:
        month: The month of the partition, such as 2025_09, or `held_back`; None: no partition.
        condition: The condition of the index.
        row_count: The number of rows that the scan returned.
    """

    schema: str
    table: str
    month: str | None
    condition: str
    row_count: int

    @property
    def is_by_key(self) -> bool:
        """True if the condition of the index is an id."""
        return _KEY.search(self.condition) is not None

    def is_of(self, day: date, *, column: str = "report_day") -> bool:
        """True if the condition of the index is this one day."""
        bounds = f"{column} >= '{day}'", f"{column} < '{day + timedelta(days=1)}'"
        return all(bound in self.condition for bound in bounds)


def readings(
    connection: psycopg.Connection, query: str, *, may_read_whole: bool = False
) -> list[Reading]:
    """Run a query, and return each scan that was executed.

    PostgreSQL prefers to read small tables whole, and those of tests are small. Unless
    `may_read_whole` is set, this is disabled, so that the plan shows if every row is found by key.
    """
    if not may_read_whole:
        for way in ("seqscan", "bitmapscan", "hashjoin", "mergejoin"):
            connection.execute(sql.SQL("set enable_{} = off").format(sql.SQL(way)))
    explain = b"explain (analyze, verbose, format json) "
    [([plan],)] = connection.execute(explain + query.encode()).fetchall()
    return [_reading(node) for node in _scans(plan["Plan"])]


def rows_handled(connection: psycopg.Connection, query: str) -> int:
    """Run a query, and return the rows that all steps of its plan gave or compared."""
    explain = b"explain (analyze, timing off, format json) "
    [([plan],)] = connection.execute(explain + query.encode()).fetchall()
    return round(_rows_handled(plan["Plan"]))


def _rows_handled(node: dict[str, Any]) -> float:
    rows = float(node["Actual Rows"]) + float(node.get("Rows Removed by Join Filter", 0))
    return rows * int(node["Actual Loops"]) + sum(map(_rows_handled, node.get("Plans", ())))


def _scans(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if "Relation Name" in node and node["Actual Loops"]:
        yield node
    for child in node.get("Plans", ()):
        yield from _scans(child)


def _reading(node: dict[str, Any]) -> Reading:
    partition = _PARTITION.fullmatch(node["Relation Name"])
    return Reading(
        schema=node["Schema"],
        table=partition["table"] if partition else node["Relation Name"],
        month=partition["month"] if partition else None,
        condition=node.get("Index Cond", ""),
        row_count=round(node["Actual Rows"] * node["Actual Loops"]),
    )
