"""`reporting metrics` serves, and says where."""

import subprocess
import urllib.request

from sqlalchemy import URL

from reporting_pipeline.settings import child_environment
from reporting_pipeline_tests.cli.conftest import RunReporting, program


def _variables(url: URL) -> dict[str, str]:
    return {"REPORTING_DATABASE_URL": url.render_as_string(hide_password=False)}


def test_the_page_is_served_until_it_is_ended(warehouse_url: URL) -> None:
    with subprocess.Popen(  # noqa: S603 - our own program
        [program(), "metrics", "--port", "0"],
        stdout=subprocess.PIPE,
        text=True,
        env=child_environment({**_variables(warehouse_url), "PYTHONUNBUFFERED": "1"}),
    ) as server:
        assert server.stdout is not None
        address = server.stdout.readline().split()[3].rstrip(";")
        with urllib.request.urlopen(address) as answer:  # noqa: S310 - our own server
            text = answer.read().decode()
        server.terminate()
    assert address.startswith("http://127.0.0.1:")
    assert "reporting_up 1.0" in text


def test_the_page_is_written_once(warehouse_url: URL, reporting: RunReporting) -> None:
    done = reporting("metrics", "--once", **_variables(warehouse_url))
    assert done.returncode == 0, done.stderr
    assert "# TYPE reporting_source_lag_seconds gauge" in done.stdout
