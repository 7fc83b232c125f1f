"""`reporting definitions`: output, confirmation and refusals."""

from pathlib import Path
from uuid import UUID

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import URL

from reporting_pipeline.cli import main
from reporting_pipeline.report_definitions.files import STARTER_SET, write_folder
from reporting_pipeline.report_definitions.parse import parse_definition
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline_tests.report_definitions.sample_definitions import definition
from reporting_pipeline_tests.report_rows import ORGANIZATION, OTHER_ORGANIZATION

OWN = parse_definition(definition() | {"organization_id": str(ORGANIZATION)})


@pytest.fixture(autouse=True)
def _environment(warehouse_url: URL, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    monkeypatch.setenv("REPORTING_DATABASE_URL", warehouse_url.render_as_string(False))
    monkeypatch.setenv("REPORTING_DAGSTER_URL", warehouse_url.render_as_string(False))
    monkeypatch.setenv("REPORTING_STORE_URL", str(tmp_path / "store"))
    monkeypatch.setenv("REPORTING_HOME", str(home))
    monkeypatch.setenv("DAGSTER_HOME", str(home / "dagster"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one definition."""
    write_folder(tmp_path / "reports", [OWN])
    return tmp_path / "reports"


def run(*arguments: object, answer: str | None = None) -> Result:
    return CliRunner().invoke(main, ["definitions", *map(str, arguments)], input=answer)


def stored(url: URL) -> list[tuple[str, int]]:
    with warehouse_connection(url) as connection:
        statement = "select slug, version from catalogue.report_definitions order by slug"
        return connection.execute(statement).fetchall()


def test_confirmed_changes_are_applied(folder: Path, warehouse_url: URL) -> None:
    result = run("apply", folder, answer="y\n")

    assert result.exit_code == 0, result.output
    assert result.output.splitlines() == [
        f"added      {ORGANIZATION}/daily-sales version 1",
        "1 added, 0 changed, 0 unchanged",
        "Apply? [y/N]: y",
        "applied",
    ]
    assert stored(warehouse_url) == [("daily-sales", 1)]


def test_changes_that_are_not_confirmed_are_not_applied(folder: Path, warehouse_url: URL) -> None:
    assert run("apply", folder, answer="n\n").exit_code == 1
    assert run("apply", folder).exit_code == 1
    assert run("apply", folder, "--dry-run").exit_code == 0
    assert stored(warehouse_url) == []


def test_the_difference_is_shown_field_by_field(folder: Path, warehouse_url: URL) -> None:
    run("apply", folder, "--yes")
    changed = definition(columns=["date", {"name": "channel", "label": "By"}], totals=False)
    fields = {"organization_id": str(ORGANIZATION), "status": "active", "formats": ["pdf", "csv"]}
    write_folder(folder, [parse_definition(changed | fields)])

    result = run("apply", folder, "--yes")

    assert result.exit_code == 0, result.output
    assert result.output.splitlines()[:4] == [
        f"changed    {ORGANIZATION}/daily-sales version 1 -> 2",
        "    status: draft -> active",
        "    formats: + pdf",
        "    config.columns: - channel, - currency, - net_count, - gross_minor, "
        '+ {"name": "channel", "label": "By"}',
    ]
    assert stored(warehouse_url) == [("daily-sales", 2)]


def test_the_exported_folder_changes_nothing(
    folder: Path, tmp_path: Path, warehouse_url: URL
) -> None:
    run("apply", folder, "--yes")

    assert run("export", tmp_path / "out").output == f"1 definitions in {tmp_path / 'out'}\n"
    result = run("apply", tmp_path / "out")

    assert result.exit_code == 0, result.output
    assert result.output.splitlines()[-1] == "0 added, 0 changed, 1 unchanged"
    assert (tmp_path / "out" / str(ORGANIZATION) / "daily-sales.yaml").read_bytes() == (
        folder / str(ORGANIZATION) / "daily-sales.yaml"
    ).read_bytes()
    assert stored(warehouse_url) == [("daily-sales", 1)]


def test_one_invalid_file_is_named_and_nothing_is_applied(folder: Path, warehouse_url: URL) -> None:
    (folder / "bad.yaml").write_text("slug: bad\nslug: worse", encoding="utf-8")

    result = run("apply", folder, "--yes")

    assert result.exit_code == 1
    *missing, twice = result.output.splitlines()
    assert missing[0] == "Error: bad.yaml, line 1: name: is missing"
    assert twice == "bad.yaml, line 2: slug: is given twice"
    assert stored(warehouse_url) == []


def test_the_starter_set_is_applied_for_the_named_organisations(warehouse_url: URL) -> None:
    of = ("--organization", ORGANIZATION, "--organization", OTHER_ORGANIZATION)
    result = run("apply", "--yes", *of)
    assert result.exit_code == 0, result.output
    count = 2 * len(list(STARTER_SET.glob("*.yaml")))
    assert f"{count} added, 0 changed, 0 unchanged" in result.output
    assert len(stored(warehouse_url)) == count


def land(url: URL, *organizations: UUID) -> None:
    with warehouse_connection(url) as connection:
        for organization in organizations:
            connection.execute(
                "insert into landing.ticketing_organizations values"
                " (%s, 'Acme', 'UTC', 'EUR', now())",
                (organization,),
            )


def test_templates_are_kept_for_organisations_that_land_later(
    tmp_path: Path, warehouse_url: URL
) -> None:
    count = len(list(STARTER_SET.glob("*.yaml")))

    result = run("apply", "--yes")

    assert result.exit_code == 0, result.output
    assert result.output.splitlines()[0] == "added      template attendance version 1"
    assert (
        f"templates: {count} added, 0 changed, 0 unchanged; definitions of organisations that "
        "follow: 0 added, 0 changed" in result.output
    )
    assert stored(warehouse_url) == []
    land(warehouse_url, ORGANIZATION)
    due = CliRunner().invoke(main, ["due"])
    assert len(stored(warehouse_url)) == count
    assert "0 organisations have no active report definition" in due.output
    assert run("apply").output.splitlines()[-1].endswith("follow: 0 added, 0 changed")


def test_what_is_exported_is_what_was_applied_templates_included(
    folder: Path, tmp_path: Path, warehouse_url: URL
) -> None:
    land(warehouse_url, ORGANIZATION, OTHER_ORGANIZATION)
    template = parse_definition(definition() | {"name": "For all"})
    write_folder(folder, [template])
    applied = run("apply", folder, "--yes")
    assert f"own        {ORGANIZATION}/daily-sales does not follow the template" in applied.output
    assert stored(warehouse_url) == [("daily-sales", 1)] * 2

    run("export", tmp_path / "out")
    files = sorted(
        path.relative_to(tmp_path / "out") for path in (tmp_path / "out").rglob("*.yaml")
    )

    assert files == [
        Path(str(ORGANIZATION), "daily-sales.yaml"),
        Path("templates/daily-sales.yaml"),
    ]
    assert "Apply?" not in run("apply", tmp_path / "out").output
    run("export", tmp_path / "one", "--organization", OTHER_ORGANIZATION)
    [path] = (tmp_path / "one").rglob("*.yaml")
    assert path.parent.name == str(OTHER_ORGANIZATION)


def test_an_organisation_without_reports_is_named_until_it_is_retired(warehouse_url: URL) -> None:
    assert run("list").exit_code == 0  # makes the schema
    land(warehouse_url, ORGANIZATION)
    sentence = f"organisation Acme ({ORGANIZATION}) has landed and no report is defined for it"
    for command in ("due", "doctor"):
        result = CliRunner().invoke(main, [command])
        assert result.exit_code == 1
        assert sentence in result.output

    retired = run("retire", ORGANIZATION)

    assert retired.output == (
        f"organisation Acme ({ORGANIZATION}) is retired; 0 definitions are archived\n"
    )
    for command in ("due", "doctor"):
        assert CliRunner().invoke(main, [command]).exit_code == 0
    assert run("retire", ORGANIZATION, "--undo").exit_code == 0
    assert CliRunner().invoke(main, ["due"]).exit_code == 1


def test_a_stored_definition_that_cannot_be_answered_is_named(
    folder: Path, warehouse_url: URL
) -> None:
    write_folder(
        folder, [parse_definition(definition() | {"slug": "old"}).for_organization(ORGANIZATION)]
    )
    run("apply", folder, "--yes")
    (folder / str(ORGANIZATION) / "old.yaml").unlink()
    with warehouse_connection(warehouse_url) as connection:
        connection.execute(
            "update catalogue.report_definitions set config = jsonb_set(config, '{columns}', "
            "'[{\"name\": \"gone\"}]') where slug = 'old'"
        )

    result = run("apply", folder, "--yes")

    assert result.exit_code == 1
    assert f"old of organisation {ORGANIZATION}: columns[0].name: dataset" in result.output


def test_definitions_are_listed_and_shown(folder: Path) -> None:
    other = OWN.for_organization(OTHER_ORGANIZATION)
    write_folder(folder, [other])
    run("apply", folder, "--yes")

    listed = run("list", "--organization", ORGANIZATION, "--status", "draft")
    assert [line.split() for line in listed.output.splitlines()] == [
        ["organisation", "definition", "version", "status", "schedule", "formats"],
        [str(ORGANIZATION), "daily-sales", "1", "draft", "daily", "csv"],
    ]
    shown = run("show", "daily-sales", "--organization", ORGANIZATION, "--version", 1)
    assert shown.output == f"# version 1 of organisation {ORGANIZATION}\n{OWN.to_yaml()}"
    several = run("show", "daily-sales")
    assert "choose one with --organization" in several.output
    assert "no organisation has a report definition 'x'; see" in run("show", "x").output
    assert "'daily-sale'; the nearest is daily-sales; see" in run("show", "daily-sale").output


def test_definitions_have_the_name_of_their_organisation(folder: Path, warehouse_url: URL) -> None:
    run("apply", folder, "--yes")
    with warehouse_connection(warehouse_url) as connection:
        connection.execute(
            "insert into landing.ticketing_organizations"
            " values (%s, 'Nordlicht', 'UTC', 'EUR', now())",
            [ORGANIZATION],
        )

    assert run("list").output.splitlines()[1].split()[0] == "Nordlicht"
    shown = run("show", "daily-sales").output.splitlines()
    assert shown[0] == f"# version 1 of organisation Nordlicht ({ORGANIZATION})"


def test_a_definition_from_the_database_cannot_control_the_terminal(
    folder: Path, warehouse_url: URL
) -> None:
    run("apply", folder, "--yes")
    with warehouse_connection(warehouse_url) as connection:
        connection.execute("update catalogue.report_definitions set name = 'a\u202eb\u2066c'")

    shown = run("show", "daily-sales")

    assert shown.exit_code == 0, shown.output
    assert "a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}c" in shown.output
