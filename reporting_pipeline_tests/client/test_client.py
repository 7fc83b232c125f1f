"""Each method of the client does what it says, on the real application."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import httpx2
import pytest

from reporting_pipeline.client import NotFound, Patience, ReportingClient, ServerFailed
from reporting_pipeline_tests.client.conftest import ClientOf
from reporting_pipeline_tests.sample_reports import BERLIN, REVENUE, TOKYO, define
from reporting_pipeline_tests.serving.api.api_caller import ApiCaller
from reporting_pipeline_tests.serving.api.routes.test_alerts import add_alert
from reporting_pipeline_tests.serving.api.routes.test_breaks import add_break
from reporting_pipeline_tests.serving.api.routes.test_previews import MONTHLY
from reporting_pipeline_tests.serving.api.routes.test_report_files import generated
from reporting_pipeline_tests.serving.api.routes.test_report_requests import defined, work
from reporting_pipeline_tests.serving.api.routes.test_webhooks import publish

DAY = date(2025, 10, 25)
NO_WAIT = 0.0


def working(api: ApiCaller, waits: list[float]) -> ReportingClient:
    """A client that, while it waits, works on the request."""

    def wait(seconds: float) -> None:
        waits.append(seconds)
        work(api)

    return ReportingClient(
        "http://testserver",
        BERLIN,
        api.token(),
        patience=Patience(timeout_seconds=1, sleep=wait),
        http=api.client,
    )


def test_a_current_report_is_answered_at_once(api: ApiCaller, client: ReportingClient) -> None:
    answer = client.report(defined(api, "client-current", is_generated=True), DAY, "csv")

    assert (answer.state, answer.edition, answer.request_id) == ("ready", 1, None)
    assert answer.file is not None
    assert answer.file.name.endswith(".csv")


def test_a_report_is_asked_for_and_awaited(api: ApiCaller) -> None:
    waits: list[float] = []

    answer = working(api, waits).report(defined(api, "client-awaited"), str(DAY), "csv")

    assert (answer.state, answer.edition, waits) == ("ready", 1, [2.0])
    assert answer.request_id is not None


def test_a_report_that_is_not_awaited_is_followed(api: ApiCaller, client: ReportingClient) -> None:
    slug, key = defined(api, "client-followed"), uuid4().hex
    asked = client.report(slug, DAY, "csv", wait_seconds=NO_WAIT, idempotency_key=key)
    assert asked.request_id is not None
    waiting = client.request(asked.request_id)
    work(api)

    listed = {each.request_id for each in client.requests(state="ready")}

    assert (asked.state, waiting.state) == ("waiting", "waiting")
    assert asked.request_id in listed
    assert asked.request_id not in {each.request_id for each in client.requests(without_file=True)}
    assert client.request(asked.request_id).state == "ready"
    again = client.report(slug, DAY, "csv", wait_seconds=NO_WAIT, idempotency_key=key)
    assert (again.state, again.request_id) == ("ready", asked.request_id)


def test_a_wait_that_is_too_short_ends_with_the_waiting_answer(
    api: ApiCaller, pauses: list[float]
) -> None:
    client = ReportingClient(
        "http://testserver",
        BERLIN,
        api.token(),
        patience=Patience(timeout_seconds=0.5, sleep=pauses.append),
        http=api.client,
    )
    answer = client.report(defined(api, "client-short"), DAY, "csv", wait_seconds=1.9)

    assert (answer.state, pauses) == ("waiting", [])
    work(api)


def test_the_server_waits_no_longer_than_the_connection(pauses: list[float]) -> None:
    sent: list[str] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        sent.append(request.headers["prefer"])
        return httpx2.Response(418)

    for timeout_seconds, wait_seconds in ((60, 600), (60, 7.9), (10, 60)):
        patience = Patience(timeout_seconds=timeout_seconds, sleep=pauses.append)
        with httpx2.Client(transport=httpx2.MockTransport(answer)) as http:
            client = ReportingClient("http://server", BERLIN, "t", patience=patience, http=http)
            with pytest.raises(Exception, match="418"):
                client.report("a", DAY, "csv", wait_seconds=wait_seconds)

    assert sent == ["wait=30", "wait=7", "wait=5"]


def test_reports_are_listed_over_all_pages(
    api: ApiCaller, client: ReportingClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reporting_pipeline.client.calls._PAGE_ROWS", 1)
    made = {generated(api).id for _ in range(3)}

    found = [each.id for each in client.reports(first=DAY, last=DAY, status="ready", format="csv")]

    assert made <= set(found)
    assert len(found) == len(set(found))
    assert list(client.reports(event_id=uuid4())) == []


def test_editions_manifests_changes_and_verification_of_a_report(
    api: ApiCaller, client: ReportingClient
) -> None:
    report = generated(api)

    [edition] = client.editions(report.id)
    manifest = client.manifest(report.id, 1)
    verified = client.verification(report.id)

    assert client.generated_report(report.id).slug == report.slug
    assert (edition.edition, edition.file_sha256) == (1, report.file_sha256)
    assert manifest["file"]["sha256"] == report.file_sha256
    assert list(client.changes(report.id, 1)) == []
    assert (verified.word, verified.differences) == ("as published", ())


def test_a_definition_is_created_changed_paused_and_archived(client: ReportingClient) -> None:
    slug = f"client-{uuid4().hex[:8]}"
    made = client.create_definition({**REVENUE, "slug": slug})
    second = client.put_definition(slug, {**made.document, "name": "Second"}, made.tag)

    assert (made.version, second.version) == (1, 2)
    assert second.tag == client.definition(slug).tag != made.tag
    assert client.definition_version(slug, 1).document["name"] == REVENUE["name"]
    [change] = client.definition_diff(slug, 1, 2)
    assert (change.field, change.new) == ("name", "Second")
    assert client.pause_definition(slug).status == "paused"
    assert client.resume_definition(slug).status == "active"
    assert client.archive_definition(slug).status == "archived"
    assert slug in {each.slug for each in client.definitions(status="archived", schedule="daily")}


def test_a_definition_is_previewed(client: ReportingClient) -> None:
    found = client.preview(MONTHLY, "2025-10", limit=2)

    [block] = found.blocks
    assert (found.period, len(block.rows)) == ("2025-10", 2)
    assert block.totals[0].values["gross_minor"] > 0


def test_datasets_are_described(client: ReportingClient) -> None:
    [line] = [each for each in client.datasets() if each.name == "revenue_daily"]
    found = client.dataset("revenue_daily")

    assert len(found.columns) == line.column_count
    assert {each.unit for each in found.columns if each.name == "gross_minor"} == {"minor"}


def test_events_their_summaries_and_the_figures_of_a_day(client: ReportingClient) -> None:
    events = list(client.events(last=DAY))
    summary = client.event_summary(events[0].id, DAY)
    figures = client.figures(DAY)

    assert client.event(events[0].id) == events[0]
    assert summary.day <= summary.as_of == figures.as_of == DAY
    assert "EUR" in {each.currency for each in figures.items if each.name.endswith("_minor")}


def test_breaks_are_accepted_and_taken_back(api: ApiCaller, client: ReportingClient) -> None:
    order = UUID(add_break(api))

    accepted = client.accept_breaks("amount", [order], "cash drawer")

    assert [each.id for each in accepted] == [order]
    assert order not in {each.id for each in client.breaks()}
    [line] = [each for each in client.accepted_breaks() if each.id == order]
    assert (line.accepted_by, line.reason) == ("tester", "cash drawer")
    assert client.take_back_breaks("amount", [order]) == 1
    [shown] = [each for each in client.breaks() if each.id == order]
    assert shown.difference_minor == 100


def test_alerts_are_listed(api: ApiCaller, client: ReportingClient) -> None:
    number = add_alert(api)

    assert number in {each.id for each in client.alerts(kind="report_held")}
    assert number not in {each.id for each in client.alerts(kind="break")}
    assert client.newest_alerts(limit=1)[0].severity == "error"


def test_a_webhook_is_added_paused_replayed_and_removed(
    api: ApiCaller, client: ReportingClient
) -> None:
    added = client.add_webhook("https://example.com/reports", kinds=["report.available"])
    publish(api)
    begun = datetime.now(UTC) - timedelta(days=9_000)

    assert added.secret.startswith("whsec_")
    assert client.webhook(added.id) in client.webhooks()
    assert [each.kind for each in client.webhook_messages(added.id)] == ["report.available"]
    assert client.pause_webhook(added.id, "moves").pause_reason == "moves"
    assert client.resume_webhook(added.id).paused_at is None
    assert client.replay_webhook(added.id, begun, accepted_too=True) == 0  # it waits already
    client.remove_webhook(added.id)
    with pytest.raises(NotFound):
        client.webhook(added.id)


def test_the_server_says_that_it_is_ready(client: ReportingClient) -> None:
    assert client.liveness().status == "alive"
    assert client.readiness().status == "ready"


def test_a_server_that_is_not_ready_says_why(pauses: list[float]) -> None:
    state = {"status": "not ready", "warehouse": "unavailable", "store": "ready"}
    transport = httpx2.MockTransport(lambda _: httpx2.Response(503, json=state))

    with httpx2.Client(transport=transport) as http:
        found = ReportingClient("http://server", BERLIN, "t", http=http).readiness()

    assert (found.status, found.warehouse) == ("not ready", "unavailable")


def test_a_proxy_does_not_answer_for_the_readiness_of_a_server(pauses: list[float]) -> None:
    transport = httpx2.MockTransport(lambda _: httpx2.Response(503, html="<p>deploying</p>"))

    with httpx2.Client(transport=transport) as http:
        patience = Patience(attempt_count=2, sleep=pauses.append)
        client = ReportingClient("http://server", BERLIN, "t", patience=patience, http=http)
        with pytest.raises(ServerFailed, match="deploying"):
            client.readiness()

    assert len(pauses) == 1


READING: dict[str, Callable[[ReportingClient, UUID], object]] = {
    "report": lambda c, report_id: c.generated_report(report_id),
    "editions": lambda c, report_id: c.editions(report_id),
    "changes": lambda c, report_id: next(c.changes(report_id, 1)),
    "manifest": lambda c, report_id: c.manifest(report_id, 1),
}


@pytest.mark.parametrize("name", READING)
def test_another_organisation_reads_nothing(name: str, api: ApiCaller, clients: ClientOf) -> None:
    report = generated(api)

    with pytest.raises(NotFound):
        READING[name](clients(organization_id=TOKYO), report.id)


def test_an_iterator_asks_for_nothing_before_it_is_read(clients: ClientOf, api: ApiCaller) -> None:
    define(api.maker.warehouse, {**REVENUE, "slug": "client-lazy"}, TOKYO)

    found = clients(organization_id=TOKYO).definitions()

    assert "client-lazy" in {each.slug for each in found}
    assert list(found) == []
