"""Organisations and events: listed with their ids, and chosen by name in every command."""

import json
from collections.abc import Iterator
from uuid import UUID

import click
import pytest
from click.testing import CliRunner, Result
from sqlalchemy import URL

from reporting_pipeline.cli import COMMANDS, main
from reporting_pipeline.cli.choices import EVENT, ORGANIZATION
from reporting_pipeline.warehouse.engine import warehouse_connection

COLUMNS = ("id", "organisation", "time", "zone")
LINDENHOF, ACME, OTHER_ACME = UUID(int=1), UUID(int=2), UUID(int=3)
GALA, OTHER_GALA, UNKNOWN = UUID(int=11), UUID(int=12), UUID(int=99)


@pytest.fixture
def landed(own_warehouse: URL) -> URL:
    """Three organisations, two of them of one name, and two events of one name."""
    with warehouse_connection(own_warehouse) as connection:
        connection.cursor().executemany(
            "insert into landing.ticketing_organizations values (%s, %s, %s, %s, now())",
            [
                (LINDENHOF, "Lindenhof Konzerte", "Europe/Berlin", "EUR"),
                (ACME, "Acme", "America/New_York", "USD"),
                (OTHER_ACME, "ACME", "America/New_York", "USD"),
            ],
        )
        connection.cursor().executemany(
            "insert into landing.ticketing_events (id, organization_id, name, timezone, currency,"
            " day_cutoff, status, starts_at, ends_at, updated_at)"
            " values (%s, %s, 'Winter Gala', %s, 'EUR', '00:00', 'on_sale', %s, %s, now())",
            [
                (
                    *(GALA, LINDENHOF, "Europe/Berlin"),
                    *("2026-02-27T23:30Z", "2026-02-28T02:00Z"),
                ),
                (
                    *(OTHER_GALA, ACME, "America/New_York"),
                    *("2026-02-27T23:30Z", "2026-02-28T02:00Z"),
                ),
            ],
        )
    return own_warehouse


def run(*arguments: str) -> Result:
    result = CliRunner().invoke(main, arguments)
    if not isinstance(result.exception, SystemExit | None):
        raise result.exception
    return result


def commands(
    group: click.Group, context: click.Context, *names: str
) -> Iterator[tuple[str, click.Command]]:
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield " ".join((*names, name)), command
        if isinstance(command, click.Group):
            yield from commands(command, context, *names, name)


def test_every_option_that_names_an_organisation_or_event_takes_its_name() -> None:
    found = {"organization": 0, "event": 0}
    with click.Context(main) as context:
        for name, command in commands(main, context):
            for each in command.params:
                names = {*each.opts, each.human_readable_name.lower()}
                if names & {"--organization", "organization"}:
                    assert each.type is ORGANIZATION, name
                    found["organization"] += 1
                if names & {"--event", "event"}:
                    assert each.type is EVENT, name
                    found["event"] += 1
    assert found["organization"] >= 14
    assert found["event"] >= 1
    assert {"organizations", "events"} <= COMMANDS.keys()


def test_organisations_are_listed_by_name_with_their_ids(landed: URL) -> None:
    lines = run("organizations").output.splitlines()

    assert lines[0].split() == [*COLUMNS, "currency", "events", "reports"]
    assert [line.split()[0] for line in lines[1:4]] == [str(OTHER_ACME), str(ACME), str(LINDENHOF)]
    assert lines[3].split()[1:] == ["Lindenhof", "Konzerte", "Europe/Berlin", "EUR", "1", "0"]
    assert lines[4] == "3 organisations"


def test_organisations_are_listed_as_json(landed: URL) -> None:
    last = json.loads(run("organizations", "--json").output)[-1]

    assert last == {
        "id": str(LINDENHOF),
        "name": "Lindenhof Konzerte",
        "timezone": "Europe/Berlin",
        "currency": "EUR",
        "event_count": 1,
        "report_count": 0,
        "is_retired": False,
    }


def test_an_organisation_of_which_only_an_event_has_landed_is_listed(landed: URL) -> None:
    with warehouse_connection(landed) as connection:
        connection.execute(
            "update landing.ticketing_events set organization_id = %s where id = %s",
            (UNKNOWN, OTHER_GALA),
        )

    listed = run("organizations").output

    assert f"{UNKNOWN}  without a name" in listed
    assert run("events", "--organization", str(UNKNOWN)).output.endswith("1 event\n")


def test_events_are_listed_with_their_local_times(landed: URL) -> None:
    lines = run("events").output.splitlines()

    assert lines[1].startswith(f"{GALA}  Winter Gala  Lindenhof Konzerte  2026-02-28 00:30  ")
    assert lines[2].startswith(f"{OTHER_GALA}  Winter Gala  Acme                2026-02-27 18:30  ")
    assert "America/New_York  on_sale" in lines[2]
    assert lines[3] == "2 events"


def test_events_are_listed_by_organisation_and_days(landed: URL) -> None:
    assert str(OTHER_GALA) not in run("events", "--organization", "lindenhof konzerte").output
    assert str(GALA) not in run("events", "--to", "2026-02-27").output
    of_day = json.loads(run("events", "--from", "2026-02-28", "--json").output)
    assert [each["id"] for each in of_day] == [str(GALA)]
    assert of_day[0]["starts"] == "2026-02-28 00:30"
    assert of_day[0]["organization"] == "Lindenhof Konzerte"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Lindenhof Konzerte", None),
        ("LINDENHOF  konzerte", None),
        (str(LINDENHOF), None),
        ("Acme", None),
        ("ACME", None),
        (
            "acme",
            f'Error: 2 organisations are called "acme": name one by its id: Acme ({ACME}); '
            f"ACME ({OTHER_ACME})\n",
        ),
        (
            "Lindenhof",
            'Error: no organisation is called "Lindenhof", or has it as its id; the nearest are: '
            f"Lindenhof Konzerte ({LINDENHOF}); `reporting organizations` lists them\n",
        ),
        (
            "Lindenhoff Konzert",
            'Error: no organisation is called "Lindenhoff Konzert", or has it as its id; the '
            f"nearest are: Lindenhof Konzerte ({LINDENHOF}); `reporting organizations` lists "
            "them\n",
        ),
        (
            str(UNKNOWN),
            f'Error: no organisation is called "{UNKNOWN}", or has it as its id; `reporting '
            "organizations` lists them\n",
        ),
        (
            "\x1b[31m" + "x" * 200,
            f'Error: no organisation is called "[31m{"x" * 75}\u2026", or has it as its id; '
            "`reporting organizations` lists them\n",
        ),
    ],
)
def test_an_organisation_is_chosen_by_its_name_or_id(
    name: str, expected: str | None, landed: URL
) -> None:
    result = run("breaks", "--organization", name)

    assert result.exit_code == (0 if expected is None else 1)
    assert expected is None or result.output == expected


def test_an_event_is_chosen_by_its_name_within_the_organisation(landed: URL) -> None:
    several = run("devices", "--event", "winter gala")

    assert several.exit_code == 1
    assert several.output == (
        'Error: 2 events are called "winter gala": name one by its id: Winter Gala of Lindenhof '
        f"Konzerte, 2026-02-28 ({GALA}); Winter Gala of Acme, 2026-02-27 ({OTHER_GALA})\n"
    )
    of_one = run("devices", "--event", "winter gala", "--organization", "Lindenhof Konzerte")
    assert of_one.output == "0 findings about devices\n"
    near = run("devices", "--event", "Winter Gal")
    assert "the nearest are: Winter Gala of Lindenhof Konzerte, 2026-02-28" in near.output


def test_before_the_first_landing_the_error_says_to_land(own_warehouse: URL) -> None:
    assert run("organizations").output == "0 organisations\n"
    assert run("due", "--organization", "Acme").output == (
        'Error: no organisation is called "Acme", or has it as its id: none has landed yet; run '
        "`reporting land`\n"
    )
