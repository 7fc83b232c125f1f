"""Makes calls: the token, the time limits, repeated attempts, and failures as errors.

A call is tried again if it was not answered, or if the server says that it can succeed later; not
before `Retry-After` is over, and else after a pause that grows. A call that would do something
twice is tried again only if the server has certainly not done it: if it was not reached, or has
counted too many calls (429).
"""

import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import quote

import httpx2
from pydantic import BaseModel, ValidationError
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception,
    stop_after_attempt,
    wait_exponential,
    wait_random,
)

from reporting_pipeline.client.models import Body, Page
from reporting_pipeline.client.problems import (
    ApiError,
    CallFailed,
    NoAnswer,
    TooManyCalls,
    UnreadableAnswer,
    failure_of,
)

Token = str | Callable[[], str]
"""A token, or a function that returns one that is still valid."""

_PAGE_ROWS = 200
_UNAUTHORIZED = 401
_UNSENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout)
_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a client waits, and how often it tries.

    Attributes:
        timeout_seconds: The longest silence of the server, also while connecting.
        attempt_count: How often a call is tried.
        longest_pause_seconds: A server that wants a longer pause makes the call fail.
        sleep: Waits; tests replace it.
    """

    timeout_seconds: float = 60.0
    attempt_count: int = 5
    longest_pause_seconds: float = 60.0
    sleep: Callable[[float], None] = time.sleep


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call.

    Attributes:
        path: From the server's root.
        query: By parameter; what is None is not sent, a sequence is repeated.
        body: Sent as JSON.
        is_repeatable: Doing it twice is the same as doing it once.
        timeout_seconds: In place of the client's own.
        also_accepted: A status that is an answer if it has JSON, although it is no success.
    """

    method: str
    path: str
    query: Mapping[str, object] = field(default_factory=dict)
    body: BaseModel | Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    is_repeatable: bool = False
    timeout_seconds: float | None = None
    also_accepted: int | None = None


class _Bearer(httpx2.Auth):
    """Sends the token to the server only: the library removes it when another host is named."""

    def __init__(self, token: Token) -> None:
        self._token = token

    def auth_flow(
        self, request: httpx2.Request
    ) -> Generator[httpx2.Request, httpx2.Response, None]:
        """Send a call; once more with another token if the first one is over."""
        token = self._now()
        request.headers["Authorization"] = f"Bearer {token}"
        answer = yield request
        if answer.status_code == _UNAUTHORIZED and (fresh := self._now()) != token:
            request.headers["Authorization"] = f"Bearer {fresh}"
            yield request

    def _now(self) -> str:
        return self._token if isinstance(self._token, str) else self._token()


class Calls:
    """Makes the calls of one client."""

    def __init__(self, http: httpx2.Client, address: str, token: Token, patience: Patience) -> None:
        self.patience = patience
        self._http = http
        self._address = address.rstrip("/")
        self._auth = _Bearer(token)

    def get(self, model: type[Body], path: str, query: Mapping[str, object] | None = None) -> Body:
        """Gets a path; returns the body of the answer.

        Raises:
            ApiError: See `problems`.
        """
        return self.body(
            model, Call(method="GET", path=path, query=query or {}, is_repeatable=True)
        )

    def body(self, model: type[Body], call: Call) -> Body:
        """Makes a call; returns the body of the answer.

        Raises:
            ApiError: See `problems`.
        """
        return read(model, self.answer(call))

    def pages(
        self, page: type[Page[_Item]], path: str, query: Mapping[str, object] | None = None
    ) -> Iterator[_Item]:
        """Every item of a list; a page is asked for when its first item is wanted.

        Raises:
            ApiError: See `problems`.
        """
        cursor: str | None = None
        while True:
            found = self.get(page, path, {**(query or {}), "limit": _PAGE_ROWS, "cursor": cursor})
            yield from found.items
            cursor = found.next_cursor
            if cursor is None:
                return

    def answer(self, call: Call) -> httpx2.Response:
        """The whole answer to a call, after as many attempts as it needs.

        Raises:
            ApiError: See `problems`.
        """

        def attempt() -> httpx2.Response:
            answer = self.opened(call)
            with breaks_off():
                answer.read()
            return answer

        return self.retrying(is_repeatable=call.is_repeatable)(attempt)

    def opened(self, call: Call) -> httpx2.Response:
        """One attempt at a call: the answer, whose body is still to be read and closed.

        Raises:
            ApiError: See `problems`.
        """
        body = call.body
        request = self._http.build_request(
            call.method,
            f"{self._address}{call.path}",
            params=_shown(call.query),
            json=body.model_dump(mode="json") if isinstance(body, BaseModel) else body,
            headers=dict(call.headers),
            timeout=call.timeout_seconds or self.patience.timeout_seconds,
        )
        with breaks_off():
            answer = self._http.send(request, auth=self._auth, follow_redirects=True, stream=True)
            if not answer.is_success and not _is_accepted(answer, call):
                answer.read()
                raise failure_of(answer)
        return answer

    def retrying(self, *, is_repeatable: bool) -> Retrying:
        """Repeats a function that raises errors of calls; the last one is raised."""
        return Retrying(
            retry=retry_if_exception(lambda error: self._is_tried_again(error, is_repeatable)),
            stop=stop_after_attempt(self.patience.attempt_count),
            wait=self._pause,
            sleep=self.patience.sleep,
            reraise=True,
        )

    def _is_tried_again(self, error: BaseException, is_repeatable: bool) -> bool:
        if not isinstance(error, ApiError) or not error.retryable:
            return False
        if (_wanted_pause(error) or 0) > self.patience.longest_pause_seconds:
            return False
        is_undone = isinstance(error, TooManyCalls) or (
            isinstance(error, NoAnswer) and error.is_unsent
        )
        return is_repeatable or is_undone

    def _pause(self, state: RetryCallState) -> float:
        wanted = _wanted_pause(None if state.outcome is None else state.outcome.exception())
        if wanted is not None:
            return wanted
        own = wait_exponential(multiplier=0.5, max=self.patience.longest_pause_seconds)
        return (own + wait_random(0, 1))(state)


@contextmanager
def breaks_off() -> Iterator[None]:
    """Let failures of the connection become errors of calls.

    Raises:
        NoAnswer: The server was not reached, or its answer broke off.
    """
    try:
        yield
    except httpx2.RequestError as error:
        words = str(error) or type(error).__name__
        message = f"{error.request.method} {place_of(error.request)} was not answered: {words}"
        raise NoAnswer(message, isinstance(error, _UNSENT)) from error


def read(model: type[Body], answer: httpx2.Response) -> Body:
    """The body of an answer.

    Raises:
        UnreadableAnswer: It is something else than the API describes.
    """
    try:
        return model.model_validate_json(answer.content)
    except ValidationError as error:
        message = f"the answer of {place_of(answer.request)} is no {model.__name__}: {error}"
        raise UnreadableAnswer(message) from error


def place_of(request: httpx2.Request) -> str:
    """The address of a request for messages: the query of a bucket's link is a secret."""
    return str(request.url.copy_with(query=None))


def path_of(*parts: object) -> str:
    """A path from its parts, each of which is escaped."""
    return "".join(f"/{quote(str(each), safe='')}" for each in parts)


def _is_accepted(answer: httpx2.Response, call: Call) -> bool:
    is_json = answer.headers.get("content-type") == "application/json"
    return is_json and answer.status_code == call.also_accepted


def _wanted_pause(error: BaseException | None) -> float | None:
    return error.retry_after_seconds if isinstance(error, CallFailed) else None


def _shown(query: Mapping[str, object]) -> dict[str, str | list[str]]:
    """The parameters as text."""
    return {
        name: list(map(str, value))
        if isinstance(value, Sequence) and not isinstance(value, str)
        else str(value)
        for name, value in query.items()
        if value is not None
    }
