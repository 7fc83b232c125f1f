"""A caller of the API in tests: calls with a token of an organisation and a role."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from fastapi.testclient import TestClient
from httpx2 import Response
from pydantic import SecretStr
from sqlalchemy import URL

from reporting_pipeline.serving.api.local_keys import LocalKey
from reporting_pipeline.serving.api.tokens import Role
from reporting_pipeline.settings import Settings
from reporting_pipeline.store import open_store
from reporting_pipeline_tests.sample_reports import BERLIN, NOW, ReportGenerator

PROBLEM = "application/problem+json"


def api_settings(
    warehouse: URL, folder: Path, *, redis_url: str | None = None, **others: Any
) -> Settings:
    """Settings of an API with a home and a store in a folder."""
    return Settings(
        **{
            "database_url": SecretStr(warehouse.render_as_string(hide_password=False)),
            "redis_url": None if redis_url is None else SecretStr(redis_url),
            "store_url": (folder / "store").as_uri(),
            "home": folder / "home",
            **others,
        }
    )


def local_token(
    settings: Settings,
    organization_id: UUID | None,
    role: Role = Role.OPERATOR,
    *,
    subject: str = "tester",
) -> str:
    """A token of the local key; of the platform if there is no organisation."""
    return LocalKey.of_home(settings.home).token(
        settings.api_audience,
        role,
        subject=subject,
        organization_id=organization_id,
        now=datetime.now(UTC),
        lifetime=timedelta(hours=1),
    )


@dataclass(frozen=True, kw_only=True)
class ApiCaller:
    """Calls the API, as one organisation and role, unless a call says otherwise."""

    client: TestClient
    settings: Settings
    organization_id: UUID = BERLIN
    role: Role = Role.OPERATOR

    def token(
        self,
        organization_id: UUID | None = BERLIN,
        role: Role = Role.OPERATOR,
        *,
        subject: str = "tester",
    ) -> str:
        """A token of the local key; of the platform if there is no organisation."""
        return local_token(self.settings, organization_id, role, subject=subject)

    def call(
        self,
        method: str,
        path: str,
        *,
        token: str | None = None,
        organization_id: UUID | None = None,
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> Response:
        """Call a path below the one of the organisation.

        Args:
            method: Such as GET.
            path: Below the path of the organisation, such as `/reports`.
            token: In place of one of the caller's own organisation and role.
            organization_id: In place of the caller's own organisation in the path.
            headers: Further headers.
            more: For the client, such as `json`.
        """
        named = organization_id or self.organization_id
        bearer = token or self.token(self.organization_id, self.role)
        return self.client.request(
            method,
            f"/v1/organizations/{named}{path}",
            headers={"Authorization": f"Bearer {bearer}", **(headers or {})},
            **more,
        )

    def get(self, path: str, **more: Any) -> Response:
        """Get a path below the one of the organisation."""
        return self.call("GET", path, **more)

    @property
    def maker(self) -> ReportGenerator:
        """Generates reports beside the API."""
        store = open_store(self.settings.store_address())
        return ReportGenerator(self.settings.warehouse_url(), store, NOW)
