"""Cases of Dagster: one partition of the daily job, and the start of a process.

The yardstick of a partition is a job of one empty asset in the same instance; that of a start, the
import of Dagster alone.
"""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import dagster as dg

from reporting_pipeline.settings import set_environment
from reporting_pipeline_tests.bench.books import small_warehouse
from reporting_pipeline_tests.bench.case import Aim, Case, Measured, Size
from reporting_pipeline_tests.bench.measurement import turns

_ROUNDS = 5


def _partition(size: Size, folder: Path) -> Measured:
    del size  # what is measured does not depend on the rows
    with small_warehouse(folder) as (environment, day):
        set_environment(environment)
        from reporting_pipeline.definitions import defs

        job = defs.resolve_implicit_global_asset_job_def()
        tables = [
            key for key in defs.resolve_all_asset_keys() if key.path[-1].startswith("report_")
        ]
        with dg.DagsterInstance.ephemeral() as instance:

            def ours() -> None:
                done = job.execute_in_process(
                    instance=instance, partition_key=day, asset_selection=tables
                )
                assert done.success

            def theirs() -> None:
                assert dg.materialize([_empty], instance=instance).success

            ours()
            theirs()
            measured = turns(ours, theirs, rounds=_ROUNDS)
    return Measured(turns=measured, figures=[each.ours.cpu_seconds for each in measured])


@dg.asset
def _empty() -> None:
    """Does nothing."""


def _start(size: Size, folder: Path) -> Measured:
    del size
    with small_warehouse(folder) as (environment, _):
        everything = {**os.environ, **environment}  # noqa: TID251 - the environment of a child

        def ours() -> None:
            _python("import reporting_pipeline.definitions", everything)

        def theirs() -> None:
            _python("import dagster", everything)

        measured = turns(ours, theirs, rounds=_ROUNDS)
    return Measured(turns=measured)


def _python(code: str, environment: Mapping[str, str]) -> None:
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)  # noqa: S603


CASES = (
    Case(
        name="Dagster: nine tables of one partition, warm process",
        yardstick="a job of one empty asset, in the same instance",
        sizes=dict.fromkeys(Size, "one small day"),
        aim=Aim(limit=1.0, unit="CPU-s"),
        run=_partition,
        bound=("nine models of dbt and the checks of the day, each with events of Dagster"),
    ),
    Case(
        name="start of a code server: import of the definitions",
        yardstick="`import dagster`",
        sizes=dict.fromkeys(Size, ""),
        aim=None,
        run=_start,
    ),
)
"""The cases of Dagster."""
