"""The results of a verification: differences, and proofs where there are none."""

from dataclasses import dataclass
from enum import StrEnum

from reporting_pipeline.exports.manifest import Manifest
from reporting_pipeline.exports.verify.unproven import UNPROVEN
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
        SIGNATURE: The signature is missing, not valid, or of a key that was not given.
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
    SIGNATURE = "signature"
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


class Word(StrEnum):
    """The result of a verification in one word.

    Attributes:
        CONSISTENT: The file agrees with its manifest; nobody vouches for the manifest.
        AS_PUBLISHED: The catalogue has this manifest, and the bytes of the file.
        AUTHENTIC: The manifest is signed with a key that the reader trusts.
        RESTATED: It is as published, and the warehouse has other figures now.
        NOT_AUTHENTIC: The file agrees, and a signature of the given keys is missing or not valid.
        DIFFERENT: Something differs.
    """

    CONSISTENT = "consistent"
    AS_PUBLISHED = "as published"
    AUTHENTIC = "authentic"
    RESTATED = "restated"
    NOT_AUTHENTIC = "not authentic"
    DIFFERENT = "different"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """The result of verifying one file.

    Attributes:
        manifest: The manifest that the file was compared with.
        sha256: The digest of the file's bytes.
        differences: In the order in which they were found; empty if the file agrees.
        proofs: The values that agree.
        is_in_catalogue: Whether the catalogue has this manifest and these bytes.
        signed_by: The id of the given key that has signed the manifest; None if none was given, or
            none has.
        is_signed_whole: Whether the signature covers each byte of the file, not only the manifest
            inside it and with that the rows.
    """

    format: ReportFormat
    manifest: Manifest
    sha256: str
    differences: tuple[Difference, ...]
    proofs: tuple[Proof, ...]
    is_in_catalogue: bool = False
    signed_by: str | None = None
    is_signed_whole: bool = False

    @property
    def agrees(self) -> bool:
        """True if the file agrees with its manifest, and with everything that was asked for."""
        return not self.differences

    @property
    def word(self) -> Word:
        """The result in one word."""
        if self.differences and all(
            each.kind is DifferenceKind.SIGNATURE for each in self.differences
        ):
            return Word.NOT_AUTHENTIC
        if self.differences:
            return Word.RESTATED if self.is_in_catalogue else Word.DIFFERENT
        if self.signed_by is not None:
            return Word.AUTHENTIC
        return Word.AS_PUBLISHED if self.is_in_catalogue else Word.CONSISTENT

    @property
    def unproven(self) -> tuple[str, ...]:
        """The fields of the manifest that nothing proves, by their names."""
        if self.word is Word.CONSISTENT:
            return UNPROVEN
        is_whole = self.is_signed_whole or self.is_in_catalogue
        return ("file",) if self.word is Word.AUTHENTIC and not is_whole else ()
