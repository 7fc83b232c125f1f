"""The storage of the Dagster instance: its records and the output of steps.

`dagster.yaml` names both classes.

dagster-postgres opens a connection for every statement, outside its web server. A run over a year
stores about 13,000 events, each in two or three statements: recording the result of one check took
48 ms, and 8 ms with pooled connections.

The output of steps goes below DAGSTER_HOME, or into a bucket by REPORTING_COMPUTE_LOGS_URL. A
class chooses, because `env:` in `dagster.yaml` has no default: a variable that is not set would
keep every process from starting.
"""

import logging
from collections.abc import Mapping
from pathlib import Path
from tempfile import gettempdir
from typing import Any, Self
from urllib.parse import urlsplit

from dagster._core.storage.compute_log_manager import ComputeLogManager
from dagster._core.storage.local_compute_log_manager import LocalComputeLogManager
from dagster._serdes import ConfigurableClassData
from dagster_postgres import DagsterPostgresStorage
from dagster_postgres.utils import pg_url_from_config
from sqlalchemy.exc import SQLAlchemyError
from typing_extensions import override

from reporting_pipeline.addresses import address_text, postgres_url
from reporting_pipeline.errors import SettingsError
from reporting_pipeline.orchestration.instance.event_log import GroupedEventLog
from reporting_pipeline.settings import Settings, child_environment
from reporting_pipeline.warehouse.failures import first_line

# Some statements read the events of a run over years.
_STATEMENT_TIMEOUT_MS = 600_000
_CONNECTION_SECONDS_MAX = 3_600
# Besides the one that each of the three storages keeps; the daemon and the UI read in threads.
_FURTHER_CONNECTIONS_MAX = 20
_UPLOAD_SECONDS = 30  # the UI shows the output of a running step this late


class PooledPostgresStorage(DagsterPostgresStorage):
    """dagster-postgres with the connection pool of its web server, in every process."""

    @override
    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> Self:
        """Make the storage that `dagster.yaml` describes; the same keys as `storage: postgres`."""
        logging.getLogger().addFilter(_short_reasons)
        given = postgres_url("REPORTING_DAGSTER_URL", pg_url_from_config(config_value), "psycopg2")
        address = address_text(given)
        is_created = config_value.get("should_autocreate_tables", True)
        storage = cls(
            postgres_url=address, should_autocreate_tables=is_created, inst_data=inst_data
        )
        storage._event_log_storage = GroupedEventLog(address, is_created)
        for each in (storage.run_storage, storage.event_log_storage, storage.schedule_storage):
            each.optimize_for_webserver(
                statement_timeout=_STATEMENT_TIMEOUT_MS,
                pool_recycle=_CONNECTION_SECONDS_MAX,
                max_overflow=_FURTHER_CONNECTIONS_MAX,
            )
        return storage


def _short_reasons(record: logging.LogRecord) -> bool:
    """Let a record pass; a database's error in it has one line, and no address of a library."""
    if isinstance(record.args, tuple):
        record.args = tuple(
            first_line(each) if isinstance(each, SQLAlchemyError) else each for each in record.args
        )
    return True


class ComputeLogs(LocalComputeLogManager):
    """Dagster's local logs, or its S3 logs where REPORTING_COMPUTE_LOGS_URL is set."""

    @override
    @classmethod
    def config_type(cls) -> dict[str, Any]:
        """The configuration, which is empty: the settings have all values."""
        return {}

    @override
    @classmethod
    def from_config_value(  # type: ignore[override]
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> ComputeLogManager:
        """Make the logs. Dagster calls this before any entry point, so it reads the settings.

        Raises:
            SettingsError: The address is malformed.
        """
        address = Settings.from_environment().compute_logs_url
        if address is not None:
            return _bucket_logs(address, inst_data)
        home = child_environment({}).get("DAGSTER_HOME", gettempdir())
        return cls(base_dir=str(Path(home, "storage")), inst_data=inst_data)


def _bucket_logs(address: str, inst_data: ConfigurableClassData | None) -> ComputeLogManager:
    from dagster_aws.s3 import S3ComputeLogManager

    parts = urlsplit(address)
    if parts.scheme != "s3" or not parts.netloc or parts.query or parts.fragment:
        message = (
            f"REPORTING_COMPUTE_LOGS_URL is {address!r}: expected s3://bucket/prefix; credentials "
            "belong in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        )
        raise SettingsError(message)
    return S3ComputeLogManager(
        bucket=parts.netloc,
        prefix=parts.path.strip("/") or "dagster-logs",
        skip_empty_files=True,
        upload_interval=_UPLOAD_SECONDS,
        inst_data=inst_data,
    )
