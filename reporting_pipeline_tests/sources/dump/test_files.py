"""The files of a dump, their headers, and the lines of their records."""

import gzip
import os
from pathlib import Path

import pytest

from reporting_pipeline.errors import DumpRefused
from reporting_pipeline.sources.contract.ticketing import ORGANIZATIONS
from reporting_pipeline.sources.dump.files import (
    MAX_LINE_BYTES,
    DumpFile,
    DumpTooLarge,
    dump_files,
)
from reporting_pipeline_tests.sources.dump.small_dump import valid_rows, write_dump

HEADER = "id,name,timezone,currency,updated_at"

HEADERS = [
    ("id,name,timezone,currency", "missing 'updated_at'"),
    (f"{HEADER},email", "unknown 'email'"),
    (f"{HEADER},id", "repeated 'id'"),
    ("id,name,zone,currency,updated_at", "missing 'timezone'; unknown 'zone'"),
    ("id;name;timezone;currency;updated_at", "missing 'id', 'name', 'timezone', 'currency', "),
    (f'"{HEADER}', "missing 'id', 'name'"),
    ("", "the file is empty: expected a header with the names of the columns"),
    (f"{HEADER}\rrow", "the lines end in CR alone: expected LF or CRLF"),
]


@pytest.mark.parametrize(("header", "reason"), HEADERS)
def test_a_wrong_header_is_a_violation_on_line_1(tmp_path: Path, header: str, reason: str) -> None:
    (tmp_path / "ticketing.organizations.csv").write_text(header, newline="")

    files, [violation] = dump_files(tmp_path)

    assert files == []
    assert str(violation).startswith("ticketing.organizations, line 1: ")
    assert reason in violation.reason


def test_a_header_that_is_not_utf_8_is_a_violation(tmp_path: Path) -> None:
    (tmp_path / "ticketing.organizations.csv").write_bytes(b"id,name\xff\n")

    assert dump_files(tmp_path)[1][0].reason == "the header is not UTF-8"


def test_columns_can_have_any_order_and_a_byte_order_mark_before_them(tmp_path: Path) -> None:
    text = "\ufeffcurrency,updated_at,timezone,name,id\r\n"
    (tmp_path / "ticketing.organizations.csv").write_text(text, newline="")

    [file], violations = dump_files(tmp_path)

    assert file.columns == ("currency", "updated_at", "timezone", "name", "id")
    assert violations == []


@pytest.mark.parametrize(
    "name",
    ["ticketing.order.csv", "orders.CSV", "ledger.entries.parquet", "ledger.entries.csv.zst"],
)
def test_a_file_of_no_table_is_a_violation(tmp_path: Path, name: str) -> None:
    dump = write_dump(tmp_path, valid_rows())
    (dump / name).touch()

    [violation] = dump_files(dump)[1]

    assert str(violation) == (
        f"{name}: no table of the contract has a file of this name: rename or remove it"
    )


def test_two_files_of_one_table_are_a_violation(tmp_path: Path) -> None:
    dump = write_dump(tmp_path, valid_rows())
    (dump / "ledger.entries.csv.gz").touch()

    files, [violation] = dump_files(dump)

    assert "ledger.entries" not in {file.table.key for file in files}
    assert violation.reason == (
        "there are both ledger.entries.csv and ledger.entries.csv.gz: keep one"
    )


def test_folders_and_files_with_other_names_are_ignored(tmp_path: Path) -> None:
    dump = write_dump(tmp_path, valid_rows())
    (dump / "README.md").touch()
    (dump / "expected").mkdir()

    assert dump_files(dump)[1] == []


def test_a_folder_that_is_missing_or_has_no_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DumpRefused, match="is not a folder"):
        dump_files(tmp_path / "missing")
    with pytest.raises(DumpRefused, match=r"has no table: expected files named <schema>"):
        dump_files(tmp_path)


def test_a_file_that_is_not_gzip_is_a_violation(tmp_path: Path) -> None:
    (tmp_path / "ticketing.organizations.csv.gz").write_text(f"{HEADER}\n")

    assert "the file cannot be read: Not a gzipped file" in dump_files(tmp_path)[1][0].reason


def test_the_line_of_a_record_is_its_first_line(tmp_path: Path) -> None:
    file = _file(tmp_path, f'{HEADER}\n1,"a\nb",c\n2,"say ""hi""\n\n",c\n3,d,e\n')

    assert file.first_lines([1, 2, 3]) == {1: 2, 2: 4, 3: 7}
    assert [file.first_line_of_record_at(line) for line in range(2, 8)] == [2, 2, 4, 4, 4, 7]


def test_a_record_with_unclosed_quotes_extends_to_the_end(tmp_path: Path) -> None:
    file = _file(tmp_path, f'{HEADER}\n1,"a\nb\nc\n')

    assert file.first_line_of_record_at(5) == 2


def test_the_end_marker_of_old_servers_is_found(tmp_path: Path) -> None:
    assert _file(tmp_path, f"{HEADER}\n1,\\.,\n\\.\r\n").end_marker_line() == 3
    assert _file(tmp_path, f"{HEADER}\n1,\\.,\n").end_marker_line() is None


def _file(folder: Path, text: str) -> DumpFile:
    path = folder / "ticketing.organizations.csv.gz"
    path.write_bytes(gzip.compress(text.encode()))
    return DumpFile(table=ORGANIZATIONS, path=path)


def test_a_table_that_is_no_file_is_a_violation_and_nobody_waits(tmp_path: Path) -> None:
    dump = write_dump(tmp_path, valid_rows())
    names = ["ticketing.orders", "ticketing.events", "ledger.entries", "ledger.accounts"]
    for name in names:
        (dump / f"{name}.csv").unlink()
    os.mkfifo(dump / "ticketing.orders.csv")
    (dump / "ticketing.events.csv").symlink_to("/dev/zero")
    (dump / "ledger.entries.csv").symlink_to(dump / "nowhere")
    (dump / "ledger.accounts.csv").mkdir()

    found = {each.table: each.reason for each in dump_files(dump)[1]}

    assert found == {
        "ticketing.orders": "cannot be read: it is a pipe",
        "ticketing.events": "cannot be read: it is a device",
        "ledger.entries": "cannot be read: it is a link that leads nowhere",
        "ledger.accounts": "cannot be read: it is a folder",
    }


def test_a_line_without_end_and_a_file_that_explodes_are_not_read_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    endless = tmp_path / "ticketing.organizations.csv"
    endless.touch()
    os.truncate(endless, 2 * 1024**3)
    packed = tmp_path / "ticketing.events.csv.gz"
    packed.write_bytes(gzip.compress(b"a\n" * 10_000_000))
    monkeypatch.setattr("reporting_pipeline.sources.dump.files._EXPANDED_BYTES", 1_000_000)

    for path, reason in ((endless, "line 1 has more than"), (packed, "it expands to more than")):
        file = DumpFile(table=ORGANIZATIONS, path=path)
        read_count = 0

        def read(file: DumpFile = file) -> None:
            nonlocal read_count
            for chunk in file.chunks():
                read_count += len(chunk)

        with pytest.raises(DumpTooLarge, match=reason):
            read()
        assert read_count <= MAX_LINE_BYTES
