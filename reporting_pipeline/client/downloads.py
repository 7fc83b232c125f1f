"""Downloads the file of a report: whole and as published, or not at all.

The bytes go into a hidden file beside the target. A connection that breaks is taken up again behind
the bytes that came, as often as each attempt brings more. The file gets its name when its size and
its SHA-256 are those that the server has named; a bucket or a proxy in between is not believed.
"""

import hashlib
import os
import re
from contextlib import closing
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

import httpx2
from tenacity import RetryCallState

from reporting_pipeline.client.calls import Call, Calls, breaks_off, place_of
from reporting_pipeline.client.models import ReportFile
from reporting_pipeline.client.problems import FileDiffers, NoAnswer, UnreadableAnswer

_PART = 206
_FIRST = re.compile(r"bytes (?P<first>[0-9]+)-")


def download_file(calls: Calls, path: str, file: ReportFile, target: Path) -> Path:
    """Download a file.

    Args:
        calls: Makes the calls.
        path: Of the file, from the server's root.
        file: What the server has published.
        target: A new file, one to replace, or a folder, in which the file gets its own name.

    Returns:
        The path of the file.

    Raises:
        FileDiffers: Another file came.
        ApiError: See `problems`.
        OSError: The file cannot be written.
    """
    place = target / _own_name(file) if target.is_dir() else target
    part = place.with_name(f".download-{uuid4().hex}.part")
    try:
        with part.open("xb") as opened:
            incoming = _Incoming(opened, file, calls.patience.attempt_count)
            retrying = calls.retrying(is_repeatable=True).copy(stop=incoming.is_stuck)
            retrying(_continue, calls, path, incoming)
            incoming.require_whole()
            os.fsync(opened.fileno())
        part.replace(place)
    finally:
        part.unlink(missing_ok=True)
    return place


class _Incoming:
    """The bytes that have come so far."""

    def __init__(self, opened: BinaryIO, file: ReportFile, attempt_count: int) -> None:
        self._opened = opened
        self._attempt_count = attempt_count
        self._most_bytes, self._last_useful_attempt = 0, 0
        self.file = file
        self._digest = hashlib.sha256()
        self.byte_count = 0

    def add(self, content: bytes) -> None:
        self._opened.write(content)
        self._digest.update(content)
        self.byte_count += len(content)

    def is_stuck(self, state: RetryCallState) -> bool:
        """True if the last attempts have brought nothing: a large file may break more often."""
        if self.byte_count > self._most_bytes:
            self._most_bytes, self._last_useful_attempt = self.byte_count, state.attempt_number
        return state.attempt_number - self._last_useful_attempt >= self._attempt_count

    def begin_again(self) -> None:
        self._opened.seek(0)
        self._opened.truncate()
        self._digest = hashlib.sha256()
        self.byte_count = 0

    def require_whole(self) -> None:
        self._opened.flush()
        if self.byte_count != self.file.byte_count:
            raise FileDiffers(self._difference(str(self.byte_count)))
        if self._digest.hexdigest() != self.file.sha256:
            raise FileDiffers(self._difference(f"the SHA-256 {self._digest.hexdigest()}"))

    def _difference(self, found: str) -> str:
        expected = f"{self.file.byte_count} bytes with the SHA-256 {self.file.sha256}"
        return f"{self.file.name} has {expected}, and {found} came: nothing was written"


def _continue(calls: Calls, path: str, incoming: _Incoming) -> None:
    """One attempt at the bytes that have not come yet."""
    if 0 < incoming.file.byte_count <= incoming.byte_count:
        return
    headers = {"Accept-Encoding": "identity"}
    if incoming.byte_count:
        headers["Range"] = f"bytes={incoming.byte_count}-"
    with closing(calls.opened(Call(method="GET", path=path, headers=headers))) as answer:
        _place(answer, incoming)
        with breaks_off():
            for content in answer.iter_bytes():
                incoming.add(content)
                if incoming.byte_count > incoming.file.byte_count:
                    return


def _place(answer: httpx2.Response, incoming: _Incoming) -> None:
    """Let an answer begin where the bytes end; or begin again with the whole file."""
    given = answer.headers.get("content-range")
    if given is None and answer.status_code != _PART:
        incoming.begin_again()
        return
    # By the header: some buckets send a part with the status 200.
    found = _FIRST.match(given or "")
    if found is None or int(found["first"]) != incoming.byte_count:
        incoming.begin_again()
        message = f"{place_of(answer.request)} answered with other bytes than it was asked for"
        raise NoAnswer(message)


def _own_name(file: ReportFile) -> str:
    """The file's name, without any folder that a server could name.

    Raises:
        UnreadableAnswer: It is no name of a file.
    """
    name = Path(file.name).name
    if name in {"", ".."}:
        message = f"{file.name!r} is no name of a file: name a target"
        raise UnreadableAnswer(message)
    return name
