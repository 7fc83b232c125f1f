"""Deeds reach the audit log, also those that wait while the warehouse is away."""

from datetime import UTC, datetime
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import URL

from reporting_pipeline.catalogue.audit_log import Action, Actor, AuditFilter, audit_entries
from reporting_pipeline.errors import WarehouseUnavailable
from reporting_pipeline.serving.api import deeds
from reporting_pipeline.serving.api.deeds import DeedWriter
from reporting_pipeline.warehouse.engine import warehouse_connection

ACTOR = Actor(
    subject="anna",
    role="viewer",
    organization_id=UUID("00000001-0000-4000-8000-000000000001"),
    address="127.0.0.1",
    call_id="call-4711",
)
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_deeds_are_written_before_the_thread_ends(warehouse_url: URL) -> None:
    writer = DeedWriter(warehouse_url)
    writer.start()
    for number in range(1_200):
        writer.add(ACTOR, Action.DOWNLOADED, "report", number, NOW)
    writer.stop()

    with warehouse_connection(warehouse_url) as connection:
        found = audit_entries(connection, AuditFilter(), limit=2_000)
    assert [int(each.object_id) for each in reversed(found)] == list(range(1_200))
    assert (found[0].subject, found[0].address) == ("anna", "127.0.0.1")


def test_a_full_batch_is_followed_by_the_next_one_without_a_pause(
    warehouse_url: URL, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deeds, "_BATCH", 10)
    monkeypatch.setattr(deeds, "_PAUSE_SECONDS", 3_600.0)
    writer = DeedWriter(warehouse_url)
    for number in range(100):
        writer.add(ACTOR, Action.DOWNLOADED, "report", number, NOW)
    writer.start()

    with warehouse_connection(warehouse_url) as connection:
        connection.autocommit = True
        while len(audit_entries(connection, AuditFilter(), limit=200)) < 100:
            pass
    writer.stop()


def test_calls_are_refused_when_too_many_deeds_wait(
    warehouse_url: URL, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deeds, "_MAX_WAITING", 2)
    writer = DeedWriter(warehouse_url)
    writer.add(ACTOR, Action.DOWNLOADED, "report", 1, NOW)
    writer.add(ACTOR, Action.DOWNLOADED, "report", 2, NOW)

    with pytest.raises(WarehouseUnavailable, match="audit log"):
        writer.add(ACTOR, Action.DOWNLOADED, "report", 3, NOW)


@pytest.mark.parametrize(
    "statement",
    [
        "update catalogue.audit_log set subject = 'nobody'",
        "delete from catalogue.audit_log",
        "truncate catalogue.audit_log",
    ],
)
def test_the_audit_log_is_only_added_to(warehouse_url: URL, statement: str) -> None:
    writer = DeedWriter(warehouse_url)
    writer.start()
    writer.add(ACTOR, Action.DOWNLOADED, "report", 1, NOW)
    writer.stop()

    with (
        pytest.raises(psycopg.errors.InsufficientPrivilege, match="only added"),
        warehouse_connection(warehouse_url) as connection,
    ):
        connection.execute(statement.encode())
