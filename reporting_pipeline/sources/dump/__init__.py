"""Loads dumps: folders of `<schema>.<table>.csv` or `.csv.gz` with rows of the source databases.

A dump is loaded completely or not at all, over all databases. A dump that breaks the contract is
refused with table, line and reason. Loading it again changes nothing.

What belongs here: reading, checking and writing dumps. What does not: promises of the ledger that
span rows (a transaction balances, for example). Such rows are loaded unchanged, because finding
them is the pipeline's work.
"""

from reporting_pipeline.sources.dump.load import LoadResult, load_dump
from reporting_pipeline.sources.dump.tables import TableLoad

__all__ = ["LoadResult", "TableLoad", "load_dump"]
