"""The texts on the pages: the reasons why a report is provisional."""

from datetime import date, timedelta
from pathlib import Path

from reporting_pipeline.exports.manifest import SealPart
from reporting_pipeline.exports.pdf.page_texts import provisional_reasons
from reporting_pipeline_tests.exports.pdf.pages import SALES, report, sales_rows

FIRST = date(2026, 10, 1)


def reasons(folder: Path, *of_days: str) -> list[str]:
    """The reasons on the first page for days, each of which is held for one of `of_days`."""
    seals = tuple(
        SealPart(
            first=FIRST + timedelta(days=index),
            end=FIRST + timedelta(days=index + 1),
            state="held",
            reasons=(reason,),
        )
        for index, reason in enumerate(of_days)
    )
    document = report(folder, SALES, sales_rows(1), is_provisional=True, seals=seals)
    return provisional_reasons(document.manifest)


def test_a_reason_of_several_days_is_shown_once(tmp_path: Path) -> None:
    assert reasons(tmp_path / "spool", "late", "broken", "late") == [
        "2026-10-01, 2026-10-03: late",
        "2026-10-02: broken",
    ]


def test_of_many_reasons_the_first_few_are_shown_and_the_others_counted(tmp_path: Path) -> None:
    found = reasons(tmp_path / "spool", *(f"reason {number}" for number in range(40)))

    assert found[5:] == ["2026-10-06: reason 5", "and 34 more, in the attached manifest"]
