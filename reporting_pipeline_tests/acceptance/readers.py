"""Reads report files with independent programs: Python's csv and json, pyarrow, openpyxl, PDFium.

Each reader returns comparable rows: money in minor units, dates as dates, empty values as None.
"""

import csv
import io
import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeAlias
from zipfile import ZipFile

from reporting_pipeline_tests.acceptance.starter_figures import Row, StarterReport

DIGITS = MappingProxyType({"EUR": 2, "USD": 2, "JPY": 0})
Totals: TypeAlias = dict[str | None, dict[int, Any]]
"""Currency, or None -> index of a column -> its sum; of a share, its sums divided."""

_DAYS = frozenset({"Date", "Day", "Day of the event"})
_SIX_DECIMALS = Decimal("0.000001")


def totals_of(report: StarterReport, rows: Iterable[Row]) -> Totals:
    """The totals of rows, by currency."""
    totals: Totals = defaultdict(lambda: defaultdict(int))
    for row in rows:
        for index in range(len(row)):
            if report.is_summed(index):
                totals[_currency(report, row)][index] += row[index] or 0
    return {currency: sums | _shares(report, sums) for currency, sums in totals.items()}


def _shares(report: StarterReport, sums: Mapping[int, int]) -> dict[int, Decimal | None]:
    """The shares of totals, rounded half away from zero."""
    names = report.plain_headings

    def added(headings: str) -> Decimal:
        signs = (-1 if each.startswith("-") else 1 for each in headings.split("|"))
        indexes = (names.index(each.lstrip("-")) for each in headings.split("|"))
        return Decimal(sum(sign * sums[index] for sign, index in zip(signs, indexes, strict=True)))

    return {
        names.index(name): (added(above) / added(below)).quantize(_SIX_DECIMALS, ROUND_HALF_UP)
        if added(below) > 0
        else None
        for name, (above, below) in report.shares.items()
    }


def read_csv(path: Path, report: StarterReport, profile: str, block: str = "") -> list[Row]:
    """The rows of a CSV file with either profile, in the locale en_GB."""
    is_for_people = profile == "spreadsheet"
    encoding = "utf-8-sig" if is_for_people else "utf-8"
    text = _content(path, block).decode(encoding)
    header, *lines = csv.reader(io.StringIO(text, newline=""), strict=True)
    if is_for_people:
        assert header == report.plain_headings
    else:
        _require_machine_header(header, report)
    read = _from_major if is_for_people else _from_minor
    return [_row(report, line, read) for line in lines]


def _content(path: Path, block: str) -> bytes:
    """The bytes of a plain file, or those of a block's file in an archive."""
    if not block:
        return path.read_bytes()
    with ZipFile(path) as archive:
        return archive.read(f"{block}{path.suffixes[-2]}")


def _require_machine_header(header: list[str], report: StarterReport) -> None:
    """A column of minor units is called by its name; other columns have their headings."""
    for index, (found, heading) in enumerate(zip(header, report.plain_headings, strict=True)):
        if report.has_money(index):
            assert found.endswith("_minor"), found
        else:
            assert found.capitalize() == heading


def read_jsonl(path: Path, report: StarterReport, block: str = "") -> list[Row]:
    """The rows of a JSON Lines file."""
    lines = _content(path, block).splitlines()
    objects = [json.loads(line, parse_float=Decimal) for line in lines]
    return [
        tuple(
            date.fromisoformat(value) if heading in _DAYS and value else value
            for heading, value in zip(report.plain_headings, each.values(), strict=True)
        )
        for each in objects
    ]


def read_parquet(path: Path, report: StarterReport, block: str = "") -> list[Row]:
    """The rows of a Parquet file."""
    from pyarrow import BufferReader
    from pyarrow.parquet import read_table

    table = read_table(BufferReader(_content(path, block)))
    assert table.num_columns == len(report.headings)
    return [tuple(each.values()) for each in table.to_pylist()]


def read_xlsx(path: Path, report: StarterReport, number: int = 0) -> tuple[list[Row], Totals]:
    """The rows of one of an XLSX file's data sheets, and the totals below them."""
    from openpyxl import load_workbook

    sheet = load_workbook(path, data_only=True).worksheets[number]
    heading = next(at for at, (value, *_) in enumerate(sheet.values) if value is None)
    header, *lines = sheet.iter_rows(min_row=heading + 2)
    assert [cell.value for cell in header] == report.plain_headings
    assert sheet.freeze_panes == f"A{heading + 3}"
    rows: list[Row] = []
    totals: Totals = {}
    is_below = False
    for cells in lines:
        label = cells[0].value
        is_below = is_below or all(cell.value is None for cell in cells)
        if is_below and str(label or "").startswith("Total"):
            code = str(label).removeprefix("Total").strip() or None
            totals[code] = _sums(report, cells, code)
        elif not is_below and cells[0].style_id and not cells[0].font.italic:
            codes = _xlsx_currency(report, cells)
            rows.append(tuple(_xlsx_value(report, i, c, codes) for i, c in enumerate(cells)))
    return rows, totals


def pdf_text(path: Path) -> str:
    """The text of a PDF's pages in the order of its content, without white space."""
    from pypdfium2 import PdfDocument

    with PdfDocument(path) as document:
        text = "".join(page.get_textpage().get_text_range() for page in document)
    return _squeezed(text)


def pdf_lines(report: StarterReport, rows: Iterable[Row], totals: Totals) -> list[str]:
    """The text of rows and totals in a PDF in the locale en_GB, in order, without white space."""
    shown = [
        "".join(
            _shown(report, index, value, _currency(report, row)) for index, value in enumerate(row)
        )
        for row in rows
    ]
    for currency, sums in sorted(totals.items(), key=str):
        label = "Total" if currency is None else f"Total {currency}"
        shown.append(label + "".join(_shown(report, i, sums[i], currency) for i in sorted(sums)))
    return [_squeezed(each) for each in shown]


def _row(report: StarterReport, line: Sequence[str], read: Callable[[str, Any], int]) -> Row:
    currency = _currency(report, line)
    return tuple(_value(report, i, text, currency, read) for i, text in enumerate(line))


def _value(
    report: StarterReport, index: int, text: str, currency: Any, read: Callable[[str, Any], int]
) -> Any:
    heading = report.plain_headings[index]
    if text == "":
        return None
    if heading in _DAYS:
        return date.fromisoformat(text)
    if report.is_yes_or_no(index):
        return {"true": True, "false": False}[text]
    if report.is_share(index):
        return Decimal(text)
    if report.has_money(index):
        return read(text, currency)
    return int(text) if report.is_whole(index) else _unguarded(text)


def _from_minor(text: str, currency: Any) -> int:
    assert currency in DIGITS
    return int(text)


def _from_major(text: str, currency: Any) -> int:
    digits = DIGITS[currency]
    assert re.fullmatch(r"-?\d+" + (rf"\.\d{{{digits}}}" if digits else ""), text), text
    return int(Decimal(text).scaleb(digits))


def _unguarded(text: str) -> str:
    # One name of the season has a formula after a semicolon.
    return text.replace(";' =", "; =")


def _currency(report: StarterReport, row: Sequence[Any]) -> Any:
    names = report.plain_headings
    return row[names.index("Currency")] if "Currency" in names else None


def _xlsx_currency(report: StarterReport, cells: Sequence[Any]) -> Any:
    return _currency(report, [cell.value for cell in cells])


def _xlsx_value(report: StarterReport, index: int, cell: Any, currency: Any) -> Any:
    if cell.value is None:
        return None
    heading = report.plain_headings[index]
    if heading in _DAYS:
        assert isinstance(cell.value, datetime)
        assert cell.is_date
        return cell.value.date()
    if report.is_yes_or_no(index):
        assert cell.data_type == "b"
        return cell.value
    if not (report.has_money(index) or report.is_whole(index) or report.is_share(index)):
        assert cell.data_type == "s"
        return cell.value
    assert cell.data_type == "n"
    if report.is_share(index):
        return _share(cell)
    return _whole(cell, DIGITS[currency] if report.has_money(index) else 0)


def _whole(cell: Any, digits: int) -> int:
    number = Decimal(repr(cell.value)).scaleb(digits)
    assert number == int(number), cell.value
    shown = re.search(r"0(?:\.(0+))?", cell.number_format)
    assert shown is not None
    assert len(shown[1] or "") == digits, cell.number_format
    return int(number)


def _share(cell: Any) -> Decimal | None:
    if cell.value is None:
        return None
    assert cell.number_format == "0.00%", cell.number_format
    return Decimal(repr(cell.value))


def _sums(report: StarterReport, cells: Sequence[Any], currency: str | None) -> dict[int, Any]:
    sums = {
        index: _whole(cell, DIGITS[currency] if currency and report.has_money(index) else 0)
        for index, cell in enumerate(cells)
        if report.is_summed(index)
    }
    shares = [report.plain_headings.index(name) for name in report.shares]
    return sums | {index: _share(cells[index]) for index in shares}


def _shown(report: StarterReport, index: int, value: Any, currency: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case date():
            month = "Sept" if value.month == 9 else f"{value:%b}"
            return f"{value.day} {month} {value.year}"
        case Decimal() | int():
            return _shown_number(report, index, value, currency)
        case _:
            return str(value)


def _shown_number(report: StarterReport, index: int, value: Decimal | int, currency: Any) -> str:
    if report.is_share(index):
        return f"{value * 100:.2f}%"
    if report.has_money(index):
        return f"{Decimal(value).scaleb(-DIGITS[currency]):,}"
    return f"{value:,}"


def _squeezed(text: str) -> str:
    return re.sub(r"\s", "", text)
