"""`reporting up` and `reporting exec`: the local servers, alone or under a command."""

import os
import shutil
import sys
from pathlib import Path

import click
from sqlalchemy import make_url

from reporting_pipeline.building.dbt import dbt_environment
from reporting_pipeline.cli.session import session_to_hand_over
from reporting_pipeline.embedded.account import server_account
from reporting_pipeline.embedded.attachment import server_addresses
from reporting_pipeline.embedded.home import Home
from reporting_pipeline.embedded.supervisor import StopRequest, Supervisor
from reporting_pipeline.errors import EnvironmentNotReady
from reporting_pipeline.settings import Settings, child_environment


@click.command()
def up() -> None:
    """Run the local servers until Ctrl-C.

    Other commands then use these servers and start faster. Passwords are not shown; a command that
    needs an address gets it by `reporting exec`.
    """
    settings = Settings.from_environment()
    home = Home(settings.home, server_account())
    stop_request = StopRequest()
    with Supervisor(home, settings.pg_bindir) as supervisor:
        click.echo(f"The servers of {home.folder} are up; Ctrl-C stops them.")
        for name, address in server_addresses(home, supervisor.running).items():
            click.echo(f"  {name:<38} {make_url(address).render_as_string()}")
        supervisor.watch(stop_request.is_asked)
    click.echo("The servers have stopped.")


@click.command("exec", context_settings={"ignore_unknown_options": True})
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def exec_(command: tuple[str, ...]) -> None:
    """Run a command with the servers up.

    The command finds every address in its environment (REPORTING_DATABASE_URL and so on), and dbt
    finds its project, profile and warehouse. It takes this process's place, so that its exit code
    and its signals are its own.

    Examples: reporting exec -- dagster dev; reporting exec -- dbt build
    """
    # The programs of our virtual environment are found without activating it.
    path = (
        f"{Path(sys.executable).parent}{os.pathsep}{child_environment({}).get('PATH', os.defpath)}"
    )
    program = shutil.which(command[0], path=path)
    if program is None:
        raise EnvironmentNotReady(f"no program {command[0]!r} on PATH: check its name")
    with session_to_hand_over() as (settings, attachment):
        if attachment is not None:
            attachment.hand_over()
        for_dbt = dbt_environment(settings.warehouse_url(), settings.home / "dbt")
        os.execve(program, command, child_environment({"PATH": path, **for_dbt}))  # noqa: S606 - no shell wanted
