"""Invalid definitions are refused, and the message names each invalid field."""

import json
from typing import Any

import pytest

from reporting_pipeline.errors import DefinitionInvalid
from reporting_pipeline.report_definitions.parse import parse_definition, parse_definition_text
from reporting_pipeline_tests.report_definitions.sample_definitions import definition

_ZERO_WIDTH = "gross\u200b_minor"
_CYRILLIC = "gr\u043ess_minor"


def _equals(column: str = "channel", value: object = "web", operator: object = "=") -> Any:
    return {"column": column, "operator": operator, "value": value}


def _nested_or(depth: int) -> Any:
    inner: Any = _equals()
    for _ in range(depth):
        inner = {"or": [inner]}
    return inner


def _period(rule: str, **fields: object) -> Any:
    return {"period": {"rule": rule} | fields}


def _after_event(schedule: str = "post_event", **fields: object) -> dict[str, Any]:
    config = definition(period="event_to_date", after_event=fields)["config"]
    return {"category": "financial", "schedule": schedule, "config": config}


_GROUPED = {"group_by": ["date", "channel", "currency"]}
_SUMMARY = {"dataset": "event_summary", "period": "previous_day"}

CONFIGS: list[tuple[dict[str, Any], str]] = [
    # Names
    ({"columns": ["id; drop table x"]}, "columns[0].name: dataset sales_daily has no column"),
    ({"columns": ["date", 'amt"']}, "columns[1].name: "),
    ({"columns": ["a.b"]}, "columns[0].name: "),
    ({"columns": ["*"]}, "columns[0].name: "),
    ({"columns": ["pg_sleep(10)"]}, "columns[0].name: "),
    ({"columns": ["org_id"]}, "columns[0].name: "),
    ({"columns": ["password_hash"]}, "columns[0].name: "),
    ({"columns": ["GROSS_MINOR"]}, "columns[0].name: "),
    ({"columns": [_CYRILLIC]}, "(with U+043E CYRILLIC SMALL LETTER O); did you mean gross_minor"),
    (
        {"columns": [_ZERO_WIDTH]},
        r"'gross\u200b_minor' (with U+200B ZERO WIDTH SPACE); did you mean",
    ),
    ({"columns": [""]}, "columns[0].name: "),
    ({"columns": ["x" * 64]}, "columns[0].name: "),
    ({"columns": ["__proto__"]}, "columns[0].name: "),
    ({"columns": ["date", "date"]}, "columns: column 'date' is given twice"),
    ({"columns": []}, "columns: "),
    ({"columns": [f"c{index}" for index in range(201)]}, "columns: "),
    (
        {"columns": [{"name": "date", "label": "channel"}, "channel"]},
        "columns: heading 'channel'",
    ),
    ({"columns": [{"name": "date", "label": "Day\x07"}]}, "columns[0].label: contains the control"),
    ({"columns": [{"name": "date", "label": "x" * 101}]}, "columns[0].label: "),
    ({"columns": [{"name": "date", "label": " "}]}, "columns[0].label: is empty"),
    ({"columns": [{"name": "date", "title": "Day"}]}, "columns[0].title: unknown field"),
    ({"columns": "date"}, "columns: expected a list, found 'date'"),
    ({"columns": [["date"]]}, "columns[0]: expected a mapping of fields"),
    ({"dataset": "ledger; drop table x"}, "dataset: no dataset is called"),
    ({"dataset": None}, "dataset: expected text, found None"),
    ({"sort": ["nothing"]}, "sort[0].column: "),
    ({"sort": ["date", {"column": "date", "descending": True}]}, "sort: column 'date' is given"),
    ({"group_by": ["nothing"]}, "group_by[0]: "),
    ({"select": "1"}, "select: unknown field"),
    # Filters
    ({"filters": [_equals("nothing")]}, "filters[0].column: "),
    ({"filters": [_equals(operator="~*")]}, "filters[0].operator: unknown operator; use ="),
    ({"filters": [_equals(operator="raw", value="1=1")]}, "filters[0].operator: "),
    ({"filters": [_equals(operator=None)]}, "filters[0].operator: "),
    ({"filters": ["channel = 'web'"]}, "filters[0].operator: "),
    ({"filters": [_nested_or(50)]}, "filters[0].or[0].or[0]"),
    ({"filters": [_nested_or(4)]}, "filters: nested 5 levels deep; at most 4"),
    ({"filters": [_equals()] * 101}, "filters: 101 comparisons and groups; at most 100"),
    ({"filters": [{"or": []}]}, "filters[0].or: "),
    ({"filters": [{"or": [_equals(), _equals("nothing")]}]}, "filters[0].or[1].column: "),
    (
        {"filters": [_equals("organization_id", str(1))]},
        "filters[0].column: a report has only rows of",
    ),
    ({"filters": [_equals("net_count", "5")]}, "filters[0].value: found '5', expected a whole"),
    ({"filters": [_equals("net_count", True)]}, "filters[0].value: found True, expected a whole"),
    ({"filters": [_equals("net_count", 2**63)]}, "filters[0].value: a whole number beyond 64 bits"),
    ({"filters": [_equals("net_count", 1.5)]}, "filters[0].value: '1.5' is not a whole number"),
    ({"filters": [_equals("net_count", None)]}, "filters[0].value: expected text, a whole number"),
    ({"filters": [_equals("channel", "wbe")]}, "filters[0].value: found 'wbe', expected one of"),
    ({"filters": [_equals("is_admission", "yes")]}, "filters[0].value: found 'yes', expected true"),
    ({"filters": [_equals("currency", "eur")]}, "filters[0].value: found 'eur', expected an ISO"),
    ({"filters": [_equals("event_id", "1")]}, "filters[0].value: found '1', expected a UUID"),
    ({"filters": [_equals("date", "2026-02-29")]}, "filters[0].value: '2026-02-29' is not a day"),
    (
        {"filters": [{"column": "channel", "operator": "range", "from": "a"}]},
        "filters[0].operator: range does not apply to channel",
    ),
    (
        {"filters": [{"column": "channel", "operator": "in", "values": ["web"] * 1_001}]},
        "filters[0].values: ",
    ),
    ({"filters": [{"column": "channel", "operator": "in", "values": []}]}, "filters[0].values: "),
    (
        {"filters": [{"column": "date", "operator": "range"}]},
        "filters[0].from: is missing",
    ),
    (
        {
            "filters": [
                {"column": "date", "operator": "range", "from": "2026-02-01", "to": "2026-02-01"}
            ]
        },
        "filters[0].to: 2026-02-01 is not after `from`, 2026-02-01",
    ),
    # Periods, zones, locales
    ({"period": "yesterday"}, "period.rule: Input should be 'previous_day'"),
    ({"period": None}, "period: expected a mapping of fields"),
    (_period("range", first_day="2026-02-01"), "period.last_day: is missing"),
    (_period("range", first_day="2026-02-29", last_day="2026-03-01"), "period.first_day: "),
    (
        _period("range", first_day="2026-02-02", last_day="2026-02-01"),
        "period.last_day: 2026-02-01",
    ),
    (_period("range", first_day="0001-01-01", last_day="2026-01-01"), "period.first_day: 0001-01-"),
    (
        _period("range", first_day="2026-01-01", last_day="9999-12-31"),
        "period.last_day: 9999-12-31",
    ),
    (_period("range", first_day="2020-01-01", last_day="2029-12-31"), "period.last_day: the range"),
    (_period("month", first_day="2026-02-01"), "period.first_day: is only for range"),
    (_period("month", first_weekday="monday"), "period.first_weekday: is only for previous_week"),
    (_period("previous_week", first_weekday="Monday"), "period.first_weekday: Input should be"),
    ({"time_zone": "Mars/Phobos"}, "time_zone: 'Mars/Phobos' is not a time zone"),
    ({"time_zone": "../../etc/passwd"}, "time_zone: "),
    ({"time_zone": "localtime"}, "time_zone: "),
    ({"locale": "xx_YY"}, "locale: 'xx_YY' is not a locale"),
    ({"locale": "english please"}, "locale: "),
    ({"csv_profile": "excel"}, "csv_profile: Input should be 'machine' or 'spreadsheet'"),
    # Lines to sign and terms
    ({"signatures": "Organiser"}, "signatures: expected a list, found 'Organiser'"),
    ({"signatures": ["a", "b", "c", "d", "e"]}, "signatures: "),
    ({"signatures": ["x" * 61]}, "signatures[0]: "),
    ({"signatures": ["a", " "]}, "signatures[1]: is empty"),
    ({"signatures": ["a\x07"]}, "signatures[0]: contains the control character U+0007"),
    ({"signatures": ["a", "a"]}, "signatures: party 'a' is given twice"),
    ({"signatures": [{"name": "a"}]}, "signatures[0]: expected text"),
    ({"terms": [{"term": "Gross"}]}, "terms[0].meaning: is missing"),
    ({"terms": [{"term": "", "meaning": "m"}]}, "terms[0].term: is empty"),
    ({"terms": [{"term": "a", "meaning": "x" * 1_001}]}, "terms[0].meaning: "),
    ({"terms": [{"term": "a", "meaning": "x\ny"}]}, "terms[0].meaning: contains the control"),
    ({"terms": [{"term": "a", "meaning": "m", "see": "b"}]}, "terms[0].see: unknown field"),
    ({"terms": [{"term": "a", "meaning": "m"}] * 2}, "terms: term 'a' is given twice"),
    ({"terms": [{"term": str(n), "meaning": "m"} for n in range(41)]}, "terms: "),
    ({"totals": 1}, "totals: expected true or false, found 1"),
    # Sums
    (
        {"columns": ["date", "gross_minor"]},
        "columns: gross_minor is money, which needs its currency",
    ),
    (
        {"group_by": ["date"], "columns": ["date", "currency", "fee_minor"]},
        "group_by: fee_minor is",
    ),
    (
        _GROUPED | {"columns": ["date", "event_id"]},
        "columns[1].name: event_id is neither in group_by",
    ),
    (_GROUPED | {"sort": ["event_id"]}, "sort[0].column: event_id is neither in group_by nor"),
    (
        _GROUPED | {"having": [{"or": [_equals("fee_minor", 1)]}]},
        "having[0].or[0].column: fee_minor is neither in group_by nor",
    ),
    (_GROUPED | {"having": [_equals("net_count", "x")]}, "having[0].value: found 'x', expected a"),
    (
        _GROUPED | {"having": [_equals("nothing", 1)]},
        "having[0].column: dataset sales_daily has no",
    ),
    ({"having": [_equals("net_count", 1)]}, "having: is only for grouped reports"),
    ({"group_by": ["net_count"], "columns": ["net_count"]}, "group_by[0]: net_count is a figure"),
    ({"columns": ["date"], "totals": True}, "totals: the report has no figure that may"),
    (
        {
            "dataset": "reconciliation_breaks",
            "columns": ["currency", "ledger_minor"],
            "group_by": ["currency"],
        },
        "columns[1].name: ledger_minor is a balance, which is never summed; to show its last "
        "value of the period, also group by event_id, order_id, transaction_id, entry_id, kind",
    ),
    (
        {
            "dataset": "tax_daily",
            "columns": ["currency", "taxable_minor"],
            "group_by": ["currency"],
        },
        "columns[1].name: taxable_minor is not summed over tax_jurisdiction; also group",
    ),
    (
        {"chart": {"x": "date", "y": "fee_minor"}},
        "chart.y: fee_minor is not a column of the report",
    ),
    ({"chart": {"x": "net_count", "y": "gross_minor"}}, "chart.x: net_count is neither a day nor"),
    ({"chart": {"x": "date", "y": "channel"}}, "chart.y: channel is not a measure"),
]

FIELDS: list[tuple[dict[str, Any], str]] = [
    ({"slug": "Daily Sales"}, "slug: "),
    ({"slug": "../daily"}, "slug: "),
    ({"slug": "con"}, "slug: con is the name of a device"),
    ({"slug": "lpt1"}, "slug: lpt1 is the name of a device"),
    ({"slug": "daily\n"}, "slug: contains the control character U+000A"),
    ({"name": ""}, "name: is empty"),
    ({"name": "Daily\x00"}, "name: contains the control character U+0000"),
    ({"category": "money"}, "category: Input should be 'financial', 'sales' or 'operational'"),
    ({"schedule": "hourly"}, "schedule: "),
    ({"schedule": "post_event"}, "config.period.rule: previous_day does not cover one event"),
    ({"config": definition(period="event_to_date")["config"]}, "schedule: daily names no event"),
    (
        _after_event(schedule="manual", end_days=2),
        "config.after_event: is only for schedule post_event",
    ),
    (
        _after_event(doors_hours=3),
        "config.after_event.doors_hours: a financial report is held until its day ends",
    ),
    (_after_event(doors_hours=49), "config.after_event.doors_hours: "),
    (_after_event(end_days=0), "config.after_event.end_days: "),
    (_after_event(), "config.after_event: the report is never due"),
    ({"status": "live"}, "status: "),
    ({"formats": []}, "formats: "),
    ({"formats": ["csv", "csv"]}, "formats: a format is given twice"),
    ({"formats": ["docx"]}, "formats[0]: "),
    ({"organization_id": "acme"}, "organization_id: "),
    ({"config": None}, "config: expected a mapping of fields"),
    ({"cron": "* * * * *"}, "cron: unknown field"),
]

TEXTS: list[tuple[str | bytes, str]] = [
    ("", "the text: expected a mapping of fields, found nothing"),
    ("null", "the text: expected a mapping of fields, found nothing"),
    ("[]", "the text: expected a mapping of fields, found a list"),
    ("daily sales", "the text: expected a mapping of fields, found a str"),
    ("{", "the text: not JSON: Expecting property name"),
    ("slug: [", "the text: not YAML: "),
    ("slug: a\nslug: b", "slug: is given twice"),
    ('{"slug": "a", "slug": "b"}', "slug: is given twice"),
    ('{"config": {"totals": NaN}}', "config.totals: 'NaN' is not a whole number"),
    ('{"config": {"totals": 1e400}}', "config.totals: '1e400' is not a whole number"),
    ("config: {totals: .nan}", "config.totals: '.nan' is not a whole number"),
    ("config: {totals: 1e400}", "config.totals: '1e400' is not a whole number"),
    ('{"slug": ' + "9" * 5_000 + "}", "slug: a number beyond 64 bits"),
    ('{"slug": "\\u0000"}', "slug: contains the control character U+0000"),
    ('{"slug": "\\ud800"}', "slug: contains the control character U+D800"),
    ('slug: "\\0"', "slug: contains the control character U+0000"),
    ('slug: "\\ud800"', "the text: not YAML: "),
    ("slug: \ud800", "the text: not UTF-8: "),
    (b"slug: \xff", "the text: not UTF-8: "),
    ("[" * 100 + "]" * 100, "[0][0]"),
    ("[" * 20_000 + "]" * 20_000, "the text: nested more than 20 levels deep"),
    ("- " * 20_000, "nested more than 20 levels deep"),
    ("config: " + "{a: " * 20_000, "nested more than 20 levels deep"),
    ("#" * (1024 * 1024 + 1), "the text: 1048577 bytes; a definition has at most 1048576"),
    ("\ufeffslug: a", "the text: begins with a byte order mark"),
    ("slug: a".encode("utf-16-le"), "the text: contains the character NUL"),
    ("slug: a".encode("utf-16"), "the text: begins with a byte order mark"),
    ("slug: &a x", "slug: sets the anchor 'a'"),
    ("slug: *a", "slug: refers to the anchor 'a'"),
    ("slug: !!python/object:os.system x", "slug: contains the tag"),
    ("a: 1\n---\nb: 1", "the text: contains several documents"),
    ("{1: a}", "the text: not JSON"),
    ("? [a]\n: b", "the text: the name of a field is a list or a mapping"),
]


def _refusal(mapping: object) -> str:
    with pytest.raises(DefinitionInvalid) as refused:
        parse_definition(mapping)
    return refused.value.message


@pytest.mark.parametrize(
    ("config", "expected"), CONFIGS, ids=[expected[:40] for _, expected in CONFIGS]
)
def test_an_invalid_config_is_refused_and_its_field_named(
    config: dict[str, Any], expected: str
) -> None:
    message = _refusal(definition(**config))

    assert message.startswith("the definition: config.")
    assert expected in message


@pytest.mark.parametrize(
    ("fields", "expected"), FIELDS, ids=[expected[:40] for _, expected in FIELDS]
)
def test_an_invalid_field_of_a_definition_is_refused_and_named(
    fields: dict[str, Any], expected: str
) -> None:
    assert f"the definition: {expected}" in _refusal(definition() | fields)


@pytest.mark.parametrize(("text", "expected"), TEXTS, ids=[expected[:40] for _, expected in TEXTS])
@pytest.mark.timeout(5)
def test_an_invalid_text_is_refused_with_its_source(text: str | bytes, expected: str) -> None:
    with pytest.raises(DefinitionInvalid) as refused:
        parse_definition_text(text, "reports/a.yaml")

    assert refused.value.message.startswith(("reports/a.yaml: ", "reports/a.yaml, line "))
    assert expected in refused.value.message


@pytest.mark.parametrize("name", ["slug", "name", "category", "schedule", "formats", "config"])
def test_a_missing_field_is_named(name: str) -> None:
    fields = definition()
    del fields[name]
    assert _refusal(fields) == f"the definition: {name}: is missing"


def test_the_message_lists_a_hundred_invalid_fields_and_the_error_has_all() -> None:
    with pytest.raises(DefinitionInvalid) as refused:
        parse_definition(definition(columns=[f"nothing_{index}" for index in range(112)]))

    assert "columns[99].name: " in refused.value.message
    assert "columns[100].name: " not in refused.value.message
    assert refused.value.message.endswith("; and 12 more")
    problems = refused.value.facts["problems"]
    assert isinstance(problems, tuple)
    assert len(problems) == 112


def test_a_list_that_contains_itself_is_refused() -> None:
    columns: list[Any] = []
    columns.append(columns)
    assert "at most 20 levels deep" in _refusal(definition(columns=columns))


def test_python_values_that_are_not_plain_are_refused() -> None:
    assert "config.totals: a value of type object" in _refusal(definition(totals=object()))


def test_json_and_yaml_declare_the_same() -> None:
    declared = parse_definition(definition())
    assert parse_definition_text(json.dumps(definition())) == declared
    assert parse_definition_text(declared.to_yaml().encode()) == declared


def test_words_that_yaml_may_read_as_booleans_are_text() -> None:
    text = parse_definition(definition() | {"name": "no"}).to_yaml()
    assert parse_definition_text(text.replace("'no'", "no")).name == "no"


@pytest.mark.parametrize("zone", ["US/Pacific", "Europe/Lisbon", "Asia/Kathmandu", "UTC"])
def test_time_zones_are_valid_deprecated_ones_too(zone: str) -> None:
    assert parse_definition(definition(time_zone=zone)).config.time_zone == zone
