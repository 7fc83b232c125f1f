"""Verifying PDF: a change on a page or in an attachment is found, with a manifest or without."""

import hashlib
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pikepdf
import pytest

from reporting_pipeline.exports.canonical_rows import CanonicalRow
from reporting_pipeline.exports.manifest import MANIFEST_SUFFIX, FilePart, TotalPart
from reporting_pipeline.exports.pdf.assembly import MANIFEST_ATTACHMENT, ROWS_ATTACHMENT
from reporting_pipeline.exports.pdf.pdf_format import PDF
from reporting_pipeline.exports.report_document import ReportDocument
from reporting_pipeline.exports.verify.difference import DifferenceKind, Verification
from reporting_pipeline.exports.verify.verify_file import verify_file
from reporting_pipeline.registry.columns import ColumnType, Unit
from reporting_pipeline_tests.exports.documents import column, document

Change = Callable[[Any], None]
COLUMNS = (
    column("order"),
    column("currency", ColumnType.CURRENCY),
    column("gross_minor", ColumnType.BIGINT, Unit.MINOR),
)
ORDERS: list[CanonicalRow] = [(f"o{n}", "EUR", str(n * 1001)) for n in range(1, 7)]


def report(folder: Path) -> ReportDocument:
    plain = document(folder, COLUMNS, ORDERS)
    total = TotalPart(currency="EUR", values={"gross_minor": 21021})
    updates = {"totals": (total,), "row_key": ("order",)}
    return replace(plain, manifest=plain.manifest.model_copy(update=updates), has_totals=True)


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report's file with its manifest beside it."""
    folder = tmp_path_factory.mktemp("published")
    written, target = report(folder), folder / "report.pdf"
    PDF.write(written, target)
    content = target.read_bytes()
    part = FilePart(
        name="daily-sales_2026-10-25" + "".join(target.suffixes),
        format="pdf",
        byte_count=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
    )
    beside(target).write_text(written.manifest.of_file(part).to_json())
    return target


@pytest.fixture
def file(published: Path, tmp_path: Path) -> Path:
    """A copy of it that may be changed."""
    shutil.copy(beside(published), tmp_path)
    return Path(shutil.copy(published, tmp_path))


def beside(path: Path) -> Path:
    return path.with_name(path.name + MANIFEST_SUFFIX)


def attached(name: str, edit: Callable[[bytes], bytes]) -> Change:
    """Change an attachment."""

    def change(pdf: Any) -> None:
        old = pdf.attachments[name].get_file().read_bytes()
        new = edit(old)
        assert new != old
        pdf.attachments[name] = pikepdf.AttachedFileSpec(
            pdf, new, filename=name, mime_type="", description="", creation_date="", mod_date=""
        )

    return change


def drop_page(pdf: Any) -> None:
    del pdf.pages[0]


def double_page(pdf: Any) -> None:
    pdf.pages.append(pdf.pages[0])


def paint_over(pdf: Any) -> None:
    pdf.pages[0].contents_add(b"q 1 1 1 rg 200 300 40 10 re f Q")


def swap_manifest(content: bytes) -> bytes:
    return content.replace(b'"row_count": 6', b'"row_count": 5')


def change_digit(content: bytes) -> bytes:
    return content.replace(b"2002", b"2003")


def drop_row(content: bytes) -> bytes:
    return content.replace(b"o2,EUR,2002\n", b"")


def double_row(content: bytes) -> bytes:
    return content.replace(b"o2,EUR,2002\n", b"o2,EUR,2002\n" * 2)


def messages(found: Verification) -> str:
    return "\n".join(map(str, found.differences))


def test_an_unchanged_file_is_proven(file: Path) -> None:
    assert verify_file(file).differences == ()
    beside(file).unlink()
    assert verify_file(file).differences == ()


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (attached(ROWS_ATTACHMENT, change_digit), "expected 210.21, the rows add up to 210.22"),
        (attached(ROWS_ATTACHMENT, drop_row), "row count: expected 6 rows, found 5"),
        (attached(ROWS_ATTACHMENT, double_row), "row: row 3: an earlier row has the same order"),
        (attached(MANIFEST_ATTACHMENT, swap_manifest), "row_count"),
        (paint_over, "content: page 1 is not as it was written"),
        (drop_page, "content: page 1 of"),
        (double_page, "is a copy of page 1"),
    ],
    ids=["digit", "removed", "doubled", "manifest", "painted over", "page removed", "page doubled"],
)
def test_a_change_is_found_and_named(file: Path, change: Change, named: str) -> None:
    with pikepdf.open(file, allow_overwriting_input=True) as pdf:
        change(pdf)
        pdf.save(file)

    with_manifest = verify_file(file)
    beside(file).unlink()
    without = verify_file(file)

    assert with_manifest.differences[0].kind is DifferenceKind.FILE
    assert named in messages(with_manifest)
    assert without.differences
    assert named in messages(without) or named == "row_count"
