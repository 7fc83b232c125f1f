"""The source tables, which are only read, and their copies in the warehouse."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import dagster as dg
from psycopg import Connection
from sqlalchemy import Table

from reporting_pipeline.catalogue.derived_definitions import derive_definitions
from reporting_pipeline.due.due_reports import events_due
from reporting_pipeline.orchestration.assets.lineage import (
    landed_rows,
    landing_key,
    landing_lineage,
    landing_schema,
    source_key,
    source_schema,
)
from reporting_pipeline.orchestration.assets.steps import PLATFORM_TEAM, RETRIES, step_failures
from reporting_pipeline.orchestration.partitions import add_ended_events
from reporting_pipeline.orchestration.resources import Sources, Timing, Warehouse
from reporting_pipeline.settings import Settings
from reporting_pipeline.sources.contract import TABLES
from reporting_pipeline.sources.landing.land import LandingResult, TableLanding

COMPARED_TAG = "reporting/compared"
"""A run with this tag also compares older rows with the sources."""

_SHORTEST = timedelta(minutes=1)


def source_specs() -> list[dg.AssetSpec]:
    """The tables of the source domains: production, which this pipeline never writes."""
    return [
        dg.AssetSpec(
            source_key(table),
            group_name="sources",
            description=(
                f"{landed_rows(table)}\n\nProduction table of the domain {table.info['domain']}; "
                "read only."
            ),
            kinds={"postgres"},
            tags={"domain": table.info["domain"]},
            metadata={
                "dagster/table_name": table.fullname,
                "dagster/column_schema": source_schema(table),
            },
        )
        for table in TABLES
    ]


def landing_assets(freshness: dg.FreshnessPolicy) -> dg.AssetsDefinition:
    """The copies of all source tables; one step, because each source is read in one snapshot."""

    @dg.multi_asset(
        name="landing",
        specs=[_spec(table, freshness) for table in TABLES],
        retry_policy=RETRIES,
        pool="warehouse",
    )
    def landing(
        context: dg.AssetExecutionContext, sources: Sources, warehouse: Warehouse, timing: Timing
    ) -> Iterator[dg.MaterializeResult[None]]:
        with step_failures():
            with warehouse.snapshot() as connection:
                lags = _lags(connection, timing.now())
            is_compared = context.run.tags.get(COMPARED_TAG) == "true"
            landed = sources.land(warehouse.address(), is_compared=is_compared)
            compared = {(each.domain, each.table_name): each for each in landed.comparisons}
            derive_definitions(warehouse.address(), timing.now())
            counts = {(each.domain, each.table_name): each for each in landed.tables}
            with warehouse.snapshot() as connection:
                watermarks = _watermarks(connection)
                add_ended_events(context.instance, events_due(connection))
        for table in TABLES:
            name = table.info["domain"], table.name
            metadata = _metadata(table, counts[name], watermarks.get(name))
            if (lag := lags.get(table.info["domain"])) is not None:
                metadata["lag_seconds"] = round(lag, 3)
            if (comparison := compared.get(name)) is not None:
                metadata["compared_count"] = comparison.compared_count
                metadata["suspect_count"] = len(comparison.suspects)
            yield dg.MaterializeResult(asset_key=landing_key(*name), metadata=metadata)

    return landing


def landing_materializations(
    connection: Connection[Any], landed: LandingResult
) -> list[dg.AssetMaterialization]:
    """The tables that a command has landed."""
    tables = {(each.info["domain"], each.name): each for each in TABLES}
    watermarks = _watermarks(connection)
    return [
        dg.AssetMaterialization(
            landing_key(*name), metadata=_metadata(tables[name], counts, watermarks.get(name))
        )
        for counts in landed.tables
        if (name := (counts.domain, counts.table_name)) in tables
    ]


def landing_freshness(settings: Settings) -> dg.FreshnessPolicy:
    """Stale after REPORTING_SOURCE_STALE_SECONDS; half of that time warns."""
    stale = timedelta(seconds=settings.source_stale_seconds)
    warns = stale / 2
    return dg.FreshnessPolicy.time_window(
        fail_window=stale, warn_window=warns if warns >= _SHORTEST else None
    )


def _spec(table: Table, freshness: dg.FreshnessPolicy) -> dg.AssetSpec:
    lineage = landing_lineage(table)
    read = {dep.asset_key for deps in lineage.deps_by_column.values() for dep in deps}
    return dg.AssetSpec(
        landing_key(table.info["domain"], table.name),
        deps=sorted(read),
        group_name="landing",
        description=(
            f"{landed_rows(table)}\n\nCopy of {table.fullname} in the warehouse. A row is new by "
            f"its {table.info['record_clock']}; landed rows are kept."
        ),
        owners=[PLATFORM_TEAM],
        kinds={"postgres"},
        tags={"domain": table.info["domain"]},
        freshness_policy=freshness,
        metadata={
            "dagster/table_name": f"landing.{table.info['domain']}_{table.name}",
            "dagster/column_schema": landing_schema(table),
            "dagster/column_lineage": lineage,
        },
    )


def _lags(connection: Connection[Any], now: datetime) -> dict[str, float]:
    """The age in seconds, by source, of the instant up to which all rows have landed."""
    rows = connection.execute("select domain, complete_through from landing.source_reads")
    return {domain: (now - through).total_seconds() for domain, through in rows}


def _watermarks(connection: Connection[Any]) -> dict[tuple[str, str], datetime]:
    """The greatest landed record clock of each source table, by domain and table."""
    rows = connection.execute("select domain, table_name, record_clock from landing.watermarks")
    return {(domain, table): clock for domain, table, clock in rows}


def _metadata(table: Table, counts: TableLanding, watermark: datetime | None) -> dict[str, Any]:
    metadata: dict[str, Any] = {
        "read_count": counts.read_count,
        "new_count": counts.new_count,
        "seconds": round(counts.seconds, 3),
        "dagster/column_lineage": landing_lineage(table),
    }
    if watermark is not None:  # a source table without rows has none
        metadata["watermark"] = dg.MetadataValue.timestamp(watermark)
    return metadata
