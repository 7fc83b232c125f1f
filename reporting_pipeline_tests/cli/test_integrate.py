"""The page `docs/how-to/integrate.md` works as it is written, part by part; so does the client's.

The client's part is in `docs/api.md`.
"""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path

import pytest

from reporting_pipeline.publishing.generate import Outcome
from reporting_pipeline.report_definitions.definition import ReportFormat
from reporting_pipeline.settings import child_environment
from reporting_pipeline.store import open_store
from reporting_pipeline_tests.acceptance.pipelines import Pipeline
from reporting_pipeline_tests.architecture.repository import DOCS
from reporting_pipeline_tests.cli.conftest import program
from reporting_pipeline_tests.cli.test_serve import served
from reporting_pipeline_tests.sample_reports import (
    ATTENDANCE,
    BERLIN,
    NOW,
    ReportGenerator,
    define,
    one_day,
)

DAY = date(2025, 10, 25)
_needs_curl = pytest.mark.skipif(
    shutil.which("curl") is None,
    reason="no package of PyPI has curl: install Debian's package `curl`; the part in Python makes "
    "the same calls",
)
PARTS = re.findall(
    r"^```(?P<language>\w+)\n(?P<code>.*?)^```$",
    (DOCS / "how-to" / "integrate.md").read_text(encoding="utf-8"),
    re.DOTALL | re.MULTILINE,
)


def code_of(language: str, word: str) -> str:
    """The part in this language with this word."""
    [found] = [code for each, code in PARTS if each == language and word in code]
    return str(found)


@pytest.fixture(scope="module")
def environment(
    shared_season_pipeline: Pipeline, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Mapping[str, str]]:
    """The variables of a reader of the page, beside a running API with a current report."""
    folder = tmp_path_factory.mktemp("integrate")
    warehouse = shared_season_pipeline.warehouse
    variables = {
        "REPORTING_DATABASE_URL": warehouse.render_as_string(hide_password=False),
        "REPORTING_STORE_URL": str(folder / "store"),
        "REPORTING_HOME": str(folder),
        "PATH": f"{Path(program()).parent}:{Path(sys.executable).parent}:/usr/bin:/bin",
    }
    definition = define(
        warehouse, {**ATTENDANCE, "slug": "daily-sales", "formats": ["csv", "xlsx"]}
    )
    generator = ReportGenerator(warehouse, open_store(str(folder / "store")), NOW)
    done = generator.generate(definition, one_day(DAY), ReportFormat.CSV, ReportFormat.XLSX)
    assert all(map(_is_published, done))
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        with served() as (_, port):
            yield {**variables, "API": f"http://127.0.0.1:{port}", "DAY": str(DAY)}


def _is_published(outcome: Outcome) -> bool:
    return outcome.report.edition == 1


def run(argv: list[str], environment: Mapping[str, str], folder: Path) -> str:
    done = subprocess.run(  # noqa: S603 - a page of ours
        argv,
        env=child_environment(environment),
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def known(
    environment: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, str]:
    """The variables that the first part of the page sets, for one organisation of several."""
    first = "\n".join(
        line
        for line in code_of("sh", "export TOKEN").splitlines()
        if "export API" not in line and "export DAY" not in line
    )
    shown = run(
        ["bash", "-euo", "pipefail", "-c", f"{first}\necho $ORGANIZATION $TOKEN"],
        environment,
        tmp_path_factory.mktemp("first"),
    )
    _, token = shown.split()
    other = ["reporting", "token", "--organization", str(BERLIN), "--role", "operator"]
    own = run(other, environment, tmp_path_factory.mktemp("own")).strip()
    assert token.count(".") == own.count(".") == 2
    return {**environment, "ORGANIZATION": str(BERLIN), "TOKEN": own}


@_needs_curl
def test_a_report_is_downloaded_by_curl(known: Mapping[str, str], tmp_path: Path) -> None:
    run(["bash", "-euo", "pipefail", "-c", code_of("sh", "Prefer: wait=30")], known, tmp_path)

    assert (tmp_path / "report.csv").read_text().startswith("date,")


@_needs_curl
def test_a_webhook_is_added_by_curl(known: Mapping[str, str], tmp_path: Path) -> None:
    run(["bash", "-euo", "pipefail", "-c", code_of("sh", "webhook.json")], known, tmp_path)

    assert "whsec_" in (tmp_path / "webhook.json").read_text()


def test_a_report_is_downloaded_by_python(known: Mapping[str, str], tmp_path: Path) -> None:
    run([sys.executable, "-c", code_of("python", "ReportingClient")], known, tmp_path)

    [file] = tmp_path.iterdir()
    assert file.suffix == ".xlsx"
    assert run(["reporting", "verify", file.name], known, tmp_path)


def test_the_client_downloads_as_the_page_of_the_api_says(
    known: Mapping[str, str], tmp_path: Path
) -> None:
    page = (DOCS / "api.md").read_text(encoding="utf-8")
    [part] = re.findall(r"^```python\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    code = part.replace("https://reports.example.org", known["API"]).replace(
        "2026-02-28", known["DAY"]
    )
    variables = f"organization_id, token = {known['ORGANIZATION']!r}, {known['TOKEN']!r}\n"

    run([sys.executable, "-c", variables + code], known, tmp_path)

    assert [each.name for each in tmp_path.iterdir()] == ["daily-sales.xlsx"]
