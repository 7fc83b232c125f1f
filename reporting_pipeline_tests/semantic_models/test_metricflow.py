"""dbt reads the project, and dbt's own rules find no fault in its semantic models."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from reporting_pipeline.semantic_models.place import Place
from reporting_pipeline.semantic_models.semantic_model import semantic_models
from reporting_pipeline.semantic_models.targets import export

DATED = [each for each in semantic_models() if each.day is not None]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("metricflow")
    export("metricflow", folder, Place())
    return folder


@pytest.fixture(scope="module")
def manifest(project: Path) -> dict[str, Any]:
    """The manifest that MetricFlow reads; dbt validates it before it writes it."""
    parsed = _dbt(project, "parse")
    assert parsed.returncode == 0, parsed.stdout
    found: dict[str, Any] = json.loads((project / "target/semantic_manifest.json").read_bytes())
    return found


def test_dbt_accepts_a_semantic_model_of_every_view(manifest: dict[str, Any]) -> None:
    relations = {
        each["name"]: each["node_relation"]["relation_name"] for each in manifest["semantic_models"]
    }

    assert relations == {e.name: f'"reporting"."reporting_bi"."{e.name}"' for e in DATED}


def test_every_measure_is_a_metric(manifest: dict[str, Any]) -> None:
    metrics = {each["name"] for each in manifest["metrics"]}

    assert {f"{model.name}_{each.name}" for model in DATED for each in model.measures} <= metrics


def test_a_balance_is_the_last_one_of_each_leaf(manifest: dict[str, Any]) -> None:
    measure = _measures(manifest)["event_summary_capacity_count"]

    assert measure["non_additive_dimension"] == {
        "name": "date",
        "window_choice": "max",
        "window_groupings": ["event_summary_leaf"],
    }
    assert _measures(manifest)["sales_daily_sold_count"]["non_additive_dimension"] is None


def test_money_is_null_where_the_rows_have_two_currencies(manifest: dict[str, Any]) -> None:
    [metric] = [e for e in manifest["metrics"] if e["name"] == "sales_daily_gross_minor"]

    assert metric["type"] == "derived"
    assert metric["type_params"]["expr"] == (
        "case when sales_daily_first_currency = sales_daily_last_currency"
        " then sales_daily_gross_minor_unguarded end"
    )


def test_the_project_only_describes(project: Path, manifest: dict[str, Any]) -> None:
    sql = (project / "models/sales_daily.sql").read_text(encoding="utf-8")

    assert "if execute and flags.WHICH in ('run', 'build')" in sql
    assert "this project only describes it" in sql


def _measures(manifest: dict[str, Any]) -> dict[str, Any]:
    return {
        measure["name"]: measure
        for model in manifest["semantic_models"]
        for measure in model["measures"]
    }


def _dbt(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("dbt")
    environment = {
        "PATH": os.defpath,
        "HOME": str(project),
        "REPORTING_BI_PASSWORD": "none",
    }
    return subprocess.run(  # noqa: S603 - dbt of this environment
        [
            program,
            *arguments,
            "--no-use-colors",
            "--project-dir",
            project,
            "--profiles-dir",
            project,
        ],
        cwd=project,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
