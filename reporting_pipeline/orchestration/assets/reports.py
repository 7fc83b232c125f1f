"""The report tables, partitioned by report day.

One step builds the selected tables, for one day or many, so that a backfill is one run and one
invocation of dbt. The asset specs come from the registry, not from dbt's manifest: loading them
imports no dbt (docs/adr/0010).
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, time, timedelta
from typing import Any

import dagster as dg
from psycopg import Connection, sql

from reporting_pipeline.building.build import BuildResult, build
from reporting_pipeline.catalogue.notices import notify_rebuilt_days
from reporting_pipeline.orchestration.assets.lineage import (
    model_code,
    relation_key,
    report_key,
    report_lineage,
    report_schema,
)
from reporting_pipeline.orchestration.assets.seals import seal_built_days
from reporting_pipeline.orchestration.assets.steps import (
    REPORTING_TEAM,
    RETRIES,
    device_days,
    step_failures,
)
from reporting_pipeline.orchestration.assets.tables import markdown_table
from reporting_pipeline.orchestration.partitions import days_of
from reporting_pipeline.orchestration.resources import Redis, Timing, Warehouse
from reporting_pipeline.registry.dbt_models import DbtModel, dbt_models
from reporting_pipeline.registry.report_tables import REPORT_TABLES, SCHEMA, ReportTable
from reporting_pipeline.settings import Settings

_MINUTES_PER_DAY = 24 * 60
_PREVIEW_ROWS = 5

# One look into the key's index per day, however many days.
_FIRST_ROWS = sql.SQL("""
    select first_rows.*
    from unnest(%(days)s::date[]) as day
    cross join lateral (
        select {columns} from {table} where date = day order by {key} limit %(rows)s
    ) as first_rows
    order by day
""")


def report_assets(
    partitions: dg.DailyPartitionsDefinition, freshness: dg.FreshnessPolicy
) -> dg.AssetsDefinition:
    """The report tables as one step; any of them may be selected.

    Days of devices with a wrong clock, which have no partition, are built first.
    """

    @dg.multi_asset(
        name="report_tables",
        specs=[_spec(table, partitions, freshness) for table in REPORT_TABLES],
        can_subset=True,
        backfill_policy=dg.BackfillPolicy.single_run(),
        retry_policy=RETRIES,
        pool="warehouse",
    )
    def report_tables(
        context: dg.AssetExecutionContext, warehouse: Warehouse, redis: Redis, timing: Timing
    ) -> Iterator[dg.MaterializeResult[None]]:
        selected = [t for t in REPORT_TABLES if report_key(t.name) in context.selected_asset_keys]
        url, engine = warehouse.address(), warehouse.other_engine()
        with step_failures():
            outside = device_days(warehouse, timing, partitions)
            if outside:
                context.log.warning("%s", _outside_text(outside))
                build(outside, warehouse=url, engine=engine)
            days = days_of(context)
            names = [table.name for table in selected]
            built = build(days, warehouse=url, tables=names, engine=engine)
            notify_rebuilt_days(url, [*outside, *days], redis_url=redis.redis_url, clock=timing.now)
        for table in selected:
            _describe_days(context, warehouse, table, built)
            yield dg.MaterializeResult(asset_key=report_key(table.name))
        with step_failures():
            seal_built_days(context, [*outside, *days], warehouse, timing)

    return report_tables


def nightly_freshness(settings: Settings) -> dg.FreshnessPolicy:
    """Fresh if built between REPORTING_NIGHTLY_AT and REPORTING_DAILY_DEADLINE_HOURS past midnight.

    Dagster looks at the newest materialisation of any partition: after a backfill of old days a
    table counts as fresh. An alert reports a missing report, with its day.
    """
    begins, deadline = settings.nightly_at, settings.daily_deadline_hours % 24
    # A deadline before the nightly run belongs to the night before.
    minutes = (deadline * 60 - _minute_of(begins)) % _MINUTES_PER_DAY
    return dg.FreshnessPolicy.cron(
        deadline_cron=f"0 {deadline} * * *",
        lower_bound_delta=timedelta(minutes=minutes or _MINUTES_PER_DAY),
        timezone=settings.schedule_zone,
    )


def _spec(
    table: ReportTable, days: dg.DailyPartitionsDefinition, freshness: dg.FreshnessPolicy
) -> dg.AssetSpec:
    model = _model_of(table)
    return dg.AssetSpec(
        report_key(table.name),
        deps=[relation_key(each) for each in model.reads],
        partitions_def=days,
        group_name="reports",
        description=f"{table.title}. {table.grain}\n\n{table.description}",
        owners=[REPORTING_TEAM],
        kinds={"dbt", "postgres"},
        tags={"grain": "daily"},
        freshness_policy=freshness,
        metadata={
            "dagster/table_name": f"{SCHEMA}.{table.name}",
            "dagster/column_schema": report_schema(table),
            "dagster/column_lineage": report_lineage(table),
            "dagster/code_references": model_code(model),
        },
    )


def _outside_text(days: Sequence[date]) -> str:
    return (
        f"days without a partition are built too: {len(days)} from {days[0]} to {days[-1]}; "
        "devices with a wrong clock have dated scans to them, see the check device_clocks"
    )


def _model_of(table: ReportTable) -> DbtModel:
    return next(model for model in dbt_models() if model.relation == (SCHEMA, table.name))


def _describe_days(
    context: dg.AssetExecutionContext,
    warehouse: Warehouse,
    table: ReportTable,
    built: BuildResult,
) -> None:
    days = days_of(context)
    with warehouse.snapshot() as connection:
        first_rows = _previews(connection, table, days)
    for day in days:
        row_count = built.row_counts[table.name].get(day, 0)
        metadata: dict[str, object] = {"dagster/partition_row_count": row_count}
        if table.name in built.seconds:
            # The days of a run are replaced together, so none has a duration of its own.
            metadata["mean_day_seconds"] = round(built.seconds[table.name] / built.day_count, 3)
            metadata["run_day_count"] = built.day_count
        if day in first_rows:
            metadata["preview"] = dg.MetadataValue.md(first_rows[day])
        if day == days[-1]:
            # The UI takes the lineage of columns from the newest materialisation.
            metadata["dagster/column_lineage"] = report_lineage(table)
        context.add_asset_metadata(
            metadata, asset_key=report_key(table.name), partition_key=day.isoformat()
        )


def _previews(
    connection: Connection[Any], table: ReportTable, days: Sequence[date]
) -> dict[date, str]:
    """The first rows by key of each day, as a Markdown table; a day without rows has none."""
    query = _FIRST_ROWS.format(
        columns=_names(table.column_names),
        table=sql.Identifier(SCHEMA, table.name),
        key=_names(table.key),
    )
    of_date = table.column_names.index("date")
    rows: dict[date, list[Sequence[object]]] = {}
    for row in connection.execute(query, {"days": list(days), "rows": _PREVIEW_ROWS}):
        rows.setdefault(row[of_date], []).append(row)
    return {day: markdown_table(table.column_names, of_day) for day, of_day in rows.items()}


def _names(columns: Iterable[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, columns))


def _minute_of(of_day: time) -> int:
    return of_day.hour * 60 + of_day.minute
