"""A code location with requests only; its sensor evaluates every second."""

import dagster as dg

from reporting_pipeline.orchestration.assets.requests import requested_reports
from reporting_pipeline.orchestration.jobs import SERVE_REQUESTS
from reporting_pipeline.orchestration.resources import Reports
from reporting_pipeline.orchestration.sensors import requests_sensor
from reporting_pipeline.settings import Settings

defs = dg.Definitions(
    assets=[requested_reports],
    jobs=[SERVE_REQUESTS],
    sensors=[requests_sensor(interval_seconds=1)],
    executor=dg.in_process_executor,
    resources={"reports": Reports.of(Settings.from_environment())},
)
