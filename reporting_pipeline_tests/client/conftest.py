"""Fixtures of the client: clients of the application over the season, in this process."""

from collections.abc import Callable
from functools import partial
from uuid import UUID

import pytest

from reporting_pipeline.client import Patience, ReportingClient
from reporting_pipeline.serving.api.tokens import Role
from reporting_pipeline_tests.sample_reports import BERLIN
from reporting_pipeline_tests.serving.api import conftest as api_fixtures
from reporting_pipeline_tests.serving.api.api_caller import ApiCaller

api = api_fixtures.api
connected_api = api_fixtures.connected_api

ClientOf = Callable[..., ReportingClient]


@pytest.fixture
def pauses() -> list[float]:
    """The seconds that clients of this test have waited; no time passes."""
    return []


def client_of(
    api: ApiCaller,
    pauses: list[float],
    *,
    role: Role = Role.OPERATOR,
    organization_id: UUID = BERLIN,
) -> ReportingClient:
    """A client of the application in this process."""
    return ReportingClient(
        "http://testserver",
        organization_id,
        api.token(organization_id, role),
        patience=Patience(sleep=pauses.append),
        http=api.client,
    )


@pytest.fixture
def clients(api: ApiCaller, pauses: list[float]) -> ClientOf:
    """Makes clients, of a role and an organisation."""
    return partial(client_of, api, pauses)


@pytest.fixture
def client(clients: ClientOf) -> ReportingClient:
    """An operator of Berlin."""
    return clients()
