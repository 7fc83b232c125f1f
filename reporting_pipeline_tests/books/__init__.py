"""Books of version 1.1 of the contract, with the report tables and papers that follow from them."""

from pathlib import Path

BOOKS = Path(__file__).parent
"""The folders `clean`, `faults` and `late`; the README describes them."""
