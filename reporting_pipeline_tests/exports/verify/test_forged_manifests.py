"""Each field of a manifest is forged, alone, in every format: verifying finds it or says so.

Offline a forged field differs from the file, the manifest inside it or the rest of the manifest, or
the output names it among the fields that nothing proves. `publishing/test_forged_manifests.py` has
the same table against the catalogue, which proves every field.
"""

import hashlib
import json
import re
import shutil
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from uuid import UUID

import pytest

from reporting_pipeline.errors import FileUnreadable
from reporting_pipeline.exports.canonical_rows import CanonicalRow
from reporting_pipeline.exports.formats import FORMATS
from reporting_pipeline.exports.manifest import (
    MANIFEST_SUFFIX,
    AcceptedBreakPart,
    BlockPart,
    EventPart,
    FilePart,
    Manifest,
    OffsetPart,
    OrganizationPart,
    PeriodPart,
    SealPart,
    TermPart,
    TotalPart,
    WatermarkPart,
)
from reporting_pipeline.exports.report_document import ReportDocument
from reporting_pipeline.exports.verify.difference import Word
from reporting_pipeline.exports.verify.manifest_checks import manifest_differences
from reporting_pipeline.exports.verify.unproven import PROVEN_BY_ROWS, UNPROVEN
from reporting_pipeline.exports.verify.verify_file import read_manifest, verify_file
from reporting_pipeline.registry.datasets import dataset
from reporting_pipeline.registry.report_tables import LOGIC_VERSION
from reporting_pipeline.report_definitions.compile import ReportColumn
from reporting_pipeline.report_definitions.definition import ReportFormat
from reporting_pipeline_tests.exports.documents import document, document_of_blocks
from reporting_pipeline_tests.exports.verify.forged_manifests import field_names, forgeries
from reporting_pipeline_tests.exports.verify.tampering import with_metadata

XLSX, PDF = ReportFormat.XLSX, ReportFormat.PDF
EVENT = "0e000001-0000-4000-8000-00000000000a"
SALES = tuple(
    ReportColumn(
        column=dataset("sales_daily").column(name),
        words={"Rang": "Balkon"} if name == "ticket_type_name" else {},
        is_summed=is_summed,
    )
    for name, is_summed in (
        *(("date", False), ("ticket_type_name", False), ("currency", False)),
        *(("sold_count", True), ("gross_minor", True)),
    )
)
ROWS: list[CanonicalRow] = [
    ("2026-10-23", "Parkett", "EUR", "3", "9000"),
    ("2026-10-24", "Rang", "EUR", "2", "3001"),
    ("2026-10-25", "Rang", "JPY", "1", "500"),
]
TOTALS = (
    TotalPart(currency="EUR", values={"sold_count": 5, "gross_minor": 12001}),
    TotalPart(currency="JPY", values={"sold_count": 1, "gross_minor": 500}),
)
SEALS = (
    SealPart(first=date(2026, 10, 1), end=date(2026, 10, 25), state="final", reasons=()),
    SealPart(
        first=date(2026, 10, 25),
        end=date(2026, 10, 26),
        state="held",
        reasons=("order 4711 is 1 EUR short",),
    ),
)
BREAK = AcceptedBreakPart(
    kind="amount",
    concerns="order 4711",
    event_id=UUID(EVENT),
    currency="EUR",
    ticketing_minor=9000,
    ledger_minor=8900,
    accepted_by="Ada Auditor",
    accepted_at="2026-10-26T08:00:00Z",
    reason="rounding at the bank",
)
FACTS = {
    "organization": OrganizationPart(id=UUID(int=2), name="Halle"),
    "period": PeriodPart(
        first=None,
        end=date(2026, 10, 26),
        event_id=UUID(EVENT),
        token=f"event-{EVENT}_2026-10-25",
    ),
    "logic_version": LOGIC_VERSION,
    "time_offsets": (
        OffsetPart(since=None, seconds=7200),
        OffsetPart(since="2026-10-25T01:00:00Z", seconds=3600),
    ),
    "watermarks": (
        WatermarkPart(domain="ticketing", complete_through="2026-10-26T02:00:00Z"),
        WatermarkPart(domain="ledger", complete_through="2026-10-26T02:00:00Z"),
    ),
    "seals": SEALS,
    "accepted_breaks": (BREAK,),
    "is_provisional": True,
    "event": EventPart(
        name="Die Zauberflöte",
        start="2026-10-25 19:30",
        end="2026-10-25 22:30",
        status="on sale",
        venue="Halle",
        city="Berlin",
    ),
    "signatures": ("Organiser", "Platform"),
    "terms": (TermPart(term="Gross", meaning="What buyers pay."),),
}
OF_ROWS = {
    "filters": ("Event is Die Zauberflöte", "Currency is not CHF"),
    "row_key": ("date", "ticket_type_name", "currency"),
    "totals": TOTALS,
}


def plain(folder: Path, title: str = "Daily sales") -> ReportDocument:
    folder.mkdir(parents=True, exist_ok=True)
    report = document(folder, SALES, ROWS)
    definition = report.manifest.definition.model_copy(
        update={"dataset": "sales_daily", "category": "sales"}
    )
    updates = {**FACTS, **OF_ROWS, "definition": definition}
    manifest = report.manifest.model_copy(update=updates)
    return replace(report, title=title, manifest=manifest, has_totals=True)


def of_blocks(folder: Path) -> ReportDocument:
    return document_of_blocks(folder, plain(folder / "a", "Sold"), plain(folder / "b", "Again"))


def write(report: ReportDocument, format_name: ReportFormat, folder: Path) -> Path:
    """The file of a report, with its manifest beside it."""
    format_ = FORMATS[format_name]
    is_archive = bool(report.blocks) and format_.archives_blocks
    name = report.manifest.file_name(format_name, is_archive=is_archive)
    target = folder / name
    format_.write_report(report, target)
    content = target.read_bytes()
    own_name = f"Lindenhof - Sales - {report.manifest.period.period.words}"
    part = FilePart(
        name=name,
        download_name=report.manifest.download_name(own_name, name),
        format=format_name,
        byte_count=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
    )
    made_with = {"rendering": "1", "pyarrow": "26"}
    beside(target).write_text(report.manifest.of_file(part, made_with).to_json())
    return target


def field_of(what: str) -> str:
    """The field that was forged, without the indexes of lists."""
    return re.sub(r"\.\d+", "", what.partition(" = ")[0])


def beside(path: Path) -> Path:
    return path.with_name(path.name + MANIFEST_SUFFIX)


Files = Mapping[tuple[ReportFormat, bool], Path]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """A file of each format, of a plain report and of one of two blocks."""
    folder = tmp_path_factory.mktemp("published")
    found = {}
    for has_blocks, report in (
        (False, plain(folder / "rows")),
        (True, of_blocks(folder / "of-blocks")),
    ):
        for name in FORMATS:
            target = folder / f"{name}-{has_blocks}"
            target.mkdir()
            found[(name, has_blocks)] = write(report, name, target)
    return found


EVERY = pytest.mark.parametrize(
    ("format_name", "has_blocks"),
    [(name, has_blocks) for name in FORMATS for has_blocks in (False, True)],
    ids=str,
)


@EVERY
def test_an_untouched_file_is_consistent_and_the_rest_is_named(
    format_name: ReportFormat, has_blocks: bool, files: Files
) -> None:
    found = verify_file(files[(format_name, has_blocks)])
    assert [str(each) for each in found.differences] == []
    assert found.word is Word.CONSISTENT
    assert found.unproven == UNPROVEN


def test_every_field_of_the_manifest_is_forged(files: Files) -> None:
    changed = {
        field_of(what)
        for path in files.values()
        for what, _ in forgeries(read_manifest(beside(path)))
    }
    # Texts by name have the names of columns and libraries below them.
    # Those of signatures are forged in `test_signature_checks`.
    names = {name for name in field_names() if "digital_signature." not in name}
    missing = {name for name in names if not any(each.startswith(name) for each in changed)}
    # A list that no file here can have filled, or that has one possible value.
    assert missing == {"manifest_version", "totals.ratios", "blocks.totals.ratios"}


@EVERY
def test_a_forged_field_beside_a_file_differs_or_is_named_as_unproven(
    format_name: ReportFormat, has_blocks: bool, files: Files, tmp_path: Path
) -> None:
    published = files[(format_name, has_blocks)]
    path = Path(shutil.copy(published, tmp_path))
    true = read_manifest(beside(published))
    is_inside = FORMATS[format_name].embeds_manifest and path.suffix != ".zip"
    silent, first_only, seen = [], format_name in {XLSX, PDF}, set()
    for what, forged in forgeries(true):
        field = field_of(what)
        if first_only and field in seen:  # reading pages and sheets takes long
            continue
        seen.add(field)
        found = verify_file(path, forged)
        if found.word is Word.DIFFERENT:
            continue
        named = next((each for each in found.unproven if f"{field}.".startswith(f"{each}.")), "")
        name = named or field.partition(".")[0]
        # The manifest inside shows what only differs beside the file.
        if name not in found.unproven or (
            is_inside and name not in {"made_with", "file.download_name"}
        ):
            silent.append(what)
    assert silent == []


CONTRADICTED = {
    "period.first",
    "period.end",
    "period.token",
    "definition.dataset",
    "seals.0.end",
    "seals.1.end",
    "is_provisional",
    "columns.0.type",
    "columns.3.unit",
    "columns.4.kind",
    "totals",
    "totals.0",
    "totals.0.values.gross_minor",
    "row_count",
    "rows_sha256",
    "file.name",
    "file.sha256",
    "file.download_name",
}


@pytest.mark.parametrize("format_name", [ReportFormat.CSV, ReportFormat.JSONL])
def test_these_fields_contradict_the_file_or_each_other(
    format_name: ReportFormat, files: Files
) -> None:
    path = files[(format_name, False)]
    consistent = {
        what.partition(" = ")[0]
        for what, forged in forgeries(read_manifest(beside(path)))
        if verify_file(path, forged).word is Word.CONSISTENT
    }
    assert CONTRADICTED & consistent == set()


def test_emptied_totals_of_a_parquet_file_alone_are_found(files: Files, tmp_path: Path) -> None:
    path = Path(shutil.copy(files[(ReportFormat.PARQUET, False)], tmp_path))
    true = read_manifest(beside(files[(ReportFormat.PARQUET, False)])).within_file()

    with_metadata(path, true.model_copy(update={"totals": ()}).to_json())

    found = [str(each) for each in verify_file(path).differences]
    assert found[0] == "total: the file has rows of EUR, and no total"
    assert "total: column 'gross_minor', EUR: expected 0.00, the rows add up to 120.01" in found


TEXTS = [
    ('"row_count": 3', '"row_count": 3,\n  "row_count": 3', "the name 'row_count' occurs twice"),
    ('"row_count": 3', '"row_count": "3"', "row_count: '3' is not how a manifest has 3"),
    ('"row_count": 3', '"row_count": 3,\n  "approved": true', "approved: Extra inputs are not"),
    ('"is_provisional": true', '"is_provisional": 1', "is_provisional: 1 is not how"),
    ('"state": "held"', '"state": "held", "state": "final"', "the name 'state' occurs twice"),
    ('"filters": [', '"filters": null, "filters": [', "the name 'filters' occurs twice"),
]


@pytest.mark.parametrize(("old", "new", "message"), TEXTS)
@pytest.mark.parametrize("format_name", [ReportFormat.CSV, ReportFormat.PARQUET])
def test_a_manifest_that_two_readers_understand_differently_is_refused(
    format_name: ReportFormat, old: str, new: str, message: str, files: Files, tmp_path: Path
) -> None:
    published = files[(format_name, False)]
    path = Path(shutil.copy(published, tmp_path))
    text = beside(published).read_text()
    assert old in text
    if format_name is ReportFormat.PARQUET:
        inside = read_manifest(beside(published)).within_file().to_json()
        with_metadata(path, inside.replace(old, new, 1))
    else:
        beside(path).write_text(text.replace(old, new, 1))

    with pytest.raises(FileUnreadable, match=re.escape(message)):
        verify_file(path)


@pytest.mark.parametrize("format_name", list(FORMATS))
def test_a_file_of_another_report_with_a_right_manifest_is_found(
    format_name: ReportFormat, files: Files, tmp_path: Path
) -> None:
    """The other report has the same rows, and another organisation and event."""
    other = plain(tmp_path / "rows")
    organization = OrganizationPart(id=UUID(int=3), name="Arena")
    manifest = other.manifest.model_copy(update={"organization": organization, "terms": ()})
    path = write(replace(other, manifest=manifest), format_name, tmp_path)
    published = files[(format_name, False)]

    shutil.copy(published, path)

    found = verify_file(path)
    if FORMATS[format_name].embeds_manifest:
        assert found.word is Word.DIFFERENT
    else:  # the bytes are the same, whichever report they are of
        assert path.read_bytes() == published.read_bytes()
        assert found.word is Word.CONSISTENT
        assert "organization" in found.unproven


def test_what_the_rows_prove_and_what_nothing_proves_are_all_fields() -> None:
    assert set(UNPROVEN) - {
        "columns.header",
        "columns.words",
        "file.download_name",
    } | PROVEN_BY_ROWS == set(Manifest.model_fields)
    assert set(BlockPart.model_fields) - set(Manifest.model_fields) == {"name", "title", "dataset"}


def test_a_manifest_reads_back_as_it_was_written(files: Files) -> None:
    for path in files.values():
        text = beside(path).read_text()
        assert Manifest.of_json(text).to_json() == text
        older = json.loads(text)
        del older["accepted_breaks"]  # a manifest of an older program
        assert Manifest.of_json(json.dumps(older)).accepted_breaks == ()


@pytest.mark.parametrize(
    ("name", "first_sealed", "is_found"),
    [
        ("revenue_daily", date(2026, 10, 1), False),
        ("revenue_daily", date(2026, 10, 20), True),
        ("revenue_daily", date(2026, 9, 1), True),
        ("reserve_statement", date(2026, 10, 1), False),
        ("reserve_statement", date(2026, 10, 20), False),
        ("reserve_statement", date(2026, 9, 1), False),
    ],
)
def test_only_the_seals_of_a_balance_begin_on_another_day_than_its_period(
    name: str, first_sealed: date, is_found: bool, tmp_path: Path
) -> None:
    manifest = plain(tmp_path).manifest
    first = date(2026, 10, 1)
    month = PeriodPart(
        first=first, end=date(2026, 10, 26), event_id=None, token=f"{first}_2026-10-25"
    )
    seal = SealPart(first=first_sealed, end=month.end, state="final", reasons=())
    updates = {
        "definition": manifest.definition.model_copy(update={"dataset": name}),
        "period": month,
        "event": None,
        "seals": (seal,),
        "is_provisional": False,
    }

    found = manifest_differences(manifest.model_copy(update=updates), FORMATS[ReportFormat.CSV])

    assert any("seals of the days" in each.message for each in found) is is_found
