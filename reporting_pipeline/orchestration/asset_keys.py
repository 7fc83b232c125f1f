"""The keys of all assets: where a table or file stands is its key.

ticketing/orders                  a source table
landing/ticketing_orders          its copy in the warehouse
report_sales_daily                a report table
report_seals                      the seals of its days, and of the other tables'
daily_reports                     files of the reports that are due daily; weekly_reports, ...
"""

import dagster as dg
from sqlalchemy import Table

from reporting_pipeline.registry.report_tables import REPORT_TABLES

SEALS = dg.AssetKey("report_seals")

_REPORTS = frozenset(table.name for table in REPORT_TABLES)


def source_key(table: Table) -> dg.AssetKey:
    """The key of a table in its source domain."""
    return dg.AssetKey([table.info["domain"], table.name])


def landing_key(domain: str, table_name: str) -> dg.AssetKey:
    """The key of a source table's copy in the warehouse."""
    return dg.AssetKey(["landing", f"{domain}_{table_name}"])


def report_key(name: str) -> dg.AssetKey:
    """The key of a report table."""
    return dg.AssetKey(name)


def warehouse_key(name: str) -> dg.AssetKey:
    """The key of a table that the registry names as a source: of landing, or a report table."""
    return dg.AssetKey(name) if name in _REPORTS else dg.AssetKey(["landing", name])
