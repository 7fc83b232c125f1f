"""Invalid definitions through `reporting definitions apply`.

A valid file is beside the invalid one: neither is written, and the message names the file and the
field. The parser's tests cover the whole grammar; these cases come from a list of bad inputs that
was written before the code.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import URL

from reporting_pipeline.cli import main
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline_tests.sample_reports import BERLIN, REVENUE, TOKYO

_GOOD: Mapping[str, Any] = {**REVENUE, "organization_id": str(BERLIN)}
_EQUALS = {"column": "currency", "operator": "=", "value": "EUR"}


def _columns(*names: str) -> dict[str, Any]:
    return {"columns": ["date", "event_id", "currency", *names]}


def _filter(**changed: object) -> dict[str, Any]:
    return {"filters": [{**_EQUALS, **changed}]}


def _nested_or(depth: int) -> dict[str, Any]:
    inner: Any = _EQUALS
    for _ in range(depth):
        inner = {"or": [inner]}
    return {"filters": [inner]}


_NAMES_AND_FILTERS: dict[str, tuple[dict[str, Any], str]] = {
    "statement": (_columns("id; drop table x"), "config.columns[3].name"),
    "quote": (_columns('amt"'), "config.columns[3].name"),
    "dotted": (_columns("a.b"), "config.columns[3].name"),
    "star": (_columns("*"), "config.columns[3].name"),
    "function": (_columns("pg_sleep(10)"), "config.columns[3].name"),
    "not of the dataset": (_columns("org_id"), "config.columns[3].name"),
    "secret": (_columns("password_hash"), "config.columns[3].name"),
    "capitals": (_columns("GROSS_MINOR"), "config.columns[3].name"),
    "cyrillic": (_columns("gr\u043ess_minor"), "config.columns[3].name"),
    "zero width": (_columns("gross\u200b_minor"), "config.columns[3].name"),
    "empty": (_columns(""), "config.columns[3].name"),
    "long": (_columns("x" * 64), "config.columns[3].name"),
    "prototype": (_columns("__proto__"), "config.columns[3].name"),
    "twice": (_columns("date"), "config.columns: column 'date'"),
    "none": ({"columns": []}, "config.columns"),
    "201": (_columns(*(f"c{index}" for index in range(198))), "config.columns"),
    "operator": (_filter(operator="~*"), "config.filters[0].operator"),
    "raw": (_filter(operator="raw"), "config.filters[0].operator"),
    "50 deep": (_nested_or(50), "config.filters[0].or[0].or[0]"),
    "other organisation": (
        _filter(column="organization_id", value=str(TOKYO)),
        "config.filters[0].column",
    ),
}

_TEXT = json.dumps(_GOOD)
_DOCUMENTS: dict[str, tuple[str | bytes, str]] = {
    "no object": ('"revenue"', "the text"),
    "array": ("[]", "the text"),
    "null": ("null", "the text"),
    "not a number": (_TEXT.replace('"totals": true', '"totals": NaN'), "config.totals"),
    "beyond a double": (_TEXT.replace('"totals": true', '"totals": 1e400'), "config.totals"),
    "key twice": (_TEXT.replace('{"slug"', '{"slug": "a", "slug"', 1), "slug: is given twice"),
    "unknown field": (json.dumps({**_GOOD, "cron": "* * * * *"}), "cron"),
    "text for a number": (
        json.dumps({**_GOOD, "config": {**_GOOD["config"], **_filter(column="gross_minor")}}),
        "config.filters[0].value",
    ),
    "truth for a number": (
        json.dumps(
            {**_GOOD, "config": {**_GOOD["config"], **_filter(column="gross_minor", value=True)}}
        ),
        "config.filters[0].value",
    ),
    "nul": (json.dumps({**_GOOD, "name": "a\x00b"}), "name: "),
    "lone surrogate": (json.dumps({**_GOOD, "name": "a\ud800b"}), "name: "),
    "100 deep": ("[" * 100 + "]" * 100, "[0][0]"),
    "20,000 deep": ('{"config": ' * 20_000 + "1" + "}" * 20_000, "the text"),
    "over a MiB": (_TEXT + " " * 2**20, "1048576"),
    "byte order mark": (_TEXT.encode("utf-8-sig"), "the text"),
    "UTF-16": (_TEXT.encode("utf-16"), "the text"),
    "UTF-16 without a mark": (_TEXT.encode("utf-16-le"), "the text"),
    "not UTF-8": (_TEXT.replace("Revenue", "Erl\xf6s").encode("latin-1"), "the text"),
}


@pytest.fixture(autouse=True)
def _environment(warehouse_url: URL, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REPORTING_DATABASE_URL", warehouse_url.render_as_string(False))
    monkeypatch.setenv("REPORTING_DAGSTER_URL", warehouse_url.render_as_string(False))
    monkeypatch.setenv("REPORTING_STORE_URL", str(tmp_path / "store"))
    monkeypatch.setenv("REPORTING_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home" / "dagster"))


def _applied(folder: Path, content: str | bytes) -> Result:
    (folder / "bad.json").write_bytes(content if isinstance(content, bytes) else content.encode())
    return CliRunner().invoke(main, ["definitions", "apply", str(folder), "--yes"])


def _require_refused(result: Result, field: str) -> None:
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit), result.exception
    assert "bad.json" in result.output
    assert field in result.output
    assert len(result.output) < 2_000


def test_each_is_refused_with_its_field_and_nothing_is_written(
    warehouse_url: URL, tmp_path: Path
) -> None:
    folder = tmp_path / "definitions"
    folder.mkdir()
    (folder / "good.json").write_text(_TEXT, encoding="utf-8")
    cases = {
        name: (
            json.dumps({**_GOOD, "slug": "bad", "config": {**_GOOD["config"], **changed}}),
            field,
        )
        for name, (changed, field) in _NAMES_AND_FILTERS.items()
    }
    for content, field in {**cases, **_DOCUMENTS}.values():
        _require_refused(_applied(folder, content), field)
    with warehouse_connection(warehouse_url) as connection:
        stored = connection.execute(
            "select (select count(*) from catalogue.report_definitions),"
            " (select count(*) from catalogue.report_definition_versions)"
        ).fetchone()
    assert stored == (0, 0)
