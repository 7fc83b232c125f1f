"""Charts of reports: whole numbers, one axis per currency, nothing left out."""

import re
from collections.abc import Sequence
from datetime import UTC, date

from reporting_pipeline.exports.canonical_rows import CanonicalRow
from reporting_pipeline.exports.manifest import ColumnPart, PeriodPart
from reporting_pipeline.exports.pdf.chart import Axis, Panel, panels
from reporting_pipeline.exports.pdf.page_texts import CellTexts
from reporting_pipeline.exports.report_document import Chart

COLUMNS = tuple(
    ColumnPart(name=name, header=name.capitalize(), type=type_, unit=unit, kind="attribute")
    for name, type_, unit in (
        ("date", "date", None),
        ("name", "text", None),
        ("currency", "character(3)", None),
        ("gross", "bigint", "minor"),
    )
)
TEXTS = CellTexts(columns=COLUMNS, currency="currency", locale="en_GB", zone=UTC)


JANUARY = PeriodPart(
    first=date(2026, 1, 1), end=date(2026, 2, 1), event_id=None, token=date(2026, 1, 1).isoformat()
)
MONTHS = ["Aug 2025", "Sept 2025", "Oct 2025", "Nov 2025", "Dec 2025", "Jan 2026"]


def drawn(x: str, rows: Sequence[CanonicalRow], period: PeriodPart = JANUARY) -> list[Panel]:
    return panels(Chart(x=x, y="gross"), TEXTS, rows, period)


def labels(panel: Panel) -> list[str]:
    return re.findall(r'<span class="label[^>]*>([^<]*)</span>', panel.svg)


def bars(panel: Panel) -> list[tuple[float, float]]:
    """The widths and heights of the bars."""
    found = re.findall(r'<rect [^>]*width="([0-9.]+)" height="([0-9.]+)"', panel.svg)
    return [(float(width), float(height)) for width, height in found]


def test_each_currency_has_its_own_panel() -> None:
    rows = [
        ("2026-01-02", "a", "JPY", "500"),
        ("2026-01-01", "a", "EUR", "500"),
        ("2026-01-02", "a", "EUR", "100"),
    ]

    found = drawn("date", rows)

    assert [panel.title for panel in found] == ["Gross by date, EUR", "Gross by date, JPY"]
    assert ["6.00" in labels(panel) for panel in found] == [True, False]
    assert all(f"<title>{panel.title}</title>" in panel.svg for panel in found)


def test_values_of_one_name_are_summed_without_nulls() -> None:
    rows = [
        (None, "a", "EUR", "100"),
        (None, "a", "EUR", "-40"),
        (None, "b", "EUR", None),
        (None, None, "EUR", "30"),
    ]

    (panel,) = drawn("name", rows)

    assert labels(panel) == ["a", "0.60", "(none)", "0.30"]
    (a, _), (none, _) = bars(panel)
    assert abs(a - 2 * none) < 0.02


def test_names_beyond_the_largest_are_summed_in_one_bar() -> None:
    (panel,) = drawn("name", [(None, f"n{n:02}", "EUR", str(n)) for n in range(1, 31)])

    assert labels(panel)[:2] == ["n30", "0.30"]
    assert labels(panel)[-2:] == ["11 others", "0.66"]
    assert panel.note == "The last bar is the sum of 11 others."


def test_each_day_of_the_period_has_a_place() -> None:
    rows = [("2026-01-03", "a", "EUR", "100"), ("2026-01-30", "a", "EUR", "50")]

    (panel,) = drawn("date", rows)

    heights = [height for _, height in bars(panel)]
    assert len(heights) == 31
    assert [index for index, height in enumerate(heights) if height] == [2, 29]
    assert "1 Jan 2026" in labels(panel)


def test_a_day_outside_of_the_period_has_one_too() -> None:
    rows = [("2025-12-30", "a", "EUR", "100"), ("2026-02-02", "a", "EUR", "50")]

    (panel,) = drawn("date", rows)

    heights = [height for _, height in bars(panel)]
    assert len(heights) == 2 + 31 + 2
    assert heights[0] > heights[-1] > 0


def test_a_long_period_has_a_place_for_each_month_in_every_currency() -> None:
    life = JANUARY.model_copy(update={"first": None})
    rows = [
        ("2025-08-31", "a", "EUR", "100"),
        ("2025-10-01", "a", "EUR", "100"),
        ("2025-10-31", "a", "EUR", "100"),
        ("2026-01-31", "a", "JPY", "100"),
    ]

    euros, yen = drawn("date", rows, life)

    shares = [round(height / bars(euros)[0][1]) for _, height in bars(euros)]
    assert shares == [1, 0, 2, 0, 0, 0]
    assert len(bars(yen)) == 6
    assert labels(euros)[-6:] == MONTHS
    assert euros.note == "Each bar is a month."


def test_without_values_there_is_no_chart() -> None:
    assert drawn("date", []) == []
    assert drawn("date", [("2026-01-01", "a", "EUR", None)]) == []


def test_a_single_bar_is_no_chart() -> None:
    assert drawn("name", [(None, "a", "EUR", "1"), (None, "a", "EUR", "2")]) == []
    assert drawn("name", [(None, "a", "EUR", "1"), (None, "a", "JPY", "2")]) == []


def test_marks_are_round_and_hold_the_largest_numbers_exactly() -> None:
    (panel,) = drawn(
        "date", [("2026-01-01", "a", "XXY", str(2**63 - 1)), ("2026-01-02", "", "XXY", "-1")]
    )

    marks = [int(label) for label in labels(panel) if " " not in label]
    assert marks[0] < 0 < marks[-1]
    assert marks[-1] >= 2**63 - 1
    assert all(mark % 10**17 == 0 for mark in marks)


def test_an_axis_measures_in_hundredths_of_a_point() -> None:
    axis = Axis(marks=((0, "0"), (3, "3")))
    assert [axis.share(value, 100) for value in (0, 1, 2, 3)] == [0, 33.33, 66.66, 100]
