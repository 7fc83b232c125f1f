"""JSON Lines: each row is an object that every reader reads as the same values."""

import json
from decimal import Decimal
from pathlib import Path

import pytest

from reporting_pipeline.errors import ExportIncomplete, FileUnreadable
from reporting_pipeline.exports.jsonl_format import JSONL
from reporting_pipeline.exports.report_document import ReportDocument
from reporting_pipeline.registry.columns import ColumnType, Unit
from reporting_pipeline_tests.exports.documents import (
    EVERY_TYPE,
    ID,
    ROWS,
    column,
    document,
    sha256_of,
    with_rows_missing,
)
from reporting_pipeline_tests.hostile import hostile_strings

FEW = (
    column("name"),
    column("sold_count", ColumnType.BIGINT, Unit.COUNT),
    column("attendance_rate", ColumnType.RATIO),
    column("is_final", ColumnType.BOOLEAN),
)


def written(report: ReportDocument, folder: Path) -> Path:
    target = folder / "report.jsonl"
    JSONL.refuse(report)
    JSONL.write(report, target)
    return target


def test_a_row_is_an_object_with_the_columns_in_order(tmp_path: Path) -> None:
    target = written(document(tmp_path, EVERY_TYPE, [ROWS[0], ROWS[4], ROWS[5]]), tmp_path)

    assert target.read_text(encoding="utf-8") == (
        f'{{"event_id":"{ID}","date":"2026-10-25","sold_at":"2026-10-24T23:59:59.000000Z",'
        '"currency":"EUR","gross_minor":123456,"sold_count":7,"attendance_rate":0.333333,'
        '"is_final":true,"name":"a \\"quoted\\", \'plain\' name",'
        f'"proof_ids":"{ID} {ID}"}}\n'
        f'{{"event_id":"{ID}","date":"9999-12-31","sold_at":null,"currency":"EUR",'
        '"gross_minor":-9223372036854775808,"sold_count":9007199254740993,"attendance_rate":null,'
        f'"is_final":null,"name":"東京\\r\\n2","proof_ids":"{ID}"}}\n'
        '{"event_id":null,"date":null,"sold_at":null,"currency":null,"gross_minor":null,'
        '"sold_count":null,"attendance_rate":null,"is_final":null,"name":null,"proof_ids":null}\n'
    )


def test_rows_come_back_with_their_digest(tmp_path: Path) -> None:
    report = document(tmp_path, EVERY_TYPE, ROWS)

    rows = list(JSONL.read(written(report, tmp_path), report.manifest))

    assert rows == list(ROWS)
    assert sha256_of(rows) == report.manifest.rows_sha256


def test_hostile_texts_come_back_from_another_reader(tmp_path: Path) -> None:
    texts = hostile_strings()
    report = document(tmp_path, [column("a"), column("b")], [(text, None) for text in texts])

    target = written(report, tmp_path)

    # Also from a reader that splits at every line end of Unicode.
    lines = target.read_bytes().decode().splitlines()
    assert [json.loads(line)["a"] for line in lines] == list(texts)
    assert list(JSONL.read(target, report.manifest)) == [(text, None) for text in texts]


def test_ratios_are_exact_numbers(tmp_path: Path) -> None:
    target = written(document(tmp_path, FEW, [("a", "1", "0.100000", "true")]), tmp_path)

    assert json.loads(target.read_bytes(), parse_float=Decimal)["attendance_rate"] == Decimal("0.1")


def test_many_rows_are_all_there(tmp_path: Path) -> None:
    rows = [(f"{number}", str(number), None, "true") for number in range(40_000)]
    report = document(tmp_path, FEW, rows)

    assert list(JSONL.read(written(report, tmp_path), report.manifest)) == rows


def test_no_rows_give_an_empty_file(tmp_path: Path) -> None:
    report = document(tmp_path, FEW, [])

    target = written(report, tmp_path)

    assert target.read_bytes() == b""
    assert list(JSONL.read(target, report.manifest)) == []


def test_a_file_that_lacks_rows_is_not_left(tmp_path: Path) -> None:
    with pytest.raises(ExportIncomplete, match="6 of 7 rows"):
        JSONL.write(
            with_rows_missing(document(tmp_path, EVERY_TYPE, ROWS)), tmp_path / "report.jsonl"
        )

    assert not (tmp_path / "report.jsonl").exists()


@pytest.mark.parametrize(
    "line",
    [
        "",
        "{",
        "[]",
        '[["name","a"],["sold_count",1],["attendance_rate",1],["is_final",true]]',
        '{"name":"a"}',
        '{"sold_count":1,"name":"a","attendance_rate":1,"is_final":true}',
        '{"name":1,"sold_count":1,"attendance_rate":1,"is_final":true}',
        '{"name":"a","sold_count":"1","attendance_rate":1,"is_final":true}',
        '{"name":"a","sold_count":1,"attendance_rate":NaN,"is_final":true}',
        '{"name":"a","sold_count":1,"attendance_rate":1,"is_final":"true"}',
        '{"name":"a","sold_count":{"b":1},"attendance_rate":1,"is_final":"true"}',
        "[" * 100_000,
        "\ufeff{}",
    ],
)
def test_a_line_that_is_no_such_row_is_named(tmp_path: Path, line: str) -> None:
    report = document(tmp_path, FEW, [("a", "1", "1.000000", "true")])
    target = written(report, tmp_path)
    target.write_bytes(target.read_bytes() + line.encode() + b"\n")

    with pytest.raises(FileUnreadable, match=r"report\.jsonl, line 2: "):
        list(JSONL.read(target, report.manifest))
