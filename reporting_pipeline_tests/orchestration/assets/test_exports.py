"""A run generates every report that is due for its partitions, and shows the result of each."""

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import dagster as dg
import psycopg
import pytest
from pydantic import SecretStr

from reporting_pipeline.catalogue.generated_reports import generated_reports
from reporting_pipeline.orchestration.code_location import build_definitions
from reporting_pipeline.orchestration.partitions import ENDED_EVENTS_NAME
from reporting_pipeline.settings import Settings
from reporting_pipeline.sources.landed_names import LandedNames, organization_names
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline_tests.orchestration.shown import shown
from reporting_pipeline_tests.requests.sample_requests import HOLD
from reporting_pipeline_tests.s3_servers import S3Server
from reporting_pipeline_tests.sample_reports import (
    ATTENDANCE,
    BERLIN,
    REVENUE,
    TOKYO,
    define,
)

NEW_YORK_EVENT = "00000002-0000-4000-8000-000000000002"
BERLIN_EVENT = "00000002-0000-4000-8000-000000000001"


def scheduled(schedule: str, rule: object) -> dict[str, Any]:
    """The revenue report with another schedule."""
    definition = copy.deepcopy(dict[str, Any](REVENUE))
    definition["config"]["period"] = rule
    slug = f"{schedule}-revenue".replace("_", "-")
    return definition | {"slug": slug, "schedule": schedule}


@pytest.fixture(params=["in_process", "celery"])
def settings(settings: Settings, request: pytest.FixtureRequest) -> Settings:
    """One step generates all reports of a run, or each report has a step of its own."""
    address = "redis://127.0.0.1:1/1"  # a run in this process queues nothing
    shared = {"executor": request.param, "celery_url": SecretStr(address), "batch_reports": 1}
    return settings.model_copy(update=shared)


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


def run(
    settings: Settings,
    instance: dg.DagsterInstance,
    asset: str,
    first: str,
    last: str,
    **config: object,
) -> dg.ExecuteInProcessResult:
    """Materialise partitions of one asset of reports, as a backfill would."""
    job = build_definitions(settings).resolve_implicit_global_asset_job_def()
    tags = {
        "dagster/asset_partition_range_start": first,
        "dagster/asset_partition_range_end": last,
    }
    return job.execute_in_process(
        instance=instance,
        asset_selection=[dg.AssetKey(asset)],
        tags=tags,
        run_config={"ops": {asset: {"config": config}}},
        raise_on_error=False,
    )


def test_a_partition_shows_the_results_of_its_reports_and_the_first_rows_of_one(
    settings: Settings, instance: dg.DagsterInstance, warehouse: psycopg.Connection
) -> None:
    for organization_id in (BERLIN, TOKYO):
        define(settings.warehouse_url(), REVENUE, organization_id)
    define(settings.warehouse_url(), ATTENDANCE)

    found = shown(
        run(settings, instance, "daily_reports", "2025-09-10", "2025-09-10"), "daily_reports"
    )

    of_day = found["2025-09-10"]
    counts = {name: value for name, value in of_day.items() if name.endswith("_count")}
    assert counts == {
        "ready_count": 3,
        "held_count": 0,
        "empty_count": 0,
        "failed_count": 0,
        "new_edition_count": 3,
        "unchanged_count": 0,
        "row_count": sum(each["rows"] for each in of_day["reports"]),
        "byte_count": sum(each["bytes"] for each in of_day["reports"]),
    }
    assert of_day["seconds"] > 0
    assert [
        (each["report"], each["organization_id"], each["rows"]) for each in of_day["reports"]
    ] == [
        ("attendance", str(BERLIN), 0),
        ("revenue", str(BERLIN), 1),
        ("revenue", str(TOKYO), 0),
    ]
    revenue = of_day["reports"][1]
    assert (revenue["period"], revenue["format"], revenue["status"]) == (
        "2025-09-10",
        "csv",
        "ready",
    )
    assert Path(revenue["location"]).stat().st_size == revenue["bytes"]
    assert of_day["previewed"] == revenue["location"]
    assert revenue["organization"] == organization_names(warehouse)[BERLIN]
    assert f"`{revenue['location']}`" in of_day["files"]
    header, _, row = of_day["preview"].splitlines()
    assert header == "| date | event_id | currency | gross_minor | refund_minor |"
    assert row.endswith("| EUR | 45600 | 18650 |")
    assert of_day["totals"].splitlines()[-1] == "| EUR | 45600 | 18650 |"


@pytest.mark.parametrize(
    ("schedule", "rule", "partitions", "periods"),
    [
        (
            "weekly",
            "previous_week",
            ("2025-03-03", "2025-03-10"),
            ["2025-03-03 to 2025-03-09", "2025-03-10 to 2025-03-16"],
        ),
        # Due on the Sunday within the partition.
        (
            "weekly",
            {"rule": "previous_week", "first_weekday": "sunday"},
            ("2025-03-10", "2025-03-10"),
            ["2025-03-09 to 2025-03-15"],
        ),
        ("monthly", "month", ("2025-02-01", "2025-03-01"), ["2025-02", "2025-03"]),
    ],
)
def test_weeks_and_months_have_the_reports_that_are_due_when_they_end(
    schedule: str,
    rule: object,
    partitions: tuple[str, str],
    periods: list[str],
    settings: Settings,
    instance: dg.DagsterInstance,
) -> None:
    define(settings.warehouse_url(), scheduled(schedule, rule))
    define(settings.warehouse_url(), REVENUE)

    found = shown(
        run(settings, instance, f"{schedule}_reports", *partitions), f"{schedule}_reports"
    )

    assert [[line["period"] for line in each["reports"]] for each in found.values()] == [
        [period] for period in periods
    ]
    assert (next(iter(found)), list(found)[-1]) == partitions


def test_an_event_is_reported_after_its_last_day_and_when_it_is_final(
    settings: Settings, instance: dg.DagsterInstance, warehouse: psycopg.Connection
) -> None:
    define(settings.warehouse_url(), scheduled("post_event", "event_to_date"))
    events = [NEW_YORK_EVENT, BERLIN_EVENT]
    instance.add_dynamic_partitions(ENDED_EVENTS_NAME, events)

    found = shown(run(settings, instance, "event_reports", *events), "event_reports")

    assert {key: [line["period"] for line in each["reports"]] for key, each in found.items()} == {
        NEW_YORK_EVENT: [
            "to 2025-03-09",
            "to 2025-04-08",
        ],
        BERLIN_EVENT: ["to 2025-10-26", "to 2025-11-25"],
    }
    names = LandedNames.read(warehouse, [UUID(BERLIN_EVENT)])
    organization_id, name = names.events[UUID(BERLIN_EVENT)]
    organization = names.organizations[organization_id]
    assert {line["event"] for line in found[BERLIN_EVENT]["reports"]} == {name}
    assert found[BERLIN_EVENT]["event"] == [
        {
            "event": name,
            "organization": organization,
            "event_id": BERLIN_EVENT,
            "organization_id": str(organization_id),
        }
    ]
    header, _, to_last_day, _ = found[BERLIN_EVENT]["files"].splitlines()
    assert header == "| report | organization | event | period | files |"
    assert to_last_day.startswith(f"| Revenue, by day | {organization} | {name} | to 2025-10-26 | ")


@pytest.mark.parametrize("named_by", ["id", "name"])
def test_the_launchpad_narrows_a_run_down_to_one_report(
    named_by: str, settings: Settings, instance: dg.DagsterInstance, warehouse: psycopg.Connection
) -> None:
    organization = organization_names(warehouse)[TOKYO] if named_by == "name" else str(TOKYO)
    several = {**REVENUE, "formats": ["csv", "jsonl"]}
    for organization_id in (BERLIN, TOKYO):
        define(settings.warehouse_url(), several, organization_id)
        define(settings.warehouse_url(), ATTENDANCE, organization_id)
    chosen = {"definition": "revenue", "organization": organization, "format": "jsonl"}

    result = run(settings, instance, "daily_reports", "2025-09-10", "2025-09-10", **chosen)

    of_day = shown(result, "daily_reports")["2025-09-10"]
    files = [
        (each["report"], each["organization_id"], each["format"]) for each in of_day["reports"]
    ]
    assert files == [("revenue", str(TOKYO), "jsonl")]


def test_a_held_report_is_published_as_provisional_if_the_launchpad_says_so(
    settings: Settings, instance: dg.DagsterInstance, warehouse: psycopg.Connection
) -> None:
    define(settings.warehouse_url(), REVENUE)
    warehouse.execute(HOLD, ("2025-09-10", BERLIN))
    day = ("daily_reports", "2025-09-10", "2025-09-10")

    held = shown(run(settings, instance, *day), "daily_reports")["2025-09-10"]
    stamped = shown(run(settings, instance, *day, provisional=True), "daily_reports")["2025-09-10"]

    assert [each["status"] for each in held["reports"]] == ["held"]
    [revenue] = stamped["reports"]
    assert revenue["status"] == "ready"
    assert revenue["location"].endswith("revenue_2025-09-10_PROVISIONAL.csv")


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ({"definition": "sales"}, "there is no report definition sales; there are attendance, "),
        ({"definition": "weekly-revenue"}, "of other schedules there are weekly-revenue (weekly)"),
        ({"organization": "Nobody"}, 'no organisation is called "Nobody", or has it'),
        ({"organization": str(TOKYO)}, "no daily report has definition any and organisation "),
        ({"format": "docx"}, "the chosen reports have no format 'docx'; they have csv"),
        (
            {"definition": "revenue", "format": "pdf"},
            "the chosen reports have no format 'pdf'; they have csv",
        ),
    ],
)
def test_a_choice_without_a_matching_report_is_an_error_before_any_work(
    chosen: dict[str, str], message: str, settings: Settings, instance: dg.DagsterInstance
) -> None:
    define(settings.warehouse_url(), REVENUE)
    define(settings.warehouse_url(), ATTENDANCE)
    define(settings.warehouse_url(), scheduled("weekly", "previous_week"))

    result = run(settings, instance, "daily_reports", "2025-09-10", "2025-09-10", **chosen)

    failure = result.failure_data_for_node("daily_reports")
    assert failure is not None
    assert failure.user_failure_data is not None
    assert message in (failure.user_failure_data.description or "")
    assert result.retry_attempts_for_node("daily_reports") == 0
    with warehouse_connection(settings.warehouse_url()) as connection:
        assert generated_reports(connection) == []


def test_one_format_leaves_the_rebuilt_days_for_the_other_formats(
    settings: Settings, instance: dg.DagsterInstance, warehouse: psycopg.Connection
) -> None:
    define(settings.warehouse_url(), {**REVENUE, "formats": ["csv", "jsonl"]})
    day = ("daily_reports", "2025-09-10", "2025-09-10")
    run(settings, instance, *day)
    warehouse.execute(
        "insert into reporting.rebuilt_days (report_table, organization_id, report_day)"
        " values ('report_revenue_daily', %s, '2025-09-10')",
        (BERLIN,),
    )

    run(settings, instance, *day, format="csv")
    assert count_rebuilt_days(warehouse) == 1

    run(settings, instance, *day)
    assert count_rebuilt_days(warehouse) == 0


def test_a_file_in_a_bucket_has_a_link(
    settings: Settings, instance: dg.DagsterInstance, bucket_address: str, s3_server: S3Server
) -> None:
    define(settings.warehouse_url(), REVENUE)
    in_bucket = settings.model_copy(update={"store_url": bucket_address})

    found = shown(
        run(in_bucket, instance, "daily_reports", "2025-09-10", "2025-09-10"), "daily_reports"
    )

    [revenue] = found["2025-09-10"]["reports"]
    link = revenue["location"].replace("s3:/", s3_server.endpoint)
    assert f"[csv]({link})" in found["2025-09-10"]["files"]
    assert "456" in found["2025-09-10"]["preview"]


def test_a_failing_definition_does_not_stop_the_others(
    settings: Settings, instance: dg.DagsterInstance, warehouse: psycopg.Connection
) -> None:
    define(settings.warehouse_url(), ATTENDANCE)
    define(settings.warehouse_url(), REVENUE)
    drop_a_column(warehouse, "attendance")

    result = run(settings, instance, "daily_reports", "2025-09-10", "2025-09-10")

    assert result.success
    of_day = shown(result, "daily_reports")["2025-09-10"]
    assert [(each["report"], each["status"]) for each in of_day["reports"]] == [
        ("attendance", "failed"),
        ("revenue", "ready"),
    ]
    assert "no column 'gone'" in of_day["reasons"][0]["reason"]


def test_a_step_fails_without_a_retry_if_every_report_failed(
    settings: Settings, instance: dg.DagsterInstance, warehouse: psycopg.Connection
) -> None:
    define(settings.warehouse_url(), ATTENDANCE)
    drop_a_column(warehouse, "attendance")

    result = run(settings, instance, "daily_reports", "2025-09-10", "2025-09-10")

    name = organization_names(warehouse)[BERLIN]
    failure = result.failure_data_for_node("daily_reports")
    assert failure is not None
    assert failure.user_failure_data is not None
    assert (failure.user_failure_data.description or "").startswith(
        f"1 of 1 files failed; one of them, attendance of {name} ({BERLIN}), 2025-09-10, csv: "
    )
    assert result.retry_attempts_for_node("daily_reports") == 0


def test_days_without_any_report_are_no_failure(
    settings: Settings, instance: dg.DagsterInstance
) -> None:
    result = run(settings, instance, "daily_reports", "2025-09-10", "2025-09-11")

    assert result.success
    assert [each["ready_count"] for each in shown(result, "daily_reports").values()] == [0, 0]


def drop_a_column(warehouse: psycopg.Connection, slug: str) -> None:
    """Rename a column in a stored definition, so that its dataset does not have it."""
    changed = warehouse.execute(
        "update catalogue.report_definitions"
        """ set config = jsonb_set(config::jsonb, '{columns,4,name}', '"gone"') where slug = %s""",
        [slug],
    )
    assert changed.rowcount == 1


def count_rebuilt_days(warehouse: psycopg.Connection) -> int:
    [(count,)] = warehouse.execute("select count(*) from reporting.rebuilt_days")
    return int(count)
