"""Sends the messages of webhooks that are due, several at once, each at least once.

A receiver has ten seconds for a whole answer, also if it sends a byte now and then. Any status but
2xx is a failure. After a failure the message is sent again: after 10 seconds, then after twice as
long each time, up to 6 hours, or when the receiver asks for (`Retry-After`). After 20 attempts,
more than two days, it is given up, which raises an alert. An answer of 410 (Gone) pauses the
subscription. Redirects are not followed: a message that is signed for one receiver must not reach
another.
"""

import asyncio
import json
import logging
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from uuid import UUID

import aiohttp
from sqlalchemy import URL

from reporting_pipeline.catalogue.webhook_deliveries import (
    ClaimedDelivery,
    claim,
    record_delivered,
    record_failed,
)
from reporting_pipeline.catalogue.webhook_subscriptions import pause
from reporting_pipeline.domain.webhook_signatures import secret_bytes, signed_headers
from reporting_pipeline.errors import AddressRefused
from reporting_pipeline.setting_values import Network
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline.webhooks.addresses import GuardedResolver, checked_address

MAX_ATTEMPTS = 20
"""A message is given up after so many attempts."""

_LOG = logging.getLogger(__name__)
_AT_ONCE = 20
_TIMEOUT_SECONDS = 10
_FIRST_WAIT = timedelta(seconds=10)
_MAX_WAIT = timedelta(hours=6)
_RETRY_LATER = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})
_MAX_DIGITS = 6  # of Retry-After


@dataclass(frozen=True, slots=True, kw_only=True)
class _Failure:
    """Why a receiver has not accepted a message.

    Attributes:
        is_gone: It wants no further message.
        wait: The wait that it asks for.
    """

    reason: str
    is_gone: bool = False
    wait: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSender:
    """Sends the messages of a warehouse's webhooks. Any number may run at once.

    Attributes:
        networks: Networks that may be reached although they are not the internet.
        clock: The time now, with its zone.
        timeout_seconds: How long a receiver has for its answer.
    """

    warehouse: URL
    networks: Sequence[Network]
    clock: Callable[[], datetime]
    timeout_seconds: float = _TIMEOUT_SECONDS

    def send_due(self, limit: int = 1_000) -> int:
        """Send messages until none is due, or `limit` were tried; return how many were accepted.

        Raises:
            WarehouseUnavailable: The warehouse cannot be reached.
        """
        return asyncio.run(self._send_due(limit))

    async def _send_due(self, limit: int) -> int:
        accepted = tried = 0
        connector = aiohttp.TCPConnector(
            resolver=GuardedResolver(self.networks),
            use_dns_cache=False,
            force_close=True,
            limit=_AT_ONCE,
            ssl=ssl.create_default_context(),
        )
        async with aiohttp.ClientSession(
            connector=connector,
            timeout=aiohttp.ClientTimeout(total=self.timeout_seconds),
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
        ) as session:
            # A place that becomes free is filled at once: nobody waits for a receiver that hangs.
            sending: dict[asyncio.Task[bool], UUID] = {}
            while True:
                free = min(_AT_ONCE - len(sending), limit - tried)
                claimed = await asyncio.to_thread(self._claim, free, [*sending.values()])
                tried += len(claimed)
                for each in claimed:
                    task = asyncio.create_task(self._send_one(session, each))
                    sending[task] = each.subscription_id
                if not sending:
                    return accepted
                done, _ = await asyncio.wait(sending, return_when=asyncio.FIRST_COMPLETED)
                accepted += sum(task.result() for task in done)
                for task in done:
                    del sending[task]

    def _claim(self, limit: int, busy: Sequence[UUID]) -> list[ClaimedDelivery]:
        if limit <= 0:
            return []
        with warehouse_connection(self.warehouse) as connection:
            return claim(connection, self.clock(), limit, busy)

    async def _send_one(self, session: aiohttp.ClientSession, one: ClaimedDelivery) -> bool:
        failure = await self._post(session, one)
        await asyncio.to_thread(self._record, one, failure)
        return failure is None

    async def _post(self, session: aiohttp.ClientSession, one: ClaimedDelivery) -> _Failure | None:
        body = json.dumps(one.message, ensure_ascii=False, sort_keys=True).encode()
        sent_at = int(self.clock().timestamp())
        headers = signed_headers(secret_bytes(one.secret), f"msg_{one.id}", sent_at, body)
        try:
            address = checked_address(one.address, self.networks)
            async with session.post(
                address, data=body, headers=headers, allow_redirects=False
            ) as answer:
                return _failure_of(answer.status, answer.headers.get("Retry-After", ""))
        except AddressRefused as error:
            return _Failure(reason=error.message)
        except TimeoutError:
            return _Failure(reason=f"no answer within {self.timeout_seconds:g} s")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            # The text of the error has the address, which may be a secret.
            return _Failure(reason=f"cannot be reached: {type(error).__name__}")

    def _record(self, one: ClaimedDelivery, failure: _Failure | None) -> None:
        now = self.clock()
        with warehouse_connection(self.warehouse) as connection:
            if failure is None:
                record_delivered(connection, one.id, now)
                return
            is_last = one.attempt_count >= MAX_ATTEMPTS
            wait = max(wait_after(one.attempt_count), failure.wait or timedelta(0))
            again_at = None if is_last else now + min(wait, _MAX_WAIT)
            record_failed(connection, one.id, failure.reason, again_at=again_at, now=now)
            if failure.is_gone:
                pause(connection, one.organization_id, one.subscription_id, failure.reason, now)
        if is_last:
            _LOG.error("webhook message %d was given up: %s", one.id, failure.reason)
        elif one.attempt_count == 1:
            _LOG.warning("webhook message %d waits: %s", one.id, failure.reason)


def wait_after(attempt_count: int) -> timedelta:
    """The wait after this many failed attempts: 10 seconds, doubled each time, at most 6 hours."""
    doublings = min(attempt_count - 1, 20)
    return min(_FIRST_WAIT * (1 << doublings), _MAX_WAIT)


def _failure_of(status: int, retry_after: str) -> _Failure | None:
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return None
    is_wait = status in _RETRY_LATER and retry_after.isdecimal() and len(retry_after) <= _MAX_DIGITS
    return _Failure(
        reason=f"answered {status}",
        is_gone=status == HTTPStatus.GONE,
        wait=timedelta(seconds=int(retry_after)) if is_wait else None,
    )
