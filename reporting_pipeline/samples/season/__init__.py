"""The bundled season: a contract dump, and in `expected/` the report tables that it must give.

Three events in three zones and currencies (EUR Berlin, USD New York, JPY Tokyo) with 342 orders,
made by a real ticketing system. The data is the project's own and free to distribute.
"""

from importlib.resources import files
from pathlib import Path

# The package is installed as plain files, never zipped, because PostgreSQL's COPY streams them.
SEASON = Path(str(files(__name__)))
"""Folder of the dump: `<schema>.<table>.csv` and `expected/<report table>.csv`."""
