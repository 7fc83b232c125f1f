"""Jobs: what is run together.

What belongs here: selections. What does not: when they run.
"""

import dagster as dg

DAILY_BUILD = dg.define_asset_job(
    "daily_build",
    selection=dg.AssetSelection.groups("landing", "reports", "seals")
    | dg.AssetSelection.assets("daily_reports", "alerts"),
    description=(
        "Land what is new, build a report day, check and seal it, and generate the reports that "
        "are due the day after; those of an organisation whose day is not sealed are held. What "
        "stands and should not is an alert."
    ),
)

LAND = dg.define_asset_job(
    "land", selection=dg.AssetSelection.groups("landing"), description="Land what is new."
)

REBUILD = dg.define_asset_job(
    "rebuild_days",
    selection=dg.AssetSelection.groups("reports", "seals"),
    description="Build, check and seal report days again, of which late rows have landed.",
)

RESTATE = dg.define_asset_job(
    "restate_reports",
    selection=dg.AssetSelection.assets("restated_reports"),
    description="Generate again the reports that rest on rebuilt days, and those that settled.",
)

_DUE = {
    "daily": "Generate the reports that are due after a day.",
    "weekly": "Generate the reports that are due after a week.",
    "monthly": "Generate the reports that are due after a month.",
    "event": "Generate the reports that are due after an event.",
}

DELIVER = {
    f"{name}_reports": dg.define_asset_job(
        f"deliver_{name}_reports",
        selection=dg.AssetSelection.assets(f"{name}_reports"),
        description=description,
    )
    for name, description in _DUE.items()
}
"""Asset of reports -> the job that generates them alone."""

JOBS = (DAILY_BUILD, LAND, REBUILD, RESTATE, *DELIVER.values())
