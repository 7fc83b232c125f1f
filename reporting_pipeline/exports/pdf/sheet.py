"""A report as the markup of its parts: title and facts, rows with head and totals, frame.

`report.html` and `rows.html` have the markup, `report.css` its look; `render` turns markup into
pages.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, partial
from math import fsum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup, escape

from reporting_pipeline.exports.canonical_rows import CanonicalRow, parse_lines
from reporting_pipeline.exports.pdf import page_texts
from reporting_pipeline.exports.pdf.chart import panels
from reporting_pipeline.exports.pdf.page_texts import (
    FILTERS,
    CellTexts,
    ColumnStyle,
    TotalRow,
    block_notes,
    break_lines,
    facts_of,
    footer_text,
    language_tag,
    proof_text,
    provisional_reasons,
    style_of,
    total_rows,
    version_text,
)
from reporting_pipeline.exports.pdf.render_job import END_OF_TABLE
from reporting_pipeline.exports.pdf.visible_text import id_markup, is_right_to_left, text_markup
from reporting_pipeline.exports.pdf.widths import TableFit, fit_table
from reporting_pipeline.exports.report_document import NO_ROWS, ReportDocument
from reporting_pipeline.exports.report_heading import PAGE_NUMBER, provisional_texts
from reporting_pipeline.languages import language_of, translated

if TYPE_CHECKING:
    from jinja2 import Environment

_FOLDER = Path(__file__).parent
# A table or terms of this size begin on a new page rather than continue there.
_ROWS_OF_A_SHORT_TABLE = 12
_SHORT_TERMS = 2_000  # characters
_COUNTER = Markup('<span class="{}"></span>')


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A report's content in the order of its pages, before it is markup.

    Attributes:
        rows: The texts of each cell.
        totals: The rows below them.
        fit: None if the columns do not fit on a page.
    """

    document: ReportDocument
    texts: CellTexts
    canonical: tuple[CanonicalRow, ...]
    rows: tuple[tuple[str, ...], ...]
    totals: tuple[TotalRow, ...]
    fit: TableFit | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionMarkup:
    """The markup of rows: of a report, or of a block of it.

    Attributes:
        opening: Everything before the table: of a block its title; charts.
        table: Opens the table, with its head.
        closing: The totals and the end of the table.
    """

    opening: str
    table: str
    rows: tuple[str, ...]
    closing: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Markups:
    """The markup of a document's parts.

    Attributes:
        head: Opens each document that is rendered.
        opening: Title and facts.
        ending: Terms, accepted breaks, lines to sign.
        frame: The frame of one page, which is laid over it.
    """

    head: str
    opening: str
    sections: tuple[SectionMarkup, ...]
    ending: str
    frame: str


def lay_out(document: ReportDocument) -> Sheet:
    """Read a report's rows and find how its table fits on the page."""
    texts = CellTexts.of(document.manifest, document.currency)
    canonical = tuple(parse_lines(document.rows.path.read_bytes().decode("utf-8")))
    rows = tuple(texts.rows(canonical))
    columns = texts.columns
    totals = total_rows(document.manifest, texts) if document.has_totals else []
    fit = fit_table(
        [style_of(column) for column in columns],
        [column.header for column in columns],
        [*rows, *(("",) * each.span + each.cells for each in totals)],
    )
    return Sheet(
        document=document,
        texts=texts,
        canonical=canonical,
        rows=rows,
        totals=tuple(totals),
        fit=fit,
    )


def markups(document: ReportDocument, sheets: Sequence[Sheet]) -> Markups:
    """The markup of all parts of a report; `sheets` are those of its blocks, or its own."""
    macros = _environment().get_template("report.html").make_module(_context(document))
    parts = macros.__dict__
    sections, first_row = [], 0
    for sheet in sheets:
        sections.append(_section(document, sheet, first_row))
        first_row += len(sections[-1].rows)
    return Markups(
        head=str(parts["head"]()),
        opening=str(parts["opening"]()),
        sections=tuple(sections),
        ending=str(parts["ending"]()),
        frame=str(parts["frame"]()),
    )


def _section(document: ReportDocument, sheet: Sheet, first_row: int) -> SectionMarkup:
    """The rows of a sheet; `first_row` is the number of the first among those of the document."""
    template = _environment().get_template("rows.html")
    macros = template.make_module(_rows_context(document, sheet, first_row)).__dict__
    rows = [
        macros["row"](cells, index, first_row + index) for index, cells in enumerate(sheet.rows)
    ]
    return SectionMarkup(
        opening=str(macros["opening"]()),
        table=str(macros["table_head"]()),
        rows=tuple(map(str, rows or [macros["no_rows"](first_row)])),
        closing=f"{macros['totals_rows']()}{END_OF_TABLE}",
    )


def _context(document: ReportDocument) -> dict[str, Any]:
    manifest = document.manifest
    return {
        "title": document.title,
        "author": manifest.organization.name,
        "subject": ", ".join(
            (manifest.definition.slug, version_text(manifest), manifest.period.token)
        ),
        "instant": f"{manifest.period.end}T00:00:00Z",
        "data_lang": language_tag(manifest.locale),
        "organization": manifest.organization.name,
        "language": language_of(manifest.locale),
        "say": partial(translated, locale=manifest.locale),
        "provisional_word": provisional_texts(manifest)[0],
        "provisional_meaning": provisional_texts(manifest)[1],
        "provisional": provisional_reasons(manifest) if manifest.is_provisional else None,
        "fact_rows": _fact_rows(facts_of(manifest), translated(FILTERS, manifest.locale)),
        "notes": notes_of(document),
        "terms": manifest.terms,
        "are_terms_short": sum(len(each.meaning) for each in manifest.terms) <= _SHORT_TERMS,
        "signatures": manifest.signatures,
        "texts": page_texts,
        "break_lines": break_lines(manifest),
        "footer": footer_text(manifest),
        "proof": proof_text(manifest),
        "page_number": escape(translated(PAGE_NUMBER, manifest.locale)).format(
            page=_COUNTER.format("page"), pages=_COUNTER.format("pages")
        ),
    }


def _rows_context(document: ReportDocument, sheet: Sheet, first_row: int) -> dict[str, Any]:
    manifest, fit = sheet.document.manifest, sheet.fit
    if fit is None:
        message = "the columns do not fit; refuse() reports it"
        raise ValueError(message)
    columns = sheet.texts.columns
    styles = [str(style_of(column)) for column in columns]
    return {
        "data_lang": language_tag(manifest.locale),
        "block_title": sheet.document.title if document.blocks else "",
        "block_notes": block_notes(manifest) if document.blocks else [],
        "panels": panels(sheet.document.chart, sheet.texts, sheet.canonical, manifest.period)
        if sheet.document.chart
        else [],
        "fit": fit,
        "table_width": round(fsum(fit.widths), 2),
        "is_whole": first_row > 0 and len(sheet.rows) <= _ROWS_OF_A_SHORT_TABLE,
        "styles": styles,
        "folded_ids": {
            index
            for index, (style, wraps) in enumerate(zip(styles, fit.wraps, strict=True))
            if style == ColumnStyle.ID and wraps
        },
        "headers": [
            {"text": column.header, "style": style}
            for column, style in zip(columns, styles, strict=True)
        ],
        "no_rows_text": translated(NO_ROWS, manifest.locale),
        "totals": sheet.totals,
    }


def notes_of(document: ReportDocument) -> tuple[str, ...]:
    """The notes before the rows; the table itself says that there are no rows."""
    no_rows = translated(NO_ROWS, document.locale)
    return tuple(note for note in document.notes if note != no_rows)


def _fact_rows(facts: Sequence[tuple[str, str]], long: str) -> list[list[tuple[str, str]]]:
    """Two facts on a line; the fact that may be long has a line of its own."""
    short = [each for each in facts if each[0] != long]
    pairs = [short[index : index + 2] for index in range(0, len(short), 2)]
    return pairs + [[each] for each in facts if each[0] == long]


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(_FOLDER, encoding="utf-8"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"text_markup": text_markup, "id_markup": id_markup}
    environment.tests["rtl"] = is_right_to_left  # type: ignore[assignment]
    return environment
