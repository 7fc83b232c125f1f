"""Contract dumps: folders of `<schema>.<table>.csv` or `.csv.gz`, for the source databases.

A dump is loaded all or nothing, over all databases, and refused with table, line and reason when it
breaks the contract. Loading it again changes nothing.

What belongs here: dumps. What does not: promises of the ledger that span rows (a transaction that
does not balance, say) load as they are, since finding them is the pipeline's work.
"""

from reporting_pipeline.sources.dump.load import LoadResult, load_dump
from reporting_pipeline.sources.dump.merge import TableLoad

__all__ = ["LoadResult", "TableLoad", "load_dump"]
