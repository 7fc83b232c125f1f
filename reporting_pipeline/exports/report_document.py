"""One report, ready to be written in any format.

What belongs here: what writers are given. What does not: any format, and where files go.
"""

from dataclasses import dataclass
from typing import Literal

from reporting_pipeline.exports.manifest import Manifest
from reporting_pipeline.exports.row_spool import RowSpool
from reporting_pipeline.report_definitions.compiled import ReportColumn

NO_ROWS = "There are no rows in this period."
"""What a file for people says where rows would stand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A picture of a report: one column over another.

    Attributes:
        x: Name of the column of the horizontal axis: dates, or names.
        y: Name of the summed column whose values are drawn; one series per currency.
    """

    x: str
    y: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportDocument:
    """A report's rows and all that is said of them.

    Attributes:
        title: The definition's name.
        manifest: What it is and rests on, without the file.
        currency: The name of the column with the currency of a row's money; None: no money.
        notes: Sentences for the reader, for example that there are no rows.
        time_zone: IANA name; instants are shown in it to people.
        locale: Of numbers and dates in files for people, `de_DE`.
        csv_profile: `machine` or `spreadsheet`.
        has_totals: Whether totals are shown; the manifest has them in any case if not None there.
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

    @property
    def columns(self) -> tuple[ReportColumn, ...]:
        """The columns, in order."""
        return self.rows.columns
