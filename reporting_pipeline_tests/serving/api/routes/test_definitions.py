"""An editor changes the definitions of the organisation, and nobody else's."""

from typing import Any

import pytest
from httpx2 import Response

from reporting_pipeline.serving.api.answers import cursor_of
from reporting_pipeline.serving.api.tokens import Role
from reporting_pipeline_tests.sample_reports import BERLIN, REVENUE, TOKYO, define
from reporting_pipeline_tests.serving.api.api_caller import PROBLEM, ApiCaller


def create(api: ApiCaller, slug: str, **more: object) -> Response:
    return api.call("POST", "/definitions", json={**REVENUE, "slug": slug, **more})


def put(api: ApiCaller, slug: str, tag: str, **more: object) -> Response:
    document = {**REVENUE, "slug": slug, **more}
    return api.call("PUT", f"/definitions/{slug}", json=document, headers={"If-Match": tag})


def test_a_definition_is_created_and_read_as_it_is_sent(api: ApiCaller) -> None:
    made = create(api, "created")

    found = api.get("/definitions/created")

    assert made.status_code == 201
    assert made.headers["location"].endswith("/definitions/created")
    assert made.headers["etag"] == found.headers["etag"]
    document = found.json()["document"]
    assert (document["name"], found.json()["version"]) == (REVENUE["name"], 1)
    match = {"If-Match": found.headers["etag"]}
    again = api.call("PUT", "/definitions/created", json=document, headers=match)
    assert (again.status_code, again.json()) == (200, found.json())


def test_a_definition_is_not_created_twice(api: ApiCaller) -> None:
    create(api, "twice")

    found = create(api, "twice", name="Another")

    assert found.status_code == 409
    assert api.get("/definitions/twice").json()["document"]["name"] == REVENUE["name"]


def test_a_new_version_keeps_the_former_one(api: ApiCaller) -> None:
    tag = create(api, "versioned").headers["etag"]

    changed = put(api, "versioned", tag, name="Second").json()

    assert (changed["version"], [each["version"] for each in changed["versions"]]) == (2, [2, 1])
    former = api.get("/definitions/versioned/versions/1").json()
    assert former["document"]["name"] == REVENUE["name"]
    diff = api.get("/definitions/versioned/diff", params={"from": "1", "to": "2"}).json()
    assert diff == {"items": [{"field": "name", "old": REVENUE["name"], "new": "Second"}]}


def test_a_version_that_is_not_there_is_not_found(api: ApiCaller) -> None:
    create(api, "short")

    assert api.get("/definitions/short/versions/9").status_code == 404
    query = {"from": "1", "to": "9"}
    assert api.get("/definitions/short/diff", params=query).status_code == 404


def test_a_change_of_what_another_editor_has_changed_is_refused(api: ApiCaller) -> None:
    tag = create(api, "raced").headers["etag"]
    put(api, "raced", tag, name="First")

    late = put(api, "raced", tag, name="Late")
    without = api.call("PUT", "/definitions/raced", json={**REVENUE, "slug": "raced"})

    assert (late.status_code, late.headers["content-type"]) == (412, PROBLEM)
    assert without.status_code == 422
    assert api.get("/definitions/raced").json()["document"]["name"] == "First"


def test_all_faults_are_named_at_once(api: ApiCaller) -> None:
    config = {"dataset": "revenue_daily", "columns": ["nothing"], "period": "previous_day"}

    found = create(api, "Not a slug", formats=["exe"], config=config)

    assert (found.status_code, found.headers["content-type"]) == (422, PROBLEM)
    places = {each["place"] for each in found.json()["invalid"]}
    assert {"body.slug", "body.formats[0]"} <= places
    assert any(each.startswith("body.config.columns") for each in places)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff", b"null", b"[" * 5_000])
def test_a_body_that_is_no_definition_is_refused(api: ApiCaller, content: bytes) -> None:
    found = api.call("POST", "/definitions", content=content)

    assert (found.status_code, found.headers["content-type"]) == (422, PROBLEM)


def test_a_definition_is_paused_resumed_and_archived(api: ApiCaller) -> None:
    create(api, "paused")

    def after(action: str) -> Any:
        found = api.call("POST", f"/definitions/paused/{action}")
        return found.json().get("status")

    assert [after(each) for each in ("pause", "pause", "resume")] == ["paused", "paused", "active"]
    assert after("archive") == "archived"
    assert after("resume") == 409
    assert api.get("/definitions/paused").json()["version"] == 1
    assert after("delete") == 404


def test_a_paused_definition_makes_no_report_from_memory(api: ApiCaller) -> None:
    create(api, "remembered")
    known = api_definition(api, "remembered")

    api.call("POST", "/definitions/remembered/pause")

    assert (known, api_definition(api, "remembered")) == ("active", "paused")


def test_other_processes_are_told_of_a_change(connected_api: ApiCaller) -> None:
    create(connected_api, "told")

    connected_api.call("POST", "/definitions/told/pause")

    notices = connected_api.maker.query(
        "select announced_at is not null from catalogue.notices where message ->> 'slug' = 'told'"
    )
    # One for the organisation, one for the definition.
    assert notices == [(True,), (True,)]


def api_definition(api: ApiCaller, slug: str) -> str:
    """The status of a definition in the memory of the process."""
    desk = api.client.app.state.context.desk  # type: ignore[attr-defined] # of the framework
    return str(desk.caches.definitions.definition(api.organization_id, slug).status)


def test_a_list_leads_through_all_definitions_once(api: ApiCaller) -> None:
    for each in ("listed-a", "listed-b", "listed-c"):
        create(api, each, schedule="manual")
    query, found = {"schedule": "manual", "limit": "2"}, []
    while True:
        page = api.get("/definitions", params=query).json()
        found += [each["slug"] for each in page["items"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]

    assert found == sorted(set(found))
    assert {"listed-a", "listed-b", "listed-c"} <= set(found)


def test_a_viewer_changes_nothing(api: ApiCaller) -> None:
    tag = create(api, "watched").headers["etag"]
    viewer: dict[str, Any] = {"token": api.token(role=Role.VIEWER)}
    body = {**REVENUE, "slug": "watched"}

    assert api.get("/definitions/watched", **viewer).status_code == 200
    assert api.call("POST", "/definitions", json=body, **viewer).status_code == 403
    assert api.call("POST", "/definitions/watched/archive", **viewer).status_code == 403
    match = {"If-Match": tag}
    changed = api.call("PUT", "/definitions/watched", json=body, headers=match, **viewer)
    assert changed.status_code == 403


def test_another_organisation_finds_nothing(api: ApiCaller) -> None:
    for each in ("private-a", "private-b"):
        create(api, each)
    tag = api.get("/definitions/private-a").headers["etag"]
    cursor = api.get("/definitions", params={"limit": "1"}).json()["next_cursor"]
    tokyo: dict[str, Any] = {"token": api.token(TOKYO), "organization_id": TOKYO}
    listed = api.get("/definitions", **tokyo).json()["items"]

    def of_tokyo(method: str, path: str, **more: Any) -> int:
        return api.call(method, path, **tokyo, **more).status_code

    assert not [each for each in listed if each["slug"].startswith("private")]
    assert of_tokyo("GET", "/definitions", params={"cursor": cursor, "limit": "1"}) == 422
    assert of_tokyo("GET", "/definitions/private-a", headers={"If-None-Match": tag}) == 404
    assert of_tokyo("GET", "/definitions/private-a/versions/1") == 404
    assert of_tokyo("POST", "/definitions/private-a/archive") == 404
    body, match = {**REVENUE, "slug": "private-a"}, {"If-Match": "*"}
    assert of_tokyo("PUT", "/definitions/private-a", json=body, headers=match) == 404
    assert api.get("/definitions/private-a", token=tokyo["token"]).status_code == 404


def test_a_body_of_another_organisation_is_refused(api: ApiCaller) -> None:
    define(api.maker.warehouse, {**REVENUE, "slug": "theirs"}, TOKYO)

    known = create(api, "theirs", organization_id=str(TOKYO))
    unknown = create(api, "theirs", organization_id="99999999-0000-4000-8000-000000000009")

    assert (known.status_code, known.json()["invalid"]) == (422, unknown.json()["invalid"])
    assert api.get("/definitions/theirs").status_code == 404


def test_a_body_of_another_slug_is_refused(api: ApiCaller) -> None:
    tag = create(api, "named").headers["etag"]
    body, match = {**REVENUE, "slug": "other"}, {"If-Match": tag}

    found = api.call("PUT", "/definitions/named", json=body, headers=match)

    assert found.json()["invalid"][0]["place"] == "body.slug"


@pytest.mark.parametrize("position", [[1], 1, {}, "created", [["created"]]])
def test_a_cursor_with_other_values_is_refused(api: ApiCaller, position: object) -> None:
    made = cursor_of(BERLIN, "definitions None None", position)

    assert api.get("/definitions", params={"cursor": made}).status_code == 422
    assert api.get("/definitions", params={"cursor": "W10"}).status_code == 422


def test_each_change_is_in_the_audit_log_and_no_refused_one(api: ApiCaller) -> None:
    tag = create(api, "audited").headers["etag"]
    create(api, "audited")
    put(api, "audited", '"old"', name="Refused")
    tag = put(api, "audited", tag, name="Second").headers["etag"]
    put(api, "audited", tag, name="Second")
    for each in ("pause", "pause", "resume", "archive", "resume"):
        api.call("POST", f"/definitions/audited/{each}")

    found = api.maker.query(
        "select action, subject from catalogue.audit_log where object_id = 'audited' order by id"
    )

    deeds = ["created", "changed", "paused", "resumed", "archived"]
    assert found == [(each, "tester") for each in deeds]
