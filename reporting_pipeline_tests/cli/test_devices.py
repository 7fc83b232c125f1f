"""`reporting devices`, as the person who lends out scanners runs it."""

from uuid import UUID

from click.testing import CliRunner
from sqlalchemy import URL

from reporting_pipeline.cli import main
from reporting_pipeline.warehouse.engine import warehouse_connection

ORGANIZATION, EVENT, OTHER_EVENT = UUID(int=1), UUID(int=11), UUID(int=12)
GATE = UUID(int=31)


def run(*arguments: str) -> str:
    result = CliRunner().invoke(main, ["devices", *arguments])
    assert result.exit_code == 0, result.output
    return result.output


def test_devices_are_listed_by_event_the_newest_days_first(own_warehouse: URL) -> None:
    with warehouse_connection(own_warehouse) as connection:
        for position, (event, day) in enumerate(
            [(EVENT, "2000-01-01"), (EVENT, "2025-05-02"), (OTHER_EVENT, "2025-05-03")]
        ):
            connection.execute("insert into reporting.sealed_days values (%s, now())", [day])
            connection.execute(
                "insert into reporting.device_findings (date, position, organization_id, event_id,"
                " gate_id, check_name, scan_count, message)"
                " values (%s, %s, %s, %s, %s, 'device_clocks', 5, 'its clock is behind')",
                [day, position, ORGANIZATION, event, GATE],
            )
        connection.execute(
            "insert into landing.ticketing_events (id, organization_id, name, timezone, day_cutoff,"
            " currency, status, starts_at, ends_at, updated_at) values"
            " (%s, %s, 'Gala', 'UTC', '00:00', 'EUR', 'ended', now(), now(), now())",
            [EVENT, ORGANIZATION],
        )
        connection.execute(
            "insert into landing.scanning_gates (id, event_id, name, updated_at)"
            " values (%s, %s, 'North', now())",
            [GATE, EVENT],
        )

    lines = run("--event", str(EVENT)).splitlines()

    assert [line.split()[0] for line in lines[1:]] == ["2025-05-02", "2000-01-01", "2"]
    assert lines[1].split()[1:5] == [str(ORGANIZATION), "Gala", "North", "device_clocks"]
    assert "its clock is behind" in lines[1]
    assert run().endswith("3 findings about devices\n")
    assert run("--organization", str(ORGANIZATION)).endswith("3 findings about devices\n")
