"""Names that people have given: shown beside their ids, and compared.

A name comes from the sources and may have any characters and any length.
"""

import unicodedata
from uuid import UUID

from reporting_pipeline.guards.shown_text import JOINERS, on_one_line


def name_or_id(name: str | None, row_id: object) -> str:
    """A name as it is shown, in the cell of a list; the id if there is no name."""
    return on_one_line(name or "") or str(row_id)


def beside_id(name: str | None, row_id: UUID) -> str:
    """A name with its id, as in messages: `Winter Gala (5f0c...)`; without a name, the id."""
    shown = on_one_line(name or "")
    return f"{shown} ({row_id})" if shown else str(row_id)


def comparable(name: str) -> str:
    """The form in which two names are equal if a reader cannot tell them apart but by case."""
    seen = "".join(each for each in on_one_line(name, len(name) + 1) if each not in JOINERS)
    return unicodedata.normalize("NFKC", seen.casefold()).casefold()
