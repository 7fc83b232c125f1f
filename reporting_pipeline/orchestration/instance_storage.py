"""Dagster's own storage, with its connections kept; `dagster.yaml` names this class.

dagster-postgres opens a connection for every statement, outside its web server. A run over a year
stores some thirteen thousand events, each in two or three statements: recording one check's result
took 48 ms, and 8 with connections kept.

What belongs here: how connections are made. What does not: anything about the graph.
"""

from collections.abc import Mapping
from typing import Any, Self

from dagster._serdes import ConfigurableClassData
from dagster_postgres import DagsterPostgresStorage
from dagster_postgres.utils import pg_url_from_config
from typing_extensions import override

# The longest statements are those of a run over years.
_STATEMENT_TIMEOUT_MS = 600_000
_CONNECTION_SECONDS_MAX = 3_600
# Beyond the one that each of the three storages keeps; the daemon and the UI read in threads.
_FURTHER_CONNECTIONS_MAX = 20


class PooledPostgresStorage(DagsterPostgresStorage):
    """dagster-postgres as its web server uses it, in every process."""

    @override
    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> Self:
        """Make the storage that `dagster.yaml` describes; the same keys as `storage: postgres`."""
        storage = cls(
            postgres_url=pg_url_from_config(config_value),
            should_autocreate_tables=config_value.get("should_autocreate_tables", True),
            inst_data=inst_data,
        )
        for each in (storage.run_storage, storage.event_log_storage, storage.schedule_storage):
            each.optimize_for_webserver(
                statement_timeout=_STATEMENT_TIMEOUT_MS,
                pool_recycle=_CONNECTION_SECONDS_MAX,
                max_overflow=_FURTHER_CONNECTIONS_MAX,
            )
        return storage
