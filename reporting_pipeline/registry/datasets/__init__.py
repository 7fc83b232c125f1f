"""The registry of datasets: everything that a report can be made of.

What belongs here: the list. What does not: SQL, and what a report asks of a dataset.
"""

from reporting_pipeline.errors import UnknownDataset
from reporting_pipeline.registry.datasets.bridge import BRIDGE
from reporting_pipeline.registry.datasets.dataset import SCHEMA, Dataset
from reporting_pipeline.registry.datasets.freshness import FRESHNESS
from reporting_pipeline.registry.datasets.ledger_entries import LEDGER_ENTRIES
from reporting_pipeline.registry.datasets.order_movements import ORDER_MOVEMENTS
from reporting_pipeline.registry.datasets.payable_statement import PAYABLE_STATEMENT
from reporting_pipeline.registry.datasets.report_tables import TABLE_DATASETS
from reporting_pipeline.registry.datasets.restatement_changes import RESTATEMENT_CHANGES
from reporting_pipeline.registry.datasets.scans import SCANS
from reporting_pipeline.registry.datasets.tickets import TICKETS

__all__ = ["DATASETS", "SCHEMA", "Dataset", "dataset"]

# The report tables, the rows that they are summed from, and what tells whether all of it holds.
DATASETS: tuple[Dataset, ...] = (
    *TABLE_DATASETS,
    ORDER_MOVEMENTS,
    LEDGER_ENTRIES,
    SCANS,
    TICKETS,
    BRIDGE,
    PAYABLE_STATEMENT,
    FRESHNESS,
    RESTATEMENT_CHANGES,
)


def dataset(name: str) -> Dataset:
    """The dataset of that name.

    Raises:
        UnknownDataset: There is none; the message lists those that there are.
    """
    for each in DATASETS:
        if each.name == name:
            return each
    known = ", ".join(each.name for each in DATASETS)
    message = f"no dataset is called {name!r}; there are {known}"
    raise UnknownDataset(message)
