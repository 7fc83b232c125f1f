"""The bodies of calls and answers about report definitions."""

from datetime import datetime
from typing import Annotated, Any, cast
from uuid import UUID

from fastapi import Depends, Request
from psycopg import Connection
from pydantic import Field

from reporting_pipeline.catalogue.definition_versions import definition_versions
from reporting_pipeline.exports.definition_formats import invalid_formats
from reporting_pipeline.report_definitions import json_schema
from reporting_pipeline.report_definitions.definition import (
    Category,
    DeclaredDefinition,
    ReportDefinition,
    ReportFormat,
    Schedule,
    Status,
)
from reporting_pipeline.report_definitions.document import (
    InvalidField,
    raise_if_invalid,
    read_text,
)
from reporting_pipeline.report_definitions.parse import parse_definition_text
from reporting_pipeline.serving.api.answers import ApiModel

_SOURCE = "the definition"
DOCUMENT: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "The document that `reporting definitions show` prints, as JSON.",
        "content": {
            "application/json": {
                "schema": {"$ref": f"#/components/schemas/{json_schema.NAME}"},
            }
        },
    }
}
"""The description of a call's body in the OpenAPI document."""


class DefinitionLine(ApiModel):
    """A definition in the list."""

    id: UUID
    slug: str
    name: str
    version: int = Field(description="The current version.")
    status: Status
    category: Category
    schedule: Schedule
    formats: list[ReportFormat]


class DefinitionPage(ApiModel):
    """A page of definitions, by slug."""

    items: list[DefinitionLine]
    next_cursor: str | None = Field(description="For the next page; null on the last one.")


class VersionLine(ApiModel):
    """A version of a definition."""

    version: int
    name: str
    created_at: datetime


class OneVersion(ApiModel):
    """What a definition reports, in one version."""

    id: UUID
    version: int
    status: Status = Field(description="Of the definition now; it belongs to no version.")
    document: dict[str, Any] = Field(description="The definition as it is sent.")


class OneDefinition(OneVersion):
    """The current version of a definition, and the list of all versions."""

    versions: list[VersionLine] = Field(description="The newest first.")


class ChangedField(ApiModel):
    """A field that differs."""

    field: str = Field(description="Such as `config.columns`.")
    old: Any = Field(description="Its value in `from`; null if there is none.")
    new: Any = Field(description="Its value in `to`; null if there is none.")


class DefinitionDiff(ApiModel):
    """The fields that differ between two versions; none: they report the same."""

    items: list[ChangedField]


def line_of(each: ReportDefinition) -> DefinitionLine:
    """A definition in the list."""
    return DefinitionLine(
        id=each.id,
        slug=each.slug,
        name=each.name,
        version=each.version,
        status=each.status,
        category=each.category,
        schedule=each.schedule,
        formats=list(each.formats),
    )


def version_of(found: ReportDefinition) -> OneVersion:
    """One version, with its document."""
    # The only form of a definition as text, so that it can be sent as it is.
    text = DeclaredDefinition.from_version(found).to_yaml()
    return OneVersion(
        id=found.id,
        version=found.version,
        status=found.status,
        document=cast("dict[str, Any]", read_text(text)),
    )


def definition_of(connection: Connection[Any], found: ReportDefinition) -> OneDefinition:
    """The current version, with the list of all versions."""
    versions = [
        VersionLine(version=each.version, name=each.name, created_at=each.created_at)
        for each in definition_versions(connection, found.id)
    ]
    return OneDefinition(**dict(version_of(found)), versions=versions)


async def _body(request: Request) -> bytes:
    return await request.body()


Document = Annotated[bytes, Depends(_body)]
"""The argument of a route whose body is a definition; `DOCUMENT` describes it."""


def declared_in(
    document: bytes, organization_id: UUID, slug: str | None = None
) -> DeclaredDefinition:
    """The definition of a body, for the caller's organisation.

    Raises:
        DefinitionInvalid: It is not valid, or of another organisation or slug than the path.
    """
    declared = parse_definition_text(document, _SOURCE, invalid_formats)
    faults = []
    if declared.organization_id not in {None, organization_id}:
        faults.append(InvalidField("organization_id", "is not that of the path: leave it out"))
    if slug not in {None, declared.slug}:
        faults.append(InvalidField("slug", f"is not that of the path, {slug}"))
    raise_if_invalid(faults, _SOURCE)
    return declared.for_organization(organization_id)
