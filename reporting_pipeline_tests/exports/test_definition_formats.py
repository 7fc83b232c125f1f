"""A definition whose columns no page can hold is refused, by the rule of the writer."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from reporting_pipeline.errors import DefinitionInvalid, FormatCannotHold
from reporting_pipeline.exports.definition_formats import invalid_formats
from reporting_pipeline.exports.formats import FORMATS
from reporting_pipeline.registry.columns import ColumnType
from reporting_pipeline.registry.datasets import DATASETS, Dataset, dataset
from reporting_pipeline.report_definitions.compile import report_columns
from reporting_pipeline.report_definitions.definition import DeclaredDefinition, ReportFormat
from reporting_pipeline.report_definitions.files import STARTER_SET, read_folder
from reporting_pipeline.report_definitions.parse import parse_definition, parse_definition_text
from reporting_pipeline.report_definitions.wording import columns_in_language
from reporting_pipeline_tests.exports.documents import document
from reporting_pipeline_tests.report_definitions.sample_definitions import definition

# No value of its type is narrower; the first of May has the shortest English day.
_NARROWEST = {
    ColumnType.BIGINT: "0",
    ColumnType.CURRENCY: "III",
    ColumnType.DATE: "2011-05-01",
    ColumnType.TEXT: "",
    ColumnType.UUID: "11111111-1111-1111-1111-111111111111",
    ColumnType.RATIO: "0.000000",
    ColumnType.BOOLEAN: "false",
    ColumnType.INSTANT: "2011-11-11T11:11:11.000000Z",
    ColumnType.UUIDS: "",
}
WIDE = [each for each in DATASETS if len(each.columns) > 31]


def _declared(names: Sequence[str], *formats: str, **fields: object) -> DeclaredDefinition:
    config = {"dataset": "revenue_daily", "columns": list(names)}
    return parse_definition(
        definition(**config) | {"formats": list(formats or ("csv", "pdf"))} | fields
    )


def _columns(of: Dataset, count: int) -> list[str]:
    names = [each.name for each in of.columns if each.name != "organization_id"]
    return sorted(names, key=lambda name: name != "currency")[:count]


@pytest.mark.parametrize("wide", WIDE, ids=lambda each: each.name)
def test_31_columns_do_not_fit_on_a_page_of_any_dataset(wide: Dataset) -> None:
    config = {"dataset": wide.name, "columns": _columns(wide, 31)}
    text = definition(**config) | {"formats": ["csv", "xlsx", "pdf"]}

    with pytest.raises(
        DefinitionInvalid, match=r"formats\[2\]: pdf: the 31 columns of Daily"
    ) as no:
        parse_definition(text, also=invalid_formats)

    assert "show fewer of them, or take csv or xlsx" in no.value.message
    others = ["csv", "xlsx", "parquet", "jsonl"]
    declared = parse_definition(text | {"formats": others}, also=invalid_formats)
    assert list(declared.formats) == others


def test_a_block_that_does_not_fit_is_named_with_the_line_of_its_format() -> None:
    wide = ", ".join(_columns(dataset("revenue_daily"), 31))
    text = f"""\
slug: statement
name: Statement
category: financial
schedule: monthly
formats:
  - csv
  - pdf
config:
  period: month
  blocks:
    - {{name: one, title: One, dataset: revenue_daily, columns: [date]}}
    - {{name: two, title: Two, dataset: revenue_daily, columns: [{wide}]}}
"""
    with pytest.raises(DefinitionInvalid) as refused:
        parse_definition_text(text, "statement.yaml", invalid_formats)

    assert refused.value.message.startswith(
        "statement.yaml, line 7: formats[1]: pdf: the 31 columns of Two do not fit"
    )


def test_what_fits_is_not_refused() -> None:
    assert invalid_formats(_declared(_columns(dataset("revenue_daily"), 12))) == []
    for each in read_folder(STARTER_SET):
        assert invalid_formats(each) == [], each.slug


def test_an_archived_definition_may_be_too_wide() -> None:
    names = _columns(dataset("revenue_daily"), 31)
    assert invalid_formats(_declared(names)) != []
    assert invalid_formats(_declared(names, status="archived")) == []


@pytest.mark.parametrize("locale", ["en_GB", "de_DE"])
@pytest.mark.parametrize("count", range(10, 32))
def test_a_definition_is_refused_if_its_narrowest_row_is_refused(
    count: int, locale: str, tmp_path: Path
) -> None:
    """The headings are those of the file: German ones are wider than English ones."""
    config = {"columns": _columns(dataset("revenue_daily"), count), "locale": locale}
    asked = definition(dataset="revenue_daily", **config) | {"formats": ["csv", "pdf"]}
    declared = parse_definition(asked)
    columns = columns_in_language(
        report_columns(dataset("revenue_daily"), declared.config), declared
    )
    row = tuple(None if each.column.nullable else _NARROWEST[each.column.type] for each in columns)
    report = document(tmp_path, columns, [row], locale=locale)

    try:
        FORMATS[ReportFormat.PDF].refuse_report(report)
    except FormatCannotHold:
        is_refused = True
    else:
        is_refused = False

    assert bool(invalid_formats(declared)) is is_refused
    assert is_refused is (count >= {"en_GB": 30, "de_DE": 23}[locale])
