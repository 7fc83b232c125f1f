"""What the routes of a process share: the desk, the tokens, the limits and the clock."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Request
from psycopg import Connection

from reporting_pipeline.serving.api.deeds import DeedWriter
from reporting_pipeline.serving.api.local_keys import LocalKey, LocalTokens
from reporting_pipeline.serving.api.notice_streams import NoticeStreams
from reporting_pipeline.serving.api.rate_limits import CallLimits
from reporting_pipeline.serving.api.tokens import IssuedTokens, KnownTokens, Tokens
from reporting_pipeline.serving.report_desk import ReportDesk, report_desk
from reporting_pipeline.settings import Settings
from reporting_pipeline.warehouse.engine import KeptConnections, warehouse_connection
from reporting_pipeline.warehouse.tenancy import tenant_session

_COOLDOWN_SECONDS = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiContext:
    """What the routes of a process share.

    Attributes:
        desk: Answers from memory, with the settings and the clock.
        tokens: Reads the tokens of callers.
        limits: Counts their calls.
        kept: The connections of this process.
        deeds: Writes to the audit log what only reads.
        streams: The open streams of notices.
    """

    desk: ReportDesk
    tokens: KnownTokens
    limits: CallLimits
    kept: KeptConnections
    deeds: DeedWriter
    streams: NoticeStreams

    @property
    def settings(self) -> Settings:
        """The settings of the process."""
        return self.desk.settings

    def now(self) -> datetime:
        """The time, with its zone."""
        return self.desk.clock()

    def reading(self, organization_id: UUID) -> AbstractContextManager[Connection[Any]]:
        """A connection that sees rows of one organisation; every route reads through it."""
        return tenant_session(self.settings.warehouse_url(), organization_id)

    def writing(self) -> AbstractContextManager[Connection[Any]]:
        """A connection in one transaction, for a change and its line in the audit log."""
        return warehouse_connection(self.settings.warehouse_url())


@contextmanager
def open_context(
    settings: Settings,
    *,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    cooldown_seconds: float = _COOLDOWN_SECONDS,
) -> Iterator[ApiContext]:
    """What the routes share, open until the process ends.

    Args:
        settings: Settings with the addresses of warehouse and store, and of Redis if there is one.
        clock: The time now, with its zone.
        cooldown_seconds: The least time between two fetches of the issuer's keys because of a
            token with an unknown key.

    Raises:
        SettingsError: An address is missing.
        EnvironmentNotReady: The local key cannot be used.
    """
    tokens = KnownTokens(_tokens(settings, cooldown_seconds))
    kept, deeds = KeptConnections(settings.warehouse_url()), DeedWriter(settings.warehouse_url())
    streams = NoticeStreams()
    with report_desk(settings, now=clock, reader=streams) as desk:
        deeds.start()
        try:
            yield ApiContext(
                desk=desk,
                tokens=tokens,
                limits=CallLimits(settings.api_calls_per_minute),
                kept=kept,
                deeds=deeds,
                streams=streams,
            )
        finally:
            deeds.stop()
            kept.close()


def _tokens(settings: Settings, cooldown_seconds: float) -> Tokens:
    if not settings.requires_issuer():
        return LocalTokens(LocalKey.of_home(settings.home), settings.api_audience)
    return IssuedTokens(
        str(settings.api_issuer_url),
        settings.api_audience,
        str(settings.api_keys_url),
        cooldown_seconds,
    )


async def _of_request(request: Request) -> ApiContext:  # no thread is needed for it
    context: ApiContext = request.app.state.context
    return context


Api = Annotated[ApiContext, Depends(_of_request)]
"""The argument of a route that needs the desk, a connection or the clock."""
