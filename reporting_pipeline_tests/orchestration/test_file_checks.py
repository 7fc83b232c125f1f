"""The checks of report files pass in the run that publishes, and fail for a wrong file or day."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import psycopg
import pytest

from reporting_pipeline.orchestration.code_location import build_definitions
from reporting_pipeline.orchestration.partitions import ENDED_EVENTS_NAME, range_tags
from reporting_pipeline.settings import Settings
from reporting_pipeline_tests.orchestration.assets.test_exports import BERLIN_EVENT, scheduled
from reporting_pipeline_tests.orchestration.shown import shown
from reporting_pipeline_tests.requests.sample_requests import HOLD
from reporting_pipeline_tests.sample_reports import ATTENDANCE, BERLIN, REVENUE, TOKYO, define

FILES, DAYS = "files_are_stored", "not_over_held_days"
DAY, NEXT_DAY = "2025-09-10", "2025-09-11"


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


class Asset:
    """An asset of report files, with its checks."""

    def __init__(self, settings: Settings, instance: dg.DagsterInstance, name: str) -> None:
        self.key = dg.AssetKey(name)
        self.job = build_definitions(settings).resolve_implicit_global_asset_job_def()
        self.instance = instance

    def publish(self, *partitions: str) -> dg.ExecuteInProcessResult:
        """Materialise the asset, and check it in the same run."""
        return self._run(partitions, asset_selection=[self.key])

    def check(self, *partitions: str) -> dg.ExecuteInProcessResult:
        """Only check it."""
        keys = [dg.AssetCheckKey(self.key, name) for name in (FILES, DAYS)]
        return self._run(partitions, asset_selection=[], asset_check_selection=keys)

    def _run(self, partitions: tuple[str, ...], **chosen: Any) -> dg.ExecuteInProcessResult:
        tags = range_tags(partitions[0], partitions[-1]) if partitions else {}
        # A subset of a job keeps its other checks unless they are excluded.
        job = self.job.get_subset(
            asset_selection=set(chosen["asset_selection"]),
            asset_check_selection=set(chosen.get("asset_check_selection", ())) or None,
        )
        return job.execute_in_process(instance=self.instance, tags=tags)


def passed(result: dg.ExecuteInProcessResult) -> dict[tuple[str, str | None], bool]:
    return {
        (each.check_name, each.partition): each.passed
        for each in result.get_asset_check_evaluations()
    }


def fault(result: dg.ExecuteInProcessResult, check: str) -> dict[str, Any]:
    """The one fault that a check lists."""
    [found] = [
        each
        for each in result.get_asset_check_evaluations()
        if each.check_name == check and not each.passed
    ]
    table = found.metadata["faults"]
    assert isinstance(table, dg.TableMetadataValue)
    [record] = table.records
    return dict(record.data)


@pytest.fixture
def daily(settings: Settings, instance: dg.DagsterInstance) -> Asset:
    """The daily reports of two days: revenue and attendance of Berlin, revenue of Tokyo."""
    for organization_id in (BERLIN, TOKYO):
        define(settings.warehouse_url(), REVENUE, organization_id)
    define(settings.warehouse_url(), ATTENDANCE)
    return Asset(settings, instance, "daily_reports")


def test_the_run_that_publishes_checks_each_partition(daily: Asset) -> None:
    result = daily.publish(DAY, NEXT_DAY)

    assert passed(result) == {
        (check, day): True for check in (FILES, DAYS) for day in (DAY, NEXT_DAY)
    }
    counts = [each.metadata["file_count"].value for each in result.get_asset_check_evaluations()]
    assert counts == [3, 3, 3, 3]
    of_days = {
        each.partition: each.target_materialization_data
        for each in result.get_asset_check_evaluations()
    }
    assert None not in of_days.values()


@pytest.mark.parametrize("is_deleted", [True, False])
def test_a_lost_or_changed_file_fails_the_check_of_its_partition(
    is_deleted: bool, daily: Asset
) -> None:
    published = shown(daily.publish(DAY, NEXT_DAY), "daily_reports")
    revenue = Path(published[DAY]["reports"][1]["location"])
    if is_deleted:
        revenue.unlink()
    else:
        revenue.write_bytes(revenue.read_bytes().replace(b"45600", b"45700"))

    result = daily.check(DAY, NEXT_DAY)

    assert [key for key, is_passed in passed(result).items() if not is_passed] == [(FILES, DAY)]
    found = fault(result, FILES)
    assert (found["report"], found["organization_id"]) == ("revenue", str(BERLIN))
    assert found["organization"]
    assert found["location"] == str(revenue)
    assert ("not in the store" in found["fault"]) is is_deleted


def test_an_error_on_a_day_fails_the_check_until_the_report_is_held(
    daily: Asset, warehouse: psycopg.Connection
) -> None:
    daily.publish(DAY, NEXT_DAY)
    warehouse.execute(HOLD, (DAY, BERLIN))

    result = daily.check(DAY, NEXT_DAY)

    assert [key for key, is_passed in passed(result).items() if not is_passed] == [(DAYS, DAY)]
    found = fault(result, DAYS)
    assert found["report"] == "revenue"
    assert found["fault"] == f"{DAY}: order 4711 is 1 EUR short"
    assert all(passed(daily.publish(DAY)).values())


def test_the_files_of_an_event_are_those_of_its_partition(
    settings: Settings, instance: dg.DagsterInstance
) -> None:
    define(settings.warehouse_url(), scheduled("post_event", "event_to_date"))
    instance.add_dynamic_partitions(ENDED_EVENTS_NAME, [BERLIN_EVENT])
    events = Asset(settings, instance, "event_reports")
    published = shown(events.publish(BERLIN_EVENT), "event_reports")
    Path(published[BERLIN_EVENT]["reports"][0]["location"]).unlink()

    assert passed(events.check(BERLIN_EVENT)) == {
        (FILES, BERLIN_EVENT): False,
        (DAYS, BERLIN_EVENT): True,
    }


def test_an_asset_without_partitions_is_checked_over_the_files_of_the_last_day(
    settings: Settings, instance: dg.DagsterInstance
) -> None:
    define(settings.warehouse_url(), REVENUE)
    [location] = [
        each["location"]
        for each in shown(Asset(settings, instance, "daily_reports").publish(DAY), "daily_reports")[
            DAY
        ]["reports"]
    ]
    restated = Asset(settings, instance, "restated_reports")
    assert passed(restated.publish()) == {(FILES, None): True, (DAYS, None): True}

    Path(location).unlink()

    assert passed(restated.check()) == {(FILES, None): False, (DAYS, None): True}
