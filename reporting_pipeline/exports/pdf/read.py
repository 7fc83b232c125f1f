"""Reads our PDF files back: the manifest, the rows, and whether the pages show these rows.

Two proofs of the pages; each finds what the other may miss:

    digests   `pages.json` has the digest of each page as it was written: it shows any change of a
              mark, a missing, additional or moved page, an annotation on top
    text      the texts in the cells of the pages are compared with the attached rows

If somebody changes pages, rows, digests and manifest together, only the manifest outside the file
shows it: the one beside the file, or the one in the catalogue.
"""

from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

from pydantic import ValidationError

from reporting_pipeline.errors import FileUnreadable
from reporting_pipeline.exports.canonical_rows import CanonicalRow, parse_lines
from reporting_pipeline.exports.manifest import BlockPart, Manifest
from reporting_pipeline.exports.pdf.assembly import (
    MANIFEST_ATTACHMENT,
    PAGES_ATTACHMENT,
    WrittenPages,
    WrittenSection,
    rows_attachment,
)
from reporting_pipeline.exports.pdf.page_comparison import (
    ExpectedRow,
    ExpectedTable,
    page_problem,
)
from reporting_pipeline.exports.pdf.page_digests import PageDigests
from reporting_pipeline.exports.pdf.page_reader import PageContent, contents_of_pages
from reporting_pipeline.exports.pdf.page_texts import (
    CellTexts,
    block_texts,
    closing_texts,
    frame_text,
    opening_texts,
    total_rows,
)
from reporting_pipeline.exports.report_document import NO_ROWS
from reporting_pipeline.languages import translated

_MAX_ATTACHMENT_BYTES = 64_000_000
# Entries that may draw over pages, or change them when the file is opened.
_ACTIVE_ENTRIES = ("/AcroForm", "/OCProperties", "/OpenAction", "/AA", "/Collection")


def embedded_manifest(path: Path) -> Manifest:
    """See `Format.embedded_manifest`."""
    try:
        return Manifest.of_json(_attachment(path, MANIFEST_ATTACHMENT))
    except ValueError as error:
        message = f"{path.name}: {MANIFEST_ATTACHMENT} is damaged at {error}"
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


def shown_pages(path: Path) -> Iterator[tuple[list[float], PageContent]]:
    """The size and the texts of each page.

    Raises:
        FileUnreadable: The file cannot be read at all.
    """
    import pikepdf

    try:
        with pikepdf.open(path) as pdf:
            sizes = [[float(side) for side in page.mediabox.as_list()] for page in pdf.pages]
    except (pikepdf.PdfError, ValueError, RecursionError) as error:
        raise FileUnreadable(f"{path.name}: the pages cannot be read: {error}") from error
    yield from zip(sizes, contents_of_pages(path), strict=True)


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
        pages = contents_of_pages(path)
    except FileUnreadable as error:  # the digest names the page
        problems.append(error.message)
    else:
        problems.append(_text_problem(path, manifest, written, pages))
    return [problem for problem in problems if problem is not None]


def _text_problem(
    path: Path, manifest: Manifest, written: WrittenPages, pages: Sequence[PageContent]
) -> str | None:
    parts, sections = manifest.parts, written.sections
    if len(sections) != len(parts):
        return f"the pages have {len(sections)} blocks, the manifest {len(parts)}"
    texts = [
        CellTexts.of(part, section.currency) for part, section in zip(parts, sections, strict=True)
    ]
    expected: list[str | ExpectedTable] = [*opening_texts(manifest, written.notes)]
    for index, (part, section) in enumerate(zip(parts, sections, strict=True)):
        block = manifest.blocks[index] if manifest.blocks else None
        if block is not None:
            expected += block_texts(block, part)
        rows = canonical_rows(path, part, block.name if block else "")
        expected.append(_expected_table(block, texts[index], part, rows, section))
    expected += closing_texts(manifest)
    return page_problem(pages, expected, lambda page, of: frame_text(manifest, page, of))


def _expected_table(
    block: BlockPart | None,
    texts: CellTexts,
    manifest: Manifest,
    canonical: Iterator[CanonicalRow],
    section: WrittenSection,
) -> ExpectedTable:
    prefix = f"{block.name}: " if block else ""
    totals = total_rows(manifest, texts) if section.has_totals else ()
    return ExpectedTable(
        name=f"the rows of block {block.name}" if block else "the rows",
        headers=[column.header for column in texts.columns],
        rows=chain(
            _expected_rows(prefix, texts, canonical),
            (
                ExpectedRow(f"{prefix}{each.label.lower() or 'the total'}", each.texts)
                for each in totals
            ),
        ),
    )


def _expected_rows(
    prefix: str, texts: CellTexts, canonical: Iterator[CanonicalRow]
) -> Iterator[ExpectedRow]:
    number = 0
    for number, row in enumerate(texts.rows(canonical), start=1):
        yield ExpectedRow(f"{prefix}row {number}", row)
    if number == 0:
        yield ExpectedRow(f"{prefix}the note of no rows", (translated(NO_ROWS, texts.locale),))


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
