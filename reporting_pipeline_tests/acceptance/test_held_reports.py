"""A missing ledger entry holds the reports that depend on it; its arrival publishes them again."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from reporting_pipeline.catalogue.generated_reports import GeneratedReport
from reporting_pipeline.report_definitions.definition import ReportDefinition
from reporting_pipeline.store import open_store
from reporting_pipeline_tests.acceptance.faults import PlainOrder, plain_orders
from reporting_pipeline_tests.acceptance.pipelines import Pipeline
from reporting_pipeline_tests.oracle.books import Books
from reporting_pipeline_tests.sample_reports import (
    ATTENDANCE,
    BERLIN,
    REVENUE,
    TOKYO,
    ReportGenerator,
    define,
    one_day,
)

RESTATEMENTS: Mapping[str, object] = {
    "slug": "restatements",
    "name": "What was restated",
    "category": "operational",
    "schedule": "daily",
    "status": "active",
    "formats": ["csv"],
    "config": {
        "dataset": "restatement_changes",
        "columns": ["slug", "edition", "change", "cause", "row_key", "column_name", "new_value"],
        "period": "previous_day",
    },
}


@dataclass(frozen=True, kw_only=True)
class _Case:
    """An order whose booking arrives before its ledger entries."""

    pipeline: Pipeline
    generator: ReportGenerator
    order: PlainOrder
    season: Books

    def definition(
        self, mapping: Mapping[str, object] = REVENUE, *, other: bool = False
    ) -> ReportDefinition:
        organization_id = {str(BERLIN): TOKYO, str(TOKYO): BERLIN}[self.order.organization_id]
        if not other:
            organization_id = BERLIN if organization_id == TOKYO else TOKYO
        return define(self.pipeline.warehouse, mapping, organization_id)

    def arrive_without(self, *row_ids: str) -> None:
        """Let the season arrive but for these rows and their entries; land, build, seal."""
        gone = set(row_ids)
        self.pipeline.arrive(
            self.season.select(
                lambda _, row: row["id"] not in gone and row.get("transaction_id") not in gone
            )
        )
        self.pipeline.land()
        self.pipeline.build_touched()
        self.pipeline.seal_all()

    def generate(self, definition: ReportDefinition) -> GeneratedReport:
        return self.generator.generate_one(definition, one_day(self.order.day))


@pytest.fixture
def case(pipeline: Pipeline, season: Books, tmp_path: Path) -> _Case:
    generator = ReportGenerator(
        warehouse=pipeline.warehouse, store=open_store(str(tmp_path / "store"))
    )
    return _Case(
        pipeline=pipeline, generator=generator, order=plain_orders(season)[0], season=season
    )


def test_a_missing_entry_holds_its_reports_and_its_arrival_makes_the_next_edition(
    case: _Case,
) -> None:
    order = case.order
    case.arrive_without(order.movement_id, order.sale_id, order.payment_id)
    definition = case.definition()
    first = case.generate(definition)
    assert (first.status, first.edition, first.is_provisional) == ("ready", 1, False)
    first_bytes = case.generator.file(first.storage_path)

    # The order is booked, but its ledger entries are missing.
    case.arrive_without(order.sale_id, order.payment_id)
    held = case.generate(definition)
    assert (held.status, held.edition, held.storage_path) == ("held", 1, first.storage_path)
    assert held.failure_message is not None
    assert str(order.day) in held.failure_message
    assert order.order_id in held.failure_message
    assert case.generator.file(first.storage_path) == first_bytes
    # Nothing else is held: other organisations, other days, reports without money.
    assert case.generate(case.definition(other=True)).status == "ready"
    before = one_day(order.day.replace(day=order.day.day - 1))
    assert case.generator.generate_one(definition, before).status == "ready"
    assert case.generate(case.definition(ATTENDANCE)).status == "ready"

    # A report that is requested anyway is stamped, and is stored beside the final one.
    [stamped] = case.generator.generate(definition, one_day(order.day), is_provisional_allowed=True)
    assert stamped.report.is_provisional
    assert (stamped.report.storage_path or "").endswith("_PROVISIONAL.csv")
    assert case.generator.manifest(stamped.report.storage_path).seals[0].state == "held"

    case.arrive_without()
    released = case.generate(definition)
    assert (released.status, released.is_provisional) == ("ready", False)
    assert released.edition == stamped.report.edition + 1
    assert released.storage_path == first.storage_path

    [(causes,)] = case.generator.query(
        "select causes from catalogue.generated_report_editions where report_id = %s"
        " and edition = %s",
        released.id,
        released.edition,
    )
    assert causes == ["late row", "seal"]
    changes = case.generator.query(
        "select change, cause, column_name, new_value::bigint - former_value::bigint"
        " from catalogue.restatement_changes where definition_id = %s and edition = %s"
        " and former_value is not null and column_name is not null",
        definition.id,
        released.edition,
    )
    assert changes == [("changed", "late row, seal", "gross_minor", order.minor)]
    restated = case.generator.generate_one(case.definition(RESTATEMENTS), one_day(order.day))
    rows = list(csv.DictReader(case.generator.file(restated.storage_path).decode().splitlines()))
    assert {
        (row["slug"], row["edition"], row["cause"])
        for row in rows
        if row["column_name"] == "gross_minor"
    } >= {("revenue", str(released.edition), "late row, seal")}
