"""Addresses of PostgreSQL: one place reads them, and builds the parameters of every connection.

psycopg, psycopg2 (Dagster's storage) and dbt read the same address in different ways: a blank in a
password, several hosts and most parameters after the `?` got lost on the way to one of them. So the
parser of libpq reads an address here, and each library receives libpq's own parameters.

What belongs here: addresses as text, as a URL and as parameters. What does not: connections.
"""

import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any
from urllib.parse import parse_qsl, quote

import psycopg
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import URL

from reporting_pipeline.errors import SettingsError

CONNECT_TIMEOUT_SECONDS = 10

READER = "reporting_reader"
"""The role as which the rows of one organisation are read (`warehouse.tenancy`)."""

# A role or a database can have other settings, which would change how values are read, which
# functions a name means, or which rows a statement sees after it has waited for a lock.
_FOR_EVERY_SESSION = " ".join(
    f"-c {setting}"
    for setting in (
        *("datestyle=ISO,YMD", "timezone=UTC", "intervalstyle=postgres", "bytea_output=hex"),
        *("extra_float_digits=1", "standard_conforming_strings=on", "search_path=public"),
        r"default_transaction_isolation=read\ committed",
    )
)

_SCHEME = re.compile(r"postgres(?:ql)?(?:\+\w+)?://")
_EXPECTED = "postgresql://user:password@host:port/name"
# A percent sign that begins no escape, and every character that a URL has to escape.
_TO_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})|[^A-Za-z0-9\-._~%]")
_ROLE_AND_PLACE = re.compile(
    r"(?P<user>[^:@/?]*)(?::(?P<password>.*))?@(?P<place>[^@/?]*(?:/[^@]*)?(?:\?.*)?)", re.DOTALL
)
_PORT = re.compile(r"[0-9]{1,5}", re.ASCII)
_MAX_PORT = 65_535
_IN_AUTHORITY = ("user", "password", "host", "port", "dbname")


def postgres_url(name: str, text: str, driver: str) -> URL:
    """An address as a URL of SQLAlchemy, with every parameter.

    Characters of the password that a URL has to escape may also be written as they are.

    Args:
        name: The variable that has the address, for the error.
        text: The address: postgresql://user:password@host:port/name?parameter=value.
        driver: `psycopg` or `psycopg2`.

    Raises:
        SettingsError: It is not an address of PostgreSQL. The message shows no part of it but the
            name of an unknown parameter, because any other part can be one of the password.
    """
    scheme = _SCHEME.match(text)
    rest = text[scheme.end() :] if scheme else None
    parameters = None if rest is None else _read(rest) or _read(_escaped(rest))
    if parameters is None:
        unknown = _unknown_parameter(rest or "")
        reason = f"; PostgreSQL has no parameter {unknown}" if unknown else ""
        message = (
            f"{name} is not the address of a PostgreSQL database: expected {_EXPECTED}{reason}"
        )
        raise SettingsError(message)
    return _url(parameters, driver)


def connection_parameters(url: URL, *, options: str = "", **defaults: object) -> dict[str, Any]:
    """The parameters of libpq for a connection, for psycopg, psycopg2 and dbt alike.

    Args:
        url: The address. What it says is never replaced.
        options: Options for the session, added to those of the address.
        defaults: Parameters for which the address has no value.
    """
    parts = {
        "user": url.username,
        "password": url.password,
        "host": url.host,
        "port": url.port,
        "dbname": url.database,
    }
    found = {name: str(value) for name, value in parts.items() if value is not None}
    found |= {name: _last(value) for name, value in url.query.items()}
    known = {"connect_timeout": CONNECT_TIMEOUT_SECONDS, **defaults}
    found = {name: str(value) for name, value in known.items()} | found
    joined = f"{found.pop('options', '')} {options}".strip()
    return found | ({"options": joined} if joined else {})


def session_parameters(url: URL, *, options: str = "", **defaults: object) -> dict[str, Any]:
    """The parameters for a session whose settings are known, whatever those of its role are.

    Takes what `connection_parameters` takes.
    """
    found = connection_parameters(url, options=options, client_encoding="UTF8", **defaults)
    return found | {"options": f"{_FOR_EVERY_SESSION} {found.get('options', '')}".strip()}


def with_options(url: URL, options: str) -> URL:
    """The address with further options for the session."""
    found = _last(url.query.get("options", ""))
    return url.update_query_dict({"options": f"{found} {options}".strip()})


def address_text(url: URL) -> str:
    """The address as text, with its password: libpq and SQLAlchemy read the same in it."""
    role = "" if url.username is None else quote(url.username, safe="")
    if url.password is not None:
        role += f":{quote(str(url.password), safe='')}"
    host = f"[{url.host}]" if url.host and ":" in url.host else url.host or ""
    port = "" if url.port is None else f":{url.port}"
    query = {name: _last(value) for name, value in url.query.items()}
    database = url.database or ""
    if quote(database, safe="") != database:
        # SQLAlchemy does not decode this part.
        query, database = {"dbname": database, **query}, ""
    at = "@" if role else ""
    parameters = "&".join(f"{name}={quote(value, safe='')}" for name, value in query.items())
    return f"{url.drivername}://{role}{at}{host}{port}/{database}{'?' if query else ''}{parameters}"


def place(url: URL) -> str:
    """Hosts, ports and database, for people; never the role or the password."""
    parameters = connection_parameters(url)
    hosts = parameters.get("host", parameters.get("hostaddr", "the local socket")).split(",")
    ports = parameters.get("port", "").split(",")
    if len(ports) != len(hosts):
        ports = ports[:1] * len(hosts)
    pairs = [f"{host}:{port or 5432}" for host, port in zip(hosts, ports, strict=True)]
    return f"{','.join(pairs)}/{database_name(url)}"


def database_name(url: URL) -> str:
    """The name of the database; without one in the address, libpq takes that of the role."""
    parameters = connection_parameters(url)
    return str(parameters.get("dbname") or parameters.get("user", ""))


def _url(parameters: Mapping[str, str], driver: str) -> URL:
    """The parameters as a URL; hosts that SQLAlchemy cannot split are parameters of it."""
    query = {name: value for name, value in parameters.items() if name not in _IN_AUTHORITY}
    host, port = parameters.get("host"), parameters.get("port")
    is_one = "," not in f"{host}{port}" and not (host or "").startswith("/")
    if not is_one:
        query |= {name: value for name, value in (("host", host), ("port", port)) if value}
    return URL.create(
        f"postgresql+{driver}",
        username=parameters.get("user"),
        password=parameters.get("password"),
        host=host if is_one else None,
        port=int(port) if is_one and port else None,
        database=parameters.get("dbname"),
        query=query,
    )


def _read(rest: str) -> dict[str, str] | None:
    """The parameters that libpq reads; None if it fails, or reads a part of a password wrongly.

    `user:pa/ss@host/name` is the host `user` with the port `pa` to libpq.
    """
    try:
        found = conninfo_to_dict(f"postgresql://{rest}")
    except psycopg.Error:  # its message shows a part of the address
        return None
    parameters = {name: str(value) for name, value in found.items()}
    in_path = rest.partition("?")[0].partition("/")[2]
    is_sound = (
        "@" not in parameters.get("host", "")
        and "@" not in in_path
        and all(map(_is_port, parameters.get("port", "").split(",")))
    )
    return parameters if is_sound else None


def _is_port(text: str) -> bool:
    """True for a port, and for none."""
    return not text or (_PORT.fullmatch(text) is not None and 1 <= int(text) <= _MAX_PORT)


def _escaped(rest: str) -> str:
    """The same with escaped values: the password, which ends at the last @, and the parameters."""
    role, place_ = "", rest
    found = _ROLE_AND_PLACE.fullmatch(rest)
    if found is not None and found["password"] is not None:
        role, place_ = f"{found['user']}:{_quoted(found['password'])}@", found["place"]
    path, mark, query = place_.partition("?")
    pairs = [each.partition("=") for each in query.split("&")]
    values = "&".join(f"{name}{equals}{_quoted(value)}" for name, equals, value in pairs)
    return f"{role}{path}{mark}{values}"


def _quoted(value: str) -> str:
    return _TO_ESCAPE.sub(lambda each: quote(each[0], safe=""), value)


def _unknown_parameter(rest: str) -> str | None:
    """A parameter that libpq does not know, and the nearest that it knows."""
    known = [each.keyword.decode() for each in psycopg.pq.Conninfo.get_defaults()]
    query = rest.rpartition("@")[2].partition("?")[2]
    for key, _ in parse_qsl(query, keep_blank_values=True):
        if key not in known and re.fullmatch("[a-z_]{1,40}", key):
            near = get_close_matches(key, known, n=1)
            return f"{key}; the nearest is {near[0]}" if near else key
    return None


def _last(value: str | tuple[str, ...]) -> str:
    return value if isinstance(value, str) else value[-1]
