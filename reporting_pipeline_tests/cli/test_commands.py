"""The list of commands."""

import subprocess
import sys

import click
import pytest

from reporting_pipeline.cli import COMMANDS, main


@pytest.mark.parametrize("name", list(COMMANDS))
def test_the_summary_in_the_list_is_that_of_the_command(name: str) -> None:
    command = main.get_command(click.Context(main), name)

    assert command is not None
    assert COMMANDS[name][1] == command.get_short_help_str(limit=100)


def test_the_list_of_commands_imports_no_heavy_library() -> None:
    script = "import sys; import reporting_pipeline.cli as c; c.main(['--help'], 'reporting', None,"
    script += " False); heavy = {'dagster', 'dbt', 'pandas', 'sqlalchemy', 'psycopg'}; "
    script += "sys.exit(len(heavy & set(sys.modules)))"

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False)  # noqa: S603 - the script above

    assert done.returncode == 0


def test_an_unknown_command_is_refused() -> None:
    assert main.get_command(click.Context(main), "unknown") is None
