"""Folders of definitions: all files are read before any is accepted, and written ones come back."""

import os
from pathlib import Path
from uuid import UUID

import pytest

from reporting_pipeline.errors import DefinitionInvalid
from reporting_pipeline.report_definitions.files import (
    for_organizations,
    read_folder,
    write_folder,
)
from reporting_pipeline.report_definitions.parse import parse_definition
from reporting_pipeline_tests.report_definitions.sample_definitions import definition
from reporting_pipeline_tests.report_rows import ORGANIZATION, OTHER_ORGANIZATION

TEMPLATE = parse_definition(definition())
OWN = parse_definition(definition() | {"organization_id": str(ORGANIZATION), "name": "Ours"})


def test_written_definitions_come_back_and_are_written_the_same(tmp_path: Path) -> None:
    weekly = parse_definition(
        definition(
            columns=[{"name": "channel", "label": "Sold: by"}, "currency", "gross_minor"],
            filters=[
                {"column": "currency", "operator": "=", "value": "EUR"},
                {
                    "or": [
                        {"column": "date", "operator": "range", "from": "2026-01-01"},
                        {"column": "ticket_type_id", "operator": "is_null", "value": False},
                    ]
                },
            ],
            group_by=["channel"],
            sort=["channel", {"column": "gross_minor", "descending": True}],
            period={"rule": "range", "first_day": "2026-01-01", "last_day": "2026-03-31"},
            locale="de_DE",
            totals=True,
            chart={"x": "channel", "y": "gross_minor"},
            signatures=["Organiser", "no"],
            terms=[{"term": "Gross: all", "meaning": "What buyers were charged"}],
        )
        | {"slug": "weekly", "name": "no", "organization_id": str(ORGANIZATION)}
    )
    own = [OWN, weekly]

    written = write_folder(tmp_path, own)

    assert written[1] == tmp_path / str(ORGANIZATION) / "weekly.yaml"
    assert read_folder(tmp_path) == own
    before = [path.read_bytes() for path in written]
    assert [path.read_bytes() for path in write_folder(tmp_path, read_folder(tmp_path))] == before


def test_every_invalid_file_is_named(tmp_path: Path) -> None:
    write_folder(tmp_path, [OWN])
    (tmp_path / "a.yaml").write_text("slug: a", encoding="utf-8")
    (tmp_path / "b.json").write_text("{", encoding="utf-8")
    (tmp_path / "notes.txt").write_text("not a definition", encoding="utf-8")

    with pytest.raises(DefinitionInvalid) as refused:
        read_folder(tmp_path)

    *first, second = refused.value.message.splitlines()
    assert [line.partition(": ")[2] for line in first] == [
        f"{field}: is missing" for field in ("name", "category", "schedule", "formats", "config")
    ]
    assert {line.partition(": ")[0] for line in first} == {"a.yaml, line 1"}
    assert second.startswith("b.json, line 1: the text: not JSON")


def test_all_faults_of_all_files_are_listed_with_their_lines(tmp_path: Path) -> None:
    for number in range(12):
        text = f"slug: Report {number}\nname: a\ncategory: money\n"
        (tmp_path / f"{number:02}.yaml").write_text(text, encoding="utf-8")

    with pytest.raises(DefinitionInvalid) as refused:
        read_folder(tmp_path)

    lines = refused.value.message.splitlines()
    for number in range(12):
        assert sum(line.startswith(f"{number:02}.yaml, line 1: slug: ") for line in lines) == 1
        assert sum(line.startswith(f"{number:02}.yaml, line 3: category: ") for line in lines) == 1


def test_two_files_of_one_definition_are_named_together_with_other_faults(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / f"{name}.yaml").write_text(TEMPLATE.to_yaml(), encoding="utf-8")
    (tmp_path / "bad.yaml").write_text("slug: [", encoding="utf-8")

    with pytest.raises(DefinitionInvalid) as refused:
        read_folder(tmp_path)

    bad, twice = refused.value.message.splitlines()
    assert bad.startswith("bad.yaml, line 2: the text: not YAML: ")
    assert (
        twice == "two.yaml: slug: daily-sales of every one is declared twice; one.yaml has it too"
    )


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "folder.yaml").mkdir()
    with pytest.raises(DefinitionInvalid, match=r"^folder\.yaml: cannot be read: "):
        read_folder(tmp_path)


def test_a_folder_without_definitions_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DefinitionInvalid, match="contains no definition; expected files named"):
        read_folder(tmp_path)


def test_a_template_is_for_every_organisation_without_its_own_file() -> None:
    found = for_organizations([TEMPLATE, OWN], [ORGANIZATION, OTHER_ORGANIZATION])
    assert [(each.organization_id, each.name) for each in found] == [
        (OTHER_ORGANIZATION, "Daily sales"),
        (ORGANIZATION, "Ours"),
    ]


def test_an_id_is_the_same_wherever_a_definition_is_applied() -> None:
    assert OWN.as_version(1).id == UUID("ee1e03ee-e5ed-5483-8b14-a35006dde76e")


def test_a_template_has_no_versions() -> None:
    with pytest.raises(ValueError, match="daily-sales is a template"):
        TEMPLATE.as_version(1)


@pytest.mark.parametrize("kind", ["pipe", "device", "dangling", "folder"])
def test_a_definition_that_is_no_file_is_named_and_nobody_waits(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "sales.yaml"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to("/dev/zero" if kind == "device" else tmp_path / "nowhere")

    with pytest.raises(DefinitionInvalid, match=r"sales\.yaml: cannot be read: "):
        read_folder(tmp_path)
