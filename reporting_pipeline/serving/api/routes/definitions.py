"""`/definitions`: the report definitions of an organisation, their versions and changes."""

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Annotated, Any

from fastapi import APIRouter, Header, Path, Query, Request, Response
from psycopg import Connection

from reporting_pipeline.catalogue.audit_log import Action, Deed, record
from reporting_pipeline.catalogue.definition_store import (
    ChangeKind,
    apply_definitions,
    definition_by_slug,
    definition_page,
    definition_version,
    lock_definitions,
)
from reporting_pipeline.catalogue.definition_versions import change_status, version_changes
from reporting_pipeline.errors import StateConflict
from reporting_pipeline.report_definitions.definition import (
    ReportDefinition,
    Schedule,
    Status,
)
from reporting_pipeline.serving.api.answers import (
    Cursor,
    PagedList,
    PageSize,
    Slug,
    require_tag,
    tag_of,
    tagged,
    text_of,
)
from reporting_pipeline.serving.api.callers import Caller, Editor, Viewer
from reporting_pipeline.serving.api.context import Api, ApiContext
from reporting_pipeline.serving.api.definition_bodies import (
    DOCUMENT,
    ChangedField,
    DefinitionDiff,
    DefinitionPage,
    Document,
    OneDefinition,
    OneVersion,
    declared_in,
    definition_of,
    line_of,
    version_of,
)
from reporting_pipeline.serving.api.problems import problem_answers

router = APIRouter(prefix="/definitions", tags=["definitions"])

_MAX_VERSION = 2**31 - 1
# What an action leads to, and how the audit log names it.
_AFTER: Mapping[str, tuple[Status, Action]] = MappingProxyType(
    {
        "pause": (Status.PAUSED, Action.PAUSED),
        "resume": (Status.ACTIVE, Action.RESUMED),
        "archive": (Status.ARCHIVED, Action.ARCHIVED),
    }
)
# The states in which a definition can be paused or resumed.
_FROM: Mapping[Status, frozenset[Status]] = MappingProxyType(
    {
        Status.PAUSED: frozenset({Status.ACTIVE, Status.PAUSED}),
        Status.ACTIVE: frozenset({Status.PAUSED, Status.ACTIVE}),
        Status.ARCHIVED: frozenset(Status),
    }
)


@router.get("", summary="List the definitions", response_model=DefinitionPage)
def list_definitions(  # noqa: PLR0913 - one argument per parameter
    caller: Viewer,
    api: Api,
    request: Request,
    *,
    status: Annotated[Status | None, Query()] = None,
    schedule: Annotated[Schedule | None, Query()] = None,
    limit: PageSize = 50,
    cursor: Cursor = None,
) -> Response:
    """The current versions, also of archived definitions."""
    organization_id, chosen = caller.organization_id, (schedule, status)
    order = PagedList(
        organization_id=organization_id,
        name=f"definitions {status} {schedule}",
        place=_place,
        read=_position,
    )
    after = order.after(cursor)
    with api.reading(organization_id) as connection:
        rows = definition_page(connection, organization_id, chosen, after=after, limit=limit + 1)
    page, following = order.page(rows, limit)
    return tagged(request, DefinitionPage(items=list(map(line_of, page)), next_cursor=following))


@router.post(
    "",
    summary="Create a definition",
    name="create_definition",
    status_code=HTTPStatus.CREATED,
    response_model=OneDefinition,
    responses=problem_answers(HTTPStatus.CONFLICT),
    openapi_extra=DOCUMENT,
)
def create(caller: Editor, api: Api, request: Request, document: Document) -> Response:
    """Create a definition; all that is not valid in it is named at once."""
    declared = declared_in(document, caller.organization_id)
    with api.writing() as connection:
        [applied] = apply_definitions(connection, [declared], api.now())
        if applied.former_version is not None:
            message = f"there is a definition {declared.slug}: put a new version of it"
            raise StateConflict(message)
        _record(connection, api, caller, Action.CREATED, declared.slug)
        made = definition_of(connection, applied.definition)
    api.desk.definitions_changed(caller.organization_id)
    path = f"/v1/organizations/{caller.organization_id}/definitions/{declared.slug}"
    return tagged(request, made, HTTPStatus.CREATED, {"Location": path})


@router.get("/{slug}", summary="One definition", response_model=OneDefinition)
def one_definition(caller: Viewer, api: Api, request: Request, slug: Slug) -> Response:
    """Its current version. `If-Match` of a change has the `ETag` of this answer."""
    with api.reading(caller.organization_id) as connection:
        found = definition_of(
            connection, definition_by_slug(connection, caller.organization_id, slug)
        )
    return tagged(request, found)


@router.put(
    "/{slug}",
    summary="Make a new version",
    name="put_definition",
    response_model=OneDefinition,
    responses=problem_answers(HTTPStatus.PRECONDITION_FAILED),
    openapi_extra=DOCUMENT,
)
def put_version(
    caller: Editor,
    api: Api,
    request: Request,
    slug: Slug,
    document: Document,
    if_match: Annotated[str, Header(description="The `ETag` of the definition as you read it.")],
) -> Response:
    """Replace the definition if nobody has changed it since; a change of the status makes none."""
    declared = declared_in(document, caller.organization_id, slug)
    with api.writing() as connection:
        lock_definitions(connection)
        former = definition_by_slug(connection, caller.organization_id, slug)
        require_tag(if_match, tag_of(definition_of(connection, former)))
        [applied] = apply_definitions(connection, [declared], api.now())
        if applied.kind is not ChangeKind.UNCHANGED:
            _record(connection, api, caller, Action.CHANGED, slug)
        made = definition_of(connection, applied.definition)
    api.desk.definitions_changed(caller.organization_id)
    return tagged(request, made)


@router.get(
    "/{slug}/versions/{version}",
    summary="One version",
    name="definition_version",
    response_model=OneVersion,
)
def one_version(
    caller: Viewer,
    api: Api,
    request: Request,
    slug: Slug,
    version: Annotated[int, Path(ge=1, le=_MAX_VERSION)],
) -> Response:
    """A version as it was made."""
    with api.reading(caller.organization_id) as connection:
        current = definition_by_slug(connection, caller.organization_id, slug)
        found = definition_version(connection, current.id, version)
    return tagged(request, version_of(found))


@router.get(
    "/{slug}/diff",
    summary="Compare two versions",
    name="compare_versions",
    response_model=DefinitionDiff,
)
def diff(
    caller: Viewer,
    api: Api,
    request: Request,
    slug: Slug,
    *,
    first: Annotated[int, Query(alias="from", ge=1, le=_MAX_VERSION)],
    second: Annotated[int, Query(alias="to", ge=1, le=_MAX_VERSION)],
) -> Response:
    """The fields that differ."""
    with api.reading(caller.organization_id) as connection:
        current = definition_by_slug(connection, caller.organization_id, slug)
        changes = version_changes(connection, current.id, first, second)
    items = [ChangedField(field=each.field, old=each.old, new=each.new) for each in changes]
    return tagged(request, DefinitionDiff(items=items))


def _change_route(action: str) -> None:
    """Add the route of an action; a path of its own, so that no other path is taken for one."""

    @router.post(
        f"/{{slug}}/{action}",
        summary=f"{action.capitalize()} a definition",
        name=f"{action}_definition",
        response_model=OneDefinition,
        responses=problem_answers(HTTPStatus.CONFLICT),
    )
    def change(caller: Editor, api: Api, request: Request, slug: Slug) -> Response:
        """No report of a paused or archived definition is made; files that are published stay.

        A definition that follows a template is the organisation's own afterwards.
        """
        made = _changed(api, caller, slug, action)
        api.desk.definitions_changed(caller.organization_id)
        return tagged(request, made)


for _action in _AFTER:
    _change_route(_action)


def _place(each: ReportDefinition) -> list[str | int]:
    return [each.slug]


def _position(position: Any) -> str:
    [slug] = position
    return text_of(slug)


def _changed(api: ApiContext, caller: Caller, slug: str, action: str) -> OneDefinition:
    status, done = _AFTER[action]
    with api.writing() as connection:
        lock_definitions(connection)
        found = definition_by_slug(connection, caller.organization_id, slug)
        if found.status not in _FROM[status]:
            message = f"{slug} is {found.status}, so it cannot become {status}: put a new version"
            raise StateConflict(message)
        if found.status is not status:
            _record(connection, api, caller, done, slug)
        return definition_of(connection, change_status(connection, found, status, api.now()))


def _record(
    connection: Connection[Any], api: ApiContext, caller: Caller, action: Action, slug: str
) -> None:
    """Write a change to the audit log, in its transaction."""
    deed = Deed(actor=caller, action=action, object_kind="definition", object_id=slug, at=api.now())
    record(connection, [deed])
