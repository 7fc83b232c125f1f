"""Runs the query of a page and returns which rows of which tables it looked at."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import ClientCursor


@dataclass(frozen=True, kw_only=True)
class Scan:
    """One scan of an executed plan.

    Attributes:
        way: Such as Index Scan, Bitmap Heap Scan or Seq Scan.
        row_count: The rows that were looked at, also those that a filter removed.
    """

    table: str
    way: str
    row_count: int


def scans_of(connection: psycopg.Connection, query: Any, bound: Mapping[str, object]) -> list[Scan]:
    """Run a query with its values in the text; the scans of its plan."""
    text = ClientCursor(connection).mogrify(query, bound)
    explain = f"explain (analyze, timing off, format json) {text}"
    [([plan],)] = connection.execute(explain.encode()).fetchall()
    return _scans(plan["Plan"])


def _scans(node: dict[str, Any]) -> list[Scan]:
    found = [each for child in node.get("Plans", ()) for each in _scans(child)]
    if "Relation Name" in node:
        rows = node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
        scan = Scan(
            table=node["Relation Name"],
            way=node["Node Type"],
            row_count=round(rows * node["Actual Loops"]),
        )
        found.append(scan)
    return found
