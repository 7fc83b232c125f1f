"""Reports for tests of PDF files, and the texts in such files."""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pypdfium2

from reporting_pipeline.exports.canonical_rows import CanonicalRow
from reporting_pipeline.exports.manifest import TotalPart
from reporting_pipeline.exports.pdf.page_comparison import letters_of
from reporting_pipeline.exports.report_document import ReportDocument
from reporting_pipeline.registry.columns import ColumnType, Unit
from reporting_pipeline.report_definitions.compile import ReportColumn
from reporting_pipeline_tests.exports.documents import column, document

SALES = (
    column("date", ColumnType.DATE),
    column("event_name"),
    column("currency", ColumnType.CURRENCY),
    column("gross_minor", ColumnType.BIGINT, Unit.MINOR),
)


def sales_rows(count: int) -> list[CanonicalRow]:
    """Rows of sales in three currencies, with names in several scripts."""
    names = ("Bühne, Ende der Sommerzeit", "東京ドーム公演", "مهرجان الموسيقى", "कला उत्सव")
    return [
        (f"2026-10-{n % 28 + 1:02}", names[n % 4], ("EUR", "JPY", "KWD")[n % 3], str(n * 1001))
        for n in range(count)
    ]


def report(
    folder: Path,
    columns: Sequence[ReportColumn] = SALES,
    rows: Sequence[CanonicalRow] = (),
    *,
    locale: str = "it_IT",
    **manifest: Any,
) -> ReportDocument:
    """A report with changed fields of its manifest; its spool is in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    plain = document(folder, columns, rows, locale=locale)
    changed = replace(plain, manifest=plain.manifest.model_copy(update=manifest))
    return replace(changed, title=changed.manifest.definition.name)


def with_totals(plain: ReportDocument) -> ReportDocument:
    """The report of sales with its totals."""
    sums: dict[str, int] = {}
    for *_, currency, gross in sales_rows(plain.rows.row_count):
        sums[str(currency)] = sums.get(str(currency), 0) + int(str(gross))
    totals = tuple(
        TotalPart(currency=currency, values={"gross_minor": sums[currency]})
        for currency in sorted(sums)
    )
    changed = plain.manifest.model_copy(update={"totals": totals})
    return replace(plain, manifest=changed, has_totals=True)


def letters_on(path: Path) -> list[str]:
    """The visible text of each page, without spaces."""
    with pypdfium2.PdfDocument(path) as pdf:
        texts = [page.get_textpage().get_text_range() for page in pdf]
    # PDFium returns these in place of a hyphen at the end of a line.
    return [letters_of(re.sub("[\ufffe\x02]", "-", text)) for text in texts]
