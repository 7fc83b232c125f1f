"""Reports of several blocks, from the definition to verified files and the next edition."""

import hashlib
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from zipfile import ZipFile

import pytest

from reporting_pipeline import read_report
from reporting_pipeline.domain.period import Period
from reporting_pipeline.errors import DefinitionInvalid, FileUnreadable
from reporting_pipeline.exports.manifest import MANIFEST_SUFFIX, Manifest
from reporting_pipeline.exports.verify.difference import DifferenceKind
from reporting_pipeline.exports.verify.verify_file import verify_file
from reporting_pipeline.notebooks import block_names
from reporting_pipeline.publishing.verify_against_warehouse import verify_against_warehouse
from reporting_pipeline.report_definitions.balances import depends_on_history
from reporting_pipeline.report_definitions.definition import ReportFormat
from reporting_pipeline.report_definitions.parse import parse_definition, parse_definition_text
from reporting_pipeline.store import open_store
from reporting_pipeline_tests.acceptance.pipelines import Pipeline
from reporting_pipeline_tests.exports.xlsx.packages import edited, replaced
from reporting_pipeline_tests.sample_reports import ReportGenerator, define

BLOCKS: list[dict[str, object]] = [
    {
        "name": "by-event",
        "title": "By event: what is owed",
        "dataset": "payable_statement",
        "columns": [
            {"name": "event_name", "label": "Event"},
            "currency",
            "opening_minor",
            {"name": "organizer_share_minor", "label": "Share"},
            "closing_minor",
        ],
        "group_by": ["event_id", "event_name", "currency"],
        "totals": True,
    },
    {
        "name": "movements",
        "title": "Movements",
        "dataset": "order_movements",
        "columns": ["date", "reason", "currency", "quantity_count", "net_face_value_minor"],
        "group_by": ["date", "reason", "currency"],
        "sort": ["date"],
    },
    {
        "name": "none",
        "title": "Movements",
        "dataset": "order_movements",
        "columns": ["movement_id", "reason"],
        "filters": [{"column": "reason", "operator": "in", "values": ["fee"]}],
    },
]
STATEMENT: Mapping[str, object] = {
    "slug": "statement",
    "name": "Statement",
    "category": "sales",
    "schedule": "monthly",
    "status": "active",
    "formats": ["csv", "xlsx", "pdf", "parquet", "jsonl"],
    "config": {
        "blocks": [*BLOCKS[:2], {**BLOCKS[2], "title": "Terms"}],
        "period": "month",
        "signatures": ["Organiser", "Platform"],
        "terms": [{"term": "Share", "meaning": "The organiser's part of what buyers pay."}],
    },
}
SEPTEMBER = Period(first=date(2025, 9, 1), end=date(2025, 10, 1))


@pytest.fixture
def generator(season_pipeline: Pipeline, tmp_path: Path) -> ReportGenerator:
    return ReportGenerator(
        warehouse=season_pipeline.warehouse, store=open_store(str(tmp_path / "store"))
    )


@pytest.fixture
def files(generator: ReportGenerator, tmp_path: Path) -> dict[ReportFormat, Path]:
    """The published files of all formats, each with its manifest."""
    found = {}
    for outcome in generator.generate(define(generator.warehouse, STATEMENT), SEPTEMBER):
        assert outcome.report.status == "ready", outcome.report.failure_message
        key = outcome.report.storage_path or ""
        path = tmp_path / key.rpartition("/")[2]
        path.write_bytes(generator.file(key))
        beside = path.with_name(path.name + MANIFEST_SUFFIX)
        beside.write_bytes(generator.file(key + MANIFEST_SUFFIX))
        found[ReportFormat(outcome.report.format)] = path
    return found


def test_each_format_has_all_blocks_and_is_proven(
    generator: ReportGenerator, files: dict[ReportFormat, Path]
) -> None:
    assert {format_: path.name for format_, path in files.items()} == {
        "csv": "statement_2025-09.csv.zip",
        "xlsx": "statement_2025-09.xlsx",
        "pdf": "statement_2025-09.pdf",
        "parquet": "statement_2025-09.parquet.zip",
        "jsonl": "statement_2025-09.jsonl.zip",
    }
    for path in files.values():
        found = verify_against_warehouse(generator.warehouse, path, verify_file(path))
        assert found.differences == ()
        proven = {each.what: each.value for each in found.proofs}
        assert proven["by-event: rows"] == "2"
        assert proven["none: rows"] == "0"
        assert proven["rows of the warehouse"] == "the same, cell by cell"


def test_an_archive_has_the_plain_file_of_each_block(files: dict[ReportFormat, Path]) -> None:
    with ZipFile(files[ReportFormat.CSV]) as archive:
        assert archive.namelist() == ["by-event.csv", "movements.csv", "none.csv"]
        lines = archive.read("by-event.csv").decode().splitlines()
        assert archive.read("none.csv") == b"movement_id,reason\n"
    # Of minor units the name is the header, and of other columns the label.
    assert lines[0] == "Event,currency,opening_minor,organizer_share_minor,closing_minor"
    manifest = Manifest.model_validate_json(
        files[ReportFormat.CSV].with_name("statement_2025-09.csv.zip.manifest.json").read_text()
    )
    digests = [each.rows_sha256 for each in manifest.blocks]
    assert digests[2] == hashlib.sha256(b"").hexdigest()
    joined = "".join(f"{each}\n" for each in digests).encode()
    assert manifest.rows_sha256 == hashlib.sha256(joined).hexdigest()
    assert manifest.row_count == sum(each.row_count for each in manifest.blocks)


def test_the_same_rows_give_the_same_bytes(
    generator: ReportGenerator, files: dict[ReportFormat, Path]
) -> None:
    before = {path.name: path.read_bytes() for path in files.values()}
    for report in generator.catalogue():
        generator.query("delete from catalogue.generated_report_editions")
        assert report.edition == 1
    again = generator.generate(define(generator.warehouse, STATEMENT), SEPTEMBER)
    for outcome in again:
        assert not outcome.is_new_edition
        key = outcome.report.storage_path or ""
        assert generator.file(key) == before[key.rpartition("/")[2]]


def test_a_notebook_reads_one_block(files: dict[ReportFormat, Path]) -> None:
    for path in files.values():
        assert block_names(path) == ("by-event", "movements", "none")
        frame = read_report(path, block="movements")
        assert next(iter(frame.columns)) == "date"
        assert frame["quantity_count"].sum() > 0
    with pytest.raises(FileUnreadable, match=r"has the blocks by-event, movements, none, not x"):
        read_report(files[ReportFormat.CSV], block="x")
    with pytest.raises(FileUnreadable, match="not None"):
        read_report(files[ReportFormat.XLSX])


def _drop_block(path: Path) -> None:
    _rezip(path, lambda name, content: None if name.startswith("movements") else content)


def _change_digit(path: Path) -> None:
    _rezip(path, lambda _, content: content.replace(b"EUR", b"EUX", 1))


def _rezip(path: Path, change: Callable[[str, bytes], bytes | None]) -> None:
    with ZipFile(path) as archive:
        members = {name: change(name, archive.read(name)) for name in archive.namelist()}
    with ZipFile(path, "w") as archive:
        for name, content in members.items():
            if content is not None:
                archive.writestr(name, content)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_drop_block, "the archive has the files by-event.csv, none.csv, not"),
        (_change_digit, "by-event: expected the SHA-256"),
    ],
)
def test_a_changed_archive_is_found(
    files: dict[ReportFormat, Path], change: Callable[[Path], None], message: str
) -> None:
    path = files[ReportFormat.CSV]
    change(path)
    found = [each.message for each in verify_file(path).differences]
    assert any(each.startswith(message) for each in found), found


def test_a_changed_cell_of_a_sheet_is_found(
    generator: ReportGenerator, files: dict[ReportFormat, Path]
) -> None:
    path = files[ReportFormat.XLSX]
    edited(path, "xl/worksheets/sheet2.xml", replaced(">sale<", ">soul<"))

    found = verify_against_warehouse(generator.warehouse, path, verify_file(path)).differences

    assert found[0].kind is DifferenceKind.CELL
    assert "movements, row" in found[0].message
    assert "'soul'" in found[0].message


def test_a_changed_term_is_found(files: dict[ReportFormat, Path]) -> None:
    path = files[ReportFormat.XLSX]
    edited(path, "xl/worksheets/sheet4.xml", replaced("part of what", "half of what"))

    found = [each.message for each in verify_file(path).differences]

    assert any('sheet Terms, cell B2: expected "The organiser' in each for each in found)


def test_the_next_edition_names_the_block_of_each_changed_row(
    generator: ReportGenerator, files: dict[ReportFormat, Path]
) -> None:
    assert files
    generator.query(
        "update landing.ticketing_events set name = 'Renamed' where id ="
        " (select event_id from reporting.report_revenue_daily where event_id is not null limit 1)"
    )
    generator.query(
        "update reporting.report_revenue_daily set payable_change_minor = payable_change_minor + 1"
        " where date = '2025-09-10'"
    )
    outcomes = generator.generate(define(generator.warehouse, STATEMENT), SEPTEMBER)

    assert {outcome.report.edition for outcome in outcomes} == {2}
    rows = generator.query(
        "select distinct split_part(row_key, ': ', 1) from catalogue.restated_rows"
    )
    assert rows == [("by-event",)]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"dataset": "sales_daily"}, "config: with blocks, dataset belongs into each block"),
        ({"blocks": [BLOCKS[0], BLOCKS[0]]}, "config.blocks: name 'by-event' is given twice"),
        ({"blocks": BLOCKS}, "config.blocks: heading 'Movements' is given twice"),
        (
            {"blocks": [{**BLOCKS[1], "columns": ["date", "nothing"]}]},
            "config.blocks[0].columns[1].name: dataset order_movements has no column",
        ),
        (
            {"blocks": [{**BLOCKS[1], "dataset": "nothing"}]},
            "config.blocks[0].dataset: no dataset is called 'nothing'",
        ),
    ],
)
def test_a_block_that_cannot_be_answered_is_refused(fields: dict[str, object], reason: str) -> None:
    config = {"period": "month", "blocks": [BLOCKS[0]], **fields}
    with pytest.raises(DefinitionInvalid) as refused:
        parse_definition({**STATEMENT, "config": config})
    assert reason in refused.value.message


def test_a_definition_of_blocks_is_the_same_after_it_is_written() -> None:
    definition = parse_definition(STATEMENT)
    assert parse_definition_text(definition.to_yaml()) == definition
    assert depends_on_history(definition.config)
    assert definition.config.datasets == ("payable_statement", "order_movements")
