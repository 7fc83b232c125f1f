"""The German texts: every shipped text has one, and none makes two headings alike."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from reporting_pipeline import languages, project_file
from reporting_pipeline.checks import checks, seals
from reporting_pipeline.exports import report_document, report_heading
from reporting_pipeline.exports.manifest import PROVISIONAL
from reporting_pipeline.exports.pdf import page_texts
from reporting_pipeline.languages import (
    LANGUAGES,
    catalogue,
    findings,
    language_of,
    shown_finding,
    translated,
    words_of,
)
from reporting_pipeline.registry.datasets import DATASETS, Dataset
from reporting_pipeline.registry.properties import texts_without_id
from reporting_pipeline.report_definitions.config import ReportConfig
from reporting_pipeline.report_definitions.files import STARTER_SET, read_folder

GERMAN = catalogue("de")
_PLACE = re.compile(r"\{[a-z_]+\}")
_PLACE_OF_CODE = re.compile(r"\{[^}]*\}")
_PO = Path(languages.__file__).with_name("de.po")
# Warnings about one device are read by those who run the gates; no file shows them.
_OF_DEVICES = frozenset(
    message
    for message in (
        "device {device_id} at gate {gate_id} of event {event_id} scans at {elsewhere} at the same "
        "time: two devices have one id, or scans name a wrong event; scans: {found}",
        "device {device_id} at gate {gate_id} of event {event_id} uploaded scans with the number "
        "and time of another scan, and another event or ticket; scans: {found}",
    )
)


def _texts_of(config: ReportConfig) -> Iterator[str]:
    """The texts of a definition that readers see; bare columns have their titles."""
    yield from config.signatures
    for each in config.terms:
        yield from (each.term, each.meaning)
    for block in config.blocks:
        yield block.title
    for part in config.parts:
        yield from (each.label for each in part.columns if each.label)


def _columns_differ(dataset: Dataset) -> bool:
    english = {each.title for each in dataset.columns}
    return len({GERMAN[title] for title in english}) == len(english)


def test_german_is_shipped_and_other_languages_are_english() -> None:
    assert LANGUAGES == ("en", "de")
    assert [language_of(each) for each in ("de_AT", "de", "en_GB", "ja_JP", "nonsense")] == [
        *("de", "de", "en", "en", "en")
    ]
    assert translated("Total", "ja_JP") == "Total"


def test_the_label_of_every_column_has_a_german_text() -> None:
    titles = {column.title for dataset in DATASETS for column in dataset.columns}

    assert sorted(titles - GERMAN.keys()) == []


def test_german_labels_tell_the_columns_of_a_dataset_apart_as_english_ones_do() -> None:
    assert [each.name for each in DATASETS if not _columns_differ(each)] == []


def test_every_text_of_a_shipped_definition_has_a_german_text() -> None:
    texts = {
        text for each in read_folder(STARTER_SET) for text in (each.name, *_texts_of(each.config))
    }

    assert sorted(texts - GERMAN.keys()) == []


@pytest.mark.parametrize("definition", read_folder(STARTER_SET), ids=lambda each: each.slug)
def test_german_headings_of_a_shipped_report_differ(definition: object) -> None:
    for part in definition.config.parts:  # type: ignore[attr-defined]
        labels = [each.label for each in part.columns if each.label]
        assert len({GERMAN[label] for label in labels}) == len(labels)


def test_every_sentence_around_the_rows_has_a_german_text() -> None:
    """The texts in the calls of `translated`, and the constants that they take."""
    package = Path(report_heading.__file__).parents[1]
    calls = re.compile(r'translated\(\s*((?:"[^"]*"\s*)+)')
    found = {
        "".join(re.findall(r'"([^"]*)"', text))
        for path in package.rglob("*.py")
        for text in calls.findall(path.read_text("utf-8"))
    }
    constants = {
        *(PROVISIONAL, report_heading.PROVISIONAL_MEANING),
        *(report_heading.PAGE_NUMBER, report_document.NO_ROWS),
        *(page_texts.FILTERS, page_texts.TERMS_TITLE, page_texts.BREAKS_TITLE),
        *(page_texts.SIGNATURES_TITLE, *page_texts.LINES_TO_SIGN),
    }

    assert len(found) > 15
    assert sorted((found | constants) - GERMAN.keys()) == []


def test_a_translation_has_the_places_of_its_text() -> None:
    differing = {
        text
        for texts in (GERMAN, findings("de"))
        for text, german in texts.items()
        if sorted(_PLACE.findall(text)) != sorted(_PLACE.findall(german))
    }

    assert differing == set()


def test_every_value_that_is_a_word_of_ours_has_a_german_word() -> None:
    missing = {
        (column.name, value)
        for each in DATASETS
        for column in each.columns
        for value in (*column.values, texts_without_id().get(column.name))
        if value is not None and value not in words_of(column.name, "de_DE")
    }

    assert missing == set()


def test_every_text_that_the_sql_of_the_datasets_writes_has_a_german_word() -> None:
    """The literals of the lines of a settlement, the names of payouts and the mark of a peak."""
    folder = project_file("dbt_project") / "models" / "datasets"
    lines = re.findall(r"\('\d\d', ((?:'(?:[^']|'')*'(?:, )?)+)", _text(folder, "settlement_lines"))
    parts, names = zip(*(re.findall(r"'((?:[^']|'')*)'", each) for each in lines), strict=True)
    expected = {
        "part": {each.replace("''", "'") for each in parts},
        "line": {each.replace("''", "'") for each in names},
        "transaction_name": set(re.findall(r"(?:then|else) '([A-Z].*)'", _text(folder, "payouts"))),
        "peak_mark": set(re.findall(r"then '(.*)'", _text(folder, "attendance_inside"))),
    }

    assert {name: len(each) for name, each in expected.items()} == {
        "part": 5,
        "line": 17,
        "transaction_name": 4,
        "peak_mark": 1,
    }
    assert {name: set(words_of(name, "de_DE")) for name in expected} == expected


def _text(folder: Path, name: str) -> str:
    return (folder / f"{name}.sql").read_text("utf-8")


def test_no_two_values_of_a_column_have_the_same_german_word() -> None:
    contexts = set(re.findall(r'^msgctxt "(.*)"$', _PO.read_text("utf-8"), re.M)) - {"finding"}
    found = {name: words_of(name, "de_DE") for name in contexts}

    assert len(found) > 20
    assert [name for name, words in found.items() if len(set(words.values())) < len(words)] == []


def test_every_message_of_a_check_has_a_german_sentence() -> None:
    """The text of each call of `_check`, whatever the catalogue calls its places."""
    tree = ast.parse(Path(checks.__file__).read_text("utf-8"))
    calls = (
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "_check"
    )
    messages = {_constant(call.args[3]) for call in calls} - _OF_DEVICES
    known = {_PLACE.sub("{}", each) for each in findings("de")}

    assert len(messages) > 15
    assert {each for each in messages if _PLACE.sub("{}", _as_shown(each)) not in known} == set()


def _constant(node: ast.expr) -> str:
    """A text in the code of the checks, or a constant that they import."""
    return str(vars(checks)[node.id] if isinstance(node, ast.Name) else ast.literal_eval(node))


def _as_shown(message: str) -> str:
    """A message without the part that is empty in most rows."""
    return message.replace("{remedy}", "")


def test_every_reason_of_a_seal_has_a_german_sentence() -> None:
    tree = ast.parse(Path(seals.__file__).read_text("utf-8"))
    functions = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.name in {"_seal", "_reasons", "_listed"}
    ]
    texts = {
        _PLACE_OF_CODE.sub("7", ast.unparse(node)[2:-1])
        for function in functions
        for node in ast.walk(function)
        if isinstance(node, ast.JoinedStr)
    } | {"the day was built and not checked since", "ledger is never landed, the day ends at noon"}

    assert len(texts) > 4
    assert {each for each in texts if shown_finding(each, "de_DE") == each} == set()


@pytest.mark.parametrize(
    ("english", "german"),
    [
        (
            "missing_in_ledger: order 4711, event Faust (e), Ticketing 476.89 EUR, ledger 0 JPY",
            "fehlt im Hauptbuch: Bestellung 4711, Veranstaltung Faust (e), Ticketing 476,89 EUR, "
            "Hauptbuch 0 JPY",
        ),
        (
            "ledger is landed through 2026-02-01 06:00 UTC, the day ends at 2026-02-01 23:00 UTC",
            "Hauptbuch ist bis 2026-02-01 06:00 UTC übernommen, der Tag endet um "
            "2026-02-01 23:00 UTC",
        ),
        (
            "ledger_entries, row 7, is set aside: currency is null; two rows have this id",
            "ledger_entries, Zeile 7, ist ausgesondert: currency ist leer; zwei Zeilen haben diese "
            "Kennung",
        ),
        ("a sentence of nobody", "a sentence of nobody"),
    ],
)
def test_a_sentence_of_the_checks_is_german_with_its_parts(english: str, german: str) -> None:
    assert shown_finding(english, "de_AT") == german
    assert shown_finding(english, "en_GB") == english
