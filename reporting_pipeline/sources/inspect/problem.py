"""What may be wrong with a source, as a value.

What belongs here: its wording, and how the catalogue is asked. What does not: the questions.
"""

from dataclasses import dataclass

from sqlalchemy import Column, make_url

from reporting_pipeline.sources.contract import tables_of

_DIALECT = make_url("postgresql+psycopg://").get_dialect()()


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing in a source that is not as promised.

    Attributes:
        subject: `<schema>`, `<schema>.<table>` or `<schema>.<table>.<column>`.
        expected: What the contract promises.
        found: What the source has.
        is_warning: True where reading stays right, but slow or on trust.
    """

    subject: str
    expected: str
    found: str
    is_warning: bool = False

    def __str__(self) -> str:
        return f"{self.subject}: expected {self.expected}, found {self.found}"


def type_name(column: Column[object]) -> str:
    """A contract column's type as PostgreSQL's catalogue names it."""
    return column.type.compile(_DIALECT).lower().replace("char(", "character(")


def catalogue_names(domain: str) -> dict[str, object]:
    """Parameters of a question to the catalogue: `schema`, and its `tables`."""
    return {"schema": domain, "tables": [table.name for table in tables_of(domain)]}
