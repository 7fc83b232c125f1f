"""`reporting request` and `reporting work`: output, exit codes and refusals."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from reporting_pipeline.cli import main
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline_tests.acceptance.pipelines import Pipeline
from reporting_pipeline_tests.sample_reports import BERLIN, REVENUE, TOKYO, define

DAY = "2025-09-10"
REPORT = f"revenue, {DAY}, csv"
OWNER = f"Nordlicht Bühne GmbH ({BERLIN})"
HOLD = (
    "insert into reporting.seal_objections"
    " (date, position, organization_id, report_table, check_name, message)"
    " values (%s, 1, %s, 'report_revenue_daily', 'a_check', 'order 4711 is 1 EUR short')"
)


@pytest.fixture
def one_definition(
    season_pipeline: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Pipeline:
    """The season with one definition, in the environment."""
    warehouse = season_pipeline.warehouse.render_as_string(False)
    monkeypatch.setenv("REPORTING_DATABASE_URL", warehouse)
    monkeypatch.setenv("REPORTING_DAGSTER_URL", warehouse)
    monkeypatch.setenv("REPORTING_STORE_URL", str(tmp_path / "store"))
    monkeypatch.setenv("REPORTING_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home" / "dagster"))
    define(season_pipeline.warehouse, REVENUE)
    return season_pipeline


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def request(*arguments: str, period: str = DAY) -> Result:
    asked = ("request", "revenue", "--organization", str(BERLIN), "--period", period)
    return run(*asked, *arguments)


def test_equal_requests_are_queued_once_and_generated(
    one_definition: Pipeline, tmp_path: Path
) -> None:
    first, second = request(), request("--format", "csv")
    assert first.output.startswith(f"{REPORT}: queued, request ")
    assert second.output == first.output.replace("queued", "already queued")

    worked = run("work", "--once")
    assert worked.exit_code == 0, worked.output
    file = tmp_path / "store" / str(BERLIN) / "revenue" / DAY / f"revenue_{DAY}.csv"
    assert f"{REPORT} of {OWNER}: completed, edition 1\n  {file}" in worked.output
    assert file.exists()

    assert request().output == f"{REPORT}: ready, edition 1, still current\n  {file}\n"


def test_a_lost_file_is_named_and_generated_again_with_the_same_bytes(
    one_definition: Pipeline, tmp_path: Path
) -> None:
    request("--wait")
    file = tmp_path / "store" / str(BERLIN) / "revenue" / DAY / f"revenue_{DAY}.csv"
    content = file.read_bytes()

    file.unlink()
    gone = request("--wait")
    assert gone.output.startswith(f"{REPORT}: the file is not in the store, so it is generated")
    assert f"{REPORT} of {OWNER}: completed, edition 1\n" in gone.output
    assert file.read_bytes() == content

    file.write_bytes(b"altered")
    altered = request("--wait")
    assert f"{REPORT}: the file is altered in the store, so it is generated" in altered.output
    assert f"{REPORT} of {OWNER}: completed, edition 1\n" in altered.output
    assert file.read_bytes() == content
    [kept] = (file.parent / "altered").iterdir()
    assert kept.read_bytes() == b"altered"
    assert request().output.startswith(f"{REPORT}: ready, edition 1, still current")


def test_a_store_that_is_down_is_one_error_and_nothing_is_ready(
    one_definition: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    request("--wait")
    monkeypatch.setattr("reporting_pipeline.store.bucket._RETRIES", 0)
    monkeypatch.setenv("REPORTING_STORE_URL", "s3://exports/reports")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"):
        monkeypatch.setenv(name, "any")

    down = request()

    assert down.exit_code == 1
    assert down.output.count("could not be looked up") == 1
    assert "ready" not in down.output


def test_verify_store_has_a_line_for_each_finding(one_definition: Pipeline, tmp_path: Path) -> None:
    request("--wait")
    right = run("verify", "--store")
    assert right.exit_code == 0, right.output
    assert right.output.startswith("1 files of 1 organisations were compared")
    folder = tmp_path / "store" / str(BERLIN) / "revenue" / DAY
    (folder / f"revenue_{DAY}.csv").write_bytes(b"altered")
    (folder / "stranger.csv").write_bytes(b"who was it?")

    found = run("verify", "--store", "--json")
    assert found.exit_code == 1
    parsed = json.loads(found.output)
    assert [(each["finding"], each["report"]) for each in parsed["findings"]] == [
        ("size", "revenue"),
        ("unknown", None),
    ]
    lines = run("verify", "--store").output.splitlines()
    assert lines[0].startswith(
        f"size: revenue of Nordlicht Bühne GmbH, {DAY} (csv): {BERLIN}/revenue/"
    )
    assert lines[1].startswith("unknown: Nordlicht Bühne GmbH: ")

    (folder / "stranger.csv").unlink()
    assert run("verify", "--store", "--restore").exit_code == 0
    assert run("verify", "--store", "--organization", str(BERLIN)).exit_code == 0
    assert run("verify").exit_code == run("verify", "--store", "any.csv").exit_code == 2


def test_wait_prints_the_outcome(one_definition: Pipeline) -> None:
    with warehouse_connection(one_definition.warehouse) as connection:
        connection.execute(HOLD, (DAY, BERLIN))

    held, stamped = request("--wait"), request("--wait", "--provisional")

    reason = f"{REPORT} of {OWNER}: held: {DAY}: order 4711 is 1 EUR short"
    assert (held.exit_code, held.output.splitlines()[1]) == (0, reason)
    assert "completed, edition 1" in stamped.output
    assert "_PROVISIONAL.csv" in stamped.output


def test_wait_for_a_failure_gives_exit_code_1(one_definition: Pipeline) -> None:
    assert request().exit_code == 0
    with warehouse_connection(one_definition.warehouse) as connection:
        connection.execute("alter table catalogue.report_definition_versions disable trigger user")
        connection.execute("update catalogue.report_definition_versions set config = '{}'")

    result = request("--wait")
    assert result.exit_code == 1
    assert f"{REPORT} of {OWNER}: failed: " in result.output


@pytest.mark.parametrize(
    ("period", "format_", "code", "message"),
    [
        ("yesterday", "csv", 2, "'yesterday' is not a period"),
        (DAY, "pdf", 1, "it has no format pdf, but csv"),
        ("2125-01-01", "csv", 1, "has not begun"),
    ],
)
def test_impossible_requests_are_refused(
    one_definition: Pipeline, period: str, format_: str, code: int, message: str
) -> None:
    result = request("--format", format_, period=period)
    assert (result.exit_code, message in result.output) == (code, True), result.output


def test_a_held_report_is_not_queued_again_and_the_list_says_why(one_definition: Pipeline) -> None:
    with warehouse_connection(one_definition.warehouse) as connection:
        connection.execute(HOLD, (DAY, BERLIN))
    request("--wait")

    again = request("--wait")
    listed = run("requests")
    [line] = json.loads(run("requests", "--json").output)["requests"]

    held = f"{REPORT}: held, and nothing has changed since request {line['request_id']}: "
    assert again.output == f"{held}{DAY}: order 4711 is 1 EUR short\n"
    assert again.exit_code == 0
    columns, row, summary = listed.output.splitlines()
    assert columns.split() == [
        *("status", "report", "organisation", "period", "format", "age", "tries", "reason")
    ]
    assert row.split()[:2] == ["held", "revenue"]
    assert row.rstrip().endswith(f"1  {DAY}: order 4711 is 1 EUR short")
    assert summary == "1 requests: 1 held"
    assert {name: line[name] for name in ("status", "organization", "period", "tries")} == {
        "status": "held",
        "organization": "Nordlicht Bühne GmbH",
        "period": DAY,
        "tries": 1,
    }
    assert line["age_seconds"] >= 0


def test_the_list_of_requests_shows_what_waits(one_definition: Pipeline) -> None:
    assert run("requests").output == "0 requests\n"
    request()
    request(period="2025-09-11")

    assert run("requests").output.splitlines()[-1] == "2 requests: 2 waiting"
    limited = run("requests", "--limit", "1").output.splitlines()
    assert limited[-1] == "1 requests: 1 waiting; there are more: --limit, or --organization"
    assert run("requests", "--limit", "0").exit_code == 2
    assert run("requests", "--organization", str(TOKYO)).output == "0 requests\n"
    run("work", "--once")
    assert run("requests").output == "0 requests\n"
    assert run("requests", "--all").output.splitlines()[-1] == "2 requests: 2 ready"
