"""Reads our PDF files back: the manifest, the rows, and whether the pages show these rows.

Two proofs of the pages; each finds what the other may miss:

    digests   `pages.json` has the digest of each page as it was written: it shows any change of a
              mark, a missing, additional or moved page, an annotation on top
    text      the texts in the cells of the pages are compared with the attached rows

If somebody changes pages, rows, digests and manifest together, only the manifest outside the file
shows it: the one beside the file, or the one in the catalogue.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from pydantic import ValidationError

from reporting_pipeline.errors import FileUnreadable
from reporting_pipeline.exports.canonical_rows import CanonicalRow, parse_lines
from reporting_pipeline.exports.manifest import Manifest
from reporting_pipeline.exports.pdf.assembly import (
    MANIFEST_ATTACHMENT,
    PAGES_ATTACHMENT,
    WrittenPages,
    WrittenSection,
    rows_attachment,
)
from reporting_pipeline.exports.pdf.page_comparison import ExpectedRow, missing_text, row_problem
from reporting_pipeline.exports.pdf.page_digests import PageDigests
from reporting_pipeline.exports.pdf.page_reader import PageCells, cells_of_pages
from reporting_pipeline.exports.pdf.page_texts import (
    CellTexts,
    closing_texts,
    frame_text,
    proof_parts,
    proof_parts_of_blocks,
    total_rows,
)
from reporting_pipeline.exports.report_document import NO_ROWS

_MAX_ATTACHMENT_BYTES = 64_000_000
# Entries that may draw over pages, or change them when the file is opened.
_ACTIVE_ENTRIES = ("/AcroForm", "/OCProperties", "/OpenAction", "/AA", "/Collection")


def embedded_manifest(path: Path) -> Manifest:
    """See `Format.embedded_manifest`."""
    try:
        return Manifest.model_validate_json(_attachment(path, MANIFEST_ATTACHMENT))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "its text"
        message = f"{path.name}: {MANIFEST_ATTACHMENT} is damaged at {place}: {first['msg']}"
        raise FileUnreadable(message) from error


def canonical_rows(path: Path, manifest: Manifest, block: str = "") -> Iterator[CanonicalRow]:
    """The rows attached to the file, in order; of a block by its name and its own manifest.

    Raises:
        FileUnreadable: There are none, they are damaged, or their columns are not the manifest's.
    """
    attachment = rows_attachment(block)
    data = _attachment(path, attachment)
    try:
        rows = parse_lines(data.decode("utf-8"))
        header = next(rows, ())
    except UnicodeDecodeError as error:
        message = f"{path.name}: {attachment} is not UTF-8 at byte {error.start}"
        raise FileUnreadable(message) from error
    width = len(manifest.columns)
    if len(header) != width:
        message = (
            f"{path.name}: {attachment} has {len(header)} columns "
            f"({', '.join(map(str, header))}), the manifest {width}"
        )
        raise FileUnreadable(message)
    for number, row in enumerate(rows, start=1):
        if len(row) != width:
            message = f"{path.name}: row {number} of {attachment} has {len(row)} values"
            raise FileUnreadable(message)
        yield row


def page_problems(path: Path, manifest: Manifest) -> list[str]:
    """The differences between the pages and what was written; empty where there are none.

    Each proof names its first difference: the page, and the row and column where they are known.

    Raises:
        FileUnreadable: The file cannot be read at all.
    """
    import pikepdf

    written = _written_pages(path)
    try:
        with pikepdf.open(path) as pdf:
            digests = PageDigests()
            found = [digests.of(page) for page in pdf.pages]
            additions = [name for name in _ACTIVE_ENTRIES if name in pdf.Root]
    except (pikepdf.PdfError, ValueError, RecursionError) as error:
        message = f"{path.name}: the pages cannot be read: {error}"
        raise FileUnreadable(message) from error
    problems = [_digest_problem(written.digests, found)]
    problems += [f"the file has {name}, which reports do not have" for name in additions]
    try:
        pages = cells_of_pages(path)
    except FileUnreadable as error:  # the digest names the page
        problems.append(error.message)
    else:
        problems.append(_text_problem(path, manifest, written, pages))
    return [problem for problem in problems if problem is not None]


def _text_problem(
    path: Path, manifest: Manifest, written: WrittenPages, pages: Sequence[PageCells]
) -> str | None:
    blocks = [each.name for each in manifest.blocks] or [""]
    sections = written.sections or (
        WrittenSection(
            page_count=len(pages), currency=written.currency, has_totals=written.has_totals
        ),
    )
    if len(sections) != len(blocks):
        return f"the pages have {len(sections)} blocks, the manifest {len(blocks)}"
    texts = []
    begin = 0
    for name, part, section in zip(blocks, manifest.parts, sections, strict=True):
        of_block = CellTexts.of(part, section.currency)
        texts.append(of_block)
        end = begin + section.page_count if written.sections else len(pages)
        problem = _section_problem(
            (of_block, canonical_rows(path, part, name), _total_texts(part, of_block, section)),
            manifest,
            pages,
            (begin, end),
        )
        if problem is not None:
            return f"{name}: {problem}" if name else problem
        begin = end
    parts = (
        proof_parts_of_blocks(manifest, texts)
        if manifest.blocks
        else proof_parts(manifest, texts[0])
    )
    proof = (cell for part in parts for line in part.lines for cell in line)
    missing = missing_text("".join(text for page in pages for text in page.before), proof)
    return f"the proof does not show {missing!r}" if missing is not None else None


def _section_problem(
    block: tuple[CellTexts, Iterator[CanonicalRow], list[ExpectedRow]],
    manifest: Manifest,
    pages: Sequence[PageCells],
    place: tuple[int, int],
) -> str | None:
    """The first difference between the rows of a block and its pages, from `place[0]` on."""
    texts, canonical, totals = block
    begin, end = place
    rows = [
        ExpectedRow(f"row {number}", row)
        for number, row in enumerate(texts.rows(canonical), start=1)
    ] or [ExpectedRow("the note of no rows", (NO_ROWS,))]
    headers = [column.header for column in texts.columns]
    return row_problem(
        pages[begin:end],
        headers,
        [*rows, *totals],
        lambda page, _of: frame_text(manifest, page, len(pages)),
        first_page=begin + 1,
        closing=closing_texts(manifest) if end == len(pages) else (),
    )


def _total_texts(
    manifest: Manifest, texts: CellTexts, section: WrittenSection
) -> list[ExpectedRow]:
    return [
        ExpectedRow(total.label.lower() or "the total", total.texts)
        for total in (total_rows(manifest, texts) if section.has_totals else ())
    ]


def _digest_problem(written: Sequence[str], found: Sequence[str]) -> str | None:
    if list(written) == list(found):
        return None
    for number, digest in enumerate(found, start=1):
        if digest in found[: number - 1]:
            return f"page {number} is a copy of page {found.index(digest) + 1}"
        if digest not in written and len(found) == len(written):
            return f"page {number} is not as it was written"
    for number, digest in enumerate(written, start=1):
        if digest not in found:
            return f"page {number} of {len(written)} is missing or is not as it was written"
    extra = next((n for n, digest in enumerate(found, start=1) if digest not in written), None)
    return f"page {extra} was added" if extra else "the pages are in another order than written"


def _written_pages(path: Path) -> WrittenPages:
    try:
        return WrittenPages.model_validate_json(_attachment(path, PAGES_ATTACHMENT))
    except ValidationError as error:
        message = f"{path.name}: {PAGES_ATTACHMENT} is damaged"
        raise FileUnreadable(message) from error


def _attachment(path: Path, name: str) -> bytes:
    import pikepdf

    try:
        with pikepdf.open(path) as pdf:
            if name not in pdf.attachments:
                message = f"{path.name} has no attachment {name}: it is not one of our reports"
                raise FileUnreadable(message)
            data = bytes(pdf.attachments[name].get_file().read_bytes())
    except (pikepdf.PdfError, ValueError, OSError) as error:
        message = f"{path.name} cannot be read as a PDF file: {error}"
        raise FileUnreadable(message) from error
    if len(data) > _MAX_ATTACHMENT_BYTES:
        message = f"{path.name}: {name} has {len(data)} bytes, more than any of our reports"
        raise FileUnreadable(message)
    return data
