"""dbt's description of the report models and the dataset views, generated from the registries.

After a change to a registry run `python -m reporting_pipeline.registry.dbt_properties`; a test
fails while the files lag behind. dbt tests hold structure: keys, nulls, accepted values. Whatever
concerns money or attendance is a check (`reporting_pipeline.checks`). Views of datasets have no dbt
tests: they hold what their tables hold.

What belongs here: the generated files. What does not: the words, which are the registries'.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

import yaml

from reporting_pipeline.registry.columns import Column, ReportTable
from reporting_pipeline.registry.datasets import DATASETS, SCHEMA, Dataset
from reporting_pipeline.registry.report_tables import REPORT_TABLES

_MODELS = Path(__file__).parents[2] / "dbt_project" / "models"
_HEADER = "# Generated from reporting_pipeline/reports/{} by reports/dbt_properties.py.\n"
_WIDTH = 100


def dbt_properties() -> Mapping[Path, str]:
    """Each of dbt's properties files with its text."""
    views = (each for each in DATASETS if each.schema == SCHEMA)
    return {
        _MODELS / "reports" / "_reports__models.yml": _text("tables", map(_table, REPORT_TABLES)),
        _MODELS / "datasets" / "_datasets__models.yml": _text("datasets", map(_view, views)),
    }


def _text(registry: str, models: Iterable[Mapping[str, object]]) -> str:
    properties = {"version": 2, "models": list(models)}
    text: str = yaml.safe_dump(properties, sort_keys=False, width=_WIDTH)
    return _HEADER.format(registry) + text


def _table(table: ReportTable) -> dict[str, object]:
    return {
        "name": table.name,
        "description": f"{table.grain} {table.description}",
        "data_tests": [{"key_is_unique": {"arguments": {"columns": list(table.key)}}}],
        "columns": [_column(column) | _tests(column) for column in table.columns],
    }


def _view(dataset: Dataset) -> dict[str, object]:
    return {
        "name": dataset.relation,
        "description": f"{dataset.grain} {dataset.description}",
        "columns": [_column(column) for column in dataset.columns],
    }


def _column(column: Column) -> dict[str, object]:
    meta = {"kind": str(column.kind)} | ({"unit": str(column.unit)} if column.unit else {})
    return {
        "name": column.name,
        "description": column.description,
        "data_type": str(column.type),
        "config": {"meta": meta},
    }


def _tests(column: Column) -> dict[str, object]:
    tests: list[object] = [] if column.nullable else ["not_null"]
    if column.values:
        tests.append({"accepted_values": {"arguments": {"values": list(column.values)}}})
    return {"data_tests": tests} if tests else {}


if __name__ == "__main__":
    for path, text in dbt_properties().items():
        path.write_text(text, encoding="utf-8")
