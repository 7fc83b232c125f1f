"""The app of a worker that runs steps of Dagster: REPORTING_EXECUTOR=celery.

    reporting exec -- celery --app reporting_pipeline.step_worker worker --concurrency 2

An entry point: it reads the settings. `orchestration.executors` assembles the app.
"""

from reporting_pipeline.orchestration.executors import worker_app
from reporting_pipeline.settings import Settings, traces_exporter
from reporting_pipeline.telemetry.spans import export_spans

_settings = Settings.from_environment()
export_spans(traces_exporter(), service="reporting-steps")

app = worker_app(_settings)
