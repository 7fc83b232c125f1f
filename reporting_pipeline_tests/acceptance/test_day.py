"""A day of the pipeline with its daemon, on which clocks go forward and back.

The time is simulated, but the daemon is real: schedules, sensors and the queue are Dagster's, on
the delivered instance. On this day a source is down for four hours, rows arrive three days late,
the ledger gets an order only in the evening, and no daemon runs for five hours. At the end every
report exists once.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from reporting_pipeline.catalogue.definition_store import apply_definitions
from reporting_pipeline.embedded.account import Account
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline_tests.acceptance.day.calendar import Due, due_reports, over_at
from reporting_pipeline_tests.acceptance.day.definitions import (
    AFTER_DOORS,
    AFTER_EVENT,
    ATTENDANCE,
    REVENUE,
    REVENUE_OF_WEEK,
    definitions,
)
from reporting_pipeline_tests.acceptance.day.life import LONG_AGO, MOMENT, OVERLAP, Life, Run
from reporting_pipeline_tests.acceptance.day.machine import Machine, machine
from reporting_pipeline_tests.acceptance.day.world import (
    BERLIN,
    CASABLANCA,
    EVENTS,
    LATE_SCANS,
    MISSING,
    MISSING_BOOKED,
    MISSING_MINOR,
    MISSING_PLACED,
    OPEN_AIR,
    between,
    identity,
    world,
)
from reporting_pipeline_tests.oracle.touched import touched_days

MIDNIGHT = datetime(2022, 3, 27, tzinfo=UTC)
APPLIED = MIDNIGHT - timedelta(days=2, hours=12)
BEGINS = MIDNIGHT - timedelta(hours=1, minutes=1)
# A landing starts every hour, and the second nightly build at 00:30 UTC.
HOURS_BEFORE_PAUSE, HOURS_AFTER_PAUSE = range(-1, 13), (17.5, *range(18, 25), 24.5, 25)
OUTAGE = range(6, 10)
DELAY = timedelta(hours=2)
AUTUMN = datetime(2022, 10, 30, tzinfo=UTC)

SETTINGS = {
    "first_day": date(2022, 3, 20),
    "landing_interval_minutes": 60,
    "nightly_at": "02:30",
    "schedule_zone": "Europe/Berlin",
}
DEADLINES = {
    REVENUE: timedelta(hours=12),
    ATTENDANCE: timedelta(hours=12),
    REVENUE_OF_WEEK: timedelta(hours=24),
    AFTER_EVENT: timedelta(hours=24),
    AFTER_DOORS: timedelta(hours=24),
}
HELD = (BERLIN, REVENUE, "2022-03-26")


@pytest.fixture(scope="module")
def lived(
    account: Account, servers_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Life]:
    """The simulated day, after its end."""
    folder, log = servers_folder / "day", tmp_path_factory.mktemp("day") / "daemon.log"
    with machine(folder, account, BEGINS, log) as made:
        settings = made.settings(**SETTINGS)
        life = Life(made, settings)
        life.arrive()
        with warehouse_connection(settings.warehouse_url()) as connection:
            apply_definitions(connection, definitions(), APPLIED)
        with made.daemon(settings) as daemon:
            daemon.run_round()
            for hour in HOURS_BEFORE_PAUSE:
                _stop_or_restore_source(made, hour)
                life.advance(daemon, _at(hour), is_landing=hour not in OUTAGE)
        with made.daemon(settings) as daemon:
            for hour in HOURS_AFTER_PAUSE:
                life.advance(daemon, _at(hour))
        yield life


def _stop_or_restore_source(made: Machine, hour: int) -> None:
    if hour == OUTAGE.start:
        made.cut_off("scanning")
    if hour == OUTAGE.stop:
        made.restore("scanning")


def _at(hour: float) -> datetime:
    return MIDNIGHT + timedelta(hours=hour)


def _within(run: Run, hour: float) -> bool:
    return _at(hour) <= run.began_at < _at(hour + 1)


def test_every_expected_report_exists_once_and_no_other(lived: Life) -> None:
    expected = due_reports(APPLIED, lived.landed[-1])
    assert len(expected) == 38
    assert lived.reports() == [
        (each.place, each.slug, each.period, "ready", False) for each in expected
    ]


def test_a_report_has_another_edition_only_if_its_rows_changed(lived: Life) -> None:
    found = lived.editions()

    expected = []
    for each in due_reports(APPLIED, lived.landed[-1]):
        # The late scans belong to the day of the past show, in Berlin.
        is_late = each.place == BERLIN and each.period.endswith("2022-03-24")
        is_changed = is_late and each.slug in {ATTENDANCE, AFTER_EVENT, AFTER_DOORS}
        count = 1 + is_changed + each.is_provisional_first(_landed_of(each, lived), DELAY)
        expected += [(each.place, each.slug, each.period, n + 1) for n in range(count)]
    assert [each[:4] for each in found] == expected
    assert len(found) == len(lived.reports()) + 3 + 11


def _landed_of(due: Due, life: Life) -> list[datetime]:
    """The landings after which a report can be published: the missing entry holds one report."""
    booked = MISSING_BOOKED if (due.place, due.slug, due.period) == HELD else LONG_AGO
    return [each for each in life.landed if each >= booked - OVERLAP]


def test_the_nightly_build_runs_once_per_local_day_also_without_its_hour(lived: Life) -> None:
    nights = lived.runs("daily_build")

    # There is no 02:30 on the 27th: the build runs at 03:00 local time, which is 01:00 UTC.
    assert [(each.status, each.partitions) for each in nights] == [
        ("SUCCESS", ("2022-03-26", "2022-03-26")),
        ("SUCCESS", ("2022-03-27", "2022-03-27")),
    ]
    assert _after(nights[0].began_at, 1)
    assert _after(nights[1].began_at, 24.5)


def _after(instant: datetime, hour: float) -> bool:
    """True if an instant is within 15 minutes after an hour, which allows for slow work."""
    return _at(hour) <= instant < _at(hour) + timedelta(minutes=15)


def test_days_of_23_and_25_hours_are_reported_when_they_end(lived: Life) -> None:
    first = {tuple(each): at for *each, edition, at in lived.editions() if edition == 1}

    # A landing is complete up to 15 minutes ago, so the first complete landing is an hour later.
    assert over_at(BERLIN, date(2022, 3, 27)) == _at(22)
    assert over_at(CASABLANCA, date(2022, 3, 26)) == _at(4)
    assert _after(first[BERLIN, ATTENDANCE, "2022-03-27"], 23)
    assert _after(first[CASABLANCA, ATTENDANCE, "2022-03-26"], 5)


def test_late_rows_rebuild_only_their_day(lived: Life) -> None:
    before, after = (between(world(), LONG_AGO, LATE_SCANS + by) for by in (-MOMENT, timedelta(0)))

    [rebuilt] = [each for each in lived.runs("rebuild_days") if _within(each, 4)]

    touched = {day for days in touched_days(before, after).values() for _, day in days}
    # The summary of the 30th day after the end waits for its day.
    assert touched == {date(2022, 3, 24), date(2022, 4, 23)}
    assert rebuilt.partitions == ("2022-03-24", "2022-03-24")


def test_a_missing_entry_is_one_alert_within_a_minute_of_the_build(lived: Life) -> None:
    [(facts, opened_at, resolved_at)] = lived.warehouse(
        "select facts, opened_at, resolved_at from catalogue.alerts where kind = 'break'"
    )

    built = next(each for each in lived.runs("rebuild_days") if each.partitions[1] >= "2022-03-26")
    assert built.began_at > MISSING_PLACED
    assert opened_at - built.ended_at < timedelta(minutes=1)
    order = ("missing_in_ledger", identity(MISSING), "EUR", MISSING_MINOR, MISSING_MINOR)
    names = ("break", "order_id", "currency", "ticketing_minor", "difference_minor")
    assert tuple(facts[each] for each in names) == order
    assert _after(resolved_at, 17.5)


def test_the_missing_entry_holds_one_report_until_it_arrives(lived: Life) -> None:
    [(message, opened_at, resolved_at)] = lived.warehouse(
        "select message, opened_at, resolved_at from catalogue.alerts where kind = 'report_held'"
    )

    assert message.startswith(f"{REVENUE} of organisation ")
    assert f" ({identity(BERLIN)}), 2022-03-26" in message
    assert opened_at < _at(1.25)
    assert _after(resolved_at, 17.5)


def test_a_source_that_is_down_is_one_alert_and_landing_catches_up(lived: Life) -> None:
    downs = lived.warehouse(
        "select message, opened_at, resolved_at from catalogue.alerts where kind = 'source_down'"
    )

    assert [("source scanning" in message) for message, *_ in downs] == [True]
    [(_, opened_at, resolved_at)] = downs
    assert _after(opened_at, OUTAGE.start)
    assert _after(resolved_at, OUTAGE.stop)
    scans = between(world(), LONG_AGO, lived.landed[-1])["scanning.scans"]
    assert lived.warehouse("select count(*) from landing.scanning_scans") == [(len(scans),)]


def test_reports_due_without_a_daemon_are_generated_when_one_starts(lived: Life) -> None:
    generated = [at for *_, edition, at in lived.editions() if edition == 1]

    expected = due_reports(APPLIED, lived.landed[-1])
    due_meanwhile = [each for each in expected if _at(12) < each.due_at <= _at(17)]
    in_pause = [at for at in generated if _at(12.25) < at < _at(17.5)]
    at_once = [at for at in generated if _after(at, 17.5)]
    assert len(due_meanwhile) == 4
    assert in_pause == []
    assert len(at_once) == len(due_meanwhile) + 1  # and the report that was held


def test_only_landings_during_the_outage_fail_and_no_run_is_requested_twice(lived: Life) -> None:
    with lived.machine.dagster() as connection:
        ended = connection.execute(
            "select pipeline_name, status, count(*) from runs group by 1, 2"
        ).fetchall()
        [(run_count, key_count)] = connection.execute(
            "select count(*), count(distinct (pipeline_name, run_tags.value)) from runs"
            " inner join run_tags using (run_id) where key = 'dagster/run_key'"
        ).fetchall()

    failed = [row for row in ended if row[1] != "SUCCESS"]
    assert failed == [("land", "FAILURE", len(OUTAGE))]
    assert run_count == key_count == sum(count for *_, count in ended)
    # One landing per hour; the nightly builds have their own landings.
    landings = {each.began_at.replace(minute=0, second=0) for each in lived.runs("land")}
    assert len(landings) == len(lived.runs("land"))


def test_no_alert_and_no_touched_day_is_left_open(lived: Life) -> None:
    opened = lived.warehouse("select kind, resolved_at is null from catalogue.alerts")

    # The day begins when reports are overdue already.
    overdue = [
        each
        for each in due_reports(APPLIED, lived.landed[-1])
        if each.due_at + DEADLINES[each.slug] < BEGINS
    ]
    assert len(overdue) > 10
    assert Counter(opened) == {
        ("report_overdue", False): len(overdue),
        ("break", False): 1,
        ("report_held", False): 1,
        ("source_down", False): 1,
    }
    # An event's summary has rows on its last day and 30 days later, which can be in the future.
    waiting = lived.warehouse("select report_table, report_day from landing.touched_days")
    ends = EVENTS[OPEN_AIR][2].date()
    finals = {date(2022, 4, 23), date(2022, 4, 25), date(2022, 4, 26), ends + timedelta(days=30)}
    assert set(waiting) == {("report_event_summary", day) for day in {ends} | finals}
    assert lived.warehouse("select * from reporting.rebuilt_days") == []


def test_the_nightly_build_runs_once_also_if_its_hour_occurs_twice(
    account: Account, servers_folder: Path, tmp_path: Path
) -> None:
    evening = AUTUMN - timedelta(hours=1)
    with machine(servers_folder / "autumn", account, evening, tmp_path / "log") as made:
        settings = made.settings(**SETTINGS)
        life = Life(made, settings)
        life.arrive()
        with made.daemon(settings) as daemon:
            daemon.run_round()
            # In Berlin it is 02:30 at the first and at the second instant.
            for minutes in (30, 90, 150):
                life.advance(daemon, AUTUMN + timedelta(minutes=minutes))
        nights = life.runs("daily_build")

    assert [(each.status, each.partitions[0]) for each in nights] == [("SUCCESS", "2022-10-29")]
