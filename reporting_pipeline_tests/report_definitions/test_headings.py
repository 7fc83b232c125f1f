"""Headings that a reader cannot tell apart are refused, and so are characters that are not seen."""

import pytest

from reporting_pipeline.errors import DefinitionInvalid
from reporting_pipeline.report_definitions.definition import DeclaredDefinition
from reporting_pipeline.report_definitions.headings import heading_key
from reporting_pipeline.report_definitions.parse import parse_config, parse_definition
from reporting_pipeline_tests.report_definitions.sample_definitions import (
    config_fields,
    definition,
)

SAME = [
    ("Gross", "gross"),
    ("Straße", "STRASSE"),
    ("Prix", "Prix "),
    ("Net sales", "Net  sales"),
    ("Net sales", "Net\u00a0sales"),
    ("Gross", "Gr\u200boss"),
    ("Gross", "\u2060Gross"),
    ("Gross", "Gross\ufe0f"),
    ("Gross", "Gross\u3164"),
    ("Gross", "Gr\u00adoss"),
    ("Gross", "\u202eGross"),
    ("Gross", "\uff27ross"),
    ("café", "cafe\u0301"),
    ("CAFÉ", "cafe\u0301"),
    ("\u212b", "\u00e5"),
    ("ﬁles", "files"),
]
DIFFERENT = [("Café", "Cafe"), ("Net 1", "Net 2"), ("Gross", "Gr\u043ess"), ("m", "n")]


def _declared(*labels: str) -> DeclaredDefinition:
    names = ("date", "channel", "net_count")
    columns = [{"name": name, "label": label} for name, label in zip(names, labels, strict=False)]
    return parse_definition(definition(columns=columns))


@pytest.mark.parametrize(("one", "other"), SAME)
def test_headings_that_look_the_same_are_refused(one: str, other: str) -> None:
    assert heading_key(one) == heading_key(other)
    with pytest.raises(DefinitionInvalid, match=r"config\.columns\[1\]\.label: heading "):
        _declared(one, other)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_headings_that_differ_are_valid(one: str, other: str) -> None:
    assert [each.label for each in _declared(one, other).config.columns] == [one, other]


@pytest.mark.parametrize(
    ("label", "reason"),
    [
        ("Gross ", "begins or ends with space"),
        (" Gross", "begins or ends with space"),
        ("Gross\u00a0", "begins or ends with space"),
        ("\u3000Gross", "begins or ends with space"),
        ("Gr\u200boss", "contains U\\+200B ZERO WIDTH SPACE"),
        ("Gr\u00a0oss", "contains U\\+00A0 NO-BREAK SPACE"),
        ("Gr\u200doss", "contains U\\+200D ZERO WIDTH JOINER"),
        ("Gross\u200e", "contains U\\+200E LEFT-TO-RIGHT MARK"),
        ("Gr\u3164oss", "contains U\\+3164 HANGUL FILLER"),
        ("\u2800", "contains U\\+2800 BRAILLE PATTERN BLANK"),
    ],
)
def test_a_heading_with_characters_that_are_not_seen_is_refused(label: str, reason: str) -> None:
    with pytest.raises(DefinitionInvalid, match=reason):
        _declared(label)


@pytest.mark.parametrize(
    "label",
    [
        "Prix d'entrée",
        "\u0645\u06cc\u200c\u062e\u0648",
        "क्\u200dष",
        "👩\u200d🎤",
        "❤\ufe0f",
        "1\ufe0f\u20e3",
        "\U0001f3f4\U000e0067\U000e0062",
        "\u0c1c\u0c4d\u0c1e\u200c\u0c3e",
        "売上\u3000合計",
        "مبيعات",
    ],
)
def test_headings_of_all_scripts_are_valid(label: str) -> None:
    assert _declared(label).config.columns[0].label == label


def test_a_refused_heading_is_printed_as_it_is() -> None:
    with pytest.raises(DefinitionInvalid, match="heading 'Prix payé' is given twice"):
        _declared("Prix payé", "Prix payé")
    with pytest.raises(DefinitionInvalid, match="'売上'"):
        _declared("売上", "売上")


def test_titles_terms_and_parties_are_headings_too() -> None:
    block = {"dataset": "sales_daily", "columns": ["date"]}
    blocks = [{**block, "name": "a", "title": "Sales"}, {**block, "name": "b", "title": "SALES"}]
    config = {"period": "previous_day", "blocks": blocks}
    with pytest.raises(DefinitionInvalid, match=r"config\.blocks\[1\]\.title: heading 'SALES'"):
        parse_definition(definition() | {"config": config})
    terms = [{"term": "Gross", "meaning": "a"}, {"term": "gross", "meaning": "b"}]
    with pytest.raises(DefinitionInvalid, match=r"config\.terms\[1\]\.term: heading 'gross'"):
        parse_definition(definition(terms=terms))
    with pytest.raises(DefinitionInvalid, match=r"config\.signatures\[1\]: heading 'PROMOTER'"):
        parse_definition(definition(signatures=["Promoter", "PROMOTER"]))


def test_stored_definitions_stay_readable() -> None:
    columns = [{"name": "date", "label": "Day"}, {"name": "channel", "label": "day "}]
    assert [each.label for each in parse_config(config_fields(columns=columns)).columns] == [
        "Day",
        "day ",
    ]
