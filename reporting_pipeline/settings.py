"""The settings: the one place that reads the environment.

    REPORTING_HOME                       state of the local servers; default .reporting
    REPORTING_PG_BINDIR                  PostgreSQL binaries for them; default the wheel's
    REPORTING_DATABASE_URL               the warehouse (PostgreSQL 15 or later)
    REPORTING_DAGSTER_URL                Dagster's storage; default the warehouse, schema dagster
    REPORTING_REDIS_URL                  Redis or Valkey
    REPORTING_STORE_URL                  where files go: a folder, file:// or s3://
    REPORTING_SOURCE_<DOMAIN>_URL        the four production databases, read only
    REPORTING_SOURCE_<DOMAIN>_ADMIN_URL  their owner, for `sources load`; default the former
    REPORTING_FIRST_DAY                  first day of the partition set; default 2025-01-01
    REPORTING_LANDING_OVERLAP_SECONDS    how late a row may commit, by its clock; default 900
    REPORTING_SOURCE_TIMEOUT_SECONDS     how long one statement may take there; default 600
    REPORTING_FINAL_DELAY_SECONDS        how long after a day late rows are waited for; default 7200
    REPORTING_LANDING_INTERVAL_MINUTES   how often what is new is landed; default 10
    REPORTING_NIGHTLY_AT                 when the day before is built each night; default 02:15:00
    REPORTING_SCHEDULE_ZONE              the zone that this time is of; default UTC
    REPORTING_REBUILD_HORIZON_DAYS       how old a day is rebuilt for late rows; default 400
    REPORTING_REPORT_HORIZON_DAYS        how far back missing reports are asked for; default 45
    REPORTING_DAILY_DEADLINE_HOURS       when a daily report that is due has to be there; default 12
    REPORTING_WEEKLY_DEADLINE_HOURS      the same of a weekly one; default 24
    REPORTING_MONTHLY_DEADLINE_HOURS     the same of a monthly one; default 48
    REPORTING_EVENT_DEADLINE_HOURS       the same of one after an event; default 24
    REPORTING_REQUEST_HEARTBEAT_SECONDS  between two signs of life of a request's worker; default 10
    REPORTING_REQUEST_STALE_SECONDS      without one for longer, it counts as dead; default 30
    REPORTING_ALERT_CHANNELS             where alerts are handed to: URLs, separated by commas
    REPORTING_ALERT_SIGNING_SECRET       what webhooks are signed with: whsec_ and Base64
    REPORTING_SOURCE_STALE_SECONDS       how long a source may go unread; default 7200
    REPORTING_COMPUTE_LOGS_URL           s3:// for the output of steps; default below DAGSTER_HOME
    REPORTING_LEFTOVER_GRACE_SECONDS     when what a killed process left is removed; default 86400
    REPORTING_RETENTION_FINANCIAL_YEARS  how long financial rows are kept; default 10
    REPORTING_RETENTION_SALES_YEARS      how long rows of sales are kept; default 5
    REPORTING_RETENTION_OPERATIONAL_YEARS  how long operational rows are kept; default 2
    REPORTING_RETENTION_ALERT_DAYS       how long past alerts and requests are kept; default 400
    REPORTING_RETENTION_DELETES          whether what is past that is deleted; default False
    REPORTING_METRICS_PORT               where `metrics` serves them, on loopback; default 9464
    REPORTING_LOG_FORMAT                 text, or json: a line of JSON per record; default text
    REPORTING_HOT_CACHE_TTL_SECONDS      how long an answer stays in memory, to 1800; default 900
    REPORTING_HOT_CACHE_ENTRIES          how many answers of a kind; default 512
    REPORTING_HOT_CACHE_BYTES            how many bytes of a kind; default 67108864
    REPORTING_HOT_CACHE_FILE_BYTES       files above are not kept in memory; default 8388608

OTEL_TRACES_EXPORTER says whether spans are exported (`telemetry.span_export`).

What belongs here: names, types, defaults. What does not: starting or connecting to anything. Only
entry points (`cli`, `definitions`) call `Settings.from_environment`; the rest is handed its values.
"""

import os
from collections.abc import Mapping
from datetime import date, time
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from pydantic import AfterValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from reporting_pipeline.errors import SettingsError

_DAGSTER_SCHEMA = "dagster"


def _known_zone(name: str) -> str:
    if name not in available_timezones():
        message = f"{name!r} is no IANA time zone, as Europe/Berlin is"
        raise ValueError(message)
    return name


def _redis_address(address: SecretStr) -> SecretStr:
    try:
        parts = urlsplit(address.get_secret_value())
        is_known = parts.scheme in {"redis", "rediss", "unix"} and parts.port != 0
    except ValueError:  # a port that is no number
        is_known = False
    if not is_known:
        message = "it is no address of Redis, as redis://:password@host:6379/0 is"
        raise ValueError(message)
    return address


class Settings(BaseSettings):
    """Every setting, validated once; an address that nobody has set is None."""

    model_config = SettingsConfigDict(env_prefix="REPORTING_", frozen=True, extra="ignore")

    home: Path = Path(".reporting")
    pg_bindir: Path | None = None
    database_url: SecretStr | None = None
    dagster_url: SecretStr | None = None
    redis_url: Annotated[SecretStr, AfterValidator(_redis_address)] | None = None
    store_url: str | None = None
    source_ticketing_url: SecretStr | None = None
    source_seating_url: SecretStr | None = None
    source_scanning_url: SecretStr | None = None
    source_ledger_url: SecretStr | None = None
    source_ticketing_admin_url: SecretStr | None = None
    source_seating_admin_url: SecretStr | None = None
    source_scanning_admin_url: SecretStr | None = None
    source_ledger_admin_url: SecretStr | None = None
    first_day: date = date(2025, 1, 1)
    landing_overlap_seconds: Annotated[int, Field(ge=900)] = 900
    source_timeout_seconds: Annotated[int, Field(ge=1)] = 600
    final_delay_seconds: Annotated[int, Field(ge=0)] = 7200
    landing_interval_minutes: Annotated[int, Field(ge=1, le=60)] = 10
    nightly_at: time = time(2, 15)
    schedule_zone: Annotated[str, AfterValidator(_known_zone)] = "UTC"
    rebuild_horizon_days: Annotated[int, Field(ge=1)] = 400
    report_horizon_days: Annotated[int, Field(ge=1)] = 45
    daily_deadline_hours: Annotated[int, Field(ge=1)] = 12
    weekly_deadline_hours: Annotated[int, Field(ge=1)] = 24
    monthly_deadline_hours: Annotated[int, Field(ge=1)] = 48
    event_deadline_hours: Annotated[int, Field(ge=1)] = 24
    request_heartbeat_seconds: Annotated[int, Field(ge=1)] = 10
    request_stale_seconds: Annotated[int, Field(ge=3)] = 30
    alert_channels: SecretStr | None = None
    alert_signing_secret: SecretStr | None = None
    source_stale_seconds: Annotated[int, Field(ge=60)] = 7200
    compute_logs_url: str | None = None
    leftover_grace_seconds: Annotated[int, Field(ge=7200)] = 86400
    retention_financial_years: Annotated[int, Field(ge=1)] = 10
    retention_sales_years: Annotated[int, Field(ge=1)] = 5
    retention_operational_years: Annotated[int, Field(ge=1)] = 2
    retention_alert_days: Annotated[int, Field(ge=1)] = 400
    retention_deletes: bool = False
    metrics_port: Annotated[int, Field(ge=0, le=65535)] = 9464
    log_format: Literal["text", "json"] = "text"
    hot_cache_ttl_seconds: Annotated[int, Field(ge=600, le=1800)] = 900
    hot_cache_entries: Annotated[int, Field(ge=1)] = 512
    hot_cache_bytes: Annotated[int, Field(ge=1)] = 64 * 1024 * 1024
    hot_cache_file_bytes: Annotated[int, Field(ge=1)] = 8 * 1024 * 1024

    @classmethod
    def from_environment(cls) -> "Settings":
        """Read the environment.

        Raises:
            SettingsError: A value is malformed; the message lists every one.
        """
        try:
            return cls()
        except ValidationError as error:
            problems = "; ".join(
                f"REPORTING_{'_'.join(map(str, each['loc'])).upper()}: {each['msg']}"
                for each in error.errors(include_input=False)
            )
            message = f"settings are malformed: {problems}"
            raise SettingsError(message) from None

    def warehouse_url(self) -> URL:
        """The warehouse's address, driver psycopg 3."""
        return _database_url("REPORTING_DATABASE_URL", self.database_url, "psycopg")

    def dagster_storage_url(self) -> URL:
        """The address of Dagster's storage, driver psycopg 2: psycopg 3 breaks it."""
        if self.dagster_url is not None:
            return _database_url("REPORTING_DAGSTER_URL", self.dagster_url, "psycopg2")
        url = _database_url("REPORTING_DATABASE_URL", self.database_url, "psycopg2")
        return url.update_query_dict({"options": f"-csearch_path={_DAGSTER_SCHEMA}"})

    def source_url(self, domain: str) -> URL:
        """The address of one source domain, for reading."""
        name = f"source_{domain}_url"
        return _database_url(f"REPORTING_{name.upper()}", getattr(self, name), "psycopg")

    def source_admin_url(self, domain: str) -> URL:
        """The address of one source domain with the rights to create and fill it."""
        name = f"source_{domain}_admin_url"
        if getattr(self, name) is None:
            return self.source_url(domain)
        return _database_url(f"REPORTING_{name.upper()}", getattr(self, name), "psycopg")

    def redis_address(self) -> str | None:
        """The address of Redis with its password; None where there is none."""
        return None if self.redis_url is None else self.redis_url.get_secret_value()

    def alert_channel_urls(self) -> str | None:
        """The URLs of the alerts' channels, which may hold secrets."""
        return None if self.alert_channels is None else self.alert_channels.get_secret_value()

    def alert_secret(self) -> str | None:
        """What webhooks are signed with."""
        secret = self.alert_signing_secret
        return None if secret is None else secret.get_secret_value()

    def store_address(self) -> str:
        """The address of the store that files go to.

        Raises:
            SettingsError: It is not set.
        """
        if self.store_url is None:
            raise SettingsError(_missing("REPORTING_STORE_URL"))
        return self.store_url


def traces_exporter() -> str | None:
    """What exports the spans of this process, as OpenTelemetry's own variable says."""
    return os.environ.get("OTEL_TRACES_EXPORTER")


def child_environment(addresses: Mapping[str, str]) -> dict[str, str]:
    """This process's environment with `addresses` on top, for a child process."""
    return {**os.environ, **addresses}


def set_environment(addresses: Mapping[str, str]) -> None:
    """Set `addresses` for this process and what it starts: Dagster and dbt read them from there."""
    os.environ.update(addresses)


def _database_url(name: str, value: SecretStr | None, driver: str) -> URL:
    if value is None:
        raise SettingsError(_missing(name))
    try:
        url = make_url(value.get_secret_value())
    except ArgumentError:
        url = None
    if url is None or url.get_backend_name() not in {"postgresql", "postgres"}:
        message = f"{name} is not the address of a PostgreSQL database: expected postgresql://user:password@host:port/name"
        raise SettingsError(message)
    return url.set(drivername=f"postgresql+{driver}")


def _missing(name: str) -> str:
    return f"{name} is not set: set it, or run inside `reporting exec -- ...`"
