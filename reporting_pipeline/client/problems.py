"""What a call can fail with: one tree of errors.

    ApiError                anything below; `retryable` says whether the same call can succeed later
      NoAnswer              (retryable) the server was not reached, or its answer broke off
      UnreadableAnswer      the answer is not what the API describes: perhaps a proxy answered
      NoFile                the report has no file: it is held, has failed, is empty or not made yet
      FileDiffers           (retryable) the file that came is not the one that was published
      CallFailed            the server refused the call, or failed: `problem` says why
        TokenRefused        401: the token is missing, wrong or over
        RoleTooLow          403: the token's role may not do this
        NotFound            404: the organisation has nothing of this name
        Conflict            409: the state of the thing does not allow it
        Gone                410: the file was replaced by a later edition
        VersionChanged      412: somebody has changed the definition since it was read
        CallInvalid         422: values are not valid; `problem.invalid` names them
        TooManyCalls        429: `retry_after_seconds` says when there may be more
        ServerFailed        500 and above; 503 is retryable

An answer without a problem, such as the page of a proxy, becomes a problem of the type
`about:blank`, as RFC 9457 says.
"""

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType

import httpx2
from pydantic import ValidationError

from reporting_pipeline.client.models import Problem

_SHOWN_CHARACTERS = 200
# What a proxy answers while the server is being replaced or is too busy.
_PASSING = frozenset({429, 502, 503, 504})


class ApiError(Exception):
    """A call did not do what was asked."""

    @property
    def retryable(self) -> bool:
        """True if the same call can succeed later."""
        return False


class NoAnswer(ApiError):
    """The server was not reached, or its answer broke off.

    Attributes:
        is_unsent: The server has certainly not seen the call.
    """

    def __init__(self, message: str, is_unsent: bool = False) -> None:
        super().__init__(message, is_unsent)
        self.is_unsent = is_unsent

    def __str__(self) -> str:
        return str(self.args[0])

    @property
    def retryable(self) -> bool:
        """It is."""
        return True


class UnreadableAnswer(ApiError):
    """The answer is not what the API describes."""


class NoFile(ApiError):
    """The report has no file."""


class FileDiffers(ApiError):
    """The file that came is not the one that was published."""

    @property
    def retryable(self) -> bool:
        """It is: the next answer may be whole."""
        return True


class CallFailed(ApiError):
    """The server refused the call, or failed.

    Attributes:
        problem: Why, as RFC 9457 says.
        request_id: The call in the server's log; None if a proxy answered.
        retry_after_seconds: When the server wants to be asked again; None if it says nothing.
    """

    def __init__(
        self,
        problem: Problem,
        request_id: str | None = None,
        retry_after_seconds: float | None = None,
    ) -> None:
        super().__init__(problem, request_id, retry_after_seconds)
        self.problem = problem
        self.request_id = request_id
        self.retry_after_seconds = retry_after_seconds

    def __str__(self) -> str:
        call = "" if self.request_id is None else f" (call {self.request_id})"
        return f"{self.problem.status} {self.problem.title}: {self.problem.detail}{call}"

    @property
    def retryable(self) -> bool:
        """What the problem says."""
        return self.problem.retryable


class TokenRefused(CallFailed):
    """The token is missing, wrong or over."""


class RoleTooLow(CallFailed):
    """The token's role may not do this."""


class NotFound(CallFailed):
    """The organisation has nothing of this name."""


class Conflict(CallFailed):
    """The state of the thing does not allow it."""


class Gone(CallFailed):
    """The file was replaced by a later edition."""


class VersionChanged(CallFailed):
    """Somebody has changed the definition since it was read."""


class CallInvalid(CallFailed):
    """Values of the call are not valid."""


class TooManyCalls(CallFailed):
    """The caller has made all calls of this minute."""


class ServerFailed(CallFailed):
    """The server failed, or cannot serve calls now."""


_CLASSES: Mapping[int, type[CallFailed]] = MappingProxyType(
    {
        401: TokenRefused,
        403: RoleTooLow,
        404: NotFound,
        409: Conflict,
        410: Gone,
        412: VersionChanged,
        422: CallInvalid,
        429: TooManyCalls,
    }
)


def failure_of(answer: httpx2.Response) -> CallFailed:
    """The error of an answer that was read and is no success."""
    status = answer.status_code
    found = _CLASSES.get(
        status, ServerFailed if status >= HTTPStatus.INTERNAL_SERVER_ERROR else CallFailed
    )
    return found(
        _problem(answer), answer.headers.get("x-request-id"), seconds_to_wait(answer.headers)
    )


def seconds_to_wait(headers: Mapping[str, str]) -> float | None:
    """The seconds of `Retry-After`; None without it, or if it is a date."""
    given = headers.get("retry-after", "")
    return float(given) if given.isascii() and given.isdigit() else None


def _problem(answer: httpx2.Response) -> Problem:
    try:
        return Problem.model_validate_json(answer.content)
    except ValidationError:
        text = " ".join(answer.text.split())[:_SHOWN_CHARACTERS]
        return Problem(
            type="about:blank",
            title=answer.reason_phrase or "The call failed",
            status=answer.status_code,
            detail=f"{answer.request.url.host} answered without a problem: {text or 'nothing'}",
            instance=f"urn:reporting:call:{answer.headers.get('x-request-id', 'unknown')}",
            retryable=answer.status_code in _PASSING,
        )
