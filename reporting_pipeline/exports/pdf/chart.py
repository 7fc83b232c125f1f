"""The chart of a report: bars of one measure over days or names, one panel for each currency.

Amounts stay whole numbers of minor units; currencies never share an axis. Over days, each calendar
day of the period has a place, also a day without rows, or each month of a long period. Lengths are
computed from whole numbers, in hundredths of a point; only the places of labels are estimated.
Labels are text of the page: text inside an SVG is set letter by letter, which breaks scripts with
joined letters.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import TypeAlias

from babel.dates import format_skeleton
from markupsafe import Markup

from reporting_pipeline.exports.canonical_rows import CanonicalRow
from reporting_pipeline.exports.manifest import ColumnPart, PeriodPart
from reporting_pipeline.exports.pdf.page_texts import CellTexts
from reporting_pipeline.exports.pdf.visible_text import is_right_to_left, text_markup
from reporting_pipeline.exports.pdf.widths import ems_of
from reporting_pipeline.exports.presentation import date_for_people
from reporting_pipeline.exports.report_document import Chart
from reporting_pipeline.languages import ENGLISH, language_of, translated
from reporting_pipeline.registry.columns import ColumnType, Unit

_MAX_NAMES = 20
_MAX_DAYS = 92  # three months; more bars are too thin to distinguish
_TICKS = 4

_WIDTH = 785
_SIZE, _LABEL_HEIGHT = 6.5, 8  # of type, as in the style sheet
_GAP = 6
_PLOT_HEIGHT, _TOP, _FOOT = 78, 6, 14
_PITCH, _THICKNESS, _THICKEST = 11, 7, 32
_LONGEST_LABEL = 60
_BAR, _GRID, _AXIS = "#3b5b7d", "#d8dce1", "#7a828c"

_LABEL = Markup(
    '<span class="label {side}" style="left: {left:.2f}pt; top: {top:.2f}pt; width: {width:.2f}pt"'
    "{direction}>{text}</span>"
)
_LINE = Markup('<path d="M{x1:.2f} {y1:.2f}L{x2:.2f} {y2:.2f}" stroke="{ink}" stroke-width="0.4"/>')
_RECTANGLE = Markup('<rect x="{x:.2f}" y="{y:.2f}" width="{w:.2f}" height="{h:.2f}" fill="{ink}"/>')
_PICTURE = Markup(
    '<div class="chart" style="height: {h:.2f}pt"><svg xmlns="http://www.w3.org/2000/svg"'
    ' viewBox="0 0 {w} {h:.2f}" width="{w}pt" height="{h:.2f}pt">'
    "<title>{title}</title>{shapes}</svg>{labels}</div>"
)

_Series: TypeAlias = Mapping[str | None, int]
_Line: TypeAlias = tuple[Sequence[tuple[str, int]], str]
"""The names and values of bars, in order, and a note about them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """The bars of one currency.

    Attributes:
        title: The measure, the horizontal axis and the currency; also the alternative text.
        note: A sentence that the reader must know; may be empty.
    """

    title: str
    note: str
    svg: Markup


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One bar: its name, its value, and its value as people read it."""

    label: str
    value: int
    value_text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """The marks of an axis in rising order, at least two: each a value and its text."""

    marks: tuple[tuple[int, str], ...]

    def share(self, value: int, length: int) -> float:
        """The distance of a value from the lowest mark, on an axis of that many points."""
        low, high = self.marks[0][0], self.marks[-1][0]
        return (value - low) * length * 100 // (high - low) / 100


@dataclass(frozen=True, slots=True, kw_only=True)
class _Calendar:
    """The days [first, end) of a chart."""

    first: date
    end: date

    @classmethod
    def of(cls, first: date | None, end: date, days: Iterable[date]) -> "_Calendar":
        """The days of a period and all days of its rows; an open period begins with its rows."""
        known = sorted(days)
        begin = min([first or end - timedelta(days=1), *known[:1]])
        last = max([end - timedelta(days=1), *known[-1:]])
        return cls(first=begin, end=last + timedelta(days=1))

    @property
    def is_by_month(self) -> bool:
        """True if there are too many days for a bar each; the first and last may be parts."""
        return (self.end - self.first).days > _MAX_DAYS

    def places(self, sums: Mapping[date, int], locale: str) -> Iterator[tuple[str, int]]:
        """Each day or month in order: its label and its sum, 0 where there are no rows."""
        found: dict[str, int] = {}
        for number in range((self.end - self.first).days):
            day = self.first + timedelta(days=number)
            label = self._label(day, locale)
            found[label] = found.get(label, 0) + sums.get(day, 0)
        yield from found.items()

    def _label(self, day: date, locale: str) -> str:
        if self.is_by_month:
            return str(format_skeleton("yMMM", day, locale=locale))
        return date_for_people(day, locale)


def panels(
    chart: Chart, texts: CellTexts, rows: Iterable[CanonicalRow], period: PeriodPart
) -> list[Panel]:
    """One panel per currency of the rows, in the order of their codes.

    There are no panels if each would have a single bar, which compares nothing. Over days, all
    panels have the same days.
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
    line_of: Callable[[_Series], _Line] = partial(_largest, texts, x)
    if x.type == ColumnType.DATE:
        days = (day for series in sums.values() for day in series if day is not None)
        calendar = _Calendar.of(period.first, period.end, map(date.fromisoformat, days))
        line_of = partial(_by_day, calendar, texts.locale)
    # German nouns keep their capital letter.
    axis = x.header.lower() if language_of(texts.locale) == ENGLISH else x.header
    title = translated("{measure} by {axis}", texts.locale, measure=y.header, axis=axis)
    titles = {code: f"{title}{f', {code}' if code else ''}" for code in sums}
    draw = _vertical_bars if x.type == ColumnType.DATE else _horizontal_bars
    return [
        _panel(titles[code], line_of(sums[code]), draw, partial(_figure_text, texts, y, code))
        for code in sorted(sums, key=lambda code: code or "")
    ]


def _panel(
    title: str,
    line: _Line,
    draw: Callable[[str, Sequence[Bar], Axis], Markup],
    figure_text: Callable[[int], str],
) -> Panel:
    named, note = line
    bars = [Bar(label=name, value=value, value_text=figure_text(value)) for name, value in named]
    axis = _axis([value for _, value in named], figure_text)
    return Panel(title=title, note=note, svg=draw(title, bars, axis))


def _by_day(calendar: _Calendar, locale: str, series: _Series) -> _Line:
    """The days in order; rows without a day have no bar."""
    sums = {date.fromisoformat(day): value for day, value in series.items() if day is not None}
    note = translated("Each bar is a month.", locale) if calendar.is_by_month else ""
    return list(calendar.places(sums, locale)), note


def _largest(texts: CellTexts, x: ColumnPart, series: _Series) -> _Line:
    """The largest names, and the sum of all others as one bar, so that nothing is left out."""
    ranked = sorted(series.items(), key=lambda item: (-abs(item[1]), item[0] or ""))
    none = translated("(none)", texts.locale)
    named = [(texts.text(x, name, None) or none, value) for name, value in ranked]
    if len(named) <= _MAX_NAMES:
        return named, ""
    rest = named[_MAX_NAMES - 1 :]
    label = translated("{count} others", texts.locale, count=len(rest))
    others = (label, sum(value for _, value in rest))
    note = translated("The last bar is the sum of {others}.", texts.locale, others=label)
    return [*named[: _MAX_NAMES - 1], others], note


def _axis(values: list[int], figure_text: Callable[[int], str]) -> Axis:
    """Round whole numbers, 0 among them, that enclose all values."""
    low, high = min(0, *values, 0), max(0, *values, 0)
    least_step = max(1, -(-(high - low) // _TICKS))
    power = 10 ** (len(str(least_step)) - 1)
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= least_step)
    first, last = low // step, max(-(-high // step), 1)
    ticks = [step * index for index in range(first, last + 1)]
    return Axis(marks=tuple((tick, figure_text(tick)) for tick in ticks))


def _figure_text(texts: CellTexts, column: ColumnPart, currency: str | None, value: int) -> str:
    return texts.text(column, str(value), currency)


def _vertical_bars(title: str, bars: Sequence[Bar], axis: Axis) -> Markup:
    """Bars from left to right, with as many labels as there is room for."""
    left = _widest(text for _, text in axis.marks) + _GAP
    room = (_WIDTH - left) / max(len(bars), 1)
    thick = min(room * 0.8, _THICKEST)
    ground = _TOP + _PLOT_HEIGHT
    zero = ground - axis.share(0, _PLOT_HEIGHT)
    shapes, labels = [], []
    for value, text in axis.marks:
        y = ground - axis.share(value, _PLOT_HEIGHT)
        shapes.append(_line(left, y, _WIDTH, y, is_zero=value == 0))
        labels.append(_label(text, 0, y, left - _GAP / 2, "before"))
    every = max(1, int(-(-(_widest(bar.label for bar in bars) + _GAP) // room)))
    for index, bar in enumerate(bars):
        middle = left + (index + 0.5) * room
        end = ground - axis.share(bar.value, _PLOT_HEIGHT)
        shapes.append(_rectangle(middle - thick / 2, min(end, zero), thick, abs(end - zero)))
        if index % every == 0:
            width = room * every
            labels.append(_label(bar.label, middle - width / 2, ground + _GAP, width, "centred"))
    return _picture(title, ground + _FOOT, shapes, labels)


def _horizontal_bars(title: str, bars: Sequence[Bar], axis: Axis) -> Markup:
    """Bars from top to bottom, each with its name before it and its value after it."""
    names = [_short_label(bar.label) for bar in bars]
    left = _widest(names) + _GAP
    right = _widest(bar.value_text for bar in bars) + 2 * _GAP
    length = max(int(_WIDTH - left - right), 50)
    zero = left + axis.share(0, length)
    shapes = [_line(zero, _TOP - 2, zero, _TOP + _PITCH * len(bars), is_zero=True)]
    labels = []
    for index, (bar, name) in enumerate(zip(bars, names, strict=True)):
        y = _TOP + index * _PITCH
        end = left + axis.share(bar.value, length)
        shapes.append(_rectangle(min(zero, end), y, abs(end - zero), _THICKNESS))
        labels += [
            _label(name, 0, y + _THICKNESS / 2, left - _GAP / 2, "before"),
            _label(bar.value_text, max(zero, end) + 3, y + _THICKNESS / 2, right, "behind"),
        ]
    return _picture(title, _TOP + _PITCH * len(bars) + 2, shapes, labels)


def _widest(texts: Iterable[str]) -> float:
    return max(map(ems_of, texts), default=0.0) * _SIZE


def _short_label(label: str) -> str:
    """A label may be cut, visibly, because the table has the whole name."""
    line = " ".join(label.split())
    return line if len(line) <= _LONGEST_LABEL else line[: _LONGEST_LABEL - 1] + "…"


def _label(text: str, left: float, middle: float, width: float, side: str) -> Markup:
    direction = Markup(' dir="rtl"') if is_right_to_left(text) else ""
    top = middle - _LABEL_HEIGHT / 2
    return _LABEL.format(
        side=side, left=left, top=top, width=width, direction=direction, text=text_markup(text)
    )


def _line(x1: float, y1: float, x2: float, y2: float, *, is_zero: bool) -> Markup:
    return _LINE.format(x1=x1, y1=y1, x2=x2, y2=y2, ink=_AXIS if is_zero else _GRID)


def _rectangle(x: float, y: float, width: float, height: float) -> Markup:
    return _RECTANGLE.format(x=x, y=y, w=width, h=height, ink=_BAR)


def _picture(
    title: str, height: float, shapes: Sequence[Markup], labels: Sequence[Markup]
) -> Markup:
    join = Markup("").join
    return _PICTURE.format(
        w=_WIDTH, h=height, title=title, shapes=join(shapes), labels=join(labels)
    )
