"""The examples and tables of the page on report definitions are correct."""

import re

from reporting_pipeline.report_definitions.config import ReportConfig
from reporting_pipeline.report_definitions.document import read_text
from reporting_pipeline.report_definitions.filters import OPERATORS
from reporting_pipeline.report_definitions.parse import (
    invalid_fields,
    parse_config,
    parse_definition_text,
)
from reporting_pipeline_tests.architecture.repository import DOCS

PAGE = (DOCS / "report_definitions.md").read_text(encoding="utf-8")


def test_the_example_is_a_definition() -> None:
    example = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)[0]
    shown = parse_definition_text(example).config.model_dump(exclude_unset=True)
    elsewhere = {"after_event", "signatures", "terms", "blocks"}  # in their own sections
    assert set(shown) == set(ReportConfig.model_fields) - elsewhere


def test_the_example_of_blocks_is_a_config() -> None:
    example = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)[1]
    config = parse_config(read_text(example))
    assert invalid_fields(config) == []
    assert [each.name for each in config.blocks] == ["by-event", "tickets"]


def test_the_example_of_terms_belongs_to_a_config() -> None:
    example = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)[2]
    rows = {"dataset": "sales_daily", "columns": ["date"], "period": "month"}
    fields = read_text(example)
    assert isinstance(fields, dict)
    config = parse_config({**rows, **fields})
    assert config.signatures == ("Organiser", "Platform")
    assert [each.term for each in config.terms] == ["Gross", "Share"]


def test_every_field_of_the_config_is_explained_in_order() -> None:
    _, _, table = PAGE.partition("| field | says |")
    explained = re.findall(r"^\| `(\w+)` \|", table.partition("\n\n")[0], re.MULTILINE)
    assert explained == list(ReportConfig.model_fields)


def test_every_operator_is_explained() -> None:
    _, _, table = PAGE.partition("| operator | with |")
    explained = re.findall(r"^\| `(\S+)` \|", table.partition("\n\n")[0], re.MULTILINE)
    assert set(explained) == set().union(*OPERATORS.values())


def test_the_example_of_restatements_is_a_definition() -> None:
    page = (DOCS / "reports.md").read_text(encoding="utf-8")
    [example] = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    assert parse_definition_text(example).config.dataset == "restatement_changes"
