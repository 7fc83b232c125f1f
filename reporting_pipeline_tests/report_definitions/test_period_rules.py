"""Period rules turn the day on which a report is due into the days that it covers."""

from datetime import date, timedelta
from typing import Any, get_args
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reporting_pipeline.domain.period import Period
from reporting_pipeline.errors import DefinitionInvalid
from reporting_pipeline.report_definitions.period_rules import (
    PeriodRule,
    Rule,
    Weekday,
    resolve,
    unfit_period,
)

EVENT = UUID("00000002-0000-4000-8000-00000000000a")
WEEKDAYS: tuple[Weekday, ...] = get_args(Weekday)
_DAYS = st.dates(date(2000, 3, 1), date(2099, 12, 31))
_RULES = st.sampled_from([rule for rule in get_args(Rule) if rule != "range"])


def _rule(rule: str, **fields: Any) -> PeriodRule:
    return PeriodRule.model_validate({"rule": rule} | fields)


@pytest.mark.parametrize(
    ("rule", "as_of", "first", "last"),
    [
        (_rule("previous_day"), "2026-03-01", "2026-02-28", "2026-02-28"),
        (_rule("previous_day"), "2028-03-01", "2028-02-29", "2028-02-29"),
        (_rule("previous_week"), "2026-03-02", "2026-02-23", "2026-03-01"),
        (_rule("previous_week"), "2026-03-08", "2026-02-23", "2026-03-01"),
        (
            _rule("previous_week", first_weekday="sunday"),
            "2026-03-08",
            "2026-03-01",
            "2026-03-07",
        ),
        (_rule("previous_week"), "2027-01-01", "2026-12-21", "2026-12-27"),
        (_rule("month"), "2026-03-01", "2026-02-01", "2026-02-28"),
        (_rule("month"), "2026-01-31", "2025-12-01", "2025-12-31"),
        (_rule("month_to_date"), "2026-03-02", "2026-03-01", "2026-03-01"),
        (_rule("month_to_date"), "2026-03-01", "2026-02-01", "2026-02-28"),
        (
            _rule("range", first_day="2026-01-05", last_day="2026-02-28"),
            "2026-03-01",
            "2026-01-05",
            "2026-02-28",
        ),
    ],
)
def test_a_rule_gives_these_days(rule: PeriodRule, as_of: str, first: str, last: str) -> None:
    period = resolve(rule, date.fromisoformat(as_of))
    assert (str(period.first), str(period.last)) == (first, last)
    assert period.event_id is None


def test_event_to_date_is_the_whole_event_before_the_day() -> None:
    period = resolve(_rule("event_to_date"), date(2026, 3, 1), EVENT)
    assert (period.first, period.last, period.event_id) == (None, date(2026, 2, 28), EVENT)


def test_event_to_date_needs_the_event() -> None:
    with pytest.raises(DefinitionInvalid, match=r"^period.rule: event_to_date covers one event"):
        resolve(_rule("event_to_date"), date(2026, 3, 1))


@given(_RULES, _DAYS)
def test_every_day_of_a_period_is_over_when_the_report_is_due(rule: str, as_of: date) -> None:
    assert resolve(_rule(rule), as_of, EVENT).end <= as_of


@given(st.sampled_from(WEEKDAYS), _DAYS)
def test_a_week_has_seven_days_begins_on_its_weekday_and_is_the_last_one(
    first_weekday: Weekday, as_of: date
) -> None:
    period = resolve(_rule("previous_week", first_weekday=first_weekday), as_of)
    assert period.first is not None
    assert WEEKDAYS[period.first.weekday()] == first_weekday
    assert (period.end - period.first).days == len(WEEKDAYS)
    assert (as_of - period.end).days < len(WEEKDAYS)


@given(st.sampled_from(["previous_week", "month"]), _DAYS)
def test_periods_follow_each_other_without_gap_or_overlap(rule: str, as_of: date) -> None:
    period = resolve(_rule(rule), as_of)
    later = [resolve(_rule(rule), as_of + timedelta(days=n)) for n in range(1, 32)]
    following = next(each for each in later if each != period)
    assert following.first == period.end


@given(_DAYS)
def test_a_month_to_date_grows_by_a_day_until_the_month_is_whole(as_of: date) -> None:
    period = resolve(_rule("month_to_date"), as_of)
    assert period.end == as_of
    assert period.first == period.last.replace(day=1)


@given(_RULES, _DAYS, st.sampled_from(WEEKDAYS))
def test_every_period_of_a_rule_fits_it(rule: Rule, as_of: date, weekday: Weekday) -> None:
    fields = {"first_weekday": weekday} if rule == "previous_week" else {}
    event = EVENT if rule == "event_to_date" else None
    assert unfit_period(_rule(rule, **fields), resolve(_rule(rule, **fields), as_of, event)) is None


@pytest.mark.parametrize(
    ("rule", "token", "right"),
    [
        (_rule("previous_week"), "2026-02-28", "2026-02-23_2026-03-01"),
        (_rule("previous_week"), "2026-02", "2026-02-23_2026-03-01"),
        (_rule("previous_week"), "2026-02-22_2026-02-28", "2026-02-23_2026-03-01"),
        (
            _rule("previous_week", first_weekday="sunday"),
            "2026-02-23_2026-03-01",
            "2026-03-01_2026-03-07",
        ),
        (_rule("previous_day"), f"event-{EVENT}_2026-02-28", "2026-02-28"),
        (_rule("month"), "2026-02-28", "2026-02"),
        (_rule("month"), "2026-02-02_2026-03-31", "2026-03"),
        (_rule("month_to_date"), "2026-01-01_2026-02-28", "2026-02"),
        (_rule("month_to_date"), "2026-02-27_2026-02-28", "2026-02"),
        (_rule("month_to_date"), "2026-02-27", "2026-02-01_2026-02-27"),
        (
            _rule("range", first_day="2026-01-05", last_day="2026-02-28"),
            "2026-02",
            "2026-01-05_2026-02-28",
        ),
        (_rule("event_to_date"), f"event-{EVENT}_2026-02", f"event-{EVENT}_2026-02-28"),
        (_rule("event_to_date"), "2026-02-28", "event-<id>_2026-02-28"),
    ],
)
def test_a_period_that_does_not_fit_is_refused_with_the_right_one(
    rule: PeriodRule, token: str, right: str
) -> None:
    reason = unfit_period(rule, Period.of_token(token))
    assert reason is not None
    assert reason.startswith(f"the period {token} ")
    assert reason.endswith((f"; take {right}", f": {right}"))
    if "<id>" not in right:
        assert unfit_period(rule, Period.of_token(right)) is None


@pytest.mark.parametrize(
    ("rule", "token"),
    [
        (_rule("previous_day"), "2026-02"),
        (_rule("previous_week"), "2026-02-16_2026-03-01"),
        (_rule("month"), "2026-01-01_2026-03-31"),
    ],
)
def test_several_whole_periods_fit_too(rule: PeriodRule, token: str) -> None:
    assert unfit_period(rule, Period.of_token(token)) is None


def test_the_days_of_one_event_fit_a_rule_of_days() -> None:
    week = Period.of_token(f"event-{EVENT}_2026-02-23_2026-03-01")
    assert unfit_period(_rule("previous_week"), week) is None
