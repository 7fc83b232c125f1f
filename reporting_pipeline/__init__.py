"""Reports that a finance team can trust, built from the domains of an event-ticketing platform.

Rows go one way: `sources` lands new rows from production, `building` builds the report tables by
day (the SQL is in `dbt_project/`), `checks` compares them with the ledger, `exports` writes files
and `publishing` records them. `orchestration` shows all of it to Dagster; `cli` does the same
without Dagster. `serving` answers over HTTP, and `client` asks: programs of integrators import it.
"""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

_PACKAGE = Path(__file__).parent


def read_report(
    source: str | Path, manifest: str | Path | None = None, *, block: str | None = None
) -> "pd.DataFrame":
    """Read a report file into a DataFrame: see `reporting_pipeline.notebooks.read_report`."""
    from reporting_pipeline import notebooks  # pandas costs seconds

    return notebooks.read_report(source, manifest, block=block)


def project_file(name: str) -> Path:
    """Return the path of a file or folder that the repository keeps at its top level.

    Args:
        name: The path in the repository: `dbt_project`, `dagster.yaml`, `workspace.yaml` or
            `docs/examples/...`.

    Returns:
        The path beside the package in a checkout, and inside the package when a wheel is installed
        (`setup.py` puts the files there).
    """
    shipped = _PACKAGE / "project_files"
    return (shipped if shipped.is_dir() else _PACKAGE.parent) / name
