"""Reading XLSX back: foreign content is reported, damaged content is refused with its place."""

from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest

from reporting_pipeline.errors import FileUnreadable
from reporting_pipeline.exports.manifest import TermPart, TotalPart
from reporting_pipeline.exports.report_document import ReportDocument
from reporting_pipeline.exports.xlsx.xlsx_format import XLSX, XlsxFormat
from reporting_pipeline_tests.exports.documents import EVERY_TYPE, ROWS, document
from reporting_pipeline_tests.exports.xlsx.packages import (
    DATA,
    Edit,
    edited,
    replaced,
    with_part,
)

CONTROL = "xl/worksheets/sheet2.xml"
WORKBOOK = "xl/workbook.xml"
STYLES = "xl/styles.xml"


@pytest.fixture
def report(tmp_path: Path) -> ReportDocument:
    plain = document(tmp_path, EVERY_TYPE, ROWS)
    total = TotalPart(currency="EUR", values={"sold_count": 7})
    manifest = plain.manifest.model_copy(update={"totals": (total,)})
    return replace(plain, manifest=manifest, has_totals=True)


@pytest.fixture
def file(report: ReportDocument, tmp_path: Path) -> Path:
    target = tmp_path / "report.xlsx"
    XLSX.write(report, target)
    return target


def problems_of(file: Path, report: ReportDocument) -> list[str]:
    problems: list[str] = []
    for _ in XLSX.read(file, report.manifest, problems.append):
        pass
    return problems


def test_the_manifest_comes_back(file: Path, report: ReportDocument) -> None:
    assert XLSX.embedded_manifest(file) == report.manifest


@pytest.fixture
def computed(tmp_path: Path) -> tuple[ReportDocument, Path]:
    """A report whose total of 7 is a formula, and its file."""
    plain = document(tmp_path, EVERY_TYPE, ROWS[:3])
    total = TotalPart(currency="EUR", values={"sold_count": 7})
    manifest = plain.manifest.model_copy(update={"totals": (total,)})
    report = replace(plain, manifest=manifest, has_totals=True)
    XLSX.write(report, tmp_path / "computed.xlsx")
    return report, tmp_path / "computed.xlsx"


def test_a_total_that_another_program_computed_again_is_the_same(
    computed: tuple[ReportDocument, Path],
) -> None:
    report, file = computed
    edited(file, DATA, replaced("</f><v>7</v>", "</f><v>7.0000000000000009</v>"))

    assert problems_of(file, report) == []


@pytest.mark.parametrize(
    ("edit", "sentence"),
    [
        (replaced("<f>SUBTOTAL(109,F6:F8)</f>", ""), "the formula of cell F10 is missing"),
        (
            replaced("SUBTOTAL(109,F6:F8)", "SUBTOTAL(109,F6:F7)"),
            "cell F10 is computed by 'SUBTOTAL(109,F6:F7)', not by 'SUBTOTAL(109,F6:F8)'",
        ),
        (replaced("<f>SUBTOTAL", '<f t="array" ref="F10">SUBTOTAL'), "cell F10 is a formula"),
        (replaced("</f><v>7</v>", "</f><v>8</v>"), "cell F10: expected '7', found '8'"),
        (replaced("</f><v>7</v>", "</f>"), "cell F10: expected '7', found ''"),
        (replaced("<v>0.333333</v>", "<f>1/3</f><v>0.333333</v>"), "cell G6 is a formula"),
    ],
)
def test_a_changed_formula_or_total_is_reported(
    computed: tuple[ReportDocument, Path], edit: Edit, sentence: str
) -> None:
    report, file = computed
    edited(file, DATA, edit)

    found = problems_of(file, report)

    assert any(sentence in each for each in found), found


def test_the_place_of_a_row_is_its_sheet_and_number(report: ReportDocument, tmp_path: Path) -> None:
    XlsxFormat(max_sheet_rows=9).write(report, tmp_path / "split.xlsx")  # two rows on each sheet
    assert XLSX.row_place(tmp_path / "split.xlsx", 0) == "sheet Data, row 6"
    assert XLSX.row_place(tmp_path / "split.xlsx", 5) == "sheet Data 3, row 7"


@pytest.mark.parametrize(
    ("member", "edit", "sentence"),
    [
        (DATA, replaced("<v>7</v>", "<f>3+4</f><v>7</v>"), "sheet Data: cell F6 is a formula"),
        (DATA, replaced("</sheetData>", "</sheetData><hyperlinks/>"), "holds <hyperlinks>"),
        (DATA, replaced('<row r="7">', '<row r="7" hidden="1">'), "row 7 is hidden"),
        (DATA, replaced("<col min", '<col hidden="1" min'), "<col> is hidden"),
        (DATA, replaced(">Gross<", ">Net<"), "cell E5: expected 'Gross', found 'Net'"),
        (DATA, replaced(">Total EUR<", ">Total USD<"), "expected 'Total EUR', found 'Total USD'"),
        (DATA, replaced(">Halle<", ">Köln<"), "cell A2: expected 'Halle', found 'Köln'"),
        (DATA, replaced(">Period: 2026-10-25<", ">Period: 2026<"), "cell A3: expected 'Period"),
        (
            DATA,
            replaced('<row r="5"', '<row r="4"><c r="B4" s="0"><v>1</v></c></row><row r="5"'),
            "cell B4: expected '', found '1'",
        ),
        (CONTROL, replaced(">Halle<", ">Köln<"), "cell B3: expected 'Halle', found 'Köln'"),
        (
            CONTROL,
            replaced(">Not sealed<", ">Final<"),
            "cell B2: expected 'Not sealed', found 'Final'",
        ),
        (WORKBOOK, replaced('name="Data"', 'name="Data" state="hidden"'), "sheet Data is hidden"),
        (WORKBOOK, replaced('name="Data"', 'name="Other"'), "sheet 'Data' is missing"),
        (WORKBOOK, replaced("_xlnm.Print_Titles", "Rate"), "defines the name 'Rate'"),
        (WORKBOOK, replaced("<workbookPr", '<workbookPr date1904="1"'), "counts days from 1904"),
    ],
)
def test_content_that_no_report_has_is_reported(
    file: Path, report: ReportDocument, member: str, edit: Edit, sentence: str
) -> None:
    edited(file, member, edit)
    assert any(sentence in each for each in problems_of(file, report))


@pytest.mark.parametrize(
    ("edit", "sentence"),
    [
        (replaced(">paid<", ">due<"), "sheet Terms, cell B2: expected 'paid', found 'due'"),
        (
            replaced('<row r="2">', '<row r="3">'),
            "sheet Terms is damaged: a cell of row 3 is named 'A2'",
        ),
        (
            replaced("</sheetData>", '<row r="3"><c r="A3" s="0"><v>1</v></c></row></sheetData>'),
            "sheet Terms, row 3: a row too many",
        ),
    ],
)
def test_a_changed_sheet_of_terms_is_reported(
    report: ReportDocument, tmp_path: Path, edit: Edit, sentence: str
) -> None:
    terms = (TermPart(term="Gross", meaning="paid"),)
    signed = replace(report, manifest=report.manifest.model_copy(update={"terms": terms}))
    XLSX.write(signed, tmp_path / "terms.xlsx")
    assert problems_of(tmp_path / "terms.xlsx", signed) == []

    edited(tmp_path / "terms.xlsx", CONTROL, edit)

    try:
        found = problems_of(tmp_path / "terms.xlsx", signed)
    except FileUnreadable as error:
        found = [error.message]
    assert any(sentence in each for each in found), found


def test_a_missing_sheet_of_terms_is_reported(report: ReportDocument, tmp_path: Path) -> None:
    terms = (TermPart(term="Gross", meaning="paid"),)
    XLSX.write(report, tmp_path / "none.xlsx")
    signed = replace(report, manifest=report.manifest.model_copy(update={"terms": terms}))

    found = problems_of(tmp_path / "none.xlsx", signed)

    assert "the sheets are Data, Control; a report has its data, then Terms, Control" in found


def test_cells_outside_of_the_dimension_are_read(file: Path, report: ReportDocument) -> None:
    edited(file, DATA, replaced('<dimension ref="A1:J13"', '<dimension ref="A1:B3"'))

    assert list(XLSX.read(file, report.manifest)) == list(ROWS)


def test_macros_are_reported(file: Path, report: ReportDocument) -> None:
    with_part(file, "xl/vbaProject.bin", b"Sub")
    assert problems_of(file, report) == ["the file holds xl/vbaProject.bin, which no report has"]


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (replaced("<v>1234.56</v>", "<v>1234.567</v>"), r"cell E6, column 'gross_minor': 1234.567"),
        (replaced("<v>1234.56</v>", "<v>nan</v>"), r"cell E6, column 'gross_minor': 'nan' where"),
        (replaced("<v>1234.56</v>", "<v>1e999</v>"), r"cell E6, column 'gross_minor': '1e999'"),
        (replaced("<v>7</v>", "<v>7.5</v>"), r"cell F6, column 'sold_count': 7.5 where a whole"),
        (replaced('t="b"><v>1<', 't="b"><v>2<'), r"cell H6, column 'is_final': '2' where true"),
        (replaced("<v>0.333333<", "<v>0.3333333<"), r"more than six decimals"),
        (replaced('s="3"><v>7', 's="5"><v>7'), r"cell F6.*number format 'yyyy-mm-dd'"),
        (replaced('s="3"><v>7', 's="999"><v>7'), r"style 999"),
        (replaced('r="F6"', 'r="F7"'), r"a cell of row 6 is named 'F7'"),
        (replaced('r="F6"', 'r="E6"'), r"cell E6 occurs twice"),
        (replaced('r="F6"', 'r="B6"'), r"cell B6 occurs twice, or after a later one"),
        (replaced('<row r="13">', '<row r="9999999">'), r"row 9999999: a sheet has 1048576 rows"),
        (replaced('<row r="8">', '<row r="6">'), r"sheet Data is damaged: row 6 comes after row 7"),
        (replaced("<worksheet", "<!DOCTYPE x><worksheet"), r"document type"),
        (replaced("</worksheet>", ""), r"sheet Data is damaged"),
        (replaced('encoding="UTF-8"', 'encoding="EBCDIC?"'), r"damaged: xl/worksheets: XML decl"),
        (
            replaced("</row></sheetData>", '<c r="K13" s="0"><v>1</v></c></row></sheetData>'),
            "beside",
        ),
    ],
)
def test_a_cell_that_holds_no_value_of_its_column_is_named(
    file: Path, report: ReportDocument, edit: Edit, message: str
) -> None:
    edited(file, DATA, edit)
    with pytest.raises(FileUnreadable, match=message):
        list(XLSX.read(file, report.manifest))


def test_a_number_format_that_shows_another_number_is_named(
    file: Path, report: ReportDocument
) -> None:
    edited(file, STYLES, replaced('formatCode="#,##0.00"', 'formatCode="#,##0.00,"'))
    with pytest.raises(FileUnreadable, match="cell E6"):
        list(XLSX.read(file, report.manifest))


@pytest.mark.parametrize(
    "edit",
    [
        replaced('numFmtId="164" formatCode', 'numFmtId="x" formatCode'),
        replaced('fontId="1"', 'fontId="9"'),
        lambda content: content.replace(b"cellXfs", b"others"),
    ],
)
def test_styles_that_are_damaged_are_named(file: Path, report: ReportDocument, edit: Edit) -> None:
    edited(file, STYLES, edit)
    with pytest.raises(FileUnreadable, match=r"styles\.xml"):
        list(XLSX.read(file, report.manifest))


def test_a_file_that_another_program_saved_keeps_its_figures(
    file: Path, report: ReportDocument, tmp_path: Path
) -> None:
    openpyxl.load_workbook(file).save(tmp_path / "saved.xlsx")
    rows = list(XLSX.read(tmp_path / "saved.xlsx", report.manifest))
    # The instants are rounded by openpyxl.
    assert [row[3:8] for row in rows[:5]] == [row[3:8] for row in ROWS[:5]]


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 and no more", b"\x00" * 100])
def test_a_file_that_is_no_xlsx_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "report.xlsx"
    path.write_bytes(content)
    with pytest.raises(FileUnreadable, match=r"report.xlsx is no XLSX file, or damaged"):
        XLSX.embedded_manifest(path)


def test_a_foreign_workbook_is_refused(tmp_path: Path) -> None:
    openpyxl.Workbook().save(tmp_path / "other.xlsx")
    with pytest.raises(FileUnreadable, match="there is no sheet 'Control'"):
        XLSX.embedded_manifest(tmp_path / "other.xlsx")


def test_every_truncated_file_is_refused(file: Path, report: ReportDocument) -> None:
    whole = file.read_bytes()
    for end in range(0, len(whole) - 1, 997):
        file.write_bytes(whole[:end])
        with pytest.raises(FileUnreadable):
            list(XLSX.read(file, report.manifest))
