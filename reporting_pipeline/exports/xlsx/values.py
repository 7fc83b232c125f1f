"""What a cell of a data sheet means: the canonical text of its value, the inverse of `cells`.

What belongs here: one cell. What does not: sheets and rows.
"""

import math
import re
from collections.abc import Callable
from decimal import Decimal
from typing import TypeAlias

from reporting_pipeline.exports.manifest import ColumnPart, Manifest
from reporting_pipeline.exports.presentation import minor_digits, minor_of
from reporting_pipeline.exports.xlsx import styles
from reporting_pipeline.exports.xlsx.cells import EXACT_BELOW
from reporting_pipeline.exports.xlsx.instants import WallClock, date_of
from reporting_pipeline.exports.xlsx.sheet_xml import Cell
from reporting_pipeline.exports.xlsx.styles import Style
from reporting_pipeline.registry.columns import ColumnType, Unit

CellReader: TypeAlias = Callable[[Cell, Style, str | None], str]
"""A cell that is not empty, its style, its row's currency -> canonical text; ValueError: none."""

_INTEGER = re.compile(r"-?[0-9]+")
_MICRO = Decimal("0.000001")


def cell_reader(column: ColumnPart, manifest: Manifest) -> CellReader:
    """What reads the cells of one column."""
    if column.type == ColumnType.INSTANT:
        return _instant_reader(manifest.time_zone)
    if column.unit == Unit.MINOR:
        return _money
    return _READERS.get(column.type, _text)


def _money(cell: Cell, style: Style, code: str | None) -> str:
    if cell.kind == "text":
        minor = minor_of(cell.text or "", code)
        if minor is None or abs(minor) < EXACT_BELOW:
            raise ValueError(f"text {cell.text!r} where money is expected")
        _require(style, styles.AMOUNT_TEXT)
        return str(minor)
    digits = minor_digits(code)
    shifted = _number(cell).scaleb(digits or 0)
    if shifted != int(shifted):
        raise ValueError(f"{cell.text}, which {code or 'no currency'} has no minor unit for")
    _require(style, styles.money(digits))
    return str(int(shifted))


def _count(cell: Cell, style: Style, _code: str | None) -> str:
    if cell.kind == "text":
        if not _INTEGER.fullmatch(cell.text or "") or abs(int(cell.text or "")) < EXACT_BELOW:
            raise ValueError(f"text {cell.text!r} where a number is expected")
        _require(style, styles.AMOUNT_TEXT)
        return str(int(cell.text or ""))
    _require(style, styles.COUNT)
    return str(_integer(cell))


def _ratio(cell: Cell, style: Style, _code: str | None) -> str:
    number = _number(cell)
    if number != number.quantize(_MICRO):
        raise ValueError(f"{cell.text}, which has more than six decimals")
    _require(style, styles.RATIO)
    return f"{number.quantize(_MICRO):f}"


def _boolean(cell: Cell, _style: Style, _code: str | None) -> str:
    if cell.kind != "b" or cell.text not in {"0", "1"}:
        raise ValueError(f"{cell.text!r} where true or false is expected")
    return "true" if cell.text == "1" else "false"


def _date(cell: Cell, style: Style, _code: str | None) -> str:
    if cell.kind == "text":
        return cell.text or ""
    _require(style, styles.DATE)
    return date_of(_integer(cell)).isoformat()


def _instant_reader(zone: str) -> CellReader:
    clock = WallClock(zone)

    def read(cell: Cell, style: Style, _code: str | None) -> str:
        if cell.kind == "text":
            return cell.text or ""
        offset = styles.offset_of(style.number_format)
        if offset is None:
            _require(style, styles.INSTANT)
        return f"{clock.instant(_float(cell), offset):%Y-%m-%dT%H:%M:%S.%fZ}"

    return read


def _text(cell: Cell, _style: Style, _code: str | None) -> str:
    if cell.kind != "text":
        raise ValueError(f"{cell.text!r} where text is expected")
    return cell.text or ""


def _integer(cell: Cell) -> int:
    number = _number(cell)
    if number != int(number):
        raise ValueError(f"{cell.text} where a whole number is expected")
    return int(number)


def _number(cell: Cell) -> Decimal:
    # Excel and its like keep a double and write more digits of it than it had.
    return Decimal(repr(_float(cell)))


def _float(cell: Cell) -> float:
    if cell.kind != "n":
        raise ValueError(f"{cell.text!r} where a number is expected")
    number = float(cell.text or "")
    if not math.isfinite(number):
        raise ValueError(f"{cell.text!r} where a number is expected")
    return number


def _require(found: Style, expected: Style) -> None:
    if found.number_format != expected.number_format:
        raise ValueError(
            f"a value shown with the number format {found.number_format!r} instead of "
            f"{expected.number_format!r}"
        )


_READERS: dict[str, CellReader] = {
    ColumnType.BIGINT: _count,
    ColumnType.RATIO: _ratio,
    ColumnType.BOOLEAN: _boolean,
    ColumnType.DATE: _date,
}
