"""A report as the markup of its parts: title and facts, table head, rows, totals, proof, frame.

`report.html` has the markup, `report.css` its look; `render` turns markup into pages.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reporting_pipeline.exports.canonical_rows import CanonicalRow, parse_lines
from reporting_pipeline.exports.pdf.chart import panels
from reporting_pipeline.exports.pdf.page_texts import (
    LINES_TO_SIGN,
    SIGNATURES_TITLE,
    TERMS_TITLE,
    CellTexts,
    ColumnStyle,
    ProofPart,
    TotalRow,
    facts_of,
    facts_of_block,
    language_tag,
    period_text,
    proof_parts,
    proof_parts_of_blocks,
    provisional_reasons,
    style_of,
    total_rows,
)
from reporting_pipeline.exports.pdf.visible_text import id_markup, is_right_to_left, text_markup
from reporting_pipeline.exports.pdf.widths import TableFit, fit_table
from reporting_pipeline.exports.report_document import NO_ROWS, ReportDocument

if TYPE_CHECKING:
    from jinja2 import Environment
    from jinja2.environment import TemplateModule

_FOLDER = Path(__file__).parent


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
class Markups:
    """The markup of a document's pieces; a piece of pages is an opening, rows and a closing.

    Attributes:
        first: Opens the document: everything before the first row.
        further: Opens each further piece: the head of the table again.
        closing: Ends a piece.
        last: Ends the last piece: totals and proof.
        frame_opening: Opens the frames, which are laid over the pages.
        frame: The frame of one page.
    """

    first: str
    further: str
    rows: tuple[str, ...]
    closing: str
    last: str
    frame_opening: str
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


def markups(sheet: Sheet) -> Markups:
    """The markup of all parts."""
    macros = _template_of(sheet).__dict__
    head, table = macros["head"](sheet.document.title), macros["table_head"]()
    rows = [macros["row"](cells, index) for index, cells in enumerate(sheet.rows)]
    closing = "</tbody></table>"
    return Markups(
        first=f"{head}{macros['opening']()}{table}",
        further=f"{head}{table}",
        rows=tuple(map(str, rows or [macros["no_rows"]()])),
        closing=f"{closing}</body></html>",
        last=f"{macros['totals_rows']()}{closing}{_ending(macros)}</body></html>",
        frame_opening=str(head),
        frame=str(macros["frame"]()),
    )


def markups_of_blocks(document: ReportDocument, sheets: Sequence[Sheet]) -> list[Markups]:
    """The markup of all parts of a report of several blocks, block by block.

    The first block comes after the title and facts of the report, the last one before its proof.
    """
    proof = proof_parts_of_blocks(document.manifest, [each.texts for each in sheets])
    found = []
    for index, sheet in enumerate(sheets):
        macros = _template_of(sheet, document, proof).__dict__
        head, table = macros["head"](document.title), macros["table_head"]()
        rows = [macros["row"](cells, number) for number, cells in enumerate(sheet.rows)]
        closing = "</tbody></table>"
        opening = f"{'' if index else macros['opening']()}{macros['block_opening']()}"
        end = _ending(macros) if index == len(sheets) - 1 else ""
        found.append(
            Markups(
                first=f"{head}{opening}{table}",
                further=f"{head}{table}",
                rows=tuple(map(str, rows or [macros["no_rows"]()])),
                closing=f"{closing}</body></html>",
                last=f"{macros['totals_rows']()}{closing}{end}</body></html>",
                frame_opening=str(head),
                frame=str(macros["frame"]()),
            )
        )
    return found


def _ending(macros: Mapping[str, Any]) -> str:
    """Everything after the last rows."""
    return f"{macros['terms_and_signatures']()}{macros['proof']()}"


def _template_of(
    sheet: Sheet, report: ReportDocument | None = None, proof: Sequence[ProofPart] = ()
) -> "TemplateModule":
    """The template for a sheet; of a block with the report that it is of, and its proof."""
    document, fit = report or sheet.document, sheet.fit
    manifest = document.manifest
    if fit is None:
        message = "the columns do not fit; refuse() reports it"
        raise ValueError(message)
    styles = [str(style_of(column)) for column in sheet.texts.columns]
    headers = [
        {"text": column.header, "style": style}
        for column, style in zip(sheet.texts.columns, styles, strict=True)
    ]
    context: dict[str, Any] = {
        "title": document.title,
        "name": manifest.definition.name,
        "author": manifest.organization.name,
        "subject": f"{manifest.definition.slug}, version {manifest.definition.version}, "
        f"{manifest.period.token}",
        "instant": f"{manifest.period.end}T00:00:00Z",
        "data_lang": language_tag(manifest.locale),
        "organization": manifest.organization.name,
        "period": period_text(manifest),
        "version": manifest.definition.version,
        "provisional": provisional_reasons(manifest) if manifest.is_provisional else None,
        "facts": facts_of(manifest),
        # The table itself says that there are no rows.
        "notes": [note for note in document.notes if note != NO_ROWS],
        "panels": panels(sheet.document.chart, sheet.texts, sheet.canonical, manifest.period)
        if sheet.document.chart
        else [],
        "block_title": sheet.document.title if report else "",
        "block_facts": facts_of_block(sheet.document.manifest) if report else [],
        "fit": fit,
        "table_width": round(sum(fit.widths), 2),
        "styles": styles,
        "folded_ids": {
            index
            for index, (style, wraps) in enumerate(zip(styles, fit.wraps, strict=True))
            if style == ColumnStyle.ID and wraps
        },
        "headers": headers,
        "no_rows_text": NO_ROWS,
        "totals": sheet.totals,
        "terms_title": TERMS_TITLE,
        "terms": manifest.terms,
        "signatures_title": SIGNATURES_TITLE,
        "signatures": manifest.signatures,
        "lines_to_sign": LINES_TO_SIGN,
        "proof_parts": proof or proof_parts(manifest, sheet.texts),
    }
    return _environment().get_template("report.html").make_module(context)


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
