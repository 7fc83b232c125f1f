"""A caller sees the own organisation only, and does only what the role allows."""

from uuid import UUID, uuid4

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from sqlalchemy import URL

from reporting_pipeline.serving.api.documentation import PAGE
from reporting_pipeline.serving.api.tokens import Role
from reporting_pipeline_tests.sample_reports import BERLIN, TOKYO
from reporting_pipeline_tests.serving.api.api_caller import PROBLEM, ApiCaller

NOBODY = UUID("99999999-0000-4000-8000-000000000009")


def operations(app: FastAPI) -> list[tuple[str, str, list[dict[str, list[str]]]]]:
    """Method, path and security of every operation."""
    return [
        (method, path, operation.get("security", []))
        for path, methods in app.openapi()["paths"].items()
        for method, operation in methods.items()
    ]


def test_every_call_but_health_states_the_least_role(api: ApiCaller) -> None:
    app = api.client.app
    assert isinstance(app, FastAPI)
    roles = {role.value for role in Role}

    for method, path, security in operations(app):
        if path.startswith("/health"):
            continue
        assert path.startswith("/v1/organizations/{organization_id}/"), path
        scopes = {scope for each in security for named in each.values() for scope in named}
        assert len(scopes & roles) == 1, f"{method} {path} states no least role"


def test_a_call_without_a_token_is_not_authenticated(api: ApiCaller) -> None:
    found = api.client.get(f"/v1/organizations/{BERLIN}/reports")

    assert found.status_code == 401
    assert found.headers["content-type"] == PROBLEM
    assert found.headers["www-authenticate"] == 'Bearer error="invalid_token"'
    assert found.json()["type"] == "urn:reporting:problem:token-refused"


@pytest.mark.parametrize("token", ["x", "a.b.c", "\t", "x" * 10_000])
def test_a_call_with_a_malformed_token_is_not_authenticated(api: ApiCaller, token: str) -> None:
    found = api.get("/reports", token=token)

    assert (found.status_code, found.headers["content-type"]) == (401, PROBLEM)
    assert token.strip() == "" or token not in found.json()["detail"].split()


@pytest.mark.parametrize("organization_id", [TOKYO, NOBODY])
def test_another_organisation_looks_like_one_that_does_not_exist(
    api: ApiCaller, organization_id: UUID
) -> None:
    found = api.get("/reports", organization_id=organization_id)

    body = {**found.json(), "instance": ""}
    assert found.status_code == 404
    assert body == {
        "type": "urn:reporting:problem:unknown-name",
        "title": "No organisation or event has this name or id, or several have the name",
        "status": 404,
        "detail": "there is no such organisation: name the one of your token in the path",
        "instance": "",
        "retryable": False,
    }


@pytest.mark.parametrize("text", ["x", "00000001", "' or 1=1", "%00", "*"])
def test_an_organisation_that_is_no_id_is_not_found(api: ApiCaller, text: str) -> None:
    token = api.token()

    found = api.client.get(
        f"/v1/organizations/{text}/reports", headers={"Authorization": f"Bearer {token}"}
    )

    assert found.status_code == 404


def test_the_platform_may_name_every_organisation_that_has_landed(api: ApiCaller) -> None:
    platform = api.token(None, Role.VIEWER)

    assert api.get("/reports", token=platform, organization_id=TOKYO).status_code == 200
    assert api.get("/reports", token=platform, organization_id=NOBODY).status_code == 404


def test_each_role_may_do_what_the_ones_before_it_may() -> None:
    order = [Role.VIEWER, Role.EDITOR, Role.APPROVER, Role.OPERATOR]

    for place, role in enumerate(order):
        assert [role.includes(least) for least in order] == [n <= place for n in range(4)]


def test_calls_are_counted_for_each_caller(api: ApiCaller) -> None:
    anna, ben = api.token(subject=str(uuid4())), api.token(subject=str(uuid4()))

    first, second = (api.get("/reports", token=anna).headers for _ in range(2))

    assert first["ratelimit-policy"] == '"calls";q=600;w=60'
    assert first["ratelimit"].startswith('"calls";r=599;t=')
    assert second["ratelimit"].startswith('"calls";r=598;t=')
    assert api.get("/reports", token=ben).headers["ratelimit"].startswith('"calls";r=599')


def test_a_method_that_a_path_does_not_have_is_answered_with_those_that_it_has(
    api: ApiCaller,
) -> None:
    def allowed(method: str, path: str) -> tuple[int, str]:
        found = api.call(method, path)
        return found.status_code, found.headers["allow"]

    assert allowed("DELETE", "/reports") == (405, "GET, POST")
    assert allowed("OPTIONS", f"/webhooks/{uuid4()}") == (405, "DELETE, GET")
    assert allowed("POST", "/definitions/a/diff") == (405, "GET")


def test_no_route_is_outside_of_the_documentation(api: ApiCaller) -> None:
    app = api.client.app
    assert isinstance(app, FastAPI)
    served = [each.path for each in app.routes if isinstance(each, APIRoute)]

    assert [path for path in served if path not in app.openapi()["paths"]] == [PAGE]


def test_the_address_of_the_warehouse_is_in_no_answer(api: ApiCaller) -> None:
    url: URL = api.settings.warehouse_url()

    for found in (api.get("/reports"), api.client.get("/health/ready")):
        assert str(url.database) not in found.text
