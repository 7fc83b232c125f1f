"""Bars as SVG, standing ones for days, lying ones for names, with labels over them.

Lengths come from whole numbers, in hundredths of a point; only where a label stands is estimated.
Labels are text of the page, since text inside an SVG is set letter by letter, which no script with
joined letters bears.

What belongs here: drawing. What does not: what is drawn (`chart`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from reporting_pipeline.exports.pdf.visible import is_right_to_left, shown
from reporting_pipeline.exports.pdf.widths import ems_of

_WIDTH = 785
_SIZE, _LABEL_HEIGHT = 6.5, 8  # of type, as in the style sheet
_GAP = 6
_STANDING_HEIGHT, _TOP, _FOOT = 78, 6, 14
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One bar, its name and its value as a person reads it."""

    label: str
    value: int
    value_text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """The marks of an axis in rising order, at least two: value, and how it reads."""

    marks: tuple[tuple[int, str], ...]

    def share(self, value: int, length: int) -> float:
        """How far from the lowest mark a value lies, on an axis of that many points."""
        low, high = self.marks[0][0], self.marks[-1][0]
        return (value - low) * length * 100 // (high - low) / 100


def standing_bars(title: str, bars: Sequence[Bar], axis: Axis) -> Markup:
    """Columns from left to right; as many labels as have room."""
    left = _widest(text for _, text in axis.marks) + _GAP
    room = (_WIDTH - left) / max(len(bars), 1)
    thick = min(room * 0.8, _THICKEST)
    ground = _TOP + _STANDING_HEIGHT
    zero = ground - axis.share(0, _STANDING_HEIGHT)
    shapes, labels = [], []
    for value, text in axis.marks:
        y = ground - axis.share(value, _STANDING_HEIGHT)
        shapes.append(_line(left, y, _WIDTH, y, is_zero=value == 0))
        labels.append(_label(text, 0, y, left - _GAP / 2, "before"))
    every = max(1, int(-(-(_widest(bar.label for bar in bars) + _GAP) // room)))
    for index, bar in enumerate(bars):
        middle = left + (index + 0.5) * room
        end = ground - axis.share(bar.value, _STANDING_HEIGHT)
        shapes.append(_rectangle(middle - thick / 2, min(end, zero), thick, abs(end - zero)))
        if index % every == 0:
            width = room * every
            labels.append(_label(bar.label, middle - width / 2, ground + _GAP, width, "centred"))
    return _picture(title, ground + _FOOT, shapes, labels)


def lying_bars(title: str, bars: Sequence[Bar], axis: Axis) -> Markup:
    """Rows from above to below, each with its name before it and its value behind it."""
    names = [_short(bar.label) for bar in bars]
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


def _short(label: str) -> str:
    """A picture's label may be cut, visibly; the table has it whole."""
    line = " ".join(label.split())
    return line if len(line) <= _LONGEST_LABEL else line[: _LONGEST_LABEL - 1] + "…"


def _label(text: str, left: float, middle: float, width: float, side: str) -> Markup:
    direction = Markup(' dir="rtl"') if is_right_to_left(text) else ""
    top = middle - _LABEL_HEIGHT / 2
    return _LABEL.format(
        side=side, left=left, top=top, width=width, direction=direction, text=shown(text)
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
