"""An address is read once, as libpq reads it; every library gets the same parameters from it."""

import string

import psycopg2.extensions  # type: ignore[import-untyped]
import pytest
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import make_url

from reporting_pipeline.addresses import (
    address_text,
    connection_parameters,
    database_name,
    place,
    postgres_url,
    with_options,
)
from reporting_pipeline.errors import SettingsError
from reporting_pipeline_tests.printable_password import ESCAPED, PRINTABLE

DEFAULTS = {"connect_timeout": "10"}

CASES = {
    "postgresql://u:p@h:1/d": {
        "user": "u",
        "password": "p",
        "host": "h",
        "port": "1",
        "dbname": "d",
    },
    "postgres://h/d": {"host": "h", "dbname": "d"},
    "postgresql+psycopg2://u@[::1]:5/d": {"user": "u", "host": "::1", "port": "5", "dbname": "d"},
    f"postgresql://u:{ESCAPED}@h/d": {
        "user": "u",
        "password": PRINTABLE,
        "host": "h",
        "dbname": "d",
    },
    "postgresql://u:p+q@/d?host=/run/postgresql": {
        "user": "u",
        "password": "p+q",
        "host": "/run/postgresql",
        "dbname": "d",
    },
    "postgresql://%2Frun%2Fpostgresql/d": {"host": "/run/postgresql", "dbname": "d"},
    "postgresql://u@one:1,two:2/d?target_session_attrs=read-write&load_balance_hosts=random": {
        "user": "u",
        "host": "one,two",
        "port": "1,2",
        "dbname": "d",
        "target_session_attrs": "read-write",
        "load_balance_hosts": "random",
    },
    "postgresql://u@h/d?sslmode=verify-full&sslrootcert=/a%20b/root.crt&application_name=a@b": {
        "user": "u",
        "host": "h",
        "dbname": "d",
        "sslmode": "verify-full",
        "sslrootcert": "/a b/root.crt",
        "application_name": "a@b",
    },
    "postgresql://h/d?options=-c%20lock_timeout=5s&connect_timeout=3": {
        "host": "h",
        "dbname": "d",
        "options": "-c lock_timeout=5s",
        "connect_timeout": "3",
    },
    "postgresql://u@h/a%20b%2Fc": {"user": "u", "host": "h", "dbname": "a b/c"},
    "postgresql://h/d?user=u&password=p%20q": {
        "user": "u",
        "password": "p q",
        "host": "h",
        "dbname": "d",
    },
}


@pytest.mark.parametrize(("text", "expected"), CASES.items())
def test_every_parameter_is_carried(text: str, expected: dict[str, str]) -> None:
    assert connection_parameters(postgres_url("X", text, "psycopg")) == DEFAULTS | expected


@pytest.mark.parametrize("text", CASES)
def test_libpq_and_sqlalchemy_read_the_same_in_the_text(text: str) -> None:
    url = postgres_url("X", text, "psycopg2")
    written = address_text(url)

    assert postgres_url("X", written, "psycopg2") == url
    of_sqlalchemy = make_url(written)
    _, parameters = of_sqlalchemy.get_dialect()().create_connect_args(of_sqlalchemy)
    found = {name: str(value) for name, value in parameters.items()}
    assert DEFAULTS | found == connection_parameters(url)
    as_libpq = address_text(url.set(drivername="postgresql"))
    assert DEFAULTS | conninfo_to_dict(as_libpq) == connection_parameters(url)
    assert DEFAULTS | psycopg2.extensions.parse_dsn(as_libpq) == connection_parameters(url)


@pytest.mark.parametrize("character", string.printable[:94])
@pytest.mark.parametrize("pattern", ["a{}b", "{}x{}", "1{}2", "{}/s@{}"])
def test_a_password_may_be_written_without_escapes(pattern: str, character: str) -> None:
    password = pattern.format(character, character)
    url = postgres_url("X", f"postgresql://u:{password}@h:5/d?sslmode=require", "psycopg")

    assert connection_parameters(url) == {
        **DEFAULTS,
        "user": "u",
        "password": password,
        "host": "h",
        "port": "5",
        "dbname": "d",
        "sslmode": "require",
    }


@pytest.mark.parametrize(
    "text",
    [
        "",
        "mysql://u:s3cret@h/d",
        "u:s3cret@h/d",
        "postgresql://u:s3cret@h:port/d",
        "postgresql://u:s3cret%00@h/d",
        "postgresql://u:s3cret@h/d?s3cret",
        "host=h password=s3cret",
    ],
)
def test_an_error_shows_no_part_of_the_address(text: str) -> None:
    with pytest.raises(SettingsError, match="X is not the address of a PostgreSQL") as caught:
        postgres_url("X", text, "psycopg")
    assert "s3cret" not in caught.value.message
    assert caught.value.__cause__ is None


def test_an_unknown_parameter_is_named_with_the_nearest_one() -> None:
    with pytest.raises(SettingsError, match="no parameter ssl_mode; the nearest is sslmode"):
        postgres_url("X", "postgresql://u:p@h/d?ssl_mode=require", "psycopg")


def test_the_options_of_the_address_come_before_those_of_the_session() -> None:
    url = postgres_url("X", "postgresql://h/d?options=-c%20a=b", "psycopg")

    assert connection_parameters(url, options="-c c=d")["options"] == "-c a=b -c c=d"
    assert with_options(url, "-c c=d").query["options"] == "-c a=b -c c=d"


def test_the_address_is_stronger_than_the_defaults_of_the_program() -> None:
    url = postgres_url("X", "postgresql://h/d?application_name=mine", "psycopg")
    found = connection_parameters(url, application_name="ours", keepalives_idle=30)

    assert (found["application_name"], found["keepalives_idle"]) == ("mine", "30")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql://u:p@h/d", "h:5432/d"),
        ("postgresql://u:p@one:1,two:2/d", "one:1,two:2/d"),
        ("postgresql://u:p@one,two:2/", "one:5432,two:2/u"),
        ("postgresql:///d", "the local socket:5432/d"),
    ],
)
def test_a_place_has_hosts_and_database_and_no_role(text: str, shown: str) -> None:
    url = postgres_url("X", text, "psycopg")

    assert place(url) == shown
    assert database_name(url) == shown.rpartition("/")[2]
