"""The audit log is listed, the newest first, and by what a person looks for."""

import json
from datetime import UTC, datetime, timedelta
from uuid import UUID

from click.testing import CliRunner
from sqlalchemy import URL

from reporting_pipeline.catalogue.audit_log import Action, Actor, Deed, record
from reporting_pipeline.cli import main
from reporting_pipeline.warehouse.engine import warehouse_connection

ORGANIZATION = UUID("00000001-0000-4000-8000-000000000001")
NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


def deed(subject: str, action: Action, days: int) -> Deed:
    actor = Actor(
        subject=subject,
        role="viewer",
        organization_id=ORGANIZATION,
        address=None,
        call_id="call-4711",
    )
    return Deed(
        actor=actor,
        action=action,
        object_kind="report",
        object_id="4711",
        at=NOW + timedelta(days=days),
    )


def listed(*options: str) -> list[str]:
    """The subjects of the listed rows."""
    found = CliRunner().invoke(main, ["audit", "--json", *options])
    assert found.exit_code == 0, found.output
    return [each["subject"] for each in json.loads(found.output)]


def test_what_was_done_is_listed_and_chosen(own_warehouse: URL) -> None:
    with warehouse_connection(own_warehouse) as connection:
        record(
            connection,
            [deed("anna", Action.ASKED, 0), deed("\x1b[31mben", Action.DOWNLOADED, 1)],
        )

    assert listed() == ["\x1b[31mben", "anna"]
    assert listed("--subject=anna") == ["anna"]
    assert listed("--action=asked") == ["anna"]
    assert listed("--from=2026-01-02") == ["\x1b[31mben"]
    assert listed("--limit=1", "--object=4711") == ["\x1b[31mben"]
    shown = CliRunner().invoke(main, ["audit"]).output
    assert "report 4711" in shown
    assert "\x1b[31m" not in shown


def test_an_empty_log_says_so(own_warehouse: URL) -> None:
    assert "nobody" in CliRunner().invoke(main, ["audit"]).output
