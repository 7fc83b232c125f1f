"""The client: a method for each call of the API."""

import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from uuid import UUID

import httpx2
from tenacity import (
    Retrying,
    retry_if_exception_type,
    retry_if_result,
    stop_after_attempt,
    stop_before_delay,
    wait_fixed,
)

from reporting_pipeline.client import models
from reporting_pipeline.client.calls import Call, Calls, Patience, Token, path_of, read
from reporting_pipeline.client.downloads import download_file
from reporting_pipeline.client.notices import Notice, follow_notices
from reporting_pipeline.client.problems import FileDiffers, NoFile
from reporting_pipeline.client.words import (
    ALL_WEBHOOK_KINDS,
    AlertKind,
    BreakKind,
    NoticeKind,
    ReportFormat,
    ReportState,
    ReportStatus,
    Schedule,
    Status,
    WebhookKind,
)

Id = UUID | str
_POLL_SECONDS = 2.0
_LONGEST_WAIT_SECONDS = 30  # the server's limit for one answer
_UNAVAILABLE = 503
_PATIENCE = Patience()


class TaggedDefinition(models.OneDefinition):
    """A definition, with the tag that a change of it has to name.

    Attributes:
        tag: It differs after each change.
    """

    tag: str


class ReportingClient:
    """Calls one server for one organisation; thread-safe.

    Every method raises `ApiError`. Lists are iterators, which ask for the next page when it is
    wanted. Ids may be text.
    """

    def __init__(
        self,
        address: str,
        organization_id: Id,
        token: Token,
        *,
        patience: Patience = _PATIENCE,
        http: httpx2.Client | None = None,
    ) -> None:
        """Make a client; nothing is sent yet.

        Args:
            address: Of the server, such as `https://reports.example.org`.
            organization_id: Whose reports.
            token: A token, or a function that is called for each call, and again if the server
                refuses the token.
            patience: How long it waits, and how often it tries.
            http: Sends the calls, perhaps through a proxy; the caller closes it.
        """
        self._http = http or httpx2.Client()
        self._is_http_own = http is None
        self._calls = Calls(self._http, address, token, patience)
        self._organization = path_of("v1", "organizations", organization_id)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        if self._is_http_own:
            self._http.close()

    # Reports

    def report(
        self,
        definition: str,
        period: str | date,
        format: ReportFormat,  # noqa: A002 - the field's name
        *,
        wait_seconds: float = 60.0,
        provisional_allowed: bool = False,
        idempotency_key: str | None = None,
    ) -> models.ReportAnswer:
        """Ask for a report, and wait for it.

        Args:
            definition: The slug of the definition.
            period: A report day, or 2026-02, 2026-02-23_2026-03-01, event-<id>_2026-02-28.
            format: Of the file.
            wait_seconds: The longest wait; 0 asks only.
            provisional_allowed: Also if its days are not final; the file is stamped PROVISIONAL.
            idempotency_key: A second call with this key is about the same request, for a day.

        Returns:
            `state` is ready, held, failed or empty; or waiting, if the wait was too short: then
            `request(answer.request_id)` says how it went on.
        """
        question = models.ReportQuestion(
            definition=definition,
            period=str(period),
            format=format,
            provisional_allowed=provisional_allowed,
        )
        begun = time.monotonic()
        answer = self._ask(question, wait_seconds, idempotency_key)
        return self._followed(answer, wait_seconds - (time.monotonic() - begun))

    def _followed(self, answer: models.ReportAnswer, seconds: float) -> models.ReportAnswer:
        """The answer when the request has ended, or when the seconds are over."""
        if answer.state != "waiting" or answer.request_id is None or seconds <= 0:
            return answer
        polling = Retrying(
            retry=retry_if_result(lambda found: found.state == "waiting"),
            stop=stop_before_delay(seconds),
            wait=wait_fixed(_POLL_SECONDS),
            sleep=self._calls.patience.sleep,
            retry_error_callback=lambda state: state.outcome and state.outcome.result(),
        )
        return polling(self.request, answer.request_id)

    def _ask(
        self, question: models.ReportQuestion, wait_seconds: float, key: str | None
    ) -> models.ReportAnswer:
        # The answer has to come before the connection is given up.
        longest = min(_LONGEST_WAIT_SECONDS, self._calls.patience.timeout_seconds / 2)
        headers = {"Prefer": f"wait={int(min(wait_seconds, longest))}"}
        if key is not None:
            headers["Idempotency-Key"] = key
        # Equal questions share one request, so it is asked once.
        return self._post(
            models.ReportAnswer, ("reports",), question, headers=headers, is_repeatable=True
        )

    def request(self, request_id: Id) -> models.ReportAnswer:
        """The state of a request for a report."""
        return self._get(models.ReportAnswer, "requests", request_id)

    def requests(
        self, *, state: ReportState | None = None, without_file: bool = False
    ) -> Iterator[models.ListedRequest]:
        """The requests, whoever made them, the newest first; `without_file`: those without one."""
        query = {"state": state, "without_file": "true" if without_file else None}
        return self._calls.pages(models.RequestPage, self._path("requests"), query)

    def reports(
        self,
        *,
        definition: str | None = None,
        format: ReportFormat | None = None,  # noqa: A002 - the field's name
        status: ReportStatus | None = None,
        event_id: Id | None = None,
        first: date | None = None,
        last: date | None = None,
    ) -> Iterator[models.Report]:
        """The reports, the newest period first; those whose period ends from `first` to `last`."""
        query = {
            "definition": definition,
            "format": format,
            "status": status,
            "event_id": event_id,
            "from": first,
            "to": last,
        }
        return self._calls.pages(models.ReportPage, self._path("reports"), query)

    def generated_report(self, report_id: Id) -> models.Report:
        """The state of a report now, and its file."""
        return self._get(models.Report, "reports", report_id)

    def download(self, report_id: Id, target: str | Path, *, edition: int | None = None) -> Path:
        """Download the file of a report; it is whole and as published, or it is not written.

        Args:
            report_id: As `answer.report_id` or `report.id` says.
            target: A file, which is replaced if it exists; or a folder, in which the file gets
                its own name.
            edition: Only this edition; None for the current one.

        Returns:
            The path of the file.

        Raises:
            NoFile: The report is held, has failed or is empty.
            Gone: A later edition has replaced the file.
            FileDiffers: The server has another file than it has published.
            ApiError: See `problems`.
            OSError: The file cannot be written.
        """
        # A new edition may come between the description of the file and the file.
        once_more = Retrying(
            retry=retry_if_exception_type(FileDiffers), stop=stop_after_attempt(2), reraise=True
        )
        return once_more(self._download, report_id, Path(target), edition)

    def _download(self, report_id: Id, target: Path, edition: int | None) -> Path:
        report = self.generated_report(report_id)
        if report.file is None:
            message = f"report {report.id} has no file: it is {report.status}, {report.reason}"
            raise NoFile(message)
        parts = () if edition is None else ("editions", edition)
        path = self._path("reports", report_id, *parts, "file")
        return download_file(self._calls, path, report.file, target)

    def editions(self, report_id: Id) -> tuple[models.Edition, ...]:
        """The editions of a report, the newest first, and why each differs from the former one."""
        return self._get(models.Editions, "reports", report_id, "editions").items

    def manifest(self, report_id: Id, edition: int) -> dict[str, Any]:
        """Gets the manifest of an edition; `reporting verify FILE --manifest` reads it."""
        path = self._path("reports", report_id, "editions", edition, "manifest")
        return self._calls.get(models.Document, path).root

    def changes(self, report_id: Id, edition: int) -> Iterator[models.Change]:
        """The rows and values that differ from the edition before."""
        path = self._path("reports", report_id, "editions", edition, "changes")
        return self._calls.pages(models.Changes, path)

    def verification(self, report_id: Id) -> models.FileVerification:
        """Let the server compare what it has stored with what was published."""
        return self._get(models.FileVerification, "reports", report_id, "verification")

    # Definitions

    def definitions(
        self, *, status: Status | None = None, schedule: Schedule | None = None
    ) -> Iterator[models.DefinitionLine]:
        """The definitions, by slug."""
        query = {"status": status, "schedule": schedule}
        return self._calls.pages(models.DefinitionPage, self._path("definitions"), query)

    def definition(self, slug: str) -> TaggedDefinition:
        """A definition in its current version; `tag` is for `put_definition`."""
        return self._tagged(
            Call(method="GET", path=self._path("definitions", slug), is_repeatable=True)
        )

    def create_definition(self, document: Mapping[str, Any]) -> TaggedDefinition:
        """Create a definition; `problem.invalid` of the error names all that is wrong in it.

        Raises:
            Conflict: There is one of this slug.
            CallInvalid: The document is not valid.
            ApiError: See `problems`.
        """
        return self._tagged(Call(method="POST", path=self._path("definitions"), body=document))

    def put_definition(self, slug: str, document: Mapping[str, Any], tag: str) -> TaggedDefinition:
        """Make a new version of a definition.

        Raises:
            VersionChanged: Somebody has changed it since `tag` was read.
            CallInvalid: The document is not valid.
            ApiError: See `problems`.
        """
        path = self._path("definitions", slug)
        return self._tagged(Call(method="PUT", path=path, body=document, headers={"If-Match": tag}))

    def definition_version(self, slug: str, version: int) -> models.OneVersion:
        """A version as it was made."""
        return self._get(models.OneVersion, "definitions", slug, "versions", version)

    def definition_diff(
        self, slug: str, first: int, second: int
    ) -> tuple[models.ChangedField, ...]:
        """The fields that differ between two versions."""
        path = self._path("definitions", slug, "diff")
        return self._calls.get(models.DefinitionDiff, path, {"from": first, "to": second}).items

    def pause_definition(self, slug: str) -> TaggedDefinition:
        """Make no reports of it until it is resumed."""
        return self._definition_action(slug, "pause")

    def resume_definition(self, slug: str) -> TaggedDefinition:
        """Make reports of it again."""
        return self._definition_action(slug, "resume")

    def archive_definition(self, slug: str) -> TaggedDefinition:
        """Make no reports of it any more; published files stay."""
        return self._definition_action(slug, "archive")

    def _definition_action(self, slug: str, action: str) -> TaggedDefinition:
        path = self._path("definitions", slug, action)
        return self._tagged(Call(method="POST", path=path, is_repeatable=True))

    def _tagged(self, call: Call) -> TaggedDefinition:
        answer = self._calls.answer(call)
        found = read(models.OneDefinition, answer)
        return TaggedDefinition(**dict(found), tag=answer.headers.get("etag", ""))

    def preview(
        self, document: Mapping[str, Any], period: str | date, *, limit: int = 20
    ) -> models.Preview:
        """The first rows, and the totals, of a definition that is not saved."""
        query = {"period": period, "limit": limit}
        return self._post(models.Preview, ("previews",), document, query=query, is_repeatable=True)

    # Datasets, events and figures

    def datasets(self) -> tuple[models.DatasetLine, ...]:
        """Lists the datasets that reports show."""
        return self._get(models.DatasetList, "datasets").items

    def dataset(self, name: str) -> models.OneDataset:
        """A dataset with its columns."""
        return self._get(models.OneDataset, "datasets", name)

    def events(
        self, *, first: date | None = None, last: date | None = None
    ) -> Iterator[models.Event]:
        """The events that take place from `first` to `last`, the latest start first."""
        query = {"from": first, "to": last}
        return self._calls.pages(models.EventPage, self._path("events"), query)

    def event(self, event_id: Id) -> models.Event:
        """An event."""
        return self._get(models.Event, "events", event_id)

    def event_summary(self, event_id: Id, as_of: date) -> models.Summary:
        """The totals of an event at the end of a report day."""
        return self._get(models.Summary, "events", event_id, "summaries", as_of)

    def figures(self, as_of: date) -> models.Figures:
        """The figures of a report day and up to its end, over all events, by currency."""
        return self._get(models.Figures, "figures", as_of)

    # Breaks and alerts

    def breaks(self) -> Iterator[models.ShownOpenBreak]:
        """The open breaks, the oldest first; they hold reports."""
        return self._calls.pages(models.OpenBreakPage, self._path("breaks"))

    def accepted_breaks(self) -> Iterator[models.ShownAcceptedBreak]:
        """The acceptances that are not taken back, the oldest first."""
        return self._calls.pages(models.AcceptedBreakPage, self._path("breaks", "accepted"))

    def accept_breaks(
        self, kind: BreakKind, ids: Sequence[UUID], reason: str
    ) -> tuple[models.ShownOpenBreak, ...]:
        """Accept open breaks for their present amounts: all of them, or none.

        Raises:
            NotFound: One of them is not open.
            ApiError: See `problems`.
        """
        body = models.Acceptance(kind=kind, ids=tuple(ids), reason=reason)
        return self._post(models.Accepted, ("breaks", "accept"), body).items

    def take_back_breaks(self, kind: BreakKind, ids: Sequence[UUID]) -> int:
        """Take the acceptance of breaks back; the number of acceptances that there were."""
        body = models.BreaksOfKind(kind=kind, ids=tuple(ids))
        return self._post(models.TakenBack, ("breaks", "take-back"), body).taken_back_count

    def alerts(self, *, kind: AlertKind | None = None) -> Iterator[models.ShownAlert]:
        """The open alerts: errors before warnings, each oldest first."""
        return self._calls.pages(models.AlertPage, self._path("alerts"), {"kind": kind})

    def newest_alerts(self, *, limit: int = 50) -> tuple[models.ShownAlert, ...]:
        """The alerts that were opened last, open or resolved; at most 200."""
        path = self._path("alerts", "newest")
        return self._calls.get(models.NewestAlerts, path, {"limit": limit}).items

    # Webhooks and notices

    def webhooks(self) -> tuple[models.Webhook, ...]:
        """The webhooks, without their secrets."""
        return self._get(models.Webhooks, "webhooks").items

    def webhook(self, webhook_id: Id) -> models.Webhook:
        """A webhook, without its secret."""
        return self._get(models.Webhook, "webhooks", webhook_id)

    def add_webhook(
        self,
        address: str,
        *,
        kinds: Sequence[WebhookKind] = ALL_WEBHOOK_KINDS,
        definition: str | None = None,
    ) -> models.AddedWebhook:
        """Add a webhook; only this answer has the secret that signs its messages."""
        body = models.WebhookQuestion(address=address, kinds=tuple(kinds), definition=definition)
        return self._post(models.AddedWebhook, ("webhooks",), body)

    def remove_webhook(self, webhook_id: Id) -> None:
        """Remove a webhook; messages that wait for it are not sent."""
        self._calls.answer(Call(method="DELETE", path=self._path("webhooks", webhook_id)))

    def pause_webhook(self, webhook_id: Id, reason: str) -> models.Webhook:
        """Send it nothing until it is resumed; its messages wait."""
        body = models.PauseQuestion(reason=reason)
        return self._post(
            models.Webhook, ("webhooks", webhook_id, "pause"), body, is_repeatable=True
        )

    def resume_webhook(self, webhook_id: Id) -> models.Webhook:
        """Send it messages again; those that have waited are first."""
        return self._post(models.Webhook, ("webhooks", webhook_id, "resume"), is_repeatable=True)

    def webhook_messages(self, webhook_id: Id, *, limit: int = 50) -> tuple[models.Message, ...]:
        """The newest messages for a webhook, and what became of them; at most 200."""
        path = self._path("webhooks", webhook_id, "messages")
        return self._calls.get(models.Messages, path, {"limit": limit}).items

    def replay_webhook(self, webhook_id: Id, since: datetime, *, accepted_too: bool = False) -> int:
        """Send the messages since then again that were given up; the number of messages."""
        body = models.ReplayQuestion(since=since, accepted_too=accepted_too)
        return self._post(models.Replayed, ("webhooks", webhook_id, "replay"), body).count

    def notices(
        self, *, kinds: Sequence[NoticeKind] = (), last_id: int | None = None
    ) -> Generator[Notice]:
        """Follows the notices of the organisation. A stream that ends is opened again.

        `close()` of the iterator ends it.

        Args:
            kinds: Only these; empty for all.
            last_id: The last notice that was seen before; None for those from now on.
        """
        return follow_notices(self._calls, self._path("notices"), kinds, last_id)

    # Health

    def liveness(self) -> models.Liveness:
        """The server's process answers."""
        return self._calls.get(models.Liveness, path_of("health", "live"))

    def readiness(self) -> models.Readiness:
        """Says whether each part that the server needs is ready."""
        path = path_of("health", "ready")
        call = Call(method="GET", path=path, is_repeatable=True, also_accepted=_UNAVAILABLE)
        return self._calls.body(models.Readiness, call)

    def _path(self, *parts: object) -> str:
        return self._organization + path_of(*parts)

    def _get(self, model: type[models.Body], *parts: object) -> models.Body:
        return self._calls.get(model, self._path(*parts))

    def _post(
        self,
        model: type[models.Body],
        parts: tuple[object, ...],
        body: Any = None,
        **more: Any,
    ) -> models.Body:
        return self._calls.body(
            model, Call(method="POST", path=self._path(*parts), body=body, **more)
        )
