"""`reporting serve` and `token`: runs the HTTP API, and makes tokens of its local key."""

import ipaddress
import signal
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from types import FrameType
from typing import Any

import click
import uvicorn

from reporting_pipeline.cli.choices import ORGANIZATION, chosen_organization
from reporting_pipeline.cli.parameters import TEXT, WholeNumber
from reporting_pipeline.cli.session import announce, session
from reporting_pipeline.cli.ui import API_PORT
from reporting_pipeline.embedded.process import StopRequest
from reporting_pipeline.errors import EnvironmentNotReady
from reporting_pipeline.serving.api.app import Application, create_app
from reporting_pipeline.serving.api.context import open_context
from reporting_pipeline.serving.api.local_keys import LocalKey
from reporting_pipeline.serving.api.notice_streams import NoticeStreams
from reporting_pipeline.serving.api.tokens import Role
from reporting_pipeline.settings import Settings, traces_exporter
from reporting_pipeline.telemetry.json_log import log_as_json
from reporting_pipeline.telemetry.spans import export_spans
from reporting_pipeline.warehouse.engine import warehouse_connection

_APPLICATION = "reporting_pipeline.cli.serve:application"
_SERVICE = "reporting-api"
_STOP_SECONDS = 15
_KEEP_ALIVE_SECONDS = 30
_MAX_HOURS = 24 * 366
_MAX_WORKERS = 64


@click.command()
@click.option(
    "--host",
    type=TEXT,
    default="127.0.0.1",
    show_default=True,
    help="The address of this machine to listen at; another than loopback needs an issuer.",
)
@click.option(
    "--port", type=WholeNumber(1, 65535), default=API_PORT, show_default=True, help="The port."
)
@click.option(
    "--workers",
    type=WholeNumber(1, _MAX_WORKERS),
    default=1,
    show_default=True,
    help="Processes that serve calls.",
)
@click.option(
    "--proxy",
    "proxies",
    type=TEXT,
    multiple=True,
    metavar="ADDRESS",
    help="A proxy whose X-Forwarded headers are believed: its address or network; may be repeated.",
)
def serve(host: str, port: int, workers: int, proxies: tuple[str, ...]) -> None:
    """Serve the HTTP API until Ctrl-C.

    Tokens come from REPORTING_API_ISSUER_URL. Without it, the API accepts tokens of its local key,
    which `reporting token` makes, and listens on this machine only. Calls that have begun are ended
    within 15 seconds of the signal. `reporting work` generates the reports that are requested.
    """
    for each in (host, *proxies):
        _require_address(each)
    StopRequest()  # the server sends itself its signal again when it has stopped
    with session() as settings:
        if not settings.requires_issuer():
            _require_loopback(host)
            LocalKey.of_home(settings.home)
        announce(f"the API is at {_shown_address(host, port)}, described at /docs")
        uvicorn.run(
            _APPLICATION,
            factory=True,
            host=host,
            port=port,
            workers=workers,
            proxy_headers=bool(proxies),
            forwarded_allow_ips=list(proxies),
            server_header=False,
            access_log=False,
            log_config=None,
            timeout_graceful_shutdown=_STOP_SECONDS,
            timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        )


def application() -> Application:
    """The application of one process of the server, which reads the settings itself."""
    settings = Settings.from_environment()
    if settings.log_format == "json":
        log_as_json()
    export_spans(traces_exporter(), service=_SERVICE)
    opened = ExitStack()
    context = opened.enter_context(open_context(settings))
    return create_app(
        context,
        on_begin=lambda: _end_streams_at_signals(context.streams),
        on_end=opened.close,
    )


@click.command()
@click.option("--organization", type=ORGANIZATION, help="The organisation of the caller.")
@click.option("--platform", is_flag=True, help="Of the platform's own team: any organisation.")
@click.option(
    "--role",
    type=click.Choice([each.value for each in Role]),
    default=Role.VIEWER.value,
    show_default=True,
    help="What the caller may do.",
)
@click.option(
    "--subject",
    type=TEXT,
    default="local",
    show_default=True,
    help="Who calls, for the audit log.",
)
@click.option(
    "--hours",
    type=WholeNumber(1, _MAX_HOURS),
    default=24,
    show_default=True,
    help="How long the token is valid.",
)
def token(organization: str | None, *, platform: bool, role: str, subject: str, hours: int) -> None:
    """Print a token of the API's local key, for this machine only.

    It is refused where REPORTING_API_ISSUER_URL is set: there, the issuer makes the tokens.
    """
    if platform is (organization is not None):
        message = "name one of --organization and --platform"
        raise click.UsageError(message)
    with session() as settings:
        if settings.requires_issuer():
            message = "the API accepts tokens of REPORTING_API_ISSUER_URL only: ask it for one"
            raise EnvironmentNotReady(message)
        with warehouse_connection(settings.warehouse_url()) as connection:
            organization_id = chosen_organization(connection, organization)
        made = LocalKey.of_home(settings.home).token(
            settings.api_audience,
            Role(role),
            subject=subject,
            organization_id=organization_id,
            now=datetime.now(UTC),
            lifetime=timedelta(hours=hours),
        )
    click.echo(made)


def _end_streams_at_signals(streams: NoticeStreams) -> None:
    """End the streams of notices before the server waits for the end of all calls."""

    def wrapped(former: Any) -> Callable[[int, FrameType | None], None]:
        def end(number: int, frame: FrameType | None) -> None:
            streams.end_all()
            former(number, frame)

        return end

    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, wrapped(signal.getsignal(each)))


def _require_address(text: str) -> None:
    try:
        ipaddress.ip_network(text)
    except ValueError as error:
        message = f"{text!r} is no address such as 127.0.0.1 or network such as 10.0.0.0/8"
        raise click.UsageError(message) from error


def _require_loopback(host: str) -> None:
    if not ipaddress.ip_network(host).is_loopback:
        message = (
            f"the API accepts tokens of its local key, so it does not listen at {host}: set "
            "REPORTING_API_ISSUER_URL and REPORTING_API_KEYS_URL, or listen at 127.0.0.1"
        )
        raise EnvironmentNotReady(message)


def _shown_address(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
