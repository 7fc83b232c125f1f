"""No command line and no setting ends in a traceback: one sentence says what is wrong.

The lines are derived from the commands and from the settings, so a new one is tried too.
"""

import os
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from unittest import mock

import pytest
from annotated_types import Ge, Le
from click.testing import CliRunner, Result
from pydantic.fields import FieldInfo

from reporting_pipeline.cli import main
from reporting_pipeline.settings import SOURCE_DOMAINS, Settings
from reporting_pipeline.sources.dump import load_dump
from reporting_pipeline_tests.acceptance.pipelines import Pipeline
from reporting_pipeline_tests.cli.command_lines import ID, wrong_lines

_LINES = list(wrong_lines())
_LONGEST = 6_000
_TURNS = {"\u202e", "\u202d", "\u2066", "\u2067", "\u2068"}
_WRONG_ADDRESSES = (
    *("", "x", "http://h", "postgresql://u:s3cret@h:port/d", "postgresql://u:s3cret@h:99999/d"),
    *("postgresql://u:s3cret@h:0x10/d", "postgresql://u:s3cret@h:-1/d"),
)
_DUE, _SWEEP, _CHECK = ("due",), ("sweep", "--dry-run"), ("sources", "check")
_LOAD = ("sources", "load", "{folder}")
_REQUEST = ("request", "daily-sales", f"--organization={ID}", "--period=2025-03-09")
_EXPORT = ("export", "--from=2025-03-09", "--to=2025-03-09")
# Commands that read many settings; none of them waits.
_READERS = (_DUE, _SWEEP, _CHECK, _LOAD, _REQUEST, _EXPORT, ("metrics", "--once"), ("land",))
_DAEMON = ("daemon", "--workspace={file}")
# Settings whose values are read when they are used, with a command that uses them.
_USED_SETTINGS = {
    "REPORTING_STORE_URL": (
        _SWEEP,
        ("", "/dev/null", "{file}/x", "s3://", "s3://b/../x", "ftp://x", "file://", "\x1b[31m"),
    ),
    "REPORTING_LAKE_URL": (
        ("lake",),
        ("", "/dev/null", "{file}/x", "s3://", "s3://b/../x", "ftp://x", "file://", "\x1b[31m"),
    ),
    "REPORTING_SIGNING_KEY": (
        _REQUEST,
        ("{pipe}", "{device}", "{folder}", "{dangling}", "{file}", "x" * 5_000, "\x1b[31m"),
    ),
    "REPORTING_DAGSTER_URL": (_DAEMON, _WRONG_ADDRESSES),
    "DAGSTER_HOME": (_DAEMON, ("", "{file}", "{missing}", "{dangling}", "relative")),
    "REPORTING_ALERT_CHANNELS": (("alerts",), ("x", "nonsense://x", "\x1b[31m")),
    "REPORTING_ALERT_SIGNING_SECRET": (("alerts",), ("x", "whsec_x", "whsec_" + "\x1b[31m")),
}
# Settings that only Dagster, a channel or a signature needs.
_READ_ELSEWHERE = {"store_url", "compute_logs_url", "alert_channels", "alert_signing_secret"}
_READ_ELSEWHERE |= {"signing_key", "dagster_url", "lake_url"}
# By the end of its name, or else by its type: values that a setting must refuse.
_WRONG_SETTINGS = {
    "int": ("", "ten", "0x10", "1_000", "1e3", "1.5", "-1", "9" * 19, "9" * 40, "\u0663\u0660"),
    "date": ("", "now", "yesterday", "20250309", "1735689600", "9999-12-31", "0001-01-01"),
    "time": ("", "now", "25:00", "0x10", "8100", "noon"),
    "bool": ("", "maybe", "2"),
    "Literal": ("", "JSON", "xml"),
    "str": ("", "Nowhere/City", "../UTC"),
}
# Settings of a form of their own.
_WRONG_VALUES = {
    **dict.fromkeys(("engine_folder", "api_audience"), ("",)),  # looked at when they are used
    "redis_url": ("", "redis://h:port", "redis://h:99999", "x", "http://h"),
    "webhook_networks": ("", ",", "x", "localhost", "10.0.0.1/8", "10.0.0.0/40", "\x1b[31m"),
}
_WRONG_FOLDERS = ("", "/dev/null", "/dev/null/x", "x" * 5_000, "/dev/zero")


def _wrong_settings() -> Iterator[tuple[str, str]]:
    for field, info in Settings.model_fields.items():
        for value in _wrong_values(field, info):
            yield f"REPORTING_{field.upper()}", value


def _wrong_values(field: str, info: FieldInfo) -> tuple[str, ...]:
    if field in {"home", "pg_bindir"}:
        return _WRONG_FOLDERS if field == "home" else ()
    if field in _WRONG_VALUES:
        return _WRONG_VALUES[field]
    if field in _READ_ELSEWHERE:
        return ()
    if field.endswith("_url"):
        return _WRONG_ADDRESSES
    kind = getattr(info.annotation, "__name__", str(info.annotation))
    return _WRONG_SETTINGS[next(each for each in _WRONG_SETTINGS if each in kind)]


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """The values of the names in braces of a line."""
    root = tmp_path_factory.mktemp("places")
    found = {
        name: root / name
        for name in ("missing", "dangling", "pipe", "folder", "file", "new", "definitions")
    }
    found["dangling"].symlink_to(root / "nowhere")
    os.mkfifo(found["pipe"])
    found["folder"].mkdir()
    found["file"].write_text("text\n")
    found["definitions"].mkdir()
    (found["definitions"] / "wrong.yaml").write_text("slug: 1\n")
    found["report"] = root / "report.csv"
    found["report"].write_text("a\n")
    return {name: str(path) for name, path in found.items()} | {"device": "/dev/zero"}


@pytest.fixture(scope="module")
def addresses(
    shared_pipeline: Pipeline, tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, str]:
    """The settings of a production that works."""
    home = tmp_path_factory.mktemp("home")
    (home / "dagster").mkdir()
    dump = home / "dump"
    dump.mkdir()
    (dump / "ticketing.organizations.csv").write_text(
        f"id,name,timezone,currency,updated_at\n{ID},One,UTC,EUR,2025-01-01T00:00:00Z\n"
    )
    load_dump(dump, shared_pipeline.sources)
    shared_pipeline.land()
    warehouse = shared_pipeline.warehouse.render_as_string(hide_password=False)
    found = {
        "REPORTING_DATABASE_URL": warehouse,
        "REPORTING_DAGSTER_URL": warehouse,
        "REPORTING_STORE_URL": str(home / "store"),
        "REPORTING_HOME": str(home),
        "DAGSTER_HOME": str(home / "dagster"),
    }
    for domain in SOURCE_DOMAINS:
        address = shared_pipeline.sources[domain].render_as_string(hide_password=False)
        found[f"REPORTING_SOURCE_{domain.upper()}_URL"] = address
    return found


def _run(line: Sequence[str], variables: Mapping[str, str]) -> Result:
    with mock.patch.dict("os.environ", variables):
        return CliRunner().invoke(main, line)


def assert_is_one_sentence(result: Result) -> None:
    """A refused line: an exit code, one error, nothing that a terminal obeys, nothing endless."""
    assert isinstance(result.exception, SystemExit), repr(result.exception)
    assert result.exit_code in {1, 2}
    assert len(re.findall("^Error: ", result.output, re.MULTILINE)) == 1, result.output
    assert len(result.output) < _LONGEST
    harmful = {each for each in result.output if unicodedata.category(each) in {"Cc", "Cs"}}
    assert harmful <= {"\n"}
    assert not _TURNS & set(result.output)


@pytest.mark.parametrize("line", _LINES, ids=[ascii(" ".join(each))[:80] for each in _LINES])
def test_a_wrong_command_line_is_one_sentence(
    line: tuple[str, ...], places: Mapping[str, str], addresses: Mapping[str, str]
) -> None:
    result = _run([each.format_map(places) for each in line], addresses)

    assert_is_one_sentence(result)


def test_every_command_and_option_is_tried() -> None:
    assert len(_LINES) > 123


@pytest.mark.parametrize(("name", "value"), [*_wrong_settings()])
def test_a_wrong_setting_is_one_sentence_that_names_it(
    name: str, value: str, places: Mapping[str, str], addresses: Mapping[str, str]
) -> None:
    reader = _LOAD if name.endswith("_ADMIN_URL") else _CHECK if "_SOURCE_" in name else _DUE
    reader = _EXPORT if name == "REPORTING_READ_URL" else reader
    line = [each.format_map(places) for each in reader]

    result = _run(line, {**addresses, name: value})

    assert name in result.output
    assert_is_one_sentence(result)
    assert "s3cret" not in result.output


@pytest.mark.parametrize(
    ("name", "value"),
    [(name, value) for name, (_, values) in _USED_SETTINGS.items() for value in values],
)
def test_a_setting_that_is_wrong_when_it_is_used_is_one_sentence(
    name: str, value: str, places: Mapping[str, str], addresses: Mapping[str, str]
) -> None:
    line = [each.format_map(places) for each in _USED_SETTINGS[name][0]]
    variables = {"REPORTING_ALERT_CHANNELS": "https://h.invalid", name: value.format_map(places)}

    result = _run(line, {**addresses, **variables})

    assert_is_one_sentence(result)
    assert "s3cret" not in result.output


def test_the_extremes_of_all_numbers_are_used_without_a_traceback(
    places: Mapping[str, str], addresses: Mapping[str, str]
) -> None:
    for limit in (Ge, Le):
        extremes = {
            f"REPORTING_{field.upper()}": str(getattr(each, limit.__name__.lower()))
            for field, info in Settings.model_fields.items()
            for each in info.metadata
            if isinstance(each, limit)
        }
        assert len(extremes) > 20
        for line in (*_READERS, ("alerts",)):
            result = _run([each.format_map(places) for each in line], {**addresses, **extremes})
            assert isinstance(result.exception, SystemExit | None), repr(result.exception)
