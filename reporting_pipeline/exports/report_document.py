"""One report, ready to be written in any format: the input of every writer."""

from dataclasses import dataclass
from typing import Literal

from reporting_pipeline.exports.manifest import Manifest
from reporting_pipeline.exports.row_spool import RowSpool
from reporting_pipeline.report_definitions.compile import ReportColumn

NO_ROWS = "There are no rows in this period."
"""The sentence in place of rows, in files for people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A chart of a report: one column over another.

    Attributes:
        x: The name of the column on the horizontal axis: dates, or names.
        y: The name of the summed column whose values are drawn; one series per currency.
    """

    x: str
    y: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportDocument:
    """A report's rows and everything that a file says about them.

    Attributes:
        title: The definition's name.
        manifest: The identity and proof of the report, without its part about a file.
        currency: The name of the column with the currency of a row's money; None: no money.
        notes: Sentences for the reader, for example that there are no rows.
        time_zone: An IANA name; files for people show instants in it.
        locale: The locale of numbers and dates in files for people, `de_DE`.
        csv_profile: `machine` or `spreadsheet`.
        has_totals: Whether the file shows totals; the manifest has them in any case.
        blocks: The blocks of a report of several, each as a report; then `rows` has their number
            and size only.
    """

    title: str
    manifest: Manifest
    rows: RowSpool
    currency: str | None
    notes: tuple[str, ...]
    time_zone: str
    locale: str
    csv_profile: Literal["machine", "spreadsheet"]
    has_totals: bool
    chart: Chart | None = None
    blocks: "tuple[ReportDocument, ...]" = ()

    @property
    def parts(self) -> "tuple[ReportDocument, ...]":
        """The blocks as reports; of a report without blocks the report itself."""
        return self.blocks or (self,)

    @property
    def columns(self) -> tuple[ReportColumn, ...]:
        """The columns, in order."""
        return self.rows.columns
