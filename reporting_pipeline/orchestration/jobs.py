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

_DUE = {
    "weekly": "Generate the reports that are due after a week.",
    "monthly": "Generate the reports that are due after a month.",
    "event": "Generate the reports that are due after an event.",
}

JOBS = (
    DAILY_BUILD,
    *(
        dg.define_asset_job(
            f"deliver_{name}_reports",
            selection=dg.AssetSelection.assets(f"{name}_reports"),
            description=description,
        )
        for name, description in _DUE.items()
    ),
)
