"""`reporting export`, `reports` and `verify`: output, exit codes and refusals."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import URL

from reporting_pipeline.cli import main
from reporting_pipeline.exports.csv_format import CSV
from reporting_pipeline.exports.manifest import MANIFEST_SUFFIX, SealPart, WatermarkPart
from reporting_pipeline.exports.xlsx.xlsx_format import XLSX
from reporting_pipeline.report_definitions.definition import ReportFormat
from reporting_pipeline.store import open_store
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline_tests.acceptance.pipelines import Pipeline
from reporting_pipeline_tests.exports.documents import EVERY_TYPE, ROWS, column, document
from reporting_pipeline_tests.exports.xlsx.packages import DATA, edited, replaced
from reporting_pipeline_tests.sample_reports import (
    ATTENDANCE,
    BERLIN,
    REVENUE,
    TOKYO,
    ReportGenerator,
    define,
    one_day,
)

# reporting export


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
def two_definitions(
    season_pipeline: Pipeline, store: Path, monkeypatch: pytest.MonkeyPatch
) -> Pipeline:
    """The season with two definitions of the organisation in Berlin, in the environment."""
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


def hold(two_definitions: Pipeline) -> None:
    with warehouse_connection(two_definitions.warehouse) as connection:
        connection.execute(HOLD, (DAY, BERLIN))


def test_reports_that_are_due_are_generated_and_listed(
    two_definitions: Pipeline, store: Path
) -> None:
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
    assert result.stdout.endswith(f"\n{SUMMARY}\nin {store}\n")
    again = "2 files are ready, 0 of them new editions; 0 held, 0 failed"
    assert f"{again}; 2 have not changed\n" in export().output
    assert f"{again}\n" in export("--again").output

    listed = run("reports", "--definition", "revenue")

    assert listed.exit_code == 0, listed.output
    key = str(revenue.relative_to(store))
    assert listed.output.splitlines()[1].startswith(f"{NAME} - Revenue, by day - {DAY}.csv  ready")
    assert listed.output.splitlines()[1].split()[-5:] == ["ready", "1", "1", size[1], key]


def test_a_held_report_is_printed_with_its_reason_and_is_no_failure(
    two_definitions: Pipeline, store: Path
) -> None:
    hold(two_definitions)

    result = export()

    assert result.exit_code == 0, result.output
    assert [path.name for path in store.rglob("*.csv")] == [f"attendance_{DAY}.csv"]
    assert (
        f"held: revenue of {NAME}, {DAY} (csv): {DAY}: order 4711 is 1 EUR short" in result.output
    )
    assert "1 files are ready, 1 of them new editions; 1 held, 0 failed" in result.output
    assert f"{NAME}: revenue, {DAY}, csv" in run("reports").output


def test_provisional_publishes_a_held_report_with_a_stamp(
    two_definitions: Pipeline, store: Path
) -> None:
    hold(two_definitions)

    result = export("--provisional", "--definition", "revenue")

    assert result.exit_code == 0, result.output
    assert [path.name for path in store.rglob("*.csv")] == [f"revenue_{DAY}_PROVISIONAL.csv"]
    assert f"stamped: revenue of {NAME}, {DAY} (csv): stamped PROVISIONAL" in result.output


def test_a_failed_report_gives_exit_code_1_and_the_others_are_published(
    two_definitions: Pipeline, store: Path
) -> None:
    with warehouse_connection(two_definitions.warehouse) as connection:
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
def test_options_select_some_reports(
    arguments: list[str], files: list[str], two_definitions: Pipeline, store: Path
) -> None:
    result = export(*arguments)

    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in store.rglob("*.csv")) == files
    assert ("no such report is due for these days" in result.output) == (not files)


@pytest.mark.usefixtures("two_definitions")
@pytest.mark.parametrize(
    ("arguments", "expected"),
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
    arguments: list[str], expected: str, store: Path
) -> None:
    result = export(*arguments)

    assert result.exit_code == 1
    assert result.output == f"Error: {expected}\n"
    assert list(store.rglob("*.csv")) == []


@pytest.mark.usefixtures("two_definitions")
def test_an_unusable_store_gives_one_line_and_exit_code_1(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_bytes(b"x")
    monkeypatch.setenv("REPORTING_STORE_URL", str(tmp_path / "file"))

    result = export()

    assert result.exit_code == 1
    assert result.output.startswith("Error: the store ")
    assert len(result.output.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--from", "2026-02-28", "--to", "2026-02-27"], "--to 2026-02-27 is before --from"),
        (["--from", "2026-02-29", "--to", "2026-03-01"], "'2026-02-29' is not a day"),
        (["--from", "28.02.2026", "--to", "2026-03-01"], "'28.02.2026' is not a day"),
        (["--from", "2026-02-28"], "Missing option '--to'"),
        (["--from", DAY, "--to", DAY, "--format", "doc"], "'doc' is not one of 'csv', 'xlsx'"),
        (["--from", DAY, "--to", DAY, "--schedule", "manual"], "'manual' is not one of 'daily'"),
        (
            ["--from", DAY, "--to", DAY, "--organization", " "],
            "it is empty; expected",
        ),
    ],
)
def test_invalid_arguments_are_refused_before_any_server_starts(
    arguments: list[str], expected: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("REPORTING_HOME", str(tmp_path / "home"))

    result = run("export", *arguments)

    assert result.exit_code == 2
    assert expected in " ".join(result.output.split())
    assert not (tmp_path / "home").exists()


# reporting reports


def test_an_empty_catalogue_is_reported(
    warehouse_url: URL, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("REPORTING_DATABASE_URL", "REPORTING_DAGSTER_URL"):
        monkeypatch.setenv(name, warehouse_url.render_as_string(False))
    monkeypatch.setenv("REPORTING_STORE_URL", str(tmp_path / "store"))
    monkeypatch.setenv("REPORTING_HOME", str(tmp_path))
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "dagster"))

    result = CliRunner().invoke(main, ["reports"])

    assert result.exit_code == 0, result.output
    assert result.output == f"no report is published\nin {tmp_path / 'store'}\n"


@pytest.mark.parametrize("command", ["reports", "get"])
@pytest.mark.usefixtures("two_definitions")
def test_a_list_of_a_definition_that_does_not_exist_is_refused(command: str) -> None:
    def listed(slug: str) -> Result:
        return CliRunner().invoke(main, [command, f"--definition={slug}"])

    unknown = listed("revenues")

    assert unknown.exit_code == 1
    assert unknown.output == (
        "Error: there is no report definition revenues; the nearest is revenue; "
        "there are attendance, revenue\n"
    )
    assert "no report is published" in listed("revenue").output or command == "get"


# reporting verify


def verify(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["verify", *map(str, arguments)])


def test_facts_that_agree_are_listed_and_those_that_nothing_proves(tmp_path: Path) -> None:
    report = document(tmp_path, EVERY_TYPE, ROWS)
    XLSX.write(report, tmp_path / "report.xlsx")

    result = verify(tmp_path / "report.xlsx")

    assert result.exit_code == 0, result.output
    assert [line.rstrip() for line in result.output.splitlines()] == [
        "Daily sales, version 1, Halle, 2026-10-25",
        "report.xlsx is consistent with its manifest:",
        "checked              found as expected",
        "manifest inside      agrees with the rows",
        "rows                 6",
        f"SHA-256 of the rows  {report.manifest.rows_sha256}",
        "not proven without a signature (--key) or the warehouse (--against-warehouse): definition,"
        " organisation, period, version of the report numbers, time zone, time offsets, locale,"
        " profile, filters, key of a row, sources, seals, accepted breaks, final or provisional,"
        " event, parties that sign, terms, names and filters of blocks, signature,"
        " versions of libraries,"
        " labels of columns, words in place of values, the name for downloads",
    ]


def test_differences_are_listed_and_the_exit_code_is_one(tmp_path: Path) -> None:
    report = document(tmp_path, EVERY_TYPE, ROWS)
    seal = SealPart(
        first=date(2026, 10, 25), end=date(2026, 10, 26), state="held", reasons=("a break",)
    )
    source = WatermarkPart(domain="ledger", complete_through="never")
    stamped = report.manifest.model_copy(
        update={"is_provisional": True, "seals": (seal,), "watermarks": (source,)}
    )
    XLSX.write(replace(report, manifest=stamped), tmp_path / "report.xlsx")
    edited(tmp_path / "report.xlsx", DATA, replaced("<v>1234.56</v>", "<v>1234.567</v>"))

    result = verify(tmp_path / "report.xlsx")

    assert result.exit_code == 1
    assert result.output.splitlines() == [
        "Daily sales, version 1, Halle, 2026-10-25, PROVISIONAL",
        "report.xlsx is NOT what was published:",
        "  cell: sheet PROVISIONAL Data, cell E7, column 'gross_minor': "
        "1234.567, which EUR has no minor unit for",
    ]


def test_many_differences_are_counted(tmp_path: Path) -> None:
    columns = [column(f"name{number}", label=f"label {number}") for number in range(30)]
    report = document(tmp_path, columns, [])
    XLSX.write(report, tmp_path / "report.xlsx")
    edited(tmp_path / "report.xlsx", DATA, lambda content: content.replace(b"label", b"Label"))

    result = verify(tmp_path / "report.xlsx")

    assert result.output.splitlines()[-1] == "  and 10 more"


def test_the_manifest_may_be_another_file(tmp_path: Path) -> None:
    report = document(tmp_path, EVERY_TYPE, ROWS)
    CSV.write(report, tmp_path / "report.csv")
    (tmp_path / "proof.json").write_text(report.manifest.to_json())

    assert verify(tmp_path / "report.csv").exit_code == 1
    assert "has no manifest" in verify(tmp_path / "report.csv").output
    result = verify(tmp_path / "report.csv", "--manifest", tmp_path / "proof.json")
    assert result.exit_code == 0, result.output


def test_a_file_is_compared_with_the_warehouse(
    season_pipeline: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = season_pipeline.warehouse.render_as_string(hide_password=False)
    monkeypatch.setenv("REPORTING_DATABASE_URL", address)
    monkeypatch.setenv("REPORTING_HOME", str(tmp_path / "home"))
    generator = ReportGenerator(
        warehouse=season_pipeline.warehouse, store=open_store(str(tmp_path / "store"))
    )
    [outcome] = generator.generate(
        define(generator.warehouse, REVENUE), one_day(date.fromisoformat(DAY)), ReportFormat.CSV
    )
    file = tmp_path / "store" / (outcome.report.storage_path or "")

    result = verify(file, "--against-warehouse")

    assert result.exit_code == 0, result.output
    assert "the same, cell by cell" in result.output

    file.write_text(file.read_text().replace("45600", "45601"))
    result = verify(file, "--against-warehouse")
    assert result.exit_code == 1
    assert result.output.splitlines()[2] == (
        "  cell: row 1, column 'gross_minor': expected 456.00 EUR, found 456.01 EUR"
    )
    assert (file.parent / f"{file.name}{MANIFEST_SUFFIX}").exists()
