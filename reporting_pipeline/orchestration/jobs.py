"""Jobs: what is run together.

What belongs here: selections. What does not: when they run.
"""

import dagster as dg

# Landing, building, checking and exporting in one run: a blocking check only guards its own run.
DAILY_BUILD = dg.define_asset_job(
    "daily_build",
    selection=dg.AssetSelection.groups("landing", "reports", "exports"),
    description=(
        "Land what is new, build a report day, check it, and export its files if no check fails."
    ),
)
