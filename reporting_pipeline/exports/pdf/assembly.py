"""Joins rendered pieces into one file: pages, frames, tags, fonts, attachments, page digests.

A screen reader goes through the tags of all pieces in order. Pieces may have fonts of one name with
different glyphs, so each font is named after its glyphs.
"""

import hashlib
import json
import re
import string
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from reporting_pipeline.exports.pdf.fonts import font_file
from reporting_pipeline.exports.pdf.page_digests import PageDigests
from reporting_pipeline.exports.pdf.render_job import RenderJob, RenderSection
from reporting_pipeline.languages import translated

MANIFEST_ATTACHMENT = "manifest.json"
ROWS_ATTACHMENT = "rows.csv"
PAGES_ATTACHMENT = "pages.json"

_GLYPH_CODE = re.compile(rb"<([0-9a-f]{4})> <([0-9a-f]*)>(?=\n)")
_DIGIT = re.compile("[0-9]")
_NAMELESS = b"> <>"
_TAG_LETTERS = 6


class WrittenSection(BaseModel):
    """The rows of a report, or of a block of it.

    Attributes:
        currency: The name of the column with the currency of a row's money; None: no money.
        has_totals: Whether there are totals below the rows.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    currency: str | None
    has_totals: bool


class WrittenPages(BaseModel):
    """The attachment `pages.json`, for comparing the pages.

    Attributes:
        digests: The digest of each page, in order (`page_digests`).
        notes: The sentences before the rows that do not follow from the manifest.
        sections: The rows, or those of each block, in order.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    digests: tuple[str, ...]
    notes: tuple[str, ...]
    sections: tuple[WrittenSection, ...]


def rows_attachment(block: str) -> str:
    """The name of the attachment with the rows of a block; empty: of a report without blocks."""
    return f"{block}.csv" if block else ROWS_ATTACHMENT


def assemble(pieces: Sequence[Path], frames: Path, job: RenderJob) -> None:
    """Write `job.target` from its pieces; the same pieces give the same bytes."""
    import pikepdf

    with pikepdf.open(pieces[0]) as pdf:
        for path in pieces[1:]:
            with pikepdf.open(path) as piece:
                before = len(pdf.pages)
                pdf.pages.extend(piece.pages)
                _append_tags(pdf, piece, before)
        with pikepdf.open(frames) as frame:
            for page, over in zip(pdf.pages, frame.pages, strict=True):
                _lay_over(pdf, page, over)
        _list_header_cells(pdf)
        _name_digits(pdf)
        _rename_fonts(pdf)
        _attach(pdf, job)
        pdf.save(
            job.target,
            deterministic_id=True,
            object_stream_mode=pikepdf.ObjectStreamMode.generate,
        )


def _lay_over(pdf: Any, page: Any, over: Any) -> None:
    """Draw a frame over a page, as content that screen readers skip."""
    import pikepdf

    form = pdf.copy_foreign(over.as_form_xobject())
    # The pages of a piece share their resources, but each page has its own frame.
    resources = pikepdf.Dictionary(dict(page.Resources.items()))
    drawn = dict(resources.get("/XObject", pikepdf.Dictionary()).items())
    resources["/XObject"] = pikepdf.Dictionary(drawn | {"/Frame": form})
    page.obj.Resources = resources
    page.contents_add(b"q", prepend=True)
    page.contents_add(b"Q\n/Artifact BMC\nq /Frame Do Q\nEMC")
    page.contents_coalesce()


def _append_tags(pdf: Any, piece: Any, page_count: int) -> None:
    """Append a piece's tags; its pages already follow the first `page_count` pages of `pdf`."""
    import pikepdf

    tree = pdf.copy_foreign(piece.Root.StructTreeRoot)
    ours = pdf.Root.StructTreeRoot
    document, added = ours.K[0], tree.K[0]
    for element in added.K:
        element.P = document
        document.K.append(element)
    for page in pdf.pages[page_count:]:
        page.obj.StructParents = int(page.obj.StructParents) + page_count
    numbers = list(tree.ParentTree.Nums)
    for key, value in zip(numbers[::2], numbers[1::2], strict=True):
        ours.ParentTree.Nums.append(int(key) + page_count)
        ours.ParentTree.Nums.append(value)
    # The ids of header cells begin at the same numbers in every piece.
    for cell in _table_cells(added):
        attributes = cell.A
        if "/ID" in cell:
            cell.ID = _id_in_piece(cell.ID, page_count)
        if "/Headers" in attributes:
            headers = [_id_in_piece(each, page_count) for each in attributes.Headers]
            attributes.Headers = pikepdf.Array(headers)


def _list_header_cells(pdf: Any) -> None:
    """List the header cells by their ids, which the cells below them refer to."""
    import pikepdf

    found = {
        bytes(each.ID): each
        for each in pdf.objects
        if isinstance(each, pikepdf.Dictionary) and each.get("/S") == "/TH" and "/ID" in each
    }
    names = [part for key in sorted(found) for part in (pikepdf.String(key), found[key])]
    pdf.Root.StructTreeRoot.IDTree = pikepdf.Dictionary(Names=pikepdf.Array(names))


def _id_in_piece(identifier: Any, page_count: int) -> Any:
    import pikepdf

    return pikepdf.String(f"{page_count}-{identifier}")


def _table_cells(element: Any) -> Iterator[Any]:
    import pikepdf

    waiting = [element]
    while waiting:
        each = waiting.pop()
        if each.S in {"/TH", "/TD"}:
            yield each
        elif "/K" in each:
            kids = each.K
            waiting.extend(
                kid
                for kid in (kids if isinstance(kids, pikepdf.Array) else [kids])
                if isinstance(kid, pikepdf.Dictionary) and "/S" in kid
            )


def _name_digits(pdf: Any) -> None:
    """Let a digit be read from its own glyph, and not again from a sign that contains it.

    Of a sign that is made of several glyphs, one is read as the whole sign and the others as
    nothing, here and wherever else they occur: people who search or listen would lose digits.
    """
    for font in _fonts(pdf):
        codes = font.ToUnicode.read_bytes()
        if _NAMELESS in codes:
            digits = _digits_of_glyphs(_family(font))
            font.ToUnicode.write(_GLYPH_CODE.sub(partial(_named_code, digits), codes))


def _rename_fonts(pdf: Any) -> None:
    """Name each font after its glyphs, and merge fonts with the same glyphs."""
    import pikepdf

    files: dict[bytes, Any] = {}
    for font in _fonts(pdf):
        descendant = font.DescendantFonts[0]
        descriptor = descendant.FontDescriptor
        key = "/FontFile2" if "/FontFile2" in descriptor else "/FontFile3"
        digest = hashlib.sha256(descriptor[key].read_bytes()).digest()
        descriptor[key] = files.setdefault(digest, descriptor[key])
        letters = "".join(chr(65 + each % 26) for each in digest[:_TAG_LETTERS])
        name = pikepdf.Name(f"/{letters}+{_family(font)}")
        font.BaseFont = descendant.BaseFont = descriptor.FontName = name


def _fonts(pdf: Any) -> Iterator[Any]:
    import pikepdf

    for each in pdf.objects:
        is_font = isinstance(each, pikepdf.Dictionary) and each.get("/Type") == "/Font"
        if is_font and "/DescendantFonts" in each:
            yield each


def _family(font: Any) -> str:
    return str(font.BaseFont).partition("+")[2]


def _named_code(digits: Mapping[int, str], code: re.Match[bytes]) -> bytes:
    glyph, text = code.groups()
    letters = bytes.fromhex(text.decode()).decode("utf-16-be")
    of_sign = letters if len(letters) == 1 else _DIGIT.sub("", letters)
    named = digits.get(int(glyph, 16), of_sign)
    return b"<%s> <%s>" % (glyph, named.encode("utf-16-be").hex().encode())


@cache
def _digits_of_glyphs(family: str) -> Mapping[int, str]:
    """The digit of each glyph that is a digit, in a bundled font."""
    from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

    with TTFont(font_file(family), lazy=True) as font:
        names = font.getBestCmap()
        digits = [each for each in string.digits if ord(each) in names]
        return {font.getGlyphID(names[ord(each)]): each for each in digits}


def _attach(pdf: Any, job: RenderJob) -> None:
    digests = PageDigests()
    pages = WrittenPages(
        digests=tuple(digests.of(page) for page in pdf.pages),
        notes=job.notes,
        sections=tuple(
            WrittenSection(currency=each.currency, has_totals=each.has_totals)
            for each in job.sections
        ),
    )
    attachments = (
        (MANIFEST_ATTACHMENT, job.manifest.encode(), "application/json", "What this report is"),
        *(
            (rows_attachment(each.block), _rows_of(each), "text/csv", "The rows of this report")
            for each in job.sections
        ),
        (
            PAGES_ATTACHMENT,
            (pages.model_dump_json(indent=2) + "\n").encode(),
            "application/json",
            "Digests of the pages",
        ),
    )
    import pikepdf

    locale = str(json.loads(job.manifest)["locale"])
    associated = pikepdf.Array()
    for name, data, kind, description in attachments:
        specification = pikepdf.AttachedFileSpec(
            pdf,
            data,
            filename=name,
            description=translated(description, locale),
            mime_type=kind,
            relationship=pikepdf.Name.Data,  # type: ignore[call-arg]
        )
        pdf.attachments[name] = specification
        associated.append(specification.obj)
    pdf.Root.AF = associated


def _rows_of(section: RenderSection) -> bytes:
    return section.rows_header.encode() + Path(section.rows_path).read_bytes()
