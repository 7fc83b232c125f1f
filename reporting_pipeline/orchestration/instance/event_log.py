"""Dagster's event log with the results of checks, and the plans of partitions, written in groups.

dagster-postgres writes each result of a check with five statements: the event, a notification that
nobody reads, a question whether a table exists, an update, and an insert if there was no plan. A
run over a year has 18,000 results of checks: three quarters of its time went there. Here up to 200
of them are written with three statements.

Results wait in memory until another event of any kind comes (each step ends with one) or 200 wait.
If the process dies before that, the step has not ended, and Dagster repeats it.
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
from typing_extensions import override

_WAITING_MAX = 200
_Executions = AssetCheckExecutionsTable.c
_KEY = ("asset_key", "check_name", "run_id", "partition")


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
        columns = [sa.column(name, _Executions[name].type) for name in rows[0]]
        new = sa.values(*columns, name="new").data([tuple(each.values()) for each in rows])
        # PostgreSQL takes a list of values that are all null for text.
        typed = {name: sa.cast(new.c[name], _Executions[name].type) for name in rows[0]}
        others = [name for name in rows[0] if name not in _KEY]
        update = (
            AssetCheckExecutionsTable.update()
            .where(*(_Executions[name].is_not_distinct_from(typed[name]) for name in _KEY))
            .values({name: typed[name] for name in others})
            .returning(_Executions.evaluation_event_storage_id)
        )
        with self.index_transaction() as connection:
            planned = {event_id for (event_id,) in connection.execute(update)}
            unplanned = [
                each for each in rows if each["evaluation_event_storage_id"] not in planned
            ]
            if unplanned:
                connection.execute(AssetCheckExecutionsTable.insert().values(unplanned))

    def _insert(self, events: Sequence[EventLogEntry]) -> list[int]:
        """Insert events; returns their ids, in their order."""
        statement = self.prepare_insert_event_batch(events).returning(Events.c.id)
        with self._connect() as connection:
            return list(connection.execute(statement).scalars())

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
            "evaluation_event_timestamp": datetime.fromtimestamp(event.timestamp, UTC).replace(
                tzinfo=None
            ),
            "evaluation_event_storage_id": event_id,
            "materialization_event_storage_id": target and target.storage_id,
        }


def _is_check_of_run(event: EventLogEntry) -> bool:
    return bool(event.run_id) and (
        event.dagster_event_type is DagsterEventType.ASSET_CHECK_EVALUATION
    )
