"""The command line: `reporting COMMAND`.

Only the entry points, this package and `definitions`, read the settings and the clock.

What belongs here: arguments, output for people, and exit codes.
What does not: any work, which a command calls in a lower layer.
"""

from importlib import import_module
from types import MappingProxyType
from typing import Any

import click
from typing_extensions import override

from reporting_pipeline.errors import ReportingError

COMMANDS = MappingProxyType(
    {
        # name: (module and attribute, summary in `reporting --help`)
        "demo": ("demo:demo", "Run the whole pipeline on the sample data."),
        "doctor": ("setup:doctor", "Show what this machine lacks, and how to install it."),
        "init": ("setup:init", "Write the files of a production project into DIR."),
        "migrate": (
            "setup:migrate",
            "Bring the schema, report tables and views of the warehouse to this version.",
        ),
        "up": ("servers:up", "Run the local servers until Ctrl-C."),
        "exec": ("servers:exec_", "Run a command with the servers up."),
        "sources": ("sources:sources", "Check, load or generate the source domains."),
        "land": (
            "pipeline:land",
            "Land the new rows of DOMAINS (default: all), in one transaction.",
        ),
        "build": (
            "pipeline:build",
            "Build the report tables for days: --touched, --all, or --from and --to.",
        ),
        "definitions": (
            "report_definitions:definitions",
            "Apply, export, list and show report definitions.",
        ),
        "export": (
            "reports:export",
            "Publish every report that is due for a range of report days.",
        ),
        "request": (
            "requests:request",
            "Return the current report of DEFINITION, or queue a request for it.",
        ),
        "work": (
            "requests:work",
            "Generate the requested reports until Ctrl-C, and finish those that have begun.",
        ),
        "reports": (
            "reports:reports",
            "List the published reports, with their files in the store.",
        ),
        "verify": (
            "reports:verify",
            "Prove that FILE is what was published, or name the differences.",
        ),
        "breaks": (
            "breaks:breaks",
            "List the open breaks, and accept or take back single ones.",
        ),
        "alerts": (
            "operations:alerts",
            "Evaluate the alerts and list the open ones; --all lists the newest resolved ones too.",
        ),
        "sweep": (
            "operations:sweep",
            "Remove leftovers of killed processes; list or delete what is past its retention.",
        ),
        "metrics": ("operations:metrics", "Serve the metrics for Prometheus until Ctrl-C."),
        "daemon": (
            "servers:daemon",
            "Run Dagster's daemon until Ctrl-C; of several, one is active and the others wait.",
        ),
    }
)


class LazyGroup(click.Group):
    """A group that imports a command when it is used, and prints an expected error on one line.

    Imports by name keep `reporting --help` fast, and a command loads only the libraries it needs.
    """

    @override
    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of the commands, in the order in which a user needs them."""
        return list(COMMANDS)

    @override
    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command."""
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(import_module(f"{__name__}.{module}"), attribute)
        return command

    @override
    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands; imports none of them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in COMMANDS.items()])

    @override
    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; an expected error becomes a message on standard error and exit code 1."""
        try:
            return super().invoke(ctx)
        except ReportingError as error:
            raise click.ClickException(error.message) from error


@click.group(cls=LazyGroup)
@click.version_option(package_name="reporting-pipeline")
def main() -> None:
    """Reports that a finance team can trust, from the raw domains of a ticketing platform.

    If REPORTING_DATABASE_URL is not set, a command starts local servers, which keep their state in
    REPORTING_HOME (default .reporting).
    """
