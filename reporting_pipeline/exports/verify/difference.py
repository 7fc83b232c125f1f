"""What verifying finds: differences as values, and what was proven where there are none.

What belongs here: the values and their words. What does not: finding any.
"""

from dataclasses import dataclass
from enum import StrEnum

from reporting_pipeline.exports.manifest import Manifest
from reporting_pipeline.report_definitions.definition import ReportFormat


class DifferenceKind(StrEnum):
    """What differs.

    Attributes:
        FILE: The bytes of the file are not those that were published.
        MANIFEST: The manifest inside the file is not the one beside it.
        CONTENT: Something stands in the file that the report does not say, or is missing in it.
        CELL: A cell does not hold what its column may, or what the warehouse says.
        ROW: A row stands there twice, or is missing.
        ROW_COUNT: There are more or fewer rows than the manifest says.
        TOTAL: The rows do not add up to a control total.
        ROWS_DIGEST: The rows are not those that the digest was made of.
        LEDGER: The figures do not agree with the ledger.
    """

    FILE = "file"
    MANIFEST = "manifest"
    CONTENT = "content"
    CELL = "cell"
    ROW = "row"
    ROW_COUNT = "row count"
    TOTAL = "total"
    ROWS_DIGEST = "rows digest"
    LEDGER = "ledger"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing that is not as it should be.

    Attributes:
        message: Where it is, what was expected and what was found.
    """

    kind: DifferenceKind
    message: str

    def __str__(self) -> str:
        """As a person reads it."""
        return f"{self.kind}: {self.message}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """One thing that was compared and agrees."""

    what: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What came of verifying one file.

    Attributes:
        manifest: What the file was compared with.
        differences: In the order in which they were met; none where all is well.
        proofs: What agrees.
    """

    format: ReportFormat
    manifest: Manifest
    differences: tuple[Difference, ...]
    proofs: tuple[Proof, ...]

    @property
    def is_proven(self) -> bool:
        """Whether the file is what its manifest says."""
        return not self.differences
