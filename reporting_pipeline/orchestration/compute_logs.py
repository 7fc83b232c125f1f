"""Where the output of steps goes: below DAGSTER_HOME, or into a bucket by setting.

`dagster.yaml` names this class, since an `env:` of it has no default: a variable that is not set
would keep every process from starting.

What belongs here: the choice. What does not: capturing and uploading, which are Dagster's.
"""

from collections.abc import Mapping
from pathlib import Path
from tempfile import gettempdir
from typing import Any
from urllib.parse import urlsplit

from dagster._core.storage.compute_log_manager import ComputeLogManager
from dagster._core.storage.local_compute_log_manager import LocalComputeLogManager
from dagster._serdes import ConfigurableClassData
from typing_extensions import override

from reporting_pipeline.errors import SettingsError
from reporting_pipeline.settings import Settings, child_environment

_UPLOAD_SECONDS = 30  # a running step is seen that late in the UI


class ComputeLogs(LocalComputeLogManager):
    """Dagster's local logs, or its S3 logs where REPORTING_COMPUTE_LOGS_URL is set."""

    @override
    @classmethod
    def config_type(cls) -> dict[str, Any]:
        """Nothing: the settings say it."""
        return {}

    @override
    @classmethod
    def from_config_value(  # type: ignore[override]
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> ComputeLogManager:
        """Make the logs; Dagster calls this before any code of ours, so settings are read here.

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
