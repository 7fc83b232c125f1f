"""Connects to each address that is set, for `reporting doctor`, and says what is wrong."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit
from uuid import uuid4

import psycopg
from sqlalchemy import URL

from reporting_pipeline.addresses import connection_parameters, place
from reporting_pipeline.catalogue.notices import answering_redis
from reporting_pipeline.errors import EnvironmentNotReady, ReportingError
from reporting_pipeline.settings import SOURCE_DOMAINS, Settings
from reporting_pipeline.sources.inspect import Inspection, inspect_source
from reporting_pipeline.store import open_store
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline.warehouse.replica_state import replica_state
from reporting_pipeline.warehouse.roles import require_roles

_SOURCE_TIMEOUT_SECONDS = 10
_PROBE = b"written by reporting doctor"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """The state of one thing that commands need; `remedy` says how to install or change it."""

    thing: str
    found: str
    is_ok: bool = True
    is_required: bool = True
    remedy: str | None = None

    @property
    def verdict(self) -> str:
        """The first word of its line."""
        if self.is_ok:
            return "ok"
        return "MISSING" if self.is_required else "optional"


def attempt(thing: str, look: Callable[[], str], remedy: str | None = None) -> Finding:
    """The result of `look`; the message of an expected error says how to fix it."""
    try:
        return Finding(thing=thing, found=look())
    except ReportingError as error:
        found = " ".join(error.message.split())
        return Finding(thing=thing, found=found, is_ok=False, remedy=remedy)


def touch_addresses(settings: Settings) -> Iterator[Finding]:
    """The state of each address that is set; the probe that is written to the store is deleted."""
    if settings.database_url is not None:
        yield attempt("warehouse", lambda: _warehouse(settings.warehouse_url()))
        if settings.read_url is not None:
            yield attempt("replica", lambda: _replica(settings), "correct REPORTING_READ_URL")
    if settings.dagster_url is not None:
        yield attempt("Dagster", lambda: _dagster(settings.dagster_storage_url()))
    yield from _sources(settings)
    if settings.redis_url is not None:
        yield attempt(
            "Redis",
            lambda: answering_redis(settings.redis_address() or ""),
            "correct REPORTING_REDIS_URL, or start the server",
        )
    if settings.celery_url is not None:
        yield attempt(
            "step queue",
            lambda: answering_redis(settings.celery_address()),
            "correct REPORTING_CELERY_URL, or start the server",
        )
    for thing, address, name in (
        ("store", settings.store_url, "REPORTING_STORE_URL"),
        ("step logs", settings.compute_logs_url, "REPORTING_COMPUTE_LOGS_URL"),
    ):
        if address is not None:
            look = _probe(address, is_folder_allowed=thing == "store")
            yield attempt(thing, look, f"correct {name}, or the rights and credentials there")


def _sources(settings: Settings) -> Iterator[Finding]:
    for domain in SOURCE_DOMAINS:
        if getattr(settings, f"source_{domain}_url") is not None:
            yield _source(settings, domain)
        elif settings.database_url is not None:
            yield Finding(
                thing=domain,
                found="not set, so nothing can be landed",
                is_ok=False,
                is_required=False,
                remedy=f"set REPORTING_SOURCE_{domain.upper()}_URL",
            )


def _warehouse(url: URL) -> str:
    with warehouse_connection(url) as connection:
        major = connection.info.server_version // 10_000
        is_read_only = connection.execute("show transaction_read_only").fetchone() == ("on",)
        if is_read_only:
            message = (
                f"the warehouse at {place(url)} only reads, as a standby does: name the primary"
            )
            raise EnvironmentNotReady(message)
        require_roles(connection)
    return f"PostgreSQL {major} answers"


def _replica(settings: Settings) -> str:
    replica = settings.read_replica_url()
    if replica is None:
        return "none"
    state = replica_state(settings.warehouse_url(), replica)
    if state.unfit_because is not None:
        message = (
            f"the replica at {place(replica)} {state.unfit_because}; until that is mended, reports "
            "are read from the primary"
        )
        raise EnvironmentNotReady(message)
    return f"{state.version} answers, {state.lag}"


def _dagster(url: URL) -> str:
    try:
        with psycopg.connect(**connection_parameters(url)) as connection:
            [(schema,)] = connection.execute("select current_schema()").fetchall()
    except psycopg.Error as error:
        message = (
            f"Dagster's storage at {place(url)} cannot be reached: {error}; check "
            "REPORTING_DAGSTER_URL, and that the server runs"
        )
        raise EnvironmentNotReady(message) from error
    if schema is None:
        message = (
            f"the schema that the options of REPORTING_DAGSTER_URL name is not in {place(url)}: "
            "create it"
        )
        raise EnvironmentNotReady(message)
    return f"its storage answers, schema {schema}"


def _source(settings: Settings, domain: str) -> Finding:
    """The reader's address, and that of the owner if it is set."""

    def look() -> str:
        found = _inspected(settings.source_url(domain), domain)
        if getattr(settings, f"source_{domain}_admin_url") is not None:
            _inspected(settings.source_admin_url(domain), domain)
        problems = [str(each) for each in found.problems if not each.is_warning]
        if problems:
            message = f"{problems[0]}; {len(problems)} differences from the contract"
            raise EnvironmentNotReady(message)
        return "answers, with every table of the contract"

    name = f"REPORTING_SOURCE_{domain.upper()}_URL"
    return attempt(domain, look, f"correct {name}; `reporting sources check` has the details")


def _inspected(url: URL, domain: str) -> Inspection:
    return inspect_source(url, domain, timeout_seconds=_SOURCE_TIMEOUT_SECONDS)


def _probe(address: str, *, is_folder_allowed: bool) -> Callable[[], str]:
    def look() -> str:
        if not is_folder_allowed and not address.startswith("s3://"):
            message = "it is no address of a bucket: expected s3://bucket/prefix"
            raise EnvironmentNotReady(message)
        folder = _folder(address)
        if folder is not None and not folder.exists():
            return _creatable(folder)
        store, key = open_store(address), f"doctor/probe-{uuid4().hex}"
        store.put(key, [_PROBE])
        try:
            content = b"".join(store.get(key))
        finally:
            store.delete(key)
        if content != _PROBE:
            raise EnvironmentNotReady(f"{store.address} returned other bytes than were written")
        return f"{store.address}: an object was written, read and deleted"

    return look


def _folder(address: str) -> Path | None:
    """The folder of a store; None if it is a bucket or malformed, which opening it says."""
    if address.startswith("file://"):
        return Path(unquote(urlsplit(address).path))
    return None if "://" in address or not address or "\0" in address else Path(address)


def _creatable(folder: Path) -> str:
    """A folder that the first command creates."""
    above = nearest(folder.absolute())
    if not above.is_dir() or not os.access(above, os.W_OK | os.X_OK):
        raise EnvironmentNotReady(f"the folder {folder} cannot be created in {above}")
    return f"{folder}, not created yet"


def nearest(folder: Path) -> Path:
    """The folder, or the nearest folder above it that exists."""
    return next(each for each in (folder, *folder.parents) if each.exists())
