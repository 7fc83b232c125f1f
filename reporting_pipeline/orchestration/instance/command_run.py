"""A run in the Dagster instance that records what a command has done, without running anything."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice

import dagster as dg
from dagster import DagsterEvent, DagsterEventType, DagsterRunStatus, EventLogEntry
from dagster._core.events import JobFailureData, StepMaterializationData
from dagster_shared.error import SerializableErrorInfo

from reporting_pipeline.guards.shown_text import shown_lines
from reporting_pipeline.orchestration.instance.timeline import job_origin

COMMAND_TAG = "reporting/command"
"""A run with this tag records a command of the command line."""

_EVENTS_PER_STATEMENT = 500
_Event = dg.AssetMaterialization | dg.AssetCheckEvaluation


@dataclass(frozen=True, slots=True)
class CommandRun:
    """A run that records a command."""

    instance: dg.DagsterInstance
    run: dg.DagsterRun

    def materialized(self, events: Iterable[dg.AssetMaterialization]) -> None:
        """Record materialisations of one asset, many in one statement."""
        remaining = iter(events)
        while some := list(islice(remaining, _EVENTS_PER_STATEMENT)):
            entries = [
                self._entry(DagsterEventType.ASSET_MATERIALIZATION, StepMaterializationData(each))
                for each in some
            ]
            self.instance.event_log_storage.store_event_batch(entries)

    def evaluated(self, events: Iterable[dg.AssetCheckEvaluation]) -> None:
        """Record results of checks; the storage writes them in groups."""
        for each in events:
            entry = self._entry(DagsterEventType.ASSET_CHECK_EVALUATION, each)
            self.instance.event_log_storage.store_event(entry)

    def begun(self, at: datetime) -> None:
        """Record the start of the command."""
        self._report(DagsterEventType.RUN_START, at)

    def ended(self, error: Exception | None) -> None:
        """Record the end of the command, with its error if it has failed."""
        if error is None:
            self._report(DagsterEventType.RUN_SUCCESS, datetime.now(UTC))
            return
        info = SerializableErrorInfo(shown_lines(str(error)), [], type(error).__name__)
        self._report(DagsterEventType.RUN_FAILURE, datetime.now(UTC), JobFailureData(info))

    def _report(
        self, event_type: DagsterEventType, at: datetime, data: JobFailureData | None = None
    ) -> None:
        event = DagsterEvent(
            event_type_value=event_type.value,
            event_specific_data=data,
            message=data.error.message if data is not None and data.error is not None else None,
            job_name=self.run.job_name,
        )
        self.instance.report_dagster_event(event, self.run.run_id, timestamp=at.timestamp())

    def _entry(
        self, event_type: DagsterEventType, data: StepMaterializationData | dg.AssetCheckEvaluation
    ) -> EventLogEntry:
        event = DagsterEvent(
            event_type_value=event_type.value,
            event_specific_data=data,
            job_name=self.run.job_name,
        )
        return EventLogEntry(  # type: ignore[no-untyped-call]
            error_info=None,
            level="INFO",
            user_message="",
            run_id=self.run.run_id,
            timestamp=datetime.now(UTC).timestamp(),
            job_name=self.run.job_name,
            dagster_event=event,
        )


def _nothing(_: CommandRun) -> None:
    """A command that failed has made nothing that is recorded."""


def recorded(
    command: str,
    begun_at: datetime,
    record: Callable[[CommandRun], None] = _nothing,
    *,
    error: Exception | None = None,
) -> str | None:
    """Record a command in the instance of DAGSTER_HOME; return the reason if that fails.

    Args:
        command: Its word after `reporting`.
        begun_at: When it began.
        record: Records the events of its assets.
        error: Why the command failed; None if it has done its work.
    """
    name = f"reporting {command}"
    try:
        with dg.DagsterInstance.get() as instance:
            run = dg.DagsterRun(
                job_name=name,
                status=DagsterRunStatus.NOT_STARTED,
                # The daemon cannot run a command again.
                tags={COMMAND_TAG: name, "dagster/max_retries": "0"},
                remote_job_origin=job_origin(name),
            )
            instance.add_run(run)
            of_command = CommandRun(instance, run)
            of_command.begun(begun_at)
            record(of_command)
            of_command.ended(error)
    except Exception as fault:  # noqa: BLE001 - the work is done, whatever Dagster raises
        return (str(fault).strip() or type(fault).__name__).splitlines()[0]
    return None
