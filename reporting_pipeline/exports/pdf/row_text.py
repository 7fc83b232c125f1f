"""Canonical rows from the text that a spool holds, which travels in the PDF as an attachment.

A PDF has few rows; they are read at once, without Arrow.

What belongs here: text to rows. What does not: what the values mean.
"""

import re
from collections.abc import Iterator

from reporting_pipeline.errors import FileUnreadable
from reporting_pipeline.exports.canonical import CanonicalRow

_FIELD = re.compile(r'(?:"((?:[^"]|"")*)"|([^,"\n]*))(,|\n)')


def rows_of_text(text: str) -> Iterator[CanonicalRow]:
    """The rows of a spool's text; None for null, which an empty text in quotes is not.

    Raises:
        FileUnreadable: The text is not what PostgreSQL writes.
    """
    row: list[str | None] = []
    position = 0
    while position < len(text):
        match = _FIELD.match(text, position)
        if match is None:
            message = f"the rows end or are damaged at character {position}"
            raise FileUnreadable(message)
        quoted, plain, end = match.groups()
        row.append(quoted.replace('""', '"') if quoted is not None else plain or None)
        position = match.end()
        if end == "\n":
            yield tuple(row)
            row = []
    if row:
        message = "the last row has no end"
        raise FileUnreadable(message)
