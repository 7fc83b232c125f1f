"""`reporting webhooks`, as an operator runs it."""

import re
from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import URL

from reporting_pipeline.catalogue.notices import ReportChange, write_report_notice
from reporting_pipeline.catalogue.report_keys import ReportKey
from reporting_pipeline.cli import main
from reporting_pipeline.domain.period import Period
from reporting_pipeline.report_definitions.definition import ReportFormat
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline_tests.webhooks.receivers import receiving

ORGANIZATION = UUID(int=1)
OF = ("--organization", str(ORGANIZATION))


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["webhooks", *arguments])


def publish(warehouse: URL) -> None:
    key = ReportKey(
        organization_id=ORGANIZATION,
        definition_id=UUID(int=7),
        slug="daily-sales",
        period=Period(first=date(2026, 2, 1), end=date(2026, 2, 2)),
        format=ReportFormat.CSV,
    )
    with warehouse_connection(warehouse) as connection:
        change = ReportChange(kind="available", edition=1)
        write_report_notice(connection, key, change, datetime.now(UTC))


@pytest.fixture
def warehouse(own_warehouse: URL) -> URL:
    with warehouse_connection(own_warehouse) as connection:
        connection.execute(
            "insert into landing.ticketing_organizations"
            " values (%s, 'Nordlicht', 'Europe/Berlin', 'EUR', now())",
            (ORGANIZATION,),
        )
    return own_warehouse


def test_a_webhook_is_added_told_paused_and_removed(
    warehouse: URL, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REPORTING_WEBHOOK_NETWORKS", "127.0.0.0/8")
    with receiving() as receiver:
        added = run("add", *OF, "--kind", "report.available", receiver.address)
        assert added.exit_code == 0, added.output
        webhook = re.findall(r"webhook (\S+) is told of report\.available", added.output)[0]
        [secret] = re.findall(r"whsec_\S+", added.output)

        publish(warehouse)
        assert run("pause", *OF, "--reason", "moves", webhook).exit_code == 0
        assert run("send").output == "0 messages were accepted\n"
        listed = run("list", *OF).output
        assert "paused: moves" in listed
        assert secret not in listed
        assert run("resume", *OF, webhook).exit_code == 0
        assert run("send").output == "1 messages were accepted\n"

        assert "accepted 2" in run("messages", *OF, webhook).output
        again = run("replay", *OF, "--from", "2026-01-01", "--all", webhook)
        assert again.output == "1 messages are sent again\n"
        assert run("send").output == "1 messages were accepted\n"
        assert len(dict(receiver.messages)) == 1

    assert run("remove", *OF, webhook).exit_code == 0
    assert run("list", *OF).output == "0 webhooks\n"


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("add", *OF, "https://10.0.0.1/"), "10.0.0.1 is inside the network"),
        (("add", *OF, "ftp://example.com/"), "is no address of a webhook"),
        (("add", *OF, "--definition", "x", "https://example.com/"), "x"),
        (("messages", *OF, str(UUID(int=9))), f"has no webhook {UUID(int=9)}"),
        (("remove", *OF, str(UUID(int=9))), f"has no webhook {UUID(int=9)}"),
    ],
)
def test_what_cannot_be_is_one_error(
    warehouse: URL, arguments: tuple[str, ...], error: str
) -> None:
    result = run(*arguments)

    assert result.exit_code == 1
    assert error in result.output
    assert "Traceback" not in result.output
