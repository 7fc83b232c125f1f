"""All faults of a definition are found in one round, each once, with its line."""

import json
from collections.abc import Mapping
from itertools import combinations
from typing import Any

import pytest

from reporting_pipeline.errors import DefinitionInvalid
from reporting_pipeline.report_definitions.document import read_text
from reporting_pipeline.report_definitions.parse import parse_definition, parse_definition_text
from reporting_pipeline_tests.report_definitions.sample_definitions import definition

EVERY_STAGE = """\
# Every line with a fault says so.
slug: Daily Sales  # fault
name: "Daily\\x07"  # fault
category: money  # fault
schedule: hourly  # fault
formats:
  - csv
  - docx  # fault
cron: daily  # fault
config:
  dataset: sales_daily
  columns:
    - date
    - {name: channel, label: "Channel "}  # fault
    - name: currency
      label: Währung
    - name: gross_minor
      label: "währung"  # fault
    - nothing  # fault
    - label: x  # fault
    - date  # fault
  filters:
    - column: channel
      operator: "="
      value: wbe  # fault
    - or:
        - column: channel
          operator: "~"  # fault
  sort: [gone]  # fault
  totals: 1  # fault
  time_zone: Mars  # fault
  locale: xx_YY  # fault
  period:
    rule: range
    first_day: 2026-02-02
    last_day: 2026-02-01  # fault
  signatures: [a, a]  # fault
"""

BLOCKS = """\
slug: statement
name: Statement
category: financial
schedule: monthly
formats: [csv]
config:
  period: month
  blocks:
    - name: one
      title: Sales
      dataset: sales_daily
      columns: [date, currency, gross_minor]
    - name: two
      title: "sales"  # fault
      dataset: sales_daily
      columns:
        - date
        - {name: net_count, label: Date}  # fault
        - {name: channel, label: "date\\u200b"}  # fault
        - gone  # fault
    - name: three
      title: Third
      dataset: gone  # fault
      columns: [date]
"""


def _lines(text: str, source: str = "a.yaml") -> list[str]:
    with pytest.raises(DefinitionInvalid) as refused:
        parse_definition_text(text, source)
    return refused.value.message.splitlines()


def _marked(text: str) -> list[int]:
    """The numbers of the lines that end with `# fault`."""
    return [i for i, line in enumerate(text.splitlines(), start=1) if line.endswith("# fault")]


@pytest.mark.parametrize("text", [EVERY_STAGE, BLOCKS])
def test_every_fault_has_its_line_and_no_other_line_has_one(text: str) -> None:
    found = [int(line.partition("line ")[2].partition(":")[0]) for line in _lines(text)]

    assert sorted(set(found)) == _marked(text)


def test_a_fault_names_file_line_field_and_value_as_it_is() -> None:
    faults = _lines(EVERY_STAGE, "berichte/täglich.yaml")

    assert (
        "berichte/täglich.yaml, line 18: config.columns[3].label: heading 'währung' looks like "
        "'Währung' of columns[2].label: they differ only by case, space or characters that are not "
        "seen"
    ) in faults


def test_json_has_the_same_faults_with_its_own_lines() -> None:
    tree = read_text(EVERY_STAGE.replace('"Daily\\x07"', '""'))
    text = json.dumps(tree, indent=1, ensure_ascii=False)

    faults = _lines(text)

    fields = {line.partition(": ")[2].partition(":")[0] for line in faults}
    of_yaml = _lines(EVERY_STAGE.replace('"Daily\\x07"', '""'))
    assert fields == {line.partition(": ")[2].partition(":")[0] for line in of_yaml}
    for fault in faults:
        number = int(fault.partition("line ")[2].partition(":")[0])
        name = fault.partition(": ")[2].partition(":")[0].rpartition(".")[2].partition("[")[0]
        around = text.splitlines()[max(number - 1, 0)]
        is_item = "given twice" in fault or "[" in fault.partition(": ")[2]
        assert is_item or name in around, (fault, around)


FAULTS: Mapping[str, dict[str, Any]] = {
    "config.time_zone": {"time_zone": "Mars"},
    "config.filters[0].value": {
        "filters": [{"column": "channel", "operator": "=", "value": "wbe"}]
    },
    "config.sort[0].column": {"sort": ["gone"]},
    "config.totals": {"totals": "yes"},
    "config.period.last_day": {
        "period": {"rule": "range", "first_day": "2026-02-02", "last_day": "2026-02-01"}
    },
    "config.columns[2].label": {
        "columns": ["date", "currency", {"name": "channel", "label": "Channel\u00a0"}]
    },
    "config.signatures[1]": {"signatures": ["a", "A"]},
}


@pytest.mark.parametrize("pair", list(combinations(FAULTS, 2)), ids=" and ".join)
def test_no_fault_hides_another_one(pair: tuple[str, str]) -> None:
    config: dict[str, Any] = {}
    for each in pair:
        config |= FAULTS[each]

    with pytest.raises(DefinitionInvalid) as refused:
        parse_definition(definition(**config))

    problems = refused.value.facts["problems"]
    assert isinstance(problems, tuple)
    assert sorted(each.field for each in problems) == sorted(pair)


def test_a_column_that_is_gone_is_not_also_a_missing_currency() -> None:
    with pytest.raises(DefinitionInvalid) as refused:
        parse_definition(definition(columns=["date", "curency", "gross_minor"]))

    assert "curency" in refused.value.message
    assert "needs its currency" not in refused.value.message
