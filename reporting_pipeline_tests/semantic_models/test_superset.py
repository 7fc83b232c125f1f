"""The bundle has what Superset's import reads: a database, and datasets with metrics."""

import io
import zipfile
from typing import Any

import pytest
import yaml

from reporting_pipeline.semantic_models.place import Place
from reporting_pipeline.semantic_models.postgres_sql import aggregate
from reporting_pipeline.semantic_models.semantic_model import semantic_models
from reporting_pipeline.semantic_models.superset import BUNDLE, files

PLACE = Place(host="warehouse.example", port=5433, database="figures", user="reporting_bi_one")


@pytest.fixture(scope="module")
def bundle() -> dict[str, Any]:
    [content] = files(semantic_models(), PLACE).values()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: yaml.safe_load(archive.read(name)) for name in archive.namelist()}


def test_the_bundle_is_one_file_of_datasets(bundle: dict[str, Any]) -> None:
    assert list(files(semantic_models(), PLACE)) == [BUNDLE]
    assert bundle["reporting_bi/metadata.yaml"]["type"] == "SqlaTable"
    datasets = {name for name in bundle if name.startswith("reporting_bi/datasets/")}
    assert len(datasets) == len(semantic_models())


def test_the_database_has_no_password_and_lets_nobody_write(bundle: dict[str, Any]) -> None:
    database = bundle["reporting_bi/databases/reporting.yaml"]

    expected = "postgresql+psycopg2://reporting_bi_one:XXXXXXXXXX@warehouse.example:5433/figures"
    assert database["sqlalchemy_uri"] == expected
    assert not database["allow_dml"]


def test_every_measure_is_a_metric_with_its_own_sql(bundle: dict[str, Any]) -> None:
    for model in semantic_models():
        dataset = bundle[f"reporting_bi/datasets/reporting/{model.name}.yaml"]
        metrics = {each["metric_name"]: each["expression"] for each in dataset["metrics"]}
        assert metrics == {each.name: aggregate(model, each) for each in model.measures}
        assert dataset["schema"] == "reporting_bi_one"


def test_no_figure_is_offered_for_grouping(bundle: dict[str, Any]) -> None:
    dataset = bundle["reporting_bi/datasets/reporting/sales_daily.yaml"]
    grouped = {each["column_name"] for each in dataset["columns"] if each["groupby"]}

    assert {"currency", "event_name", "date"} <= grouped
    assert not {name for name in grouped if name.endswith(("_minor", "_count"))}
