"""The audit fails for a vulnerable package, and does not pass an audit of nothing as a success."""

import json
import re
from pathlib import Path
from typing import Any

from reporting_pipeline_tests.architecture.dependency_audit import (
    LOCKS,
    AuditResult,
    write_sbom,
)
from reporting_pipeline_tests.architecture.repository import ROOT

SAFE = {"name": "click", "version": "8.5.1", "vulns": []}
VULNERABLE = {
    "name": "jinja2",
    "version": "2.10",
    "vulns": [{"id": "PYSEC-2019-217", "fix_versions": ["2.10.1"], "aliases": []}],
}
UNKNOWN = {"name": "ours", "skip_reason": "Dependency not found on PyPI: ours (1.0)"}


def result(*packages: dict[str, Any]) -> AuditResult:
    return AuditResult.of({"dependencies": list(packages), "fixes": []})


def test_a_vulnerable_package_fails_and_is_named_with_its_fix() -> None:
    found = result(SAFE, VULNERABLE)
    assert found.exit_code == 1
    assert found.lines() == [
        "vulnerable: jinja2 2.10: PYSEC-2019-217 (fixed in 2.10.1)",
        "2 packages audited, 1 vulnerable",
    ]


def test_packages_without_known_vulnerabilities_pass() -> None:
    assert result(SAFE).exit_code == 0
    assert result(SAFE).lines() == ["1 packages audited, 0 vulnerable"]


def test_a_package_that_the_advisories_do_not_know_is_named() -> None:
    [unknown, counts] = result(SAFE, UNKNOWN).lines()
    assert unknown.endswith(": ours")
    assert counts == "1 packages audited, 0 vulnerable"


def test_an_audit_of_nothing_says_so() -> None:
    assert result(UNKNOWN).lines()[0].startswith("NOT AUDITED")


def test_the_list_has_every_package_of_production_and_the_same_bytes_again(tmp_path: Path) -> None:
    lock = ROOT / LOCKS[0]
    write_sbom(lock, tmp_path / "sbom.json")
    write_sbom(lock, tmp_path / "again.json")

    listed = json.loads((tmp_path / "sbom.json").read_text("utf-8"))
    locked = re.findall(r"^([a-z0-9][\w.-]*)==([^ ;]+)", lock.read_text("utf-8"), re.MULTILINE)
    assert sorted((each["name"], each["version"]) for each in listed["components"]) == sorted(
        locked
    )
    assert (tmp_path / "sbom.json").read_bytes() == (tmp_path / "again.json").read_bytes()
