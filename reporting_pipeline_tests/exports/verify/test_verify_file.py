"""Verifying: every change in a report's file is found, in every format.

The table has the first difference, besides those of the file's bytes, with the true manifest of the
file and with only the manifest inside it.
"""

import hashlib
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest

from reporting_pipeline.errors import FileUnreadable
from reporting_pipeline.exports.canonical_rows import CanonicalRow
from reporting_pipeline.exports.formats import FORMATS
from reporting_pipeline.exports.manifest import MANIFEST_SUFFIX, FilePart, Manifest, TotalPart
from reporting_pipeline.exports.report_document import ReportDocument
from reporting_pipeline.exports.verify.difference import Difference, DifferenceKind
from reporting_pipeline.exports.verify.verify_file import read_manifest, verify_file
from reporting_pipeline.exports.xlsx.xlsx_format import XlsxFormat
from reporting_pipeline.registry.columns import ColumnType, Unit
from reporting_pipeline.report_definitions.definition import ReportFormat
from reporting_pipeline_tests.exports.documents import EVERY_TYPE, ROWS, column, document
from reporting_pipeline_tests.exports.verify import tampering
from reporting_pipeline_tests.exports.verify.tampering import Tamper

CSV, XLSX, PARQUET, JSONL = (
    ReportFormat.CSV,
    ReportFormat.XLSX,
    ReportFormat.PARQUET,
    ReportFormat.JSONL,
)
Profiled = tuple[ReportFormat, Literal["machine", "spreadsheet"]]
MACHINE: Profiled = (CSV, "machine")
SPREADSHEET: Profiled = (CSV, "spreadsheet")
BOOK: Profiled = (XLSX, "machine")
TABLE: Profiled = (PARQUET, "machine")
LINES: Profiled = (JSONL, "machine")
ALL = (MACHINE, SPREADSHEET, BOOK, TABLE, LINES)
EMBEDDING = {XLSX, PARQUET}

COLUMNS = (
    column("order"),
    column("currency", ColumnType.CURRENCY),
    column("gross_minor", ColumnType.BIGINT, Unit.MINOR),
)
ORDERS: list[CanonicalRow] = [(f"o{n}", "EUR", str(n * 1001)) for n in range(1, 7)]


def report(folder: Path, rows: list[CanonicalRow], profile: Profiled) -> ReportDocument:
    """A report with totals, with the order as the key of its rows."""
    folder.mkdir(exist_ok=True)
    plain = document(folder, COLUMNS, rows, profile=profile[1])
    total = TotalPart(currency="EUR", values={"gross_minor": sum(int(row[2] or 0) for row in rows)})
    updates = {"totals": (total,), "row_key": ("order",)}
    return replace(plain, manifest=plain.manifest.model_copy(update=updates), has_totals=True)


def written(report: ReportDocument, profiled: Profiled, folder: Path) -> Path:
    """The file of a report with its manifest beside it; XLSX has three rows on a sheet."""
    target = folder / f"report.{profiled[0]}"
    format_ = XlsxFormat(max_sheet_rows=10) if profiled[0] is XLSX else FORMATS[profiled[0]]
    format_.write(report, target)
    content = target.read_bytes()
    part = FilePart(
        name="daily-sales_2026-10-25" + "".join(target.suffixes),
        format=profiled[0],
        byte_count=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
    )
    beside(target).write_text(report.manifest.of_file(part).to_json())
    return target


def beside(path: Path) -> Path:
    return path.with_name(path.name + MANIFEST_SUFFIX)


def first(differences: tuple[Difference, ...]) -> str:
    """The first difference besides those of the file's bytes."""
    return str(next(each for each in differences if each.kind is not DifferenceKind.FILE))


TOTAL = "total: column 'gross_minor', EUR: expected 210.21, the rows add up to "
COUNT = "row count: expected 6 rows, found "
TWICE = ": an earlier row has the same order"
CHANGES: list[tuple[Profiled, str, Tamper, str]] = [
    (MACHINE, "digit", tampering.change_text("2002", "2003"), f"{TOTAL}210.22"),
    (MACHINE, "removed", tampering.drop_line(3), f"{COUNT}5"),
    (MACHINE, "doubled", tampering.double_line(3), f"row: row 3{TWICE}"),
    (SPREADSHEET, "digit", tampering.change_text("20,02", "20,03"), f"{TOTAL}210.22"),
    (SPREADSHEET, "removed", tampering.drop_line(3), f"{COUNT}5"),
    (SPREADSHEET, "doubled", tampering.double_line(3), f"row: row 3{TWICE}"),
    (LINES, "digit", tampering.change_text("2002", "2003"), f"{TOTAL}210.22"),
    (LINES, "removed", tampering.drop_line(2), f"{COUNT}5"),
    (LINES, "doubled", tampering.double_line(2), f"row: row 3{TWICE}"),
    (TABLE, "digit", tampering.tampered_table(tampering.change_figure), f"{TOTAL}210.22"),
    (TABLE, "removed", tampering.tampered_table(tampering.drop_row), f"{COUNT}5"),
    (TABLE, "doubled", tampering.tampered_table(tampering.double_row), f"row: row 3{TWICE}"),
    (BOOK, "digit", tampering.change_cell, f"{TOTAL}210.22"),
    (BOOK, "removed", tampering.drop_sheet_row, "content: sheet Data has 2 rows, not 3"),
    (BOOK, "cleared", tampering.clear_sheet_row, "content: sheet Data: row 7 is empty"),
    (BOOK, "doubled", tampering.double_sheet_row, "content: sheet Data has 4 rows, not 3"),
    (BOOK, "sheet", tampering.drop_sheet("Data 2"), "content: sheet 'Data 2' is missing"),
    (BOOK, "control", tampering.drop_sheet("Control"), "manifest: there is no sheet 'Control'"),
]
_NAMES = [f"{profiled[0]}-{profiled[1]}-{what}" for profiled, what, _, _ in CHANGES]


@pytest.mark.parametrize(("profiled", "what", "tamper", "expected"), CHANGES, ids=_NAMES)
def test_a_change_is_found_and_named(
    profiled: Profiled, what: str, tamper: Tamper, expected: str, tmp_path: Path
) -> None:
    path = written(report(tmp_path, ORDERS, profiled), profiled, tmp_path)
    assert verify_file(path).agrees

    tamper(path)

    with_manifest = verify_file(path)
    assert with_manifest.differences[0].kind is DifferenceKind.FILE
    assert first(with_manifest.differences) == expected
    assert with_manifest.proofs == ()

    beside(path).unlink()
    if profiled[0] not in EMBEDDING or what == "control":
        with pytest.raises(FileUnreadable):
            verify_file(path)
    else:
        assert first(verify_file(path).differences) == expected


@pytest.mark.parametrize("profiled", ALL, ids=lambda profiled: f"{profiled[0]}-{profiled[1]}")
def test_a_manifest_of_another_report_is_found(profiled: Profiled, tmp_path: Path) -> None:
    path = written(report(tmp_path, ORDERS, profiled), profiled, tmp_path)
    other = written(report(tmp_path / "other", ORDERS[1:], profiled), profiled, tmp_path / "other")

    shutil.copy(beside(other), beside(path))

    found = verify_file(path)
    assert found.differences[0].kind is DifferenceKind.FILE
    kinds = {each.kind for each in found.differences}
    assert DifferenceKind.ROWS_DIGEST in kinds
    assert (DifferenceKind.MANIFEST in kinds) is (profiled[0] in EMBEDDING)


def test_a_manifest_of_another_report_inside_a_parquet_file_is_found(tmp_path: Path) -> None:
    path = written(report(tmp_path, ORDERS, TABLE), TABLE, tmp_path)
    other = report(tmp_path / "other", ORDERS[1:], TABLE).manifest
    beside(path).unlink()

    tampering.with_metadata(path, other.to_json())

    assert first(verify_file(path).differences) == f"{COUNT.replace('6', '5')}6"


def test_a_manifest_of_another_report_inside_a_workbook_is_found(tmp_path: Path) -> None:
    path = written(report(tmp_path, ORDERS, BOOK), BOOK, tmp_path)
    other = written(report(tmp_path / "other", ORDERS[1:], BOOK), BOOK, tmp_path / "other")
    beside(path).unlink()

    tampering.copy_sheet(other, path, 3)

    found = [str(each) for each in verify_file(path).differences]
    assert found[:2] == [
        "content: sheet Data 2 has 3 rows, not 2",
        "content: sheet Data 2, cell C10: expected '200.20', found '210.21'",
    ]


def test_a_changed_total_is_found(tmp_path: Path) -> None:
    path = written(report(tmp_path, ORDERS, BOOK), BOOK, tmp_path)
    tampering.change_total(path)
    beside(path).unlink()

    (found,) = verify_file(path).differences
    assert str(found) == "content: sheet Data 2, cell C10: expected '210.21', found '210.22'"


@pytest.mark.parametrize("profiled", ALL, ids=lambda profiled: f"{profiled[0]}-{profiled[1]}")
def test_any_changed_byte_is_found(profiled: Profiled, tmp_path: Path) -> None:
    path = written(report(tmp_path, ORDERS, profiled), profiled, tmp_path)
    whole = path.read_bytes()
    for place in range(0, len(whole), max(1, len(whole) // 40)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        assert verify_file(path).differences[0].kind is DifferenceKind.FILE


@pytest.mark.parametrize("profiled", ALL, ids=lambda profiled: f"{profiled[0]}-{profiled[1]}")
def test_a_file_of_every_type_is_proven(profiled: Profiled, tmp_path: Path) -> None:
    path = written(document(tmp_path, EVERY_TYPE, ROWS, profile=profiled[1]), profiled, tmp_path)

    found = verify_file(path)

    assert found.differences == ()
    proofs = {each.what: each.value for each in found.proofs}
    assert proofs["rows"] == "6"
    assert proofs["SHA-256 of the rows"] == found.manifest.rows_sha256
    assert ("manifest inside" in proofs) is (profiled[0] in EMBEDDING)


@pytest.mark.parametrize("profiled", ALL, ids=lambda profiled: f"{profiled[0]}-{profiled[1]}")
def test_an_empty_report_is_proven(profiled: Profiled, tmp_path: Path) -> None:
    path = written(document(tmp_path, EVERY_TYPE, [], profile=profiled[1]), profiled, tmp_path)
    assert verify_file(path).agrees


def test_a_supplied_manifest_replaces_the_one_beside_the_file(tmp_path: Path) -> None:
    path = written(report(tmp_path, ORDERS, MACHINE), MACHINE, tmp_path)
    supplied = read_manifest(beside(path))
    beside(path).write_text("{}")

    assert verify_file(path, supplied).agrees


def test_a_figure_that_is_no_number_is_named(tmp_path: Path) -> None:
    path = written(report(tmp_path, ORDERS, MACHINE), MACHINE, tmp_path)
    tampering.change_text("2002", "2oo2")(path)

    found = verify_file(path).differences
    assert first(found) == "cell: row 2, column 'gross_minor': '2oo2' is no whole number"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("report.csv", b"order\n", r"report.csv has no manifest.*--manifest"),
        ("report.txt", b"hello", r"its name ends in none of csv, xlsx"),
        ("report.xlsx", b"hello", r"report.xlsx is no XLSX file, or damaged"),
        ("report", b"PAR1", r"holds no manifest"),
    ],
)
def test_a_file_that_cannot_be_verified_is_refused(
    name: str, content: bytes, message: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(FileUnreadable, match=message):
        verify_file(path)


def test_a_file_that_is_no_manifest_is_refused(tmp_path: Path) -> None:
    path = written(report(tmp_path, ORDERS, MACHINE), MACHINE, tmp_path)
    beside(path).write_text('{"manifest_version": 1}')
    with pytest.raises(FileUnreadable, match="is no manifest of a report"):
        verify_file(path)


def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileUnreadable, match="cannot be read: No such file"):
        verify_file(tmp_path / "report.csv")


def test_manifests_are_not_changed_by_verifying(tmp_path: Path) -> None:
    path = written(report(tmp_path, ORDERS, BOOK), BOOK, tmp_path)
    found = verify_file(path).manifest
    assert isinstance(found, Manifest)
    assert found.file is not None
