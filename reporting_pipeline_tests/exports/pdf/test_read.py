"""Reading PDF files back: every change on a page is found and named."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import pikepdf
import pytest

from reporting_pipeline.errors import FileUnreadable
from reporting_pipeline.exports.manifest import Manifest, OrganizationPart, TermPart
from reporting_pipeline.exports.pdf.assembly import (
    MANIFEST_ATTACHMENT,
    PAGES_ATTACHMENT,
    ROWS_ATTACHMENT,
    WrittenPages,
)
from reporting_pipeline.exports.pdf.page_digests import PageDigests
from reporting_pipeline.exports.pdf.pdf_format import PDF
from reporting_pipeline.exports.pdf.read import canonical_rows, embedded_manifest, page_problems
from reporting_pipeline_tests.exports.documents import column
from reporting_pipeline_tests.exports.pdf.pages import SALES, report, sales_rows, with_totals

Change = Callable[[Any], None]
ROW_COUNT = 60


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("written")
    PDF.write(with_totals(report(folder / "spool", SALES, sales_rows(ROW_COUNT))), folder / "r.pdf")
    return folder / "r.pdf"


@pytest.fixture
def file(written: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(written, tmp_path))


@pytest.fixture(scope="module")
def manifest(written: Path) -> Manifest:
    return embedded_manifest(written)


def changed(file: Path, change: Change, *, covers_up: bool = False, **save: Any) -> Path:
    """Change a file; to cover up, also write the digests of the changed pages into it."""
    with pikepdf.open(file, allow_overwriting_input=True) as pdf:
        change(pdf)
        if covers_up:
            old = pdf.attachments[PAGES_ATTACHMENT].get_file().read_bytes()
            digests = tuple(map(PageDigests().of, pdf.pages))
            new = WrittenPages.model_validate_json(old).model_copy(update={"digests": digests})
            attach(PAGES_ATTACHMENT, new.model_dump_json().encode())(pdf)
        pdf.save(file, **save)
    return file


def attach(name: str, content: bytes) -> Change:
    def change(pdf: Any) -> None:
        pdf.attachments[name] = pikepdf.AttachedFileSpec(
            pdf, content, filename=name, mime_type="", description="", creation_date="", mod_date=""
        )

    return change


def in_content(page: int, edit: Callable[[bytes], bytes]) -> Change:
    """Change the content of a page."""

    def change(pdf: Any) -> None:
        stream = pdf.pages[page].obj.Contents
        old = stream.read_bytes()
        new = edit(old)
        assert new != old
        stream.write(new)

    return change


def swap_digits(content: bytes) -> bytes:
    """Swap two digits in the middle of the page."""
    digit = rb"<(001[3-9a-c])>"  # glyphs 0 to 9 of Noto Sans
    pairs = list(re.finditer(digit + b"0" + digit, content))
    pair = next(each for each in pairs[len(pairs) // 2 :] if each[1] != each[2])
    swapped = b"<" + pair[2] + b">0<" + pair[1] + b">"
    return content[: pair.start()] + swapped + content[pair.end() :]


def remove_text(content: bytes) -> bytes:
    """Remove a text in the middle of the page."""
    places = [at for at in range(len(content)) if content.startswith(b"BT", at)]
    begin = places[len(places) // 2]
    return content[:begin] + content[content.index(b"ET", begin) + 2 :]


def doubled_text(content: bytes) -> bytes:
    """Draw a text in the middle of the page twice."""
    places = [at for at in range(len(content)) if content.startswith(b"BT", at)]
    begin = places[len(places) // 2]
    end = content.index(b"ET", begin) + 2
    return content[:end] + b"\n" + content[begin:end] + content[end:]


def cells(pdf: Any, page: int) -> list[Any]:
    """The tags of the cells of a page of rows."""
    table = next(
        each
        for each in pdf.Root.StructTreeRoot.K[0].K
        if each.S == "/Table" and each.Pg.objgen == pdf.pages[page].obj.objgen
    )
    return [cell for row in table.K[1].K for cell in row.K]


def swap_tags(pdf: Any) -> None:
    """Swap the tags of two cells."""
    first, second = cells(pdf, 1)[3:8:4]
    first.K, second.K = second.K, first.K


def untag(pdf: Any) -> None:
    """Remove the tags from the file."""
    del pdf.Root.StructTreeRoot


def draw_itself(pdf: Any) -> None:
    """Let a form on a page draw itself."""
    frame = pdf.pages[1].Resources.XObject["/Frame"]
    frame.Resources.XObject = pikepdf.Dictionary({"/Frame": frame})
    frame.write(b"/Frame Do")


def further_text(content: bytes) -> bytes:
    """Draw the first text of the page again, without a tag."""
    begin = content.index(b"/Span")
    end = content.index(b"EMC", begin) + 3
    marked = re.sub(rb"/MCID \d+", b"/MCID 9999", content[begin:end])
    frame = content.rindex(b"/Artifact")
    return content[:frame] + marked + b"\n" + content[frame:]


def drop_page(pdf: Any) -> None:
    del pdf.pages[1]


def double_page(pdf: Any) -> None:
    pdf.pages.insert(1, pdf.pages[1])


def swap_pages(pdf: Any) -> None:
    first, second = pdf.pages[0], pdf.pages[1]
    pdf.pages[0], pdf.pages[1] = second, first


def add_page(pdf: Any) -> None:
    pdf.add_blank_page()


def draw_over(pdf: Any) -> None:
    pdf.pages[1].contents_add(b"q 1 1 1 rg 200 300 40 10 re f Q")


def annotate(pdf: Any) -> None:
    note = pikepdf.Dictionary(
        Type=pikepdf.Name.Annot,
        Subtype=pikepdf.Name.FreeText,
        Rect=[100, 100, 200, 120],
        Contents="9,999.00",
    )
    pdf.pages[0].obj.Annots = pdf.make_indirect(pikepdf.Array([pdf.make_indirect(note)]))


def other_font(pdf: Any) -> None:
    """Change the glyphs of a font."""
    fonts = pdf.pages[1].Resources.Font
    font = next(font for font in fonts.values() if "Bold" not in str(font.BaseFont))
    descriptor = font.DescendantFonts[0].FontDescriptor
    descriptor.FontFile2.write(descriptor.FontFile2.read_bytes() + b"\0")


def form(pdf: Any) -> None:
    pdf.Root.AcroForm = pikepdf.Dictionary(Fields=[])


def test_the_file_gives_back_its_manifest_and_rows(written: Path, manifest: Manifest) -> None:
    assert manifest.file is None
    assert list(canonical_rows(written, manifest)) == sales_rows(ROW_COUNT)
    assert page_problems(written, manifest) == []


@pytest.mark.parametrize(
    "save",
    [
        {"object_stream_mode": pikepdf.ObjectStreamMode.disable, "compress_streams": False},
        {"linearize": True},
        {"recompress_flate": True, "qdf": False},
    ],
    ids=["unpacked", "linearised", "repacked"],
)
def test_repacking_a_file_is_no_difference(
    file: Path, manifest: Manifest, save: dict[str, Any]
) -> None:
    assert page_problems(changed(file, lambda pdf: None, **save), manifest) == []


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (in_content(1, swap_digits), "page 2 is not as it was written"),
        (in_content(1, remove_text), "page 2 is not as it was written"),
        (draw_over, "page 2 is not as it was written"),
        (annotate, "page 1 is not as it was written"),
        (other_font, "page 1 is not as it was written"),
        (drop_page, "page 2 of 3 is missing or is not as it was written"),
        (double_page, "page 3 is a copy of page 2"),
        (swap_pages, "the pages are in another order than written"),
        (add_page, "page 4 was added"),
        (form, "the file has /AcroForm, which reports do not have"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_a_changed_page_is_found_by_its_digest(
    file: Path, manifest: Manifest, change: Change, named: str
) -> None:
    assert named in page_problems(changed(file, change), manifest)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (in_content(1, swap_digits), r"row \d+, column .*, on page 2: the page shows"),
        (in_content(1, remove_text), r"row \d+, column .*, on page 2: the page shows"),
        (swap_tags, "text of its pages cannot be read: .*order"),
        (untag, "text of its pages cannot be read"),
        (draw_itself, "text of its pages cannot be read"),
        (in_content(1, further_text), "page 2 shows 'Date' beside the rows"),
        (in_content(1, doubled_text), r"row \d+, column .*, on page 2: the page shows"),
        (drop_page, "row 29, column Date, on page 2: the page shows"),
        (double_page, "page 2 shows '.+' beside the rows"),
        (swap_pages, "row 29, column Date, on page 3: the page shows"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_a_change_of_page_and_digest_is_found_by_the_text(
    file: Path, manifest: Manifest, change: Change, named: str
) -> None:
    (problem,) = page_problems(changed(file, change, covers_up=True), manifest)

    assert re.search(named, problem)


def test_rows_that_differ_from_the_pages_are_found(file: Path, manifest: Manifest) -> None:
    with pikepdf.open(file) as pdf:
        rows = pdf.attachments[ROWS_ATTACHMENT].get_file().read_bytes()
    other = attach(ROWS_ATTACHMENT, rows.replace(b"EUR,3003\n", b"EUR,3004\n", 1))

    problems = page_problems(changed(file, other), manifest)

    assert len(problems) == 1
    assert problems[0].startswith("row 4, column Gross, on page 1: the page shows '30,03")
    assert problems[0].endswith("the row has '30,04'")


def test_digits_among_words_of_any_direction_raise_no_alarm(tmp_path: Path) -> None:
    random = Random(7)  # noqa: S311 - no secret
    scripts = (
        *(range(0x5D0, 0x5EB), range(0x627, 0x64B), range(0x660, 0x66A), range(0xD05, 0xD4D)),
        *(range(0xE01, 0xE4E), range(0x41, 0x5B), range(0x30, 0x3A)),
    )
    signs = ("(", "<b>", "12:30", "7\u0301", "5\ufe0f\u20e3", "\u200f", "\u0644\u0627", "q\u0307")

    def word() -> str:
        if random.random() < 0.3:
            return random.choice(signs)
        return "".join(map(chr, random.choices(random.choice(scripts), k=5)))

    columns = (column("name"), column("number"))
    rows = [
        (" ".join(word() for _ in range(6)) + f" 127.0.0.1:{port}", f"q7 ({port})")
        for port in random.sample(range(1024, 65536), 120)
    ]
    plain = report(tmp_path / "spool", columns, rows)
    PDF.write(plain, tmp_path / "r.pdf")

    assert page_problems(tmp_path / "r.pdf", plain.manifest) == []


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report of two rows with a term and lines to sign."""
    folder = tmp_path_factory.mktemp("signed")
    terms = (TermPart(term="Gross", meaning="All that 12 buyers pay."),)
    parties = ("Organiser", "Platform")
    rows = report(folder / "spool", SALES, sales_rows(2), terms=terms, signatures=parties)
    PDF.write(rows, folder / "r.pdf")
    return folder / "r.pdf"


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        (
            {"terms": (TermPart(term="Gross", meaning="All that 13 buyers pay."),)},
            "page 1 shows 'All that 12 buyers pay.' in place of 'All that 13 buyers pay.'",
        ),
        ({"signatures": ("Organiser", "Bank")}, "page 1 shows 'Platform' in place of 'Bank'"),
        ({"signatures": ("Organiser",)}, "page 1 shows 'Platform', which the report does not have"),
        ({"signatures": ()}, "page 1 shows 'Signatures', which the report does not have"),
        ({"terms": (), "signatures": ()}, "page 1 shows 'Terms', which the report does not have"),
    ],
)
def test_a_term_or_party_that_is_not_the_manifests_is_found(
    signed: Path, fields: dict[str, Any], named: str
) -> None:
    manifest = embedded_manifest(signed)
    assert page_problems(signed, manifest) == []

    (problem,) = page_problems(signed, manifest.model_copy(update=fields))

    assert problem == named


def test_a_removed_line_to_sign_is_found_by_the_text(signed: Path, tmp_path: Path) -> None:
    def without_last_text(content: bytes) -> bytes:
        begin = content.rindex(b"BT")
        return content[:begin] + content[content.index(b"ET", begin) + 2 :]

    file = Path(shutil.copy(signed, tmp_path))
    changed(file, in_content(0, without_last_text), covers_up=True)

    (problem,) = page_problems(file, embedded_manifest(signed))

    assert problem == "'Signature' is on no page"


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        (
            {"organization": OrganizationPart(id=UUID(int=2), name="Messe")},
            "page 1 shows 'Halle' in place of 'Messe'",
        ),
        (
            {"filters": ("Currency is EUR",)},
            "page 1 shows rows in place of 'Filters'",
        ),
        ({"logic_version": 9}, "page 1 shows ' attached manifest "),
    ],
)
def test_a_text_of_the_header_or_the_proof_that_is_not_the_manifests_is_found(
    signed: Path, fields: dict[str, Any], named: str
) -> None:
    manifest = embedded_manifest(signed).model_copy(update=fields)

    (problem,) = page_problems(signed, manifest)

    assert problem.startswith(named)


def test_totals_and_proof_that_differ_from_the_manifest_are_found(
    written: Path, manifest: Manifest
) -> None:
    totals = tuple(
        each.model_copy(update={"values": {"gross_minor": each.values["gross_minor"] + 1}})
        for each in manifest.totals
    )

    (of_totals,) = page_problems(written, manifest.model_copy(update={"totals": totals}))
    (of_proof,) = page_problems(written, manifest.model_copy(update={"rows_sha256": "0" * 64}))

    assert of_totals.startswith("total eur, column Gross, on page 3: the page shows ")
    assert of_proof.startswith("page 1 shows ' attached manifest ")


@pytest.mark.parametrize(
    ("name", "content", "named"),
    [
        (MANIFEST_ATTACHMENT, b'{"manifest_version": 1}', "manifest.json is damaged at definition"),
        (MANIFEST_ATTACHMENT, b"\xff", "manifest.json is damaged"),
        (ROWS_ATTACHMENT, b"", "rows.csv has 0 columns"),
        (ROWS_ATTACHMENT, b"a,b,c,d\n1,2,3\n", "row 1 of rows.csv has 3 values"),
        (ROWS_ATTACHMENT, b"a,b,c,d\n\xff,,,\n", "rows.csv is not UTF-8 at byte 8"),
        (PAGES_ATTACHMENT, b"[]", "pages.json is damaged"),
    ],
)
def test_a_damaged_attachment_is_named(file: Path, name: str, content: bytes, named: str) -> None:
    changed(file, attach(name, content))

    with pytest.raises(FileUnreadable) as caught:
        page_problems(file, embedded_manifest(file))
    assert named in caught.value.message


def test_a_foreign_pdf_is_refused(tmp_path: Path) -> None:
    other = tmp_path / "other.pdf"
    with pikepdf.new() as pdf:
        pdf.add_blank_page()
        pdf.save(other)
    (tmp_path / "text.pdf").write_text("no PDF at all")

    with pytest.raises(FileUnreadable, match=r"has no attachment manifest\.json"):
        embedded_manifest(other)
    with pytest.raises(FileUnreadable, match="cannot be read as a PDF file"):
        embedded_manifest(tmp_path / "text.pdf")
