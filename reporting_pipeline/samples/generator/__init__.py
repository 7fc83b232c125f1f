"""Generates books of any size for benchmarks and tests; the same seed gives the same dump.

Organisations sell tickets to their events in several zones and currencies; buyers pay late, return,
exchange and dispute; devices scan offline and upload twice. The books are reconciled: each
transaction balances, and each order's movements equal its charges on every report day.

What belongs here: generating rows, one order at a time and never all in memory. What does not:
loading them (`reporting_pipeline.sources.dump`).
"""

from reporting_pipeline.samples.generator.books import Plan
from reporting_pipeline.samples.generator.generate import generate_dump

__all__ = ["Plan", "generate_dump"]
