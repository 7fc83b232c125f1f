"""The command line: `reporting COMMAND`. Entry points alone read the settings and the clock.

A command's module is imported when the command is used: `reporting --help` answers at once, and no
command pays for a library that it does not use. What does not belong here: anything but arguments,
words for people and exit codes.
"""

from importlib import import_module
from types import MappingProxyType
from typing import Any

import click
from typing_extensions import override

from reporting_pipeline.errors import ReportingError

COMMANDS = MappingProxyType(
    {
        # name: (module and attribute, what `reporting --help` says)
        "demo": ("demo:demo", "Run the whole pipeline on the bundled season."),
        "up": ("servers:up", "Run the local servers until Ctrl-C."),
        "exec": ("servers:exec_", "Run a command with the servers up."),
        "doctor": ("doctor:doctor", "Say what this machine lacks, and what mends it."),
        "sources": ("sources:sources", "Load, check or generate the four source domains."),
        "land": (
            "pipeline:land",
            "Land what is new in DOMAINS (default: all), in one transaction.",
        ),
        "build": (
            "pipeline:build",
            "Build the report tables for days: --touched, --all, or --from and --to.",
        ),
        "definitions": (
            "definitions:definitions",
            "Apply, export, list and show report definitions.",
        ),
        "export": (
            "export:export",
            "Generate every report that is due for a range of report days.",
        ),
        "request": (
            "request:request",
            "Ask for a report of DEFINITION: what stands is told, what does not is queued.",
        ),
        "work": (
            "request:work",
            "Generate the reports that are requested, until Ctrl-C; what has begun is finished.",
        ),
        "reports": (
            "reports:reports",
            "List the reports that were generated, with their files in the store.",
        ),
        "verify": (
            "verify:verify",
            "Prove that FILE is what was published, or name what differs.",
        ),
        "alerts": (
            "alerts:alerts",
            "Look what stands, and list the open alerts; with --all also the newest resolved ones.",
        ),
        "sweep": (
            "housekeeping:sweep",
            "Remove what killed processes have left, and what is past its retention.",
        ),
        "metrics": ("metrics:metrics", "Serve the metrics for Prometheus until Ctrl-C."),
        "daemon": (
            "daemon:daemon",
            "Run Dagster's daemon until Ctrl-C, behind a lock: "
            "a second one waits for the first to end.",
        ),
    }
)


class LazyGroup(click.Group):
    """A group whose commands are imported when used, and whose expected errors are one line."""

    @override
    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of the commands, in the order of a day's work."""
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
        """Write the list of commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in COMMANDS.items()])

    @override
    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; an expected error becomes one line on standard error and exit code 1."""
        try:
            return super().invoke(ctx)
        except ReportingError as error:
            raise click.ClickException(error.message) from error


@click.group(cls=LazyGroup)
@click.version_option(package_name="reporting-pipeline")
def main() -> None:
    """Reports that a finance team can trust, from the raw domains of a ticketing platform.

    Without REPORTING_DATABASE_URL a command starts local servers for itself, whose state is in
    REPORTING_HOME (default .reporting).
    """
