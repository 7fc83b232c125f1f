"""Values that PostgreSQL reads and no source writes: `now`, `yesterday`, `0x10`, `1_000`.

`now` would be another instant in each load of the same dump. Most dumps have no such value, so the
bytes are searched first, and only a file with a hit is read again, value by value.
"""

import csv
import io
import re
import sys

from sqlalchemy import TIMESTAMP, BigInteger, Integer, Numeric, Table

from reporting_pipeline.guards.shown_text import shown
from reporting_pipeline.sources.dump.files import DumpFile, Violation

MAX_ODD_BYTES = 128
"""More bytes than such a value has, with what surrounds it."""

_WORDS = r"now|today|tomorrow|yesterday|epoch|allballs"
_NUMBERS = r"[-+]?(?:0[xob][0-9a-f_]+|[0-9]+_[0-9_]+)"
# Digits and letters as they are; every separator of values, and every space, is a comma.
_SEPARATORS = bytes.maketrans(b'"\r\n\t ;', b",,,,,,")
_MAY_BE = re.compile(rf",(?:{_WORDS}|{_NUMBERS})(?=,)".encode(), re.IGNORECASE)
_ODD_INSTANT = re.compile(rf"\b(?:{_WORDS})\b", re.IGNORECASE)
_ODD_NUMBER = re.compile(rf"\s*{_NUMBERS}\s*", re.IGNORECASE)


def may_have_odd_value(chunk: bytes) -> bool:
    """True if a part of a file may have such a value, also in a text."""
    return _MAY_BE.search(b"," + chunk.translate(_SEPARATORS) + b",") is not None


def first_odd_value(file: DumpFile) -> Violation | None:
    """The first such value in a column of instants or numbers."""
    forms = [(name, _form(file.table, name)) for name in file.columns]
    checked = [(index, name, form) for index, (name, form) in enumerate(forms) if form is not None]
    with file.open() as stream, io.TextIOWrapper(stream, "utf-8-sig", newline="") as text:
        former = csv.field_size_limit(sys.maxsize)
        try:
            for record, row in enumerate(csv.reader(text)):
                for index, name, form in checked:
                    if record and index < len(row) and form.search(row[index]):
                        line = file.first_lines([record])[record]
                        reason = f"{name}: {shown(row[index])!r} is no value that a source writes"
                        return Violation(table=file.table.key, line=line, reason=reason)
        finally:
            csv.field_size_limit(former)
    return None


def _form(table: Table, name: str) -> re.Pattern[str] | None:
    """The values of a column that are odd; None for text."""
    kind = table.columns[name].type
    if isinstance(kind, TIMESTAMP):
        return _ODD_INSTANT
    return _ODD_NUMBER if isinstance(kind, (BigInteger, Integer, Numeric)) else None
