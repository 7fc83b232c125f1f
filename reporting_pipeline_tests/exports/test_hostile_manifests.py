"""Hostile manifests, beside a file of each format: one short error, soon, whatever they contain."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from reporting_pipeline.errors import FileUnreadable
from reporting_pipeline.exports.formats import FORMATS
from reporting_pipeline.exports.manifest import MANIFEST_SUFFIX
from reporting_pipeline.exports.verify.verify_file import verify_file
from reporting_pipeline.report_definitions.definition import ReportFormat
from reporting_pipeline_tests.exports.documents import column, document

_MIB = 1024 * 1024
_LONGEST_MESSAGE = 1_000
_SECONDS = 30.0
_PROGRAM_FORMATS = (ReportFormat.CSV, ReportFormat.JSONL, ReportFormat.PARQUET, ReportFormat.XLSX)

HOSTILE: dict[str, Callable[[str], bytes]] = {
    "deep lists": lambda _: b"[" * 1_000_000,
    "deep objects": lambda _: b'{"a":' * 1_000_000,
    "deep in a field": lambda true: _changed(true, "[" * 100_000 + "]" * 100_000),
    "a number of a million digits": lambda true: _changed(true, "9" * 1_000_000),
    "a number beyond all": lambda true: _changed(true, "1e999999999"),
    "no number": lambda true: _changed(true, "NaN"),
    "a text": lambda true: _changed(true, '"three"'),
    "a long text": lambda true: _changed(true, '"' + "x" * _MIB + '"'),
    "a list": lambda true: _changed(true, "[1, 2]"),
    "nothing": lambda true: _changed(true, "null"),
    "many names": lambda _: _object(f'"n{number}": 0' for number in range(500_000)),
    "a doubled name": lambda true: true.replace("{", '{"row_count": 1,', 1).encode(),
    "a doubled long name": lambda _: _object([f'"{"n" * _MIB}": 0'] * 2),
    "an unknown long name": lambda true: true.replace("{", f'{{"{"n" * _MIB}": 1,', 1).encode(),
    "a list in place of it": lambda _: b"[]",
    "a number in place of it": lambda _: b"7",
    "an empty file": lambda _: b"",
    "bytes": lambda _: bytes(range(256)) * 100,
    "100 MiB": lambda _: b'{"a": "' + b"x" * (100 * _MIB) + b'"}',
}


def _changed(true: str, value: str) -> bytes:
    """The manifest with another number of rows."""
    assert '"row_count": 1' in true
    return true.replace('"row_count": 1', f'"row_count": {value}', 1).encode()


def _object(fields: object) -> bytes:
    return ("{" + ", ".join(fields) + "}").encode()  # type: ignore[arg-type]


@pytest.mark.parametrize("format_name", _PROGRAM_FORMATS)
@pytest.mark.parametrize("name", list(HOSTILE))
def test_a_hostile_manifest_is_one_short_error(
    name: str, format_name: ReportFormat, tmp_path: Path
) -> None:
    report = document(tmp_path, [column("name")], [("Gala",)])
    path = tmp_path / f"report.{format_name}"
    FORMATS[format_name].write(report, path)
    hostile = HOSTILE[name](report.manifest.to_json())
    path.with_name(path.name + MANIFEST_SUFFIX).write_bytes(hostile)

    begin = time.monotonic()
    with pytest.raises(FileUnreadable) as refused:
        verify_file(path)

    assert time.monotonic() - begin < _SECONDS
    assert len(refused.value.message) < _LONGEST_MESSAGE
    # The error has this frame and up to a GB of faults: a cycle, which is rarely collected.
    del refused
