"""Definitions in the catalogue: which changes make a version, and that versions never change."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg
import pytest

from reporting_pipeline.catalogue.definition_store import (
    ChangeKind,
    FieldChange,
    apply_definitions,
    definition_by_slug,
    definition_version,
    definitions_of,
    plan_definitions,
)
from reporting_pipeline.errors import DefinitionInvalid, UnknownDefinition
from reporting_pipeline.report_definitions.definition import (
    DeclaredDefinition,
    Schedule,
    Status,
    definition_id,
)
from reporting_pipeline.report_definitions.files import STARTER_SET, for_organizations, read_folder
from reporting_pipeline.report_definitions.parse import parse_definition
from reporting_pipeline_tests.report_definitions.sample_definitions import definition
from reporting_pipeline_tests.report_rows import ORGANIZATION, OTHER_ORGANIZATION

NOW = datetime(2026, 3, 1, tzinfo=UTC)
LATER = datetime(2026, 3, 2, tzinfo=UTC)
ID = definition_id(ORGANIZATION, "daily-sales")
Connection = psycopg.Connection[Any]


def declared(organization: UUID = ORGANIZATION, **fields: object) -> DeclaredDefinition:
    return parse_definition(definition() | {"organization_id": str(organization)} | fields)


def versions(rolled_back: Connection) -> list[tuple[int, str]]:
    statement = (
        "select version, name from catalogue.report_definition_versions order by name, version"
    )
    return rolled_back.execute(statement).fetchall()


def test_a_new_definition_is_version_1(rolled_back: Connection) -> None:
    [change] = apply_definitions(rolled_back, [declared()], NOW)

    assert (change.kind, change.former_version, change.applied_at) == (ChangeKind.ADDED, None, NOW)
    assert definitions_of(rolled_back) == [change.definition]
    assert definition_version(rolled_back, ID, 1) == change.definition
    assert (change.definition.id, change.definition.version) == (ID, 1)


def test_applying_the_same_again_changes_nothing(rolled_back: Connection) -> None:
    apply_definitions(rolled_back, [declared()], NOW)
    [change] = apply_definitions(rolled_back, [declared()], LATER)

    assert (change.kind, change.fields) == (ChangeKind.UNCHANGED, ())
    assert versions(rolled_back) == [(1, "Daily sales")]
    written = rolled_back.execute("select updated_at from catalogue.report_definitions").fetchall()
    assert written == [(NOW,)]


@pytest.mark.parametrize(
    ("fields", "changes"),
    [
        ({"name": "Sales"}, [FieldChange(field="name", old="Daily sales", new="Sales")]),
        (
            {"category": "financial"},
            [FieldChange(field="category", old="sales", new="financial")],
        ),
        ({"schedule": "weekly"}, [FieldChange(field="schedule", old="daily", new="weekly")]),
        (
            {"formats": ["csv", "pdf"]},
            [FieldChange(field="formats", old=["csv"], new=["csv", "pdf"])],
        ),
        (
            {"config": definition(columns=["date"], totals=False)["config"]},
            [
                FieldChange(
                    field="config.columns",
                    old=[
                        {"name": name, "label": None}
                        for name in ("date", "channel", "currency", "net_count", "gross_minor")
                    ],
                    new=[{"name": "date", "label": None}],
                )
            ],
        ),
    ],
    ids=["name", "category", "schedule", "formats", "config"],
)
def test_a_change_of_the_report_makes_a_version(
    rolled_back: Connection, fields: dict[str, Any], changes: list[FieldChange]
) -> None:
    apply_definitions(rolled_back, [declared()], NOW)
    former = definition_version(rolled_back, ID, 1)

    [change] = apply_definitions(rolled_back, [declared(**fields)], LATER)

    assert (change.kind, change.former_version) == (ChangeKind.CHANGED, 1)
    assert list(change.fields) == changes
    assert definition_by_slug(rolled_back, ORGANIZATION, "daily-sales") == change.definition
    assert definition_version(rolled_back, ID, 2) == change.definition
    assert definition_version(rolled_back, ID, 1) == former


def test_a_status_makes_no_version(rolled_back: Connection) -> None:
    apply_definitions(rolled_back, [declared()], NOW)
    [change] = apply_definitions(rolled_back, [declared(status="active")], LATER)

    assert [each.field for each in change.fields] == ["status"]
    assert not change.is_new_version
    assert definition_version(rolled_back, ID, 1).status is Status.ACTIVE
    assert len(versions(rolled_back)) == 1


def test_a_change_back_makes_a_version_too(rolled_back: Connection) -> None:
    for name in ("Daily sales", "Sales", "Daily sales"):
        apply_definitions(rolled_back, [declared(name=name)], NOW)
    assert versions(rolled_back) == [(1, "Daily sales"), (3, "Daily sales"), (2, "Sales")]


@pytest.mark.parametrize("statement", ["update {} set name = 'x'", "delete from {}"])
def test_a_version_cannot_be_changed(rolled_back: Connection, statement: str) -> None:
    apply_definitions(rolled_back, [declared()], NOW)
    with pytest.raises(psycopg.errors.RaiseException, match="never changes: definition"):
        rolled_back.execute(statement.format("catalogue.report_definition_versions").encode())


def test_a_plan_writes_nothing(rolled_back: Connection) -> None:
    [change] = plan_definitions(rolled_back, [declared()])
    assert change.kind is ChangeKind.ADDED
    assert definitions_of(rolled_back) == []


def test_definitions_that_are_not_declared_stay(rolled_back: Connection) -> None:
    apply_definitions(rolled_back, [declared(slug="weekly"), declared()], NOW)
    apply_definitions(rolled_back, [declared(name="Sales")], LATER)
    assert [each.slug for each in definitions_of(rolled_back)] == ["daily-sales", "weekly"]


def test_a_definition_declared_twice_is_refused(rolled_back: Connection) -> None:
    with pytest.raises(DefinitionInvalid, match=r"slug: daily-sales of organisation .* twice"):
        apply_definitions(rolled_back, [declared(), declared(name="Other")], NOW)


def test_a_template_cannot_be_applied(rolled_back: Connection) -> None:
    with pytest.raises(DefinitionInvalid, match="organization_id: daily-sales has no organisation"):
        apply_definitions(rolled_back, [parse_definition(definition())], NOW)


def test_definitions_are_found_by_organisation_schedule_and_status(rolled_back: Connection) -> None:
    mine = declared(status="active")
    theirs = declared(OTHER_ORGANIZATION, schedule="weekly")
    apply_definitions(rolled_back, [theirs, mine], NOW)

    def found(**wanted: Any) -> list[UUID]:
        return [each.organization_id for each in definitions_of(rolled_back, **wanted)]

    assert found() == [ORGANIZATION, OTHER_ORGANIZATION]
    assert found(organization_id=OTHER_ORGANIZATION) == [OTHER_ORGANIZATION]
    assert found(schedule=Schedule.DAILY, status=Status.ACTIVE) == [ORGANIZATION]
    assert found(schedule=Schedule.DAILY, status=Status.DRAFT) == []


def test_unknown_definitions_are_named(rolled_back: Connection) -> None:
    apply_definitions(rolled_back, [declared()], NOW)
    with pytest.raises(
        UnknownDefinition, match="has no report definition 'sales'; the nearest is daily-s"
    ):
        definition_by_slug(rolled_back, ORGANIZATION, "sales")
    with pytest.raises(UnknownDefinition, match="there is no version 2 of a report definition"):
        definition_version(rolled_back, ID, 2)


def test_a_stored_config_that_cannot_be_read_is_named(rolled_back: Connection) -> None:
    apply_definitions(rolled_back, [declared()], NOW)
    rolled_back.execute("update catalogue.report_definitions set config = '{\"dataset\": 1}'")
    with pytest.raises(DefinitionInvalid, match=r"daily-sales of organisation .*, version 1: data"):
        definitions_of(rolled_back)


def test_a_stored_config_that_cannot_be_read_does_not_hide_the_others(
    rolled_back: Connection,
) -> None:
    apply_definitions(rolled_back, [declared(), declared(slug="other")], NOW)
    rolled_back.execute(
        "update catalogue.report_definitions set config = '{\"dataset\": 1}' where slug <> 'other'"
    )
    errors: list[DefinitionInvalid] = []

    found = definitions_of(rolled_back, on_unreadable=errors.append)

    assert ([each.slug for each in found], len(errors)) == (["other"], 1)


def test_the_starter_set_is_stored_as_it_is_declared(rolled_back: Connection) -> None:
    starter = for_organizations(read_folder(STARTER_SET), [ORGANIZATION])
    apply_definitions(rolled_back, starter, NOW)

    found = [DeclaredDefinition.from_version(each) for each in definitions_of(rolled_back)]

    assert found == sorted(starter, key=lambda each: each.slug)
    assert {each.kind for each in plan_definitions(rolled_back, found)} == {ChangeKind.UNCHANGED}
