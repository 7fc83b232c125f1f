"""Periods: invalid periods are refused, and each period has its own name in paths."""

from datetime import date, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reporting_pipeline.domain.period import Period

EVENT = UUID("00000002-0000-4000-8000-00000000000a")
_DAYS = st.dates(date(2000, 1, 1), date(2099, 12, 31))


def _period(first: str | None, last: str, event_id: UUID | None = None) -> Period:
    end = date.fromisoformat(last) + timedelta(days=1)
    return Period(
        first=None if first is None else date.fromisoformat(first), end=end, event_id=event_id
    )


@pytest.mark.parametrize(
    ("period", "token", "text"),
    [
        (_period("2026-02-28", "2026-02-28"), "2026-02-28", "2026-02-28"),
        (_period("2026-02-01", "2026-02-28"), "2026-02", "2026-02-01 to 2026-02-28"),
        (_period("2028-02-01", "2028-02-29"), "2028-02", "2028-02-01 to 2028-02-29"),
        (
            _period("2028-02-01", "2028-02-28"),
            "2028-02-01_2028-02-28",
            "2028-02-01 to 2028-02-28",
        ),
        (
            _period("2026-02-23", "2026-03-01"),
            "2026-02-23_2026-03-01",
            "2026-02-23 to 2026-03-01",
        ),
        (
            _period("2025-12-01", "2026-12-31"),
            "2025-12-01_2026-12-31",
            "2025-12-01 to 2026-12-31",
        ),
        (_period(None, "2026-02-28", EVENT), f"event-{EVENT}_2026-02-28", "to 2026-02-28"),
        (
            _period("2026-02-01", "2026-02-28", EVENT),
            f"event-{EVENT}_2026-02",
            "2026-02-01 to 2026-02-28",
        ),
    ],
)
def test_a_period_has_one_name_in_paths_and_one_for_people(
    period: Period, token: str, text: str
) -> None:
    assert period.token == token
    assert str(period) == text


def test_an_empty_period_is_refused() -> None:
    day = date(2026, 3, 1)
    with pytest.raises(ValueError, match="ends on 2026-02-28, before its first day 2026-03-01"):
        Period(first=day, end=day)


def test_a_name_with_its_ends_exchanged_is_refused_as_such() -> None:
    with pytest.raises(ValueError, match="not a period: it ends on 2026-02-23, before its first"):
        Period.of_token("2026-03-01_2026-02-23")


def test_only_the_period_of_an_event_can_have_no_first_day() -> None:
    with pytest.raises(ValueError, match="without a first day must be an event's"):
        Period(first=None, end=date(2026, 3, 1))


@given(_DAYS, st.integers(1, 60), _DAYS, st.integers(1, 60))
def test_different_days_have_different_names(a: date, m: int, b: date, n: int) -> None:
    one = Period(first=a, end=a + timedelta(days=m))
    other = Period(first=b, end=b + timedelta(days=n))
    assert (one.token == other.token) == (one == other)


@given(_DAYS, st.integers(1, 400), st.booleans(), st.booleans())
def test_the_name_of_a_period_gives_the_period(
    first: date, day_count: int, is_of_event: bool, has_first: bool
) -> None:
    period = Period(
        first=first if has_first or not is_of_event else None,
        end=first + timedelta(days=day_count),
        event_id=EVENT if is_of_event else None,
    )
    if is_of_event and has_first and day_count == 1:
        return  # it has the name of the event up to that day
    assert Period.of_token(period.token) == period


@pytest.mark.parametrize(
    "token",
    [
        *("", "2026", "2026-13", "2026-02-29", "2026-2-3", "9999-12-31", "2026-02-28 ", "event-x"),
        *("2026-03-01_2026-02-01", "2026-02-28_2026-02-28", "2026-02-01_2026-02-28", "../2026-02"),
        *(
            "٢٠٢٦-02-28",
            "20260228",
            "2026-W09-1",
            f"event-{EVENT}",
            f"event-{str(EVENT).upper()}_x",
        ),
    ],
)
def test_a_text_that_is_not_a_period_is_refused(token: str) -> None:
    with pytest.raises(ValueError, match="is not a period"):
        Period.of_token(token)
