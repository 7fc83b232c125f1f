"""The fields of a manifest that nothing in the file proves: only a signature or the catalogue does.

A field that is not named here is unproven, so a new one is too until somebody proves it.
"""

from types import MappingProxyType
from typing import Final

from reporting_pipeline.exports.manifest import Manifest

PROVEN_BY_ROWS: Final = frozenset(
    {"manifest_version", "columns", "row_count", "rows_sha256", "totals", "file"}
)
"""The fields that the rows, the headers and the bytes of a file contradict if they are changed."""

_WORDS: Final = MappingProxyType(
    {
        "organization": "organisation",
        "logic_version": "version of the report numbers",
        "csv_profile": "profile",
        "row_key": "key of a row",
        "watermarks": "sources",
        "is_provisional": "final or provisional",
        "signatures": "parties that sign",
        "digital_signature": "signature",
        "file": "the look of the file",
        "columns.header": "labels of columns",
        "columns.words": "words in place of values",
        "file.download_name": "the name for downloads",
        "blocks": "names and filters of blocks",
        "made_with": "versions of libraries",
    }
)


UNPROVEN: Final = (
    *(name for name in Manifest.model_fields if name not in PROVEN_BY_ROWS),
    "columns.header",
    "columns.words",
    "file.download_name",
)
"""The unproven fields, in the manifest's order; one that is empty is unproven too.

Files for programs do not show the labels of columns, nor words in place of values.
"""


def words(field: str) -> str:
    """A field in words for people."""
    return _WORDS.get(field, field.replace("_", " "))
