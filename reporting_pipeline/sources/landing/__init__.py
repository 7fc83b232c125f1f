"""Landing: copies new rows of the sources to the warehouse, once, and keeps them.

What belongs here: reading new rows in one snapshot per source database, giving each row its report
day, and queueing the report days that it touches. What does not: what a report counts
(`dbt_project/`), and whether the books are right (`reporting_pipeline.checks`).
"""

from reporting_pipeline.sources.landing.land import LandingResult, TableLanding, land

__all__ = ["LandingResult", "TableLanding", "land"]
