"""The gate's verdicts, and the seals and watermarks of a manifest."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from reporting_pipeline.checks.seals import Seal, SealedPeriod, SealState, Watermark
from reporting_pipeline.publishing.gate import Verdict, judge, seal_parts, watermark_parts
from reporting_pipeline.report_definitions.definition import Category

FIRST = date(2025, 5, 1)
SETTLED_AT = datetime(2025, 5, 9, 2, tzinfo=UTC)


def sealed(*states: SealState, reached: datetime | None = SETTLED_AT) -> SealedPeriod:
    """Days from the first of May on, in these states."""
    return SealedPeriod(
        seals=tuple(
            Seal(
                day=FIRST + timedelta(days=index),
                state=state,
                reasons=() if state is SealState.FINAL else (f"is {state}",),
            )
            for index, state in enumerate(states)
        ),
        watermarks=(Watermark(domain="ledger", complete_through=reached),),
        settled_at=SETTLED_AT,
    )


F, P, H = SealState.FINAL, SealState.PROVISIONAL, SealState.HELD


@pytest.mark.parametrize(
    ("category", "states", "is_allowed", "verdict"),
    [
        (Category.FINANCIAL, [F, F], False, Verdict()),
        (Category.FINANCIAL, [F, F], True, Verdict()),
        (Category.FINANCIAL, [F, P], False, Verdict(is_provisional=True)),
        (
            Category.FINANCIAL,
            [F, H, H, P],
            False,
            Verdict(held_by=("2025-05-02 to 2025-05-03: is held",)),
        ),
        (Category.FINANCIAL, [F, H], True, Verdict(is_provisional=True)),
        (Category.SALES, [H], False, Verdict()),
        (Category.OPERATIONAL, [P], False, Verdict()),
    ],
)
def test_only_financial_reports_are_held_or_provisional(
    category: Category, states: list[SealState], is_allowed: bool, verdict: Verdict
) -> None:
    assert judge(category, sealed(*states), is_provisional_allowed=is_allowed) == verdict


def test_a_report_that_depends_on_no_day_is_published() -> None:
    assert judge(Category.FINANCIAL, None, is_provisional_allowed=False) == Verdict()


def test_days_with_one_state_and_reason_are_one_part() -> None:
    parts = seal_parts(sealed(F, F, H, F))

    assert [(part.first.day, part.end.day, part.state) for part in parts] == [
        (1, 3, "final"),
        (3, 4, "held"),
        (4, 5, "final"),
    ]


@pytest.mark.parametrize(
    ("reached", "text"),
    [
        (SETTLED_AT - timedelta(hours=1), "2025-05-09T01:00:00Z"),
        (SETTLED_AT, "2025-05-09T02:00:00Z"),
        (SETTLED_AT + timedelta(days=400), "2025-05-09T02:00:00Z"),
        (
            (SETTLED_AT - timedelta(hours=1)).astimezone(ZoneInfo("Asia/Tokyo")),
            "2025-05-09T01:00:00Z",
        ),
        (None, "never"),
    ],
)
def test_the_watermark_of_a_source_past_the_period_does_not_change(
    reached: datetime | None, text: str
) -> None:
    [part] = watermark_parts(sealed(F, reached=reached))

    assert part.complete_through == text
