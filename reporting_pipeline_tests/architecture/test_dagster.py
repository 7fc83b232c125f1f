"""Private modules of Dagster are imported in one place, each for a known reason."""

import ast
from collections.abc import Iterator

from reporting_pipeline_tests.architecture.repository import modules, name_of

PACKAGE = "reporting_pipeline/"
PLUMBING = "reporting_pipeline/orchestration/instance/"

# Private name -> why there is no public one. Check each when Dagster is upgraded.
REASONS = {
    "dagster._core.definitions.asset_checks.asset_check_evaluation."
    "AssetCheckEvaluationTargetMaterializationData": (
        "ties a check result to the materialisation that it looked at, so that the UI shows it"
    ),
    "dagster._core.definitions.dependency.DynamicCollectDependencyDefinition": (
        "a graph whose inputs depend on the assets that it is made of, and that has dynamic steps"
    ),
    "dagster._core.definitions.dependency.IDependencyDefinition": "the type of both kinds",
    "dagster._core.errors.DagsterUserCodeUnreachableError": "a code server that does not answer",
    "dagster._core.events.JobFailureData": "why a run failed",
    "dagster._core.events.StepMaterializationData": (
        "a materialisation of a command, as the event log keeps it"
    ),
    "dagster._core.execution.plan.objects.StepFailureData": "why a step failed",
    "dagster._core.remote_origin.RegisteredCodeLocationOrigin": (
        "the code location of a run that a process executes by itself"
    ),
    "dagster._core.remote_origin.RemoteJobOrigin": "the same",
    "dagster._core.remote_origin.RemoteRepositoryOrigin": "the same",
    "dagster._core.storage.asset_check_execution_record.AssetCheckExecutionRecordStatus": (
        "the words of a check's status in the event log"
    ),
    "dagster._core.storage.event_log.schema.AssetCheckExecutionsTable": (
        "results of checks are written in groups"
    ),
    "dagster._core.storage.event_log.schema.SqlEventLogStorageTable": "the same",
    "dagster._core.storage.compute_log_manager.ComputeLogManager": "the type of compute logs",
    "dagster._core.storage.local_compute_log_manager.LocalComputeLogManager": (
        "the local compute logs, which no bucket setting replaces"
    ),
    "dagster._core.storage.tags.GRPC_INFO_TAG": "the code server that started a run",
    "dagster._core.storage.tags.PARTITION_NAME_TAG": "the partition of a run",
    "dagster._core.storage.tags.WILL_RETRY_TAG": "whether Dagster repeats a failed run",
    "dagster._grpc.client.DagsterGrpcClient": "asks a code server whether it has a run",
    "dagster._grpc.types.CanCancelExecutionRequest": "the question to the code server",
    "dagster._grpc.types.CanCancelExecutionResult": "its answer",
    "dagster._serdes.ConfigurableClassData": "the type of what dagster.yaml says of a class",
    "dagster._serdes.deserialize_value": "reads the code server's answer",
    "dagster._serdes.serialize_value": "an event as the event log keeps it",
}


def _private_imports() -> Iterator[tuple[str, str]]:
    """Module and imported name of every import of a private module of Dagster's packages."""
    for path in modules():
        name = name_of(path)
        if name.startswith(PACKAGE):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                yield from ((name, each) for each in _names(node) if _is_private(each))


def _names(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [each.name for each in node.names]
    if isinstance(node, ast.ImportFrom):
        return [f"{node.module}.{each.name}" for each in node.names]
    return []


def _is_private(name: str) -> bool:
    package, *parts = name.split(".")
    return package.startswith("dagster") and any(part.startswith("_") for part in parts)


def test_private_modules_of_dagster_are_imported_by_the_plumbing_only() -> None:
    elsewhere = [found for found in _private_imports() if not found[0].startswith(PLUMBING)]

    assert elsewhere == []


def test_each_private_import_has_a_reason() -> None:
    assert {name for _, name in _private_imports()} == set(REASONS)
