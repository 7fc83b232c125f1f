"""XLSX: openpyxl finds the right cells in our files, and the exact rows come back."""

import os
import subprocess
import sys
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from reporting_pipeline.errors import ExportIncomplete, FormatCannotHold
from reporting_pipeline.exports.canonical_rows import CanonicalRow
from reporting_pipeline.exports.manifest import EventPart, SealPart, TermPart, TotalPart
from reporting_pipeline.exports.report_document import ReportDocument
from reporting_pipeline.exports.xlsx.xlsx_format import XLSX, XlsxFormat
from reporting_pipeline.registry.columns import ColumnType, Unit
from reporting_pipeline_tests.exports.documents import (
    EVERY_TYPE,
    ID,
    ROWS,
    column,
    document,
    document_of_blocks,
    with_rows_missing,
)
from reporting_pipeline_tests.hostile import hostile_strings

_FINAL = SealPart(first=date(2025, 5, 1), end=date(2025, 5, 2), state="final", reasons=())
MONEY = (
    column("currency", ColumnType.CURRENCY),
    column("gross_minor", ColumnType.BIGINT, Unit.MINOR),
    column("sold_count", ColumnType.BIGINT, Unit.COUNT),
)


wall = datetime.fromisoformat


def written(report: ReportDocument, folder: Path, format_: XlsxFormat = XLSX) -> Path:
    target = folder / "report.xlsx"
    format_.refuse(report)
    format_.write(report, target)
    return target


def with_totals(report: ReportDocument, *totals: TotalPart) -> ReportDocument:
    manifest = report.manifest.model_copy(update={"totals": totals})
    return replace(report, manifest=manifest, has_totals=True)


def provisional(report: ReportDocument) -> ReportDocument:
    return replace(report, manifest=report.manifest.model_copy(update={"is_provisional": True}))


def read_back(path: Path, report: ReportDocument) -> list[CanonicalRow]:
    """The file's rows, after a check that no problem is reported."""
    problems: list[str] = []
    rows = list(XLSX.read(path, report.manifest, problems.append))
    assert problems == []
    return rows


def sheet(path: Path, name: str = "Data") -> Any:
    return openpyxl.load_workbook(path)[name]


def test_rows_of_every_type_come_back_exactly(tmp_path: Path) -> None:
    report = document(tmp_path, EVERY_TYPE, ROWS)
    assert read_back(written(report, tmp_path), report) == list(ROWS)


def test_cells_have_the_types_that_a_person_expects(tmp_path: Path) -> None:
    page = sheet(written(document(tmp_path, EVERY_TYPE, ROWS), tmp_path))

    assert [(cell.value, cell.number_format) for cell in page[6]] == [
        (ID, "@"),
        (wall("2026-10-25"), "yyyy-mm-dd"),
        (wall("2026-10-25 01:59:59"), "yyyy-mm-dd hh:mm:ss"),
        ("EUR", "@"),
        (1234.56, "#,##0.00"),
        (7, "#,##0"),
        (0.333333, "0.00%"),
        (True, "General"),
        ("a \"quoted\", 'plain' name", "@"),
        (f"{ID} {ID}", "@"),
    ]
    assert [cell.value for cell in page[11]] == [None] * 10


@pytest.mark.parametrize(
    ("currency", "minor", "value", "number_format"),
    [
        ("EUR", 123456, 1234.56, "#,##0.00"),
        ("JPY", 123456, 123456, "#,##0"),
        ("KWD", 123456, 123.456, "#,##0.000"),
        ("CLF", 123456, 12.3456, "#,##0.0000"),
        ("XXY", 123456, 123456, "#,##0"),
        (None, 123456, 123456, "#,##0"),
        ("EUR", -1, -0.01, "#,##0.00"),
        ("EUR", 10**15 - 1, 9_999_999_999_999.99, "#,##0.00"),
        ("EUR", 10**15, "10000000000000.00", "@"),
        ("EUR", -(2**63), "-92233720368547758.08", "@"),
    ],
)
def test_money_is_shown_in_major_units_of_its_rows_currency(
    currency: str | None, minor: int, value: object, number_format: str, tmp_path: Path
) -> None:
    rows = [("EUR", "1", "1"), (currency, str(minor), "1"), ("KWD", "1", "1")]
    report = document(tmp_path, MONEY, rows)

    path = written(report, tmp_path)

    cell = sheet(path)["B7"]
    assert (cell.value, cell.number_format) == (value, number_format)
    assert read_back(path, report) == rows


def test_a_number_that_is_text_is_aligned_right(tmp_path: Path) -> None:
    path = written(document(tmp_path, MONEY, [("EUR", str(10**15), str(10**15))]), tmp_path)
    assert [cell.alignment.horizontal for cell in sheet(path)[6]] == [None, "right", "right"]


def test_the_hour_that_comes_twice_shows_its_offset(tmp_path: Path) -> None:
    path = written(document(tmp_path, EVERY_TYPE, ROWS), tmp_path)
    page = sheet(path)

    assert page["C5"].value == "Sold at (Europe/Berlin)"
    assert page["C7"].value == page["C8"].value == wall("2026-10-25 02:30")
    assert page["C7"].number_format == 'yyyy-mm-dd hh:mm:ss "+02:00"'
    assert page["C8"].number_format == 'yyyy-mm-dd hh:mm:ss "+01:00"'


def test_hostile_texts_are_texts_and_come_back_exactly(tmp_path: Path) -> None:
    strings = [text for text in hostile_strings() if len(text) < 32_768]
    report = document(tmp_path, [column("name"), column("other")], [(s, None) for s in strings])

    path = written(report, tmp_path)

    assert [row[0] for row in read_back(path, report)] == strings
    kinds = {(c.data_type, c.hyperlink) for (c,) in sheet(path).iter_rows(6, max_col=1)}
    assert kinds <= {("s", None), ("inlineStr", None), ("n", None)}  # n: an empty text


def test_hostile_headers_are_texts(tmp_path: Path) -> None:
    labels = [text for text in hostile_strings() if 0 < len(text) < 100]
    columns = [column(f"c{index}", label=label) for index, label in enumerate(labels)]
    report = document(tmp_path, columns, [("x",) * len(columns)])

    path = written(report, tmp_path)

    assert read_back(path, report) == [("x",) * len(columns)]
    assert {cell.data_type for cell in sheet(path)[5]} <= {"s", "inlineStr"}


def test_a_text_that_no_cell_can_hold_is_named_and_leaves_no_file(tmp_path: Path) -> None:
    # For Excel, 16,384 characters outside the BMP are 32,768.
    fits, too_long = "😀" * 16_383, "😀" * 16_384
    report = document(tmp_path, [column("id"), column("name")], [("a", fits), ("b", too_long)])

    with pytest.raises(FormatCannotHold, match=r"row 2, column 'name': a text of 16384 characters"):
        XLSX.write(report, tmp_path / "report.xlsx")

    assert not (tmp_path / "report.xlsx").exists()


def test_more_columns_than_a_sheet_has_are_refused(tmp_path: Path) -> None:
    report = document(tmp_path, [column("a")] * 16_384, [])
    with pytest.raises(FormatCannotHold, match="16384 columns"):
        XLSX.refuse(report)


def test_missing_rows_leave_no_file(tmp_path: Path) -> None:
    report = with_rows_missing(document(tmp_path, MONEY, [("EUR", "1", "1")]))
    missing = report.manifest.model_copy(update={"row_count": 2})
    with pytest.raises(ExportIncomplete, match="1 rows before"):
        XLSX.write(replace(report, manifest=missing), tmp_path / "report.xlsx")
    assert not (tmp_path / "report.xlsx").exists()


def test_rows_continue_on_further_sheets_and_totals_are_on_the_last(tmp_path: Path) -> None:
    rows = [("EUR", str(number), "1") for number in range(1, 8)]
    report = with_totals(
        document(tmp_path, MONEY, rows),
        TotalPart(currency="EUR", values={"gross_minor": 28, "sold_count": 7}),
    )

    path = written(
        report, tmp_path, XlsxFormat(max_sheet_rows=10)
    )  # four for the heading, the header, three rows, two for totals

    book = openpyxl.load_workbook(path, data_only=True)
    assert book.sheetnames == ["Data", "Data 2", "Data 3", "Control"]
    found = {page.title: [row[1] for row in page.values][4:] for page in book.worksheets[:3]}
    assert found == {
        "Data": ["Gross", 0.01, 0.02, 0.03],
        "Data 2": ["Gross", 0.04, 0.05, 0.06],
        "Data 3": ["Gross", 0.07, None, 0.28],
    }
    formula = "=SUBTOTAL(109,'Data'!B6:B8,'Data 2'!B6:B8,B6:B6)"
    assert sheet(path, "Data 3")["B8"].value == formula
    assert read_back(path, report) == rows


def test_totals_are_bold_one_row_per_currency(tmp_path: Path) -> None:
    report = with_totals(
        document(tmp_path, MONEY[1:], []),
        TotalPart(currency="JPY", values={"gross_minor": 5, "sold_count": 10**15}),
        TotalPart(currency=None, values={"gross_minor": 7}),
    )
    page = sheet(written(report, tmp_path))

    found = {cell.coordinate: (cell.value, cell.font.bold) for row in page["A8:C9"] for cell in row}
    assert found == {
        "A8": (5, True),
        "B8": (str(10**15), True),
        "C8": ("Total JPY", True),
        "A9": (7, True),
        "B9": ("Total", True),
        "C9": (None, False),
    }


def test_an_empty_report_has_a_note_below_its_header(tmp_path: Path) -> None:
    report = replace(document(tmp_path, MONEY, []), notes=("Nothing was sold.",))
    path = written(report, tmp_path)

    page = sheet(path)
    assert [cell.value for cell in page[5]] == ["Currency", "Gross", "Sold"]
    assert (page["A6"].value, page["A6"].font.italic) == ("Nothing was sold.", True)
    assert read_back(path, report) == []


def test_title_organisation_event_and_period_are_above_the_header(tmp_path: Path) -> None:
    event = EventPart(
        name="Gala",
        start="2026-10-25 20:00",
        end="2026-10-25 23:00",
        status="sold_out",
        venue="Oper",
        city="Halle",
    )
    plain = document(tmp_path, MONEY, [("EUR", "1", "1")])
    report = replace(plain, manifest=plain.manifest.model_copy(update={"event": event}))
    path = written(report, tmp_path)

    page = sheet(path)
    assert [row[0] for row in page.values][:6] == [
        "Daily sales",
        "Halle",
        "Gala · Oper, Halle · 2026-10-25 20:00 to 2026-10-25 23:00 · sold out",
        "Period: 2026-10-25",
        None,
        "Currency",
    ]
    assert (page["A1"].font.bold, page["A1"].font.size) == (True, 14)
    assert page.freeze_panes == "A7"
    assert read_back(path, report) == [("EUR", "1", "1")]


def test_a_german_workbook_has_german_words_and_is_verified(tmp_path: Path) -> None:
    report = with_totals(
        document(tmp_path, MONEY, [("EUR", "1", "1")], locale="de_DE"),
        TotalPart(currency="EUR", values={"gross_minor": 1}),
    )
    path = written(report, tmp_path)

    page = sheet(path)
    assert page["A3"].value == "Zeitraum: 2026-10-25"
    assert page["A8"].value == "Summe EUR"
    assert page.oddFooter.right.text == "Seite &P von &N"
    assert read_back(path, report) == [("EUR", "1", "1")]


def test_dates_are_left_in_their_cells_and_do_not_run_into_the_next_column(tmp_path: Path) -> None:
    columns = (column("date", ColumnType.DATE), column("sold_at", ColumnType.INSTANT), column("a"))
    rows = [("2026-10-25", "2026-10-24T23:59:59.000000Z", "Gala")]
    page = sheet(written(document(tmp_path, columns, rows), tmp_path))

    assert [cell.alignment.horizontal for cell in page[6]] == ["left", "left", None]
    assert page.column_dimensions["A"].width > len("2026-10-25") + 1
    assert page.column_dimensions["B"].width > len("2026-10-24 23:59:59") + 1


def formulas(report: ReportDocument, folder: Path) -> dict[str, object]:
    """The formulas of the totals by their cells, after a check that the file is as it was made."""
    path = written(report, folder)
    read_back(path, report)
    cells = [cell for row in sheet(path).iter_rows(6) for cell in row]
    return {each.coordinate: each.value for each in cells if each.data_type == "f"}


def test_totals_are_formulas_that_follow_the_filter_and_keep_their_value(tmp_path: Path) -> None:
    report = with_totals(
        document(tmp_path, MONEY, [("EUR", "123", "1"), ("EUR", "7", "2")]),
        TotalPart(currency="EUR", values={"gross_minor": 130, "sold_count": 3}),
    )

    assert formulas(report, tmp_path) == {
        "B9": "=SUBTOTAL(109,B6:B7)",
        "C9": "=SUBTOTAL(109,C6:C7)",
    }
    book = openpyxl.load_workbook(tmp_path / "report.xlsx", data_only=True)
    assert [cell.value for cell in book["Data"][9]] == ["Total EUR", 1.3, 3]


def test_totals_of_several_currencies_are_of_the_rows_of_one(tmp_path: Path) -> None:
    rows = [("EUR", "123", "1"), ("JPY", "7", "2")]
    parts = [
        TotalPart(currency=code, values={"gross_minor": int(minor)})
        for code, minor in (("EUR", "123"), ("JPY", "7"))
    ]

    found = formulas(with_totals(document(tmp_path, MONEY, rows), *parts), tmp_path)

    assert found == {
        f"B{row}": f'=SUMPRODUCT(SUBTOTAL(109,OFFSET(B6,ROW(B6:B7)-ROW(B6),0)),--(A6:A7="{code}"))'
        for row, code in ((9, "EUR"), (10, "JPY"))
    }


def test_a_ratio_of_all_rows_is_empty_while_some_are_hidden(tmp_path: Path) -> None:
    columns = (*MONEY, column("return_rate", ColumnType.RATIO, Unit.RATE))
    report = with_totals(
        document(tmp_path, columns, [("EUR", "1", "1", "0.500000"), ("EUR", "2", "3", None)]),
        TotalPart(
            currency="EUR",
            values={"gross_minor": 3, "sold_count": 4},
            ratios={"return_rate": "0.250000"},
        ),
    )

    found = formulas(report, tmp_path)

    assert found["D9"] == '=IF(SUBTOTAL(103,B6:B7)=COUNTA(B6:B7),0.250000,"")'


def test_a_total_over_amounts_that_are_texts_stays_a_constant(tmp_path: Path) -> None:
    rows = [("EUR", str(10**15), "1"), ("EUR", str(1 - 10**15), "2")]
    report = with_totals(
        document(tmp_path, MONEY, rows),
        TotalPart(currency="EUR", values={"gross_minor": 1, "sold_count": 3}),
    )

    assert formulas(report, tmp_path) == {"C9": "=SUBTOTAL(109,C6:C7)"}


def test_a_provisional_report_is_stamped_on_every_sheet_and_page(tmp_path: Path) -> None:
    report = provisional(document(tmp_path, MONEY, [("EUR", "1", "1")] * 3))
    path = written(report, tmp_path, XlsxFormat(max_sheet_rows=8))

    book = openpyxl.load_workbook(path)
    assert book.sheetnames == ["PROVISIONAL Data", "PROVISIONAL Data 2", "Control"]
    assert all("PROVISIONAL" in page.oddHeader.center.text for page in book.worksheets)
    assert book["Control"]["B2"].value == "PROVISIONAL"
    assert str(book["PROVISIONAL Data 2"]["A4"].value).startswith("PROVISIONAL: These figures")
    assert len(read_back(path, report)) == 3


def test_a_sheet_is_ready_to_read_and_to_print(tmp_path: Path) -> None:
    page = sheet(written(document(tmp_path, EVERY_TYPE, ROWS), tmp_path))

    assert page.freeze_panes == "A6"
    assert page.auto_filter.ref == "A5:J11"
    assert page.dimensions == "A1:J11"
    assert page.print_title_rows == "$5:$5"
    assert page.page_setup.orientation == "landscape"
    assert page.page_setup.fitToHeight == 0
    assert page.oddFooter.right.text == "Page &P of &N"
    assert page.column_dimensions["A"].width > 36


def test_each_block_has_a_sheet_that_is_ready_to_read_and_to_print(tmp_path: Path) -> None:
    tickets, fees = (tmp_path / name for name in ("tickets", "fees"))
    tickets.mkdir()
    fees.mkdir()
    blocks = (
        with_totals(
            document(tickets, MONEY, [("EUR", "1", "1"), ("EUR", "2", "1")]),
            TotalPart(currency="EUR", values={"gross_minor": 3, "sold_count": 2}),
        ),
        document(fees, MONEY, []),
    )
    report = document_of_blocks(
        tmp_path, replace(blocks[0], title="Tickets"), replace(blocks[1], title="Fees")
    )
    XLSX.write_report(report, tmp_path / "report.xlsx")

    book = openpyxl.load_workbook(tmp_path / "report.xlsx", data_only=True)

    assert book.sheetnames == ["Tickets", "Fees", "Control"]
    assert [row[0] for row in book["Tickets"].values][:4] == [
        *("Daily sales", "Tickets", "Halle", "Period: 2026-10-25")
    ]
    assert list(book["Tickets"].values)[-1] == ("Total EUR", 0.03, 2)
    assert book["Fees"]["A7"].value == "There are no rows in this period."
    for page, last_row in ((book["Tickets"], 8), (book["Fees"], 6)):
        assert page.freeze_panes == "A7"
        assert page.auto_filter.ref == f"A6:C{last_row}"
        assert page.print_title_rows == "$6:$6"
        assert page.page_setup.orientation == "landscape"
        assert page.sheet_properties.pageSetUpPr.fitToPage
        assert page.oddFooter.center.text == "&A"


def test_a_long_header_breaks_into_lines(tmp_path: Path) -> None:
    label = "Collected by the payment provider"
    columns = (*MONEY[:1], column("gross_minor", ColumnType.BIGINT, Unit.MINOR, label))
    page = sheet(written(document(tmp_path, columns, [("EUR", "1")]), tmp_path))

    assert page["B5"].value == label
    assert page["B5"].alignment.wrap_text
    assert page.row_dimensions[5].height == 30
    assert len(label) > page.column_dimensions["B"].width > len("Collected by the")


def test_the_control_sheet_identifies_the_report(tmp_path: Path) -> None:
    report = replace(document(tmp_path, MONEY, [("EUR", "1", "1")]), notes=("By hand.",))
    rows = sheet(written(report, tmp_path), "Control").values

    found = {row[0]: row[1] for row in rows}
    assert found["Daily sales"] == ""
    assert found["Organisation"] == "Halle"
    assert found["Row count"] == 1
    assert found["SHA-256 of the rows"] == report.manifest.rows_sha256
    assert found["Note"] == "By hand."
    assert found["Data"] == "6"


@pytest.mark.parametrize(
    ("seals", "is_provisional", "status"),
    [
        ((_FINAL,), False, "Final"),
        ((_FINAL,), True, "PROVISIONAL"),
        ((), True, "PROVISIONAL"),
        ((), False, "Not sealed"),
    ],
)
def test_only_a_report_over_sealed_days_is_final(
    seals: tuple[SealPart, ...], is_provisional: bool, status: str, tmp_path: Path
) -> None:
    report = document(tmp_path, MONEY, [("EUR", "1", "1")])
    sealed = {"seals": seals, "is_provisional": is_provisional}
    report = replace(report, manifest=report.manifest.model_copy(update=sealed))

    assert sheet(written(report, tmp_path), "Control")["B2"].value == status


def test_terms_have_a_sheet_and_parties_a_line_on_the_control_sheet(tmp_path: Path) -> None:
    plain = document(tmp_path, MONEY, [("EUR", "1", "1")])
    long = "\u05e9\u05db\u05e8 12% " * 100
    terms = (
        TermPart(term="=1+1", meaning="What <all> buyers pay."),
        TermPart(term="B", meaning=long),
    )
    updates = {"terms": terms, "signatures": ("Organiser", "Platform")}
    report = replace(plain, manifest=plain.manifest.model_copy(update=updates))

    path = written(report, tmp_path)

    book = openpyxl.load_workbook(path)
    assert book.sheetnames == ["Data", "Terms", "Control"]
    assert list(book["Terms"].values) == [
        ("Term", "Meaning"),
        ("=1+1", "What <all> buyers pay."),
        ("B", long),
    ]
    assert book["Terms"]["A2"].data_type == "s"
    assert book["Terms"]["B3"].alignment.wrap_text
    heights = [book["Terms"].row_dimensions[number].height for number in (1, 2, 3)]
    assert heights[:2] == [None, None]
    assert heights[2] == 15 * 8  # 200 words, of which 25 fit in a line of 100 characters
    parties = [row for row in book["Control"].values if row[0] == "To be signed by"]
    assert parties[0][1:3] == ("Organiser", "Platform")
    assert read_back(path, report) == [("EUR", "1", "1")]


def test_a_long_manifest_is_split_over_cells(tmp_path: Path) -> None:
    columns = [column(f"c{index}", label="a label\U0001f600" * 9) for index in range(200)]
    report = document(tmp_path, columns, [])
    rows = sheet(written(report, tmp_path), "Control").values

    parts = [row[1] for row in rows if row[0] == "Manifest JSON"]
    assert len(parts) > 2
    assert all(len(part.encode("utf-16-le")) <= 2 * 32_767 for part in parts)
    assert "".join(parts) == report.manifest.to_json()


def test_the_bytes_depend_on_the_report_only(tmp_path: Path) -> None:
    here = written(document(tmp_path, EVERY_TYPE, ROWS), tmp_path).read_bytes()

    there = tmp_path / "there"
    there.mkdir()
    program = (
        "import sys; from pathlib import Path;"
        "from reporting_pipeline_tests.exports.documents import EVERY_TYPE, ROWS, document;"
        "from reporting_pipeline.exports.xlsx.xlsx_format import XLSX;"
        "folder = Path(sys.argv[1]);"
        "XLSX.write(document(folder, EVERY_TYPE, ROWS), folder / 'other.xlsx')"
    )
    elsewhere = {"TZ": "Pacific/Auckland", "LC_ALL": "de_DE.UTF-8", "PYTHONHASHSEED": "7"}
    subprocess.run(  # noqa: S603 our own program
        [sys.executable, "-c", program, str(there)],
        check=True,
        env={"PATH": os.defpath, "PYTHONPATH": str(Path.cwd()), **elsewhere},
    )
    assert (there / "other.xlsx").read_bytes() == here


def test_rows_can_be_read_without_a_problem_sink(tmp_path: Path) -> None:
    report = document(tmp_path, EVERY_TYPE, ROWS)
    assert list(XLSX.read(written(report, tmp_path), report.manifest)) == list(ROWS)
