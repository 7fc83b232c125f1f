"""One row of a source that cannot be used: it is kept with its reason, and all other rows land."""

from datetime import UTC, datetime
from typing import Any

import pytest

from reporting_pipeline.errors import SourceContractBroken
from reporting_pipeline.sources.landing import row_findings
from reporting_pipeline_tests.acceptance.pipelines import Pipeline
from reporting_pipeline_tests.sources.landing.upstream import (
    BERLIN,
    ORGANIZATION,
    add,
    change,
    drop_constraints,
    land_all,
    query,
)

MOVEMENTS = "ticketing.order_line_movements"
MOVEMENT = "00000005-0000-4000-8000-000000000001"
_FINDINGS = (
    "select domain || '.' || table_name, row_id::text, finding, reason from landing.row_findings"
    " order by 1, 2, 3"
)


def findings(pipeline: Pipeline) -> list[tuple[Any, ...]]:
    return query(pipeline.warehouse, _FINDINGS)


def landed_row(pipeline: Pipeline, table: str, row_id: str, column: str = "id") -> list[Any]:
    name = table.replace(".", "_")
    statement = f"select {column} from landing.{name} where id = %s"  # noqa: S608 - names of this test
    return [value for (value,) in query(pipeline.warehouse, statement, row_id)]


@pytest.mark.parametrize(
    ("table", "values", "reason"),
    [
        (MOVEMENTS, {"reason": "refund", "quantity": 1}, "quantity must be positive for sale"),
        (MOVEMENTS, {"discount_minor": 10_000}, "discount_minor '10000'"),
        (MOVEMENTS, {"occurred_at": "infinity"}, "occurred_at 'infinity' is not an instant"),
        (MOVEMENTS, {"occurred_at": "52000-01-01Z"}, "is not an instant of the years 1 to 9998"),
        (MOVEMENTS, {"occurred_at": "9999-12-31T23:59:59Z"}, "of the years 1 to 9998"),
        ("ledger.entries", {"amount_minor": 0}, "amount_minor '0'"),
        ("ledger.entries", {"amount_minor": 6 * 10**18}, "is beyond 100000000000000000"),
        ("ledger.entries", {"recorded_at": "infinity"}, "recorded_at 'infinity'"),
        ("ledger.entries", {"recorded_at": "-infinity"}, "recorded_at '-infinity'"),
        ("ledger.entries", {"recorded_at": "0044-03-15 BC"}, "of the years 1 to 9998"),
        ("ledger.entries", {"currency": "eur"}, "currency 'eur' is not three upper-case letters"),
        ("ledger.transactions", {"kind": "gift"}, "kind is not one of sale"),
        ("scanning.scans", {"device_id": None}, "device_id is null"),
        ("scanning.scans", {"scanned_at": "0044-03-15 BC"}, "of the years 1 to 9998"),
        ("ticketing.events", {"name": None}, "name is null"),
        ("ticketing.events", {"timezone": "Europe/Atlantis"}, "is not the IANA name of a time"),
        ("ticketing.events", {"timezone": "localtime"}, "timezone 'localtime' is not the IANA"),
        ("ticketing.organizations", {"timezone": "posix/Europe/Berlin"}, "is not the IANA name"),
    ],
)
def test_a_row_that_cannot_be_used_is_set_aside_and_the_others_land(
    landed: Pipeline, table: str, values: dict[str, object], reason: str
) -> None:
    drop_constraints(landed.sources, table)
    broken = add(landed.sources, table, **values)
    other = add(landed.sources, "ticketing.organizations", timezone="Europe/Berlin")

    assert landed.land().new_count == 1

    assert landed_row(landed, "ticketing.organizations", other) != []
    assert landed_row(landed, table, broken) == []
    [(found_table, row_id, finding, found_reason)] = [
        each for each in findings(landed) if each[2] == "unusable"
    ]
    assert (found_table, row_id, finding) == (table, broken, "unusable")
    assert reason in found_reason
    # The row is read again, and counts once.
    assert landed.land().new_count == 0
    assert len([each for each in findings(landed) if each[2] == "unusable"]) == 1


def test_a_row_that_is_mended_lands_and_its_finding_is_deleted(landed: Pipeline) -> None:
    drop_constraints(landed.sources, MOVEMENTS)
    # Far behind the watermark, and without a new record clock.
    long_ago = datetime(2025, 2, 1, tzinfo=UTC)
    row_id = add(landed.sources, MOVEMENTS, occurred_at="52000-01-01Z", recorded_at=long_ago)
    landed.land()
    assert landed_row(landed, MOVEMENTS, row_id) == []

    change(landed.sources, MOVEMENTS, row_id, occurred_at=long_ago)

    assert landed.land().new_count == 1
    assert landed_row(landed, MOVEMENTS, row_id) != []
    assert findings(landed) == []


def test_the_organization_of_a_row_is_found_through_its_event(landed: Pipeline) -> None:
    add(landed.sources, "scanning.scans", event_id=BERLIN, scanned_at="52000-01-01Z")
    add(landed.sources, "ticketing.organizations", timezone="Europe/Atlantis")

    landed.land()

    of_scan, of_organization = query(
        landed.warehouse,
        "select organization_id::text, row_id::text from landing.row_findings"
        " order by table_name desc",
    )
    assert of_scan[0] == ORGANIZATION
    assert of_organization[0] == of_organization[1]


def test_a_changed_row_of_an_append_only_table_keeps_its_landed_values(landed: Pipeline) -> None:
    former = landed_row(landed, MOVEMENTS, MOVEMENT, "list_minor")
    change(landed.sources, MOVEMENTS, MOVEMENT, list_minor=4_000)
    organization = add(landed.sources, "ticketing.organizations")

    land_all(landed.sources, landed.warehouse, read_all=True)

    assert landed_row(landed, "ticketing.organizations", organization) != []
    assert landed_row(landed, MOVEMENTS, MOVEMENT, "list_minor") == former
    assert findings(landed) == [
        (
            *(MOVEMENTS, MOVEMENT, "changed"),
            "it has changed since it was landed, and the table is append-only: "
            f"list_minor {former[0]} is now 4000",
        )
    ]

    # It is read again by every landing, until it has its former values.
    landed.land()
    assert len(findings(landed)) == 1
    change(landed.sources, MOVEMENTS, MOVEMENT, list_minor=former[0])
    landed.land()
    assert findings(landed) == []


def test_a_mutable_row_that_becomes_unusable_keeps_its_landed_values(landed: Pipeline) -> None:
    change(
        landed.sources,
        "ticketing.events",
        BERLIN,
        timezone="Europe/Atlantis",
        updated_at="2026-01-01T00:00:00Z",
    )

    assert landed.land().new_count == 0

    assert landed_row(landed, "ticketing.events", BERLIN, "timezone") == ["Europe/Berlin"]
    assert [each[:3] for each in findings(landed)] == [("ticketing.events", BERLIN, "unusable")]


def test_an_event_without_an_end_ends_on_the_last_day_that_can_be_reported(
    landed: Pipeline,
) -> None:
    event = add(landed.sources, "ticketing.events", ends_at="9999-12-31T23:59:59Z")
    endless = add(landed.sources, "ticketing.events", ends_at="infinity")

    assert landed.land().new_count == 2

    for each in (event, endless):
        days = landed_row(landed, "ticketing.events", each, "ends_at::date::text")
        assert days == ["9998-12-31"]
    assert findings(landed) == []
    assert landed.land().new_count == 0


def test_a_zone_that_postgresql_takes_for_an_abbreviation_has_summer_time(
    landed: Pipeline,
) -> None:
    event = add(landed.sources, "ticketing.events", timezone="CET")

    landed.land()

    assert landed_row(landed, "ticketing.events", event, "timezone") == ["Europe/Brussels"]
    assert landed.land().new_count == 0


def test_too_many_unusable_rows_are_a_fault_of_the_source(
    landed: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_findings, "_MAX_UNUSABLE", 1)
    for _ in range(2):
        add(landed.sources, "scanning.scans", scanned_at="52000-01-01Z")

    with pytest.raises(SourceContractBroken, match=r"scanning\.scans: 2 rows cannot be used"):
        landed.land()

    assert findings(landed) == []
