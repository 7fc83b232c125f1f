"""PDF files: the texts on their pages, the same bytes everywhere, and refused reports."""

import hashlib
import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import libfaketime  # type: ignore[import-untyped]
import pikepdf
import pytest

from reporting_pipeline.errors import EnvironmentNotReady, FormatCannotHold
from reporting_pipeline.exports.manifest import SealPart, TermPart
from reporting_pipeline.exports.pdf import pdf_format
from reporting_pipeline.exports.pdf.fonts import FAMILIES, MONOSPACE, font_file, fontconfig_text
from reporting_pipeline.exports.pdf.pdf_format import PDF, render_job
from reporting_pipeline.exports.pdf.read import page_problems
from reporting_pipeline.exports.pdf.sheet import lay_out
from reporting_pipeline.exports.report_document import Chart, ReportDocument
from reporting_pipeline.registry.columns import ColumnType, Unit
from reporting_pipeline_tests.exports.documents import EVERY_TYPE, ROWS, column
from reporting_pipeline_tests.exports.pdf.pages import (
    SALES,
    letters_on,
    report,
    sales_rows,
    with_totals,
)

HELD = SealPart(
    first=date(2026, 10, 25), end=date(2026, 10, 26), state="held", reasons=("ledger: 3 breaks",)
)
TERMS = (
    TermPart(term="Gross", meaning="All that buyers were charged."),
    TermPart(term="\u05e9\u05db\u05e8", meaning="\u05d4\u05de\u05d7\u05d9\u05e8 12% (a) " * 30),
    TermPart(term="\u7dcf\u984d", meaning="\u7a0e\u8fbc\u307f\u4fa1\u683c" * 160),
    TermPart(term="Word", meaning="w" * 1_000),
)
PARTIES = (
    "Organiser",
    "B\u00fchne & S\u00f6hne",
    "\u0645\u0647\u0631\u062c\u0627\u0646 <b>",
    "Platform" * 7,
)
_ROWS_OF_A_PIECE = 40


def long_report(folder: Path) -> ReportDocument:
    return with_totals(report(folder, SALES, sales_rows(100)))


def test_the_bytes_do_not_depend_on_the_machines_fonts_and_font_programs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = report(tmp_path / "spool", SALES, sales_rows(9))
    PDF.write(document, tmp_path / "usual.pdf")
    # A machine with another font of that name, in the places that Fontconfig knows.
    home = tmp_path / "home"
    for folder in (home / ".fonts", home / "data" / "fonts"):
        folder.mkdir(parents=True)
        bold = font_file("Noto-Sans-Bold").read_bytes()
        (folder / "NotoSans-Regular.ttf").write_bytes(bold)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_DATA_HOME", str(home / "data"))
    PDF.write(document, tmp_path / "other.pdf")

    assert (tmp_path / "other.pdf").read_bytes() == (tmp_path / "usual.pdf").read_bytes()
    # The program that makes a font smaller is a library of ours, not one of the machine.
    renderer = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", _SUBSETTER], capture_output=True, text=True, check=True
    )
    assert renderer.stdout == "reporting_pipeline.exports.pdf.font_subset\n"


_SUBSETTER = """
from reporting_pipeline.exports.pdf.font_subset import subset_fonts_with_our_library
from weasyprint.pdf import fonts
subset_fonts_with_our_library()
print(fonts.Font.subset.__module__)
"""


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> dict[str, ReportDocument]:
    folder = tmp_path_factory.mktemp("spools")
    charted = report(folder / "charted", SALES, sales_rows(9), locale="zh_CN")
    return {
        "long": long_report(folder / "long"),
        "every type": report(folder / "types", EVERY_TYPE, ROWS),
        "empty": report(folder / "empty", SALES, [], filters=("currency is XXX",)),
        "provisional": report(
            folder / "held", SALES, sales_rows(90), is_provisional=True, seals=(HELD,)
        ),
        "charted": replace(charted, chart=Chart(x="date", y="gross_minor")),
        "named": replace(charted, chart=Chart(x="event_name", y="gross_minor")),
        "signed": report(folder / "signed", SALES, sales_rows(20), terms=TERMS, signatures=PARTIES),
    }


@pytest.fixture(scope="module")
def files(
    documents: dict[str, ReportDocument], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("files")
    paths = {name: folder / f"{name}.pdf" for name in documents}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pdf_format, "CELLS_OF_A_PIECE", _ROWS_OF_A_PIECE * len(SALES))
        PDF.write_each([(document, paths[name]) for name, document in documents.items()])
    assert {each.name for each in folder.iterdir()} == {path.name for path in paths.values()}
    return paths


def test_the_pages_of_every_report_show_its_rows(
    files: dict[str, Path], documents: dict[str, ReportDocument]
) -> None:
    problems = {
        name: page_problems(path, documents[name].manifest.within_file())
        for name, path in files.items()
    }
    assert [problem for each in problems.values() for problem in each] == []


def test_a_table_in_pieces_repeats_its_header_and_leaves_no_page_half_empty(
    files: dict[str, Path],
) -> None:
    tables = letters_on(files["long"])

    assert len(tables) == 4
    assert all(page.count("DateEventnameCurrencyGross") == 1 for page in tables)
    assert [f"Page{n}of4" in page for n, page in enumerate(tables, start=1)] == [True] * 4
    assert "TotalEUR16.846,83TotalJPY1.618.617TotalKWD1.651,650" in tables[-1]


def test_every_page_has_the_digest_of_the_attached_manifest_and_no_page_is_added_for_it(
    files: dict[str, Path],
) -> None:
    for name, page_count in {"long": 4, "every type": 1, "empty": 1}.items():
        with pikepdf.open(files[name]) as pdf:
            content = pdf.attachments["manifest.json"].get_file().read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        pages = letters_on(files[name])
        assert len(pages) == page_count
        assert all(f"SHA-256oftheattachedmanifest{digest}" in page for page in pages)
        assert all("toverify:reportingverifyFILE" in page for page in pages)


def test_every_type_is_shown_in_the_locale_and_time_zone(files: dict[str, Path]) -> None:
    text = "".join(letters_on(files["every type"]))

    for expected in ("1.234,56", "33,33%", "25ott2026", "2026-10-2501:59:59", "yes", "no"):
        assert expected in text
    assert "-5" in text  # yen has no minor units
    assert "0,005" in text  # Kuwaiti dinars have three digits
    assert "9223372036854775807" in text  # an unknown currency: minor units unchanged
    assert "2026-10-2502:30:00+02:00" in text  # the hour that comes twice


def test_a_german_report_has_german_words_and_is_verified(tmp_path: Path) -> None:
    rows = with_totals(
        report(tmp_path / "spool", SALES, sales_rows(2), locale="de_DE", signatures=PARTIES)
    )
    PDF.write(rows, tmp_path / "r.pdf")

    assert page_problems(tmp_path / "r.pdf", rows.manifest) == []
    [page] = letters_on(tmp_path / "r.pdf")
    for word in ("Zeitraum2026-10-25", "SummeEUR0,00", "OrtundDatum", "Seite1von1", "2Zeilen"):
        assert word in page
    with pikepdf.open(tmp_path / "r.pdf") as pdf:
        assert str(pdf.Root.Lang) == "de"


def test_an_empty_report_has_its_header_and_a_note(files: dict[str, Path]) -> None:
    [first] = letters_on(files["empty"])

    assert "DateEventnameCurrencyGrossTherearenorowsinthisperiod." in first
    assert "currencyisXXX" in first
    assert "0rows" in first


def test_a_provisional_report_is_stamped_on_every_page_with_its_reasons_on_the_first(
    files: dict[str, Path],
) -> None:
    pages = letters_on(files["provisional"])

    assert len(pages) > 2
    assert all("PROVISIONAL" in page for page in pages)
    assert "2026-10-25:ledger:3breaks" in pages[0]
    assert "PROVISIONAL" not in "".join(letters_on(files["long"]))


def test_terms_and_lines_to_sign_follow_the_rows_and_all_lines_are_on_one_page(
    files: dict[str, Path],
) -> None:
    pages = letters_on(files["signed"])

    [signed] = [page for page in pages if "Signatures" in page]
    assert "TermsGrossAllthatbuyerswerecharged." in pages[0]
    assert [signed.count(line) for line in ("Name", "Placeanddate", "Signature")] == [4, 4, 5]
    assert signed == pages[-1]


def test_a_chart_has_a_panel_for_each_currency(files: dict[str, Path]) -> None:
    dated, named = (letters_on(files[name])[0] for name in ("charted", "named"))

    for code in ("EUR", "JPY", "KWD"):
        assert f"Grossbydate,{code}" in dated
        assert f"Grossbyeventname,{code}" in named


def test_the_file_has_tags_and_properties(files: dict[str, Path]) -> None:
    with pikepdf.open(files["long"]) as pdf:
        root, numbers = pdf.Root, pdf.Root.StructTreeRoot.ParentTree.Nums
        assert (str(root.Lang), bool(root.MarkInfo.Marked)) == ("en", True)
        assert str(pdf.docinfo.Title) == "Daily sales"
        assert str(pdf.docinfo.CreationDate) == "D:20261026000000Z"
        assert [int(page.obj.StructParents) for page in pdf.pages] == list(range(4))
        assert [int(each) for each in list(numbers)[::2]] == list(range(4))
        kinds = [str(each.S) for each in root.StructTreeRoot.K[0].K]
        assert kinds.count("/Table") == 5  # the facts; a table on each of its four pages
        assert {str(each.AFRelationship) for each in root.AF} == {"/Data"}
        ids = [str(each.ID) for each in pdf.objects if _is_header_cell(each)]
        assert len(ids) == len(set(ids)) >= 16
        assert sorted(ids) == [str(each) for each in list(root.StructTreeRoot.IDTree.Names)[::2]]


def test_only_bundled_fonts_are_used_and_each_has_its_own_name(
    files: dict[str, Path],
) -> None:
    with pikepdf.open(files["long"]) as pdf:
        fonts = [each for each in pdf.objects if _is_whole_font(each)]
        embedded = {(str(each.BaseFont), _font_file(each)) for each in fonts}
    names = [name for name, _ in embedded]
    assert len(names) == len(set(names))
    families = {name.partition("+")[2].replace("-Bold", "").replace("-", " ") for name in names}
    assert families <= {*FAMILIES, MONOSPACE}
    assert "Noto Sans CJK JP" in families


def test_the_bytes_do_not_depend_on_the_day_the_place_or_the_hash_seed(
    files: dict[str, Path], documents: dict[str, ReportDocument], tmp_path: Path
) -> None:
    elsewhere = tmp_path / "another folder, мир"
    elsewhere.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pdf_format, "CELLS_OF_A_PIECE", _ROWS_OF_A_PIECE * len(SALES))
        long = documents["long"]
        job = render_job(long, [lay_out(long)], elsewhere / "x.pdf")
    job.write(elsewhere / "job.json")
    (elsewhere / "fonts.conf").write_text(fontconfig_text(elsewhere / "cache"), "utf-8")
    (library,) = Path(libfaketime.__file__).parent.rglob("libfaketime.so.1")
    environment = {
        **os.environ,  # noqa: TID251 - of the test itself
        "FAKETIME": "2031-05-05 11:11:11",
        "FONTCONFIG_FILE": str(elsewhere / "fonts.conf"),
        "LC_ALL": "tr_TR.UTF-8",
        "LD_PRELOAD": str(library),
        "PYTHONHASHSEED": "4711",
        "SOURCE_DATE_EPOCH": "0",
        "TZ": "Asia/Kathmandu",
    }
    with subprocess.Popen(
        [sys.executable, "-m", "reporting_pipeline.exports.pdf.render", "60", "1"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
        cwd="/",
    ) as renderer:
        question = {"job": f"{elsewhere}/job.json", "cpu_seconds": 60, "memory_bytes": 2 << 30}
        assert renderer.stdin is not None
        assert renderer.stdout is not None
        renderer.stdin.write(json.dumps(question).encode() + b"\n")
        renderer.stdin.flush()
        assert renderer.stdout.read() == b"\n"

    assert (elsewhere / "x.pdf").read_bytes() == files["long"].read_bytes()


def test_the_job_contains_nothing_of_the_machine_but_paths_of_files(
    documents: dict[str, ReportDocument], tmp_path: Path
) -> None:
    empty = documents["empty"]
    render_job(empty, [lay_out(empty)], tmp_path / "x.pdf").write(tmp_path / "job.json")

    fields = json.loads((tmp_path / "job.json").read_text())
    [section] = fields.pop("sections")
    paths = {
        name for name, value in (fields | section).items() if str(tmp_path.parent) in str(value)
    }
    assert paths == {"rows_path", "target"}


@pytest.mark.parametrize(
    ("columns", "rows", "named"),
    [
        ((column("a"),), [("x",)] * 2_001, "holds up to 2000 rows, Daily sales has 2001"),
        (
            tuple(column(f"amount_{n}_minor", ColumnType.BIGINT, Unit.MINOR) for n in range(30)),
            [(str(2**62),) * 30],
            "the 30 columns of Daily sales do not fit across an A4 page",
        ),
        (
            (column("a"),),
            [("x",), ("long " * 9_000,)],
            "row 2 of Daily sales is higher than a page",
        ),
        ((column("a"),), [("x" * 3_000_000,)], "rows of up to 2000000 bytes"),
    ],
    ids=["rows", "columns", "text", "bytes"],
)
def test_a_report_that_a_page_cannot_hold_is_refused_before_any_work(
    tmp_path: Path, columns: tuple[object, ...], rows: list[tuple[str]], named: str
) -> None:
    too_much = report(tmp_path, columns, rows)  # type: ignore[arg-type]

    with pytest.raises(FormatCannotHold, match="csv or xlsx") as caught:
        PDF.refuse(too_much)
    assert named in caught.value.message


def test_without_pango_the_error_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reporting_pipeline.exports.pdf.pango._loads", lambda name: False)

    with pytest.raises(EnvironmentNotReady, match=r"libpango-1.0.so.0.*: .*install"):
        PDF.refuse(report(tmp_path))


def _is_header_cell(value: object) -> bool:
    return isinstance(value, pikepdf.Dictionary) and value.get("/S") == "/TH" and "/ID" in value


def _font_file(font: Any) -> int:
    descriptor = font.DescendantFonts[0].FontDescriptor
    file = descriptor.get("/FontFile2", descriptor.get("/FontFile3"))
    return int(file.objgen[0])


def _is_whole_font(value: object) -> bool:
    return isinstance(value, pikepdf.Dictionary) and value.get("/Subtype") == "/Type0"
