"""What a dataset is: a relation that reports are made of, and what may be asked of its columns.

What belongs here: the shape of a description. What does not: the description of any one dataset,
which is a module of its own beside this one, and SQL, which lives in `dbt_project/`.
"""

from dataclasses import dataclass

from reporting_pipeline.errors import UnknownDataset
from reporting_pipeline.registry.columns import Column, ColumnKind

SCHEMA = "datasets"
"""The PostgreSQL schema of the views that dbt makes for datasets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """One relation that reports are made of, columns in the order in which a person reads them.

    Every dataset has the key column `organization_id`, which is never a matter of a definition: a
    report is of one organisation.

    Attributes:
        name: What definitions call it, `sales_daily`.
        title: What a person calls it.
        grain: What one row stands for.
        description: The source of its rows, and what a reader must know to use them.
        schema: The PostgreSQL schema of its relation.
        relation: The table or view that its rows are read from.
        day_column: The column of type date that a period selects by; None: the rows are of no day,
            a period does not narrow them.
        rests_on: The report tables whose days its rows rest on: where one of these is not
            reconciled or not built, neither is the dataset.
    """

    name: str
    title: str
    grain: str
    description: str
    schema: str
    relation: str
    columns: tuple[Column, ...]
    rests_on: tuple[str, ...]
    day_column: str | None = "date"

    @property
    def key(self) -> tuple[str, ...]:
        """The columns that identify a row; nulls count as equal."""
        return tuple(each.name for each in self.columns if each.kind is ColumnKind.KEY)

    def column(self, name: str) -> Column:
        """The column of that name.

        Raises:
            UnknownDataset: There is none; the message lists those that there are.
        """
        for each in self.columns:
            if each.name == name:
                return each
        known = ", ".join(each.name for each in self.columns)
        message = f"dataset {self.name} has no column {name!r}; it has {known}"
        raise UnknownDataset(message)
