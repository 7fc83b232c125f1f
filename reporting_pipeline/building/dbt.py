"""Runs dbt in this process.

dbt is imported and its project parsed once per process; then an invocation takes a fraction of a
second.
"""

import functools
import hashlib
import json
import os
import sys
import tempfile
import threading
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from importlib.metadata import distributions
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL

from reporting_pipeline import project_file
from reporting_pipeline.addresses import connection_parameters, database_name
from reporting_pipeline.building.dbt_shortcuts import ProjectCopies, shortcuts
from reporting_pipeline.errors import BuildFailed, WarehouseUnavailable
from reporting_pipeline.registry.dbt_models import is_model_file
from reporting_pipeline.settings import set_environment

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest

PROJECT = project_file("dbt_project")
_QUIET = (
    *("--quiet", "--no-version-check", "--no-write-json"),
    *("--log-level", "none", "--log-level-file", "none"),
)
# The packages that decide how the project is parsed.
_DBT = ("dbt-core", "dbt-adapters", "dbt-common", "dbt-postgres", "dbt-duckdb", "dbt-spark")
_WAREHOUSE = "warehouse"  # the target that is PostgreSQL
_CACHED_PROJECTS = 10
# Further parameters of libpq that a profile can have.
_IN_PROFILE = ("sslmode", "sslcert", "sslkey", "sslrootcert", "application_name")
# dbt keeps its flags, adapters and events in module globals: one invocation at a time.
_ONE_AT_A_TIME = threading.RLock()


def run_models(
    models: Iterable[str], variables: Mapping[str, object], *, warehouse: URL
) -> dict[str, float]:
    """Run models of the dbt project in this process.

    Args:
        models: dbt selectors, such as `report_sales_daily` or `staging`.
        variables: What `var()` gives in the models.
        warehouse: The address of the warehouse.

    Returns:
        Seconds that each model took, by its name.

    Raises:
        BuildFailed: A model failed; the message names each and the database's reason.
        WarehouseUnavailable: The warehouse cannot be reached, or failed meanwhile.
    """
    in_pipeline = {**variables, "in_pipeline": True}
    arguments = ["run", "--select", *models, "--vars", json.dumps(in_pipeline)]
    if variables.get("days"):
        # Listing all relations first, with their dependencies, took a quarter of the CPU time of a
        # small build. The macro `list_report_tables` lists those that this run needs. Models that
        # are replaced need the whole list.
        arguments.append("--no-populate-cache")
    result = _invoke_at(warehouse, arguments, kept="the former rows are kept")
    return _seconds_of(result, models)


def compute_models(
    models: Iterable[str],
    variables: Mapping[str, object],
    *,
    target: str,
    schema_prefix: str,
    scratch: Path,
) -> dict[str, float]:
    """Run report models and all models that they read on another engine, in this process.

    Args:
        models: The names of report models.
        variables: What `var()` gives in the models.
        target: The engine's target in `profiles.yml`.
        schema_prefix: What the names of all schemas begin with.
        scratch: A folder for what the engine writes meanwhile.

    Returns:
        Seconds that each model took, by its name.

    Raises:
        BuildFailed: A model failed; the message names each and the engine's reason.
    """
    in_pipeline = json.dumps({**variables, "in_pipeline": True})
    with_parents = [f"+{model}" for model in models]
    arguments = ["run", "--target", target, "--vars", in_pipeline, "--no-populate-cache"]
    with _ONE_AT_A_TIME:
        manifest = _copies(target).copy()
        for node in [*manifest.nodes.values(), *manifest.sources.values()]:
            node.schema = f"{schema_prefix}{node.schema}"
        set_environment({"REPORTING_DBT_SCRATCH": scratch.as_posix()})
        result = _invoke([*arguments, "--select", *with_parents], manifest)
    return _seconds_of(result, models)


def _seconds_of(result: Any, models: Iterable[str]) -> dict[str, float]:
    """Seconds by model of an invocation that succeeded."""
    if result.exception is not None:
        message = f"dbt could not run {' '.join(models)}: {result.exception}"
        raise BuildFailed(message) from result.exception
    failed = [each for each in result.result.results if each.status not in {"success", "skipped"}]
    if failed:
        reasons = "; ".join(f"{each.node.name}: {_one_line(each.message)}" for each in failed)
        message = f"not built, the former rows are kept: {reasons}"
        raise BuildFailed(message)
    return {
        each.node.name: each.execution_time
        for each in result.result.results
        if each.node.resource_type == "model"  # and not a hook of the whole run
    }


def compiled_model(model: str, variables: Mapping[str, object], *, warehouse: URL) -> str:
    """The query that gives a model its rows, as it would be run.

    Args:
        model: The name of one model.
        variables: What `var()` gives in the model.
        warehouse: The address of the warehouse.

    Raises:
        BuildFailed: The model does not compile, or there is none.
        WarehouseUnavailable: The warehouse cannot be reached.
    """
    alone = ["--select", model, "--indirect-selection", "empty"]  # without the tests on it
    arguments = ["compile", *alone, "--vars", json.dumps(variables)]
    result = _invoke_at(warehouse, arguments)
    if not result.success:
        message = f"dbt could not compile {model}: {result.exception}"
        raise BuildFailed(message)
    if not result.result.results:
        message = f"the dbt project has no model {model}"
        raise BuildFailed(message)
    [compiled] = result.result.results
    return str(compiled.node.compiled_code)


def compiled_statement(jinja: str, variables: Mapping[str, object], *, warehouse: URL) -> str:
    """The SQL that macros of the project give for the warehouse.

    Args:
        jinja: The calls of macros, such as `{{ claim_days('report_sales_daily') }}`.
        variables: What `var()` gives in the macros.
        warehouse: The address of the warehouse.

    Raises:
        BuildFailed: The macros do not compile.
        WarehouseUnavailable: The warehouse cannot be reached.
    """
    arguments = ["compile", "--no-populate-cache", "--vars", json.dumps(variables)]
    result = _invoke_at(warehouse, [*arguments, "--inline", jinja])
    if not result.success:
        message = f"dbt could not compile {jinja}: {result.exception}"
        raise BuildFailed(message)
    [compiled] = result.result.results
    return str(compiled.node.compiled_code)


def dbt_environment(warehouse: URL, state: Path) -> dict[str, str]:
    """The variables that the `dbt` program needs: its project, the warehouse, folders to write to.

    Args:
        warehouse: The address of the warehouse.
        state: The folder for what dbt writes. The project itself may be installed read-only.
    """
    return {
        "DBT_PROJECT_DIR": str(PROJECT),
        "DBT_PROFILES_DIR": str(PROJECT),
        "DBT_TARGET_PATH": str(state / "target"),
        "DBT_LOG_PATH": str(state / "logs"),
        **_connection(warehouse),
    }


@functools.cache
def parsed_project(target: str = _WAREHOUSE) -> "Manifest":
    """The parsed dbt project; once per process.

    Parsing takes 7 s of CPU time and reading its result 0.3 s. So the result stays in the user's
    cache folder, for the processes that follow: a Dagster run is a process.

    Args:
        target: The target in `profiles.yml`; a configuration can depend on it.

    Raises:
        BuildFailed: The project does not parse.
    """
    # dbt's own format and conversions, those of partial_parse.msgpack.
    from dbt.contracts.graph.manifest import Manifest
    from dbt.parser.manifest import extended_mashumaro_encoder, extended_mashumuro_decoder

    file = _cache_folder() / f"{_parse_digest(target)}.msgpack"
    content = _read_cached(file)
    if content is not None:
        return Manifest.from_msgpack(content, decoder=extended_mashumuro_decoder)
    with _ONE_AT_A_TIME:
        set_environment(_UNCONNECTED)
        result = _invoke(["parse", "--target", target], None)
    if not result.success:
        message = f"the dbt project does not parse: {result.exception}"
        raise BuildFailed(message)
    manifest: Manifest = result.result
    with suppress(OSError):  # no home, or one that is read-only: the next process parses again
        _write_cached(file, manifest.to_msgpack(extended_mashumaro_encoder))
    return manifest


@functools.cache
def _copies(target: str) -> ProjectCopies:
    return ProjectCopies(parsed_project(target))


@functools.cache
def project_digest() -> str:
    """A digest of the files that define the project's tables and views."""
    digest = hashlib.sha256()
    files = ("dbt_project.yml", "models/**/*.sql", "models/**/*.yml", "macros/**/*.sql")
    for path in sorted(path for each in files for path in PROJECT.glob(each)):
        if not is_model_file(path):
            continue
        digest.update(path.relative_to(PROJECT).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _cache_folder() -> Path:
    """The user's own folder; below the null device, which keeps nothing, if the user has none."""
    try:
        home = Path.home()
    except RuntimeError:
        home = Path(os.devnull)
    return home / ".cache" / "reporting_pipeline" / "dbt"


def _parse_digest(target: str) -> str:
    """A digest of everything that the parsed project depends on."""
    versions = [each.version for name in _DBT for each in distributions(name=name)]
    digest = hashlib.sha256(f"{PROJECT} {target} {sys.version} {versions}".encode())
    for path in sorted(each for each in PROJECT.rglob("*") if each.is_file()):
        digest.update(f"\n{path.relative_to(PROJECT)} {path.stat().st_size} ".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _read_cached(file: Path) -> bytes | None:
    """The content of a file in the cache; None if it is missing or damaged."""
    try:
        stored = file.read_bytes()
    except OSError:
        return None
    size = hashlib.sha256().digest_size
    content = stored[size:]
    return content if hashlib.sha256(content).digest() == stored[:size] else None


def _write_cached(file: Path, content: bytes) -> None:
    """Write a file, with its digest before its content, and delete the oldest ones."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=file.parent, delete=False) as draft:
        draft.write(hashlib.sha256(content).digest() + content)
    Path(draft.name).replace(file)
    newest_first = sorted(file.parent.iterdir(), key=lambda each: -each.stat().st_mtime)
    for old in newest_first[_CACHED_PROJECTS:]:
        old.unlink(missing_ok=True)


# The profile, whose values only a `dbt` needs that others start: `dbt_connections` has the address.
_UNCONNECTED = {
    "REPORTING_DBT_HOST": "127.0.0.1",
    "REPORTING_DBT_PORT": "5432",
    "REPORTING_DBT_USER": "",
    "REPORTING_DBT_PASSWORD": "",
    "REPORTING_DBT_DATABASE": "",
}


def _connection(warehouse: URL) -> dict[str, str]:
    """The values of the profile; of several ports it can have one."""
    found = connection_parameters(warehouse)
    further = {
        f"REPORTING_DBT_{name.upper()}": found[name] for name in _IN_PROFILE if name in found
    }
    return {
        "REPORTING_DBT_HOST": found.get("host", "127.0.0.1"),
        "REPORTING_DBT_PORT": found.get("port", "").partition(",")[0] or "5432",
        "REPORTING_DBT_USER": found.get("user", ""),
        "REPORTING_DBT_PASSWORD": found.get("password", ""),
        "REPORTING_DBT_DATABASE": database_name(warehouse),
        **further,
    }


def _invoke_at(warehouse: URL, arguments: Sequence[str], kept: str = "nothing changed") -> Any:
    """Run dbt; a failure of the warehouse itself is raised, any other one is in the result."""
    with _ONE_AT_A_TIME:
        manifest = _copies(_WAREHOUSE).copy()
        # Parsing writes the profile's database into every node.
        for node in [*manifest.nodes.values(), *manifest.sources.values()]:
            node.database = database_name(warehouse)
        set_environment({**_UNCONNECTED, "REPORTING_DBT_DATABASE": database_name(warehouse)})
        from reporting_pipeline.building.dbt_connections import connections_to

        with connections_to(warehouse) as failures:
            result = _invoke(arguments, manifest)
    if failures and not result.success:
        message = f"dbt did not finish, {kept}: {failures[0].message}"
        raise WarehouseUnavailable(message) from failures[0]
    return result


def _invoke(arguments: Sequence[str], manifest: "Manifest | None") -> Any:
    from dbt.adapters.base.impl import DEFAULT_BASE_BEHAVIOR_FLAGS
    from dbt.adapters.factory import reset_adapters
    from dbt.cli.main import dbtRunner

    reset_adapters()  # type: ignore[no-untyped-call]  # an adapter keeps the address it was made with
    flags = list(DEFAULT_BASE_BEHAVIOR_FLAGS)
    with tempfile.TemporaryDirectory(prefix="reporting-dbt-") as scratch, shortcuts():
        places = ["--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)]
        outputs = ["--target-path", scratch, "--log-path", scratch]
        try:
            return dbtRunner(manifest=manifest).invoke([*arguments, *places, *outputs, *_QUIET])
        finally:
            # Each new adapter appends its flags to this list, so it would grow with each build.
            DEFAULT_BASE_BEHAVIOR_FLAGS[:] = flags


def _one_line(message: str | None) -> str:
    # The compiled code that dbt points to is gone with the scratch folder.
    reason, _, _ = (message or "no reason given").partition("compiled code at")
    return " ".join(reason.split())
