"""The command line: `reporting COMMAND`.

Only the entry points, this package and `definitions`, read the settings and the clock.

What belongs here: arguments, output for people, and exit codes.
What does not: any work, which a command calls in a lower layer.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from types import MappingProxyType
from typing import Any

import click
from typing_extensions import override

from reporting_pipeline.errors import ReportingError
from reporting_pipeline.guards.shown_text import shown_lines

COMMANDS = MappingProxyType(
    {
        # name: (module and attribute, summary in `reporting --help`)
        "demo": ("demo:demo", "Run the whole pipeline on the sample data."),
        "doctor": (
            "setup:doctor",
            "Show what this machine lacks and which address is wrong, and how to mend it.",
        ),
        "init": ("setup:init", "Write the files of a production project into DIR."),
        "migrate": (
            "setup:migrate",
            "Bring the schema, report tables and views of the warehouse to this version.",
        ),
        "up": ("servers:up", "Run the local servers until Ctrl-C."),
        "exec": ("servers:exec_", "Run a command with the servers up."),
        "sources": ("sources:sources", "Check, load, generate or compare the source domains."),
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
            "Apply, export, list, show and retire report definitions.",
        ),
        "organizations": (
            "directory:organizations",
            "List the organisations: id, name, time zone, currency, events and active reports.",
        ),
        "events": (
            "directory:events",
            "List the events: id, name, organisation, dates in the event's zone, and status.",
        ),
        "webhooks": (
            "webhooks:webhooks",
            "Add, list, pause and remove webhooks of organisations, and send their messages.",
        ),
        "due": ("due:due", "List the reports that are due and missing."),
        "export": (
            "reports:export",
            "Publish every report that is due for a range of report days.",
        ),
        "request": (
            "requests:request",
            "Return the current report of DEFINITION, or queue a request for it.",
        ),
        "requests": (
            "requests:requests",
            "List the requests that have no file yet: running, waiting, then held or failed ones.",
        ),
        "work": (
            "requests:work",
            "Generate the requested reports until Ctrl-C, and finish those that have begun.",
        ),
        "serve": ("serve:serve", "Serve the HTTP API until Ctrl-C."),
        "token": ("serve:token", "Print a token of the API's local key, for this machine only."),
        "reports": (
            "reports:reports",
            "List the published reports: the name of each file, and its key in the store.",
        ),
        "get": (
            "downloads:get",
            "Save the files of published reports into DIR, each under its own name.",
        ),
        "verify": (
            "reports:verify",
            "Compare FILE with its manifest and say what that proves, or name the differences.",
        ),
        "bi": (
            "bi:bi",
            "Make roles for BI tools, and models and extracts of the views in schema reporting_bi.",
        ),
        "lake": (
            "lake:lake",
            "Write the days that were rebuilt since the last run to the lake, as Parquet.",
        ),
        "keys": ("keys:keys", "Make a pair of keys that sign manifests."),
        "breaks": (
            "breaks:breaks",
            "List the open breaks, and accept or take back single ones.",
        ),
        "devices": (
            "devices:devices",
            "List devices with a wrong clock or counter, by report day, gate and event.",
        ),
        "alerts": (
            "operations:alerts",
            "Evaluate the alerts and list the open ones; --all lists the newest resolved ones too.",
        ),
        "audit": ("audit:audit", "List who did what through the API, the newest first."),
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


_WORDS = f"{__name__}.words"


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
        with _one_sentence():
            try:
                return super().invoke(ctx)
            except (click.exceptions.Exit, click.exceptions.Abort, click.ClickException):
                raise
            except Exception as error:
                from reporting_pipeline.cli.lost_warehouse import explained  # drivers, 0.1 s

                found = explained(error, ctx.meta.get(_WORDS, ()))
                if found is None:
                    raise
                raise found from error

    @override
    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find a command; its words are kept for its errors."""
        ctx.meta[_WORDS] = tuple(args[:2])
        return super().resolve_command(ctx, args)

    @override
    def make_context(self, *arguments: Any, **extra: Any) -> click.Context:
        """Read the options before the command."""
        with _one_sentence():
            return super().make_context(*arguments, **extra)


@contextmanager
def _one_sentence() -> Iterator[None]:
    """Turn an expected error into a message on standard error, in which no text has an effect."""
    try:
        yield
    except ReportingError as error:
        from reporting_pipeline.telemetry.json_log import is_logged_as_json

        if not is_logged_as_json():
            raise click.ClickException(shown_lines(error.message)) from error
        logging.getLogger(__name__).log(logging.ERROR, error.message)
        raise click.exceptions.Exit(1) from error
    except click.UsageError as error:
        raise click.UsageError(shown_lines(error.format_message()), ctx=error.ctx) from error
    except click.ClickException as error:
        raise click.ClickException(shown_lines(error.format_message())) from error
    except BrokenPipeError:
        raise
    except OSError as error:
        raise click.ClickException(shown_lines(_cause(error))) from error


def _cause(error: OSError) -> str:
    """The reason of an error of the operating system, with its file if it has one."""
    place = "" if error.filename is None else f": {error.filename}"
    return f"{error.strerror or error}{place}"


@click.group(cls=LazyGroup)
@click.version_option(package_name="reporting-pipeline")
def main() -> None:
    """Reports that a finance team can trust, from the raw domains of a ticketing platform.

    If REPORTING_DATABASE_URL is not set, a command starts local servers, which keep their state in
    REPORTING_HOME (default .reporting).
    """
