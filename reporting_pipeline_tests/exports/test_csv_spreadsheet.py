"""CSV for people: cells for a spreadsheet, from which the exact rows come back."""

import csv
import io
from pathlib import Path

import pytest

from reporting_pipeline.errors import FileUnreadable
from reporting_pipeline.exports.csv_format import CSV
from reporting_pipeline.exports.csv_spreadsheet import guard
from reporting_pipeline.exports.report_document import ReportDocument
from reporting_pipeline.registry.columns import ColumnType, Unit
from reporting_pipeline_tests.exports.documents import (
    EVERY_TYPE,
    ROWS,
    column,
    document,
    sha256_of,
)
from reporting_pipeline_tests.hostile import hostile_strings

MONEY = (column("currency", ColumnType.CURRENCY), column("a_minor", ColumnType.BIGINT, Unit.MINOR))


def written(report: ReportDocument, folder: Path) -> Path:
    target = folder / "report.csv"
    CSV.write(report, target)
    return target


def shown(target: Path, delimiter: str) -> list[list[str]]:
    """The file as Python's reader reads it."""
    text = target.read_bytes().decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))


def test_values_are_in_the_form_of_a_german_spreadsheet(tmp_path: Path) -> None:
    target = written(document(tmp_path, EVERY_TYPE, ROWS, profile="spreadsheet"), tmp_path)

    content = target.read_bytes()
    assert content.startswith(
        b"\xef\xbb\xbfEvent;Date;Sold at;Currency;Gross;Sold;Attendance rate;"
    )
    assert content.endswith(b";;;;;;;;;\r\n")
    money_and_more = [row[2:9] for row in shown(target, ";")[1:]]
    assert money_and_more == [
        [
            "2026-10-25 01:59:59",
            "EUR",
            "1234,56",
            "7",
            "0,333333",
            "true",
            "a \"quoted\", 'plain' name",
        ],
        ["2026-10-25 02:30:00+02:00", "JPY", "-5", "0", "-1,500000", "false", ""],
        ["2026-10-25 02:30:00+01:00", "KWD", "0,005", "0", "0,000001", "false", "'=1"],
        ["2026-07-01 14:00:00.000001", "XXY", "9223372036854775807", "1", "", "", "x"],
        ["", "EUR", "-92233720368547758,08", "9007199254740993", "", "", "東京\r\n2"],
        [""] * 7,
    ]


@pytest.mark.parametrize("locale", ["de_DE", "en_US", "ar_EG", "fr_FR"])
def test_rows_come_back_with_their_digest(tmp_path: Path, locale: str) -> None:
    report = document(tmp_path, EVERY_TYPE, ROWS, profile="spreadsheet", locale=locale)

    rows = list(CSV.read(written(report, tmp_path), report.manifest))

    assert rows == list(ROWS)
    assert sha256_of(rows) == report.manifest.rows_sha256


@pytest.mark.parametrize("locale", ["de_DE", "en_US"])
def test_hostile_texts_and_headers_have_no_effect_and_come_back(
    tmp_path: Path, locale: str
) -> None:
    texts = hostile_strings()
    columns = [column(f"c{number}", label=text or None) for number, text in enumerate(texts)]
    report = document(tmp_path, columns, [texts, texts[::-1]], profile="spreadsheet", locale=locale)

    target = written(report, tmp_path)

    header, *rows = shown(target, ";" if locale == "de_DE" else ",")
    assert header == [guard(each.header) for each in columns]
    assert rows == [[guard(text) for text in texts], [guard(text) for text in texts[::-1]]]
    assert list(CSV.read(target, report.manifest)) == [texts, texts[::-1]]


def test_numbers_are_never_guarded(tmp_path: Path) -> None:
    report = document(tmp_path, MONEY, [("EUR", "-1")], profile="spreadsheet", locale="en_US")

    assert written(report, tmp_path).read_bytes().endswith(b"EUR,-0.01\r\n")


def test_money_without_a_currency_stays_in_minor_units(tmp_path: Path) -> None:
    report = document(tmp_path, MONEY[1:], [("-1",)], profile="spreadsheet")

    target = written(report, tmp_path)

    assert target.read_bytes().endswith(b"A\r\n-1\r\n")
    assert list(CSV.read(target, report.manifest)) == [("-1",)]


def test_a_null_in_the_only_column_is_a_row(tmp_path: Path) -> None:
    rows: list[tuple[str | None, ...]] = [(None,), ("",), (None,)]
    report = document(tmp_path, [column("a")], rows, profile="spreadsheet")

    assert list(CSV.read(written(report, tmp_path), report.manifest)) == rows


def test_no_rows_are_a_header(tmp_path: Path) -> None:
    report = document(tmp_path, MONEY, [], profile="spreadsheet")

    target = written(report, tmp_path)

    assert target.read_bytes() == b"\xef\xbb\xbfCurrency;A\r\n"
    assert list(CSV.read(target, report.manifest)) == []


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("gross_minor", "1234,56", "123456"),
        ("gross_minor", "1234,56", "1234.56"),
        ("gross_minor", "1234,56", "1.234,56"),
        ("gross_minor", ";0,005;", ";0,01;"),
        ("attendance_rate", "0,333333", "0.333333"),
        ("sold_at", "2026-10-25 02:30:00+01:00", "2026-10-25 02:30:00"),
        ("sold_at", "2026-10-25 01:59:59", "25.10.2026 01:59"),
        ("name", "'=1", "=1"),
    ],
)
def test_a_cell_in_another_form_is_named(
    tmp_path: Path, name: str, before: str, after: str
) -> None:
    report = document(tmp_path, EVERY_TYPE, ROWS, profile="spreadsheet")
    target = written(report, tmp_path)
    text = target.read_bytes().decode()
    assert before in text
    target.write_bytes(text.replace(before, after, 1).encode())

    with pytest.raises(FileUnreadable, match=r"row \d, column '.+': '.+' is not how") as caught:
        list(CSV.read(target, report.manifest))

    assert caught.value.facts["column"] == name


def test_other_headers_are_refused(tmp_path: Path) -> None:
    report = document(tmp_path, MONEY, [], profile="spreadsheet")
    target = tmp_path / "report.csv"
    target.write_bytes(b"Currency;B\r\n")

    with pytest.raises(FileUnreadable, match="headers are"):
        list(CSV.read(target, report.manifest))
