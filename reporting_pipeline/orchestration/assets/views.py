"""The dbt views between landed rows, report tables and files.

A view has no rows of its own and is never materialised. The views before the report tables are
virtual assets: a run that builds report tables waits for the landing that the views read. Datasets
are plain external assets, because files wait for the seals: behind a virtual asset, every landing
would mark every file as out of date.
"""

from collections.abc import Iterator

import dagster as dg

from reporting_pipeline.orchestration.assets.lineage import (
    DATASET_KEYS,
    landing_key,
    model_code,
    properties_schema,
    relation_key,
    report_schema,
)
from reporting_pipeline.orchestration.assets.steps import PLATFORM_TEAM, REPORTING_TEAM
from reporting_pipeline.registry.datasets import DATASETS, Dataset
from reporting_pipeline.registry.dbt_models import DbtModel, DbtSource, dbt_models, dbt_sources
from reporting_pipeline.sources.contract import TABLES

_DATASETS = {(each.schema, each.relation): each for each in DATASETS}


def relation_specs() -> list[dg.AssetSpec]:
    """Every dbt view, and the tables that the views read beside the landed copies of sources."""
    return [*_view_specs(), *_table_specs()]


def _view_specs() -> Iterator[dg.AssetSpec]:
    for model in dbt_models():
        if model.layer != "reports":
            yield _view_spec(model, _DATASETS.get(model.relation))


def _view_spec(model: DbtModel, dataset: Dataset | None) -> dg.AssetSpec:
    return dg.AssetSpec(
        relation_key(model.relation),
        deps=[relation_key(each) for each in model.reads],
        group_name=model.layer,
        description=model.description if dataset is None else _about(dataset),
        owners=[REPORTING_TEAM],
        kinds={"dbt", "postgres", "view"},
        is_virtual=dataset is None,
        metadata={
            "dagster/table_name": ".".join(model.relation),
            "dagster/column_schema": properties_schema(model.columns)
            if dataset is None
            else report_schema(dataset),
            "dagster/code_references": model_code(model),
        },
    )


def _table_specs() -> Iterator[dg.AssetSpec]:
    landed = {landing_key(table.info["domain"], table.name) for table in TABLES}
    for source in dbt_sources().values():
        if relation_key(source.relation) not in landed:
            yield _table_spec(source, _DATASETS.get(source.relation))


def _table_spec(source: DbtSource, dataset: Dataset | None) -> dg.AssetSpec:
    key = relation_key(source.relation)
    return dg.AssetSpec(
        key,
        group_name="datasets" if key in DATASET_KEYS else "landing",
        description=source.description if dataset is None else _about(dataset),
        owners=[PLATFORM_TEAM if dataset is None else REPORTING_TEAM],
        kinds={"postgres"},
        metadata={
            "dagster/table_name": ".".join(source.relation),
            "dagster/column_schema": properties_schema(source.columns)
            if dataset is None
            else report_schema(dataset),
        },
    )


def _about(dataset: Dataset) -> str:
    return f"{dataset.title}. {dataset.grain}\n\n{dataset.description}"
