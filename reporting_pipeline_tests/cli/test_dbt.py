"""dbt by hand: `reporting exec -- dbt ...` needs no further variable and no option."""

import json
import re
from pathlib import Path

import pytest
from sqlalchemy import URL

from reporting_pipeline.building.build import TABLE_NAMES
from reporting_pipeline.building.dbt import parsed_project
from reporting_pipeline.building.relations import ensure_relations, relations_are_current
from reporting_pipeline.embedded.home import Home
from reporting_pipeline.warehouse.engine import conninfo, warehouse_connection
from reporting_pipeline_tests.acceptance.pipelines import Pipeline, assert_same
from reporting_pipeline_tests.cli.conftest import RunReporting
from reporting_pipeline_tests.printable_password import PRINTABLE, ROLE

_DONE = re.compile(r"Done\. PASS=(\d+) WARN=(\d+) ERROR=(\d+) SKIP=(\d+) NO-OP=(\d+)")


@pytest.fixture
def home(running_home: Home) -> Path:
    """A home whose servers run: dbt parses the project in it once for each warehouse."""
    return running_home.folder


def test_build_is_green_and_leaves_every_figure(
    shared_season_pipeline: Pipeline, reporting: RunReporting, home: Path
) -> None:
    before = shared_season_pipeline.tables()

    done = reporting("exec", "--", "dbt", "build", **_variables(shared_season_pipeline, home))

    assert done.returncode == 0, done.stdout
    [counts] = _DONE.findall(done.stdout)
    passed, *others, exposures = map(int, counts)
    assert others == [0, 0, 0], done.stdout
    assert exposures == len(parsed_project().exposures)
    unit_tests = parsed_project().unit_tests.values()
    assert {f"model.reporting.{table}" for table in TABLE_NAMES} <= {
        test.depends_on.nodes[0] for test in unit_tests
    }
    tests = {node.name for node in parsed_project().nodes.values()}
    for test in ("key_is_unique", "not_null_as_declared"):
        assert {f"{test}_{table}_" for table in TABLE_NAMES} <= tests
    assert passed == len(unit_tests) + sum(
        node.config.materialized != "ephemeral" for node in parsed_project().nodes.values()
    )
    assert_same(before, shared_season_pipeline.tables())


def test_documentation_is_written_to_the_home_and_knows_the_columns_of_every_table(
    shared_season_pipeline: Pipeline, reporting: RunReporting, home: Path
) -> None:
    variables = _variables(shared_season_pipeline, home)
    done = reporting("exec", "--", "dbt", "docs", "generate", **variables)

    assert done.returncode == 0, done.stdout
    catalog = json.loads((home / "dbt" / "target" / "catalog.json").read_text("utf-8"))
    tables = {f"model.reporting.{name}" for name in TABLE_NAMES}
    assert tables <= catalog["nodes"].keys()
    assert all("organization_id" in catalog["nodes"][each]["columns"] for each in tables)


def test_views_of_a_build_by_hand_are_not_taken_for_those_of_the_pipeline(
    shared_season_pipeline: Pipeline, reporting: RunReporting, home: Path
) -> None:
    ensure_relations(shared_season_pipeline.warehouse)
    assert _relations_are_current(shared_season_pipeline)

    run = ("exec", "--", "dbt", "run", "--select", "stg_ledger__accounts")
    done = reporting(*run, **_variables(shared_season_pipeline, home))

    assert done.returncode == 0, done.stdout
    assert not _relations_are_current(shared_season_pipeline)
    ensure_relations(shared_season_pipeline.warehouse)
    assert _relations_are_current(shared_season_pipeline)


def _variables(pipeline: Pipeline, home: Path) -> dict[str, str]:
    address = pipeline.warehouse.render_as_string(hide_password=False)
    return {"REPORTING_HOME": str(home), "REPORTING_DATABASE_URL": address}


def _relations_are_current(pipeline: Pipeline) -> bool:
    with warehouse_connection(pipeline.warehouse) as connection:
        return relations_are_current(connection)


def test_the_program_dbt_has_the_whole_address(
    printable_url: URL, reporting: RunReporting, home: Path
) -> None:
    url = printable_url.update_query_dict(
        {
            "host": "127.0.0.1,127.0.0.1",
            "port": f"1,{printable_url.port}",
            "options": "-c lock_timeout=54321",
        }
    ).set(host=None, port=None)
    shown = "select session_user || current_setting('lock_timeout') as answer"
    variables = {"REPORTING_DATABASE_URL": conninfo(url), "REPORTING_HOME": str(home)}

    arguments = ("exec", "--", "dbt", "show", "--inline", shown, "--output", "json")
    done = reporting(*arguments, **variables)

    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{ROLE}54321ms" in done.stdout
    assert PRINTABLE not in done.stdout + done.stderr
