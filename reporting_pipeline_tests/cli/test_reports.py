"""`reporting reports`: the catalogue in the terminal; what it lists is tested with the export."""

from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import URL

from reporting_pipeline.cli import main
from reporting_pipeline.cli.report_table import plain, report_console, report_table


def test_an_empty_catalogue_says_so(
    warehouse_url: URL, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("REPORTING_DATABASE_URL", "REPORTING_DAGSTER_URL"):
        monkeypatch.setenv(name, warehouse_url.render_as_string(False))
    monkeypatch.setenv("REPORTING_STORE_URL", str(tmp_path / "store"))
    monkeypatch.setenv("REPORTING_HOME", str(tmp_path))
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "dagster"))

    result = CliRunner().invoke(main, ["reports"])

    assert result.exit_code == 0, result.output
    assert result.output == f"no report was generated\nin {tmp_path / 'store'}\n"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, ""),
        (0, "0"),
        ("[bold]Bühne[/] 東京", "[bold]Bühne[/] 東京"),
        ("\x1b[2J\r\n\u202e", "\N{REPLACEMENT CHARACTER}[2J" + "\N{REPLACEMENT CHARACTER}" * 3),
    ],
)
def test_text_of_the_sources_is_no_command_to_the_terminal(value: object, shown: str) -> None:
    assert plain(value).plain == shown


def test_a_file_gets_whole_lines(capsys: pytest.CaptureFixture[str]) -> None:
    report_console().print(report_table(["name"], [["x" * 300]]))

    assert "x" * 300 in capsys.readouterr().out
