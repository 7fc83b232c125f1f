"""Runs that a process executes by itself say which code location they belong to."""

import dagster as dg

from reporting_pipeline.orchestration.instance.timeline import show_in_timeline


def test_a_run_of_this_process_belongs_to_the_code_location() -> None:
    @dg.asset
    def stored() -> None: ...

    jobs = [dg.define_asset_job("job", dg.AssetSelection.all())]
    job = dg.Definitions(assets=[stored], jobs=jobs).resolve_job_def("job")
    with dg.DagsterInstance.ephemeral() as instance:
        show_in_timeline(instance, "job")

        done = job.execute_in_process(instance=instance)

        run = instance.get_run_by_id(done.run_id)
    assert run is not None
    assert run.remote_job_origin is not None
    assert run.remote_job_origin.location_name == "reporting_pipeline"
    assert run.remote_job_origin.repository_origin.repository_name == "__repository__"
    assert run.remote_job_origin.job_name == "job"
    assert run.tags["dagster/code_location"] == "reporting_pipeline"
