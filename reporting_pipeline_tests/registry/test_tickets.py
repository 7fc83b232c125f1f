"""The dataset of tickets has the same admissions and no-shows as the scans and the summary."""

import psycopg

from reporting_pipeline.warehouse.engine import conninfo
from reporting_pipeline_tests.acceptance.pipelines import Pipeline

_NO_SHOWS = """
    select event_id, sum(no_show_count), sum(admission_count)
    from datasets.tickets group by event_id order by event_id
"""
_SUMMARY = """
    select distinct on (event_id) event_id, no_show_count, admission_to_date_count
    from reporting.report_event_summary order by event_id, date desc
"""
_ADMITTED = """
    select ticket_id, admitted_at, gate_id from datasets.tickets where admission_count = 1
    order by ticket_id
"""
_ADMITTING_SCANS = """
    select scans.ticket_id, scans.scanned_at, scans.gate_id
    from datasets.scans inner join datasets.tickets on scans.ticket_id = tickets.ticket_id
    where scans.admission_count = 1
    order by ticket_id
"""


def test_no_shows_of_the_season_equal_those_of_the_summary(season: Pipeline) -> None:
    with psycopg.connect(conninfo(season.warehouse)) as connection:
        tickets = connection.execute(_NO_SHOWS).fetchall()
        summary = connection.execute(_SUMMARY).fetchall()

    assert tickets == summary
    assert [no_shows for _, no_shows, _ in tickets] == [66, 29, 52]


def test_the_admission_is_the_scan_that_counts_as_one(random_books_built: Pipeline) -> None:
    with psycopg.connect(conninfo(random_books_built.warehouse)) as connection:
        tickets = connection.execute(_ADMITTED).fetchall()
        scans = connection.execute(_ADMITTING_SCANS).fetchall()

    assert tickets == scans
    assert len(tickets) >= 6


def test_nobody_is_a_no_show_before_the_end_of_the_event_has_landed(season: Pipeline) -> None:
    with psycopg.connect(conninfo(season.warehouse)) as connection:
        connection.execute("update landing.source_reads set complete_through = '2025-05-01'")
        found = connection.execute(
            "select is_no_show is null, sum(no_show_count) > 0 from datasets.tickets"
            " where event_ends_at > '2025-05-01' group by 1"
        ).fetchall()
        connection.rollback()

    assert found == [(True, False)]


def test_a_ticket_has_the_report_day_of_its_issue(season: Pipeline) -> None:
    wrong = """
        select count(*)
        from datasets.tickets inner join landing.ticketing_events as event
            on tickets.event_id = event.id
        where date <> landing.report_day(issued_at, event.timezone, event.day_cutoff)
    """
    with psycopg.connect(conninfo(season.warehouse)) as connection:
        assert connection.execute(wrong).fetchone() == (0,)
