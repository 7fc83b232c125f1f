"""The asset graph is complete: assets, dependencies, partitions and descriptions."""

import sys
from datetime import date
from itertools import pairwise, product
from pathlib import Path
from subprocess import run

import dagster as dg
import pytest
from dagster._core.execution.api import create_execution_plan

from reporting_pipeline.checks.checks import CHECKS
from reporting_pipeline.orchestration.assets.lineage import relation_key
from reporting_pipeline.orchestration.code_location import build_definitions
from reporting_pipeline.registry.datasets import DATASETS
from reporting_pipeline.registry.dbt_models import dbt_models, dbt_sources
from reporting_pipeline.registry.report_tables import REPORT_TABLES, ReportTable
from reporting_pipeline.settings import Settings
from reporting_pipeline.sources.contract import TABLES

DEFS = build_definitions(Settings.model_validate({"first_day": date(2025, 1, 1)}))
GRAPH = DEFS.resolve_asset_graph()
OURS = sorted(GRAPH.materializable_asset_keys)
# Sorted, because all processes of pytest-xdist must collect the tests in the same order.
SPECS = {spec.key: spec for spec in sorted(DEFS.resolve_all_asset_specs(), key=lambda x: x.key)}


EXPORTS = {
    "requested_reports",
    *("daily_reports", "weekly_reports", "monthly_reports", "event_reports"),
    "restated_reports",
}
OVER_ALL_DAYS = ("no_unresolved_day", "no_warned_day")


def test_definitions_load_without_any_address() -> None:
    dg.Definitions.validate_loadable(DEFS)


def test_every_table_and_file_is_an_asset_named_after_its_place() -> None:
    tables = [(table.info["domain"], table.name) for table in TABLES]
    assert {key.to_user_string() for key in SPECS} == {
        *(f"{domain}/{name}" for domain, name in tables),
        *(f"landing/{domain}_{name}" for domain, name in tables),
        *(f"{m.layer}/{m.relation.name}" for m in dbt_models() if m.layer != "reports"),
        *("/".join(relation) for relation in dbt_sources()),
        *(table.name for table in REPORT_TABLES),
        "report_seals",
        *EXPORTS,
        "alerts",
        "store_audit",
    }


def test_the_lineage_runs_from_source_tables_through_views_to_files() -> None:
    line = [
        *("ticketing/orders", "landing/ticketing_orders", "staging/stg_ticketing__orders"),
        *(
            "intermediate/int_ticketing__order_line_movements",
            "intermediate/int_ticketing__movement_figures",
        ),
        *("report_sales_daily", "datasets/sales_daily", "daily_reports"),
    ]
    keys = [dg.AssetKey(name.split("/")) for name in line]
    for parent, child in pairwise(keys):
        assert parent in GRAPH.get(child).parent_keys, child


def test_every_relation_depends_on_what_its_sql_reads() -> None:
    for model in dbt_models():
        assert GRAPH.get(relation_key(model.relation)).parent_keys == {
            relation_key(each) for each in model.reads
        }


def test_files_depend_on_every_dataset_since_a_definition_may_use_any() -> None:
    datasets = {dg.AssetKey([each.schema, each.relation]) for each in DATASETS}
    for name in EXPORTS:
        assert datasets <= GRAPH.get(dg.AssetKey(name)).parent_keys


def test_a_build_waits_for_the_landing_behind_the_views() -> None:
    job = DEFS.resolve_job_def("daily_build")
    plan = create_execution_plan(job, tags={"dagster/partition": "2025-03-03"})
    waits_for = plan.get_executable_step_deps()
    assert waits_for["report_tables"] == {"landing"}
    assert waits_for["report_seals"] == {"report_tables"}
    assert waits_for["daily_reports"] >= {"report_seals"}


def test_views_are_never_materialised_and_virtual_where_a_build_waits_behind_them() -> None:
    virtual = {key for key in SPECS if GRAPH.get(key).is_virtual}
    assert {SPECS[key].group_name for key in virtual} == {"staging", "intermediate"}
    layers = {"staging", "intermediate", "datasets"}
    assert not layers & {SPECS[key].group_name for key in OURS}


@pytest.mark.parametrize("key", SPECS, ids=lambda key: key.to_user_string())
def test_an_asset_says_what_it_is_and_a_table_what_its_columns_mean(key: dg.AssetKey) -> None:
    spec = SPECS[key]
    assert spec.description
    schema = spec.metadata.get("dagster/column_schema")
    if schema is not None:
        assert [column.name for column in schema.columns if not column.description] == []


@pytest.mark.parametrize("key", OURS, ids=lambda key: key.to_user_string())
def test_an_asset_links_to_its_code(key: dg.AssetKey) -> None:
    references = SPECS[key].metadata["dagster/code_references"].code_references
    assert references
    for each in references:
        assert Path(each.file_path).is_file()


def test_sources_are_only_read() -> None:
    assert {SPECS[key].group_name for key in OURS} == {
        "landing",
        "reports",
        "seals",
        "exports",
        "alerts",
    }


def test_every_check_is_an_asset_check() -> None:
    found = {(key.asset_key.to_user_string(), key.name) for key in GRAPH.asset_check_keys}
    assert found == {
        *((check.report_table, check.name) for check in CHECKS),
        *product((table.name for table in REPORT_TABLES), OVER_ALL_DAYS),
        *product(EXPORTS, ["files_are_stored", "not_over_held_days"]),
    }


def test_the_daily_job_has_all_assets_except_those_due_later() -> None:
    job = DEFS.resolve_job_def("daily_build")
    later = {dg.AssetKey(name) for name in EXPORTS - {"daily_reports"} | {"store_audit"}}
    assert job.asset_layer.executable_asset_keys == set(OURS) - later
    checks = {key for key in GRAPH.asset_check_keys if key.asset_key not in later}
    assert job.asset_layer.asset_graph.asset_check_keys == checks


@pytest.mark.parametrize("name", ["daily", "weekly", "monthly", "event"])
def test_the_reports_of_a_schedule_have_a_job_of_their_own(name: str) -> None:
    job = DEFS.resolve_job_def(f"deliver_{name}_reports")
    assert job.asset_layer.executable_asset_keys == {dg.AssetKey(f"{name}_reports")}


@pytest.mark.parametrize("key", OURS, ids=lambda key: key.to_user_string())
def test_an_asset_is_documented(key: dg.AssetKey) -> None:
    spec = SPECS[key]
    assert spec.description
    assert spec.owners
    assert spec.kinds


@pytest.mark.parametrize("table", REPORT_TABLES, ids=lambda table: table.name)
def test_a_report_table_shows_its_columns_and_where_they_come_from(
    table: ReportTable,
) -> None:
    metadata = SPECS[dg.AssetKey(table.name)].metadata
    schema, lineage = metadata["dagster/column_schema"], metadata["dagster/column_lineage"]
    assert metadata["dagster/table_name"] == f"reporting.{table.name}"
    assert [column.name for column in schema.columns] == list(table.column_names)
    assert set(lineage.deps_by_column) == set(table.column_names)
    known = {
        (dep.asset_key, column.name)
        for deps in lineage.deps_by_column.values()
        for dep in deps
        for column in SPECS[dep.asset_key].metadata["dagster/column_schema"].columns
    }
    named = {(d.asset_key, d.column_name) for c in lineage.deps_by_column.values() for d in c}
    assert named <= known


def test_a_backfill_is_one_run() -> None:
    partitioned = [key for key in OURS if GRAPH.get(key).partitions_def is not None]
    assert {SPECS[key].group_name for key in partitioned} == {
        "reports",
        "seals",
        "exports",
    }
    assert {GRAPH.get(key).backfill_policy for key in partitioned} == {
        dg.BackfillPolicy.single_run()
    }


def test_only_landings_and_builds_wait_for_others_of_their_pool() -> None:
    in_pool = {SPECS[key].group_name for key in OURS if GRAPH.get(key).pools == {"warehouse"}}
    free = {SPECS[key].group_name for key in OURS if not GRAPH.get(key).pools}

    assert (in_pool, free) == ({"landing", "reports"}, {"seals", "exports", "alerts"})


def test_seals_and_daily_reports_have_the_days_of_the_report_tables() -> None:
    keys = [*(table.name for table in REPORT_TABLES), "report_seals", "daily_reports"]
    assert len({GRAPH.get(dg.AssetKey(key)).partitions_def for key in keys}) == 1


@pytest.mark.parametrize(
    ("asset", "partition", "first", "last"),
    [
        ("daily_reports", "2025-03-09", "2025-03-09", "2025-03-09"),
        # A week may begin on any weekday, and is due in the partition in which it ends.
        ("weekly_reports", "2025-03-10", "2025-03-03", "2025-03-16"),
        ("monthly_reports", "2025-02-01", "2025-02-01", "2025-02-28"),
    ],
)
def test_reports_depend_on_the_seals_of_their_days(
    asset: str, partition: str, first: str, last: str
) -> None:
    upstream = GRAPH.get(dg.AssetKey("report_seals")).partitions_def
    asset_def = DEFS.get_assets_def(asset)
    mapping = asset_def.get_partition_mapping(dg.AssetKey("report_seals"))
    own = asset_def.partitions_def
    assert upstream is not None
    assert own is not None
    assert mapping is not None
    of_partition = own.subset_with_partition_keys([partition])
    found = mapping.get_upstream_mapped_partitions_result_for_partitions(
        of_partition, own, upstream
    ).partitions_subset
    keys = sorted(found.get_partition_keys())
    assert (keys[0], keys[-1]) == (first, last)


def test_checks_have_the_days_of_their_tables() -> None:
    for key in GRAPH.asset_check_keys:
        of_table = GRAPH.get(key.asset_key).partitions_def
        expected = None if key.name in OVER_ALL_DAYS else of_table
        assert GRAPH.get(key).partitions_def == expected


def test_every_report_table_is_sealed_before_any_report() -> None:
    seals = GRAPH.get(dg.AssetKey("report_seals"))
    assert seals.parent_keys == {dg.AssetKey(table.name) for table in REPORT_TABLES}
    assert seals.child_keys == {dg.AssetKey(name) for name in EXPORTS | {"alerts"}}


def test_no_check_blocks_the_other_organisations() -> None:
    assert {GRAPH.get(key).blocking for key in GRAPH.asset_check_keys} == {False}


def test_loading_the_code_location_imports_nothing_heavy() -> None:
    heavy = {"dbt", "dagster_dbt", "pandas", "weasyprint"}
    code = "import reporting_pipeline.definitions, sys; print(*sys.modules)"
    arguments = [sys.executable, "-c", code]
    loaded = run(arguments, capture_output=True, text=True, check=True)  # noqa: S603 - our own
    assert not heavy & set(loaded.stdout.split())
