"""The bundled season: a contract dump, and in `expected/` the report tables that it must give.

Three events in three zones and currencies (EUR Berlin, USD New York, JPY Tokyo), 342 orders, run
through a real ticketing system. Our own data, free to ship. What belongs here: the files and where
they stand. What does not: loading them (`reporting_pipeline.sources.dump`).
"""

from importlib.resources import files
from pathlib import Path

# The package is installed as plain files, never zipped: PostgreSQL's COPY streams them from disk.
SEASON = Path(str(files(__name__)))
"""Folder of the dump: `<schema>.<table>.csv`, and `expected/<report table>.csv`."""
