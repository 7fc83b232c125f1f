"""The manifests for Kubernetes fit its schemas, and name programs and settings that exist.

There is no cluster here, so they are never run.
"""

import shlex
from collections.abc import Iterator, Mapping
from typing import Any

import kubernetes_validate
import pytest
import yaml

from reporting_pipeline.settings import Settings
from reporting_pipeline_tests.architecture.repository import DOCS, ROOT
from reporting_pipeline_tests.architecture.test_operations import (
    test_a_command_of_the_page_exists_with_its_options as check_command,
)

FOLDER = DOCS / "examples" / "kubernetes"
FILES = sorted(FOLDER.glob("*.yaml"))
MANIFESTS: dict[str, dict[str, Any]] = {
    f"{each['kind']} {each['metadata']['name']}": each
    for path in FILES
    for each in yaml.safe_load_all(path.read_text(encoding="utf-8"))
}
# The oldest one that still got corrections when the manifests were written, and the newest known.
VERSIONS = ("1.33", kubernetes_validate.latest_version())
_NAME = "app.kubernetes.io/name"


def _pods() -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each pod, with its labels, by the name of what makes it."""
    for name, each in MANIFESTS.items():
        spec = each["spec"].get("jobTemplate", each)["spec"]
        if "template" in spec:
            yield name, spec["template"]


PODS = dict(_pods())
CONTAINERS = {
    f"{name} {container['name']}": container
    for name, pod in PODS.items()
    for container in pod["spec"]["containers"]
}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", MANIFESTS)
def test_a_manifest_fits_the_schema_of_its_kind(name: str, version: str) -> None:
    kubernetes_validate.validate(MANIFESTS[name], version, strict=True)


def test_the_schemas_refuse_a_field_that_does_not_exist() -> None:
    wrong = yaml.safe_load(yaml.safe_dump(MANIFESTS["Deployment reporting-dagster"]))
    wrong["spec"]["template"]["spec"]["containers"][0]["enviromentFrom"] = []
    with pytest.raises(kubernetes_validate.ValidationError, match="enviromentFrom"):
        kubernetes_validate.validate(wrong, VERSIONS[0], strict=True)


def test_each_file_says_that_it_was_never_run() -> None:
    assert FILES
    for path in FILES:
        assert "ever run on a cluster" in path.read_text(encoding="utf-8"), path.name


@pytest.mark.parametrize("name", CONTAINERS)
def test_a_container_runs_a_command_that_exists_with_its_options(name: str) -> None:
    container = CONTAINERS[name]
    arguments = container["args"]
    assert arguments[0] == "reporting"
    inner = arguments[3:] if arguments[1:3] == ["exec", "--"] else arguments
    check_command(shlex.join(inner))
    probe = container.get("readinessProbe", {}).get("exec")
    if probe is not None:
        check_command(shlex.join(probe["command"]))


@pytest.mark.parametrize("name", CONTAINERS)
def test_a_container_has_the_settings_and_no_rights(name: str) -> None:
    container = CONTAINERS[name]
    variables = {each["name"]: each["value"] for each in container["env"]}
    known = {f"REPORTING_{field.upper()}" for field in Settings.model_fields}

    assert container["envFrom"] == [{"secretRef": {"name": "reporting-environment"}}]
    assert variables["REPORTING_EXECUTOR"] == "celery"
    assert {each for each in variables if each.startswith("REPORTING_")} <= known
    # Celery's messages name the folder of the instance, so it is the same for all.
    assert variables["DAGSTER_HOME"] == "/srv/reporting/dagster"
    security = container["securityContext"]
    assert (security["readOnlyRootFilesystem"], security["allowPrivilegeEscalation"]) == (
        True,
        False,
    )
    written = {each["mountPath"] for each in container["volumeMounts"]}
    assert written == {"/srv/reporting", "/tmp"}  # noqa: S108 - of the pod


def test_all_pods_have_one_image_and_run_as_nobody_in_particular() -> None:
    assert len({each["image"] for each in CONTAINERS.values()}) == 1
    for pod in PODS.values():
        assert pod["spec"]["securityContext"]["runAsNonRoot"] is True
        assert pod["spec"]["automountServiceAccountToken"] is False


def test_every_selector_names_pods_that_exist() -> None:
    of_pods = [pod["metadata"]["labels"] for pod in PODS.values()]
    for name, each in MANIFESTS.items():
        spec = each["spec"]
        selector = spec.get("podSelector", spec.get("selector"))
        if selector is not None:
            labels = selector.get("matchLabels", selector)
            assert any(labels.items() <= found.items() for found in of_pods), name


def test_the_code_server_is_reached_from_its_own_pod_only() -> None:
    """It has no login, and the daemon looks for its processes."""
    code = CONTAINERS["Deployment reporting-dagster code"]["args"]
    assert code[code.index("--host") + 1] == "127.0.0.1"
    deployment = MANIFESTS["Deployment reporting-dagster"]["spec"]
    assert (deployment["replicas"], deployment["strategy"]["type"]) == (1, "Recreate")
    assert deployment["template"]["spec"]["shareProcessNamespace"] is True
    workspace = yaml.safe_load((DOCS / "examples" / "workspace.yaml").read_text(encoding="utf-8"))
    assert workspace["load_from"][0]["grpc_server"]["port"] == int(code[code.index("--port") + 1])
    assert "/etc/reporting/workspace.yaml" in (ROOT / "Dockerfile").read_text(encoding="utf-8")


def test_workers_are_scaled_and_their_number_is_set_in_one_place() -> None:
    scaler = MANIFESTS["HorizontalPodAutoscaler reporting-steps"]["spec"]
    target = scaler["scaleTargetRef"]
    scaled = MANIFESTS[f"{target['kind']} {target['name']}"]["spec"]
    assert "replicas" not in scaled
    grace_seconds = scaled["template"]["spec"]["terminationGracePeriodSeconds"]
    step_seconds = int(Settings().redelivery_seconds / 4)
    assert (scaler["minReplicas"], grace_seconds >= step_seconds) == (2, True)
    assert scaled["template"]["metadata"]["labels"][_NAME] == target["name"]
