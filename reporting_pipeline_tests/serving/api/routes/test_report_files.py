"""Who may see a report downloads its file, whole or in parts, and sees what proves it."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient

from reporting_pipeline.catalogue.generated_reports import GeneratedReport
from reporting_pipeline.serving.api.app import create_app
from reporting_pipeline.serving.api.context import open_context
from reporting_pipeline.serving.api.tokens import Role
from reporting_pipeline_tests.acceptance.pipelines import Pipeline
from reporting_pipeline_tests.sample_reports import ATTENDANCE, BERLIN, NOW, TOKYO, define, one_day
from reporting_pipeline_tests.serving.api.api_caller import ApiCaller, api_settings
from reporting_pipeline_tests.serving.api.routes.test_report_requests import deeds

DAY = date(2025, 10, 25)


def generated(api: ApiCaller) -> GeneratedReport:
    definition = define(api.maker.warehouse, {**ATTENDANCE, "slug": f"file-{uuid4().hex[:8]}"})
    return api.maker.generate_one(definition, one_day(DAY))


@pytest.fixture
def without_memory(shared_season_pipeline: Pipeline, tmp_path: Path) -> Iterator[ApiCaller]:
    """The API, with files that are all too large for its memory."""
    settings = api_settings(shared_season_pipeline.warehouse, tmp_path, hot_cache_file_bytes=1)
    with (
        open_context(settings, clock=lambda: NOW) as context,
        TestClient(create_app(context), raise_server_exceptions=False) as client,
    ):
        yield ApiCaller(client=client, settings=settings)


@pytest.fixture(params=["from memory", "from the folder"])
def files(request: pytest.FixtureRequest) -> ApiCaller:
    name = "api" if request.param == "from memory" else "without_memory"
    found: ApiCaller = request.getfixturevalue(name)
    return found


def test_a_file_is_downloaded_under_its_own_name(files: ApiCaller) -> None:
    report, call_id = generated(files), f"call-{uuid4()}"
    found = files.get(f"/reports/{report.id}/file", headers={"X-Request-Id": call_id})

    assert found.status_code == 200
    assert hashlib.sha256(found.content).hexdigest() == report.file_sha256
    assert found.headers["etag"] == f'"{report.file_sha256}"'
    assert found.headers["content-type"] == "text/csv; charset=utf-8"
    assert found.headers["content-disposition"].startswith("attachment; filename=")
    assert found.headers["cache-control"] == "private, no-cache"


@pytest.mark.parametrize(
    ("range_", "part"),
    [
        ("bytes=0-9", slice(0, 10)),
        ("bytes=10-", slice(10, None)),
        ("bytes=-7", slice(-7, None)),
        ("bytes=5-999999999", slice(5, None)),
    ],
)
def test_a_part_of_a_file_is_downloaded(files: ApiCaller, range_: str, part: slice) -> None:
    report = generated(files)
    whole = files.maker.file(report.storage_path)

    found = files.get(f"/reports/{report.id}/file", headers={"Range": range_})

    assert (found.status_code, found.content) == (206, whole[part])
    assert found.headers["content-range"].endswith(f"/{len(whole)}")


def test_bytes_behind_the_end_do_not_exist(files: ApiCaller) -> None:
    report = generated(files)

    found = files.get(f"/reports/{report.id}/file", headers={"Range": "bytes=99999999-"})

    assert found.status_code == 416
    assert found.headers["content-range"] == f"bytes */{report.byte_count}"


@pytest.mark.parametrize("range_", ["lines=1-2", "bytes=x-y", "bytes=5-2", "bytes=-"])
def test_a_malformed_range_is_answered_with_the_whole_from_memory(
    api: ApiCaller, range_: str
) -> None:
    found = api.get(f"/reports/{generated(api).id}/file", headers={"Range": range_})

    assert found.status_code == 200


def test_a_part_of_another_edition_is_not_mixed_in(files: ApiCaller) -> None:
    headers = {"Range": "bytes=0-9", "If-Range": '"another"'}

    assert files.get(f"/reports/{generated(files).id}/file", headers=headers).status_code == 200


def test_a_file_that_the_caller_has_is_not_sent_again(files: ApiCaller) -> None:
    report = generated(files)

    found = files.get(
        f"/reports/{report.id}/file", headers={"If-None-Match": f'"{report.file_sha256}"'}
    )

    assert (found.status_code, found.content) == (304, b"")


def test_the_head_of_a_file_has_its_size(files: ApiCaller) -> None:
    report = generated(files)

    found = files.call("HEAD", f"/reports/{report.id}/file")

    assert (found.status_code, found.content) == (200, b"")
    assert found.headers["content-length"] == str(report.byte_count)


def test_another_organisation_gets_nothing_of_a_report(files: ApiCaller) -> None:
    report = generated(files)
    tokyo = {"token": files.token(TOKYO, Role.OPERATOR), "organization_id": TOKYO}
    files.get(f"/reports/{report.id}/file")

    for path in (
        *("", "/file", "/editions", "/editions/1/file", "/editions/1/manifest"),
        *("/editions/1/changes", "/verification"),
    ):
        for headers in ({}, {"If-None-Match": f'"{report.file_sha256}"'}, {"Range": "bytes=0-9"}):
            found = files.get(f"/reports/{report.id}{path}", headers=headers, **tokyo)
            assert found.status_code == 404, path
            assert "sha256" not in found.text


def test_a_download_is_in_the_audit_log_when_the_process_has_stopped(
    shared_season_pipeline: Pipeline, tmp_path: Path
) -> None:
    settings = api_settings(shared_season_pipeline.warehouse, tmp_path)
    call_id = f"call-{uuid4()}"
    with (
        open_context(settings, clock=lambda: NOW) as context,
        TestClient(create_app(context)) as client,
    ):
        api = ApiCaller(client=client, settings=settings)
        report = generated(api)
        api.get(f"/reports/{report.id}/file", headers={"X-Request-Id": call_id})

    [deed] = deeds(api, call_id)
    assert (deed.action, deed.object_kind, deed.object_id) == (
        "downloaded",
        "report",
        str(report.id),
    )
    assert (deed.organization_id, deed.role, deed.at) == (BERLIN, "operator", NOW)


def test_the_file_of_a_bucket_is_a_link_that_ends(
    shared_season_pipeline: Pipeline, bucket_address: str, tmp_path: Path
) -> None:
    settings = api_settings(
        shared_season_pipeline.warehouse,
        tmp_path,
        store_url=bucket_address,
        hot_cache_file_bytes=1,
    )
    with (
        open_context(settings, clock=lambda: NOW) as context,
        TestClient(create_app(context), follow_redirects=False) as client,
    ):
        api = ApiCaller(client=client, settings=settings)
        report = generated(api)
        found = api.get(f"/reports/{report.id}/file")

    assert (found.status_code, found.headers["cache-control"]) == (307, "no-store")
    link = found.headers["location"]
    assert "X-Amz-Expires=900" in link
    assert str(report.storage_path) in link


def test_editions_their_changes_and_their_manifests_are_listed(api: ApiCaller) -> None:
    first = generated(api)
    [definition_id] = {first.definition_id}
    api.maker.query(
        "update reporting.report_attendance_daily set admission_count = admission_count + 1"
        " where organization_id = %s and date = %s",
        BERLIN,
        DAY,
    )
    definition = replace(
        define(api.maker.warehouse, {**ATTENDANCE, "slug": first.slug}), id=definition_id
    )
    second = api.maker.generate_one(definition, one_day(DAY))
    path = f"/reports/{first.id}"

    editions = api.get(f"{path}/editions").json()["items"]
    page = api.get(f"{path}/editions/2/changes", params={"limit": "1"}).json()
    manifest = api.get(f"{path}/editions/1/manifest").json()
    gone = api.get(f"{path}/editions/1/file")

    assert [(each["edition"], each["is_current"]) for each in editions] == [(2, True), (1, False)]
    assert editions[0]["causes"]
    assert editions[0]["file_sha256"] == second.file_sha256
    assert page["items"][0]["column_name"] == "admission_count"
    assert manifest["file"]["sha256"] == first.file_sha256
    assert (gone.status_code, gone.json()["type"]) == (410, "urn:reporting:problem:file-gone")
    assert api.get(f"{path}/editions/2/file").status_code == 200
    assert api.get(f"{path}/editions/3/file").status_code == 404
    assert api.get(f"{path}/editions/3/manifest").status_code == 404


def test_a_file_is_verified_and_one_that_was_altered_is_found(api: ApiCaller) -> None:
    report = generated(api)
    right = api.get(f"/reports/{report.id}/verification").json()
    store = api.maker.store
    store.put(report.storage_path or "", [b"other"])
    wrong = api.get(f"/reports/{report.id}/verification").json()

    assert (right["word"], right["differences"]) == ("as published", [])
    assert right["file_sha256"] == report.file_sha256
    assert (wrong["word"], wrong["differences"]) == ("different", ["digest"])
