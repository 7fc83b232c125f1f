"""The files of the money reports of the bundled organisation have the same rows and are proven."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from reporting_pipeline.domain.period import Period
from reporting_pipeline.exports.verify.verify_file import verify_file
from reporting_pipeline.publishing.verify_against_warehouse import verify_against_warehouse
from reporting_pipeline.report_definitions.definition import ReportFormat
from reporting_pipeline.report_definitions.files import STARTER_SET, read_folder
from reporting_pipeline.store import open_store
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline_tests.acceptance.pipelines import Databases, Pipeline
from reporting_pipeline_tests.sample_reports import ReportGenerator, define

_SHIPPED = {each.slug: each for each in read_folder(STARTER_SET)}
_MONTHLY = ("bridge", "payout-statement", "tax", "trial-balance")
_EVENT = "Seewiesen Open Air 2025"


@pytest.fixture(scope="module")
def published(organizer: Pipeline, databases: Databases) -> Iterator[Pipeline]:
    """A copy of the organisation whose days are sealed."""
    pipeline = databases.copy("money_papers", organizer)
    pipeline.seal_all()
    yield pipeline
    databases.drop(pipeline)


@pytest.mark.parametrize("slug", [*_MONTHLY, "event-settlement"])
def test_csv_xlsx_and_pdf_have_the_same_rows_and_are_proven(
    published: Pipeline, tmp_path: Path, slug: str
) -> None:
    with warehouse_connection(published.warehouse) as connection:
        statement = "select organization_id, id from landing.ticketing_events where name = %s"
        [(organization, event)] = connection.execute(statement, (_EVENT,)).fetchall()
    shipped = _SHIPPED[slug].model_dump(mode="json", exclude_none=True)
    definition = define(published.warehouse, shipped, organization)
    period = Period.of_token("2025-09")
    if slug not in _MONTHLY:
        period = Period(first=None, end=date(2025, 12, 1), event_id=event)
    generator = ReportGenerator(
        warehouse=published.warehouse, store=open_store(str(tmp_path / "store"))
    )

    outcomes = generator.generate(definition, period)

    digests = {}
    for outcome in outcomes:
        report = outcome.report
        assert (report.status, report.is_provisional) == ("ready", False), report.failure_message
        path = tmp_path / "store" / str(report.storage_path)
        found = verify_against_warehouse(published.warehouse, path, verify_file(path))
        assert found.differences == ()
        manifest = generator.manifest(report.storage_path)
        digests[report.format] = tuple(each.rows_sha256 for each in manifest.parts)
    assert set(digests) == {ReportFormat.CSV, ReportFormat.XLSX, ReportFormat.PDF}
    assert len(set(digests.values())) == 1
    assert len(digests["csv"]) == max(len(definition.config.blocks), 1)
