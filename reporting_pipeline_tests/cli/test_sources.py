"""`reporting sources`: output and exit codes."""

from collections.abc import Mapping
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner, Result
from sqlalchemy import URL

from reporting_pipeline.cli import main
from reporting_pipeline.embedded.postgres import SOURCE_READER
from reporting_pipeline.sources.contract import DOMAINS, TABLES
from reporting_pipeline.warehouse.engine import conninfo


@pytest.fixture
def _environment(
    warehouse_url: URL,
    source_urls: Mapping[str, URL],
    source_reader_urls: Mapping[str, URL],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    home = tmp_path / "home"
    monkeypatch.setenv("REPORTING_DATABASE_URL", warehouse_url.render_as_string(False))
    monkeypatch.setenv("REPORTING_DAGSTER_URL", warehouse_url.render_as_string(False))
    monkeypatch.setenv("REPORTING_STORE_URL", str(tmp_path / "store"))
    monkeypatch.setenv("REPORTING_HOME", str(home))
    monkeypatch.setenv("DAGSTER_HOME", str(home / "dagster"))
    for domain in DOMAINS:
        name = f"REPORTING_SOURCE_{domain.upper()}"
        monkeypatch.setenv(f"{name}_URL", source_reader_urls[domain].render_as_string(False))
        monkeypatch.setenv(f"{name}_ADMIN_URL", source_urls[domain].render_as_string(False))


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["sources", *arguments])


@pytest.mark.usefixtures("_environment")
def test_a_loaded_season_is_counted_and_a_second_load_changes_nothing(
    season_dump: Path, season_row_count: int
) -> None:
    first, again = run("load", str(season_dump)), run("load", str(season_dump))

    assert first.exit_code == again.exit_code == 0, first.output + again.output
    assert first.output.splitlines()[0].split() == ["table", "new", "replaced", "unchanged"]
    assert ["ledger.entries", "3841", "0", "0"] in [
        line.split() for line in first.output.splitlines()
    ]
    assert first.output.splitlines()[-1] == f"{season_row_count} new, 0 replaced"
    assert again.output.splitlines()[-1] == "0 new, 0 replaced"


@pytest.mark.usefixtures("_environment")
def test_a_refused_dump_names_table_line_and_reason(tmp_path: Path) -> None:
    header = "id,name,timezone,currency,updated_at\n"
    (tmp_path / "ticketing.organizations.csv").write_text(f"{header}4711,,,,\n")

    result = run("load", str(tmp_path))

    assert result.exit_code == 1
    assert "Error: the dump " in result.output
    assert "  ticketing.organizations, line 2: id: invalid input syntax" in result.output


@pytest.mark.usefixtures("_environment")
def test_loaded_sources_match_the_contract_and_are_read_only(season_dump: Path) -> None:
    run("load", str(season_dump))

    result = run("check")

    assert result.exit_code == 0, result.output
    assert [line.split(maxsplit=2) for line in result.output.splitlines()] == [
        ["source", "result", "finding"],
        *(
            line
            for domain in DOMAINS
            for line in (
                [domain, "ok", "matches the contract, read only"],
                [domain, "optional", "all parts of version 1.1 are present"],
            )
        ),
    ]


@pytest.mark.usefixtures("_environment")
def test_a_source_of_version_1_0_is_accepted_and_its_missing_parts_are_listed(
    season_dump: Path, source_urls: Mapping[str, URL]
) -> None:
    run("load", str(season_dump))
    with psycopg.connect(conninfo(source_urls["ledger"])) as connection:
        connection.execute("drop table ledger.payout_items")
        connection.execute("alter table ledger.transactions drop reference")

    result = run("check")

    assert result.exit_code == 0, result.output
    assert (
        "ledger     optional missing, of version 1.1: ledger.transactions.reference,"
        " ledger.payout_items"
    ) in result.output


@pytest.mark.usefixtures("_environment")
def test_rows_that_landing_sets_aside_are_loaded_and_listed_by_rule(tmp_path: Path) -> None:
    organization = "00000001-0000-4000-8000-000000000001"
    header = "id,name,timezone,currency,updated_at\n"
    row = f"{organization},Hall,posix/Europe/Berlin,EUR,52000-01-01T00:00:00Z\n"
    (tmp_path / "ticketing.organizations.csv").write_text(header + row)

    strict = run("load", "--strict", str(tmp_path))
    loaded = run("load", str(tmp_path))
    checked = run("check")

    assert strict.exit_code == 1
    assert loaded.exit_code == checked.exit_code == 0, loaded.output + checked.output
    assert "faults of loaded rows, which landing sets aside:" in loaded.output
    for output in (strict.output, loaded.output):
        assert "  ticketing.organizations, line 2: timezone 'posix/Europe/Berlin' is" in output
    for problem in (
        "timezone is not the IANA name of a time zone",
        "updated_at is not an instant of the years 1 to 9998",
    ):
        line = f"ticketing  rows     ticketing.organizations: {problem}: {organization}"
        assert line in checked.output.splitlines()


@pytest.mark.usefixtures("_environment")
def test_empty_sources_break_the_contract() -> None:
    result = run("check")

    assert result.exit_code == 1
    assert "ledger     error    ledger.entries: expected a table, found none" in result.output
    assert result.output.splitlines()[-1] == (
        f"Error: these sources break the contract: {', '.join(DOMAINS)}; the findings are above"
    )


@pytest.mark.usefixtures("_environment")
def test_a_role_that_may_write_is_refused(
    season_dump: Path, source_urls: Mapping[str, URL], monkeypatch: pytest.MonkeyPatch
) -> None:
    run("load", str(season_dump))
    with psycopg.connect(conninfo(source_urls["ledger"])) as connection:
        connection.execute(f"grant delete on ledger.entries to {SOURCE_READER}")

    result = run("check")

    assert result.exit_code == 1
    assert (
        "ledger     error    ledger.entries: expected a role that can only read,"
        f" found DELETE as {SOURCE_READER}"
    ) in result.output
    assert result.output.splitlines()[-1].startswith(
        "Error: the role that reads ledger may write there: "
    )


@pytest.mark.usefixtures("_environment")
def test_a_source_that_is_down_does_not_hide_the_others(
    season_dump: Path, source_reader_urls: Mapping[str, URL], monkeypatch: pytest.MonkeyPatch
) -> None:
    run("load", str(season_dump))
    lost = source_reader_urls["seating"].set(database="not_there").render_as_string(False)
    monkeypatch.setenv("REPORTING_SOURCE_SEATING_URL", lost)

    result = run("check")

    assert result.exit_code == 1
    assert "seating    error    source seating is down or too slow" in result.output
    assert "scanning   ok       matches the contract, read only" in result.output
    assert result.output.splitlines()[-1].startswith("Error: could not be checked: seating;")


@pytest.mark.usefixtures("_environment")
def test_generated_data_go_into_the_sources() -> None:
    result = run("generate", "--orders", "50", "--days", "20", "--organizations", "2")

    assert result.exit_code == 0, result.output
    assert ["ticketing.orders", "50", "0", "0"] in [
        line.split() for line in result.output.splitlines()
    ]


def test_generated_data_go_to_a_folder_without_any_server(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("REPORTING_HOME", str(tmp_path / "home"))
    out = tmp_path / "books"

    first = run("generate", "--orders", "5", "--days", "9", "--out", str(out), "--gzip")
    second = run("generate", "--orders", "5", "--days", "9", "--out", str(out))

    assert first.exit_code == 0, first.output
    assert first.output == f"5 orders in {out}\n"
    assert len(list(out.glob("*.csv.gz"))) == len(TABLES)
    assert second.exit_code == 1
    assert "is not an empty folder" in second.output
    assert not (tmp_path / "home").exists()
