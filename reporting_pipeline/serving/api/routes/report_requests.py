"""`/reports` and `/requests`: asks for a report, and follows the request for it."""

import hashlib
import re
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import anyio
from anyio import to_thread
from fastapi import APIRouter, Header, Request, Response
from pydantic import Field, StrictBool

from reporting_pipeline.catalogue.audit_log import Action, Deed, record
from reporting_pipeline.catalogue.generated_reports import generated_report
from reporting_pipeline.catalogue.idempotency import (
    FormerAnswer,
    KeyedCall,
    remember_answer,
    remember_call,
)
from reporting_pipeline.catalogue.report_keys import ReportKey
from reporting_pipeline.errors import UnknownReport
from reporting_pipeline.report_definitions.definition import ReportFormat
from reporting_pipeline.requests.request_queue import AnswerState, StoredRequest, stored_request
from reporting_pipeline.serving.api.answers import (
    ApiModel,
    PeriodToken,
    Slug,
    report_period,
    tagged,
)
from reporting_pipeline.serving.api.callers import Caller, Viewer
from reporting_pipeline.serving.api.context import Api, ApiContext
from reporting_pipeline.serving.api.routes.reports import report_path
from reporting_pipeline.serving.report_files import CurrentEdition

router = APIRouter(tags=["requests"])

MAX_WAIT_SECONDS = 30
_WAIT = re.compile(r"(?:^|[,;\s])wait=(?P<seconds>[0-9]{1,6})(?:$|[,;\s])")
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.05, 1.0
_POLL_SECONDS = "2"

State = Literal["ready", "waiting", "held", "failed", "empty"]


class ReportQuestion(ApiModel):
    """Which report somebody asks for."""

    definition: Slug = Field(description="The slug of the definition.")
    period: PeriodToken = Field(
        description="2026-02-28, 2026-02, 2026-02-23_2026-03-01, or event-<id>_2026-02-28."
    )
    format: ReportFormat
    provisional_allowed: StrictBool = Field(
        default=False,
        description="Also if its days are not final; the file is then stamped PROVISIONAL.",
    )


class AnsweredFile(ApiModel):
    """The file of a report that is ready."""

    name: str = Field(description="The file's own name.")
    byte_count: int
    sha256: str
    path: str = Field(description="Where it is downloaded, on this server, with a token.")


class ReportAnswer(ApiModel):
    """The report, or the state of the request for it."""

    state: State = Field(description="Ready: download `file`. Waiting: follow `request_path`.")
    reason: str | None = Field(description="Why it is held, or the kind of its failure.")
    report_id: UUID
    report_path: str
    edition: int | None = Field(description="The edition that is ready.")
    file: AnsweredFile | None
    request_id: UUID | None = Field(description="The request; null if the report was there.")
    request_path: str | None


def request_path(organization_id: UUID, request_id: UUID) -> str:
    """The path of a request on this server."""
    return f"/v1/organizations/{organization_id}/requests/{request_id}"


@router.post(
    "/reports",
    summary="Ask for a report",
    response_model=ReportAnswer,
    responses={202: {"model": ReportAnswer, "description": "It is queued; follow `Location`."}},
)
async def ask_for_report(
    caller: Viewer,
    api: Api,
    question: ReportQuestion,
    *,
    prefer: Annotated[
        str | None, Header(description="`wait=10`: answer when it is ready, within 10 seconds.")
    ] = None,
    idempotency_key: Annotated[
        str | None,
        Header(
            pattern=r"^[\x21-\x7e]{1,255}$",
            description="A second call with this key is about the same request, for a day.",
        ),
    ] = None,
) -> Response:
    """Answers 200 with the file if the report is current, else 202 and queues a request.

    Equal questions share one request. A small report is ready within a second: `Prefer: wait=10`
    waits for it. A report that is held or empty stays so until something changes; its answer is
    200 with the reason, and nothing is queued.
    """
    call = None
    if idempotency_key is not None:
        call = _keyed(caller, idempotency_key, question)
    answer = await to_thread.run_sync(_asked, api, caller, question, call)
    wait = _wait(prefer)
    applied = {} if wait is None else {"Preference-Applied": f"wait={wait}"}
    if wait and answer.state == "waiting" and answer.request_id is not None:
        answer = await _awaited(api, caller, answer, wait)
    return _response(answer, applied)


@router.get("/requests/{request_id}", summary="Follow a request", response_model=ReportAnswer)
def one_request(caller: Viewer, api: Api, request: Request, request_id: UUID) -> Response:
    """The state of a request; ask again after `Retry-After` while it is waiting."""
    answer = _of_request(api, caller, request_id)
    waits = {"Retry-After": _POLL_SECONDS} if answer.state == "waiting" else {}
    return tagged(request, answer, headers=waits)


def _asked(
    api: ApiContext, caller: Caller, question: ReportQuestion, call: KeyedCall | None
) -> ReportAnswer:
    now = api.now()
    former = None if call is None else _former(api, call, now)
    if former is not None and former.report_id is not None:
        return _again(api, caller, former.report_id, former.request_id)
    result = api.desk.report(
        caller.organization_id,
        question.definition,
        report_period(question.period),
        question.format,
        is_provisional_allowed=question.provisional_allowed,
    )
    request = result.request
    if result.report is not None:
        answer = _ready(caller, result.report.edition, None)
    elif request is not None:
        answer = _of_stored(caller, request)
    else:
        return _again(api, caller, _report_id(api, caller, question), None)
    if call is None and not result.is_new:
        api.deeds.add(caller, Action.ASKED, "report", answer.report_id, now)
        return answer
    with api.writing() as connection:
        deed = Deed(
            actor=caller,
            action=Action.ASKED,
            object_kind="report",
            object_id=str(answer.report_id),
            at=now,
        )
        record(connection, [deed])
        if call is not None:
            remember_answer(connection, call, answer.report_id, answer.request_id)
    return answer


def _former(api: ApiContext, call: KeyedCall, now: datetime) -> FormerAnswer:
    with api.writing() as connection:
        return remember_call(connection, call, now)


def _again(
    api: ApiContext, caller: Caller, report_id: UUID, request_id: UUID | None
) -> ReportAnswer:
    """The answer of now to a call that was answered before."""
    if request_id is not None:
        return _of_request(api, caller, request_id)
    found = api.desk.caches.files.file(caller.organization_id, report_id)
    if found is None:
        raise UnknownReport(f"report {report_id} is gone: ask with a new Idempotency-Key")
    return _ready(caller, found.edition, None)


def _report_id(api: ApiContext, caller: Caller, question: ReportQuestion) -> UUID:
    definition = api.desk.caches.definitions.definition(caller.organization_id, question.definition)
    return ReportKey.of(definition, report_period(question.period), question.format).id


async def _awaited(
    api: ApiContext, caller: Caller, answer: ReportAnswer, seconds: int
) -> ReportAnswer:
    """The answer when the request has ended, or when the seconds are over."""
    pause = _FIRST_PAUSE_SECONDS
    assert answer.request_id is not None  # noqa: S101 - the caller has looked
    with anyio.move_on_after(seconds):
        while answer.state == "waiting":
            await anyio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
            answer = await to_thread.run_sync(_of_request, api, caller, answer.request_id)
    return answer


def _of_request(api: ApiContext, caller: Caller, request_id: UUID | None) -> ReportAnswer:
    """The state of a request of the caller's organisation.

    Raises:
        UnknownReport: The organisation has no such request; another one may have it.
    """
    assert request_id is not None  # noqa: S101 - for threads, whose arguments have no type
    with api.reading(caller.organization_id) as connection:
        try:
            found = stored_request(connection, request_id)
        except UnknownReport:
            found = None
        if found is None or found.organization_id != caller.organization_id:
            raise UnknownReport(f"there is no request {request_id}: `POST .../reports` makes one")
        report = None
        if found.state is AnswerState.READY:
            report = generated_report(connection, found.key.id)
    if report is None or report.storage_path is None:
        return _of_stored(caller, found)
    edition = CurrentEdition(
        organization_id=caller.organization_id,
        report_id=report.id,
        edition=report.edition,
        file_sha256=report.file_sha256 or "",
        storage_path=report.storage_path,
        byte_count=report.byte_count or 0,
        file_name=report.file_name or "",
    )
    return _ready(caller, edition, found.id)


def _of_stored(caller: Caller, found: StoredRequest) -> ReportAnswer:
    is_failed = found.state is AnswerState.FAILED
    return ReportAnswer(
        state=found.state.value,
        reason=found.failure_class if is_failed else found.reason,
        report_id=found.key.id,
        report_path=report_path(caller.organization_id, found.key.id),
        edition=found.edition,
        file=None,
        request_id=found.id,
        request_path=request_path(caller.organization_id, found.id),
    )


def _ready(caller: Caller, edition: CurrentEdition, request_id: UUID | None) -> ReportAnswer:
    path = report_path(caller.organization_id, edition.report_id)
    followed = None
    if request_id is not None:
        followed = request_path(caller.organization_id, request_id)
    return ReportAnswer(
        state="ready",
        reason=None,
        report_id=edition.report_id,
        report_path=path,
        edition=edition.edition,
        file=AnsweredFile(
            name=edition.file_name,
            byte_count=edition.byte_count,
            sha256=edition.file_sha256,
            path=f"{path}/file",
        ),
        request_id=request_id,
        request_path=followed,
    )


def _response(answer: ReportAnswer, headers: dict[str, str]) -> Response:
    is_waiting = answer.state == "waiting"
    place = answer.request_path if is_waiting else answer.report_path
    found = {**headers, "Location": place or "", "Cache-Control": "no-store"}
    if is_waiting:
        found["Retry-After"] = _POLL_SECONDS
    status = 202 if is_waiting else 200
    return Response(answer.model_dump_json(), status, found, "application/json")


def _keyed(caller: Caller, key: str, question: ReportQuestion) -> KeyedCall:
    fingerprint = hashlib.sha256(question.model_dump_json().encode()).hexdigest()
    return KeyedCall(
        organization_id=caller.organization_id,
        subject=caller.subject,
        key=key,
        fingerprint=fingerprint,
    )


def _wait(prefer: str | None) -> int | None:
    found = _WAIT.search(prefer or "")
    return None if found is None else min(int(found["seconds"]), MAX_WAIT_SECONDS)
