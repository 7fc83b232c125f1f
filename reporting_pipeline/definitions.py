"""The code location that Dagster loads: `dagster dev`, `dagster definitions validate` and others.

An entry point: it reads the settings. `orchestration.code_location` assembles the definitions.
"""

from reporting_pipeline.orchestration.code_location import build_definitions
from reporting_pipeline.settings import (
    Settings,
    child_environment,
    set_environment,
    traces_exporter,
)
from reporting_pipeline.telemetry.json_log import log_as_json
from reporting_pipeline.telemetry.spans import export_spans

# By default Dagster stores each event on its own, and a run over a year has thousands.
_BATCH_SIZE = "DAGSTER_EVENT_BATCH_SIZE"
set_environment({_BATCH_SIZE: child_environment({}).get(_BATCH_SIZE, "500")})

_settings = Settings.from_environment()
if _settings.log_format == "json":
    log_as_json()
export_spans(traces_exporter(), service="reporting-dagster")

defs = build_definitions(_settings)
