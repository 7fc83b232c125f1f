"""The API keeps what its OpenAPI document says, whatever it is called with.

Schemathesis calls a real server: with values that the document allows and with others, and in
sequences that follow the links of the document. `--api-examples=200` makes the long run of it.
"""

import json
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from reporting_pipeline.catalogue.webhook_subscriptions import subscribe
from reporting_pipeline.serving.api.app import create_app
from reporting_pipeline.serving.api.context import open_context
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline_tests.acceptance.pipelines import Pipeline
from reporting_pipeline_tests.sample_reports import (
    ATTENDANCE,
    BERLIN,
    NOW,
    REVENUE,
    ReportGenerator,
    define,
    one_day,
)
from reporting_pipeline_tests.serving.api.api_caller import api_settings, local_token
from reporting_pipeline_tests.serving.api.served import served

CONFIGURATION = Path(__file__).with_name("schemathesis.toml")
FEW = 5
# The values at the edges of every field of a definition are 8,000 calls.
SHORTER = """
[[operations]]
include-operation-id = ["create_definition", "preview_definition", "put_definition"]
phases.coverage.enabled = false
"""


def fill(maker: ReportGenerator) -> None:
    """Make what the calls can be about: reports, definitions and a webhook."""
    for each in (ATTENDANCE, REVENUE):
        maker.generate(define(maker.warehouse, each), one_day(date(2025, 10, 25)))
    with warehouse_connection(maker.warehouse) as connection:
        subscribe(connection, BERLIN, "https://receiver.example/in", now=NOW)


def for_organization(document: dict[str, Any], organization_id: UUID) -> dict[str, Any]:
    """The document for callers of one organisation: calls for others find nothing."""
    for path in document["paths"].values():
        for operation in path.values():
            for parameter in operation.get("parameters", ()):
                if parameter["name"] == "organization_id":
                    parameter["schema"] = {"enum": [str(organization_id)]}
    return document


@pytest.mark.timeout(3_600)
def test_no_call_ends_in_a_fault_or_against_the_document(
    shared_season_pipeline: Pipeline,
    tmp_path: Path,
    redis_url: str,
    pytestconfig: pytest.Config,
) -> None:
    examples = int(pytestconfig.getoption("--api-examples"))
    warehouse = shared_season_pipeline.warehouse
    settings = api_settings(
        warehouse, tmp_path, redis_url=redis_url, api_calls_per_minute=1_000_000
    )
    document, configuration = tmp_path / "openapi.json", tmp_path / "schemathesis.toml"
    text = CONFIGURATION.read_text(encoding="utf-8")
    configuration.write_text(text + (SHORTER if examples == FEW else ""), encoding="utf-8")
    with open_context(settings, clock=lambda: NOW) as context:
        fill(ReportGenerator(warehouse, context.desk.caches.files.store, NOW))
        app = create_app(context)
        described = for_organization(json.loads(json.dumps(app.openapi())), BERLIN)
        document.write_text(json.dumps(described), encoding="utf-8")
        with served(app) as address:
            done = subprocess.run(  # noqa: S603 - a program of this environment
                [
                    Path(sys.executable).with_name("schemathesis"),
                    f"--config-file={configuration}",
                    "run",
                    document,
                    f"--url={address}",
                    f"--header=Authorization: Bearer {local_token(settings, BERLIN)}",
                    "--checks=all",
                    f"--max-examples={examples}",
                    "--seed=1",
                    "--generation-database=none",
                ],
                cwd=tmp_path,
                capture_output=True,
                check=False,
                text=True,
            )

    assert done.returncode == 0, done.stdout + done.stderr
    for phase in ("Coverage", "Fuzzing", "Stateful"):
        assert f"✅ {phase}" in done.stdout
    print(done.stdout)  # noqa: T201 - for `-rP`
