"""The front of a PDF: what a reader must know first, on one page."""

from datetime import date, timedelta
from pathlib import Path

from reporting_pipeline.exports.manifest import SealPart
from reporting_pipeline.exports.pdf.front import reasons_of
from reporting_pipeline_tests.exports.pdf.pages import SALES, report, sales_rows

FIRST = date(2026, 10, 1)


def reasons(folder: Path, *told: str) -> list[str]:
    """What the front says of days, each held for one of the reasons."""
    seals = tuple(
        SealPart(
            first=FIRST + timedelta(days=index),
            end=FIRST + timedelta(days=index + 1),
            state="held",
            reasons=(reason,),
        )
        for index, reason in enumerate(told)
    )
    document = report(folder, SALES, sales_rows(1), is_provisional=True, seals=seals)
    return reasons_of(document.manifest)


def test_a_reason_of_several_days_is_told_once(tmp_path: Path) -> None:
    assert reasons(tmp_path / "spool", "late", "broken", "late") == [
        "2026-10-01, 2026-10-03: late",
        "2026-10-02: broken",
    ]


def test_of_many_reasons_the_first_few_are_told_and_the_others_counted(tmp_path: Path) -> None:
    found = reasons(tmp_path / "spool", *(f"reason {number}" for number in range(40)))

    assert found[5:] == ["2026-10-06: reason 5", "and 34 more, told by the proof"]
