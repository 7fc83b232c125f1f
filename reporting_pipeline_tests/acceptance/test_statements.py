"""Monthly statements over time: late rows restate all later months, and a break holds them."""

import csv
from datetime import UTC, date, datetime
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from uuid import UUID
from zipfile import ZipFile

import pytest

from reporting_pipeline.catalogue.generated_reports import GeneratedReport
from reporting_pipeline.checks.breaks import Decision, accept_breaks, open_breaks
from reporting_pipeline.domain.period import Period
from reporting_pipeline.due.stale_reports import forget_rebuilt_days, stale_reports
from reporting_pipeline.report_definitions.definition import ReportDefinition
from reporting_pipeline.report_definitions.files import STARTER_SET, read_folder
from reporting_pipeline.store import open_store
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline_tests.acceptance.pipelines import Pipeline
from reporting_pipeline_tests.sample_reports import ReportGenerator, define
from reporting_pipeline_tests.sources.landing.upstream import BERLIN, NEW_YORK, ORGANIZATION, add

MONTHS = [Period(first=date(2025, m, 1), end=date(2025, m + 1, 1)) for m in (2, 3, 4)]
_LATE = datetime(2025, 2, 10, 15, tzinfo=UTC)
_PAYABLE, _OTHER = (f"0000000c-0000-4000-8000-00000000000{digit}" for digit in "9c")
_NOW = datetime(2026, 3, 1, tzinfo=UTC)


class _Desk:
    """Publishes the statements of three months, and the settlements of events."""

    def __init__(self, pipeline: Pipeline, folder: Path) -> None:
        self.pipeline = pipeline
        self.generator = ReportGenerator(
            warehouse=pipeline.warehouse, store=open_store(str(folder / "store"))
        )
        self.statement = self._shipped("payout-statement")
        self.settlement = self._shipped("event-settlement")

    def _shipped(self, slug: str) -> ReportDefinition:
        [declared] = [each for each in read_folder(STARTER_SET) if each.slug == slug]
        shipped = declared.model_dump(mode="json", exclude_none=True)
        return define(self.pipeline.warehouse, {**shipped, "formats": ["csv"]}, UUID(ORGANIZATION))

    def publish(self) -> list[GeneratedReport]:
        return [self.generator.generate_one(self.statement, month) for month in MONTHS]

    def settle(self, event: str) -> GeneratedReport:
        period = Period(first=None, end=date(2025, 12, 1), event_id=UUID(event))
        return self.generator.generate_one(self.settlement, period)

    def book(self, component: str) -> None:
        """Book 500 cents to the organiser in February, for New York; land, build and seal."""
        sources = self.pipeline.sources
        transaction = add(
            sources,
            "ledger.transactions",
            organization_id=ORGANIZATION,
            event_id=NEW_YORK,
            order_id=None,
            kind="adjustment",
            effective_at=_LATE,
        )
        for account, direction in ((_PAYABLE, "credit"), (_OTHER, "debit")):
            add(
                sources,
                "ledger.entries",
                transaction_id=transaction,
                account_id=account,
                direction=direction,
                component=component if account == _PAYABLE else "adjustment",
                amount_minor=500,
                currency="USD",
            )
        self.pipeline.land()
        self.pipeline.build_touched()
        self.pipeline.seal_all()

    def stale(self) -> set[Period]:
        """The periods of the statements that are out of date; forgets the rebuilt days."""
        with warehouse_connection(self.pipeline.warehouse) as connection:
            found = stale_reports(connection, first_day=date(2025, 1, 1), delay_seconds=7200)
            forget_rebuilt_days(connection, found.rebuilt_ids)
        return {each.request.period for each in found.due}

    def balances(self, report: GeneratedReport) -> dict[str, tuple[str, str]]:
        """Opening and closing by event in USD."""
        with ZipFile(BytesIO(self.generator.file(report.storage_path))) as archive:
            text = archive.read("by-event.csv").decode("utf-8-sig")
        rows = [row for row in csv.DictReader(text.splitlines()) if row["Currency"] == "USD"]
        return {row["Event"]: (row["Opening"], row["Closing"]) for row in rows}


@pytest.fixture
def desk(season_pipeline: Pipeline, tmp_path: Path) -> _Desk:
    """Three months are published as final."""
    desk = _Desk(season_pipeline, tmp_path)
    assert [each.status for each in desk.publish()] == ["ready"] * 3
    desk.stale()
    return desk


def test_a_late_row_restates_all_later_months_and_openings_stay_former_closings(
    desk: _Desk,
) -> None:
    former = desk.publish()
    assert [each.edition for each in former] == [1, 1, 1]

    desk.book("adjustment")

    assert desk.stale() == set(MONTHS)
    new = desk.publish()
    assert [(each.status, each.edition, each.is_provisional) for each in new] == [
        ("ready", 2, False)
    ] * 3
    for earlier, later in pairwise(new):
        closed = {event: closing for event, (_, closing) in desk.balances(earlier).items()}
        opened = {event: opening for event, (opening, _) in desk.balances(later).items()}
        assert closed == opened
    changes = desk.generator.query(
        "select period_token, cause, column_name, new_value::bigint - former_value::bigint"
        " from catalogue.restatement_changes where column_name is not null order by 1, 3"
    )
    assert changes == [
        ("2025-02", "late row", "adjustment_minor", 500),
        ("2025-02", "late row", "closing_minor", 500),
        ("2025-03", "late row", "closing_minor", 500),
        ("2025-03", "late row", "opening_minor", 500),
        ("2025-04", "late row", "closing_minor", 500),
        ("2025-04", "late row", "opening_minor", 500),
    ]


def test_a_break_holds_its_month_and_all_later_ones_until_it_is_accepted(desk: _Desk) -> None:
    desk.book("payout")  # a payout component in an adjustment is not classified

    held = desk.publish()

    assert [each.status for each in held] == ["held"] * 3
    assert all("unclassified: entry" in (each.failure_message or "") for each in held)
    assert desk.settle(NEW_YORK).status == "held"
    assert desk.settle(BERLIN).status == "ready"

    with warehouse_connection(desk.pipeline.warehouse) as connection:
        [found] = open_breaks(connection, UUID(ORGANIZATION))
        assert found.entry_id is not None
        decision = Decision(
            organization_id=UUID(ORGANIZATION),
            kind="unclassified",
            ids=(found.entry_id,),
            person="Ada",
            now=_NOW,
        )
        accept_breaks(connection, decision, reason="booked by hand")

    released = [*desk.publish(), desk.settle(NEW_YORK)]
    assert [(each.status, each.is_provisional) for each in released] == [("ready", False)] * 4
    for each in released:
        [accepted] = desk.generator.manifest(each.storage_path).accepted_breaks
        assert (accepted.accepted_by, accepted.reason) == ("Ada", "booked by hand")
        assert accepted.concerns == f"entry {found.entry_id}"
    assert desk.generator.manifest(desk.settle(BERLIN).storage_path).accepted_breaks == ()
