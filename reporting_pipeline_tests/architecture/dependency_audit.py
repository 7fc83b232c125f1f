"""Audits the locked packages for known vulnerabilities, and lists them: `make audit`.

The audit asks the advisories of PyPI, so it needs the network. Where they do not answer, nothing is
audited, and the output says so: an audit of nothing is no success. The list, `build/sbom.cdx.json`,
is a CycloneDX document of what production installs; it needs no network.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from packageurl import PackageURL
from pip_requirements_parser import (  # type: ignore[import-untyped]
    InstallRequirement,
    RequirementsFile,
)

from reporting_pipeline_tests.architecture.repository import ROOT

LOCKS = ("requirements.lock", "requirements-demo.lock", "requirements-dev.lock")
SBOM = ROOT / "build" / "sbom.cdx.json"
_PROGRAMS = Path(sys.executable).parent


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditResult:
    """The answer of the advisories about packages.

    Attributes:
        audited_count: Packages that the advisories know.
        unknown: Packages that they do not know, or all of them if they did not answer.
        vulnerable: A line for each package with known vulnerabilities: version, ids, fixes.
    """

    audited_count: int
    unknown: tuple[str, ...]
    vulnerable: tuple[str, ...]

    @classmethod
    def of(cls, report: dict[str, Any]) -> Self:
        """The result that a JSON report of pip-audit holds."""
        packages = report["dependencies"]
        known = [each for each in packages if "skip_reason" not in each]
        return cls(
            audited_count=len(known),
            unknown=tuple(each["name"] for each in packages if "skip_reason" in each),
            vulnerable=tuple(_vulnerable(each) for each in known if each["vulns"]),
        )

    @property
    def exit_code(self) -> int:
        """1 if a package is vulnerable; 0 also if nothing could be audited."""
        return 1 if self.vulnerable else 0

    def lines(self) -> list[str]:
        """The result for a person."""
        if not self.audited_count:
            return ["NOT AUDITED: the advisories of PyPI do not answer; run `make audit` elsewhere"]
        found = [f"vulnerable: {each}" for each in self.vulnerable]
        if self.unknown:
            found.append(f"not audited, since PyPI does not know them: {', '.join(self.unknown)}")
        return [*found, f"{self.audited_count} packages audited, {len(self.vulnerable)} vulnerable"]


def audit(locks: Sequence[Path]) -> AuditResult:
    """Ask the advisories about every package of these locks."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.json")
        options = ["--disable-pip", "--require-hashes", "--progress-spinner", "off"]
        for lock in locks:
            options += ["--requirement", str(lock)]
        ended = subprocess.run(  # noqa: S603 - our own arguments
            [str(_PROGRAMS / "pip-audit"), *options, "--format", "json", "--output", str(report)],
            capture_output=True,
            text=True,
            check=False,
        )
        if report.exists():
            return AuditResult.of(json.loads(report.read_text("utf-8")))
        if "ConnectionError" in ended.stderr or "ServiceError" in ended.stderr:
            return AuditResult(audited_count=0, unknown=(), vulnerable=())
        message = f"pip-audit ended with code {ended.returncode}:\n{ended.stderr[-2000:]}"
        raise RuntimeError(message)


def write_sbom(lock: Path, path: Path) -> None:
    """Write the CycloneDX list of the packages of a lock; the same lock gives the same bytes."""
    locked = RequirementsFile.from_file(str(lock)).requirements
    bom = Bom(components=[_component(each) for each in locked])
    listed = json.loads(
        make_outputter(bom, OutputFormat.JSON, SchemaVersion.V1_6).output_as_string()
    )
    # They differ each time.
    del listed["serialNumber"], listed["metadata"]
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(listed, indent=2, sort_keys=True) + "\n", "utf-8")


def _component(locked: InstallRequirement) -> Component:
    version = locked.get_pinned_version
    return Component(
        name=locked.name,
        version=version,
        type=ComponentType.LIBRARY,
        bom_ref=f"{locked.name}=={version}",
        purl=PackageURL("pypi", name=locked.name, version=version),
    )


def main() -> int:
    """Write the list, audit, and print the result; the exit code of the audit."""
    write_sbom(ROOT / LOCKS[0], SBOM)
    result = audit([ROOT / each for each in LOCKS])
    lines = [*result.lines(), f"packages of production: {SBOM.relative_to(ROOT)}"]
    sys.stdout.write("".join(f"{each}\n" for each in lines))
    return result.exit_code


def _vulnerable(package: dict[str, Any]) -> str:
    found = [
        f"{each['id']} (fixed in {', '.join(each['fix_versions']) or 'no version'})"
        for each in package["vulns"]
    ]
    return f"{package['name']} {package['version']}: {', '.join(found)}"


if __name__ == "__main__":
    sys.exit(main())
