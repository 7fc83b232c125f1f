"""Invented books of any size: contract-valid dumps for benchmarks and tests, the same for one seed.

Organisations sell tickets to their events in several zones and currencies; buyers pay late,
return, exchange and dispute; devices scan offline and upload twice. The books are reconciled: each
transaction balances, and each order's movements equal its charges on every report day.

What belongs here: inventing rows, one order at a time and never all in memory. What does not:
loading them (`reporting_pipeline.sources.dump`).
"""

from reporting_pipeline.samples.generator.generation import generate_dump
from reporting_pipeline.samples.generator.plan import Plan

__all__ = ["Plan", "generate_dump"]
