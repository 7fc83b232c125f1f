"""Calls a server over kept connections, and listens to its streams, as cheaply as Python can."""

import asyncio
import contextlib
import time
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from statistics import quantiles

_END_OF_HEAD = b"\r\n\r\n"
_LENGTH = b"content-length:"
_PATIENCE_SECONDS = 60
_AT_ONCE = 50  # connections that are opened at the same time


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A call of a server of this machine."""

    port: int
    path: str
    headers: Mapping[str, str]
    method: str = "GET"
    body: bytes = b""

    @property
    def head(self) -> bytes:
        """The call as it is sent."""
        headers = {"Host": "127.0.0.1", **self.headers}
        if self.body:
            headers["Content-Length"] = str(len(self.body))
        lines = [f"{self.method} {self.path} HTTP/1.1", *(f"{k}: {v}" for k, v in headers.items())]
        return "\r\n".join([*lines, "", ""]).encode() + self.body


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """The answers to some calls.

    Attributes:
        seconds: The time of each call.
        byte_count: The length of the last body.
        bodies: The bodies, if they were asked for.
    """

    seconds: list[float]
    byte_count: int
    bodies: list[bytes]

    def percentile(self, percent: int) -> float:
        """The time in which so many percent of the calls were answered, in seconds."""
        return quantiles(self.seconds, n=100)[percent - 1]


def call_often(call: Call, *, calls: int, connections: int, are_kept: bool = False) -> Answers:
    """Make the same call often.

    Args:
        call: The call; any other status than 200 is an error.
        calls: How often, in all.
        connections: Calls at the same time, each over a connection of its own.
        are_kept: Return the bodies.
    """
    return asyncio.run(_call_often(call, calls, connections, are_kept))


async def _call_often(call: Call, calls: int, connections: int, are_kept: bool) -> Answers:
    seconds: list[float] = []
    bodies: list[bytes] = []
    numbers, head = count(), call.head
    size = 0

    async def connection() -> None:
        nonlocal size
        reader, writer = await asyncio.open_connection("127.0.0.1", call.port)
        while next(numbers) < calls:
            began = time.perf_counter()
            writer.write(head)
            body = await _answer(reader)
            seconds.append(time.perf_counter() - began)
            size = len(body)
            if are_kept:
                bodies.append(body)
        writer.close()

    async with asyncio.timeout(_PATIENCE_SECONDS), asyncio.TaskGroup() as group:
        for _ in range(connections):
            group.create_task(connection())
    return Answers(seconds=seconds, byte_count=size, bodies=bodies)


async def _answer(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(_END_OF_HEAD)
    if not head.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(head.decode())
    [length] = [line for line in head.lower().splitlines() if line.startswith(_LENGTH)]
    return await reader.readexactly(int(length.removeprefix(_LENGTH)))


class Streams:
    """Open streams of server-sent events, each over a connection of its own."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._open: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def open(self, stream_count: int) -> None:
        """Open so many streams, and wait until each is connected."""
        for first in range(0, stream_count, _AT_ONCE):
            group = min(_AT_ONCE, stream_count - first)
            self._open += await asyncio.gather(*(self._connect() for _ in range(group)))

    async def arrivals(self, mark: bytes) -> list[float]:
        """When each stream got an event with this text, by the clock of the process."""
        return list(await asyncio.gather(*(self._arrival(each, mark) for each, _ in self._open)))

    async def close(self) -> None:
        """Close all streams."""
        for _, writer in self._open:
            writer.close()
        for _, writer in self._open:
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._call.port)
        writer.write(self._call.head)
        head = await reader.readuntil(_END_OF_HEAD)
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(head.decode())
        await reader.readuntil(b": connected")
        return reader, writer

    async def _arrival(self, reader: asyncio.StreamReader, mark: bytes) -> float:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            await reader.readuntil(mark)
        return time.perf_counter()
