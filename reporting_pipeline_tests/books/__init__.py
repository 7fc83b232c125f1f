"""Books of version 1.1 of the contract, with the report tables and papers that follow from them."""

import csv
import gzip
from pathlib import Path

BOOKS = Path(__file__).parent
"""The folders `clean`, `faults` and `late`; the README describes them."""


def read_paper(name: str) -> list[dict[str, str]]:
    """The rows of a published paper of the clean books; an empty text is null."""
    path = BOOKS / "clean" / "papers" / f"{name}.csv.gz"
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
