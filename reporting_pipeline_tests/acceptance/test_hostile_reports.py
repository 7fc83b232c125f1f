"""Hostile names in every format: nothing is executed and nothing is lost.

The names are those of the season's organisation, event, venue, gates and ticket types; then those
of definitions and headings.
"""

import csv
import json
import re
import socket
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from io import StringIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from reporting_pipeline.domain.period import Period
from reporting_pipeline.errors import DefinitionInvalid
from reporting_pipeline.exports.csv_spreadsheet import unguard
from reporting_pipeline.exports.verify.verify_file import verify_file
from reporting_pipeline.registry.datasets import dataset
from reporting_pipeline.report_definitions.definition import ReportDefinition, ReportFormat
from reporting_pipeline.report_definitions.parse import parse_definition
from reporting_pipeline.store import open_store
from reporting_pipeline_tests.acceptance.pipelines import Pipeline
from reporting_pipeline_tests.hostile import AWKWARD, FORMULAS, hostile_strings
from reporting_pipeline_tests.sample_reports import (
    BERLIN,
    REVENUE,
    ReportGenerator,
    define,
    one_day,
)

_LIFE = Period(first=date(2025, 1, 1), end=date(2026, 1, 1))
_LONGEST_CELL = 32_767
_TICKETS: Mapping[str, Any] = {
    "slug": "tickets",
    "name": '=HYPERLINK("http://example.invalid") <script>alert(1)</script> \u202e',
    "category": "operational",
    "schedule": "manual",
    "formats": ["csv"],
    "config": {
        "dataset": "tickets",
        "columns": [
            *("ticket_id", "organization_name", "event_name", "venue_name"),
            *("ticket_type_name", "gate_name", "status"),
        ],
        "sort": ["ticket_id"],
        "period": "month",
    },
}
_FEW_HAVE = ("cancelled", "refunded", "voided", "exchanged")
_ACTIVE_KEYS = frozenset(
    {"/AA", "/AcroForm", "/JS", "/JavaScript", "/OpenAction", "/RichMedia", "/URI", "/XFA"}
)
_DAY = one_day(date(2025, 10, 25))
_LABELLED = [each.name for each in dataset("revenue_daily").columns]
_ESCAPE = re.compile("_x([0-9A-F]{4})_")
_PART = re.compile(
    r"\[Content_Types\]\.xml|_rels/\.rels|docProps/(app|core)\.xml|xl/_rels/workbook\.xml\.rels"
    r"|xl/(workbook|styles|theme/theme1|sharedStrings|worksheets/sheet[12])\.xml"
)
_RUNS = re.compile("[\\s\u200b-\u200f\u202a-\u202e\ufeff']*[=+@|%\uff1d\uff0b\uff20\u2212-]")


@dataclass(frozen=True, kw_only=True)
class _Hostile:
    """The season with hostile names, and reports of it."""

    generator: ReportGenerator
    listener: socket.socket

    def rows(self) -> list[list[str]]:
        """The expected rows of the report of tickets, with null as an empty text."""
        found = self.generator.query(
            "select t.id::text, o.name, e.name, v.name, y.name, t.status"
            " from landing.ticketing_tickets t"
            " join landing.ticketing_ticket_types y on y.id = t.ticket_type_id"
            " join landing.ticketing_events e on e.id = t.event_id"
            " join landing.ticketing_organizations o on o.id = e.organization_id"
            " join landing.seating_venues v on v.id = e.venue_id where o.id = %s order by t.id",
            BERLIN,
        )
        return [list(map(str, row)) for row in found]

    def file(self, definition: ReportDefinition, period: Period, format_: ReportFormat) -> Path:
        """The file of a report."""
        [outcome] = self.generator.generate(definition, period, format_)
        assert outcome.report.status == "ready", outcome.report.failure_message
        assert outcome.location is not None
        path = Path(outcome.location)
        found = verify_file(path, None)
        assert found.agrees, [str(each)[:3000] for each in found.differences][:3]
        return path

    def tickets(self, format_: ReportFormat, profile: str = "machine") -> Path:
        """The report of tickets as a file."""
        config = {**_TICKETS["config"], "csv_profile": profile}
        definition = define(self.generator.warehouse, {**_TICKETS, "config": config})
        return self.file(definition, _LIFE, format_)


@pytest.fixture(scope="module")
def hostile(
    shared_season_pipeline: Pipeline, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[_Hostile]:
    """Each string that is not empty is the name of a ticket type with tickets."""
    generator = ReportGenerator(
        warehouse=shared_season_pipeline.warehouse,
        store=open_store(str(tmp_path_factory.mktemp("store"))),
    )
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        bait = f'<img src="http://127.0.0.1:{listener.getsockname()[1]}/x"></td></table>'
        generator.query(
            "update landing.ticketing_organizations set name = %s", "=1+1\u202e\u6771\u4eac"
        )
        generator.query(
            "update landing.ticketing_events set name = %s", f"{bait}\u0645\u0631\u062d"
        )
        generator.query(
            "update landing.seating_venues set name = %s", "@SUM(1)\r\n\u0928\u092e\u0938"
        )
        generator.query("update landing.scanning_gates set name = %s", "%%0A=1;=2,=3\t=4")
        names = [each for each in hostile_strings() if 0 < len(each) <= _LONGEST_CELL]
        generator.query(
            "insert into landing.ticketing_ticket_types select gen_random_uuid(), event_id,"
            " name.text, is_admission, updated_at from (select * from"
            " landing.ticketing_ticket_types order by id limit 1) template,"
            " unnest(%s::text[]) as name (text)",
            names,
        )
        generator.query(
            "with types as (select y.id, row_number() over (order by y.id) as n from"
            " landing.ticketing_ticket_types y join landing.ticketing_events e on e.id = y.event_id"
            " where e.organization_id = %s), own as (select t.id, row_number() over"
            " (order by t.id) as n from landing.ticketing_tickets t"
            " join landing.ticketing_events e on e.id = t.event_id"
            " where e.organization_id = %s)"
            " update landing.ticketing_tickets t set ticket_type_id = types.id from own, types"
            " where own.id = t.id"
            " and types.n = own.n %% (select count(*) from types) + 1",
            BERLIN,
            BERLIN,
        )
        yield _Hostile(generator=generator, listener=listener)


def _shown(rows: Sequence[Sequence[str]]) -> list[list[str]]:
    # All gates have one name; the tickets of each gate do not matter here.
    return [[*row[:5], row[6]] for row in rows]


def test_csv_for_programs_returns_every_name_byte_for_byte(hostile: _Hostile) -> None:
    with hostile.tickets(ReportFormat.CSV).open(encoding="utf-8", newline="") as file:
        _, *rows = csv.reader(file, strict=True)

    assert _shown(rows) == hostile.rows()
    assert len({row[4] for row in rows}) > 500


@pytest.mark.parametrize("format_", [ReportFormat.JSONL, ReportFormat.PARQUET])
def test_files_for_programs_return_every_name(hostile: _Hostile, format_: ReportFormat) -> None:
    path = hostile.tickets(format_)
    if format_ is ReportFormat.JSONL:
        with path.open(encoding="utf-8", newline="\n") as file:
            objects = [json.loads(line) for line in file]
    else:
        from pyarrow.parquet import read_table

        objects = read_table(path).to_pylist()

    assert _shown([list(each.values()) for each in objects]) == hostile.rows()


def test_no_cell_of_a_csv_for_people_is_a_formula_and_every_name_is_returned(
    hostile: _Hostile,
) -> None:
    path = hostile.tickets(ReportFormat.CSV, "spreadsheet")
    with path.open(encoding="utf-8-sig", newline="") as file:
        _, *rows = csv.reader(file, strict=True)

    assert _shown([[str(unguard(cell)) for cell in row] for row in rows]) == hostile.rows()
    # A program can split at other characters than ours, and ignore quotes.
    texts = [cell for row in rows for cell in row]
    parts = [part for text in texts for part in re.split("[,;\t\r\n]", text)]
    assert [part for part in parts if _RUNS.match(part) and not part.startswith("'")] == []


def test_every_cell_of_a_workbook_is_text_and_every_name_is_returned(
    hostile: _Hostile,
) -> None:
    path = hostile.tickets(ReportFormat.XLSX)
    _, *rows = _table_of_workbook(path)

    assert _shown([[_text(cell.value) for cell in row] for row in rows]) == hostile.rows()
    assert {cell.data_type for row in rows for cell in row if cell.value is not None} == {"s"}
    _require_passive(path)


def test_a_pdf_has_every_name_and_loads_nothing(hostile: _Hostile) -> None:
    import pikepdf

    # In a narrower column, one name would be higher than a page, which is refused.
    config = {
        **_TICKETS["config"],
        "columns": ["ticket_type_name", "event_name", "venue_name"],
        "filters": [{"column": "status", "operator": "in", "values": list(_FEW_HAVE)}],
    }
    definition = define(
        hostile.generator.warehouse, {**_TICKETS, "slug": "names", "config": config}
    )
    path = hostile.file(definition, _LIFE, ReportFormat.PDF)
    with pikepdf.open(path) as pdf:
        parts = [
            each for each in pdf.objects if isinstance(each, (pikepdf.Dictionary, pikepdf.Stream))
        ]
        keys = set[str]().union(*(part.keys() for part in parts))
        assert sorted(pdf.attachments) == ["manifest.json", "pages.json", "rows.csv"]
        attached = pdf.attachments["rows.csv"].get_file().read_bytes().decode()

    assert keys & _ACTIVE_KEYS == set()
    assert not any(part.get("/Subtype") == "/Link" for part in parts)
    _, *rows = csv.reader(StringIO(attached, newline=""), strict=True)
    assert rows == [[row[4], row[2], row[3]] for row in hostile.rows() if row[5] in _FEW_HAVE]
    assert len(rows) > 80
    with pytest.raises(BlockingIOError):
        hostile.listener.accept()


def test_a_text_too_long_for_a_cell_is_refused_and_other_formats_hold_it(
    hostile: _Hostile,
) -> None:
    type_id = "00000003-0000-4000-8000-000000000001"
    long = "x" * (_LONGEST_CELL + 1)
    hostile.generator.query(
        "update landing.ticketing_ticket_types set name = %s where id = %s", long, type_id
    )
    config = {**_TICKETS["config"], "columns": ["ticket_id", "ticket_type_name"]}
    definition = define(hostile.generator.warehouse, {**_TICKETS, "slug": "long", "config": config})
    outcomes = hostile.generator.generate(definition, _LIFE, *ReportFormat)

    by_format = {each.report.format: each.report for each in outcomes}
    refusing = {ReportFormat.XLSX, ReportFormat.PDF}
    assert {name: each.status for name, each in by_format.items()} == {
        name: "failed" if name in refusing else "ready" for name in ReportFormat
    }
    for name in refusing:
        assert by_format[name].failure_class == "FormatCannotHold"
        assert "hold it" in str(by_format[name].failure_message)
        assert by_format[name].storage_path is None


def _is_label(text: str) -> bool:
    """True if a definition can use the heading: one line of up to 100 visible characters."""
    try:
        parse_definition(_with_labels([text], "labels", "machine"))
    except DefinitionInvalid:
        return False
    return True


def _batches() -> Iterator[list[str]]:
    distinct = {each.casefold(): each for each in (*FORMULAS, *AWKWARD)}.values()
    labels = [each for each in distinct if _is_label(each)]
    assert len(labels) > 60
    for start in range(0, len(labels), len(_LABELLED)):
        yield labels[start : start + len(_LABELLED)]


def test_csv_headings_are_text_and_are_returned(hostile: _Hostile) -> None:
    for number, batch in enumerate(_batches()):
        for profile in ("machine", "spreadsheet"):
            mapping = _with_labels(batch, f"labels-{number}-{profile}", profile)
            path = hostile.file(
                define(hostile.generator.warehouse, mapping), _DAY, ReportFormat.CSV
            )
            encoding = "utf-8" if profile == "machine" else "utf-8-sig"
            with path.open(encoding=encoding, newline="") as file:
                found = next(csv.reader(file, strict=True))[: len(batch)]
            if profile == "spreadsheet":
                assert [each for each in found if _RUNS.match(each) and each[0] != "'"] == []
                found = [str(unguard(each)) for each in found]
                assert found == batch
            else:  # a column of minor units is called by its name
                assert found == [
                    name if name.endswith("_minor") else label
                    for name, label in zip(_LABELLED, batch, strict=False)
                ]


def test_workbook_headings_are_text_and_are_returned(hostile: _Hostile) -> None:
    for number, batch in enumerate(_batches()):
        mapping = _with_labels(batch, f"labels-{number}-machine", "machine")
        path = hostile.file(define(hostile.generator.warehouse, mapping), _DAY, ReportFormat.XLSX)
        header = _table_of_workbook(path)[0][: len(batch)]
        assert [_text(each.value) for each in header] == batch
        _require_passive(path)


def _table_of_workbook(path: Path) -> list[tuple[Any, ...]]:
    """The header and the rows, which an empty row parts from the lines above them."""
    from openpyxl import load_workbook

    sheet = load_workbook(path).worksheets[0]
    above = next(at for at, (value, *_) in enumerate(sheet.values) if value is None)
    return list(sheet.iter_rows(min_row=above + 2))


def _with_labels(labels: Sequence[str], slug: str, profile: str) -> dict[str, Any]:
    columns = [
        {"name": name, "label": label} for name, label in zip(_LABELLED, labels, strict=False)
    ]
    config = {
        "dataset": "revenue_daily",
        "columns": [*columns, *_LABELLED[len(columns) :]],
        "period": "previous_day",
        "csv_profile": profile,
    }
    return {**REVENUE, "slug": slug, "name": labels[0], "config": config}


def _text(value: object) -> str:
    """The text of a cell as Excel shows it: openpyxl does not decode the format's escapes."""
    return _ESCAPE.sub(lambda found: chr(int(found[1], 16)), str(value or ""))


def _require_passive(path: Path) -> None:
    """Assert that a workbook has no formula, link, macro or external content."""
    with ZipFile(path) as package:
        assert {name for name in package.namelist() if not _PART.fullmatch(name)} == set()
        for name in package.namelist():
            assert not re.search(rb"<(f|hyperlink|ext|oleObject|control)[ >]", package.read(name))
            assert b"TargetMode" not in package.read(name)
