"""Values that PostgreSQL cannot read are refused with the line on which the record begins."""

import gzip
from collections.abc import Mapping
from pathlib import Path

import pytest
from sqlalchemy import URL

from reporting_pipeline.errors import DumpRefused
from reporting_pipeline.sources.dump import load_dump
from reporting_pipeline_tests.sources.dump.small_dump import uid, valid_rows, write_dump

MOVEMENTS = "ticketing.order_line_movements"

# Table, row (the first is 0), changed values, text in the refusal.
UNREADABLE = [
    ("ticketing.orders", 0, {"id": "4711"}, 'id: invalid input syntax for type uuid: "4711"'),
    ("ticketing.orders", 0, {"total_minor": "12.50"}, "total_minor: invalid input syntax for type"),
    ("ticketing.orders", 0, {"total_minor": str(2**63)}, "is out of range for type bigint"),
    ("ticketing.orders", 0, {"placed_at": "2025-02-30"}, "date/time field value out of range"),
    ("ticketing.orders", 0, {"currency": "EURO"}, "value too long for type character(3)"),
    ("ticketing.events", 0, {"day_cutoff": "25:00"}, "date/time field value out of range"),
    ("ticketing.tickets", 1, {"is_comp": "maybe"}, "invalid input syntax for type boolean"),
    (MOVEMENTS, 1, {"quantity": "one"}, "invalid input syntax for type integer"),
    (MOVEMENTS, 1, {"line_no": str(2**31)}, "is out of range for type integer"),
    ("ledger.entries", 1, {"recorded_at": "yesterweek"}, "for type timestamp with time zone"),
]


@pytest.mark.parametrize(("table", "row", "changes", "reason"), UNREADABLE)
def test_a_value_of_another_type_is_refused_with_table_line_and_reason(
    untouched_urls: Mapping[str, URL],
    tmp_path: Path,
    table: str,
    row: int,
    changes: dict[str, str],
    reason: str,
) -> None:
    rows = valid_rows()
    rows[table][row].update(changes)

    message = _refusal(write_dump(tmp_path / "dump", rows), untouched_urls)

    [column] = changes
    assert f"{table}, line {row + 2}: {column}: " in message
    assert reason in message


def test_lines_within_quotes_are_counted_and_the_first_line_of_the_record_is_named(
    untouched_urls: Mapping[str, URL], tmp_path: Path
) -> None:
    rows = valid_rows()
    first = rows["ticketing.ticket_types"][0]
    rows["ticketing.ticket_types"] = [
        {**first, "name": 'two\nlines, "quoted"'},  # lines 2 and 3
        {**first, "id": uid(101), "event_id": uid(999), "name": "a\r\nb\nc"},  # lines 4 to 6
        {**first, "id": uid(102), "event_id": uid(998)},  # line 7
    ]
    dump = write_dump(tmp_path / "dump", rows)
    by_rule = _refusal(dump, untouched_urls)

    rows["ticketing.ticket_types"][1]["is_admission"] = "maybe"
    by_type = _refusal(write_dump(dump, rows), untouched_urls)

    assert f"ticketing.ticket_types, line 4: event_id {uid(999)} is not a row" in by_rule
    assert f"ticketing.ticket_types, line 7: event_id {uid(998)} is not a row" in by_rule
    assert "ticketing.ticket_types, line 4: is_admission: invalid input" in by_type


@pytest.mark.parametrize(
    ("spoiled", "line", "reason"),
    [
        (b"\n", 2, "missing data for column"),
        (uid(1).encode() + b",b\n", 2, "missing data for column"),
        (b'"' + uid(1).encode() + b",\nnever closed\n", 2, "unterminated CSV quoted field"),
        (b"a,b,c,d,e,f\n", 2, "extra data after last expected column"),
        (uid(1).encode() + b",\xff,UTC,EUR,2025-01-01\n", 2, "invalid byte sequence"),
        (uid(1).encode() + b",a\x00b,UTC,EUR,2025-01-01\n", 2, "invalid byte sequence"),
        (b"\\.\n", 2, r"\."),
    ],
)
def test_a_record_that_is_not_csv_is_refused_with_its_line(
    untouched_urls: Mapping[str, URL], tmp_path: Path, spoiled: bytes, line: int, reason: str
) -> None:
    dump = write_dump(tmp_path / "dump", valid_rows())
    header = b"id,name,timezone,currency,updated_at\n"
    (dump / "ticketing.organizations.csv").write_bytes(header + spoiled)

    message = _refusal(dump, untouched_urls)

    assert f"ticketing.organizations, line {line}: " in message
    assert reason in message


def test_an_unreadable_file_does_not_hide_violations_in_others(
    untouched_urls: Mapping[str, URL], tmp_path: Path
) -> None:
    rows = valid_rows()
    rows["ticketing.orders"][0]["total_minor"] = "much"
    rows["ledger.entries"][0]["amount_minor"] = "0"

    message = _refusal(write_dump(tmp_path / "dump", rows), untouched_urls)

    assert "in 2 places" in message
    assert "ticketing.orders, line 2: total_minor: invalid input" in message
    assert "ledger.entries, line 2: amount_minor is not positive" in message


def test_truncated_gzip_is_refused(untouched_urls: Mapping[str, URL], tmp_path: Path) -> None:
    dump = write_dump(tmp_path / "dump", valid_rows())
    plain = dump / "ledger.entries.csv"
    packed = gzip.compress(plain.read_bytes())
    plain.unlink()
    (dump / "ledger.entries.csv.gz").write_bytes(packed[:-12])

    assert "ledger.entries: the file cannot be read" in _refusal(dump, untouched_urls)


def test_a_quoted_empty_field_is_null_if_the_column_allows_it_and_otherwise_empty_text(
    source_urls: Mapping[str, URL], tmp_path: Path
) -> None:
    dump = write_dump(tmp_path / "dump", valid_rows())
    for name in ("scanning.scans", "scanning.gates"):
        path = dump / f"{name}.csv"
        path.write_text(path.read_text().replace(",,", ',"",').replace("Main gate", '""'))

    result = load_dump(dump, source_urls)

    assert result.tables["scanning.scans"].new_count == 1
    assert result.tables["scanning.gates"].new_count == 1


def _refusal(dump: Path, urls: Mapping[str, URL]) -> str:
    with pytest.raises(DumpRefused) as refused:
        load_dump(dump, urls)
    return refused.value.message
