"""Nothing that one organisation reads has a name of another, whatever its rows refer to.

The books have two organisations, and each kind of reference between them, both ways. These are the
paths on which a name could pass, and where it is looked up within the organisation of the row:

| a row of A | refers to B's | passes through | shown to A |
|---|---|---|---|
| ledger transaction, payout item | event | `event_name` and attributes, ledger datasets | id |
| ledger transaction | order, transaction | breaks, `ledger_entries` | id |
| ledger entry | account | the account's kind alone | kind |
| order | event | `sales_daily`, `order_movements`, `bridge`; B's `tickets` | id |
| order line | ticket type | `sales_daily`, `order_movements` | id |
| ticket | ticket type, order, section | `tickets`, `occupancy_daily` | id; no channel |
| scan | ticket | `attendance_daily`, `scans`; B's `tickets` (A's gate) | id |
| scan | gate, scan that it reverts | `attendance_*`, `scans` | id |
| inventory movement | section | `occupancy_daily` | id |
| event | series | event attributes | nothing |
| report period | event | headers, filters, manifests (`publishing.snapshot`) | id; `ask` refuses |
| definition | filter by event | conditions, sentences of filters | id, as A wrote it |
| person | report, summary, request | `serving`, `requests` | nothing |
| check, break, alert, notice | row | messages | ids |

A venue belongs to nobody. An event that changed hands keeps its name in the reports of those who
sold it.
"""

import re
import time
from collections.abc import Iterator, Mapping, Set
from datetime import date
from pathlib import Path
from uuid import UUID
from zipfile import ZipFile, is_zipfile

import pyarrow as pa
import pytest
from psycopg import sql
from pyarrow.parquet import read_table

from reporting_pipeline.alerts.causes import current_causes
from reporting_pipeline.catalogue.definition_store import apply_definitions
from reporting_pipeline.catalogue.report_keys import ReportKey
from reporting_pipeline.checks.checks import checks_of
from reporting_pipeline.checks.findings import Findings
from reporting_pipeline.domain.discrepancy import Severity
from reporting_pipeline.domain.period import Period
from reporting_pipeline.errors import DefinitionInvalid
from reporting_pipeline.publishing.snapshot import ReportRequest
from reporting_pipeline.registry.datasets import DATASETS
from reporting_pipeline.registry.report_tables import REPORT_TABLES
from reporting_pipeline.report_definitions.definition import (
    ReportDefinition,
    ReportFormat,
    definition_id,
)
from reporting_pipeline.report_definitions.files import STARTER_SET, for_organizations, read_folder
from reporting_pipeline.report_definitions.parse import parse_definition
from reporting_pipeline.requests.ask import AskContext, ask
from reporting_pipeline.serving.event_summaries import EventSummaries
from reporting_pipeline.serving.hot_cache import CacheLimits
from reporting_pipeline.serving.report_files import ReportFiles
from reporting_pipeline.store import open_store
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline_tests.acceptance.paper_books import id_of
from reporting_pipeline_tests.acceptance.pipelines import Pipeline, assert_same
from reporting_pipeline_tests.acceptance.readers import pdf_text
from reporting_pipeline_tests.acceptance.starter_set import MACHINE_FORMATS
from reporting_pipeline_tests.acceptance.two_organizations import (
    CASE,
    ORGANIZATIONS,
    two_organizations,
    word_of,
    words_of,
)
from reporting_pipeline_tests.oracle.books import Books
from reporting_pipeline_tests.oracle.expected import expected_tables
from reporting_pipeline_tests.sample_reports import NOW, REVENUE, ReportGenerator, define

HALL, RIVAL = ORGANIZATIONS.values()
OTHER = {HALL: RIVAL, RIVAL: HALL}
_YEAR = Period(first=date(2025, 1, 1), end=date(2026, 1, 1))
# A page takes a second: PDFs of one organisation are enough.
_FORMATS = {HALL: tuple(ReportFormat), RIVAL: MACHINE_FORMATS}
_GALA = {HALL: id_of(CASE, "gala"), RIVAL: id_of(CASE, "rival gala")}


@pytest.fixture(scope="module")
def books() -> Books:
    """The rows of both organisations."""
    return two_organizations()


@pytest.fixture(scope="module")
def pipeline(shared_pipeline: Pipeline, books: Books) -> Pipeline:
    """The books, landed, built and sealed."""
    shared_pipeline.arrive(books)
    shared_pipeline.land()
    shared_pipeline.build_all()
    shared_pipeline.seal_all()
    return shared_pipeline


@pytest.fixture(scope="module")
def words(books: Books) -> Mapping[UUID, Set[str]]:
    """The words of each organisation."""
    found = {each: words_of(books, each) for each in OTHER}
    assert all(len(each) > 8 for each in found.values())
    assert not found[HALL] & found[RIVAL]
    return found


@pytest.fixture(scope="module")
def generator(pipeline: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> ReportGenerator:
    """Generates reports into a folder."""
    store = tmp_path_factory.mktemp("store")
    return ReportGenerator(warehouse=pipeline.warehouse, store=open_store(str(store)))


@pytest.fixture(scope="module")
def definitions(pipeline: Pipeline) -> list[ReportDefinition]:
    """The starter reports of both organisations."""
    declared = for_organizations(read_folder(STARTER_SET), list(OTHER))
    with warehouse_connection(pipeline.warehouse) as connection:
        return [each.definition for each in apply_definitions(connection, declared, NOW)]


def test_the_figures_of_such_rows_are_those_of_the_contract(
    pipeline: Pipeline, books: Books
) -> None:
    assert_same(expected_tables(books), pipeline.tables())


@pytest.mark.parametrize("organization", OTHER, ids=["hall", "rival"])
def test_no_row_of_a_table_has_a_word_of_the_other(
    organization: UUID, pipeline: Pipeline, words: Mapping[UUID, Set[str]]
) -> None:
    relations = {(each.schema, each.relation) for each in DATASETS}
    relations |= {("reporting", each.name) for each in REPORT_TABLES}
    own = set()
    for schema, name in sorted(relations):
        rows = _texts(pipeline, f"{schema}.{name}", organization)
        assert not _found(words[OTHER[organization]], rows), f"{schema}.{name}"
        own |= _found(words[organization], rows)
    assert len(own) >= 8


@pytest.mark.parametrize("organization", OTHER, ids=["hall", "rival"])
def test_no_published_file_has_a_word_of_the_other(
    organization: UUID,
    generator: ReportGenerator,
    definitions: list[ReportDefinition],
    words: Mapping[UUID, Set[str]],
    tmp_path: Path,
) -> None:
    own = set()
    for definition in definitions:
        if definition.organization_id != organization:
            continue
        for period in _periods(definition):
            for outcome in generator.generate(
                definition, period, *_FORMATS[organization], is_provisional_allowed=True
            ):
                assert outcome.report.status in {"ready", "empty"}, outcome.report
                if outcome.location is None:
                    continue
                text = "\n".join(_contents(Path(outcome.location)))
                assert not _found(words[OTHER[organization]], text), outcome.location
                own |= _found(words[organization], text)
    assert len(own) >= 8


@pytest.mark.parametrize("organization", OTHER, ids=["hall", "rival"])
def test_no_message_has_a_word_of_the_other(
    organization: UUID, pipeline: Pipeline, words: Mapping[UUID, Set[str]]
) -> None:
    with warehouse_connection(pipeline.warehouse) as connection:
        alerts = current_causes(connection, stale_after=NOW - NOW, now=NOW).alerts
    messages = [repr(each) for each in alerts if each.organization_id in {None, organization}]
    messages += [
        repr(each)
        for each in pipeline.discrepancies()
        if each.organization_id in {None, organization}
    ]
    for table in ("catalogue.notices", "reporting.seal_objections", "landing.row_findings"):
        messages.append(_texts(pipeline, table, None))

    assert not _found(words[OTHER[organization]], "\n".join(messages))


# Kind of row, of what it names; in this order the words of a message.
_FINDINGS = (
    *(("1 orders", "event"), ("order line movement", "ticket type")),
    *(("ticket", "ticket type"), ("ticket", "order"), ("ticket", "section")),
    *(("inventory movement", "section"), ("scan", "ticket"), ("scan", "gate"), ("scan", "scan")),
    *(("transaction", "event"), ("payout item", "event"), ("event", "series")),
)


@pytest.mark.parametrize("organization", OTHER, ids=["hall", "rival"])
def test_each_such_row_is_a_finding_of_both_in_ids(organization: UUID, pipeline: Pipeline) -> None:
    found = [
        each
        for each in pipeline.discrepancies()
        if (each.check, each.organization_id) == ("references_within_organization", organization)
    ]

    for of, other in (("this", "another"), ("another", "this")):
        messages = [
            each.message for each in found if f" of {of} organisation names" in each.message
        ]
        patterns = [
            rf"{row}( [0-9a-f-]{{36}})?.* of {of} organisation names {named} .*"
            rf"of {other} organisation.*"
            for row, named in _FINDINGS
        ]
        assert [each for each in patterns if not any(re.fullmatch(each, m) for m in messages)] == []


def test_money_on_an_event_of_another_is_an_error_of_its_organisation(
    pipeline: Pipeline, books: Books
) -> None:
    errors = {
        (each.organization_id, each.ids["event_id"], str(each.ids["transaction_id"]))
        for each in pipeline.discrepancies()
        if each.check == "references_within_organization" and each.severity is Severity.ERROR
    }

    # The sale of an order is a break already.
    lost = ("refund", "chargeback", "adjustment", "reserve", "card", "payout")
    assert errors == {
        (organization, _GALA[OTHER[organization]], str(id_of(CASE, f"{mark}lost {each}")))
        for organization, mark in ((HALL, ""), (RIVAL, "rival "))
        for each in lost
    }


def test_money_that_is_booked_back_only_warns(pipeline: Pipeline) -> None:
    [check] = [
        each
        for each in checks_of("report_revenue_daily")
        if each.name == "references_within_organization"
    ]
    of_hall = (HALL, _GALA[RIVAL])
    with warehouse_connection(pipeline.warehouse) as connection:
        before = check.find(connection, pipeline.known_days())
        # As if a transaction of the next day took everything back.
        connection.execute(
            "insert into reporting.report_account_movements_daily select organization_id,"
            " event_id, account_kind, currency, date + 1, credit_minor, debit_minor,"
            " -change_minor, entry_count from reporting.report_account_movements_daily"
            " where (organization_id, event_id) = (%s, %s)",
            of_hall,
        )
        after = check.find(connection, pipeline.known_days())
        connection.rollback()

    assert HALL in _organizations_with_errors(before)
    assert _organizations_with_errors(after) == {RIVAL}


def _organizations_with_errors(findings: Findings) -> set[UUID | None]:
    return {
        each.organization_id
        for of_day in findings.values()
        for each in of_day
        if each.severity is Severity.ERROR
    }


def test_rows_of_two_organisations_break_promises_to_both(pipeline: Pipeline) -> None:
    found = {
        (each.organization_id, each.ids["transaction_id"])
        for each in pipeline.discrepancies()
        if each.check == "upstream_promises"
    }

    assert found == {
        (organization, id_of(CASE, f"{mark}{each}"))
        for organization in OTHER
        for mark in ("", "rival ")
        for each in ("lost payment", "sale by card")
    }


def test_reports_events_and_definitions_of_the_other_cannot_be_asked_for(
    pipeline: Pipeline, generator: ReportGenerator, definitions: list[ReportDefinition]
) -> None:
    [settlement, breaks] = [
        next(each for each in definitions if (each.organization_id, each.slug) == (HALL, slug))
        for slug in ("event-settlement", "breaks")
    ]
    context = AskContext(now=NOW, final_delay_seconds=7200)
    request = ReportRequest(definition=settlement, period=_of_event(_GALA[RIVAL]))
    with pytest.raises(DefinitionInvalid, match="the organisation has no event"):
        ask(pipeline.warehouse, context, request, settlement.formats[0])

    [outcome, *_] = generator.generate(breaks, _YEAR, is_provisional_allowed=True)
    limits = CacheLimits(ttl_seconds=600, max_entries=10, max_bytes=10**6)
    files = ReportFiles(
        pipeline.warehouse, generator.store, limits, max_file_bytes=10**6, clock=time.monotonic
    )
    assert files.file(HALL, outcome.report.id) is not None
    assert files.file(RIVAL, outcome.report.id) is None
    summaries = EventSummaries(pipeline.warehouse, limits, time.monotonic)
    assert summaries.summary(RIVAL, _GALA[RIVAL], _YEAR.end) is not None
    assert summaries.summary(HALL, _GALA[RIVAL], _YEAR.end) is None


def test_an_event_that_changed_hands_keeps_its_name_for_both_who_sold_it(
    pipeline: Pipeline, definitions: list[ReportDefinition], books: Books
) -> None:
    handed_over, name = id_of(CASE, "handed over"), word_of(books, "handed over")
    for dataset in ("sales_daily", "revenue_daily", "ledger_entries", "payable_statement"):
        for organization in OTHER:
            assert name in _texts(pipeline, f"datasets.{dataset}", organization), dataset
    context = AskContext(now=NOW, final_delay_seconds=7200)
    for definition in definitions:
        if definition.slug == "event-settlement":
            request = ReportRequest(definition=definition, period=_of_event(handed_over))
            result = ask(pipeline.warehouse, context, request, definition.formats[0])
            assert result.is_new


def test_organisations_of_one_name_have_files_of_their_own() -> None:
    keys = {
        ReportKey(
            organization_id=organization,
            definition_id=definition_id(organization, "daily-sales"),
            slug="daily-sales",
            period=_YEAR,
            format=ReportFormat.CSV,
        ).folder.casefold()
        for organization in OTHER
    }

    assert len(keys) == len(OTHER)  # a folder has the id, never the name
    with pytest.raises(DefinitionInvalid, match="slug"):
        parse_definition({**REVENUE, "slug": "Daily-Sales"})


def test_a_filter_by_an_event_of_the_other_finds_no_row_of_the_other(
    generator: ReportGenerator, books: Books, words: Mapping[UUID, Set[str]]
) -> None:
    columns = ["event_name", "event_id", "date", "ticket_type_name", "net_count"]
    definition = define(
        generator.warehouse,
        {
            "slug": "filtered",
            "name": "Sales of an event",
            "category": "sales",
            "schedule": "daily",
            "status": "active",
            "formats": ["csv"],
            "config": {
                "dataset": "sales_daily",
                "columns": columns,
                "period": "previous_day",
                "filters": [{"column": "event_id", "operator": "=", "value": str(_GALA[RIVAL])}],
            },
        },
        HALL,
    )

    [outcome] = generator.generate(definition, _YEAR, is_provisional_allowed=True)

    text = "\n".join(_contents(Path(outcome.location or "")))
    assert outcome.report.row_count == 1  # its own order on that event
    assert str(_GALA[RIVAL]) in text
    assert not _found(words[RIVAL], text)


def _periods(definition: ReportDefinition) -> Iterator[Period]:
    """The year, or each event: of the other organisation too, as if nothing refused it."""
    if definition.config.period.rule == "event_to_date":
        yield from map(_of_event, _GALA.values())
    else:
        yield _YEAR


def _of_event(event_id: UUID) -> Period:
    return Period(first=None, end=_YEAR.end, event_id=event_id)


def _contents(path: Path) -> Iterator[str]:
    """The text of a published file, and of its manifest."""
    yield path.name
    yield path.with_name(f"{path.name}.manifest.json").read_text(encoding="utf-8")
    suffixes = [each for each in path.suffixes if each != ".zip"]
    if suffixes[-1] == ".pdf":
        yield pdf_text(path)
    elif is_zipfile(path):
        with ZipFile(path) as archive:
            for name in archive.namelist():
                yield from (name, *_texts_of(archive.read(name)))
    else:
        yield from _texts_of(path.read_bytes())


def _texts_of(content: bytes) -> Iterator[str]:
    if content.startswith(b"PAR1"):
        table = read_table(pa.BufferReader(content))
        yield from (str(table.schema), str(table.to_pylist()))
    yield content.decode("utf-8", errors="replace")


def _texts(pipeline: Pipeline, relation: str, organization: UUID | None) -> str:
    statement = sql.SQL("select each::text from {} as each where {}").format(
        sql.Identifier(*relation.split(".")),
        sql.SQL("true" if organization is None else "organization_id = %(organization)s"),
    )
    with warehouse_connection(pipeline.warehouse) as connection:
        rows = connection.execute(statement, {"organization": organization}).fetchall()
    return "\n".join(text for (text,) in rows)


def _found(words: Set[str], text: str) -> set[str]:
    return {each for each in words if each in text}
