"""The tables that a build fills: the report tables and their running balances."""

from typing import Any

from psycopg import sql
from sqlalchemy import URL

from reporting_pipeline.registry.report_tables import REPORT_TABLES
from reporting_pipeline.warehouse.engine import warehouse_connection

_BESIDE = ("report_revenue_daily_balances", "report_account_movements_daily_balances")


def all_rows(url: URL, *columns: str) -> dict[str, list[tuple[Any, ...]]]:
    """The rows of the tables that a build fills, with these columns or all, in one order."""
    found: dict[str, list[tuple[Any, ...]]] = {}
    wanted = sql.SQL(", ").join(map(sql.Identifier, columns)) if columns else sql.SQL("*")
    with warehouse_connection(url) as connection:
        for name in (*(table.name for table in REPORT_TABLES), *_BESIDE):
            query = sql.SQL("select {} from {}").format(wanted, sql.Identifier("reporting", name))
            found[name] = sorted(connection.execute(query).fetchall(), key=repr)
    return found


def empty_tables(url: URL) -> None:
    """Delete every row that a build makes."""
    with warehouse_connection(url) as connection:
        for name in (*(table.name for table in REPORT_TABLES), *_BESIDE):
            connection.execute(sql.SQL("truncate {}").format(sql.Identifier("reporting", name)))
