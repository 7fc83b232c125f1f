"""The lake: report tables as Parquet files, brought up to date each hour if its address is set."""

import dagster as dg

from reporting_pipeline.lake.write import lake_store, write_lake
from reporting_pipeline.orchestration.assets.steps import PLATFORM_TEAM, RETRIES, step_failures
from reporting_pipeline.orchestration.resources import Warehouse
from reporting_pipeline.registry.report_tables import REPORT_TABLES
from reporting_pipeline.settings import Settings


class LakeStore(dg.ConfigurableResource["LakeStore"]):
    """The address of the lake, which has nothing else."""

    lake_url: str
    store_url: str | None = None


def lake_resources(settings: Settings) -> dict[str, object]:
    """The resource of the lake; none if its address is not set."""
    if settings.lake_url is None:
        return {}
    return {"lake_place": LakeStore(lake_url=settings.lake_url, store_url=settings.store_url)}


def lake_assets(settings: Settings) -> list[dg.AssetsDefinition]:
    """The asset of the lake; none if its address is not set."""
    return [] if settings.lake_url is None else [_lake_asset()]


def _lake_asset() -> dg.AssetsDefinition:
    @dg.asset(
        name="lake",
        deps=[dg.AssetKey(table.name) for table in REPORT_TABLES],
        retry_policy=RETRIES,
        group_name="exports",
        description=(
            "The rows of the report tables as Parquet files by organisation and day. A run writes "
            "the days that were rebuilt since the last one."
        ),
        owners=[PLATFORM_TEAM],
        kinds={"parquet"},
    )
    def lake(warehouse: Warehouse, lake_place: LakeStore) -> dg.MaterializeResult[None]:
        with step_failures():
            store = lake_store(lake_place.lake_url, lake_place.store_url)
            written = write_lake(warehouse.address(), store)
        return dg.MaterializeResult(
            metadata={
                "day_count": sum(each.day_count for each in written),
                "written_count": sum(each.written_count for each in written),
                "same_count": sum(each.same_count for each in written),
                "removed_count": sum(each.removed_count for each in written),
                "location": store.address,
            }
        )

    return lake
