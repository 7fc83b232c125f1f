"""`reporting doctor` connects to every address; a wrong one is the only line that fails."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import URL

from reporting_pipeline.addresses import address_text
from reporting_pipeline.cli import main
from reporting_pipeline.settings import set_environment
from reporting_pipeline.sources.dump import load_dump
from reporting_pipeline.store import open_store
from reporting_pipeline.warehouse.engine import conninfo

_NOWHERE = "postgresql://nobody:s3cret@127.0.0.1:1/none"
_SECRET = "s3cret"  # noqa: S105 - of nobody
_DOMAINS = ("ticketing", "seating", "scanning", "ledger")
WRONG = {
    "a warehouse that is down": ("warehouse", "REPORTING_DATABASE_URL", _NOWHERE),
    "a warehouse that is no address": ("warehouse", "REPORTING_DATABASE_URL", "host=s3cret"),
    "a warehouse that only reads": ("warehouse", "REPORTING_DATABASE_URL", "{read_only}"),
    "a storage that is down": ("Dagster", "REPORTING_DAGSTER_URL", _NOWHERE),
    "a storage without its schema": ("Dagster", "REPORTING_DAGSTER_URL", "{no_schema}"),
    "a Redis that is down": ("Redis", "REPORTING_REDIS_URL", "redis://:s3cret@127.0.0.1:1/0"),
    "a Redis with another password": ("Redis", "REPORTING_REDIS_URL", "{redis}"),
    "a queue of steps that is down": (
        "step",
        "REPORTING_CELERY_URL",
        "redis://:s3cret@127.0.0.1:1/1",
    ),
    "a queue of steps in the database of Redis": (
        "step",
        "REPORTING_CELERY_URL",
        "{redis_itself}",
    ),
    "a bucket that is not there": ("store", "REPORTING_STORE_URL", "s3://none-of-ours/s3cret"),
    "a folder below a file": ("store", "REPORTING_STORE_URL", "{file}/store"),
    "another scheme": ("store", "REPORTING_STORE_URL", "ftp://s3cret@host/x"),
    "a bucket of logs that is not there": (
        "step logs",
        "REPORTING_COMPUTE_LOGS_URL",
        "s3://none-of-ours/logs",
    ),
    **{
        f"a {domain} that is down": (domain, f"REPORTING_SOURCE_{domain.upper()}_URL", _NOWHERE)
        for domain in _DOMAINS
    },
    **{
        f"a {domain} that is another database": (
            domain,
            f"REPORTING_SOURCE_{domain.upper()}_URL",
            "{warehouse}",
        )
        for domain in _DOMAINS
    },
    **{
        f"an owner of {domain} without rights": (
            domain,
            f"REPORTING_SOURCE_{domain.upper()}_ADMIN_URL",
            "{another_password}",
        )
        for domain in _DOMAINS
    },
}


@pytest.fixture
def filled_sources(source_urls: Mapping[str, URL], season_dump: Path) -> Mapping[str, URL]:
    """The sources with every table of the contract."""
    load_dump(season_dump, source_urls)
    return source_urls


@pytest.fixture
def addresses(
    warehouse_url: URL,
    empty_database_url: URL,
    filled_sources: Mapping[str, URL],
    redis_url: str,
    moto_address: str,
) -> dict[str, str]:
    """Every address, all of them right."""
    sources = {
        f"REPORTING_SOURCE_{domain.upper()}{kind}_URL": conninfo(url)
        for domain, url in filled_sources.items()
        for kind in ("", "_ADMIN")
    }
    return {
        "REPORTING_DATABASE_URL": conninfo(warehouse_url),
        "REPORTING_DAGSTER_URL": conninfo(empty_database_url),
        "REPORTING_REDIS_URL": redis_url,
        "REPORTING_CELERY_URL": f"{redis_url.rpartition('/')[0]}/1",
        "REPORTING_STORE_URL": moto_address,
        "REPORTING_COMPUTE_LOGS_URL": f"{moto_address}/logs",
        **sources,
    }


def _missing(variables: Mapping[str, str]) -> tuple[int, list[str], str]:
    """The exit code, the things that the doctor calls missing, and all of its output."""
    set_environment(variables)
    done = CliRunner().invoke(main, ["doctor"])
    lines = done.output.splitlines()
    return done.exit_code, [line.split()[1] for line in lines if "MISSING" in line], done.output


def test_every_address_has_a_line_and_nothing_is_left_in_the_store(
    addresses: dict[str, str], moto_address: str
) -> None:
    code, missing, output = _missing(addresses)

    assert (code, missing) == (0, []), output
    things = [line[9:].split("  ")[0].strip() for line in output.splitlines() if line[:2] == "ok"]
    assert things[1:11] == [
        *("warehouse", "Dagster", *_DOMAINS, "Redis", "step queue", "store", "step logs"),
    ]
    assert list(open_store(moto_address).list_keys()) == []


def test_exactly_the_wrong_address_fails(
    addresses: dict[str, str], warehouse_url: URL, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    read_only = warehouse_url.update_query_dict({"options": "-c default_transaction_read_only=on"})
    no_schema = warehouse_url.update_query_dict({"options": "-c search_path=none"})
    places = {
        "warehouse": conninfo(warehouse_url),
        "read_only": conninfo(read_only),
        "no_schema": address_text(no_schema.set(drivername="postgresql")),
        "another_password": conninfo(warehouse_url.set(password=_SECRET)),
        "redis_itself": addresses["REPORTING_REDIS_URL"],
        "redis": addresses["REPORTING_REDIS_URL"].replace("redis://:", "redis://:s3cret"),
        "file": str(tmp_path / "file"),
    }
    for case, (thing, name, value) in WRONG.items():
        code, missing, output = _missing({**addresses, name: value.format(**places)})

        assert (case, code, missing) == (case, 1, [thing.split()[0]]), output
        assert "s3cret" not in output.replace("none-of-ours/s3cret", "")


def test_a_store_that_does_not_exist_yet_is_not_created(
    addresses: dict[str, str], tmp_path: Path
) -> None:
    code, missing, output = _missing({**addresses, "REPORTING_STORE_URL": str(tmp_path / "new")})

    assert (code, missing) == (0, [])
    assert "not created yet" in output
    assert not (tmp_path / "new").exists()


def test_an_address_of_a_source_that_is_not_set_is_named(
    warehouse_url: URL, tmp_path: Path
) -> None:
    variables = {
        "REPORTING_HOME": str(tmp_path),
        "REPORTING_DATABASE_URL": conninfo(warehouse_url),
    }
    code, missing, output = _missing(variables)

    assert (code, missing) == (0, [])
    assert "to fix it: set REPORTING_SOURCE_LEDGER_URL" in output
