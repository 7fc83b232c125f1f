"""Jobs: the assets that run together. Schedules and sensors start them, or a person in the UI."""

import dagster as dg

from reporting_pipeline.registry.report_tables import REPORT_TABLES

DAILY_BUILD = dg.define_asset_job(
    "daily_build",
    selection=dg.AssetSelection.groups("landing", "reports", "seals")
    | dg.AssetSelection.assets("daily_reports", "alerts"),
    description=(
        "Lands new rows, builds a report day, checks and seals it, generates the reports that are "
        "due the day after, and evaluates alerts. Reports of an organisation whose day is not "
        "sealed are held."
    ),
)

LAND = dg.define_asset_job(
    "land", selection=dg.AssetSelection.groups("landing"), description="Lands new rows."
)

REBUILD = dg.define_asset_job(
    "rebuild_days",
    selection=dg.AssetSelection.groups("reports", "seals"),
    description="Builds, checks and seals report days again for which late rows have landed.",
)

SEAL = dg.define_asset_job(
    "seal_days",
    selection=dg.AssetSelection.groups("seals")
    | dg.AssetSelection.checks_for_assets(*(dg.AssetKey(table.name) for table in REPORT_TABLES)),
    description="Checks and seals report days that were built and not sealed.",
)

RESTATE = dg.define_asset_job(
    "restate_reports",
    selection=dg.AssetSelection.assets("restated_reports"),
    description="Generates the reports again whose days were rebuilt or have become final.",
)

SERVE_REQUESTS = dg.define_asset_job(
    "serve_requests",
    selection=dg.AssetSelection.assets("requested_reports"),
    description="Generates the reports that were requested.",
)

AUDIT_STORE = dg.define_asset_job(
    "audit_store",
    selection=dg.AssetSelection.assets("store_audit"),
    description=(
        "Compares a part of the files in the store with the catalogue, and generates those again "
        "that are gone or altered."
    ),
)

WRITE_LAKE = dg.define_asset_job(
    "write_lake",
    selection=dg.AssetSelection.assets("lake"),
    description="Writes the days that were rebuilt to the lake, as Parquet.",
)
"""Only where the lake has an address."""

_DUE = {
    "daily": "Generates the reports that are due after a day.",
    "weekly": "Generates the reports that are due after a week.",
    "monthly": "Generates the reports that are due after a month.",
    "event": "Generates the reports that are due after an event.",
}

DELIVER = {
    f"{name}_reports": dg.define_asset_job(
        f"deliver_{name}_reports",
        selection=dg.AssetSelection.assets(f"{name}_reports"),
        description=description,
    )
    for name, description in _DUE.items()
}
"""Asset of report files -> the job that generates them alone."""

JOBS = (DAILY_BUILD, LAND, REBUILD, SEAL, RESTATE, SERVE_REQUESTS, AUDIT_STORE, *DELIVER.values())
