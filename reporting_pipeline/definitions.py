"""The code location that Dagster loads: `dagster dev`, `dagster definitions validate` and the rest.

An entry point: it reads the settings. Everything else is `orchestration.build`'s.
"""

from reporting_pipeline.orchestration.build import build_definitions
from reporting_pipeline.settings import Settings

defs = build_definitions(Settings.from_environment())
