"""Files that are made to exhaust their reader are refused before they are read."""

from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import pikepdf
import pytest

from reporting_pipeline.errors import FileUnreadable
from reporting_pipeline.exports.verify import file_limits
from reporting_pipeline.exports.verify.verify_file import verify_file


@pytest.mark.parametrize("name", ["report.xlsx", "report.csv.zip"])
def test_an_archive_that_expands_to_gigabytes_is_refused(tmp_path: Path, name: str) -> None:
    with (
        ZipFile(tmp_path / name, "w", ZIP_DEFLATED) as archive,
        archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as member,
    ):
        for _ in range(1_100):
            member.write(b"0" * 1_000_000)

    with pytest.raises(FileUnreadable, match="1 files that expand to 1100000000 bytes"):
        verify_file(tmp_path / name)


def test_an_archive_of_thousands_of_files_is_refused(tmp_path: Path) -> None:
    with ZipFile(tmp_path / "report.xlsx", "w") as archive:
        for number in range(file_limits.MAX_MEMBERS + 1):
            archive.writestr(str(number), b"")

    with pytest.raises(FileUnreadable, match="has 1001 files"):
        verify_file(tmp_path / "report.xlsx")


@pytest.mark.parametrize("name", ["report.csv", "report.jsonl"])
def test_a_line_without_end_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    with path.open("wb") as file:
        file.write(b"a\n")
        file.truncate(file_limits.MAX_LINE_BYTES + 10)

    with pytest.raises(FileUnreadable, match="has a line of 67108872 bytes"):
        verify_file(path)


def test_a_file_of_too_many_pages_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_limits, "MAX_PAGES", 2)
    with pikepdf.new() as pdf:
        for _ in range(3):
            pdf.add_blank_page()
        pdf.save(tmp_path / "report.pdf")

    with pytest.raises(FileUnreadable, match="has 3 pages"):
        verify_file(tmp_path / "report.pdf")
