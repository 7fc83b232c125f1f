"""Verifying reports of several blocks: each change is found, and its block is named.

The message that is tested is the first besides those of the file's bytes.
"""

import hashlib
import io
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import openpyxl
import pikepdf
import pyarrow as pa
import pytest
from pyarrow import parquet

from reporting_pipeline.exports.canonical_rows import CanonicalRow
from reporting_pipeline.exports.formats import FORMATS
from reporting_pipeline.exports.manifest import MANIFEST_SUFFIX, FilePart, TermPart, TotalPart
from reporting_pipeline.exports.pdf.assembly import PAGES_ATTACHMENT, WrittenPages
from reporting_pipeline.exports.pdf.page_digests import PageDigests
from reporting_pipeline.exports.report_document import ReportDocument
from reporting_pipeline.exports.verify.difference import DifferenceKind
from reporting_pipeline.exports.verify.verify_file import verify_file
from reporting_pipeline.registry.columns import ColumnType, Unit
from reporting_pipeline.report_definitions.definition import ReportFormat
from reporting_pipeline_tests.exports.documents import column, document, document_of_blocks
from reporting_pipeline_tests.exports.verify.tampering import with_metadata
from reporting_pipeline_tests.exports.xlsx.packages import edited, replaced

CSV, XLSX, PDF = ReportFormat.CSV, ReportFormat.XLSX, ReportFormat.PDF
PARQUET, JSONL = ReportFormat.PARQUET, ReportFormat.JSONL
ARCHIVES = (CSV, JSONL, PARQUET)
COLUMNS = (
    column("order"),
    column("currency", ColumnType.CURRENCY),
    column("gross_minor", ColumnType.BIGINT, Unit.MINOR),
)
TICKETS: list[CanonicalRow] = [(f"o{n}", "EUR", str(n * 1001)) for n in range(1, 5)]
PAYOUTS: list[CanonicalRow] = [(f"p{n}", "EUR", str(n * 7)) for n in range(1, 4)]
TERMS = (TermPart(term="Gross", meaning="What buyers pay."),)

Tamper = Callable[[Path], None]
Members = Mapping[str, bytes]
Fonts = Mapping[bytes, Mapping[bytes, str]]
PageChange = Callable[[bytes, Fonts], bytes]


def report(folder: Path) -> ReportDocument:
    """A report of two blocks with the same columns, with totals."""
    blocks = []
    for title, rows in (("Tickets", TICKETS), ("Payouts", PAYOUTS)):
        (folder / title).mkdir(parents=True)
        plain = document(folder / title, COLUMNS, rows)
        total = TotalPart(currency="EUR", values={"gross_minor": sum(int(r[2] or 0) for r in rows)})
        updates = {
            "totals": (total,),
            "row_key": ("order",),
            "terms": TERMS,
            "signatures": ("Organiser", "Platform"),
        }
        manifest = plain.manifest.model_copy(update=updates)
        blocks.append(replace(plain, title=title, manifest=manifest, has_totals=True))
    return document_of_blocks(folder, *blocks)


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> dict[ReportFormat, Path]:
    """The file of each format, with its manifest beside it."""
    folder = tmp_path_factory.mktemp("published")
    written = report(folder / "rows")
    found = {}
    for name, format_ in FORMATS.items():
        target = folder / f"report{format_.suffix}{'.zip' if format_.archives_blocks else ''}"
        format_.write_report(written, target)
        content = target.read_bytes()
        part = FilePart(
            name="daily-sales_2026-10-25" + "".join(target.suffixes),
            format=name,
            byte_count=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
        )
        beside(target).write_text(written.manifest.of_file(part).to_json())
        found[name] = target
    return found


def beside(path: Path) -> Path:
    return path.with_name(path.name + MANIFEST_SUFFIX)


def in_archive(change: Callable[[dict[str, bytes]], Members]) -> Tamper:
    """Write an archive again with changed files."""

    def tamper(path: Path) -> None:
        with ZipFile(path) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
        with ZipFile(path, "w") as archive:
            for name, content in change(members).items():
                archive.writestr(name, content)

    return tamper


def changed_value(members: dict[str, bytes]) -> Members:
    """Change a digit of the second payout."""
    name = next(each for each in members if each.startswith("payouts"))
    return members | {name: _changed(name, members[name])}


def _changed(name: str, content: bytes) -> bytes:
    if not name.endswith("parquet"):
        assert b"14" in content
        return content.replace(b"14", b"15", 1)
    table = parquet.read_table(io.BytesIO(content))
    values = [7, 15, 21]
    changed = table.set_column(2, table.field(2), pa.array(values, pa.int64()))
    written = io.BytesIO()
    parquet.write_table(changed.replace_schema_metadata(table.schema.metadata), written)
    return written.getvalue()


def removed_block(members: dict[str, bytes]) -> Members:
    return dict(list(members.items())[:1])


def exchanged_blocks(members: dict[str, bytes]) -> Members:
    """Exchange the contents of the two files."""
    return dict(zip(members, reversed(members.values()), strict=True))


def other_order(members: dict[str, bytes]) -> Members:
    return dict(reversed(members.items()))


def added_file(members: dict[str, bytes]) -> Members:
    return {**members, "fees.csv": b"order\n"}


def renamed_block(members: dict[str, bytes]) -> Members:
    (first, content), *_ = members.items()
    return {**members, f"x{first}": content}


TOTAL = "total: payouts: column 'gross_minor', EUR: expected 0.42, the rows add up to 0.43"
CHANGES = [
    (changed_value, TOTAL),
    (removed_block, "content: the archive has the files tickets.{0}, not tickets.{0}, payouts.{0}"),
    (
        other_order,
        "content: the archive has the files payouts.{0}, tickets.{0}, not tickets.{0}, payouts.{0}",
    ),
    (added_file, "content: the archive has the files tickets.{0}, payouts.{0}, fees.csv, not "),
    (renamed_block, "content: the archive has the files tickets.{0}, payouts.{0}, xtickets.{0}, "),
]


@pytest.fixture(params=ARCHIVES)
def archive(
    request: pytest.FixtureRequest, published: dict[ReportFormat, Path], tmp_path: Path
) -> Path:
    """A copy of an archive that may be changed."""
    return _copy(published[request.param], tmp_path)


def _copy(path: Path, folder: Path) -> Path:
    beside(folder / path.name).write_bytes(beside(path).read_bytes())
    (folder / path.name).write_bytes(path.read_bytes())
    return folder / path.name


def differences(path: Path) -> list[str]:
    """All differences besides those of the file's bytes, which are always found."""
    found = verify_file(path).differences
    assert found[0].kind is DifferenceKind.FILE
    return [str(each) for each in found if each.kind is not DifferenceKind.FILE]


def test_unchanged_files_are_proven(published: dict[ReportFormat, Path]) -> None:
    for path in published.values():
        found = verify_file(path)
        assert found.differences == ()
        assert {"tickets: rows", "payouts: rows"} <= {each.what for each in found.proofs}


@pytest.mark.parametrize(
    ("change", "named"), CHANGES, ids=lambda each: getattr(each, "__name__", "")
)
def test_a_change_of_an_archive_is_found_and_named(
    archive: Path, change: Callable[[dict[str, bytes]], Members], named: str
) -> None:
    in_archive(change)(archive)

    assert differences(archive)[0].startswith(named.format(archive.suffixes[0][1:]))


def test_exchanged_files_are_found_in_both_blocks(archive: Path) -> None:
    in_archive(exchanged_blocks)(archive)

    found = differences(archive)

    assert "row count: tickets: expected 4 rows, found 3" in found
    assert "row count: payouts: expected 3 rows, found 4" in found
    names = {each.split(": ")[1] for each in found if each.startswith("rows digest")}
    assert names == {"tickets", "payouts"}


def test_an_archive_that_is_none_is_named(archive: Path) -> None:
    archive.write_bytes(archive.read_bytes()[:200])

    [found] = differences(archive)

    assert found.startswith(f"cell: {archive.name} is no archive of tickets.")


def test_another_manifest_in_the_file_of_a_block_is_found(
    published: dict[ReportFormat, Path], tmp_path: Path
) -> None:
    path = _copy(published[PARQUET], tmp_path)
    manifest = report(tmp_path / "other").blocks[0].manifest

    def change(members: dict[str, bytes]) -> Members:
        member = tmp_path / "payouts.parquet"
        member.write_bytes(members[member.name])
        with_metadata(member, manifest.to_json())
        return members | {member.name: member.read_bytes()}

    in_archive(change)(path)

    assert differences(path) == [
        "content: payouts.parquet: the manifest inside is that of another block or report"
    ]


def renamed_sheet(path: Path) -> None:
    edited(path, "xl/workbook.xml", replaced('name="Payouts"', 'name="Refunds"'))


def exchanged_sheets(path: Path) -> None:
    with ZipFile(path) as archive:
        first, second = (archive.read(f"xl/worksheets/sheet{n}.xml") for n in (1, 2))
    edited(path, "xl/worksheets/sheet1.xml", lambda _: second)
    edited(path, "xl/worksheets/sheet2.xml", lambda _: first)


def removed_sheet(path: Path) -> None:
    book = openpyxl.load_workbook(path)
    del book["Payouts"]
    book.save(path)


def changed_cell(path: Path) -> None:
    edited(path, "xl/worksheets/sheet2.xml", replaced("<v>0.14</v>", "<v>0.15</v>"))


def changed_total(path: Path) -> None:
    edited(path, "xl/worksheets/sheet2.xml", replaced("<v>0.42</v>", "<v>0.43</v>"))


@pytest.mark.parametrize(
    ("tamper", "named"),
    [
        (renamed_sheet, "content: the sheets are Tickets, Refunds, Terms, Control, not Tickets, "),
        (removed_sheet, "content: the sheets are Tickets, Terms, Control, not Tickets, Payouts, "),
        (exchanged_sheets, "content: sheet Tickets has 3 rows, not 4"),
        (changed_cell, TOTAL),
        (changed_total, "content: sheet Payouts, cell C11: expected '0.42', found '0.43'"),
    ],
)
def test_a_change_of_a_sheet_is_found_and_named(
    published: dict[ReportFormat, Path], tmp_path: Path, tamper: Tamper, named: str
) -> None:
    path = _copy(published[XLSX], tmp_path)

    tamper(path)

    assert any(each.startswith(named) for each in differences(path))


def exchanged_texts(first: str, second: str) -> PageChange:
    """Exchange two texts of a page."""

    def change(content: bytes, fonts: Fonts) -> bytes:
        shown = {_text(each, fonts): each[2] for each in _TEXT.finditer(content)}
        one, other = shown[first], shown[second]
        return content.replace(one, b"\0").replace(other, one).replace(b"\0", other)

    return change


def without_payouts(content: bytes, fonts: Fonts) -> bytes:
    """Remove the texts of the second block from a page."""
    texts = list(_TEXT.finditer(content))
    shown = [_text(each, fonts) for each in texts]
    for each in reversed(texts[shown.index("Payouts") : shown.index("Terms")]):
        content = content[: each.start(2)] + content[each.end(2) :]
    return content


def _text(found: re.Match[bytes], fonts: Fonts) -> str:
    return "".join(fonts[found[1]][glyph] for glyph in _GLYPH.findall(found[2]))


_TEXT = re.compile(rb"/(\w+) [0-9.]+ Tf\n\[(<.*?)\] TJ")
_GLYPH = re.compile(rb"<([0-9a-f]{4})>")
_MEANING = re.compile(rb"<([0-9a-f]{4})> <([0-9a-f]*)>")


def changed_page(path: Path, change: PageChange) -> None:
    """Change the first page, and its digest in the file too."""
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        fonts = {
            name.encode().removeprefix(b"/"): {
                glyph: bytes.fromhex(text.decode()).decode("utf-16-be")
                for glyph, text in _MEANING.findall(font.ToUnicode.read_bytes())
            }
            for name, font in pdf.pages[0].Resources.Font.items()
        }
        stream = pdf.pages[0].obj.Contents
        content = stream.read_bytes()
        changed = change(content, fonts)
        assert changed != content
        stream.write(changed)
        old = pdf.attachments[PAGES_ATTACHMENT].get_file().read_bytes()
        digests = tuple(map(PageDigests().of, pdf.pages))
        new = WrittenPages.model_validate_json(old).model_copy(update={"digests": digests})
        _attach(pdf, PAGES_ATTACHMENT, new.model_dump_json().encode())
        pdf.save(path)


def _attach(pdf: Any, name: str, content: bytes) -> None:
    pdf.attachments[name] = pikepdf.AttachedFileSpec(
        pdf, content, filename=name, mime_type="", description="", creation_date="", mod_date=""
    )


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (
            exchanged_texts("20,02", "30,03"),
            "tickets: row 2, column Gross, on page 1: the page shows '30,03', the row has '20,02'",
        ),
        (exchanged_texts("Tickets", "Payouts"), "page 1 shows 'Payouts' in place of 'Tickets'"),
        (
            exchanged_texts("o2", "p2"),
            "tickets: row 2, column Order, on page 1: the page shows 'p2'",
        ),
        (
            exchanged_texts("100,10", "0,42"),
            "tickets: total eur, column Gross, on page 1: the page",
        ),
        (exchanged_texts("Gross", "Terms"), "page 1 shows 'Terms' in place of the heading 'Gross'"),
        (exchanged_texts("Organiser", "Platform"), "page 1 shows 'Platform' in place of 'Organise"),
        (without_payouts, "page 1 shows rows in place of 'Payouts'"),
    ],
)
def test_a_change_of_a_page_is_found_and_named(
    published: dict[ReportFormat, Path],
    tmp_path: Path,
    change: PageChange,
    named: str,
) -> None:
    path = _copy(published[PDF], tmp_path)

    changed_page(path, change)

    [found] = differences(path)
    assert found.startswith(f"content: {named}")


@pytest.mark.parametrize(
    ("name", "old", "new", "named"),
    [
        ("payouts.csv", b"EUR,14", b"EUR,15", TOTAL),
        ("payouts.csv", b"p2,EUR,14\n", b"", "row count: payouts: expected 3 rows, found 2"),
        ("manifest.json", b'"Payouts"', b'"Refunds"', "manifest: the one inside the file is of "),
        (
            "pages.json",
            b'"has_totals": true',
            b'"has_totals": false',
            "content: page 1 shows 'Total EUR100,10' after tickets: row 4",
        ),
    ],
)
def test_a_changed_attachment_is_found_and_named(
    published: dict[ReportFormat, Path],
    tmp_path: Path,
    name: str,
    old: bytes,
    new: bytes,
    named: str,
) -> None:
    path = _copy(published[PDF], tmp_path)

    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        content = pdf.attachments[name].get_file().read_bytes()
        assert old in content
        _attach(pdf, name, content.replace(old, new, 1))
        pdf.save(path)

    assert any(each.startswith(named) for each in differences(path))


def test_a_removed_attachment_is_named(published: dict[ReportFormat, Path], tmp_path: Path) -> None:
    path = _copy(published[PDF], tmp_path)

    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        del pdf.attachments["payouts.csv"]
        pdf.save(path)

    assert any("has no attachment payouts.csv" in each for each in differences(path))
