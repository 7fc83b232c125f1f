"""A report as the markup of its parts: the front, the head of the table, each row, what follows.

What belongs here: which figure and fact stands where. What does not: how it looks (`report.css`),
how markup becomes pages (`render`).
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jinja2.environment import TemplateModule

from reporting_pipeline.exports.canonical_rows import CanonicalRow, parse_lines
from reporting_pipeline.exports.manifest import Manifest
from reporting_pipeline.exports.pdf.cells import CellTexts, Style, style_of
from reporting_pipeline.exports.pdf.chart import panels
from reporting_pipeline.exports.pdf.front import facts_of, language_tag, period_of, reasons_of
from reporting_pipeline.exports.pdf.proof_page import proof_parts
from reporting_pipeline.exports.pdf.totals import TotalRow, total_rows
from reporting_pipeline.exports.pdf.visible import (
    is_right_to_left,
    shown,
    shown_id,
)
from reporting_pipeline.exports.pdf.widths import TableLook, table_look
from reporting_pipeline.exports.report_document import NO_ROWS, ReportDocument

_FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A report's content in the order of its pages, before it is markup.

    Attributes:
        rows: What stands in each cell.
        totals: What stands below the rows.
        look: None: the columns do not fit on a page.
    """

    document: ReportDocument
    texts: CellTexts
    canonical: tuple[CanonicalRow, ...]
    rows: tuple[tuple[str, ...], ...]
    totals: tuple[TotalRow, ...]
    look: TableLook | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Markups:
    """The markup of a document's pieces; a piece of pages is an opening, rows and a closing.

    Attributes:
        first: Opens the document: all that stands before the first row.
        further: Opens each further piece: the head of the table again.
        closing: Ends a piece.
        last: Ends the last piece: totals and proof.
        frame_opening: Opens the frames, which lie over the pages.
        frame: One page's frame.
    """

    first: str
    further: str
    rows: tuple[str, ...]
    closing: str
    last: str
    frame_opening: str
    frame: str


def cell_texts(manifest: Manifest, currency: str | None) -> CellTexts:
    """How the cells of a report read."""
    return CellTexts(
        columns=manifest.columns,
        currency=currency,
        locale=manifest.locale,
        time_zone=manifest.time_zone,
    )


def lay_out(document: ReportDocument) -> Sheet:
    """Read a report's rows and find how its table fits on the page."""
    texts = cell_texts(document.manifest, document.currency)
    canonical = tuple(parse_lines(document.rows.path.read_bytes().decode("utf-8")))
    rows = tuple(texts.rows(canonical))
    columns = texts.columns
    totals = total_rows(document.manifest, texts) if document.has_totals else []
    look = table_look(
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
        look=look,
    )


def markups(sheet: Sheet) -> Markups:
    """The markup of all parts."""
    template = _template_of(sheet)
    call = template.__dict__
    head, table = call["head"](sheet.document.title), call["table_head"]()
    rows = [call["row"](cells, index) for index, cells in enumerate(sheet.rows)]
    closing = "</tbody></table>"
    return Markups(
        first=f"{head}{call['front']()}{table}",
        further=f"{head}{table}",
        rows=tuple(map(str, rows or [call["no_rows"]()])),
        closing=f"{closing}</body></html>",
        last=f"{call['totals_rows']()}{closing}{call['proof']()}</body></html>",
        frame_opening=str(head),
        frame=str(call["frame"]()),
    )


def _template_of(sheet: Sheet) -> TemplateModule:
    document, manifest, look = sheet.document, sheet.document.manifest, sheet.look
    if look is None:
        message = "the columns do not fit; refuse() says so"
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
        "period": period_of(manifest),
        "version": manifest.definition.version,
        "provisional": reasons_of(manifest) if manifest.is_provisional else None,
        "facts": facts_of(manifest),
        # Of rows that are not there the table itself speaks.
        "notes": [note for note in document.notes if note != NO_ROWS],
        "panels": panels(document.chart, sheet.texts, sheet.canonical, manifest.period)
        if document.chart
        else [],
        "look": look,
        "table_width": round(sum(look.widths), 2),
        "styles": styles,
        "folded_ids": {
            index
            for index, (style, wraps) in enumerate(zip(styles, look.wraps, strict=True))
            if style == Style.ID and wraps
        },
        "headers": headers,
        "no_rows_text": NO_ROWS,
        "totals": sheet.totals,
        "proof_parts": proof_parts(manifest, sheet.texts),
    }
    return _environment().get_template("report.html").make_module(context)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_FOLDER, encoding="utf-8"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"shown": shown, "shown_id": shown_id}
    environment.tests["rtl"] = is_right_to_left  # type: ignore[assignment]
    return environment
