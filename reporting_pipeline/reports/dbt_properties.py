"""dbt's description of the report models, generated from the registry.

After a change to the registry run `python -m reporting_pipeline.reports.dbt_properties`; a test
fails while the file lags behind. dbt tests hold structure: keys, nulls, accepted values. Whatever
concerns money or attendance is a check (`reporting_pipeline.checks`).

What belongs here: the generated file. What does not: the words, which are the registry's.
"""

from pathlib import Path

import yaml

from reporting_pipeline.reports.tables import REPORT_TABLES
from reporting_pipeline.reports.tables.report_table import Column, ReportTable

PROPERTIES_FILE = (
    Path(__file__).parents[2] / "dbt_project" / "models" / "reports" / "_reports__models.yml"
)
_HEADER = "# Generated from reporting_pipeline/reports/tables by reports/dbt_properties.py.\n"
_WIDTH = 100


def dbt_properties() -> str:
    """The text of dbt's properties file for the report models."""
    properties = {"version": 2, "models": [_model(table) for table in REPORT_TABLES]}
    text: str = yaml.safe_dump(properties, sort_keys=False, width=_WIDTH)
    return _HEADER + text


def _model(table: ReportTable) -> dict[str, object]:
    return {
        "name": table.name,
        "description": f"{table.grain} {table.description}",
        "data_tests": [{"key_is_unique": {"arguments": {"columns": list(table.key)}}}],
        "columns": [_column(column) for column in table.columns],
    }


def _column(column: Column) -> dict[str, object]:
    meta = {"kind": str(column.kind)} | ({"unit": str(column.unit)} if column.unit else {})
    tests: list[object] = [] if column.nullable else ["not_null"]
    if column.values:
        tests.append({"accepted_values": {"arguments": {"values": list(column.values)}}})
    described = {
        "name": column.name,
        "description": column.description,
        "data_type": str(column.type),
        "config": {"meta": meta},
    }
    return described | ({"data_tests": tests} if tests else {})


if __name__ == "__main__":
    PROPERTIES_FILE.write_text(dbt_properties(), encoding="utf-8")
