"""The versions of a report definition, the difference of two, and changes of its status.

`definition_store` keeps them. A status belongs to the definition and not to a version.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row

from reporting_pipeline.catalogue.definition_store import (
    FieldChange,
    apply_definitions,
    definition_version,
    field_changes,
)
from reporting_pipeline.report_definitions.definition import (
    DeclaredDefinition,
    ReportDefinition,
    Status,
)

_VERSIONS = """
    select version, name, created_at
    from catalogue.report_definition_versions
    where definition_id = %s
    order by version desc
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class DefinitionVersion:
    """A version of a definition, without what it reports.

    Attributes:
        name: The name that the definition had in it.
    """

    version: int
    name: str
    created_at: datetime


def definition_versions(
    connection: Connection[Any], definition_id: UUID
) -> list[DefinitionVersion]:
    """All versions of a definition, the newest first."""
    with connection.cursor(row_factory=class_row(DefinitionVersion)) as cursor:
        return cursor.execute(_VERSIONS, (definition_id,)).fetchall()


def version_changes(
    connection: Connection[Any], definition_id: UUID, first: int, second: int
) -> tuple[FieldChange, ...]:
    """The fields that differ between two versions; the status is no field of a version.

    Raises:
        UnknownDefinition: One of the versions does not exist.
    """
    return field_changes(
        definition_version(connection, definition_id, first),
        definition_version(connection, definition_id, second),
    )


def change_status(
    connection: Connection[Any], definition: ReportDefinition, status: Status, now: datetime
) -> ReportDefinition:
    """Give a definition another status, in the connection's transaction; it makes no version.

    One that has followed a template is the organisation's own afterwards.
    """
    if definition.status is status:
        return definition
    declared = DeclaredDefinition.from_version(definition).model_copy(update={"status": status})
    [applied] = apply_definitions(connection, [declared], now)
    return applied.definition
