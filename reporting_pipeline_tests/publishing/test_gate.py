"""The gate's verdicts, and the seals and watermarks of a manifest."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from reporting_pipeline.checks.seals import Seal, SealedPeriod, SealState, Watermark
from reporting_pipeline.publishing.gate import Subject, Verdict, judge, seal_parts, watermark_parts
from reporting_pipeline.report_definitions.definition import Category

FIRST = date(2025, 5, 1)
SETTLED_AT = datetime(2025, 5, 9, 2, tzinfo=UTC)


def sealed(*states: str, reached: datetime | None = SETTLED_AT) -> SealedPeriod:
    """Days from the first of May on, in these states."""
    return SealedPeriod(
        seals=tuple(
            Seal(
                day=FIRST + timedelta(days=index),
                state=_STATES[state],
                reasons=() if state == "final" else (f"is {state}",),
                has_objection=state == "wrong",
            )
            for index, state in enumerate(states)
        ),
        watermarks=(Watermark(domain="ledger", complete_through=reached),),
        settled_at=SETTLED_AT,
    )


_STATES = {
    "final": SealState.FINAL,
    "provisional": SealState.PROVISIONAL,
    "waits": SealState.HELD,
    "wrong": SealState.HELD,
}
FINANCIAL = Subject(is_financial=True, has_money=True)
MONEY = Subject(is_financial=False, has_money=True)
COUNTS = Subject(is_financial=False, has_money=False)
BREAKS = Subject(is_financial=False, has_money=True, is_list_of_breaks=True)


@pytest.mark.parametrize(
    ("seal", "financial", "money", "counts", "breaks"),
    [
        ("final", "final", "final", "final", "final"),
        ("provisional", "stamped", "stamped", "stamped", "stamped"),
        ("waits", "held", "stamped", "stamped", "stamped"),
        ("wrong", "held", "held", "stamped", "stamped"),
    ],
)
def test_a_report_is_held_by_its_money_and_never_final_over_other_seals(
    seal: str, financial: str, money: str, counts: str, breaks: str
) -> None:
    expected = {
        "final": Verdict(),
        "stamped": Verdict(is_provisional=True),
        "held": Verdict(held_by=(f"2025-05-02: is {seal}",)),
    }
    period = sealed("final", seal)

    for subject, outcome in zip(
        (FINANCIAL, MONEY, COUNTS, BREAKS), (financial, money, counts, breaks), strict=True
    ):
        assert judge(subject, period, is_provisional_allowed=False) == expected[outcome]


@pytest.mark.parametrize("subject", [FINANCIAL, MONEY])
def test_a_held_report_is_stamped_where_that_is_requested(subject: Subject) -> None:
    verdict = judge(subject, sealed("final", "wrong"), is_provisional_allowed=True)

    assert verdict == Verdict(is_provisional=True)


def test_days_with_one_reason_are_one_reason_of_a_hold() -> None:
    verdict = judge(
        FINANCIAL, sealed("final", "wrong", "wrong", "waits"), is_provisional_allowed=False
    )

    assert verdict.held_by == ("2025-05-02 to 2025-05-03: is wrong", "2025-05-04: is waits")


def test_only_days_with_an_objection_hold_money_of_another_category() -> None:
    verdict = judge(MONEY, sealed("waits", "wrong"), is_provisional_allowed=False)

    assert verdict.held_by == ("2025-05-02: is wrong",)


@pytest.mark.parametrize("category", list(Category))
@pytest.mark.parametrize(
    ("datasets", "is_reconciled"),
    [
        (["revenue_daily"], True),
        (["order_movements"], True),
        (["event_summary"], True),
        (["attendance_daily"], False),
        (["attendance_daily", "scans"], False),
        (["attendance_daily", "payouts"], True),
        (["reconciliation_breaks"], None),
        (["reconciliation_breaks", "revenue_daily"], True),
    ],
)
def test_a_report_with_money_is_reconciled_in_any_category(
    category: Category, datasets: list[str], is_reconciled: bool | None
) -> None:
    expected = is_reconciled or (is_reconciled is False and category is Category.FINANCIAL)

    assert Subject.of(category, datasets).is_reconciled is expected


def test_a_report_that_depends_on_no_day_is_published() -> None:
    assert judge(FINANCIAL, None, is_provisional_allowed=False) == Verdict()


def test_days_with_one_state_and_reason_are_one_part() -> None:
    parts = seal_parts(sealed("final", "final", "wrong", "final"))

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
    [part] = watermark_parts(sealed("final", reached=reached))

    assert part.complete_through == text
