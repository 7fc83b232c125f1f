"""Landing: copies new rows of the sources to the warehouse, once, and keeps them.

What belongs here: reading new rows in one snapshot per source database, giving each row its report
day, merging, and showing the change to a listener. What does not: what a report counts and which of
its days a row touches (`dbt_project/models/reports`, `reporting_pipeline.building.touched_days`),
and whether the books are right (`reporting_pipeline.checks`).
"""

from reporting_pipeline.sources.landing.land import (
    LandingResult,
    MergeListener,
    TableLanding,
    land,
)

__all__ = ["LandingResult", "MergeListener", "TableLanding", "land"]
