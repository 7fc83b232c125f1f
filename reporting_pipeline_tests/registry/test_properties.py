"""The YAML of the dbt models is read as typed values, and mistakes are named."""

import subprocess
import sys
from pathlib import Path

import pytest

from reporting_pipeline.errors import PropertiesInvalid
from reporting_pipeline.registry.properties import (
    ColumnProperties,
    column_of,
    name_columns,
    read_models,
)
from reporting_pipeline.registry.report_tables import report_table

GROSS = {
    "name": "gross_minor",
    "description": "Charged.",
    "data_type": "bigint",
    "config": {"meta": {"kind": "measure", "unit": "minor", "sources": ["ledger_entries.id"]}},
}


def _with_meta(**changed: object) -> ColumnProperties:
    meta = {**GROSS["config"]["meta"], **changed}  # type: ignore[index]
    return ColumnProperties.model_validate({**GROSS, "config": {"meta": meta}})


def test_a_column_has_the_values_of_its_entry() -> None:
    column = column_of("report_revenue_daily", _with_meta(label="Turnover"))

    assert (column.name, column.title, column.unit) == ("gross_minor", "Turnover", "minor")
    assert column.sources == ("ledger_entries.id",)
    assert not column.nullable


def test_the_title_is_the_name_in_words_without_a_label() -> None:
    assert column_of("report_revenue_daily", _with_meta()).title == "Gross"


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        (_with_meta(kind=None), "needs a description, and `kind` and `sources`"),
        (_with_meta(sources=()), "needs a description, and `kind` and `sources`"),
        (_with_meta(unit=None), "figures have a `unit`"),
        (_with_meta(kind="key"), "and other columns none"),
        (_with_meta(unit="count"), "unit is count, so the name ends in _count"),
        (ColumnProperties.model_validate({**GROSS, "data_type": "money"}), "is 'money', not one"),
    ],
)
def test_an_entry_that_lacks_something_is_refused_by_name(
    entry: ColumnProperties, reason: str
) -> None:
    with pytest.raises(PropertiesInvalid, match=f"^revenue.gross_minor.*{reason}"):
        column_of("revenue", entry)


@pytest.mark.parametrize(
    ("meta", "reason"),
    [
        ("{kind: total}", "kind: Input should be 'key', 'name'"),
        ("{kind: key, colour: red}", "colour: Extra inputs are not permitted, found 'red'"),
    ],
)
def test_a_key_that_does_not_exist_is_refused_with_file_and_field(
    meta: str, reason: str, tmp_path: Path
) -> None:
    path = tmp_path / "_models.yml"
    text = "models: [{name: a, columns: [{name: b, config: {meta: META}}]}]"
    path.write_text(text.replace("META", meta), encoding="utf-8")

    with pytest.raises(PropertiesInvalid) as refused:
        read_models(path)

    assert refused.value.message.startswith("_models.yml: models.0.columns.0.config.meta.")
    assert reason in refused.value.message


def test_ratios_name_their_parts() -> None:
    summary = report_table("report_event_summary")
    ratios = [column for column in summary.columns if column.kind == "ratio"]

    assert len(ratios) == 4
    for ratio in ratios:
        assert ratio.numerator
        assert ratio.denominator
        assert {*ratio.numerator, *ratio.denominator} <= set(summary.column_names)


def test_every_id_has_its_name_columns() -> None:
    assert {id_: [c.name for c in names] for id_, names in name_columns().items()} == {
        "organization_id": ["organization_name"],
        "event_id": [
            *("event_name", "event_timezone", "venue_name", "venue_city", "venue_country"),
            *("event_series_name", "event_status", "event_start", "event_end"),
            *("event_start_day", "event_end_day", "event_rescheduled_from"),
        ],
        "section_id": ["section_name"],
        "ticket_type_id": ["ticket_type_name"],
        "gate_id": ["gate_name"],
    }


def test_the_registry_is_read_without_dbt_and_dagster() -> None:
    code = "import sys, reporting_pipeline.registry.datasets; print(*sys.modules)"
    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code], capture_output=True, check=True, text=True
    )

    assert {"dbt", "dagster", "pandas", "sqlalchemy"} & set(done.stdout.split()) == set()
