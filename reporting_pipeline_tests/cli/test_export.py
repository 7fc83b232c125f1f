"""`reporting export` and `reporting reports`: what a person sees, and what is refused."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from reporting_pipeline.cli import main
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline_tests.acceptance.given import Pipeline
from reporting_pipeline_tests.sample_reports import (
    ATTENDANCE,
    BERLIN,
    REVENUE,
    TOKYO,
    define,
)

COLUMNS = ("report", "organisation", "period", "format", "status", "edition", "rows", "bytes")
SUMMARY = "2 files are ready, 2 of them new editions; 0 held, 0 failed"
NAME = "Nordlicht Bühne GmbH"
DAY = "2025-09-10"
HOLD = (
    "insert into reporting.seal_objections"
    " (date, position, organization_id, report_table, check_name, message)"
    " values (%s, 1, %s, 'report_revenue_daily', 'a_check', 'order 4711 is 1 EUR short')"
)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def given(season_pipeline: Pipeline, store: Path, monkeypatch: pytest.MonkeyPatch) -> Pipeline:
    """The season with two definitions of the organisation in Berlin, where the commands find it."""
    warehouse = season_pipeline.warehouse.render_as_string(False)
    home = store.with_name("home")
    monkeypatch.setenv("REPORTING_DATABASE_URL", warehouse)
    monkeypatch.setenv("REPORTING_DAGSTER_URL", warehouse)
    monkeypatch.setenv("REPORTING_STORE_URL", str(store))
    monkeypatch.setenv("REPORTING_HOME", str(home))
    monkeypatch.setenv("DAGSTER_HOME", str(home / "dagster"))
    define(season_pipeline.warehouse, REVENUE)
    define(season_pipeline.warehouse, ATTENDANCE)
    return season_pipeline


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def export(*arguments: str) -> Result:
    return run("export", "--from", DAY, "--to", DAY, *arguments)


def lines(result: Result) -> list[list[str]]:
    """The cells of each line; the seconds of a report are left out."""
    split = [line.replace(NAME, "Nordlicht").split() for line in result.output.splitlines()]
    return [cells[:-1] if cells[1:2] == ["Nordlicht"] else cells for cells in split if cells]


def hold(given: Pipeline) -> None:
    with warehouse_connection(given.warehouse) as connection:
        connection.execute(HOLD, (DAY, BERLIN))


def test_reports_that_are_due_are_generated_and_listed(given: Pipeline, store: Path) -> None:
    result = export()

    assert result.exit_code == 0, result.output
    attendance, revenue = sorted(store.rglob("*.csv"))
    assert attendance.relative_to(store).parts == (
        *(str(BERLIN), "attendance", DAY, f"attendance_{DAY}.csv"),
    )
    size = [str(path.stat().st_size) for path in (attendance, revenue)]
    assert lines(result)[:3] == [
        [*COLUMNS, "seconds"],
        ["attendance", "Nordlicht", DAY, "csv", "ready", "1", "0", size[0]],
        ["revenue", "Nordlicht", DAY, "csv", "ready", "1", "1", size[1]],
    ]
    assert result.output.endswith(f"\n{SUMMARY}\nin {store}\n")
    assert "0 of them new editions" in export().output

    listed = run("reports", "--definition", "revenue")

    assert listed.exit_code == 0, listed.output
    key = str(revenue.relative_to(store))
    assert listed.output.splitlines()[1].split()[-5:] == ["ready", "1", "1", size[1], key]


def test_a_held_report_is_told_with_its_reason_and_is_no_failure(
    given: Pipeline, store: Path
) -> None:
    hold(given)

    result = export()

    assert result.exit_code == 0, result.output
    assert [path.name for path in store.rglob("*.csv")] == [f"attendance_{DAY}.csv"]
    assert (
        f"held: revenue of {NAME}, {DAY} (csv): {DAY}: order 4711 is 1 EUR short" in result.output
    )
    assert "1 files are ready, 1 of them new editions; 1 held, 0 failed" in result.output
    assert f"none yet: revenue, {DAY}, csv" in run("reports").output


def test_a_held_report_that_is_asked_for_is_stamped(given: Pipeline, store: Path) -> None:
    hold(given)

    result = export("--provisional", "--definition", "revenue")

    assert result.exit_code == 0, result.output
    assert [path.name for path in store.rglob("*.csv")] == [f"revenue_{DAY}_PROVISIONAL.csv"]
    assert f"stamped: revenue of {NAME}, {DAY} (csv): stamped PROVISIONAL" in result.output


def test_a_report_that_failed_is_exit_code_1_and_the_others_are_there(
    given: Pipeline, store: Path
) -> None:
    with warehouse_connection(given.warehouse) as connection:
        connection.execute(
            "update catalogue.report_definitions"
            """ set config = jsonb_set(config::jsonb, '{columns,4,name}', '"gone"')"""
            " where slug = 'attendance'"
        )

    result = export()

    assert result.exit_code == 1
    assert f"failed: attendance of {NAME}, {DAY} (csv): " in result.output
    assert [path.name for path in store.rglob("*.csv")] == [f"revenue_{DAY}.csv"]


@pytest.mark.parametrize(
    ("arguments", "files"),
    [
        (["--definition", "attendance"], [f"attendance_{DAY}.csv"]),
        (["--format", "jsonl"], []),
        (["--schedule", "weekly"], []),
        (
            ["--organization", str(BERLIN), "--schedule", "daily"],
            [f"attendance_{DAY}.csv", f"revenue_{DAY}.csv"],
        ),
    ],
)
def test_what_is_not_asked_for_is_left_out(
    arguments: list[str], files: list[str], given: Pipeline, store: Path
) -> None:
    result = export(*arguments)

    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in store.rglob("*.csv")) == files
    assert ("no such report is due for these days" in result.output) == (not files)


@pytest.mark.usefixtures("given")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["--definition", "sales"],
            "there is no report definition sales; there are attendance, revenue",
        ),
        (
            ["--definition", "revenue", "--organization", str(TOKYO)],
            "there is no report definition revenue; there are none: apply some",
        ),
    ],
)
def test_an_unknown_definition_is_refused_before_any_work(
    arguments: list[str], said: str, store: Path
) -> None:
    result = export(*arguments)

    assert result.exit_code == 1
    assert result.output == f"Error: {said}\n"
    assert list(store.rglob("*.csv")) == []


@pytest.mark.usefixtures("given")
def test_a_broken_store_is_one_line_and_exit_code_1(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_bytes(b"x")
    monkeypatch.setenv("REPORTING_STORE_URL", str(tmp_path / "file"))

    result = export()

    assert result.exit_code == 1
    assert result.output.startswith("Error: the store ")
    assert len(result.output.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--from", "2026-02-28", "--to", "2026-02-27"], "--to 2026-02-27 is before --from"),
        (["--from", "2026-02-29", "--to", "2026-03-01"], "'2026-02-29' does not match"),
        (["--from", "28.02.2026", "--to", "2026-03-01"], "'28.02.2026' does not match"),
        (["--from", "2026-02-28"], "Missing option '--to'"),
        (["--from", DAY, "--to", DAY, "--format", "doc"], "'doc' is not one of 'csv', 'xlsx'"),
        (["--from", DAY, "--to", DAY, "--schedule", "manual"], "'manual' is not one of 'daily'"),
        (["--from", DAY, "--to", DAY, "--organization", "Berlin"], "'Berlin' is not a valid UUID"),
    ],
)
def test_bad_arguments_are_refused_before_any_server_starts(
    arguments: list[str], said: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("REPORTING_HOME", str(tmp_path / "home"))

    result = run("export", *arguments)

    assert result.exit_code == 2
    assert said in " ".join(result.output.split())
    assert not (tmp_path / "home").exists()
