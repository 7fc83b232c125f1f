"""Dagster's event log with the results of checks, and the plans of partitions, written in groups.

dagster-postgres writes each result of a check with five statements: the event, a notification that
nobody reads, a question whether a table exists, an update, and an insert if there was no plan. A
run over a year has 18,000 results of checks: three quarters of its time went there. Here up to 200
of them are written with three statements.

Results wait in memory until another event of any kind comes (each step ends with one) or 200 wait.
If the process dies before that, the step has not ended, and Dagster repeats it.

Each statement has the same text for any number of rows. SQLAlchemy compiles a statement with a list
of values each time that it runs; this took a seventh of the CPU time of the demo.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from threading import RLock
from typing import Any

import sqlalchemy as sa
from dagster import DagsterEventType, EventLogEntry
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus
from dagster._core.storage.event_log.schema import AssetCheckExecutionsTable
from dagster._core.storage.event_log.schema import SqlEventLogStorageTable as Events
from dagster._serdes import serialize_value
from dagster_postgres import PostgresEventLogStorage
from sqlalchemy.dialects.postgresql import ARRAY
from typing_extensions import override

_WAITING_MAX = 200
_Executions = AssetCheckExecutionsTable.c
_KEY = ("asset_key", "check_name", "run_id", "partition")
_RESULT = (
    *("execution_status", "evaluation_event", "evaluation_event_timestamp"),
    *("evaluation_event_storage_id", "materialization_event_storage_id"),
)


def _update_of_plans() -> sa.sql.dml.ReturningUpdate[tuple[int]]:
    """Writes results, one array for each column, in place of their plans."""
    names = (*_KEY, *_RESULT)
    # PostgreSQL takes an array of values that are all null for text.
    arrays = [
        sa.cast(sa.bindparam(f"all_{name}", type_=array), array)
        for name in names
        for array in [ARRAY(_Executions[name].type)]
    ]
    columns = [sa.column(name, _Executions[name].type) for name in names]
    new = sa.func.unnest(*arrays).table_valued(*columns, name="new").render_derived()
    return (
        AssetCheckExecutionsTable.update()
        .where(*(_Executions[name].is_not_distinct_from(new.c[name]) for name in _KEY))
        .values({name: new.c[name] for name in _RESULT})
        .returning(_Executions.evaluation_event_storage_id)
    )


_UPDATE = _update_of_plans()
_INSERT = Events.insert().returning(Events.c.id, sort_by_parameter_order=True)


class GroupedEventLog(PostgresEventLogStorage):
    """dagster-postgres' event log; the rows are the same, only written in groups."""

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        self._waiting: list[EventLogEntry] = []
        self._lock = RLock()
        self._has_checks = False
        super().__init__(*arguments, **keywords)

    @property
    def supports_asset_checks(self) -> bool:
        """True: the table exists. It is looked for once, not for each event."""
        if not self._has_checks:
            self._has_checks = super().supports_asset_checks
        return self._has_checks

    @override
    def store_event(self, event: EventLogEntry) -> None:
        """Store an event; results of checks wait for the next one of another kind."""
        with self._lock:
            if _is_check_of_run(event):
                self._waiting.append(event)
                if len(self._waiting) >= _WAITING_MAX:
                    self._write_waiting()
                return
            self._write_waiting()
            super().store_event(event)

    @override
    def store_event_batch(self, events: Sequence[EventLogEntry]) -> None:
        """Store events; those that plan partitions are written with a few statements."""
        with self._lock:
            self._write_waiting()
            if {each.dagster_event_type for each in events} == {
                DagsterEventType.ASSET_MATERIALIZATION_PLANNED
            }:
                self._write_plans(events)
            else:
                super().store_event_batch(events)

    @override
    def dispose(self) -> None:
        """Write what waits, and close."""
        with self._lock:
            self._write_waiting()
        super().dispose()

    def _write_plans(self, events: Sequence[EventLogEntry]) -> None:
        ids = self._insert(events)
        newest = {
            each.get_dagster_event().asset_key: (each, event_id)
            for each, event_id in zip(events, ids, strict=True)
        }
        with self.index_transaction() as connection:
            self._store_asset_event_tags(connection, events, ids)
            for each, event_id in newest.values():
                self._store_asset_event(connection, each, event_id)

    def _write_waiting(self) -> None:
        """Write the results that wait, in place of their plans, or as new rows without one."""
        events, self._waiting = self._waiting, []
        if not events:
            return
        ids = self._insert(events)
        rows = [
            self._execution(event, event_id) for event, event_id in zip(events, ids, strict=True)
        ]
        arrays = {f"all_{name}": [each[name] for each in rows] for name in (*_KEY, *_RESULT)}
        with self.index_transaction() as connection:
            planned = {event_id for (event_id,) in connection.execute(_UPDATE, arrays)}
            unplanned = [
                each for each in rows if each["evaluation_event_storage_id"] not in planned
            ]
            if unplanned:
                connection.execute(AssetCheckExecutionsTable.insert(), unplanned)

    def _insert(self, events: Sequence[EventLogEntry]) -> list[int]:
        """Insert events; returns their ids, in their order."""
        rows = [self._event_to_row(each) for each in events]
        with self._connect() as connection:
            return list(connection.execute(_INSERT, rows).scalars())

    @override
    def _store_asset_check_evaluation_planned(
        self, event: EventLogEntry, event_id: int | None
    ) -> None:
        """Write the plan of each partition; Dagster would serialise the event for each again."""
        planned: Any = event.get_dagster_event().event_specific_data
        subset = planned.partitions_subset
        row = {
            "asset_key": planned.asset_key.to_string(),
            "check_name": planned.check_name,
            "run_id": event.run_id,
            "execution_status": AssetCheckExecutionRecordStatus.PLANNED.value,
            "evaluation_event": serialize_value(event),
            "evaluation_event_timestamp": _timestamp(event),
            "evaluation_event_storage_id": event_id,
        }
        keys = subset.get_partition_keys() if subset else [None]
        with self.index_connection() as connection:
            connection.execute(
                AssetCheckExecutionsTable.insert(), [{**row, "partition": key} for key in keys]
            )

    def _execution(self, event: EventLogEntry, event_id: int) -> dict[str, Any]:
        evaluation = event.get_dagster_event().asset_check_evaluation_data
        target = evaluation.target_materialization_data
        status = AssetCheckExecutionRecordStatus
        return {
            "asset_key": evaluation.asset_key.to_string(),
            "check_name": evaluation.check_name,
            "run_id": event.run_id,
            "partition": evaluation.partition,
            "execution_status": (status.SUCCEEDED if evaluation.passed else status.FAILED).value,
            "evaluation_event": serialize_value(event),
            "evaluation_event_timestamp": _timestamp(event),
            "evaluation_event_storage_id": event_id,
            "materialization_event_storage_id": target and target.storage_id,
        }


def _is_check_of_run(event: EventLogEntry) -> bool:
    return bool(event.run_id) and (
        event.dagster_event_type is DagsterEventType.ASSET_CHECK_EVALUATION
    )


def _timestamp(event: EventLogEntry) -> datetime:
    """The instant of an event as Dagster stores it: UTC, without a zone."""
    return datetime.fromtimestamp(event.timestamp, UTC).replace(tzinfo=None)
