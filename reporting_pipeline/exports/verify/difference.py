"""The results of a verification: differences, and proofs where there are none."""

from dataclasses import dataclass
from enum import StrEnum

from reporting_pipeline.exports.manifest import Manifest
from reporting_pipeline.report_definitions.definition import ReportFormat


class DifferenceKind(StrEnum):
    """The kinds of differences.

    Attributes:
        FILE: The bytes of the file are not the bytes that were published.
        MANIFEST: The manifest inside the file is not the manifest beside it.
        CONTENT: The file shows something that the report does not have, or lacks something.
        CELL: A cell holds no value of its column, or not the value in the warehouse.
        ROW: A row occurs twice, or is missing.
        ROW_COUNT: The number of rows is not the manifest's.
        TOTAL: The rows do not add up to a control total.
        ROWS_DIGEST: The digest of the rows is not the manifest's.
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
    """One difference between a file and its proof.

    Attributes:
        message: The place, the expected value and the value that was found.
    """

    kind: DifferenceKind
    message: str

    def __str__(self) -> str:
        """The kind and the message, for people."""
        return f"{self.kind}: {self.message}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """One value that was compared and agrees."""

    what: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """The result of verifying one file.

    Attributes:
        manifest: The manifest that the file was compared with.
        differences: In the order in which they were found; empty for a proven file.
        proofs: The values that agree.
    """

    format: ReportFormat
    manifest: Manifest
    differences: tuple[Difference, ...]
    proofs: tuple[Proof, ...]

    @property
    def is_proven(self) -> bool:
        """True if the file agrees with its manifest in everything."""
        return not self.differences
