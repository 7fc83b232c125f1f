"""A report read from a replica is never older than what the primary has decided on."""

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import pytest
from psycopg import Connection

from reporting_pipeline.errors import FigureTooLarge
from reporting_pipeline.publishing.replica import Replica
from reporting_pipeline.store import open_store
from reporting_pipeline_tests.acceptance.pipelines import Pipeline
from reporting_pipeline_tests.sample_reports import REVENUE, ReportGenerator, define, one_day
from reporting_pipeline_tests.streaming_replica import Pair

T = TypeVar("T")
_ANY = UUID(int=0)
DAY = date(2025, 9, 10)  # EUR 456.00 gross
SHIFT = "update reporting.report_revenue_daily set gross_minor = gross_minor + 1 where date = %s"
OBJECT = """
    insert into reporting.seal_objections
        (date, position, organization_id, report_table, check_name, message)
    select date, 1, organization_id, 'report_revenue_daily', 'a check', 'wrong'
    from reporting.report_revenue_daily where date = %s limit 1
"""
STANDBY, GROSS = "select pg_is_in_recovery()", 45600


@dataclass(slots=True, kw_only=True)
class Watched(Replica):
    """A replica that remembers of each read whether it was read from the replica."""

    is_read: list[bool] = field(default_factory=list)

    def read(
        self,
        organization_id: UUID,
        is_new_enough: Callable[[Connection[Any]], bool],
        read: Callable[[Connection[Any]], T],
        *,
        version: str | None = None,
    ) -> T | None:
        found = Replica.read(self, organization_id, is_new_enough, read, version=version)
        self.is_read.append(found is not None)
        return found


@pytest.fixture
def replica(pair: Pair) -> Watched:
    return Watched(url=pair.replica, wait_seconds=30)


@pytest.fixture
def generator(pair: Pair, replica: Watched, tmp_path: Path) -> ReportGenerator:
    return ReportGenerator(
        warehouse=pair.warehouse, store=open_store(str(tmp_path / "store")), replica=replica
    )


def _gross(generator: ReportGenerator, key: str | None) -> int:
    [total] = generator.manifest(key).totals
    return total.values["gross_minor"]


def test_a_report_of_the_replica_has_the_bytes_of_the_primary(
    generator: ReportGenerator, replica: Watched
) -> None:
    definition = define(generator.warehouse, {**REVENUE, "formats": ["csv", "xlsx"]})
    of_replica = generator.generate(definition, one_day(DAY))
    generator.replica = None
    of_primary = generator.generate(definition, one_day(DAY))

    assert replica.is_read == [True]
    assert [(each.report.status, each.report.edition) for each in of_replica] == [("ready", 1)] * 2
    # Other bytes, or another server's version in the file, would be a second edition.
    assert [(each.report.status, each.report.edition) for each in of_primary] == [("ready", 1)] * 2


def test_a_replica_whose_replay_is_paused_publishes_no_old_rows(
    pair: Pair, generator: ReportGenerator, replica: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    definition = define(generator.warehouse, REVENUE)
    pair.catch_up()
    pair.pause()
    generator.query(SHIFT, DAY)
    replica.wait_seconds = 0.1

    with caplog.at_level(logging.WARNING):
        report = generator.generate_one(definition, one_day(DAY))

    assert replica.is_read == [False]
    assert (report.status, _gross(generator, report.storage_path)) == ("ready", GROSS + 1)
    assert "more than 0.1 seconds behind" in caplog.text


def test_a_seal_that_the_paused_replica_still_has_publishes_nothing(
    pair: Pair, generator: ReportGenerator, replica: Watched
) -> None:
    definition = define(generator.warehouse, REVENUE)
    pair.catch_up()
    pair.pause()
    generator.query(OBJECT, DAY)
    replica.wait_seconds = 0.1

    report = generator.generate_one(definition, one_day(DAY))

    assert (report.status, report.edition) == ("held", 0)
    assert "wrong" in str(report.failure_message)


def test_a_report_waits_until_the_replica_has_what_the_primary_had(
    pair: Pair, generator: ReportGenerator, replica: Watched
) -> None:
    definition = define(generator.warehouse, REVENUE)
    pair.catch_up()
    pair.pause()
    generator.query(SHIFT, DAY)

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(generator.generate_one, definition, one_day(DAY))
        while not generator.query("select 1 from catalogue.generated_reports"):
            pass
        pair.resume()
        report = waiting.result()

    assert replica.is_read == [True]
    assert (report.status, _gross(generator, report.storage_path)) == ("ready", GROSS + 1)


def test_seals_and_rows_are_of_one_snapshot_of_the_replica(
    pair: Pair, generator: ReportGenerator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rebuild that arrives between the gate and the rows changes neither."""
    from reporting_pipeline.publishing import generate

    judged = generate.verdict_on

    def rebuilt_after(connection: Connection[Any], *others: Any) -> object:
        verdict = judged(connection, *others)
        generator.query(SHIFT, DAY)
        generator.query("delete from reporting.sealed_days where date = %s", DAY)
        pair.catch_up()
        return verdict

    definition = define(generator.warehouse, REVENUE)
    monkeypatch.setattr(generate, "verdict_on", rebuilt_after)
    report = generator.generate_one(definition, one_day(DAY))

    assert (report.status, _gross(generator, report.storage_path)) == ("ready", GROSS)


def test_a_replica_that_is_away_delays_no_report(
    pair: Pair, generator: ReportGenerator, caplog: pytest.LogCaptureFixture
) -> None:
    now = [0.0]
    away = Watched(url=pair.replica.set(port=1), clock=lambda: now[0])
    generator.replica = away
    definition = define(generator.warehouse, REVENUE)

    with caplog.at_level(logging.WARNING):
        statuses = [generator.generate_one(definition, one_day(DAY)).status for _ in range(2)]
        assert caplog.text.count("is not used for 60 seconds") == 1
        now[0] = 61.0
        generator.generate_one(definition, one_day(DAY))

    assert (statuses, away.is_read) == (["ready", "ready"], [False, False, False])
    assert caplog.text.count("is not used for 60 seconds") == 2


def test_another_database_is_never_read(
    pair: Pair, generator: ReportGenerator, shared_season_pipeline: Pipeline
) -> None:
    """It has the same tables, as a replica that was promoted has."""
    other = Watched(url=shared_season_pipeline.warehouse, wait_seconds=0.1)
    generator.replica = other

    report = generator.generate_one(define(generator.warehouse, REVENUE), one_day(DAY))

    assert (report.status, other.is_read) == ("ready", [False])


def test_a_session_that_the_standby_ends_is_read_again_on_the_primary(
    generator: ReportGenerator, replica: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A standby ends statements that are in the way of its replay."""
    from reporting_pipeline.publishing import generate, snapshot

    read = snapshot.read_report

    def ended(connection: Connection[Any], *others: Any, **named: Any) -> object:
        document = read(connection, *others, **named)
        if connection.execute(STANDBY).fetchone() == (True,):
            connection.execute("select pg_terminate_backend(pg_backend_pid())")
        return document

    monkeypatch.setattr(generate, "read_report", ended)
    report = generator.generate_one(define(generator.warehouse, REVENUE), one_day(DAY))

    assert (report.status, replica.is_read) == ("ready", [False])
    assert _gross(generator, report.storage_path) == GROSS


def test_a_replica_of_another_version_is_not_read(replica: Watched) -> None:
    assert replica.read(_ANY, lambda _: True, lambda _: 1, version="PostgreSQL 15.1") is None


def test_rows_that_cannot_be_read_are_no_fault_of_the_replica(replica: Watched) -> None:
    too_large = "select 9223372036854775807 + 1::bigint"
    with pytest.raises(FigureTooLarge):
        replica.read(_ANY, lambda _: True, lambda each: each.execute(too_large))
    assert replica.read(_ANY, lambda _: True, lambda each: each.execute(STANDBY).fetchone()) == (
        True,
    )


def test_nothing_can_be_written_while_a_replica_is_read(
    shared_season_pipeline: Pipeline,
) -> None:
    is_read_only = Replica(url=shared_season_pipeline.warehouse).read(
        _ANY, lambda _: True, lambda each: each.execute("show transaction_read_only").fetchone()
    )
    assert is_read_only == ("on",)
