"""The picture of a report: bars of one measure over days or names, a panel for each currency.

Amounts stay whole numbers of minor units; currencies never share an axis.

What belongs here: rows to bars and the marks of an axis. What does not: drawing them (`chart_svg`).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import TypeAlias

from markupsafe import Markup

from reporting_pipeline.exports.canonical_rows import CanonicalRow
from reporting_pipeline.exports.manifest import ColumnPart, PeriodPart
from reporting_pipeline.exports.pdf.cells import CellTexts
from reporting_pipeline.exports.pdf.chart_days import Calendar
from reporting_pipeline.exports.pdf.chart_svg import Axis, Bar, lying_bars, standing_bars
from reporting_pipeline.exports.report_document import Chart
from reporting_pipeline.registry.columns import ColumnType, Unit

_MOST_NAMES = 20
_TICKS = 4

Series: TypeAlias = Mapping[str | None, int]
_Line: TypeAlias = tuple[Sequence[tuple[str, int]], str]
_Draw: TypeAlias = Callable[[str, Sequence[Bar], Axis], Markup]


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """The bars of one currency.

    Attributes:
        title: What is drawn; also the picture's alternative text.
        note: What a reader must know of it, if anything.
    """

    title: str
    note: str
    svg: Markup


def panels(
    chart: Chart, texts: CellTexts, rows: Iterable[CanonicalRow], period: PeriodPart
) -> list[Panel]:
    """One panel per currency of the rows, in the order of their codes.

    None where each would be of a single bar, which compares nothing. Over days, all panels have the
    same ones.
    """
    places = {column.name: index for index, column in enumerate(texts.columns)}
    x, y = texts.columns[places[chart.x]], texts.columns[places[chart.y]]
    is_money = y.unit == Unit.MINOR and texts.currency is not None
    sums: dict[str | None, dict[str | None, int]] = {}
    for row in rows:
        value = row[places[chart.y]]
        if value is not None:
            currency = row[places[texts.currency]] if is_money and texts.currency else None
            series, name = sums.setdefault(currency, {}), row[places[chart.x]]
            series[name] = series.get(name, 0) + int(value)
    if all(len(series) == 1 for series in sums.values()):
        return []
    lines: Callable[[Series], _Line] = _largest
    if x.type == ColumnType.DATE:
        days = (day for series in sums.values() for day in series if day is not None)
        calendar = Calendar.of(period.first, period.end, map(date.fromisoformat, days))
        lines = partial(_by_day, calendar, texts.locale)
    titles = {
        code: f"{y.header} by {x.header.lower()}{f', {code}' if code else ''}" for code in sums
    }
    draw = standing_bars if x.type == ColumnType.DATE else lying_bars
    return [
        _panel(titles[code], lines(sums[code]), draw, partial(_figure, texts, y, code))
        for code in sorted(sums, key=lambda code: code or "")
    ]


def _panel(title: str, line: _Line, draw: _Draw, figure: Callable[[int], str]) -> Panel:
    named, note = line
    bars = [Bar(label=name, value=value, value_text=figure(value)) for name, value in named]
    axis = _axis([value for _, value in named], figure)
    return Panel(title=title, note=note, svg=draw(title, bars, axis))


def _by_day(calendar: Calendar, locale: str, series: Series) -> _Line:
    """The days in order; rows of no day have no place among them."""
    sums = {date.fromisoformat(day): value for day, value in series.items() if day is not None}
    note = "Each bar is a month." if calendar.is_by_month else ""
    return list(calendar.places(sums, locale)), note


def _largest(series: Series) -> _Line:
    """The largest names, and the sum of all others as one bar, so that nothing is left out."""
    ranked = sorted(series.items(), key=lambda item: (-abs(item[1]), item[0] or ""))
    named = [(name or "(none)", value) for name, value in ranked]
    if len(named) <= _MOST_NAMES:
        return named, ""
    rest = named[_MOST_NAMES - 1 :]
    label = f"{len(rest)} others"
    others = (label, sum(value for _, value in rest))
    return [*named[: _MOST_NAMES - 1], others], f"The last bar is the sum of {label}."


def _axis(values: list[int], figure: Callable[[int], str]) -> Axis:
    """Round whole numbers, 0 among them, from at most the least value to at least the largest."""
    low, high = min(0, *values, 0), max(0, *values, 0)
    least_step = max(1, -(-(high - low) // _TICKS))
    power = 10 ** (len(str(least_step)) - 1)
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= least_step)
    first, last = low // step, max(-(-high // step), 1)
    ticks = [step * index for index in range(first, last + 1)]
    return Axis(marks=tuple((tick, figure(tick)) for tick in ticks))


def _figure(texts: CellTexts, column: ColumnPart, currency: str | None, value: int) -> str:
    return texts.text(column, str(value), currency)
