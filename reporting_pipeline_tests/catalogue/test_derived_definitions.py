"""Definitions that follow templates: of organisations that land later, changed, own, retired."""

import threading
import time
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import URL

from reporting_pipeline.catalogue.coverage import uncovered_organizations
from reporting_pipeline.catalogue.definition_store import (
    apply_definitions,
    definition_by_slug,
    definition_version,
    definitions_of,
)
from reporting_pipeline.catalogue.derived_definitions import (
    AppliedTemplates,
    Derived,
    apply_templates,
    derive_definitions,
    derive_within,
    own_definition_ids,
    reinstate_organization,
    retire_organization,
)
from reporting_pipeline.catalogue.report_templates import templates_of, unusable_templates
from reporting_pipeline.errors import DefinitionInvalid, UnknownDefinition
from reporting_pipeline.report_definitions.definition import (
    DeclaredDefinition,
    Status,
    definition_id,
)
from reporting_pipeline.report_definitions.files import STARTER_SET, read_folder
from reporting_pipeline.report_definitions.parse import parse_definition
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline_tests.report_definitions.sample_definitions import definition
from reporting_pipeline_tests.report_rows import ORGANIZATION, OTHER_ORGANIZATION

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = NOW + timedelta(days=7)
STILL_LATER = NOW + timedelta(days=8)
Connection = psycopg.Connection[Any]


def template(**fields: object) -> DeclaredDefinition:
    return parse_definition(definition() | {"status": "active"} | fields)


def own(organization: UUID, **fields: object) -> DeclaredDefinition:
    return template(organization_id=str(organization), **fields)


def land(
    connection: Connection, *organizations: UUID, name: str = "Acme", zone: str | None = "UTC"
) -> None:
    """Let organisations land."""
    connection.cursor().executemany(
        "insert into landing.ticketing_organizations values (%s, %s, %s, 'EUR', now())",
        [(organization, name, zone) for organization in organizations],
    )


def apply(connection: Connection, *templates: DeclaredDefinition, at: datetime) -> AppliedTemplates:
    return apply_templates(connection, templates, at)


def rows(connection: Connection, columns: str) -> list[tuple[Any, ...]]:
    statement = (
        f"select organization_id, {columns} from catalogue.report_definitions"  # noqa: S608
        " order by organization_id, slug"
    )
    return connection.execute(statement.encode()).fetchall()


def versions(connection: Connection) -> list[tuple[Any, ...]]:
    statement = (
        "select definition.organization_id, numbered.version, numbered.name"
        " from catalogue.report_definition_versions as numbered"
        " inner join catalogue.report_definitions as definition"
        " on definition.id = numbered.definition_id order by 1, 2"
    )
    return connection.execute(statement).fetchall()


def test_an_organisation_that_lands_later_has_the_definitions_of_the_templates(
    rolled_back: Connection,
) -> None:
    land(rolled_back, ORGANIZATION)
    starter = read_folder(STARTER_SET)
    applied = apply(rolled_back, *starter, at=NOW)
    assert applied.derived == Derived(added_count=len(starter))
    land(rolled_back, OTHER_ORGANIZATION)

    derived = derive_within(rolled_back, LATER)

    assert derived == Derived(added_count=len(starter))
    for organization in (ORGANIZATION, OTHER_ORGANIZATION):
        found = definitions_of(rolled_back, organization)
        assert [DeclaredDefinition.from_version(each) for each in found] == sorted(
            (each.for_organization(organization) for each in starter), key=lambda each: each.slug
        )
        assert {each.id for each in found} == {
            definition_id(organization, each.slug) for each in starter
        }
        assert {definition_version(rolled_back, each.id, 1).name for each in found} == {
            each.name for each in starter
        }
    assert derive_within(rolled_back, STILL_LATER) == Derived()
    assert uncovered_organizations(rolled_back) == []


def test_templates_may_be_applied_before_any_organisation_lands(rolled_back: Connection) -> None:
    applied = apply(rolled_back, template(), at=NOW)
    assert applied.derived == Derived()
    assert templates_of(rolled_back) == [template()]

    land(rolled_back, ORGANIZATION)

    assert derive_within(rolled_back, LATER) == Derived(added_count=1)


@pytest.mark.parametrize(
    ("zone", "day"),
    [
        ("Europe/Berlin", date(2026, 3, 8)),
        ("Pacific/Kiritimati", date(2026, 3, 9)),
        ("America/Los_Angeles", date(2026, 3, 8)),
        ("Mars/Phobos", date(2026, 3, 8)),
        ("../etc/passwd", date(2026, 3, 8)),
        ("CET", date(2026, 3, 8)),
    ],
)
def test_reports_are_expected_from_the_day_in_which_the_organisation_landed(
    zone: str, day: date, rolled_back: Connection
) -> None:
    apply(rolled_back, template(), at=NOW)
    land(rolled_back, ORGANIZATION, zone=zone)
    derive_within(rolled_back, LATER)
    derive_within(rolled_back, STILL_LATER)

    assert rows(rolled_back, "expected_since, first_report_day") == [(ORGANIZATION, LATER, day)]


def test_an_organisation_older_than_the_template_has_no_first_day(rolled_back: Connection) -> None:
    land(rolled_back, ORGANIZATION)
    derive_within(rolled_back, NOW)
    apply(rolled_back, template(), at=LATER)

    assert rows(rolled_back, "expected_since, first_report_day") == [(ORGANIZATION, LATER, None)]


def test_an_own_definition_of_the_slug_wins(rolled_back: Connection) -> None:
    land(rolled_back, ORGANIZATION, OTHER_ORGANIZATION)
    apply_definitions(rolled_back, [own(ORGANIZATION, name="Ours")], NOW)

    applied = apply(rolled_back, template(), at=NOW)
    again = apply(rolled_back, template(name="Changed"), at=LATER)

    assert applied.kept == again.kept == ((ORGANIZATION, "daily-sales"),)
    assert versions(rolled_back) == [
        (ORGANIZATION, 1, "Ours"),
        (OTHER_ORGANIZATION, 1, "Daily sales"),
        (OTHER_ORGANIZATION, 2, "Changed"),
    ]


def test_a_changed_template_changes_its_definitions_once(rolled_back: Connection) -> None:
    land(rolled_back, ORGANIZATION, OTHER_ORGANIZATION)
    apply(rolled_back, template(), at=NOW)

    applied = apply(rolled_back, template(formats=["pdf"], schedule="weekly"), at=LATER)

    [change] = applied.changes
    assert [each.field for each in change.fields] == ["schedule", "formats"]
    assert applied.derived == Derived(changed_count=2)
    assert rows(rolled_back, "version, schedule, formats, expected_since, updated_at") == [
        (each, 2, "weekly", ["pdf"], LATER, LATER) for each in (ORGANIZATION, OTHER_ORGANIZATION)
    ]
    notices = rolled_back.execute(
        "select topic, message ->> 'slug', message ->> 'definition_version'"
        " from catalogue.notices order by topic"
    ).fetchall()
    ids = [definition_id(each, "daily-sales") for each in (ORGANIZATION, OTHER_ORGANIZATION)]
    topics = [f"reporting:definition:{each}" for each in ids]
    topics += [f"reporting:org:{each}" for each in (ORGANIZATION, OTHER_ORGANIZATION)]
    assert notices == [(topic, "daily-sales", "2") for topic in sorted(topics)]
    assert not apply(
        rolled_back, template(formats=["pdf"], schedule="weekly"), at=STILL_LATER
    ).is_change


def test_a_changed_status_is_followed_without_a_version(rolled_back: Connection) -> None:
    land(rolled_back, ORGANIZATION)
    apply(rolled_back, template(status="draft"), at=NOW)
    apply(rolled_back, template(), at=LATER)

    assert rows(rolled_back, "version, status, expected_since") == [
        (ORGANIZATION, 1, "active", LATER)
    ]


def test_a_change_of_the_name_does_not_change_since_when_reports_are_expected(
    rolled_back: Connection,
) -> None:
    land(rolled_back, ORGANIZATION)
    apply(rolled_back, template(), at=NOW)
    apply(rolled_back, template(name="Other"), at=LATER)

    assert rows(rolled_back, "version, name, expected_since") == [(ORGANIZATION, 2, "Other", NOW)]


def test_a_file_for_the_organisation_ends_the_following_even_if_it_is_equal(
    rolled_back: Connection,
) -> None:
    land(rolled_back, ORGANIZATION)
    apply(rolled_back, template(), at=NOW)

    [change] = apply_definitions(rolled_back, [own(ORGANIZATION)], NOW)
    apply(rolled_back, template(name="Changed"), at=LATER)

    assert [each.field for each in change.fields] == ["template"]
    assert not change.is_new_version
    assert versions(rolled_back) == [(ORGANIZATION, 1, "Daily sales")]


def test_an_equal_definition_from_before_follows_the_template(rolled_back: Connection) -> None:
    land(rolled_back, ORGANIZATION, OTHER_ORGANIZATION)
    apply_definitions(rolled_back, [own(ORGANIZATION), own(OTHER_ORGANIZATION)], NOW)
    kept = definition_id(OTHER_ORGANIZATION, "daily-sales")

    apply_templates(rolled_back, [template()], NOW, own=[kept])
    assert own_definition_ids(rolled_back) == {kept}
    apply_templates(rolled_back, [template(name="Changed")], LATER, own=[kept])

    assert [name for _, _, name in versions(rolled_back)] == [
        *("Daily sales", "Changed"),
        "Daily sales",
    ]


def test_own_definitions_are_replaced_only_if_that_is_asked_for(rolled_back: Connection) -> None:
    land(rolled_back, ORGANIZATION)
    apply_definitions(rolled_back, [own(ORGANIZATION, name="Ours")], NOW)
    apply(rolled_back, template(), at=NOW)

    applied = apply_templates(rolled_back, [template()], LATER, is_overwriting=True)

    assert (applied.derived, applied.kept) == (Derived(changed_count=1), ())
    assert versions(rolled_back) == [(ORGANIZATION, 1, "Ours"), (ORGANIZATION, 2, "Daily sales")]


def test_an_archived_template_is_given_to_nobody(rolled_back: Connection) -> None:
    land(rolled_back, ORGANIZATION)
    apply(rolled_back, template(), at=NOW)
    apply(rolled_back, template(status="archived"), at=LATER)
    land(rolled_back, OTHER_ORGANIZATION)

    assert derive_within(rolled_back, STILL_LATER) == Derived()
    assert rows(rolled_back, "status") == [(ORGANIZATION, "archived")]


def test_a_template_that_cannot_be_used_stops_no_other(rolled_back: Connection) -> None:
    apply(rolled_back, template(), template(slug="gone"), template(slug="newer"), at=NOW)
    rolled_back.execute(
        "update catalogue.report_templates set config = jsonb_set(config, '{columns}', "
        "'[{\"name\": \"gone\"}]') where slug = 'gone'"
    )
    rolled_back.execute(
        "update catalogue.report_templates set config = config || '{\"future\": 1}'"
        " where slug = 'newer'"
    )
    land(rolled_back, ORGANIZATION)

    assert derive_within(rolled_back, LATER) == Derived(added_count=1)
    reasons = unusable_templates(rolled_back)
    assert list(reasons) == ["gone", "newer"]
    assert "columns[0].name" in reasons["gone"]
    assert "future: unknown field" in reasons["newer"]


def test_a_template_is_declared_once(rolled_back: Connection) -> None:
    with pytest.raises(DefinitionInvalid, match="the template daily-sales is declared twice"):
        apply(rolled_back, template(), template(), at=NOW)


def test_an_organisation_set_aside_by_row_rules_follows_when_it_lands(
    rolled_back: Connection,
) -> None:
    apply(rolled_back, template(), at=NOW)
    rolled_back.execute(
        "insert into landing.row_findings"
        " (domain, table_name, row_id, finding, organization_id, reason, record)"
        " values ('ticketing', 'organizations', %(id)s, 'unusable', %(id)s, 'name is null', '{}')",
        {"id": ORGANIZATION},
    )
    assert derive_within(rolled_back, LATER) == Derived()
    assert uncovered_organizations(rolled_back) == []  # the row has an alert of its own

    rolled_back.execute("delete from landing.row_findings")
    land(rolled_back, ORGANIZATION)
    derive_within(rolled_back, STILL_LATER)

    # It is expected from the day on which its row first came.
    assert rows(rolled_back, "expected_since, first_report_day") == [
        (ORGANIZATION, LATER, LATER.date())
    ]


def test_an_event_whose_organisation_lands_later_is_named_and_then_followed(
    rolled_back: Connection,
) -> None:
    apply(rolled_back, template(), at=NOW)
    rolled_back.execute(
        "insert into landing.ticketing_events (id, organization_id, name, timezone, day_cutoff,"
        " currency, status, starts_at, ends_at, updated_at) values (%s, %s, 'fair', 'UTC', '00:00',"
        " 'EUR', 'ended', '2026-03-01Z', '2026-03-08Z', '2026-01-01Z')",
        (UUID(int=1), ORGANIZATION),
    )
    derive_within(rolled_back, LATER)
    [uncovered] = uncovered_organizations(rolled_back)
    assert str(uncovered).startswith(f"organisation {ORGANIZATION} has 1 events and no row of its")

    land(rolled_back, ORGANIZATION)
    derive_within(rolled_back, STILL_LATER)

    assert uncovered_organizations(rolled_back) == []
    assert rows(rolled_back, "expected_since") == [(ORGANIZATION, LATER)]


def test_an_organisation_without_an_active_definition_is_named(rolled_back: Connection) -> None:
    land(rolled_back, ORGANIZATION, OTHER_ORGANIZATION, name="=cmd\n\u202e Ünïcode")
    apply_definitions(rolled_back, [own(OTHER_ORGANIZATION, status="paused")], NOW)

    first, second = map(str, uncovered_organizations(rolled_back))

    assert (
        f"organisation =cmd Ünïcode ({ORGANIZATION}) has landed and no report is defined for it"
        in first
    )
    assert (
        f"organisation =cmd Ünïcode ({OTHER_ORGANIZATION}) has landed and none of its 1 report"
        in second
    )


def test_a_retired_organisation_is_expected_to_have_nothing(rolled_back: Connection) -> None:
    land(rolled_back, ORGANIZATION)
    apply(rolled_back, template(), at=NOW)

    assert retire_organization(rolled_back, ORGANIZATION, LATER) == 1
    apply(rolled_back, template(name="Changed"), template(slug="another"), at=LATER)
    assert uncovered_organizations(rolled_back) == []
    assert rows(rolled_back, "slug, status, version") == [
        (ORGANIZATION, "daily-sales", "archived", 1)
    ]

    reinstate_organization(rolled_back, ORGANIZATION, STILL_LATER)

    assert rows(rolled_back, "slug, status, version, expected_since") == [
        (ORGANIZATION, "another", "active", 1, STILL_LATER),
        (ORGANIZATION, "daily-sales", "active", 2, STILL_LATER),
    ]
    assert definition_by_slug(rolled_back, ORGANIZATION, "another").status is Status.ACTIVE


def test_an_unknown_organisation_is_not_retired(rolled_back: Connection) -> None:
    with pytest.raises(UnknownDefinition, match=r"no organisation .* has landed"):
        retire_organization(rolled_back, ORGANIZATION, NOW)


def test_two_processes_at_once_add_each_definition_once(warehouse_url: URL) -> None:
    count = 20
    with warehouse_connection(warehouse_url) as connection:
        apply(connection, template(), template(slug="other"), at=NOW)
        land(connection, *map(UUID, (f"00000001-0000-4000-8000-{n:012}" for n in range(count))))
    found: list[Derived] = []
    barrier = threading.Barrier(4)

    def derive() -> None:
        barrier.wait()
        found.append(derive_definitions(warehouse_url, LATER))

    threads = [threading.Thread(target=derive) for _ in range(barrier.parties)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    assert sorted(each.added_count for each in found) == [0, 0, 0, 2 * count]
    with warehouse_connection(warehouse_url) as connection:
        assert len(versions(connection)) == 2 * count


def test_ten_thousand_organisations_that_land_at_once_are_one_statement(
    rolled_back: Connection,
) -> None:
    count = 10_000
    apply(rolled_back, template(), template(slug="other"), at=NOW)
    rolled_back.execute(
        "insert into landing.ticketing_organizations"
        " select gen_random_uuid(), 'Acme ' || n, 'Asia/Tokyo', 'JPY', now()"
        " from generate_series(1, %s) as n",
        (count,),
    )
    begun = time.process_time()

    assert derive_within(rolled_back, LATER) == Derived(added_count=2 * count)

    assert time.process_time() - begun < 5  # of this process: ids, not statements
    assert uncovered_organizations(rolled_back) == []
    assert derive_within(rolled_back, STILL_LATER) == Derived()
