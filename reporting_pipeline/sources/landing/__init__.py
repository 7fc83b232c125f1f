"""Landing: what is new in the four sources comes into the warehouse, once, and is kept.

What belongs here: reading what is new in one snapshot per source database, giving each row its
report day, and writing down which report days it touches. What does not: what a report counts
(`dbt_project/`), or whether the books are right (`reporting_pipeline.checks`).
"""

from reporting_pipeline.sources.landing.land import LandingResult, TableLanding, land

__all__ = ["LandingResult", "TableLanding", "land"]
