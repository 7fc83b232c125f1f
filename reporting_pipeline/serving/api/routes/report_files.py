"""`/reports/{report_id}/...`: the file of a report, its editions, manifests and verification."""

from dataclasses import asdict
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any, Literal
from uuid import UUID

from anyio import to_thread
from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import JSONResponse
from pydantic import Field

from reporting_pipeline.catalogue.audit_log import Action
from reporting_pipeline.catalogue.report_editions import (
    RestatedValue,
    edition_changes,
    edition_manifest,
    report_editions,
)
from reporting_pipeline.errors import FileGone, UnknownReport
from reporting_pipeline.exports.formats import media_types
from reporting_pipeline.exports.manifest import Manifest
from reporting_pipeline.publishing.stored_file import look_at, look_at_manifest
from reporting_pipeline.serving.api.answers import (
    ApiModel,
    Cursor,
    PagedList,
    PageSize,
    number_of,
    tagged,
)
from reporting_pipeline.serving.api.callers import Caller, Viewer
from reporting_pipeline.serving.api.context import Api, ApiContext
from reporting_pipeline.serving.api.downloads import file_answer
from reporting_pipeline.serving.api.problems import problem_answers
from reporting_pipeline.serving.api.routes.reports import required_report
from reporting_pipeline.serving.report_files import ReportFile

router = APIRouter(prefix="/reports/{report_id}", tags=["files"])

EditionNumber = Annotated[int, Path(ge=1, le=2_147_483_647, description="The number, from 1.")]
_CONTENT: dict[str, Any] = {each: {} for each in media_types()}
_FILE: dict[int | str, dict[str, Any]] = {
    200: {"content": _CONTENT, "description": "The file."},
    206: {"content": _CONTENT, "description": "The bytes of `Range`."},
    304: {"description": "The caller has it already."},
    307: {"description": "A link of the bucket, for a quarter of an hour."},
    416: {"description": "The file has no such bytes."},
}


class Edition(ApiModel):
    """One edition of a report."""

    edition: int
    definition_version: int
    logic_version: int = Field(description="It rises when the meaning of a column changes.")
    is_provisional: bool
    generated_at: datetime
    byte_count: int
    row_count: int
    file_sha256: str
    rows_sha256: str = Field(description="Equal rows have an equal digest, in every format.")
    causes: list[str] = Field(description="Why it differs from the edition before.")
    is_current: bool = Field(description="Its file can be downloaded; others were replaced.")


class Editions(ApiModel):
    """The editions of a report, the newest first."""

    items: list[Edition]


class Change(ApiModel):
    """A row that an edition added or removed, or a value that it changed."""

    position: int
    change: Literal["added", "removed", "changed"]
    row_key: str = Field(description="The values that identify the row.")
    column_name: str | None = Field(description="The column of a changed value.")
    former_value: str | None
    new_value: str | None


class Changes(ApiModel):
    """A page of what an edition changed."""

    items: list[Change]
    next_cursor: str | None


class FileVerification(ApiModel):
    """What the store has, compared with what was published."""

    word: Literal["as published", "different"]
    edition: int
    file_sha256: str
    signed_by: list[str] = Field(description="The ids of the keys that signed the manifest.")
    differences: list[str] = Field(description="What is not as it was published.")


@router.head("/file", include_in_schema=False)
@router.get(
    "/file", summary="Download", name="download_file", responses=_FILE, response_class=Response
)
async def download(caller: Viewer, api: Api, request: Request, report_id: UUID) -> Response:
    """The file of the current edition; its entity tag is its SHA-256. Ranges are understood."""
    kept = api.desk.caches.files.kept(caller.organization_id, report_id)
    if kept is not None:  # needs no thread, which would cost more than the answer
        return _answer(caller, api, request, kept)
    return await to_thread.run_sync(_download, caller, api, request, report_id)


def _download(caller: Caller, api: ApiContext, request: Request, report_id: UUID) -> Response:
    found = api.desk.file(caller.organization_id, report_id)
    if found is None:
        raise UnknownReport(f"there is no report {report_id}: `GET .../reports` lists them")
    if not isinstance(found, ReportFile):
        raise UnknownReport(f"report {report_id} has no file: it is {found.state}")
    return _answer(caller, api, request, found)


def _answer(caller: Caller, api: ApiContext, request: Request, found: ReportFile) -> Response:
    answer = file_answer(request, api.desk.caches.files.store, found)
    if request.method == "GET" and answer.status_code < 400:  # noqa: PLR2004 - a failure
        api.deeds.add(caller, Action.DOWNLOADED, "report", found.edition.report_id, api.now())
    return answer


@router.get("/editions", summary="List the editions", response_model=Editions)
def list_editions(caller: Viewer, api: Api, request: Request, report_id: UUID) -> Response:
    """Each edition with its digests, and why it differs from the one before."""
    required_report(api, caller, report_id)
    with api.reading(caller.organization_id) as connection:
        found = report_editions(connection, caller.organization_id, report_id)
    return tagged(request, Editions(items=[Edition(**asdict(each)) for each in found]))


@router.get(
    "/editions/{edition}/file",
    summary="Download an edition",
    responses=_FILE | problem_answers(HTTPStatus.GONE),
    response_class=Response,
)
def download_edition(
    caller: Viewer, api: Api, request: Request, report_id: UUID, edition: EditionNumber
) -> Response:
    """The file of an edition while it is the current one; 410 when a later one replaced it."""
    report = required_report(api, caller, report_id)
    if 0 < edition < report.edition:
        message = (
            f"the file of edition {edition} was replaced by edition {report.edition}: its manifest "
            "and its changes are still there"
        )
        raise FileGone(message)
    if edition != report.edition:
        raise UnknownReport(f"report {report_id} has no edition {edition}")
    return _download(caller, api, request, report_id)


@router.get(
    "/editions/{edition}/manifest", summary="The manifest of an edition", name="edition_manifest"
)
def manifest(caller: Viewer, api: Api, report_id: UUID, edition: EditionNumber) -> dict[str, Any]:
    """What proves the edition: digests, totals, seals and watermarks, with its signatures.

    `reporting verify FILE --manifest MANIFEST` compares a file with it, on any machine.
    """
    with api.reading(caller.organization_id) as connection:
        found = edition_manifest(connection, caller.organization_id, report_id, edition)
    if found is None:
        raise UnknownReport(f"there is no edition {edition} of a report {report_id}")
    return found


@router.get(
    "/editions/{edition}/changes",
    summary="What an edition changed",
    name="edition_changes",
    response_model=Changes,
)
def changes(  # noqa: PLR0913 - one argument per parameter
    caller: Viewer,
    api: Api,
    request: Request,
    report_id: UUID,
    edition: EditionNumber,
    *,
    limit: PageSize = 50,
    cursor: Cursor = None,
) -> Response:
    """The rows and values that differ from the edition before; none if only its texts differ."""
    organization_id = caller.organization_id
    order = PagedList(
        organization_id=organization_id,
        name=f"changes of {report_id} {edition}",
        place=_place,
        read=_position,
    )
    after = order.after(cursor) or 0
    required_report(api, caller, report_id)
    with api.reading(organization_id) as connection:
        rows = edition_changes(
            connection, organization_id, report_id, edition, after=after, limit=limit + 1
        )
    page, following = order.page(rows, limit)
    items = [Change(**asdict(each)) for each in page]
    return tagged(request, Changes(items=items, next_cursor=following))


def _place(each: RestatedValue) -> list[str | int]:
    return [each.position]


def _position(position: Any) -> int:
    [place] = map(number_of, position)
    if place < 0:
        raise ValueError(place)
    return place


@router.get(
    "/verification",
    summary="Verify the file",
    name="verify_file",
    response_model=FileVerification,
)
def verification(caller: Viewer, api: Api, report_id: UUID) -> Response:
    """Reads the file and the manifest in the store, and compares both with the catalogue."""
    report = required_report(api, caller, report_id)
    if report.storage_path is None:
        raise UnknownReport(f"report {report_id} has no file: it is {report.status}")
    store = api.desk.caches.files.store
    with api.writing() as connection:
        found = look_at(connection, store, report, api.now(), is_read=True)
    beside = look_at_manifest(store, report)
    differences = [f"{each.finding}" for each in (found, beside) if each is not None]
    known = report.current_manifest()
    answer = FileVerification(
        word="different" if differences else "as published",
        edition=report.edition,
        file_sha256=report.file_sha256 or "",
        signed_by=[] if known is None else _keys(known),
        differences=differences,
    )
    return JSONResponse(answer.model_dump(mode="json"), headers={"Cache-Control": "no-store"})


def _keys(manifest: Manifest) -> list[str]:
    """The ids of the keys that signed a manifest, inside the file and beside it."""
    beside = None if manifest.file is None else manifest.file.digital_signature
    parts = (manifest.digital_signature, beside)
    return sorted({each.key_id for each in parts if each is not None})
