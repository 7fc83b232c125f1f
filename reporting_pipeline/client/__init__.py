"""A client of the HTTP API, for programs in Python: `pip install 'reporting-pipeline[client]'`.

    from reporting_pipeline.client import ReportingClient

    with ReportingClient("https://reports.example.org", organization_id, token) as client:
        answer = client.report("daily-sales", "2026-02-28", "xlsx")
        if answer.file is not None:
            client.download(answer.report_id, "daily-sales.xlsx")

    client      `ReportingClient`: a method for each call
    models      what the server answers, and the bodies that it is asked with
    words       the words that fields of the API may have
    problems    what a call can fail with: the tree of `ApiError`
    calls       the token, the time limits and repeated attempts
    downloads   a file: whole and as published, or not at all
    notices     the stream of what changes

What belongs here: what a program of an integrator needs. It imports httpx2, tenacity and pydantic,
and nothing else of this project, so that it says nothing that the API does not say. No other
package imports it.
"""

from reporting_pipeline.client.calls import Patience, Token
from reporting_pipeline.client.client import ReportingClient, TaggedDefinition
from reporting_pipeline.client.notices import Notice
from reporting_pipeline.client.problems import (
    ApiError,
    CallFailed,
    CallInvalid,
    Conflict,
    FileDiffers,
    Gone,
    NoAnswer,
    NoFile,
    NotFound,
    RoleTooLow,
    ServerFailed,
    TokenRefused,
    TooManyCalls,
    UnreadableAnswer,
    VersionChanged,
)

__all__ = [
    "ApiError",
    "CallFailed",
    "CallInvalid",
    "Conflict",
    "FileDiffers",
    "Gone",
    "NoAnswer",
    "NoFile",
    "NotFound",
    "Notice",
    "Patience",
    "ReportingClient",
    "RoleTooLow",
    "ServerFailed",
    "TaggedDefinition",
    "Token",
    "TokenRefused",
    "TooManyCalls",
    "UnreadableAnswer",
    "VersionChanged",
]
