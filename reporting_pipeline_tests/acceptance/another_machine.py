"""Generates starter reports in a separate process, like another machine on another day.

    python -m reporting_pipeline_tests.acceptance.another_machine SLUG...

The warehouse and the store come from its environment. It prints the day that it uses as today.
"""

import sys
from datetime import UTC, datetime
from pathlib import Path

from reporting_pipeline.report_definitions.definition import ReportFormat
from reporting_pipeline.settings import Settings
from reporting_pipeline_tests.acceptance.pipelines import Pipeline
from reporting_pipeline_tests.acceptance.starter_set import generated_files, starter_requests
from reporting_pipeline_tests.sample_reports import BERLIN


def main(*slugs: str) -> None:
    """Generate the reports with these slugs, and the first one of Berlin also as PDF."""
    settings = Settings.from_environment()
    pipeline = Pipeline(sources={}, warehouse=settings.warehouse_url())
    store = Path(settings.store_address())
    requests = [each for each in starter_requests(pipeline) if each.definition.slug in slugs]
    rendered = [each for each in requests if each.definition.organization_id == BERLIN][:1]
    files = [
        *generated_files(pipeline, store, requests),
        *generated_files(pipeline, store, rendered, [ReportFormat.PDF]),
    ]
    sys.stdout.write(f"{len(files)} files on {datetime.now(UTC).date()}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
