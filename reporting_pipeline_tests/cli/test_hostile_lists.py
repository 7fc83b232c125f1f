"""Names from the sources have no effect on a terminal, in no list and no error."""

import unicodedata
from collections.abc import Mapping
from pathlib import Path
from unittest import mock

import pytest
from click.testing import CliRunner, Result

from reporting_pipeline.cli import main
from reporting_pipeline.settings import SOURCE_DOMAINS
from reporting_pipeline.sources.dump import load_dump
from reporting_pipeline_tests.acceptance.pipelines import Pipeline
from reporting_pipeline_tests.hostile import AWKWARD, FORMULAS
from reporting_pipeline_tests.sources.dump.small_dump import valid_rows, write_dump

_EFFECTS = ("\x1b[2J", "\x1b]0;title\x07", "\x9b31m", "\u202eevil", "\u2066", "\x08" * 9, "a\x00b")
# The small dump writes nothing in quotes for a carriage return, and an empty name is null.
_NAMES = tuple(
    name
    for each in (*_EFFECTS, *AWKWARD, *FORMULAS, "x" * 2_000_000)
    if (name := each.replace("\x00", "").replace("\r", ""))
)
_TURNS = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
_LONGEST_LINE = 6_000
_LINES = [
    ("organizations",),
    ("events",),
    ("definitions", "apply", "--dry-run"),
    ("definitions", "list"),
    ("due",),
    ("breaks",),
    ("devices",),
    ("reports",),
    ("requests",),
    ("alerts",),
    ("alerts", "--all"),
    ("sources", "check"),
    ("sources", "findings"),
    ("sources", "load", "{dump}"),
    ("land", "--all-rows"),
    ("sweep", "--dry-run"),
    ("export", "--from=2025-06-01", "--to=2025-06-01"),
]


@pytest.fixture(scope="module")
def variables(
    shared_pipeline: Pipeline, tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, str]:
    """The settings of a warehouse whose organisations and events have hostile names."""
    home = tmp_path_factory.mktemp("home")
    (home / "dagster").mkdir()
    dump = _dump(home / "dump")
    load_dump(dump, shared_pipeline.sources)
    shared_pipeline.land()
    warehouse = shared_pipeline.warehouse.render_as_string(hide_password=False)
    sources = {
        f"REPORTING_SOURCE_{domain.upper()}_URL": url.render_as_string(hide_password=False)
        for domain, url in shared_pipeline.sources.items()
        if domain in SOURCE_DOMAINS
    }
    return sources | {
        "REPORTING_DATABASE_URL": warehouse,
        "REPORTING_DAGSTER_URL": warehouse,
        "REPORTING_STORE_URL": str(home / "store"),
        "REPORTING_HOME": str(home),
        "DAGSTER_HOME": str(home / "dagster"),
    }


def _dump(folder: Path) -> Path:
    """The small dump, with an organisation and an event of each name."""
    folder.mkdir()
    rows = valid_rows()
    [organization, *_], [event, *_] = rows["ticketing.organizations"], rows["ticketing.events"]
    for number, name in enumerate(_NAMES, start=1_000):
        owner = {"id": _id(number), "name": name}
        rows["ticketing.organizations"].append(organization | owner)
        named = {"id": _id(1_000 + number), "organization_id": owner["id"], "name": name}
        rows["ticketing.events"].append(event | named)
    return write_dump(folder, rows)


def _id(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012x}"


def _run(line: tuple[str, ...], variables: Mapping[str, str]) -> Result:
    dump = f"{variables['REPORTING_HOME']}/dump"
    with mock.patch.dict("os.environ", variables):
        return CliRunner().invoke(main, [each.replace("{dump}", dump) for each in line])


@pytest.mark.parametrize("line", _LINES, ids=" ".join)
def test_no_list_controls_the_terminal(line: tuple[str, ...], variables: Mapping[str, str]) -> None:
    assert_is_harmless(_run(line, variables))


@pytest.mark.parametrize("name", [*_EFFECTS[:-1], "x" * 1_000, "a\nb"], ids=ascii)
@pytest.mark.parametrize("line", [("due", "--organization"), ("definitions", "show")], ids=str)
def test_no_error_controls_the_terminal(
    line: tuple[str, ...], name: str, variables: Mapping[str, str]
) -> None:
    result = _run((*line, name), variables)

    assert_is_harmless(result)


def assert_is_harmless(result: Result) -> None:
    """Nothing that a terminal obeys, and no endless line."""
    assert isinstance(result.exception, SystemExit | None), repr(result.exception)
    harmful = {each for each in result.output if unicodedata.category(each) in {"Cc", "Cs", "Zl"}}
    assert harmful <= {"\n"}
    assert not {each for each in result.output if unicodedata.bidirectional(each) in _TURNS}
    assert max(map(len, result.output.split("\n"))) < _LONGEST_LINE
